"""What a publish hands to an engine: the tables, and the one row that says which run they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SCHEMA = "analytics"
UNPUBLISHED_KEYS = "ops.unpublished_keys"
"""Touched keys of all builds since the last publish: (kind, key); used where only changes are written."""

CLIENT_COLUMNS = "ops.client_columns"
"""What a client may read of its rows of what is published: (table_name, column_name); changes with it."""

CLIENT_COLUMNS_COLUMNS = {"table_name": "text", "column_name": "text"}

GRANTS = "ops.grants"
"""Which role reads for which client; kept with the decisions, see pipeline/state.py."""

PUBLICATION = "publication"
PUBLICATION_COLUMNS = {"run_id": "text", "run_at": "timestamptz", "published_at": "timestamptz"}


@dataclass(frozen=True)
class Declared:
    """What the project declares of a table's rows.

    primary_key: the columns that name a row, where none is ever null; unique: those, where one may be.
    values: of a column, all that it may hold beside null. indexes: columns that readers look rows up by.
    """

    primary_key: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class PublishedTable:
    """One table to publish as analytics.`name`.

    source: where it stands in the warehouse, `schema.table`. kind, key: which touched keys its rows are
    replaced by and the column that holds them; None where the table is always written whole.
    withheld: columns that no client may read; None where that is the whole table.
    declared: what holds for all its rows.
    """

    name: str
    source: str
    kind: str | None = None
    key: str | None = None
    withheld: frozenset[str] | None = frozenset()
    declared: Declared = Declared()

    def client_columns(self, columns: Mapping[str, str]) -> list[str]:
        """Return those of `columns` (name to type) that a client may read in its rows.

        Only a table that says whose each row is has any: one with a `client_id` that is a key.
        """
        if self.withheld is None or columns.get("client_id") != "uuid":
            return []
        return [name for name in columns if name not in self.withheld]


@dataclass(frozen=True)
class Stamp:
    """The row of analytics.publication; it changes together with the tables."""

    run_id: str
    run_at: datetime
    published_at: datetime


@dataclass(frozen=True)
class Published:
    """What a publish did: rows a table, and what a person should know (such as a table made anew)."""

    rows: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
