"""Keys, checks and indexes of the tables of schema analytics on PostgreSQL, as the project declares them.

Each is named by what it is (`winnow_…` and a digest of its definition), so that what a table has is compared
with what it should have by names alone, and nothing is locked where nothing changed. Rows come first: what
a person let pass at the gate is published, and a constraint that it breaks is missing until no row breaks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from warehouse.base import Connection
from warehouse.publication import SCHEMA, PublishedTable
from warehouse.row_security import quoted

if TYPE_CHECKING:
    import psycopg2

PREFIX = "winnow_"
LOCK_TIMEOUT = "5s"
"""How long a new constraint waits for readers of its table; it comes with a later publish otherwise."""

NAME_BYTES = 63
Result = TypeVar("Result")


@dataclass(frozen=True)
class Wanted:
    """Something that a table should have. definition: as SQL, after the table's name."""

    table: str
    name: str
    what: str
    definition: str
    is_index: bool = False

    @property
    def sql(self) -> str:
        """The statement that adds it."""
        target = f"{SCHEMA}.{quoted(self.table)}"
        if self.is_index:
            return f"create index {quoted(self.name)} on {target} {self.definition}"
        return f"alter table {target} add constraint {quoted(self.name)} {self.definition}"


def wanted(table: PublishedTable, columns: Iterable[str], server_version: int) -> dict[str, Wanted]:
    """Return name → what `table` should have; what names a column that is not among `columns` is left out.

    A unique key may hold nulls, which are equal to each other from PostgreSQL 15 on.
    """
    known, found = set(columns), []
    rules = table.declared
    key = rules.primary_key or rules.unique
    if key and known.issuperset(key):
        kind = "primary key" if rules.primary_key else "unique"
        kind += "" if rules.primary_key or server_version < 150000 else " nulls not distinct"
        found.append(_named(table.name, "key", f"its key {', '.join(key)}", f"{kind} ({_list(key)})"))
    for column, values in rules.values:
        if column in known:
            allowed = ", ".join(_literal(value) for value in values)
            what = f"the check of {column}"
            found.append(_named(table.name, "check", what, f"check ({quoted(column)} in ({allowed}))"))
    lookups = [(column,) for column in (table.key, "client_id") if column] + list(rules.indexes)
    lookups = [lookup for lookup in dict.fromkeys(lookups) if known.issuperset(lookup)]
    for lookup in lookups:
        served = [key, *(other for other in lookups if other != lookup)]
        if not any(other[: len(lookup)] == lookup for other in served):
            what = f"the index on {', '.join(lookup)}"
            found.append(_named(table.name, "index", what, f"({_list(lookup)})", is_index=True))
    return {one.name: one for one in found}


class Constraints:
    """The constraints of one publish: what its tables have, and what they should have."""

    def __init__(self, connection: Connection, tables: Sequence[PublishedTable]) -> None:
        """Read the catalog once."""
        self._connection = connection
        version = int(connection.scalar("select current_setting('server_version_num')"))
        self._wanted = {
            table.name: wanted(table, connection.columns(table.source), version) for table in tables
        }
        self._standing = self._read()
        self._tables_before = frozenset(connection.tables(SCHEMA))

    def write(self, table: str, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which writes rows; drop what has changed or what its rows break before.

        Raises what the engine says of a constraint that is not ours.
        """
        import psycopg2

        for name, is_index in self._standing.get(table, {}).items():
            if name not in self._wanted[table]:
                self._drop(table, name, is_index=is_index)
        while True:
            self._connection.execute("savepoint winnow_rows")
            try:
                done = work()
            except psycopg2.IntegrityError as error:
                self._connection.execute("rollback to savepoint winnow_rows")
                if not self._gave_way(table, error):
                    raise
            else:
                self._connection.execute("release savepoint winnow_rows")
                return done

    def complete(self) -> list[str]:
        """Add what is missing, after all rows are written; return what a person should know."""
        import psycopg2
        from psycopg2.errors import LockNotAvailable

        notes: list[str] = []
        standing = self._read()
        missing = [
            one
            for table, every in self._wanted.items()
            for one in every.values()
            if one.name not in standing.get(table, {})
        ]
        for one in missing:
            wait = LOCK_TIMEOUT if one.table in self._tables_before else "0"
            self._connection.execute("savepoint winnow_constraint")
            try:
                self._connection.execute(f"set local lock_timeout = '{wait}'")
                self._connection.execute(one.sql)
                self._connection.execute("set local lock_timeout = default")
            except psycopg2.IntegrityError:
                self._connection.execute("rollback to savepoint winnow_constraint")
                notes.append(
                    f"{SCHEMA}.{one.table} is without {one.what}, which rows break; it returns once none do"
                )
            except LockNotAvailable:
                self._connection.execute("rollback to savepoint winnow_constraint")
                notes.append(f"{SCHEMA}.{one.table} is being read: {one.what} comes with a later publish")
                break
            else:
                self._connection.execute("release savepoint winnow_constraint")
        return notes

    def _gave_way(self, table: str, error: psycopg2.Error) -> bool:
        """Drop the constraint of ours that `error` speaks of; say whether there was one."""
        import psycopg2.errors

        standing = self._standing.get(table, {})
        if isinstance(error, psycopg2.errors.NotNullViolation):
            for key in [one for one in standing if one.startswith(f"{PREFIX}key_")]:
                self._drop(table, key, is_index=False)
            column = quoted(error.diag.column_name)
            self._connection.execute(
                f"alter table {SCHEMA}.{quoted(table)} alter column {column} drop not null"
            )
            return True
        name = error.diag.constraint_name
        if name not in standing:
            return False
        self._drop(table, name, is_index=standing[name])
        return True

    def _drop(self, table: str, name: str, *, is_index: bool) -> None:
        if is_index:
            self._connection.execute(f"drop index {SCHEMA}.{quoted(name)}")
        else:
            self._connection.execute(f"alter table {SCHEMA}.{quoted(table)} drop constraint {quoted(name)}")
        self._standing[table] = {
            other: kind for other, kind in self._standing[table].items() if other != name
        }

    def _read(self) -> dict[str, Mapping[str, bool]]:
        """Return table → name → whether it is an index without a constraint, of all that is ours."""
        found: dict[str, dict[str, bool]] = {}
        for row in self._connection.rows(
            "select t.relname as table_name, c.conname as name, false as is_index from pg_constraint c"
            " join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace"
            " where n.nspname = ? and c.contype in ('p', 'u', 'c') and starts_with(c.conname, ?)"
            " union all"
            " select t.relname, i.relname, true from pg_index x join pg_class i on i.oid = x.indexrelid"
            " join pg_class t on t.oid = x.indrelid join pg_namespace n on n.oid = t.relnamespace"
            " where n.nspname = ? and starts_with(i.relname, ?)"
            " and not exists (select 1 from pg_constraint c where c.conindid = x.indexrelid)",
            [SCHEMA, PREFIX, SCHEMA, PREFIX],
        ):
            found.setdefault(row["table_name"], {})[row["name"]] = row["is_index"]
        return dict(found)


def _named(table: str, kind: str, what: str, definition: str, *, is_index: bool = False) -> Wanted:
    digest = hashlib.md5(f"{table}\x1f{definition}".encode(), usedforsecurity=False).hexdigest()[:8]
    head = f"{PREFIX}{kind}_{table}".encode()[: NAME_BYTES - len(digest) - 1].decode(errors="ignore")
    return Wanted(table, f"{head}_{digest}", what, definition, is_index)


def _list(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted, columns))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
