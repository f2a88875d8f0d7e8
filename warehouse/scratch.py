"""A scratch copy of a warehouse: the same database, every schema under a prefix.

Code that runs against a warehouse names its schemas literally. Here they are translated on their way to the
engine, in one place, so that the same code builds a copy beside the real tables and cannot touch them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.base import Connection, Row, Warehouse, WarehouseError
from warehouse.publication import Published, PublishedTable, Stamp

if TYPE_CHECKING:
    from sqlalchemy import URL

SCHEMAS = ("facts", "answers", "scoring", "intermediate", "staging", "seeds", "ops")
"""What is translated, beside every `raw_<source>`. `analytics` never is: a scratch copy has no readers."""

_NAME = rf"(?:{'|'.join(SCHEMAS)}|raw_\w+)"
_SCHEMA = re.compile(_NAME)
_TOKEN = re.compile(
    r"'(?:[^']|'')*'"  # a string literal
    r'|"(?:[^"]|"")*"'  # a quoted name
    r"|--[^\n]*|/\*.*?\*/"  # a comment
    rf'|(?<![\w.$])(?P<schema>{_NAME})(?=\.[\w"])',
    re.DOTALL,
)


def translate(sql: str, prefix: str) -> str:
    """Put `prefix` before the schemas of SCHEMAS and `raw_…` where they qualify a name in `sql`.

    Literals, quoted names, comments and names that have the prefix already stay as they are.
    """
    return _TOKEN.sub(lambda found: f"{prefix}{found[0]}" if found["schema"] else found[0], sql)


class ScratchConnection(Connection):
    """A connection that writes and reads under the prefix."""

    def __init__(self, inner: Connection, prefix: str) -> None:
        """Wrap an open connection."""
        self._inner = inner
        self._prefix = prefix

    def _table(self, table: str) -> str:
        schema, _, name = table.partition(".")
        return f"{self._schema(schema)}.{name}"

    def _schema(self, name: str) -> str:
        return f"{self._prefix}{name}" if _SCHEMA.fullmatch(name) else name

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """See Connection."""
        return self._inner.execute(translate(sql, self._prefix), params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See Connection."""
        return self._inner.rows(translate(sql, self._prefix), params)

    def stream(self, sql: str, batch: int = 10_000) -> Iterator[list[Row]]:
        """See Connection."""
        return self._inner.stream(translate(sql, self._prefix), batch)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """See Connection."""
        return self._inner.insert(self._table(table), columns, rows)

    def transaction(self) -> AbstractContextManager[None]:
        """See Connection."""
        return self._inner.transaction()

    def table_exists(self, table: str) -> bool:
        """See Connection."""
        return self._inner.table_exists(self._table(table))

    def columns(self, table: str) -> dict[str, str]:
        """See Connection."""
        return self._inner.columns(self._table(table))

    def tables(self, schema: str) -> dict[str, frozenset[str]]:
        """See Connection."""
        return self._inner.tables(self._schema(schema))

    def create_schema(self, name: str) -> None:
        """See Connection."""
        self._inner.create_schema(self._schema(name))

    def create_table(self, table: str, columns: Mapping[str, str], primary_key: Sequence[str] = ()) -> None:
        """See Connection."""
        self._inner.create_table(self._table(table), columns, primary_key)

    def replace(self, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """See Connection."""
        return self._inner.replace(self._table(table), columns, rows)


class ScratchWarehouse(Warehouse):
    """The warehouse `real` under a prefix. Nothing loads into it and nothing is published from it."""

    def __init__(self, real: Warehouse, prefix: str) -> None:
        """Open nothing. prefix: lower-case letters, digits and _, such as `scratch_`."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", prefix):
            raise WarehouseError(f"{prefix!r} is no prefix for schemas; use lower-case letters, digits and _")
        super().__init__(real.profile)
        self.name = real.name
        self.real = real
        self._prefix = prefix

    @property
    def schema_prefix(self) -> str:
        """See Warehouse."""
        return self._prefix

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[Connection]:
        """See Warehouse."""
        with self.real.connect(read_only=read_only) as connection:
            yield ScratchConnection(connection, self._prefix)

    def exists(self) -> bool:
        """See Warehouse."""
        return self.real.exists()

    def dlt_destination(self) -> Any:
        """Refuse: raw data comes in through the real warehouse alone."""
        raise WarehouseError("nothing is loaded into a scratch copy; load into the warehouse itself")

    def where(self) -> str:
        """See Warehouse."""
        return f"{self.real.where()}, schemas {self._prefix}…"

    def state_url(self, state_dir: Path) -> URL:
        """See Warehouse: ledger, lock and decisions are those of the real warehouse."""
        return self.real.state_url(state_dir)

    def state_errors(self) -> AbstractContextManager[None]:
        """See Warehouse."""
        return self.real.state_errors()

    def publish(
        self, state_dir: Path, tables: Sequence[PublishedTable], stamp: Stamp, *, whole: bool
    ) -> Published:
        """Refuse: readers see the real warehouse alone."""
        raise WarehouseError("a scratch copy is never published; run without it")

    def published(self, state_dir: Path) -> AbstractContextManager[Connection]:
        """See Warehouse: what readers see, which is never a scratch copy."""
        return self.real.published(state_dir)

    def release(self) -> None:
        """See Warehouse."""
        self.real.release()
