"""Load: from providers or a folder into `raw_<source>`. One source's outage does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import drift
from pipeline.context import Context, Options
from pipeline.errors import RunError, UsageError
from pipeline.ledger import FAILED, FAILED_AFTER_RETRY, OpenStep
from warehouse.patience import is_disk_full

if TYPE_CHECKING:
    from pipeline.config import Config

FILES = "files"

READING_SHARE = 0.8
"""Of the stage's time; the rest is for landing what was read."""


def run(context: Context) -> None:
    """Load every chosen source; failures become notes, unless nothing at all could be loaded (RunError)."""
    from ingestion.load import ensure_tables
    from pipeline.stages.build import prepare_by_hand
    from pipeline.steps import perform

    sources = chosen_sources(context.config, context.options)
    context.patience.attempt(lambda: ensure_tables(context.warehouse))
    end = time.monotonic() + READING_SHARE * context.config.run.stage_timeout_seconds
    for number, source in enumerate(sources):
        seconds = (end - time.monotonic()) / (len(sources) - number)
        perform(
            context,
            "load",
            source,
            partial(_load, context, source, seconds),
            inputs=_inputs(context, source),
            is_still_so=partial(_is_there, context),
        )
    accounts = sum(_account_count(context, source) for source in sources)
    if accounts and len(context.notes.missing) >= accounts:
        raise RunError(*context.notes.missing)
    context.patience.attempt(lambda: prepare_by_hand(context))


def _load(context: Context, source: str, seconds: float, step: OpenStep) -> None:
    from ingestion.load import LoadRequest, load_source
    from pipeline.decisions import PaidAnswerStore
    from pipeline.pauses import of_load

    options, answers = context.options, PaidAnswerStore(context.state)
    request = LoadRequest(
        run_at=context.run_at,
        state_dir=context.config.state_dir,
        since=options.since,
        until=options.until,
        limit=options.limit,
        files_dir=options.files_dir,
        files_account=options.files_account,
        patience=context.patience,
        seconds=seconds,
        pauses=of_load(context.state, context.run_at),
        order=options.order,
    )
    counter = _Counter(context, source)
    report = load_source(source, context.config, context.warehouse, answers, request, counter.add)
    context.ledger.loaded(source, report)
    context.notes.notes += drift.keep(context.state, context.warehouse.target, context.run_at, report.fields)
    step.counts = {
        name: sum(getattr(count, name) for count in report.counts)
        for name in ("received", "landed", "known", "quarantined", "duplicates", "gone")
    }
    step.rows = step.counts["landed"]
    step.made = list(report.load_ids)
    step.retry_count = report.retries + sum(item.usage.retries for item in report.usage)
    step.cost = f"{answers.spent} credits" if answers.spent else None
    context.notes.notes += report.notes
    if report.failures:
        gave_up = any(failure.transient for failure in report.failures) and step.retry_count
        step.outcome = FAILED_AFTER_RETRY if gave_up else FAILED
        step.error = report.failures[0].error
        if is_disk_full(RunError(step.error)):  # no other stage would get further
            raise RunError(step.error)
        context.notes.missing += [failure.error for failure in report.failures]


def _inputs(context: Context, source: str) -> dict[str, Any]:
    options = context.options
    accounts = (
        [] if source == FILES else [account.name for account in context.config.sources.accounts(source)]
    )
    given = {
        "accounts": accounts,
        "files": str(options.files_dir) if source == FILES else None,
        "since": options.since.isoformat() if options.since else None,
        "until": options.until.isoformat() if options.until else None,
        "limit": options.limit,
    }
    return {name: value for name, value in given.items() if value}


def _account_count(context: Context, source: str) -> int:
    return 1 if source == FILES else len(context.config.sources.accounts(source))


def _is_there(context: Context, row: Mapping[str, Any]) -> bool:
    """Say whether the warehouse still has what an earlier attempt loaded."""
    from ingestion.load import completed_loads

    return set(row["made"]) <= set(context.ask(completed_loads))


def chosen_sources(config: Config, options: Options) -> tuple[str, ...]:
    """Return the sources that a call loads; raises UsageError for one without an account."""
    configured = config.configured_sources()
    if options.files_dir is not None:
        if not options.files_dir.is_dir():
            raise UsageError(f"{options.files_dir} is no folder; name the one with your files")
        return (FILES,)
    for source in options.sources:
        if source not in configured:
            known = ", ".join(configured) or "none"
            raise UsageError(f"winnow.yml has no account of {source!r} (it has: {known})")
    return options.sources or configured


class _Counter:
    """Turns the records that a source reports as taken into progress."""

    def __init__(self, context: Context, source: str) -> None:
        self._context, self._source, self._count = context, source, 0

    def add(self, _resource: str, count: int) -> None:
        self._count += count
        self._context.progress(f"load {self._source}", self._count, None)
