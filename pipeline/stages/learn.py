"""Learn: the detectors look for what converts."""

from __future__ import annotations

from functools import partial
from importlib import import_module

from pipeline.context import Context
from pipeline.errors import RunError, UsageError
from pipeline.ledger import OpenStep
from pipeline.operations import keep_clock


def run(context: Context) -> None:
    """Run the chosen detectors, or all. Raises UsageError for a name that is none."""
    from pipeline.steps import perform

    if not context.ask(lambda connection: connection.table_exists("answers.who_segments")):
        raise RunError("there are no answers to learn from; run `winnow answer` first")
    for name in check_names(context.options.detectors):
        perform(context, "learn", name, partial(_detect, context, name))


def _detect(context: Context, name: str, step: OpenStep) -> None:
    detector = import_module(f"scoring.detectors.{name}")
    with context.warehouse.connect() as connection:
        step.rows = len(detector.detect(connection, context.config, context.run_at).findings)
        keep_clock(connection, "learn", context.run_at)


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the detectors that `names` mean (none: all); raises UsageError for a name that is none."""
    from scoring.detectors import DETECTORS

    for name in names:
        if name not in DETECTORS:
            raise UsageError(f"no detector {name!r} (known: {', '.join(DETECTORS)})")
    return names or DETECTORS
