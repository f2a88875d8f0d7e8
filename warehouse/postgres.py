"""PostgreSQL: the team's server."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse import reader_audit, row_security
from warehouse.base import Connection, Row, Warehouse, WarehouseError, single_line
from warehouse.constraints import Constraints
from warehouse.publication import (
    CLIENT_COLUMNS,
    CLIENT_COLUMNS_COLUMNS,
    PUBLICATION_COLUMNS,
    SCHEMA,
    UNPUBLISHED_KEYS,
    Published,
    PublishedTable,
    Stamp,
)
from warehouse.row_security import quoted

if TYPE_CHECKING:
    import psycopg2.extensions
    from sqlalchemy import URL

BATCH = 50_000


class PostgresConnection(Connection):
    """A connection in autocommit; `transaction()` groups statements."""

    def __init__(self, raw: psycopg2.extensions.connection) -> None:
        """Wrap an open connection."""
        self.raw = raw
        self._depth = 0

    def _run(self, sql: str, params: Sequence[Any]) -> Any:
        cursor = self.raw.cursor()
        if params:
            cursor.execute(sql.replace("%", "%%").replace("?", "%s"), list(params))
        else:
            cursor.execute(sql)
        return cursor

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """See Connection."""
        with self._run(sql, params) as cursor:
            return int(cursor.rowcount)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See Connection."""
        with self._run(sql, params) as cursor:
            names = [column.name for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def stream(self, sql: str, batch: int = 10_000) -> Iterator[list[Row]]:
        """See Connection. Uses a server-side cursor, held over commits: the caller may write between."""
        with self.raw.cursor(name="winnow_stream", withhold=True) as cursor:
            cursor.execute(sql)
            while chunk := cursor.fetchmany(batch):
                names = [column.name for column in cursor.description]
                yield [dict(zip(names, row, strict=True)) for row in chunk]

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """See Connection. Goes through COPY."""
        names = ", ".join(f'"{name}"' for name in columns)
        count, source = 0, iter(rows)
        while chunk := list(islice(source, BATCH)):
            text = io.StringIO("".join("\t".join(map(_copy_cell, row)) + "\n" for row in chunk))
            with self.raw.cursor() as cursor:
                cursor.copy_expert(f"copy {table} ({names}) from stdin", text)
            count += len(chunk)
        return count

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Connection; a transaction inside another one is part of it."""
        self._depth += 1
        if self._depth == 1:
            self.execute("begin")
        try:
            yield
        except BaseException:
            if self._depth == 1 and not self.raw.closed:
                self.execute("rollback")
            raise
        else:
            if self._depth == 1:
                self.execute("commit")
        finally:
            self._depth -= 1

    def table_exists(self, table: str) -> bool:
        """See Connection."""
        return self.scalar("select to_regclass(?) is not null", [table]) is True

    def columns(self, table: str) -> dict[str, str]:
        """See Connection."""
        found = self.rows(
            "select a.attname as name, format_type(a.atttypid, a.atttypmod) as kind from pg_attribute a"
            " where a.attrelid = to_regclass(?) and a.attnum > 0 and not a.attisdropped order by a.attnum",
            [table],
        )
        return {row["name"]: row["kind"] for row in found}


class PostgresWarehouse(Warehouse):
    """A PostgreSQL database, reached as the owner that the dbt target names."""

    name = "postgres"

    def _settings(self) -> dict[str, Any]:
        out = self.profile.outputs
        database = out.get("dbname") or out.get("database")
        settings = {
            "host": out.get("host"),
            "port": int(out.get("port") or 5432),
            "user": out.get("user"),
            "password": out.get("password") or out.get("pass") or None,
            "dbname": database,
            "sslmode": out.get("sslmode"),
        }
        return {key: value for key, value in settings.items() if value is not None}

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[Connection]:
        """See Warehouse."""
        import psycopg2

        try:
            raw = psycopg2.connect(**self._settings(), options="-c timezone=UTC", connect_timeout=10)
        except psycopg2.OperationalError as error:
            raise WarehouseError(f"cannot reach {self.where()}: {single_line(error)}") from error
        try:
            raw.set_session(autocommit=True, readonly=read_only)
            yield PostgresConnection(raw)
        finally:
            raw.close()

    def exists(self) -> bool:
        """See Warehouse."""
        return True

    def dlt_destination(self) -> Any:
        """See Warehouse."""
        import dlt

        # dbt-postgres and dlt open their own connections; libpq reads the session's zone from here.
        os.environ.setdefault("PGTZ", "UTC")
        settings = self._settings()
        host = settings["host"]
        socket_folder = host.startswith("/")  # a URL's host part cannot hold a path; its query can
        credentials = {
            "host": "localhost" if socket_folder else host,
            "query": {"host": host} if socket_folder else {},
            "port": settings["port"],
            "username": settings["user"],
            "password": settings.get("password") or "",
            "database": settings["dbname"],
        }
        return dlt.destinations.postgres(credentials)

    def state_url(self, state_dir: Path) -> URL:
        """See Warehouse: schema `ops` of the same database."""
        from sqlalchemy import URL

        settings = self._settings()
        host = settings.get("host", "")
        socket_folder = host.startswith("/")
        query = {"options": "-c timezone=UTC"} | ({"host": host} if socket_folder else {})
        if "sslmode" in settings:
            query["sslmode"] = settings["sslmode"]
        return URL.create(
            "postgresql+psycopg2",
            username=settings.get("user"),
            password=settings.get("password"),
            host=None if socket_folder else host,
            port=settings["port"],
            database=settings.get("dbname"),
            query=query,
        )

    @contextmanager
    def state_errors(self) -> Iterator[None]:
        """See Warehouse."""
        from sqlalchemy.exc import OperationalError, ProgrammingError

        try:
            yield
        except (OperationalError, ProgrammingError) as error:
            cause = error.orig if error.orig is not None else error
            raise WarehouseError(f"cannot use {self.where()}: {single_line(cause)}") from error

    def publish(
        self, state_dir: Path, tables: Sequence[PublishedTable], stamp: Stamp, *, whole: bool
    ) -> Published:
        """See Warehouse: one transaction of DELETE and INSERT into tables that stay, with their grants."""
        rows, notes = {}, []
        with self.connect() as connection, connection.transaction():
            row_security.lock(connection)
            connection.create_schema(SCHEMA)
            connection.create_table(f"{SCHEMA}.publication", PUBLICATION_COLUMNS)
            constraints = Constraints(connection, tables)
            for table in tables:
                write = partial(_publish_table, connection, table, whole=whole)
                told, rows[table.name] = constraints.write(table.name, write)
                notes += told
            notes += constraints.complete()
            connection.execute(f"delete from {SCHEMA}.publication")
            connection.execute(
                f"insert into {SCHEMA}.publication values (?, ?, ?)",
                [stamp.run_id, stamp.run_at, stamp.published_at],
            )
            if connection.table_exists(UNPUBLISHED_KEYS):
                connection.execute(f"delete from {UNPUBLISHED_KEYS}")
            _write_client_columns(connection, tables)
            notes += row_security.apply(connection)
            notes += reader_audit.notes(connection)
            notes += _left_over(connection, {table.name for table in tables})
        return Published(rows, tuple(notes))

    @contextmanager
    def published(self, state_dir: Path) -> Iterator[Connection]:
        """See Warehouse."""
        with self.connect(read_only=True) as connection:
            connection.execute("begin isolation level repeatable read read only")
            if not connection.table_exists(f"{SCHEMA}.publication"):
                raise WarehouseError(f"nothing is published yet in {self.where()}; run `winnow run` first")
            yield connection

    @property
    def publishes_changes(self) -> bool:
        """See Warehouse."""
        return True

    def where(self) -> str:
        """See Warehouse."""
        settings = self._settings()
        return f"PostgreSQL {settings.get('host')}:{settings['port']}/{settings.get('dbname')}"


def _publish_table(connection: Connection, table: PublishedTable, *, whole: bool) -> tuple[list[str], int]:
    """Bring analytics.`name` up to its source; return what to tell and its rows."""
    target, notes = f"{SCHEMA}.{quoted(table.name)}", []
    columns = connection.columns(table.source)
    existing = connection.columns(target)
    if not existing:
        connection.execute(f"create table {target} (like {table.source})")
        row_security.protect(connection, table.name, str(connection.scalar("select current_user")))
    elif existing != columns:
        notes = _change_columns(connection, table, existing, columns)
        whole = True
    names = ", ".join(quoted(name) for name in columns)
    count = int(connection.scalar(f"select count(*) from {table.source}"))
    if existing and not whole and table.key is not None:
        touched = f"select key from {UNPUBLISHED_KEYS} where kind = '{table.kind}'"
        connection.execute(f"delete from {target} where {quoted(table.key)} in ({touched})")
        connection.execute(
            f"insert into {target} ({names}) select {names} from {table.source}"
            f" where {quoted(table.key)} in ({touched})"
        )
        if connection.scalar(f"select count(*) from {target}") == count:
            return notes, count
        notes.append(f"{SCHEMA}.{table.name} had drifted from its source: written whole")
    connection.execute(f"delete from {target}")
    connection.execute(f"insert into {target} ({names}) select {names} from {table.source}")
    return notes, count


def _change_columns(
    connection: Connection, table: PublishedTable, existing: dict[str, str], columns: dict[str, str]
) -> list[str]:
    """Give a table that stays the columns of its source; return what to tell.

    It is altered, not made anew: grants, policies and indexes stay, and a reader whose transaction began
    before still finds the rows it began with.
    """
    target, before = f"{SCHEMA}.{quoted(table.name)}", _policies(connection, table.name)
    dropped = [name for name, kind in existing.items() if columns.get(name) != kind]
    added = [name for name, kind in columns.items() if existing.get(name) != kind]
    for name in dropped:
        connection.execute(f"alter table {target} drop column {quoted(name)} cascade")
    collations = {
        row["name"]: f" collate {row['collation']}"
        for row in connection.rows(
            "select a.attname as name, cast(cast(c.oid as regcollation) as text) as collation"
            " from pg_attribute a join pg_type t on t.oid = a.atttypid"
            " join pg_collation c on c.oid = a.attcollation and c.oid <> t.typcollation"
            " where a.attrelid = to_regclass(?) and a.attnum > 0 and not a.attisdropped",
            [table.source],
        )
    }
    for name in added:
        kind = columns[name] + collations.get(name, "")
        connection.execute(f"alter table {target} add column {quoted(name)} {kind}")
    told = [f"gained {', '.join(added)}"] if added else []
    told += [f"lost {', '.join(dropped)}"] if dropped else []
    fallen = before - _policies(connection, table.name)
    return [f"{SCHEMA}.{table.name} has other columns now: it {' and '.join(told)}; its grants stay"] + [
        f"policy {name} on {SCHEMA}.{table.name} fell with a column that it read; create it again"
        for name in sorted(fallen)
    ]


def _policies(connection: Connection, table: str) -> set[str]:
    """Return the policies on analytics.`table` that are not ours."""
    found = connection.rows(
        "select policyname as name from pg_policies where schemaname = ? and tablename = ?"
        " and not starts_with(policyname, ?)",
        [SCHEMA, table, row_security.PREFIX],
    )
    return {row["name"] for row in found}


def _write_client_columns(connection: Connection, tables: Sequence[PublishedTable]) -> None:
    rows = [
        (table.name, column)
        for table in tables
        for column in table.client_columns(connection.columns(table.source))
    ]
    connection.replace(CLIENT_COLUMNS, CLIENT_COLUMNS_COLUMNS, rows)


def _left_over(connection: Connection, names: set[str]) -> list[str]:
    found = connection.rows(
        "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = ? and c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user"
        " order by 1",
        [SCHEMA],
    )
    kept = names | {"publication"}
    return [
        f"{SCHEMA}.{row['name']} is published no longer and gets no new rows; drop it when nobody needs it"
        for row in found
        if row["name"] not in kept
    ]


def _copy_cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if not isinstance(value, str):
        return str(value)
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
