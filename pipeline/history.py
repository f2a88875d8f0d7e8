"""The metrics of earlier nights: what the gate compares a night with.

Every run's metrics are kept in the state database. A night is a UTC day whose publish succeeded; of several
publishes on one day the last one counts, so that a night that is run again is not its own history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ingestion.counts import ResourceCount
from pipeline.ledger import count_of
from pipeline.state import load_counts, metrics, runs

PUBLISHED = "published"
"""The metric that marks a run whose publish succeeded."""

SENT = "sent."
"""Begins the metric of every client, since the first night that it was there."""

LOOK_BACK = timedelta(days=120)


@dataclass(frozen=True)
class Night:
    """One published night: its clock, its metrics by name."""

    run_at: datetime
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class History:
    """The nights before `run_at`, newest first. clients: client → when a run first knew it."""

    run_at: datetime
    nights: tuple[Night, ...] = ()
    clients: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def last(self) -> Night | None:
        """The newest published night before this one."""
        return self.nights[0] if self.nights else None

    def before(self, metric: str) -> float | None:
        """Return the metric on the newest published night, None where it was not there."""
        return self.nights[0].metrics.get(metric) if self.nights else None

    def series(self, metric: str) -> list[tuple[date, float]]:
        """Return the metric's day and value on every earlier night that has it, newest first."""
        return [
            (night.run_at.date(), night.metrics[metric]) for night in self.nights if metric in night.metrics
        ]

    def new_clients(self, within: timedelta) -> list[str]:
        """Return the clients that no run knew before `within` ago, tonight's newcomers included."""
        return sorted(client for client, seen in self.clients.items() if self.run_at - seen < within)


def keep(engine: Engine, run_id: str, run_at: datetime, target: str, found: Mapping[str, float]) -> None:
    """Write a run's metrics, in place of those that an earlier attempt of it wrote."""
    key = {"run_id": run_id, "run_at": run_at, "target": target}
    rows = [key | {"metric": metric, "value": value} for metric, value in found.items()]
    with engine.begin() as connection:
        connection.execute(sa.delete(metrics).where(metrics.c.run_id == run_id))
        if rows:
            connection.execute(sa.insert(metrics), rows)


def mark_published(engine: Engine, run_id: str, run_at: datetime, target: str) -> None:
    """Remember that a run's publish succeeded; only then it is history."""
    row = {"run_id": run_id, "run_at": run_at, "target": target, "metric": PUBLISHED, "value": 1.0}
    with engine.begin() as connection:
        mine = sa.and_(metrics.c.run_id == run_id, metrics.c.metric == PUBLISHED)
        connection.execute(sa.delete(metrics).where(mine))
        connection.execute(sa.insert(metrics).values(row))


def read(engine: Engine, target: str, run_at: datetime) -> History:
    """Return the history of the night at `run_at`: only earlier UTC days, whatever ran since."""
    today = datetime.combine(run_at.astimezone(UTC).date(), time(), UTC)
    mine = metrics.c.target == target
    is_published = sa.and_(mine, metrics.c.metric == PUBLISHED)
    published = sa.select(metrics.c.run_id).where(is_published)
    query = (
        sa.select(metrics.c.run_id, metrics.c.run_at, metrics.c.metric, metrics.c.value)
        .join(runs, runs.c.run_id == metrics.c.run_id)
        .where(mine, metrics.c.run_at < today, metrics.c.run_at >= today - LOOK_BACK)
        .where(metrics.c.run_id.in_(published))
        .order_by(metrics.c.run_at, runs.c.run_number)
    )
    clients = (
        sa.select(metrics.c.metric, sa.func.min(metrics.c.run_at))
        .where(mine, metrics.c.metric.like(f"{SENT}%"), metrics.c.run_at <= run_at)
        .group_by(metrics.c.metric)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        seen = {metric.removeprefix(SENT): moment for metric, moment in connection.execute(clients)}
    return History(run_at, _nights((row.run_at, row.metric, row.value) for row in rows), seen)


def _nights(rows: Iterable[tuple[datetime, str, float]]) -> tuple[Night, ...]:
    """Fold rows, oldest first, into days; a metric that the day's last publish lacks is the one before's."""
    days: dict[date, tuple[datetime, dict[str, float]]] = {}
    for run_at, metric, value in rows:
        _, found = days.get(run_at.date(), (run_at, {}))
        found[metric] = value
        days[run_at.date()] = (run_at, found)
    return tuple(Night(*days[day]) for day in sorted(days, reverse=True))


def unjudged_counts(engine: Engine, target: str, run_id: str) -> list[ResourceCount]:
    """Return what this run counted, and what loads since the last publish did: the newest of every resource.

    What an earlier publish has judged is not judged again because a source did not load tonight.
    """
    judged = (
        sa.select(sa.func.coalesce(sa.func.max(runs.c.run_number), 0))
        .join(metrics, metrics.c.run_id == runs.c.run_id)
        .where(runs.c.target == target, metrics.c.metric == PUBLISHED, runs.c.run_id != run_id)
        .scalar_subquery()
    )
    query = (
        sa.select(load_counts)
        .join(runs, runs.c.run_id == load_counts.c.run_id)
        .where(runs.c.target == target, runs.c.run_number > judged)
        .order_by(runs.c.run_number)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    newest = {(row["source"], row["account"], row["resource"]): row for row in rows}
    return [count_of(newest[key]) for key in sorted(newest)]


def newest_loads(engine: Engine, target: str, run_at: datetime) -> dict[tuple[str, str], datetime]:
    """Return source and account → the clock of the newest run at or before `run_at` that loaded it."""
    query = (
        sa.select(load_counts.c.source, load_counts.c.account, sa.func.max(runs.c.run_at))
        .join(runs, runs.c.run_id == load_counts.c.run_id)
        .where(runs.c.target == target, runs.c.run_at <= run_at)
        .group_by(load_counts.c.source, load_counts.c.account)
    )
    with engine.connect() as connection:
        return {(source, account): moment for source, account, moment in connection.execute(query)}


def first_run(engine: Engine, target: str) -> datetime | None:
    """Return the clock of the first run on `target`."""
    query = sa.select(sa.func.min(runs.c.run_at)).where(runs.c.target == target)
    with engine.connect() as connection:
        moment: datetime | None = connection.scalar(query)
    return moment
