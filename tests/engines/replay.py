"""One engine's warehouse, used night after night, emptied between sequences; its project is parsed once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from pipeline import identity_hand, publish, verify
from pipeline.compare import Difference
from pipeline.config import load_config
from pipeline.context import Context, Options
from pipeline.dbt import Project
from pipeline.ledger import Ledger
from pipeline.stages import build, learn, load, score
from pipeline.state import open_state
from tests.engines.marts import Marts, snapshot
from warehouse import Warehouse, open_warehouse

KEPT_SCHEMAS = ("main", "public", "information_schema", "pg_catalog", "pg_toast")


class Replay:
    """Runs the stages of nights, without dbt's tests: what is asked here is whether the marts are right."""

    def __init__(self, folder: Path, winnow_yml: str) -> None:
        """folder: holds profiles.yml."""
        self.folder = folder
        self.warehouse: Warehouse = open_warehouse(folder)
        self.configure(winnow_yml)
        self._project = Project(
            self.warehouse, self._config.state_dir, self._config.agency.key_salt, has_checks=False
        )
        self.reset()

    def configure(self, winnow_yml: str) -> None:
        """Write winnow.yml; it counts from the next night on."""
        path = self.folder / "winnow.yml"
        path.write_text(winnow_yml)
        self._config = load_config(path)

    def reset(self) -> None:
        """Empty the warehouse, and forget what was loaded and decided."""
        with self.warehouse.connect() as connection:
            found = connection.rows(
                "select schema_name from information_schema.schemata"
                " where catalog_name = current_database() and schema_name not like 'pg_%'"
            )
            for name in {row["schema_name"] for row in found}.difference(KEPT_SCHEMAS):
                connection.execute(f'drop schema "{name}" cascade')
        shutil.rmtree(self._config.state_dir / "dlt", ignore_errors=True)
        for path in self._config.state_dir.glob("state.sqlite*"):
            path.unlink()

    def decide(self, by_hand: Sequence[tuple[str, ...]]) -> None:
        """Merge and split leads by hand: ("merge", A, B), ("split", A, B) or ("split", A)."""
        for what, left, *right in by_hand:
            if what == "merge":
                identity_hand.merge(self._config, self.warehouse, left, right[0], "")
            else:
                identity_hand.split(self._config, self.warehouse, left, right[0] if right else None, "")

    def night(self, run_at: datetime, files: dict[str, Path] | None = None) -> None:
        """Load folders (account to folder), then build, score, answer and learn. Raises what they raise."""
        engine = open_state(self.warehouse, self._config.state_dir)
        try:
            for account, folder in (files or {}).items():
                options = Options(files_dir=folder, files_account=account)
                load.run(self._context(engine, run_at, options))
            context = self._context(engine, run_at, Options())
            for stage in (build.build, score.run, build.answer, learn.run):
                stage(context)
        finally:
            engine.dispose()

    def publish(self, run_at: datetime) -> Path:
        """Make the last night what readers see, with no gate; return the folder that they read from."""
        engine = open_state(self.warehouse, self._config.state_dir)
        try:
            context = self._context(engine, run_at, Options())
            with self.warehouse.connect() as connection:
                tables = publish.published_tables(self._project, connection)
            publish.publish(context, tables)
        finally:
            engine.dispose()
        return self._config.state_dir

    def differences(self, *, sample: int | None = None) -> tuple[Difference, ...]:
        """Verify: return the rows in which the marts differ from a rebuild."""
        engine = open_state(self.warehouse, self._config.state_dir)
        try:
            context = self._context(engine, datetime.min, Options())
            found = verify.Found()
            verify.check_against_rebuild(context, found, sample=sample)
            return tuple(difference for table in found.tables for difference in table.differences)
        finally:
            engine.dispose()

    def changes(self) -> tuple[str, ...]:
        """Return what the log of merges and splits says, and who said so."""
        with self.warehouse.connect() as connection:
            rows = connection.rows("select kind, decided_by from answers.lead_aliases")
        by = {"model": "model", "keys": "keys"}
        return tuple(sorted(f"{row['kind']} by {by.get(row['decided_by'], 'hand')}" for row in rows))

    def marts(self) -> Marts:
        """Return every mart as plain values."""
        return snapshot(self.warehouse)

    def _context(self, engine: Engine, run_at: datetime, options: Options) -> Context:
        ledger = Ledger(engine, str(uuid.uuid4()))
        context = Context(self._config, self.warehouse, engine, ledger, run_at, options)
        context.__dict__["project"] = self._project
        return context
