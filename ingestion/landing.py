"""Landing: dlt's part of a load. Spooled rows become versions in `raw_<source>`, cursors its state.

Every table keeps every version once: dlt's scd2 with our row_key as merge key and our row_hash as version, so
that an unchanged row is not touched and A → B → A ends in A.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ingestion.errors import TransientError
from ingestion.jobs import Cursor
from ingestion.spool import QUARANTINE, quarantine_schema

if TYPE_CHECKING:
    from ingestion.contracts import Contract
    from ingestion.spool import Spool
    from warehouse import Connection, Warehouse

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

    def __init__(self, source: str, warehouse: Warehouse, state_dir: Path) -> None:
        """Open dlt's pipeline; its working folder is state_dir/dlt/<target> and has to last."""
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        import dlt

        self._source = source
        self._warehouse = warehouse
        self._pipeline = dlt.pipeline(
            f"winnow_{source}",
            pipelines_dir=str(state_dir / "dlt" / warehouse.target),
            destination=warehouse.dlt_destination(),
            dataset_name=f"raw_{source}",
        )

    def finish_pending(self) -> list[str]:
        """Finish what a killed load left behind; return the ids of the loads that this committed."""
        if not self._pipeline.has_pending_data:
            return []
        try:
            self._pipeline.normalize()
            return [str(load_id) for load_id in self._pipeline.load().loads_ids]
        except Exception as error:  # whatever dlt or the engine raises is the warehouse's, not a provider's
            raise self._not_taken(error) from error

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

        def rows(table: str) -> Iterator[Any]:
            dlt.current.source_state().setdefault("accounts", {})[spool.account] = cursor
            yield from spool.tables(table)

        @dlt.source(name=self._source, max_table_nesting=0)
        def tables() -> Iterator[Any]:
            for name in spool.filled() or [QUARANTINE]:
                yield dlt.resource(rows(name), name=name, merge_key=MERGE_KEY, write_disposition=DISPOSITION)

        try:
            info = self._pipeline.run(tables(), loader_file_format=FILE_FORMATS[self._warehouse.name])
        except Exception as error:  # see finish_pending
            raise self._not_taken(error) from error
        return str(info.loads_ids[0])

    def _not_taken(self, error: Exception) -> TransientError:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
        said = lines[0][:300] if lines else type(cause).__name__
        where = self._warehouse.where()
        return TransientError(
            f"{self._source}: {where} did not take the load ({said}); load again to finish it"
        )


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
    found = connection.rows(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = ? and table_catalog = current_database()",
        [f"raw_{source}"],
    )
    held = {(row["table_name"], row["column_name"]) for row in found}
    tables = {name for name, _ in held}
    for name, schema in schemas.items():
        columns = {field.name: _sql_type(pa, field.type) for field in schema} | DLT_COLUMNS
        if name not in tables:
            connection.create_table(f"raw_{source}.{name}", columns)
            continue
        for column, kind in columns.items():
            if (name, column) not in held:
                connection.execute(f'alter table raw_{source}.{name} add column "{column}" {kind}')


def _sql_type(pa: Any, kind: Any) -> str:
    """Return the SQL type, the same on every engine, that dlt gives an Arrow type."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    names = {pa.int64(): "bigint", pa.bool_(): "boolean", pa.date32(): "date", pa.string(): "varchar"}
    return names.get(kind, "timestamp with time zone")
