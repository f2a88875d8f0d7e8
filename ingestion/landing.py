"""Landing: dlt's part of a load. Spooled rows become versions in `raw_<source>`, cursors its state.

Every table keeps every version once: dlt's scd2 with our row_key as merge key and our row_hash as version, so
that an unchanged row is not touched and A → B → A ends in A.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ingestion.errors import TransientError
from ingestion.jobs import NO_PATIENCE, Cursor
from ingestion.spool import QUARANTINE, quarantine_schema
from warehouse.patience import Patience, is_transient

if TYPE_CHECKING:
    import dlt

    from ingestion.contracts import Contract
    from ingestion.spool import Spool
    from warehouse import Connection, Warehouse

LOGGER = logging.getLogger("winnow")

FILE_FORMATS: dict[str, Literal["parquet", "csv"]] = {"duckdb": "parquet", "postgres": "csv"}
"""What each engine takes in bulk: dlt's Parquet for PostgreSQL needs a driver of its own, COPY does not."""

DLT_COLUMNS = {
    "_dlt_load_id": "varchar",
    "_dlt_valid_from": "timestamp with time zone",
    "_dlt_valid_to": "timestamp with time zone",
}

SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    "LOAD__WORKERS": "4",
}

DISPOSITION: Any = {"disposition": "merge", "strategy": "scd2", "row_version_column_name": "row_hash"}
MERGE_KEY = "row_key"
"""One column, because dlt compares the columns of a merge key one at a time."""


class Landing:
    """The way of one source into one warehouse."""

    def __init__(
        self, source: str, warehouse: Warehouse, state_dir: Path, patience: Patience | None = None
    ) -> None:
        """Open dlt's pipeline; its working folder is state_dir/dlt/<target> and has to last.

        patience: with a warehouse that restarts. `load_ids` lists what was committed, `retries` counts how
        often something was tried again, `notes` says what a person should know.
        """
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self.load_ids: list[str] = []
        self.retries = 0
        self.notes: list[str] = []
        self._source = source
        self._warehouse = warehouse
        self._folder = state_dir / "dlt" / warehouse.target
        self._patience = patience or NO_PATIENCE
        try:
            self._pipeline = self._open()
        except Exception as error:  # a disk that was full left half a file
            LOGGER.warning("%s: dlt's working folder cannot be read (%s)", source, error)
            self._start_over()
        if self._pipeline.first_run and not self._pipeline.has_pending_data:
            self._adopt()

    def _open(self) -> dlt.Pipeline:
        import dlt

        return dlt.pipeline(
            self._name,
            pipelines_dir=str(self._folder),
            destination=self._warehouse.dlt_destination(),
            dataset_name=f"raw_{self._source}",
        )

    @property
    def _name(self) -> str:
        return f"winnow_{self._source}"

    def finish_pending(self) -> None:
        """Finish what a killed load left behind.

        What cannot be finished is dropped: cursors move only with a committed load, so that it is read again.
        """
        if not self._pipeline.has_pending_data:
            return
        try:
            self._patience.attempt(self._finish, self.count_retry)
            return
        except Exception as error:  # whatever dlt or the engine raises is the warehouse's, not a provider's
            if is_transient(error):
                raise self._not_taken(error) from error
            self.notes.append(
                f"{self._source}: what an interrupted load left could not be finished and is read again"
                f" ({_cause(error)})"
            )
        self._start_over()
        self._adopt()

    def _finish(self) -> str:
        self._pipeline.normalize()
        loaded = [str(load_id) for load_id in self._pipeline.load().loads_ids]
        self.load_ids += loaded
        return loaded[-1]

    def count_retry(self) -> None:
        """Count that something was tried again."""
        self.retries += 1

    def _start_over(self) -> None:
        """Forget dlt's working folder; schema and cursors come back from the warehouse."""
        shutil.rmtree(self._folder / self._name, ignore_errors=True)
        self._pipeline = self._open()

    def _adopt(self) -> None:
        """Take what an unfinished load brought for complete: nobody can finish it without its folder.

        Its rows are whole records; without this no build would ever look at them. Its cursor is dropped.
        """
        raw = f"raw_{self._source}"
        with self._warehouse.connect() as connection:
            if not connection.table_exists(f"{raw}._dlt_loads"):
                return
            done = f"select load_id from {raw}._dlt_loads where status = 0"
            states = f"{raw}._dlt_pipeline_state"
            if connection.table_exists(states):
                connection.execute(f"delete from {states} where _dlt_load_id not in ({done})")
            orphans = {
                row["load_id"]
                for table, columns in connection.tables(raw).items()
                if "_dlt_load_id" in columns and not table.startswith("_dlt")
                for row in connection.rows(
                    f"select distinct _dlt_load_id as load_id from {raw}.{table}"
                    f" where _dlt_load_id not in ({done})"
                )
            }
            for load_id in sorted(orphans):
                connection.execute(
                    f"insert into {raw}._dlt_loads (load_id, schema_name, status, inserted_at)"
                    " values (?, ?, 0, current_timestamp)",
                    [load_id, self._source],
                )
        if orphans:
            self.notes.append(f"{self._source}: {len(orphans)} loads that were cut off are taken as they are")

    def cursor(self, account: str) -> Cursor:
        """Return where the account's last completed load ended; from the warehouse when state_dir is new."""
        if self._pipeline.first_run:
            self._pipeline.sync_destination()
        sources: dict[str, Any] = self._pipeline.state.get("sources", {})
        return dict(sources.get(self._source, {}).get("accounts", {}).get(account, {}))

    def land(self, spool: Spool, cursor: Cursor) -> str:
        """Load the spooled tables of one account and move its cursor with them; return the load id.

        Raises TransientError when the warehouse does not take it; what was handed over is finished by the
        next load.
        """
        import dlt

        def once() -> str:
            if self._pipeline.has_pending_data:
                return self._finish()
            info = self._pipeline.run(tables(), loader_file_format=FILE_FORMATS[self._warehouse.name])
            self.load_ids.append(str(info.loads_ids[0]))
            return self.load_ids[-1]

        def rows(table: str) -> Iterator[Any]:
            dlt.current.source_state().setdefault("accounts", {})[spool.account] = cursor
            yield from spool.tables(table)

        @dlt.source(name=self._source, max_table_nesting=0)
        def tables() -> Iterator[Any]:
            for name in spool.filled() or [QUARANTINE]:
                yield dlt.resource(rows(name), name=name, merge_key=MERGE_KEY, write_disposition=DISPOSITION)

        self.finish_pending()  # of another account; dlt would take it instead of these rows
        try:
            return self._patience.attempt(once, self.count_retry)
        except Exception as error:  # see finish_pending
            raise self._not_taken(error) from error

    def _not_taken(self, error: Exception) -> TransientError:
        where = self._warehouse.where()
        return TransientError(
            f"{self._source}: {where} did not take the load ({_cause(error)}); load again to finish it"
        )


def _cause(error: Exception) -> str:
    """Return what an error comes down to, in one line."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(cause).__name__


def count(connection: Connection, source: str, table: str, load_id: str) -> tuple[int, int]:
    """Return how many rows of a load landed as new versions and how many were known.

    Known rows are counted, not inferred: those of dlt's staging table that an older load's version holds.
    """
    landed = connection.scalar(f"select count(*) from raw_{source}.{table} where _dlt_load_id = ?", [load_id])
    known = connection.scalar(
        f"select count(*) from raw_{source}_staging.{table} as sent where sent._dlt_load_id = ? and exists ("
        f"select 1 from raw_{source}.{table} as held where held.row_hash = sent.row_hash"
        f" and held._dlt_valid_to is null and held._dlt_load_id <> sent._dlt_load_id)",
        [load_id],
    )
    return int(landed), int(known)


def create_tables(connection: Connection, source: str, contracts: Mapping[str, Contract]) -> None:
    """Create the raw tables of a source as dlt would, so that they are there before anything was loaded.

    dlt takes tables that it finds as its own; creating seventeen of them through it takes seconds.
    """
    import pyarrow as pa

    schemas = {name: contract.schema() for name, contract in contracts.items()}
    schemas[QUARANTINE] = quarantine_schema()
    held = connection.tables(f"raw_{source}")
    for name, schema in schemas.items():
        columns = {field.name: _sql_type(pa, field.type) for field in schema} | DLT_COLUMNS
        if name not in held:
            connection.create_table(f"raw_{source}.{name}", columns)
            continue
        for column, kind in columns.items():
            if column not in held[name]:
                connection.execute(f'alter table raw_{source}.{name} add column "{column}" {kind}')


def _sql_type(pa: Any, kind: Any) -> str:
    """Return the SQL type, the same on every engine, that dlt gives an Arrow type."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    names = {pa.int64(): "bigint", pa.bool_(): "boolean", pa.date32(): "date", pa.string(): "varchar"}
    return names.get(kind, "timestamp with time zone")
