"""The ledger keeps what ran, how it went and what was counted."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ingestion.http import Usage
from ingestion.jobs import AccountUsage, LoadReport, ResourceCount
from pipeline.ledger import Ledger, last_counts, last_runs
from pipeline.state import requests, steps
from pipeline.summary import LoadLine, RunSummary, StepLine

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)


def summary(ledger: Ledger, outcome: str = "done") -> RunSummary:
    return RunSummary(
        run_id=ledger.run_id,
        run_at=RUN_AT,
        target="t",
        command="run",
        outcome=outcome,
        exit_code=0,
        seconds=1.5,
        steps=tuple(ledger.steps),
        loads=tuple(ledger.loads),
        figures={"people": 3},
        findings=({"client": "acme", "q": 0.01},),
        failures=() if outcome == "done" else ("it broke",),
    )


def started(state: Engine, run_id: str) -> Ledger:
    ledger = Ledger(state, run_id)
    ledger.start("t", "run", RUN_AT)
    return ledger


def count(landed: int, known: int = 0) -> ResourceCount:
    return ResourceCount("smartlead", "main", "leads", 10, landed + known, landed, known, 0, 0)


def test_a_run_is_there_from_its_start(state: Engine) -> None:
    started(state, "one")
    (row,) = last_runs(state, "t")
    assert (row["run_id"], row["outcome"], row["run_at"], row["finished_at"]) == (
        "one",
        "running",
        RUN_AT,
        None,
    )


def test_a_finished_run_keeps_its_summary(state: Engine) -> None:
    ledger = started(state, "one")
    with ledger.step("load", "smartlead") as step:
        step.rows = 7
    ledger.loaded(LoadReport(counts=(count(7),)))
    given = summary(ledger, "failed")
    ledger.finish(given)
    (row,) = last_runs(state, "t")
    assert (row["outcome"], row["error"]) == ("failed", "it broke")
    assert RunSummary.from_json(row["summary"]) == given


def test_a_run_left_running_is_closed_by_the_next(state: Engine) -> None:
    started(state, "one")
    started(state, "two")
    newest, before = last_runs(state, "t")
    assert (newest["run_id"], newest["outcome"]) == ("two", "running")
    assert (before["outcome"], before["error"]) == ("died", "the process ended without finishing the run")


def test_a_step_that_raises_is_recorded_as_failed(state: Engine) -> None:
    ledger = started(state, "one")
    with pytest.raises(ValueError, match="no"), ledger.step("build", "facts"):
        raise ValueError("no way\nsecond line")
    with state.connect() as connection:
        (row,) = connection.execute(sa.select(steps)).mappings().all()
    assert (row["stage"], row["outcome"], row["error"]) == ("build", "failed", "no way")
    assert isinstance(ledger.steps[0], StepLine)


def test_requests_are_kept_by_account(state: Engine) -> None:
    usage = Usage(requests=5, retries=1, throttled=0, bytes_received=99, waited_seconds=0.5)
    started(state, "one").loaded(LoadReport(usage=(AccountUsage("apollo", "main", usage),)))
    with state.connect() as connection:
        (row,) = connection.execute(sa.select(requests)).mappings().all()
    assert (row["calls"], row["bytes_received"], row["seconds_waited"]) == (5, 99, 0.5)


def test_last_counts_are_the_newest_of_every_resource(state: Engine) -> None:
    started(state, "one").loaded(LoadReport(counts=(count(7),)))
    started(state, "two").loaded(LoadReport(counts=(count(1, known=7),)))
    started(state, "three")
    assert last_counts(state, "t") == [LoadLine("smartlead", "main", "leads", 10, 8, 1, 7, 0, 0)]
    assert last_counts(state, "another target") == []
