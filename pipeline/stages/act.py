"""Act: what follows from what was published: the report page."""

from __future__ import annotations

from pipeline.context import Context

REPORT = "report.html"


def run(context: Context) -> None:
    """Write the report page of the last run that published."""
    from pipeline.report import write_report
    from pipeline.summarise import summary_for_report

    path = context.config.state_dir / REPORT
    with context.ledger.step("act", "report page"):
        write_report(context.warehouse, context.config, summary_for_report(context), path)
    context.notes.report = path
