"""The ledger keeps what ran, how it went and what was counted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ingestion.counts import ResourceCount
from ingestion.jobs import AccountUsage, LoadReport
from ingestion.usage import Usage
from pipeline.ledger import Ledger, OpenStep, counts_of, last_runs, requests_of, run_of, standing, steps_of
from pipeline.state import SCHEMA, open_state, requests
from pipeline.summary import RunSummary, StepLine
from warehouse import Warehouse

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


def done(ledger: Ledger, stage: str, step: str, **result: Any) -> None:
    ledger.end(ledger.begin(stage, step, {}), stage, step, 0.5, OpenStep(**result))


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
    done(ledger, "load", "smartlead", rows=7)
    ledger.loaded("smartlead", LoadReport(counts=(count(7),)))
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


def test_a_step_is_there_while_it_is_under_way(state: Engine) -> None:
    ledger = started(state, "one")
    number = ledger.begin("load", "smartlead", {"accounts": ["main"]})
    (row,) = steps_of(state, "one")
    assert (row["outcome"], row["inputs"], row["seconds"]) == ("running", {"accounts": ["main"]}, None)
    ledger.end(number, "load", "smartlead", 1.5, OpenStep(rows=7, counts={"landed": 7}))
    (row,) = steps_of(state, "one")
    assert (row["outcome"], row["counts"], row["rows"], row["seconds"]) == ("done", {"landed": 7}, 7, 1.5)
    assert ledger.steps == [StepLine("load", "smartlead", "done", 1.5, 7)]


def test_a_step_that_was_under_way_died_with_its_run(state: Engine) -> None:
    started(state, "one").begin("build", "facts", {})
    started(state, "two")
    (row,) = steps_of(state, "one")
    assert (row["outcome"], row["error"]) == ("died", "the process ended in this step")


def test_a_run_that_is_gone_on_with_takes_over_what_was_done(state: Engine) -> None:
    first = started(state, "one")
    done(first, "load", "smartlead", rows=7, notes={"notes": ["a note"], "warnings": [], "missing": []})
    first.loaded("smartlead", LoadReport(counts=(count(7),)))
    first.begin("build", "facts", {})
    second = Ledger(state, "one")
    second.go_on("t")
    assert list(second.earlier) == [("load", "smartlead")]
    assert second.keep("load", "smartlead")["notes"] == ["a note"]
    assert second.loads == first.loads
    assert second.steps == first.steps
    (row,) = last_runs(state, "t")
    assert (row["outcome"], row["attempts"]) == ("running", 2)


def step_row(stage: str, step: str, outcome: str = "done") -> dict[str, str]:
    return {"stage": stage, "step": step, "outcome": outcome}


def test_a_step_done_again_takes_away_what_followed_from_it() -> None:
    rows = [
        step_row("load", "a"),
        step_row("build", "facts"),
        step_row("score", "replies"),
        step_row("score", "titles"),
        step_row("score", "replies", "died"),
    ]
    assert list(standing(rows)) == [("load", "a"), ("build", "facts")]


def test_a_load_takes_away_everything_but_the_other_loads() -> None:
    rows = [
        step_row("load", "a"),
        step_row("load", "b", "failed"),
        step_row("build", "facts"),
        step_row("load", "b"),
    ]
    assert list(standing(rows)) == [("load", "a"), ("load", "b")]


def test_a_failed_step_takes_nothing_away_before_it() -> None:
    rows = [step_row("load", "a"), step_row("build", "facts"), step_row("score", "replies", "failed")]
    assert list(standing(rows)) == [("load", "a"), ("build", "facts")]


def test_a_run_is_found_by_how_its_id_begins(state: Engine) -> None:
    started(state, "abc-1")
    started(state, "abd-2")
    found = run_of(state, "t", "abc")
    assert found is not None
    assert found["run_id"] == "abc-1"
    assert run_of(state, "t", "ab") is None
    assert run_of(state, "t", "x") is None
    assert run_of(state, "t", "%") is None


def test_requests_are_kept_by_account_and_endpoint(state: Engine) -> None:
    usage = Usage()
    usage.count("GET /b", requests=5, retries=1, throttled=2, bytes_received=99, waited_seconds=0.5)
    usage.count("GET /a", requests=1, failed=1)
    started(state, "one").loaded("apollo", LoadReport(usage=(AccountUsage("apollo", "main", usage),)))
    first, second = requests_of(state, "one")
    assert (first["endpoint"], first["calls"], first["failed"]) == ("GET /a", 1, 1)
    assert (second["calls"], second["throttled"], second["seconds_waited"]) == (5, 2, 0.5)
    assert (usage.requests, usage.bytes_received, usage.is_throttled) == (6, 99, True)


def test_a_ledger_of_an_earlier_release_is_taken_over(warehouse: Warehouse, tmp_path: Path) -> None:
    engine = open_state(warehouse, tmp_path)
    with engine.begin() as connection:
        requests.drop(connection)
        schema = "" if engine.dialect.name == "sqlite" else f"{SCHEMA}."
        connection.execute(
            sa.text(
                f"create table {schema}requests (run_id text, source text, account text,"
                " calls bigint not null, retries bigint not null, seconds_waited float not null,"
                " bytes_received bigint not null, primary key (run_id, source, account))"
            )
        )
        connection.execute(
            sa.text(f"insert into {schema}requests values ('old', 'apollo', 'main', 7, 0, 1.5, 10)")
        )
    engine.dispose()
    for _ in range(2):
        engine = open_state(warehouse, tmp_path)
        (row,) = requests_of(engine, "old")
        assert (row["calls"], row["endpoint"], row["throttled"], row["seconds_waited"]) == (7, "", 0, 1.5)
        engine.dispose()


def test_a_source_loaded_again_in_one_run_is_counted_once(state: Engine) -> None:
    ledger = started(state, "one")
    ledger.loaded("smartlead", LoadReport(counts=(count(7),)))
    again = Ledger(state, "one")
    again.loaded("smartlead", LoadReport(counts=(count(1, known=7),)))
    assert counts_of(state, "one") == [ResourceCount("smartlead", "main", "leads", 10, 8, 1, 7, 0, 0)]
