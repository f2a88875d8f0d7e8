"""Write `expected/` anew: `python -m tests.golden.record`. Read the difference before it is committed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sandbox.postgres import profile_yaml
from tests.engines.replay import Replay
from tests.golden.tables import EXPECTED, WINNOW_YML, replay, tables


def main() -> None:
    """Replay on DuckDB and write one file a mart."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"path": str(folder / "warehouse.duckdb"), "schema": "main"}
        (folder / "profiles.yml").write_text(profile_yaml("duckdb", settings))
        target = Replay(folder, WINNOW_YML)
        replay(target)
        EXPECTED.mkdir(exist_ok=True)
        for path in EXPECTED.glob("*.csv"):
            path.unlink()
        for file, text in tables(target.warehouse).items():
            (EXPECTED / file).write_text(text)


if __name__ == "__main__":
    main()
