"""Metrics of the run: one row a number, kept in ops.run_metrics and judged by the gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.context import Context
from pipeline.ledger import last_counts

if TYPE_CHECKING:
    from warehouse import Connection
    from warehouse.publication import PublishedTable

TABLE = "ops.run_metrics"
COLUMNS = {"run_id": "text", "run_at": "timestamptz", "metric": "text", "value": "decimal(24, 6)"}

UNIQUE = {
    "lead_pool": "lead_id",
    "companies": "company_id",
    "campaigns": "campaign_id",
    "messages": "message_id",
    "replies": "reply_id",
    "meetings": "meeting_id",
    "deals": "deal_id",
    "leads": "client_lead_id",
}
"""Published table → the column that names its rows."""

FILLED = (("messages", "lead_id"), ("messages", "sent_at"), ("replies", "lead_id"), ("leads", "score"))
"""Published table and a column whose share of nulls is watched."""

Metric = tuple[str, Any]


def collect(context: Context, tables: list[PublishedTable]) -> dict[str, float]:
    """Compute tonight's metrics, keep them in the warehouse, return them by name."""
    found: dict[str, float] = {}
    with context.warehouse.connect() as connection:
        for name, value in _all(context, connection, {table.name: table.source for table in tables}):
            found[name] = float(value or 0)
        connection.create_table(TABLE, COLUMNS)
        with connection.transaction():
            connection.execute(f"delete from {TABLE} where run_id = ?", [context.run_id])
            connection.insert(TABLE, list(COLUMNS), _rows(context.run_id, context.run_at, found))
    return found


def _rows(run_id: str, run_at: datetime, metrics: dict[str, float]) -> Iterator[tuple[Any, ...]]:
    from decimal import Decimal

    for name, value in metrics.items():
        yield run_id, run_at, name, Decimal(f"{value:.6f}")


def _all(context: Context, connection: Connection, sources: dict[str, str]) -> Iterator[Metric]:
    for name, source in sources.items():
        yield f"rows.{name}", connection.scalar(f"select count(*) from {source}")
    for name, column in UNIQUE.items():
        if name in sources:
            sql = f"select count(*) - count(distinct {column}) from {sources[name]}"
            yield f"repeated.{name}.{column}", connection.scalar(sql)
    for name, column in FILLED:
        if name in sources:
            sql = f"select avg(case when {column} is null then 1.0 else 0.0 end) from {sources[name]}"
            yield f"null_rate.{name}.{column}", connection.scalar(sql)
    if "als_scores" in sources:
        yield from _scores(connection, sources["als_scores"])
    for count in last_counts(context.state, context.warehouse.target):
        accounted = count.landed + count.known + count.quarantined + count.duplicates
        yield f"unaccounted.{count.source}.{count.account}.{count.resource}", count.received - accounted
        if count.received:
            name = f"quarantine_rate.{count.source}.{count.account}.{count.resource}"
            yield name, count.quarantined / count.received


def _scores(connection: Connection, source: str) -> Iterator[Metric]:
    from scoring.als_columns import SIGNALS

    outside = connection.scalar(
        f"select count(*) from {source} where score < 0 or score > 100 or score is null"
    )
    yield "scores.outside_0_100", outside
    total = " + ".join((*SIGNALS, "rounding_and_cap"))
    yield "scores.not_explained", connection.scalar(f"select count(*) from {source} where {total} <> score")
