"""DuckDB: the embedded default, one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.base import Connection, Row, Warehouse, WarehouseError, single_line
from warehouse.publication import (
    CLIENT_COLUMNS,
    CLIENT_COLUMNS_COLUMNS,
    PUBLICATION_COLUMNS,
    SCHEMA,
    Published,
    PublishedTable,
    Stamp,
)

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import URL

BATCH = 50_000


class DuckDBConnection(Connection):
    """A connection to one DuckDB file."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        """Wrap an open connection."""
        self.raw = raw
        self._depth = 0

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """See Connection."""
        cursor = self.raw.execute(sql, list(params) or None)
        if cursor.description is None or [column[0] for column in cursor.description] != ["Count"]:
            return -1
        row = cursor.fetchone()
        return int(row[0]) if row else -1

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See Connection."""
        cursor = self.raw.execute(sql, list(params) or None)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def stream(self, sql: str, batch: int = 10_000) -> Iterator[list[Row]]:
        """See Connection."""
        cursor = self.raw.cursor().execute(sql)
        names = [column[0] for column in cursor.description or []]
        while chunk := cursor.fetchmany(batch):
            yield [dict(zip(names, row, strict=True)) for row in chunk]

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """See Connection. Goes through Arrow, which is far faster than single inserts."""
        import pyarrow as pa

        types = self.columns(table)
        count, source = 0, iter(rows)
        while chunk := list(islice(source, BATCH)):
            arrays = [
                pa.array([_plain(row[i]) for row in chunk], type=_arrow_type(types[name]))
                for i, name in enumerate(columns)
            ]
            self.raw.register("winnow_insert", pa.table(arrays, names=list(columns)))
            names = ", ".join(f'"{name}"' for name in columns)
            self.raw.execute(f"insert into {table} ({names}) select * from winnow_insert")
            self.raw.unregister("winnow_insert")
            count += len(chunk)
        return count

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Connection; a transaction inside another one is part of it."""
        self._depth += 1
        if self._depth == 1:
            self.raw.execute("begin transaction")
        try:
            yield
        except BaseException:
            if self._depth == 1:
                self.raw.execute("rollback")
            raise
        else:
            if self._depth == 1:
                self.raw.execute("commit")
        finally:
            self._depth -= 1

    def table_exists(self, table: str) -> bool:
        """See Connection."""
        return bool(self.columns(table))

    def columns(self, table: str) -> dict[str, str]:
        """See Connection."""
        schema, name = table.split(".")
        found = self.rows(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = ? and table_name = ? and table_catalog = current_database()"
            " order by ordinal_position",
            [schema, name],
        )
        return {row["column_name"]: row["data_type"].lower() for row in found}


class DuckDBWarehouse(Warehouse):
    """A DuckDB file. One process writes it at a time; a second one is told so in one line."""

    name = "duckdb"

    _keeps = False
    _kept: duckdb.DuckDBPyConnection | None = None

    @property
    def path(self) -> Path:
        """The database file; a relative path starts at the folder of profiles.yml."""
        return (self.profile.directory / str(self.profile.outputs.get("path", "winnow.duckdb"))).resolve()

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[Connection]:
        """See Warehouse."""
        import duckdb

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            raw = duckdb.connect(str(self.path))
        except duckdb.IOException as error:
            hint = "another process has it open" if "lock" in str(error).lower() else single_line(error)
            raise WarehouseError(f"cannot open {self.path}: {hint}; wait for it or stop it") from error
        if self._keeps and self._kept is None:
            self._kept = duckdb.connect(str(self.path))  # a cursor would be closed with its connection
        try:
            raw.execute("set timezone = 'UTC'")
            yield DuckDBConnection(raw)
        finally:
            raw.close()

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """See Warehouse: from the first connection on the file stays open, by all that this process opens.

        Opening and closing the file took a third of a small load. Not where dbt opens it with options of its
        own: all connections of a process must have the same.
        """
        self._keeps = not self.profile.outputs.get("config_options")
        try:
            yield
        finally:
            self._keeps = False
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    def exists(self) -> bool:
        """See Warehouse."""
        return self.path.is_file()

    def dlt_destination(self) -> Any:
        """See Warehouse."""
        import dlt

        self.path.parent.mkdir(parents=True, exist_ok=True)
        return dlt.destinations.duckdb(str(self.path))

    def where(self) -> str:
        """See Warehouse."""
        return f"DuckDB file {self.path}"

    def state_url(self, state_dir: Path) -> URL:
        """See Warehouse: a SQLite file, which other processes can read while this one is written."""
        from sqlalchemy import URL

        return URL.create("sqlite", database=str(state_dir / "state.sqlite"))

    @contextmanager
    def state_errors(self) -> Iterator[None]:
        """See Warehouse."""
        from sqlalchemy.exc import OperationalError

        try:
            yield
        except OperationalError as error:
            raise WarehouseError(f"cannot open the state database: {single_line(error)}") from error

    def publish(
        self, state_dir: Path, tables: Sequence[PublishedTable], stamp: Stamp, *, whole: bool
    ) -> Published:
        """See Warehouse: a new file beside the one that readers hold, then a rename over it."""
        final = published_path(state_dir)
        for leftover in final.parent.glob(f"{final.name}.new-*"):
            leftover.unlink()
        fresh = final.with_name(f"{final.name}.new-{stamp.run_id}")
        with self.connect() as connection:
            connection.execute(f"attach '{quoted_path(fresh)}' as fresh")
            try:
                rows = _write_published(connection, tables, stamp)
            finally:
                connection.execute("detach fresh")
        sync(fresh)
        fresh.replace(final)
        sync(final.parent)
        return Published(rows)

    @contextmanager
    def published(self, state_dir: Path) -> Iterator[Connection]:
        """See Warehouse."""
        import duckdb

        path = published_path(state_dir)
        if not path.is_file():
            raise WarehouseError(f"nothing is published yet ({path} is missing); run `winnow run` first")
        raw = duckdb.connect(str(path), read_only=True)
        try:
            raw.execute("set timezone = 'UTC'")
            yield DuckDBConnection(raw)
        finally:
            raw.close()

    def release(self) -> None:
        """Close the handle that dbt-duckdb keeps for the life of the process."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        manager: Any = DuckDBConnectionManager  # it has no annotations
        manager.close_all_connections()


def _write_published(
    connection: Connection, tables: Sequence[PublishedTable], stamp: Stamp
) -> dict[str, int]:
    """Write all that readers see into the attached database `fresh`; return the rows of each table."""
    connection.execute(f"create schema fresh.{SCHEMA}")
    rows = {
        table.name: connection.execute(
            f'create table fresh.{SCHEMA}."{table.name}" as select * from {table.source}'
        )
        for table in tables
    }
    _write_client_columns(connection, tables)
    names = ", ".join(f"{name} {kind}" for name, kind in PUBLICATION_COLUMNS.items())
    connection.execute(f"create table fresh.{SCHEMA}.publication ({names})")
    connection.execute(
        f"insert into fresh.{SCHEMA}.publication values (?, ?, ?)",
        [stamp.run_id, stamp.run_at, stamp.published_at],
    )
    connection.execute("checkpoint fresh")
    return rows


def published_path(state_dir: Path) -> Path:
    """Return the file that BI tools open read-only.

    It is not called analytics: DuckDB names the catalog after the file, and `analytics.leads` would then be
    ambiguous.
    """
    return state_dir / "published.duckdb"


def _write_client_columns(connection: Connection, tables: Sequence[PublishedTable]) -> None:
    names = ", ".join(f"{name} {kind}" for name, kind in CLIENT_COLUMNS_COLUMNS.items())
    connection.execute(f"create schema fresh.{CLIENT_COLUMNS.split('.')[0]}")
    connection.execute(f"create table fresh.{CLIENT_COLUMNS} ({names})")
    for table in tables:
        for column in table.client_columns(connection.columns(table.source)):
            connection.execute(f"insert into fresh.{CLIENT_COLUMNS} values (?, ?)", [table.name, column])


def quoted_path(path: Path) -> str:
    """Return a path as the inside of an SQL literal."""
    return str(path).replace("'", "''")


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk; a power cut then leaves the old file or the new one."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _arrow_type(kind: str) -> Any:
    import pyarrow as pa

    simple = {
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "smallint": pa.int16(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp with time zone": pa.timestamp("us", tz="UTC"),
        "timestamp": pa.timestamp("us"),
    }
    if kind.startswith("decimal"):
        precision, scale = kind[len("decimal(") : -1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return simple.get(kind, pa.string())


def _plain(value: Any) -> Any:
    from uuid import UUID

    return str(value) if isinstance(value, UUID) else value
