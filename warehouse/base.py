"""The interface that the pipeline uses; SQL passed to it must run on every engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.profile import Profile
from warehouse.publication import Published, PublishedTable, Stamp

if TYPE_CHECKING:
    from sqlalchemy import URL

Row = dict[str, Any]


class WarehouseError(Exception):
    """The warehouse refused or could not be reached; the message is one line and says what to do."""


class Connection(ABC):
    """An open connection. Parameters are positional, written `?`."""

    @abstractmethod
    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and return the number of rows it changed (-1 where the engine does not say)."""

    @abstractmethod
    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run one query and return its rows as dictionaries, column name to value."""

    @abstractmethod
    def stream(self, sql: str, batch: int = 10_000) -> Iterator[list[Row]]:
        """Run one query and yield its rows in lists of at most `batch`; memory stays bounded."""

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Append `rows` (values in the order of `columns`) to `schema.table` in bulk; return how many."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Commit what runs inside it together, or nothing of it."""

    @abstractmethod
    def table_exists(self, table: str) -> bool:
        """Say whether `schema.table` (a table or a view) exists."""

    @abstractmethod
    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of `schema.table` in order, name to type as the engine writes it."""

    def scalar(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, None when there is no row."""
        found = self.rows(sql, params)
        return next(iter(found[0].values())) if found else None

    def tables(self, schema: str) -> dict[str, frozenset[str]]:
        """Return the tables and views of `schema`, name to the names of its columns."""
        found: dict[str, set[str]] = {}
        rows = self.rows(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = ? and table_catalog = current_database()",
            [schema],
        )
        for row in rows:
            found.setdefault(row["table_name"], set()).add(row["column_name"])
        return {name: frozenset(columns) for name, columns in found.items()}

    def create_schema(self, name: str) -> None:
        """Create schema `name` unless it exists."""
        self.execute(f'create schema if not exists "{name}"')

    def create_table(self, table: str, columns: Mapping[str, str], primary_key: Sequence[str] = ()) -> None:
        """Create `schema.table` with `columns` (name to SQL type), and its schema, unless it exists."""
        self.create_schema(table.split(".")[0])
        parts = [f'"{name}" {kind}' for name, kind in columns.items()]
        if primary_key:
            parts.append("primary key (" + ", ".join(f'"{name}"' for name in primary_key) + ")")
        self.execute(f"create table if not exists {table} ({', '.join(parts)})")

    def replace(self, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """Make `rows` the whole content of `schema.table`, created or re-created with `columns`; atomic."""
        with self.transaction():
            self.create_schema(table.split(".")[0])
            if self.table_exists(table) and list(self.columns(table)) == list(columns):
                self.execute(f"delete from {table}")
            else:
                self.execute(f"drop table if exists {table} cascade")
                self.create_table(table, columns)
            return self.insert(table, list(columns), rows)


class Warehouse(ABC):
    """Where raw data, marts and scores live: one target of the dbt profile."""

    name: str

    def __init__(self, profile: Profile) -> None:
        """Remember the profile; nothing is opened."""
        self.profile = profile
        self.target = profile.target

    @abstractmethod
    def connect(self, *, read_only: bool = False) -> AbstractContextManager[Connection]:
        """Open a short-lived connection; close it before dbt or dlt runs. Raises WarehouseError."""

    @abstractmethod
    def exists(self) -> bool:
        """Say whether there is anything to connect to yet (a server is taken to be there)."""

    @abstractmethod
    def dlt_destination(self) -> Any:
        """Return the destination that dlt loads this warehouse through."""

    @abstractmethod
    def where(self) -> str:
        """Say where it is, for a person, without secrets."""

    @abstractmethod
    def state_url(self, state_dir: Path) -> URL:
        """Return where ledger, lock and decisions are kept, as SQLAlchemy's URL."""

    @abstractmethod
    def state_errors(self) -> AbstractContextManager[None]:
        """Turn the state database's refusals inside the block into WarehouseError."""

    @abstractmethod
    def publish(
        self, state_dir: Path, tables: Sequence[PublishedTable], stamp: Stamp, *, whole: bool
    ) -> Published:
        """Make `tables` what readers see, all together or not at all.

        whole: write every table anew, not only the rows of touched keys.
        """

    @abstractmethod
    def published(self, state_dir: Path) -> AbstractContextManager[Connection]:
        """Open what readers see (schema analytics), read-only and of one moment; works while a run goes on.

        Raises WarehouseError when nothing was ever published.
        """

    @property
    def schema_prefix(self) -> str:
        """What stands before the names of its schemas: nothing, unless it is a scratch copy."""
        return ""

    def scratch(self, prefix: str = "scratch_") -> Warehouse:
        """Return a scratch copy: this database, with `prefix` before every schema but analytics."""
        from warehouse.scratch import ScratchWarehouse

        return ScratchWarehouse(self, prefix)

    @property
    def publishes_changes(self) -> bool:
        """Whether a publish can write touched keys alone, so that they have to be collected."""
        return False

    def kept_open(self) -> AbstractContextManager[None]:
        """While it lasts, what every opening costs is paid once, where an engine has such a cost."""
        return nullcontext()

    def release(self) -> None:  # noqa: B027 - most engines hold nothing
        """Let go of what dbt keeps open in this process after it has run."""


def single_line(error: BaseException) -> str:
    """Return the first non-empty line of an error's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
