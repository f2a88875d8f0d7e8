"""docs/add-a-source.md does what it says: its own files, put into a copy of the project, load a source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "add-a-source.md"
FILE = re.compile(r"^`(?P<path>[\w/.]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PARTS = ("ingestion", "pipeline", "warehouse", "sandbox", "scoring", "models", "macros", "seeds", "tests")


def replaced(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text, f"{path.name} has no {before!r} any more: mend the page"
    path.write_text(text.replace(before, after, 1))


def test_a_source_added_by_the_page_is_loaded(tmp_path: Path) -> None:
    copy = tmp_path / "winnow"
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for name in ("pyproject.toml", "dbt_project.yml", "cli.py"):
        shutil.copy(ROOT / name, copy)
    files = {match["path"]: match["text"] for match in FILE.finditer(PAGE.read_text())}
    assert len(files) == 5
    for name, text in files.items():
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    replaced(copy / "ingestion/registry.py", "PROVIDERS = (\n", 'PROVIDERS = (\n    "courier",\n')
    server = copy / "sandbox/server.py"
    replaced(server, "from sandbox.faults", "from sandbox.courier import Courier\nfrom sandbox.faults")
    (entry,) = re.findall(r'^`("courier": .+)`$', PAGE.read_text(), re.MULTILINE)
    replaced(server, '    "apollo": (', f'    {entry}\n    "apollo": (')
    replaced(
        copy / "models/intermediate/entities/int_mailboxes.sql",
        "union_staging('mailboxes', [",
        "union_staging('mailboxes', ['courier', ",
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/ingestion/test_courier.py",
    ]
    done = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "own")],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
