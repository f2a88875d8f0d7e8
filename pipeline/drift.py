"""Drift: how the records that providers send come to differ from what they were.

A field that the contract does not name is kept in `attributes`; a field that was filled and no longer is, is
the sign of a changed name. Both are told when they first happen and listed by `winnow drift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ingestion.counts import FieldCount
from pipeline.state import fields, open_state

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from pipeline.config import Config
    from warehouse import Warehouse

Row = dict[str, Any]
Place = tuple[str, str, str]

MOSTLY = 0.9
ENOUGH = 20
"""A field that at least MOSTLY of the records had is gone when none of ENOUGH has it."""

SHOWN = 5
NEW, GONE, KEPT = "new", "gone", "kept"


def keep(engine: Engine, target: str, run_at: datetime, counts: Sequence[FieldCount]) -> list[str]:
    """Add what a load counted to what was known of every resource; return a line for whatever changed."""
    lines: list[str] = []
    with engine.begin() as connection:
        for place, group in groupby(counts, lambda count: (count.source, count.account, count.resource)):
            lines += _changed(connection, target, run_at, place, list(group))
    return lines


def report(config: Config, warehouse: Warehouse, *, is_all: bool = False) -> list[Row]:
    """Return the fields that are new since a resource's first load, or gone; is_all: every undeclared one.

    Each with source, account, resource, field, `change` (new, gone, kept), `since`, filled and records.
    """
    engine = open_state(warehouse, config.state_dir)
    names = ("source", "account", "resource", "field", "is_declared")
    query = sa.select(fields).where(fields.c.target == warehouse.target)
    try:
        with engine.connect() as connection:
            found = connection.execute(query.order_by(*(fields.c[name] for name in names))).mappings()
            rows = [dict(row) for row in found]
    finally:
        engine.dispose()
    shown: list[Row] = []
    for _, group in groupby(rows, lambda row: (row["source"], row["account"], row["resource"])):
        mine = list(group)
        first = min(row["first_seen_at"] for row in mine)
        for row in mine:
            change = _change(row, first)
            if change in (NEW, GONE) or (is_all and change == KEPT):
                shown.append(
                    {name: row[name] for name in (*names, "filled", "records")}
                    | {"change": change, "since": row["missing_since"] or row["first_seen_at"]}
                )
    return shown


def _change(row: Row, first: datetime) -> str | None:
    if row["missing_since"] is not None:
        return GONE
    if row["is_declared"]:
        return None
    return NEW if row["first_seen_at"] > first else KEPT


def _changed(
    connection: Connection, target: str, run_at: datetime, place: Place, counts: list[FieldCount]
) -> list[str]:
    source, account, resource = place
    mine = sa.and_(
        fields.c.target == target,
        fields.c.source == source,
        fields.c.account == account,
        fields.c.resource == resource,
    )
    held = {
        (row["field"], row["is_declared"]): dict(row)
        for row in connection.execute(sa.select(fields).where(mine)).mappings()
    }
    key = {"target": target, "source": source, "account": account, "resource": resource}
    now = {(count.field, count.is_declared): count for count in counts}
    records = counts[0].records
    fresh, gone, rows = [], [], []
    for name in sorted({*held, *now}):
        before = held.get(name)
        filled = now[name].filled if name in now else 0
        if before is None and not filled:
            continue
        row = before or {**key, "field": name[0], "is_declared": name[1], "filled": 0, "records": 0}
        row |= _seen(row, run_at, filled, records)
        if before is None and held and not name[1]:
            fresh.append(name[0])
        elif row["missing_since"] == run_at:
            gone.append(name[0])
        rows.append(row)
    connection.execute(sa.delete(fields).where(mine))
    connection.execute(sa.insert(fields), rows)
    where = f"{source} account {account}: {resource}"
    lines = [f"{where} has new fields, kept in attributes: {_listed(fresh)}"] if fresh else []
    return lines + ([f"{where} no longer has {_listed(gone)}; was it renamed?"] if gone else [])


def _seen(row: Row, run_at: datetime, filled: int, records: int) -> Row:
    """Return what changes in a field's row after a load of so many records."""
    added = {"filled": row["filled"] + filled, "records": row["records"] + records}
    if filled:
        first = row.get("first_seen_at", run_at)
        return {**added, "first_seen_at": first, "last_seen_at": run_at, "missing_since": None}
    if row["missing_since"] is None and _is_missing(row["filled"], row["records"], records):
        return {"missing_since": run_at}
    return added if row["missing_since"] is None else {}


def _is_missing(filled: int, known: int, records: int) -> bool:
    return known >= ENOUGH and filled >= MOSTLY * known and records >= ENOUGH


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - SHOWN} more (`winnow drift`)" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
