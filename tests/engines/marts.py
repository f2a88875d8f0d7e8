"""Every mart of a warehouse as plain values, to be compared row by row."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from warehouse import Warehouse

Marts = dict[str, Counter[tuple[tuple[str, Any], ...]]]

SCHEMAS = ("facts", "answers", "scoring")
CLOCKED = {"scoring.als_scores": {"scored_at"}, "scoring.reply_labels": {"labelled_at"}}
"""Columns that say when something was worked out, not what."""


def snapshot(warehouse: Warehouse, schemas: tuple[str, ...] = SCHEMAS) -> Marts:
    """Return every table of `schemas`, each as a bag of rows."""
    with warehouse.connect() as connection:
        names = connection.rows(
            "select table_schema || '.' || table_name as name from information_schema.tables"
            f" where table_schema in ({', '.join(repr(schema) for schema in schemas)})"
        )
        tables = sorted(row["name"] for row in names)
        return {
            table: Counter(
                tuple(
                    (column, plain(value))
                    for column, value in sorted(row.items())
                    if column not in CLOCKED.get(table, ())
                )
                for row in connection.rows(f"select * from {table}")
            )
            for table in tables
        }


def plain(value: Any) -> Any:
    """Return the value in a form that is the same whichever driver it came through."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return value.normalize() + 0
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value


def differences(left: Marts, right: Marts, names: tuple[str, str]) -> list[str]:
    """Return one line a table that differs, with the first row that only one side has."""
    lines = [f"only one side has {table}" for table in sorted(left.keys() ^ right.keys())]
    for table in sorted(left.keys() & right.keys()):
        for mine, theirs, name in ((left, right, names[0]), (right, left, names[1])):
            extra = mine[table] - theirs[table]
            if extra:
                row = dict(sorted(extra, key=repr)[0])
                lines.append(f"{table}: {sum(extra.values())} rows only in {name}, such as {row}")
    return lines
