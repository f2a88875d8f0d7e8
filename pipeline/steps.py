"""One step of a run: recorded when it begins and ends, tried again while its failure may pass, done once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.context import Context, Notes
from pipeline.errors import ChecksFailedError, DecisionNeededError, StageTimeoutError
from pipeline.ledger import FAILED, FAILED_AFTER_RETRY, LOAD, NEEDS_DECISION, TIMED_OUT, OpenStep, one_line
from warehouse.patience import is_transient

Work = Callable[[OpenStep], None]


def perform(
    context: Context,
    stage: str,
    step: str,
    work: Work,
    *,
    inputs: Mapping[str, Any] | None = None,
    is_still_so: Callable[[Mapping[str, Any]], bool] | None = None,
) -> None:
    """Do `work` as a step of the run, or nothing when an earlier attempt of this run has finished it.

    A step is not repeated while nothing before it was: loads stand for themselves, every other stage follows
    from those before it. inputs: what it looks at, for the ledger. is_still_so: given the ledger's row of the
    earlier attempt, says whether what the step did is still there.
    """
    if _is_done(context, stage, step) and (
        is_still_so is None or is_still_so(context.ledger.earlier[stage, step])
    ):
        context.notes.add(context.ledger.keep(stage, step))
        return
    context.begun.add(stage)
    _do(context, stage, step, work, inputs or {})


def _is_done(context: Context, stage: str, step: str) -> bool:
    if (stage, step) not in context.ledger.earlier:
        return False
    return not context.begun - ({stage} if stage == LOAD else set())


def _do(context: Context, stage: str, step: str, work: Work, inputs: Mapping[str, Any]) -> None:
    number = context.ledger.begin(stage, step, inputs)
    start, before, result, retries = time.monotonic(), context.notes.copy(), OpenStep(), 0

    def once() -> OpenStep:
        context.notes.reset(before)
        attempt = OpenStep()
        work(attempt)
        return attempt

    def count() -> None:
        nonlocal retries
        retries += 1

    try:
        result = context.patience.attempt(once, count)
    except BaseException as error:
        result.outcome, result.error = _outcome(error, retries), one_line(error)
        raise
    finally:
        result.retry_count += retries
        result.notes = _since(before, context.notes)
        context.ledger.end(number, stage, step, time.monotonic() - start, result)


def _outcome(error: BaseException, retries: int) -> str:
    if isinstance(error, StageTimeoutError):
        return TIMED_OUT
    if isinstance(error, ChecksFailedError | DecisionNeededError):
        return NEEDS_DECISION
    return FAILED_AFTER_RETRY if retries and is_transient(error) else FAILED


def _since(before: Notes, now: Notes) -> dict[str, list[str]]:
    return {
        "notes": now.notes[len(before.notes) :],
        "warnings": now.warnings[len(before.warnings) :],
        "missing": now.missing[len(before.missing) :],
    }
