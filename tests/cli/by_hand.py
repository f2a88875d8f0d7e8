"""dbt as an operator calls it: with a profile and without winnow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipeline.dbt import PROJECT_DIR
from sandbox.postgres import profile_yaml
from warehouse import Warehouse, open_warehouse


class ByHand:
    """A copy of a DuckDB warehouse, and dbt against it."""

    def __init__(self, path: Path, folder: Path) -> None:
        """Copy the warehouse file `path` into `folder`, with a profile of its own."""
        self._folder = folder
        shutil.copy(path, folder / path.name)
        settings = {"path": str(folder / path.name), "schema": "main"}
        (folder / "profiles.yml").write_text(profile_yaml("duckdb", settings))

    @property
    def warehouse(self) -> Warehouse:
        """The copy."""
        return open_warehouse(self._folder)

    def dbt(self, *arguments: str) -> tuple[Any, list[str]]:
        """Run `dbt ARGUMENTS`; return what came of it and its warnings and errors."""
        from dbt.cli.main import dbtRunner

        said: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level in ("warn", "error"):
                said.append(event.info.msg)

        folder = str(self._folder)
        quiet = ("--log-level", "none", "--no-version-check", "--no-send-anonymous-usage-stats")
        places = ("--project-dir", str(PROJECT_DIR), "--profiles-dir", folder, "--log-path", folder)
        outcome = dbtRunner(callbacks=[listen]).invoke(
            [*arguments, *quiet, *places, "--target-path", f"{folder}/target"]
        )
        self.warehouse.release()
        return outcome, [line for line in said if line.strip()]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query over the copy."""
        with self.warehouse.connect() as connection:
            return connection.rows(sql)

    def execute(self, sql: str) -> None:
        """Change the copy."""
        with self.warehouse.connect() as connection:
            connection.execute(sql)
