"""Load: from providers or a folder into `raw_<source>`. One source's outage does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.context import Context, Options
from pipeline.errors import RunError, UsageError

if TYPE_CHECKING:
    from pipeline.config import Config


def run(context: Context) -> None:
    """Load every chosen source; failures become notes, unless nothing at all could be loaded (RunError)."""
    from ingestion.load import LoadRequest, ensure_tables, load_source
    from pipeline.decisions import PaidAnswerStore

    options, state_dir = context.options, context.config.state_dir
    sources = chosen_sources(context.config, options)
    request = LoadRequest(
        run_at=context.run_at,
        state_dir=state_dir,
        since=options.since,
        until=options.until,
        limit=options.limit,
        files_dir=options.files_dir,
    )
    ensure_tables(context.warehouse)
    answers = PaidAnswerStore(context.state)
    failed, accounts = 0, 0
    for source in sources:
        counter = _Counter(context, source)
        before = answers.spent
        with context.ledger.step("load", source) as step:
            report = load_source(source, context.config, context.warehouse, answers, request, counter.add)
            context.ledger.loaded(report)
            step.rows = sum(count.landed for count in report.counts)
            step.cost = f"{answers.spent - before} credits" if answers.spent > before else None
            if report.failures:
                step.outcome, step.error = "failed", report.failures[0].error
        context.notes.missing += [failure.error for failure in report.failures]
        failed += len({failure.account for failure in report.failures})
        accounts += 1 if source == "files" else len(context.config.sources.accounts(source))
    if accounts and failed == accounts:
        raise RunError(*context.notes.missing)


def chosen_sources(config: Config, options: Options) -> tuple[str, ...]:
    """Return the sources that a call loads; raises UsageError for one without an account."""
    configured = config.configured_sources()
    if options.files_dir is not None:
        if not options.files_dir.is_dir():
            raise UsageError(f"{options.files_dir} is no folder; name the one with your files")
        return ("files",)
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
