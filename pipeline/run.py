"""A run: the chosen stages in order, under the lock, on one clock, written into the ledger."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.clock import utc_now
from pipeline.context import Context, Options, Progress, silent
from pipeline.errors import ExitCode, RunError
from pipeline.ledger import Ledger, one_line
from pipeline.stages import Stage, chosen
from pipeline.summary import RunSummary

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Warehouse

LOGGER = logging.getLogger("winnow")


def run(
    config: Config,
    warehouse: Warehouse,
    *,
    command: str = "run",
    only: Stage | None = None,
    from_: Stage | None = None,
    at: datetime | None = None,
    options: Options | None = None,
    progress: Progress = silent,
) -> RunSummary:
    """Run all stages, one, or those from one onwards, and return what came of it; faults are in the summary.

    at: the run's clock, UTC; the present when None, which is the only time a run asks for it. Raises
    LockHeldError when another run holds the warehouse, WarehouseError when it cannot be reached, UsageError
    for options that make no sense.
    """
    from pipeline.lock import hold
    from pipeline.state import open_state

    options = options or Options()
    _check(config, options)
    run_at = (at or utc_now()).astimezone(UTC)
    engine = open_state(warehouse, config.state_dir)
    _log_to(config.state_dir / "logs" / "winnow.log")
    ledger = Ledger(engine, str(uuid.uuid4()))
    context = Context(config, warehouse, engine, ledger, run_at, options, progress)
    try:
        with hold(engine, warehouse.target, ledger.run_id, command) as still_held:
            ledger.start(warehouse.target, command, run_at)
            return _run(context, command, chosen(only, from_), still_held)
    finally:
        engine.dispose()


def _check(config: Config, options: Options) -> None:
    """Raise UsageError for what was asked wrongly, before anything is held or written."""
    from pipeline.stages.learn import check_names
    from pipeline.stages.load import chosen_sources

    chosen_sources(config, options)
    check_names(options.detectors)


def _run(
    context: Context, command: str, stages: Sequence[Stage], still_held: Callable[[], None]
) -> RunSummary:
    from pipeline.summarise import summarise

    start = time.monotonic()
    failures: tuple[str, ...] = ()
    exit_code = ExitCode.DONE
    try:
        for stage in stages:
            still_held()
            context.progress(str(stage), 0, None)
            _function(stage)(context)
    except RunError as error:
        exit_code, failures = error.exit_code, error.lines
    except Exception as error:
        exit_code, failures = ExitCode.FAILED, (_unexpected(error),)
        LOGGER.exception("run %s failed", context.run_id)
    except BaseException as error:  # Ctrl-C: say so in the ledger, then let it through
        summary = summarise(context, command, ExitCode.FAILED, time.monotonic() - start, ("interrupted",))
        context.ledger.finish(summary)
        raise error
    if context.notes.missing and exit_code is ExitCode.DONE:
        exit_code = ExitCode.INCOMPLETE if Stage.PUBLISH in stages else ExitCode.FAILED
    missing = tuple(line for line in context.notes.missing if line not in failures)
    summary = summarise(context, command, exit_code, time.monotonic() - start, (*failures, *missing))
    context.ledger.finish(summary)
    return summary


def _function(stage: Stage) -> Callable[[Context], None]:
    from pipeline.stages import act, build, learn, load, publish, score

    return {
        Stage.LOAD: load.run,
        Stage.BUILD: build.build,
        Stage.SCORE: score.run,
        Stage.ANSWER: build.answer,
        Stage.LEARN: learn.run,
        Stage.PUBLISH: publish.run,
        Stage.ACT: act.run,
    }[stage]


def _unexpected(error: Exception) -> str:
    """One line for a person; errors of our own say what to do, others get their type before them."""
    ours = type(error).__module__.split(".")[0] in {"warehouse", "ingestion", "scoring", "pipeline"}
    text = one_line(error)
    return text if ours else f"{type(error).__name__}: {text}; the whole story is in logs/winnow.log"


def _log_to(path: Path) -> None:
    """Send the log to a file; whoever runs this sees one line a problem, the rest is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        handler.close()
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
