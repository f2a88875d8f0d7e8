"""The ledger: what ran, on what, how long, how many rows, what it cost, why it failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.clock import utc_now
from pipeline.state import load_counts, requests, runs, steps
from pipeline.summary import LoadLine, RunSummary, StepLine

if TYPE_CHECKING:
    from ingestion.load import LoadReport

RUNNING = "running"
DIED = "died"
DONE = "done"
FAILED = "failed"


@dataclass
class OpenStep:
    """A step under way; whoever does it fills in what it came to."""

    outcome: str = DONE
    rows: int | None = None
    retry_count: int = 0
    cost: str | None = None
    error: str | None = None


class Ledger:
    """Writes the rows of one run."""

    def __init__(self, engine: Engine, run_id: str) -> None:
        """Write into the state database `engine` as run `run_id`."""
        self._engine = engine
        self.run_id = run_id
        self.steps: list[StepLine] = []
        self.loads: list[LoadLine] = []

    def start(self, target: str, command: str, run_at: datetime) -> None:
        """Record that the run has started; the lock is held, so whatever else is `running` has died."""
        row = {
            "run_id": self.run_id,
            "run_at": run_at,
            "started_at": utc_now(),
            "target": target,
            "command": command,
            "outcome": RUNNING,
        }
        died = {"outcome": DIED, "error": "the process ended without finishing the run"}
        left = sa.and_(runs.c.target == target, runs.c.outcome == RUNNING)
        with self._engine.begin() as connection:
            connection.execute(sa.update(runs).where(left).values(died))
            connection.execute(sa.insert(runs).values(row))

    @contextmanager
    def step(self, stage: str, step: str) -> Iterator[OpenStep]:
        """Time one step and record it, whether it succeeds or raises."""
        open_step, started_at, start = OpenStep(), utc_now(), time.monotonic()
        try:
            yield open_step
        except BaseException as error:
            open_step.outcome, open_step.error = FAILED, one_line(error)
            raise
        finally:
            seconds = time.monotonic() - start
            self.steps.append(
                StepLine(stage, step, open_step.outcome, seconds, open_step.rows, open_step.error)
            )
            row = asdict(open_step) | {
                "run_id": self.run_id,
                "stage": stage,
                "step": step,
                "started_at": started_at,
                "seconds": seconds,
            }
            with self._engine.begin() as connection:
                connection.execute(sa.insert(steps).values(row))

    def loaded(self, report: LoadReport) -> None:
        """Record what one source's load counted and what its requests cost."""
        lines = [LoadLine(**asdict(count)) for count in report.counts]
        self.loads += lines
        with self._engine.begin() as connection:
            if lines:
                connection.execute(
                    sa.insert(load_counts), [asdict(line) | {"run_id": self.run_id} for line in lines]
                )
            for item in report.usage:
                row = {
                    "run_id": self.run_id,
                    "source": item.source,
                    "account": item.account,
                    "calls": item.usage.requests,
                    "retries": item.usage.retries,
                    "seconds_waited": item.usage.waited_seconds,
                    "bytes_received": item.usage.bytes_received,
                }
                connection.execute(sa.insert(requests).values(row))

    def finish(self, summary: RunSummary) -> None:
        """Record how the run ended."""
        values = {
            "finished_at": utc_now(),
            "outcome": summary.outcome,
            "exit_code": summary.exit_code,
            "error": summary.failures[0] if summary.failures else None,
            "summary": summary.as_json(),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.update(runs).where(runs.c.run_id == self.run_id).values(values))


def last_runs(engine: Engine, target: str, limit: int = 10) -> list[dict[str, Any]]:
    """Return the newest runs on `target`, newest first."""
    query = sa.select(runs).where(runs.c.target == target).order_by(runs.c.run_number.desc()).limit(limit)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def last_counts(engine: Engine, target: str) -> list[LoadLine]:
    """Return the newest count of every resource of every account."""
    newest = (
        sa.select(
            load_counts.c.source,
            load_counts.c.account,
            load_counts.c.resource,
            sa.func.max(runs.c.run_number).label("run_number"),
        )
        .join(runs, runs.c.run_id == load_counts.c.run_id)
        .where(runs.c.target == target)
        .group_by(load_counts.c.source, load_counts.c.account, load_counts.c.resource)
        .subquery()
    )
    query = (
        sa.select(load_counts)
        .join(runs, runs.c.run_id == load_counts.c.run_id)
        .join(
            newest,
            sa.and_(
                newest.c.source == load_counts.c.source,
                newest.c.account == load_counts.c.account,
                newest.c.resource == load_counts.c.resource,
                newest.c.run_number == runs.c.run_number,
            ),
        )
        .order_by(load_counts.c.source, load_counts.c.account, load_counts.c.resource)
    )
    with engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    return [LoadLine(**{key: value for key, value in row.items() if key != "run_id"}) for row in found]


def one_line(error: BaseException) -> str:
    """Return an error as one line for a person; its type where it has no message of its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
