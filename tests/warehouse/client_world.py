"""A published world in which every text tells whose it is, and what a role of the server sees of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import psycopg2.errors

from pipeline.config import Config, load_config
from tests.pipeline.published_world import COLUMNS, uid
from warehouse import Warehouse
from warehouse.publication import UNPUBLISHED_KEYS, PublishedTable, Stamp

CLIENTS = {"alpha": uid(1), "beta": uid(2), "gamma": uid(3)}
NOBODY = "nobody"
"""Whose the rows without a client are: agency-wide findings, what is not mapped, the pool."""

WITHHELD = {"leads": frozenset({"owner_client", "pool_status"}), "tests": None}
TOUCHED = {"messages": ("touched_leads", "lead_id")}
RUN_AT = datetime(2026, 3, 2, 2, tzinfo=UTC)

CONFIG = "agency: {name: Test}\nclients:\n" + "".join(
    f"  - {{id: {client}, name: {client}}}\n" for client in CLIENTS
)

Columns = dict[str, dict[str, str]]


def visible_tables(columns: Columns = COLUMNS) -> set[str]:
    """The tables of which a client reads something."""
    return {
        name
        for name, kinds in columns.items()
        if kinds.get("client_id") == "uuid" and WITHHELD.get(name, frozenset()) is not None
    }


def secret(owner: str, column: str) -> str:
    """A text that tells whose it is."""
    return f"secret of {owner} in {column}"


def row(columns: Mapping[str, str], number: int, owner: str) -> list[Any]:
    """A row of `owner` whose texts are secrets; the column that names an owner names another client."""
    other = {"alpha": "beta", "beta": "alpha"}.get(owner, NOBODY)
    values: dict[str, Any] = {"uuid": uid(1000 + number), "integer": 7, "bigint": 7, "timestamptz": RUN_AT}
    cells: dict[str, Any] = {
        name: secret(owner, name) if kind == "text" else values.get(kind) for name, kind in columns.items()
    }
    cells |= {"client_id": CLIENTS.get(owner), "client": owner, "owner_client": secret(other, "owner_client")}
    cells["pool_status"] = secret(other, "pool_status")
    return [cells[name] for name in columns]


@dataclass
class Secrets:
    """A warehouse with three clients' rows in every table."""

    warehouse: Warehouse
    folder: Path
    columns: Columns = field(default_factory=lambda: {name: dict(kinds) for name, kinds in COLUMNS.items()})
    nights: int = 0

    def __post_init__(self) -> None:
        (self.folder / "winnow.yml").write_text(CONFIG)

    @property
    def config(self) -> Config:
        return load_config(self.folder / "winnow.yml")

    def fill(self) -> None:
        """Write the sources; every night moves the numbers of the rows, and so their keys."""
        self.nights += 1
        with self.warehouse.connect() as connection:
            for name, kinds in self.columns.items():
                owners = [*CLIENTS, NOBODY] if "client_id" in kinds else [NOBODY]
                owners = list(CLIENTS) if name == "clients" else owners
                rows = [
                    row(kinds, 100 * self.nights + 10 * number + copy, owner)
                    for number, owner in enumerate(owners)
                    for copy in range(1 if name == "clients" else 3)
                ]
                connection.replace(f"made.{name}", kinds, rows)

    def publish(self, *, whole: bool = True) -> tuple[str, ...]:
        """Publish what stands in the sources; return the notes."""
        state_dir = self.config.state_dir
        state_dir.mkdir(exist_ok=True)
        tables = [
            PublishedTable(
                name,
                f"made.{name}",
                kind=TOUCHED.get(name, (None, None))[0],
                key=TOUCHED.get(name, (None, None))[1],
                withheld=WITHHELD.get(name, frozenset()),
            )
            for name in self.columns
        ]
        if not whole:
            with self.warehouse.connect() as connection:
                connection.create_table(UNPUBLISHED_KEYS, {"kind": "text", "key": "uuid"})
                for kind, key in TOUCHED.values():
                    for table in ("made", "analytics"):
                        connection.execute(
                            f"insert into {UNPUBLISHED_KEYS} select '{kind}', {key} from {table}.messages"
                        )
        stamp = Stamp(f"run-{self.nights}", RUN_AT, RUN_AT)
        return self.warehouse.publish(state_dir, tables, stamp, whole=whole).notes

    def execute(self, sql: str) -> None:
        """Run a statement as the owner."""
        with self.warehouse.connect() as connection:
            connection.execute(sql)


@dataclass(frozen=True)
class Seen:
    """All that a role could read. cells: (schema.table, column) → the distinct texts in it."""

    cells: dict[tuple[str, str], set[str]]

    @property
    def tables(self) -> set[str]:
        """The tables of which something could be read, without the server's own."""
        return {table for table, _ in self.cells if not is_catalog(table)}

    @property
    def owners(self) -> set[str]:
        """Whose secrets are among them."""
        texts = "\n".join(text for values in self.cells.values() for text in values)
        return {owner for owner in (*CLIENTS, NOBODY) if f"secret of {owner} " in texts}


REFUSALS = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.FeatureNotSupported,
    psycopg2.errors.ObjectNotInPrerequisiteState,
)
"""How the server says no; whatever else it says is the test's mistake."""


class Role:
    """A connection of a role that is no owner."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        with self.raw.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def may(self, sql: str) -> bool:
        """Say whether the server lets the role run a statement; nothing of it stays."""
        with self.raw.cursor() as cursor:
            cursor.execute("begin")
            try:
                cursor.execute(sql)
            except REFUSALS:
                return False
            else:
                return True
            finally:
                cursor.execute("rollback")

    def relations(self) -> list[tuple[str, str, list[str]]]:
        """Every relation of the database, whatever it is, with its columns."""
        return [
            (schema, name, columns)
            for schema, name, columns in self.rows(
                "select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum)"
                " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
                " where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 't') group by 1, 2 order by 1, 2"
            )
        ]

    def walk(self, *, with_catalogs: bool = False) -> Seen:
        """Try to read every column of every relation; with_catalogs: the server's own too."""
        cells: dict[tuple[str, str], set[str]] = {}
        for schema, name, columns in self.relations():
            if is_catalog(schema) and not with_catalogs:
                continue
            target = f'"{schema}"."{name}"'
            whole = self._read(f"select {', '.join(map(_text, columns))} from {target}")
            for number, column in enumerate(columns):
                if whole is not None:
                    cells[f"{schema}.{name}", column] = {str(line[number]) for line in whole}
                elif (part := self._read(f"select {_text(column)} from {target}")) is not None:
                    cells[f"{schema}.{name}", column] = {str(line[0]) for line in part}
        return Seen(cells)

    def _read(self, sql: str) -> list[tuple[Any, ...]] | None:
        try:
            return self.rows(sql)
        except REFUSALS:
            return None


def is_catalog(schema: str) -> bool:
    """Say whether a schema, or a table named with one, is the server's own."""
    return schema.startswith(("pg_", "information_schema"))


@contextmanager
def connected(address: Mapping[str, str], role: str, password: str) -> Iterator[Role]:
    """Connect as `role` to the database that the owner reaches at `address`."""
    without_jit = {"options": "-c jit=off"}  # compiling the catalog's views takes longer than reading them
    raw = psycopg2.connect(**{**address, "user": role, "password": password, **without_jit})
    raw.autocommit = True
    with closing(raw):
        yield Role(raw)


def content(path: Path) -> dict[str, list[dict[str, object]]]:
    """All tables of a file, whatever their schema."""
    with duckdb.connect(str(path), read_only=True) as raw:
        names = raw.execute("select table_schema, table_name from information_schema.tables").fetchall()
        return {
            f"{schema}.{name}": raw.execute(f'select * from "{schema}"."{name}"').to_arrow_table().to_pylist()
            for schema, name in names
        }


def _text(column: str) -> str:
    return '"' + column.replace('"', '""') + '"::text'


def changed_rows(world: Secrets) -> None:
    world.fill()
    world.publish(whole=False)


def another_column(world: Secrets) -> None:
    for table in ("messages", "leads", "lead_pool"):
        world.columns[table]["note"] = "text"
    world.columns["deals"].pop("client_id")
    world.fill()
    notes = world.publish(whole=False)
    assert [note for note in notes if "leads has other columns now: it gained note; its grants stay" in note]
