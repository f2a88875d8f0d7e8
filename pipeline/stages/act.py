"""Act: what follows from what was published: the report page."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.ledger import OpenStep

REPORT = "report.html"


def run(context: Context) -> None:
    """Write the report page of the last run that published."""
    from pipeline.steps import perform

    path = context.config.state_dir / REPORT

    def write(_step: OpenStep) -> None:
        from pipeline.report import write_report
        from pipeline.summarise import summary_for_report

        write_report(context.warehouse, context.config, summary_for_report(context), path)

    perform(context, "act", "report page", write)
    context.notes.report = path
