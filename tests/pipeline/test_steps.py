"""A step is recorded, tried again while its failure may pass, and done once a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from pipeline.config import Config
from pipeline.context import Context
from pipeline.errors import ChecksFailedError, RunError, StageTimeoutError
from pipeline.ledger import Ledger, OpenStep, steps_of
from pipeline.steps import perform
from pipeline.timeouts import limit
from warehouse import Warehouse

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)
RESTARTING = "server closed the connection unexpectedly"


@pytest.fixture
def context(warehouse: Warehouse, state: Engine, tmp_path: Path) -> Context:
    config = Config.model_validate(
        {
            "agency": {"name": "Test"},
            "state_dir": tmp_path / "state",
            "run": {"retries": 3, "retry_wait_seconds": 0},
        }
    )
    ledger = Ledger(state, "one")
    ledger.start(warehouse.target, "run", RUN_AT, is_whole=True)
    return Context(config, warehouse, state, ledger, RUN_AT)


def again(context: Context) -> Context:
    """The same run in another attempt."""
    ledger = Ledger(context.state, "one")
    ledger.go_on(context.warehouse.target)
    return Context(context.config, context.warehouse, context.state, ledger, RUN_AT)


def outcomes(context: Context) -> list[tuple[str, str, int]]:
    return [(row["step"], row["outcome"], row["retry_count"]) for row in steps_of(context.state, "one")]


def test_a_step_says_what_it_looked_at_and_what_it_made(context: Context) -> None:
    def work(step: OpenStep) -> None:
        step.rows, step.counts, step.cost = 3, {"landed": 3}, "2 credits"
        context.notes.warnings.append("look")

    perform(context, "load", "apollo", work, inputs={"accounts": ["main"]})
    (row,) = steps_of(context.state, "one")
    assert (row["inputs"], row["counts"], row["cost"]) == ({"accounts": ["main"]}, {"landed": 3}, "2 credits")
    assert row["notes"]["warnings"] == ["look"]


def test_trouble_that_passes_is_counted_and_told_once(context: Context) -> None:
    calls = []

    def work(_step: OpenStep) -> None:
        calls.append(1)
        context.notes.notes.append("built in full")
        if len(calls) < 3:
            raise RuntimeError(RESTARTING)

    perform(context, "build", "facts", work)
    assert outcomes(context) == [("facts", "done", 2)]
    assert context.notes.notes == ["built in full"]


def test_trouble_that_stays_has_failed_after_retries(context: Context) -> None:
    def work(_step: OpenStep) -> None:
        raise RuntimeError(RESTARTING)

    with pytest.raises(RuntimeError):
        perform(context, "build", "facts", work)
    assert outcomes(context) == [("facts", "failed_after_retry", 3)]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RunError("model x: column unknown"), "failed"),
        (ChecksFailedError("check y failed"), "needs_decision"),
        (StageTimeoutError("too long"), "timed_out"),
        (KeyboardInterrupt(), "failed"),
    ],
)
def test_other_ends_are_told_apart(context: Context, error: BaseException, outcome: str) -> None:
    def work(_step: OpenStep) -> None:
        raise error

    with pytest.raises(type(error)):
        perform(context, "build", "facts", work)
    assert outcomes(context) == [("facts", outcome, 0)]


def test_a_finished_step_is_not_done_again(context: Context) -> None:
    done: list[str] = []
    perform(context, "build", "facts", lambda _: done.append("facts"))
    second = again(context)
    perform(second, "build", "facts", lambda _: done.append("facts"))
    perform(second, "score", "leads", lambda _: done.append("leads"))
    assert done == ["facts", "leads"]
    assert [line.step for line in second.ledger.steps] == ["facts", "leads"]


def test_what_an_earlier_attempt_had_to_tell_is_told(context: Context) -> None:
    perform(context, "build", "facts", lambda _: context.notes.notes.append("built in full"))
    second = again(context)
    perform(second, "build", "facts", lambda _: None)
    assert second.notes.notes == ["built in full"]


def test_a_finished_step_whose_work_is_gone_is_done_again(context: Context) -> None:
    done: list[str] = []
    perform(context, "build", "facts", lambda _: done.append("facts"))
    perform(again(context), "build", "facts", lambda _: done.append("anew"), is_still_so=lambda _: False)
    assert done == ["facts", "anew"]


def test_what_follows_from_a_step_done_again_is_done_again(context: Context) -> None:
    done: list[str] = []
    perform(context, "load", "apollo", lambda _: done.append("apollo"))
    perform(context, "load", "hubspot", lambda step: setattr(step, "outcome", "failed"))
    perform(context, "build", "facts", lambda _: done.append("facts"))
    second = again(context)
    perform(second, "load", "apollo", lambda _: done.append("apollo"))
    perform(second, "load", "hubspot", lambda _: done.append("hubspot"))
    perform(second, "build", "facts", lambda _: done.append("facts"))
    assert done == ["apollo", "facts", "hubspot", "facts"]


def test_a_stage_that_takes_too_long_is_interrupted() -> None:
    said = r"stage load was stopped: it took longer than 0.01 s"

    def hang() -> None:
        with limit("load", 0.01, lambda _: None):
            while True:
                pass

    with pytest.raises(StageTimeoutError, match=said):
        hang()


def test_a_stage_in_time_is_left_alone() -> None:
    with limit("load", 60, lambda _: None):
        pass
