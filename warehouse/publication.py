"""What a publish hands to an engine: the tables, and the one row that says which run they are from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

SCHEMA = "analytics"
UNPUBLISHED_KEYS = "ops.unpublished_keys"
"""Touched keys of all builds since the last publish: (kind, key); used where only changes are written."""

PUBLICATION_COLUMNS = {"run_id": "text", "run_at": "timestamptz", "published_at": "timestamptz"}


@dataclass(frozen=True)
class PublishedTable:
    """One table to publish as analytics.`name`.

    source: where it stands in the warehouse, `schema.table`. kind, key: which touched keys its rows are
    replaced by and the column that holds them; None where the table is always written whole.
    """

    name: str
    source: str
    kind: str | None = None
    key: str | None = None


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
