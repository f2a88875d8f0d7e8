"""Metrics of the run: one number a name, kept in the ledger and judged by the gate.

Tables, columns, sources, accounts and clients are found, not listed: what is new comes under the checks by
being there. Names are `<family>.<what>`; docs/operate.md says what each family is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipeline import history
from pipeline.context import Context
from pipeline.pauses import of_load

if TYPE_CHECKING:
    from ingestion.counts import ResourceCount
    from pipeline.history import History
    from warehouse import Connection
    from warehouse.publication import PublishedTable

SCORING_KEYS = {
    "als_scores": ("lead_id", "client_id"),
    "findings": ("finding_id",),
    "tests": ("detector", "client_id", "outcome", "dimension", "value"),
}
"""Keys of the published tables that are no models of dbt's."""

A_DAY = timedelta(days=1)
LOADED_AT = "loaded_at"
Metric = tuple[str, Any]


def collect(context: Context, tables: list[PublishedTable]) -> dict[str, float]:
    """Compute tonight's metrics, keep them in the ledger, return them by name."""
    target = context.warehouse.target
    past = history.read(context.state, target, context.run_at)
    counts = history.unjudged_counts(context.state, target, context.run_id)
    keys = {**SCORING_KEYS, **context.project.keys()}
    with context.warehouse.connect(read_only=True) as connection:
        found = dict(_counted(connection, counts))
        for table in tables:
            found |= _of_table(connection, table, keys.get(table.name), past)
        found |= _of_scores(connection)
        found |= _of_clients(connection, past)
        found |= _freshness(context, connection)
    values = {name: float(value or 0) for name, value in found.items()}
    history.keep(context.state, context.run_id, context.run_at, target, values)
    return values


def _counted(connection: Connection, counts: Sequence[ResourceCount]) -> Iterator[Metric]:
    """Yield what was received, and whether the ledger and the raw tables say the same."""
    for item in counts:
        where = f"{item.source}.{item.account}.{item.resource}"
        accounted = item.landed + item.known + item.quarantined + item.duplicates
        yield f"received.{where}", item.received
        yield f"unaccounted.{where}", item.received - accounted
        if item.received:
            yield f"quarantine_rate.{where}", item.quarantined / item.received
        if item.load_id is not None:
            sql = f"select count(*) from raw_{item.source}.{item.resource} where _dlt_load_id = ?"
            yield f"lost.{where}", item.landed + item.gone - connection.scalar(sql, [item.load_id])
    for account, lines in groupby(counts, lambda item: f"{item.source}.{item.account}"):
        yield f"volume.{account}", sum(line.received for line in lines)


def _of_table(
    connection: Connection, table: PublishedTable, key: Sequence[str] | None, past: History
) -> dict[str, Any]:
    """Return a table's rows, how many are new and repeat a key, and what share of each column is null."""
    name, columns = table.source, list(connection.columns(table.source))
    filled = ", ".join(f'count("{column}") as "{column}"' for column in columns)
    (row,) = connection.rows(f"select count(*) as row_count_, {filled} from {table.source}")
    count = row["row_count_"]
    found: dict[str, Any] = {f"rows.{name}": count}
    before = past.before(f"rows.{name}")
    if before is not None:
        found[f"new.{name}"] = count - before
    if key:
        found[f"repeated.{name}"] = connection.scalar(
            f"select coalesce(sum(n - 1), 0) from"
            f" (select count(*) as n from {table.source} group by {', '.join(key)}) as by_key where n > 1"
        )
    if count:
        found |= {f"null_rate.{name}.{column}": 1 - row[column] / count for column in columns}
    return found


def _of_scores(connection: Connection) -> dict[str, Any]:
    """Return how scores are spread and whether each is within its range and the sum of its signals."""
    from scoring.als_columns import SIGNALS
    from scoring.als_points import TIERS

    source = "scoring.als_scores"
    if not connection.table_exists(source):
        return {}
    total = " + ".join((*SIGNALS, "rounding_and_cap"))
    tiers = (*TIERS, "dead")
    shares = ", ".join(f"avg(case when tier = '{tier}' then 1.0 else 0.0 end) as {tier}" for tier in tiers)
    (row,) = connection.rows(
        "select coalesce(sum(case when score between 0 and 100 then 0 else 1 end), 0) as outside,"
        f" coalesce(sum(case when {total} = score then 0 else 1 end), 0) as unexplained,"
        f" avg(1.0 * score) as mean, {shares} from {source}"
    )
    found = {"scores.outside_0_100": row["outside"], "scores.not_explained": row["unexplained"]}
    if row["mean"] is not None:
        found |= {"scores.mean": row["mean"], **{f"tiers.{tier}": row[tier] for tier in tiers}}
    return found


def _of_clients(connection: Connection, past: History) -> dict[str, Any]:
    """Return messages sent and replies that came since the last night, a client; a day where it is longer."""
    last = past.last.run_at if past.last else past.run_at - A_DAY
    days = max((past.run_at - last) / A_DAY, 1.0)
    found: dict[str, Any] = {}
    for family, table, moment in (
        ("sent", "messages", "sent_at"),
        ("replied", "received_replies", "received_at"),
    ):
        if not all(connection.table_exists(f"facts.{name}") for name in (table, "clients")):
            continue
        rows = connection.rows(
            f"select clients.client, count(events.{moment}) as n from facts.clients as clients"
            f" left join facts.{table} as events on events.client_id = clients.client_id"
            f" and events.{moment} > ? and events.{moment} <= ? group by clients.client",
            [last, past.run_at],
        )
        found |= {f"{family}.{row['client']}": row["n"] / days for row in rows}
    return found


def _freshness(context: Context, connection: Connection) -> dict[str, Any]:
    """Return the hours from every account's newest load, and newest event, to the run's clock.

    Accounts that are paused grow old because somebody wanted it.
    """
    from ingestion.sources import ALL, contracts

    target, run_at = context.warehouse.target, context.run_at
    loads = history.newest_loads(context.state, target, run_at)
    first = history.first_run(context.state, target) or run_at
    pauses = of_load(context.state, run_at)
    found: dict[str, Any] = {}
    for source in context.config.configured_sources():
        for account in context.config.sources.accounts(source):
            if pauses.of_account(source, account):
                continue
            newest = loads.get((source, account.name), first)
            found[f"freshness.load.{source}.{account.name}"] = _hours(run_at, newest)
    for source in ALL:
        events: dict[str, datetime] = {}
        for resource in contracts(source):
            for name, moment in _newest_events(connection, f"raw_{source}.{resource}", run_at):
                events[name] = max(moment, events.get(name, moment))
        found |= {f"freshness.event.{source}.{name}": _hours(run_at, at) for name, at in events.items()}
    return found


def _newest_events(connection: Connection, table: str, run_at: datetime) -> list[tuple[str, datetime]]:
    """Return each account's newest time in `table`; what lies ahead, such as a meeting, has not happened."""
    moments = [
        column
        for column, kind in connection.columns(table).items()
        if kind == "timestamp with time zone" and column != LOADED_AT and not column.startswith("_dlt")
    ]
    if not moments:
        return []
    newest = ", ".join(
        f'max(case when "{column}" <= ? then "{column}" end) as "{column}"' for column in moments
    )
    rows = connection.rows(f"select account, {newest} from {table} group by account", [run_at] * len(moments))
    found = [(row["account"], [row[name] for name in moments if row[name] is not None]) for row in rows]
    return [(account, max(times)) for account, times in found if times]


def _hours(run_at: datetime, moment: datetime) -> float:
    return max((run_at - moment).total_seconds() / 3600, 0.0)
