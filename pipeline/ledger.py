"""The ledger: what ran, on what, how long, how many rows, what it cost, why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ingestion.counts import ResourceCount
from pipeline.clock import utc_now
from pipeline.state import load_counts, requests, runs, steps
from pipeline.summary import RunSummary, StepLine
from warehouse.patience import Patience

if TYPE_CHECKING:
    from ingestion.load import LoadReport

Result = TypeVar("Result")

RUNNING = "running"
DIED = "died"

DONE = "done"
FAILED = "failed"
FAILED_AFTER_RETRY = "failed_after_retry"
TIMED_OUT = "timed_out"
NEEDS_DECISION = "needs_decision"
"""What became of a step."""

LOAD = "load"

NO_NOTES: Mapping[str, list[str]] = {"notes": [], "warnings": [], "missing": []}


@dataclass
class OpenStep:
    """A step under way; whoever does it fills in what it came to.

    made: ids of what it wrote, such as loads. notes: what the run has to tell of it.
    """

    outcome: str = DONE
    rows: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    retry_count: int = 0
    cost: str | None = None
    error: str | None = None
    notes: Mapping[str, list[str]] = field(default_factory=lambda: dict(NO_NOTES))


class Ledger:
    """Writes the rows of one run; `earlier` holds what an attempt that was cut off has finished of it."""

    def __init__(self, engine: Engine, run_id: str, patience: Patience | None = None) -> None:
        """Write into the state database `engine` as run `run_id`; patience: with a restarting server."""
        self._engine = engine
        self._patience = patience or Patience()
        self.run_id = run_id
        self.steps: list[StepLine] = []
        self.loads: list[ResourceCount] = []
        self.earlier: dict[tuple[str, str], Mapping[str, Any]] = {}

    def start(self, target: str, command: str, run_at: datetime, *, is_whole: bool = False) -> None:
        """Record that the run has started; the lock is held, so whatever else is `running` has died.

        is_whole: all stages, so that a later run can go on with it.
        """
        row = {
            "run_id": self.run_id,
            "run_at": run_at,
            "started_at": utc_now(),
            "target": target,
            "command": command,
            "is_whole": is_whole,
            "outcome": RUNNING,
        }

        def write(connection: Connection) -> None:
            bury(connection, target)
            connection.execute(sa.insert(runs).values(row))

        self._write(write)

    def go_on(self, target: str) -> None:
        """Record that the run goes on where an attempt was cut off; take over what that one finished."""

        def write(connection: Connection) -> None:
            bury(connection, target)
            values = {"outcome": RUNNING, "attempts": runs.c.attempts + 1, "error": None, "exit_code": None}
            connection.execute(
                sa.update(runs).where(runs.c.run_id == self.run_id).values(**values, finished_at=None)
            )
            mine = sa.select(steps).where(steps.c.run_id == self.run_id).order_by(steps.c.step_number)
            self.earlier = standing(dict(row) for row in connection.execute(mine).mappings())

        self._write(write)

    def begin(self, stage: str, step: str, inputs: Mapping[str, Any]) -> int:
        """Record that a step has begun; return its number."""
        row = {
            "run_id": self.run_id,
            "stage": stage,
            "step": step,
            "inputs": dict(inputs),
            "outcome": RUNNING,
            "started_at": utc_now(),
            "counts": {},
            "made": [],
            "notes": dict(NO_NOTES),
        }

        def write(connection: Connection) -> int:
            key = connection.execute(sa.insert(steps).values(row)).inserted_primary_key
            return int(key[0]) if key else 0

        return self._write(write)

    def end(self, number: int, stage: str, step: str, seconds: float, result: OpenStep) -> None:
        """Record what became of step `number`."""
        self.steps.append(
            StepLine(stage, step, result.outcome, seconds, result.rows, result.error, result.retry_count)
        )
        values = asdict(result) | {"seconds": seconds}
        self._write(lambda c: c.execute(sa.update(steps).where(steps.c.step_number == number).values(values)))

    def time_out(self, line: str) -> None:
        """Record that the step under way is left because it took too long."""
        mine = sa.and_(steps.c.run_id == self.run_id, steps.c.outcome == RUNNING)
        values = {"outcome": TIMED_OUT, "error": line}
        self._write(lambda connection: connection.execute(sa.update(steps).where(mine).values(values)))

    def keep(self, stage: str, step: str) -> Mapping[str, list[str]]:
        """Count a step of the earlier attempt as this one's; return what it had to tell."""
        row = self.earlier[stage, step]
        self.steps.append(
            StepLine(stage, step, DONE, row["seconds"] or 0.0, row["rows"], None, row["retry_count"])
        )
        if stage == LOAD:
            self._write(lambda connection: self._keep_counts(connection, step))
        return dict(row["notes"])

    def _keep_counts(self, connection: Connection, source: str) -> None:
        mine = sa.and_(load_counts.c.run_id == self.run_id, load_counts.c.source == source)
        for row in connection.execute(sa.select(load_counts).where(mine)).mappings():
            self.loads.append(count_of(row))

    def loaded(self, source: str, report: LoadReport) -> None:
        """Record what one source's load counted and what its requests cost; anew when it is repeated."""
        self.loads += report.counts
        usage = [
            {
                "run_id": self.run_id,
                "source": item.source,
                "account": item.account,
                "endpoint": endpoint,
                "calls": calls.requests,
                "retries": calls.retries,
                "throttled": calls.throttled,
                "refused": calls.refused,
                "failed": calls.failed,
                "unanswered": calls.unanswered,
                "bytes_received": calls.bytes_received,
                "seconds_waited": calls.waited_seconds,
            }
            for item in report.usage
            for endpoint, calls in sorted(item.usage.endpoints.items())
        ]

        def write(connection: Connection) -> None:
            for table in (load_counts, requests):
                mine = sa.and_(table.c.run_id == self.run_id, table.c.source == source)
                connection.execute(sa.delete(table).where(mine))
            if report.counts:
                counts = [asdict(count) | {"run_id": self.run_id} for count in report.counts]
                connection.execute(sa.insert(load_counts), counts)
            if usage:
                connection.execute(sa.insert(requests), usage)

        self._write(write)

    def finish(self, summary: RunSummary) -> None:
        """Record how the run ended."""
        values = {
            "finished_at": utc_now(),
            "outcome": summary.outcome,
            "exit_code": summary.exit_code,
            "error": summary.failures[0] if summary.failures else None,
            "summary": summary.as_json(),
        }
        self._write(
            lambda connection: connection.execute(
                sa.update(runs).where(runs.c.run_id == self.run_id).values(values)
            )
        )

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        def once() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return self._patience.attempt(once)


def standing(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the finished steps that still stand, given all rows of a run in the order they were begun.

    A step that was done again took away what followed from it; every load takes away all but the loads.
    """
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["stage"], row["step"])
        if row["stage"] == LOAD:
            found = {other: kept for other, kept in found.items() if other[0] == LOAD and other != key}
        elif key in found:
            found = dict(islice(found.items(), list(found).index(key)))
        if row["outcome"] == DONE:
            found[key] = row
    return found


def bury(connection: Connection, target: str) -> None:
    """Mark runs and steps on `target` that are `running` as died; whoever calls this holds the lock."""
    died = {"outcome": DIED, "error": "the process ended without finishing the run"}
    left = sa.and_(runs.c.target == target, runs.c.outcome == RUNNING)
    theirs = steps.c.run_id.in_(sa.select(runs.c.run_id).where(left))
    connection.execute(
        sa.update(steps)
        .where(theirs, steps.c.outcome == RUNNING)
        .values(outcome=DIED, error="the process ended in this step")
    )
    connection.execute(sa.update(runs).where(left).values(died))


def run_of(engine: Engine, target: str, run_id: str) -> dict[str, Any] | None:
    """Return the run whose id begins with `run_id`, None where there is none or more than one."""
    query = sa.select(runs).where(runs.c.target == target, runs.c.run_id.startswith(run_id, autoescape=True))
    with engine.connect() as connection:
        found = connection.execute(query.limit(2)).mappings().all()
    return dict(found[0]) if len(found) == 1 else None


def steps_of(engine: Engine, run_id: str) -> list[dict[str, Any]]:
    """Return the steps of a run in order, all attempts."""
    query = sa.select(steps).where(steps.c.run_id == run_id).order_by(steps.c.step_number)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def counts_of(engine: Engine, run_id: str) -> list[ResourceCount]:
    """Return what a run loaded."""
    query = sa.select(load_counts).where(load_counts.c.run_id == run_id)
    order = (load_counts.c.source, load_counts.c.account, load_counts.c.resource)
    with engine.connect() as connection:
        return [count_of(row) for row in connection.execute(query.order_by(*order)).mappings()]


def requests_of(engine: Engine, run_id: str) -> list[dict[str, Any]]:
    """Return what a run's requests to providers cost, one row an account and endpoint."""
    query = sa.select(requests).where(requests.c.run_id == run_id)
    order = (requests.c.source, requests.c.account, requests.c.endpoint)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(*order)).mappings()
        return [{name: value for name, value in row.items() if name != "run_id"} for row in found]


def last_runs(
    engine: Engine, target: str, limit: int = 10, without: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the newest runs on `target`, newest first; without: commands that do not count."""
    query = sa.select(runs).where(runs.c.target == target, runs.c.command.not_in(without))
    query = query.order_by(runs.c.run_number.desc()).limit(limit)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def count_of(row: sa.RowMapping) -> ResourceCount:
    """Return a row of `load_counts` without its run."""
    return ResourceCount(**{str(key): value for key, value in row.items() if key != "run_id"})


def one_line(error: BaseException) -> str:
    """Return an error as one line for a person; its type where it has no message of its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
