"""dbt reads the project once a test run, instead of once a warehouse and process: it takes ten seconds.

What was read lies in a folder that all processes of the run share (`PARSED_PROJECTS` names it), so that the
other worker of pytest-xdist, and nights that a test runs in a process of their own, find it there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.dbt import PROJECT_DIR, Project

FOLDER = "PARSED_PROJECTS"


@contextmanager
def parsed_once(folder: Path) -> Iterator[None]:
    """Let every project start from the same parse, where all but the database and the keys' salt is the same.

    The salt reaches SQL when a model is compiled; nothing that is parsed depends on it.
    """
    from dbt.compilation import Linker

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        patch.setattr(Project, "_parse", _shared(Project._parse))
        # dbt looks for cycles before each command, a second's work; the project has none, or nothing is built
        patch.setattr(Linker, "find_cycles", lambda linker: None)
        yield


def _shared(parse: Any) -> Any:
    kept: dict[str, tuple[str, bytes]] = {}

    def once(project: Project) -> Any:
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumuro_decoder

        settings = project._warehouse.profile.outputs
        database = str(settings.get("dbname", ""))
        kind = _kind(project, len(database))
        if kind not in kept:
            kept[kind] = _read(Path(os.environ[FOLDER]) / kind, project, parse, database)
        known, manifest = kept[kind]
        if known:  # names of equal length, so that they can be exchanged in the bytes
            manifest = manifest.replace(known.encode(), database.encode())
        found = Manifest.from_msgpack(manifest, decoder=extended_mashumuro_decoder)
        found.build_flat_graph()
        return found

    return once


def _read(path: Path, project: Project, parse: Any, database: str) -> tuple[str, bytes]:
    """Return the parse that lies at `path`, made now where it is missing, and the database that it names."""
    from dbt.parser.manifest import extended_mashumaro_encoder

    path.mkdir(parents=True, exist_ok=True)
    manifest, named = path / "manifest", path / "database"
    with (path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not named.exists():
            manifest.write_bytes(parse(project).to_msgpack(extended_mashumaro_encoder))
            named.write_text(database)
        return named.read_text(), manifest.read_bytes()


def _kind(project: Project, database_length: int) -> str:
    """Return what tells one parse from another; a test that changes the project wants it parsed anew."""
    settings = project._warehouse.profile.outputs
    folders = ("models", "macros", "seeds", "tests/dbt")
    paths = [path for folder in folders for path in (PROJECT_DIR / folder).rglob("*") if path.is_file()]
    kind = (
        project._warehouse.name,
        project._warehouse.target,
        str(settings["schema"]),
        str(settings.get("path", "")).rpartition("/")[2],
        database_length,
        project._warehouse.schema_prefix,
        max(path.stat().st_mtime_ns for path in paths),
    )
    return hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:16]
