"""Which unfinished run a new one goes on with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from pipeline.ledger import last_runs

RESUME_WITHIN = timedelta(hours=12)
"""An older unfinished run is left: a new one, with tonight's clock, loads what it has missed anyway."""

FINISHED = frozenset({"done", "incomplete", "refused"})

BESIDE = ("verify", "repeat")
"""Commands that build a scratch copy and change nothing."""


def unfinished(engine: Engine, target: str, at: datetime | None, now: datetime) -> dict[str, Any] | None:
    """Return the run to go on with: the newest on the warehouse, when it is a whole run that did not finish.

    at: the clock that was asked for; then only a run of that very clock counts. Called while the lock is
    held, so that a run that is said to be running has died.
    """
    run = last_run(engine, target)
    if run is None or not run["is_whole"] or run["outcome"] in FINISHED:
        return None
    if at is not None:
        return run if run["run_at"] == at else None
    return run if abs(now - run["started_at"]) <= RESUME_WITHIN else None


def last_run(engine: Engine, target: str) -> dict[str, Any] | None:
    """Return the newest run that worked on the warehouse itself, None before the first."""
    found = last_runs(engine, target, limit=1, without=BESIDE)
    return found[0] if found else None


def nights_missed(engine: Engine, target: str, run_at: datetime) -> int:
    """Return how many days beyond one lie between the last finished whole run and `run_at`; 0 before any."""
    for run in last_runs(engine, target, limit=100):
        if run["is_whole"] and run["outcome"] in FINISHED and run["run_at"] < run_at:
            between: timedelta = run_at.date() - run["run_at"].date()
            return max(0, between.days - 1)
    return 0
