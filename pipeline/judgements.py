"""What a model or a person said of replies' texts: kept as decisions, told to the warehouse for labelling."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.clock import utc_now
from pipeline.state import reply_judgements
from scoring.reply_judgements import COLUMNS, MODEL, PERSON, TABLE, Judgement, ensure_table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as StateConnection
    from sqlalchemy.engine import Engine

    from warehouse import Connection

BATCH = 5_000


def judgement(
    text_key: str,
    method: str,
    label: Mapping[str, Any],
    *,
    decided_by: str,
    model: str | None = None,
    prompt_version: str | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """Return a row to append. label: the fields that were said. text: what a person's label is about."""
    return {
        "text_key": text_key,
        "method": method,
        "model": model,
        "prompt_version": prompt_version,
        "label": dict(label),
        "text": text,
        "decided_at": utc_now(),
        "decided_by": decided_by,
    }


def keep(state: StateConnection, rows: list[dict[str, Any]]) -> None:
    """Append judgements in the caller's transaction."""
    if rows:
        state.execute(sa.insert(reply_judgements), rows)


def by_hand(engine: Engine) -> list[dict[str, Any]]:
    """Return what people say now, a row a text with text and label: the newest of each, in order of age."""
    table = reply_judgements.c
    newest = sa.select(sa.func.max(table.number)).where(table.method == PERSON).group_by(table.text_key)
    query = sa.select(reply_judgements).where(table.number.in_(newest)).order_by(table.number)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def keys_by_hand(engine: Engine) -> set[str]:
    """Return the keys of the texts that people have labelled."""
    table = reply_judgements.c
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(table.text_key).where(table.method == PERSON).distinct()))


def by_model(engine: Engine, text_keys: Collection[str]) -> dict[str, Judgement]:
    """Return what a model said of each of these texts, the newest where it was asked more than once."""
    table, found, keys = reply_judgements.c, dict[str, Judgement](), sorted(text_keys)
    with engine.connect() as connection:
        for start in range(0, len(keys), BATCH):
            query = (
                sa.select(table.number, table.text_key, table.method, table.model, table.label)
                .where(table.method == MODEL, table.text_key.in_(keys[start : start + BATCH]))
                .order_by(table.number)
            )
            found |= {row.text_key: Judgement(**row._mapping) for row in connection.execute(query)}
    return found


def tell(
    engine: Engine, connection: Connection, *, up_to: int | None = None, as_of: datetime | None = None
) -> int:
    """Write the judgements that the warehouse does not hold yet; return how many.

    up_to: only up to this number; as_of: only those decided up to this moment. For rebuilds, which must not
    know more than what they are compared with.
    """
    ensure_table(connection)
    last = int(connection.scalar(f"select coalesce(max(number), 0) from {TABLE}"))
    table, told = reply_judgements.c, 0
    limits = [table.number <= up_to] if up_to is not None else []
    limits += [table.decided_at <= as_of] if as_of is not None else []
    while True:
        query = (
            sa.select(*(table[name] for name in COLUMNS))
            .where(table.number > last, *limits)
            .order_by(table.number)
            .limit(BATCH)
        )
        with engine.connect() as state:
            rows = [dict(row) for row in state.execute(query).mappings()]
        if not rows:
            return told
        connection.insert(
            TABLE,
            list(COLUMNS),
            [tuple((row | {"label": json.dumps(row["label"], sort_keys=True)}).values()) for row in rows],
        )
        last, told = rows[-1]["number"], told + len(rows)


def told_up_to(connection: Connection) -> int:
    """Return the number of the last judgement that the warehouse was told."""
    if not connection.table_exists(TABLE):
        return 0
    return int(connection.scalar(f"select coalesce(max(number), 0) from {TABLE}"))
