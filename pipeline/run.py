"""A run: the chosen stages in order, under the lock, on one clock, written into the ledger."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.clock import utc_now
from pipeline.context import Context, Options, Progress, silent
from pipeline.errors import DecisionNeededError, ExitCode, RunError, StageTimeoutError
from pipeline.ledger import Ledger, last_runs, one_line
from pipeline.repeat import REPEAT, is_past, repeat
from pipeline.resume import last_run, nights_missed, unfinished
from pipeline.stages import Stage, chosen
from pipeline.summary import RunSummary
from pipeline.timeouts import limit
from warehouse.patience import Patience, disk_full_line, is_disk_full

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.lock import Lock
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
    work: Mapping[str, Callable[[Context], None]] | None = None,
) -> RunSummary:
    """Run all stages, one, or those from one onwards, and return what came of it; faults are in the summary.

    A run of all stages goes on with the last one where that was cut off; for a night before the last build
    it repeats that night beside the present one. at: the run's clock, UTC; the present when None, which is
    the only time a run asks for it. work: what a command does in place of stages, by name, in order.
    Raises LockHeldError when another run holds the warehouse, WarehouseError
    when it cannot be reached, UsageError for options that make no sense, DecisionNeededError when only a
    person can say how to go on.
    """
    from pipeline.lock import hold
    from pipeline.state import open_state

    options = options or Options()
    _check(config, options)
    now = utc_now()
    at = at.astimezone(UTC) if at else None
    engine = open_state(warehouse, config.state_dir)
    _log_to(config.state_dir / "logs" / "winnow.log")
    ledger = Ledger(engine, str(uuid.uuid4()), Patience(config.run.retries, config.run.retry_wait_seconds))
    context = Context(config, warehouse, engine, ledger, at or now, options, progress)
    is_whole = command == "run" and only is None and from_ is None
    try:
        with hold(engine, warehouse.target, ledger.run_id, command, context.patience) as lock:
            context.patience.attempt(lambda: require_ledger(context))
            if is_whole and at is not None and context.patience.attempt(partial(is_past, warehouse, at)):
                ledger.start(warehouse.target, REPEAT, at)
                return _run(context, REPEAT, {REPEAT: repeat}, lock)
            context = _begin(context, command, at, now, is_whole=is_whole)
            lock.works_on(context.run_id)
            stages = work or {str(stage): _function(stage) for stage in chosen(only, from_)}
            return _run(context, command, stages, lock)
    except Exception as error:  # on a full disk nothing can be written to the ledger either
        if isinstance(error, RunError) or not is_disk_full(error):
            raise
        raise RunError(_disk_full(error)) from error
    finally:
        engine.dispose()


def _begin(context: Context, command: str, at: datetime | None, now: datetime, *, is_whole: bool) -> Context:
    """Open the run in the ledger: the last one where it was cut off, else a new one."""
    ledger, target = context.ledger, context.warehouse.target
    left = unfinished(context.state, target, at, now) if is_whole else None
    if left is None:
        missed = nights_missed(context.state, target, context.run_at) if is_whole else 0
        if missed:
            context.notes.notes.append(f"nights missed and caught up: {missed}")
        last = last_run(context.state, target)
        if last and last["run_at"] > context.run_at:
            context.notes.warnings.append(
                f"the clock is at {context.run_at:%Y-%m-%d %H:%M} UTC, but the last run was at"
                f" {last['run_at']:%Y-%m-%d %H:%M} UTC; if nobody asked for that, set it right"
            )
        ledger.start(target, command, context.run_at, is_whole=is_whole)
        return context
    ledger.run_id = left["run_id"]
    ledger.go_on(target)
    done = len(ledger.earlier)
    context.notes.notes.append(
        f"went on with the run of {left['started_at']:%Y-%m-%d %H:%M} UTC, which was cut off;"
        f" finished steps that were not repeated: {done}"
    )
    return replace(context, run_at=left["run_at"])


def require_ledger(context: Context) -> None:
    """Raise DecisionNeededError when the warehouse holds loads and the ledger has never heard of a run.

    Somebody lost the state database; to go on as if nothing were would buy paid answers again.
    """
    from ingestion.load import completed_loads

    warehouse = context.warehouse
    if context.options.is_new_ledger or not warehouse.exists():
        return
    if last_runs(context.state, warehouse.target, limit=1):
        return
    with warehouse.connect(read_only=True) as connection:
        loads = len(completed_loads(connection))
    if loads:
        raise DecisionNeededError(
            f"{warehouse.where()} holds {loads} loads, but the ledger and the decisions are empty: bring them"
            " back with `winnow restore FILE`, or pass --new-ledger to buy again what was paid for"
        )


def _check(config: Config, options: Options) -> None:
    """Raise UsageError for what was asked wrongly, before anything is held or written."""
    from pipeline.stages.learn import check_names
    from pipeline.stages.load import chosen_sources

    chosen_sources(config, options)
    check_names(options.detectors)


def _run(
    context: Context, command: str, stages: Mapping[str, Callable[[Context], None]], lock: Lock
) -> RunSummary:
    start = time.monotonic()
    failures: tuple[str, ...] = ()
    exit_code = ExitCode.DONE

    def finish(code: ExitCode, lines: tuple[str, ...]) -> RunSummary:
        from pipeline.summarise import summarise

        summary = summarise(context, command, code, time.monotonic() - start, lines)
        context.ledger.finish(summary)
        return summary

    try:
        with context.warehouse.kept_open():
            for name, stage in stages.items():
                lock.check()
                context.progress(name, 0, None)
                seconds = context.config.run.stage_timeout_seconds
                with limit(name, seconds, lambda line: _end(context, line)):
                    stage(context)
    except RunError as error:
        exit_code = error.exit_code
        failures = (_disk_full(error),) if is_disk_full(error) else error.lines
    except StageTimeoutError as error:
        exit_code, failures = ExitCode.FAILED, (str(error),)
    except Exception as error:
        exit_code, failures = ExitCode.FAILED, (_unexpected(error),)
        LOGGER.exception("run %s failed", context.run_id)
    except BaseException as error:  # Ctrl-C: say so in the ledger, then let it through
        finish(ExitCode.FAILED, ("interrupted; `winnow run` goes on from the last finished step",))
        raise error
    if context.notes.missing and exit_code is ExitCode.DONE:
        exit_code = ExitCode.INCOMPLETE if Stage.PUBLISH in stages else ExitCode.FAILED
    missing = tuple(line for line in context.notes.missing if line not in failures)
    return finish(exit_code, (*failures, *missing))


def _end(context: Context, line: str) -> None:
    """Record that the process ends in a stage that did not listen."""
    from pipeline.summarise import summarise

    context.ledger.time_out(line)
    context.ledger.finish(summarise(context, "run", ExitCode.FAILED, 0.0, (line,)))


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
    if is_disk_full(error):
        return _disk_full(error)
    text = one_line(error)
    return text if ours else f"{type(error).__name__}: {text}; the whole story is in logs/winnow.log"


def _disk_full(error: Exception) -> str:
    """One line, however much failed for want of room."""
    line = disk_full_line(error).rstrip(".")
    return f"{line}; free some space and run again: it goes on from the last finished step"


class _LogFile(logging.FileHandler):
    """A log that cannot be written, as on a full disk, is no reason to fill the screen."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave it."""


def _log_to(path: Path) -> None:
    """Send the log to a file; whoever runs this sees one line a problem, the rest is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = _LogFile(path)
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for logger in (LOGGER, logging.getLogger("great_expectations")):
        for handler in [handler for handler in logger.handlers if isinstance(handler, _LogFile)]:
            logger.removeHandler(handler)
            handler.close()
        logger.addHandler(log)
        logger.propagate = False
