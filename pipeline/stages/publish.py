"""Publish: the run's metrics, then the gate, then what readers see changes all together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipeline.context import Context
from pipeline.ledger import OpenStep

if TYPE_CHECKING:
    from warehouse.publication import PublishedTable


def run(context: Context) -> None:
    """Publish what was built. Raises ChecksFailedError when the gate refuses; then nothing has changed."""
    from pipeline import gate, publish
    from pipeline.steps import perform

    context.ask(gate.require_finished)
    tables = context.ask(lambda connection: publish.published_tables(context.project, connection))
    perform(context, "publish", "gate", partial(_audit, context, tables))
    perform(context, "publish", "tables", partial(_publish, context, tables))


def _audit(context: Context, tables: list[PublishedTable], step: OpenStep) -> None:
    from pipeline import gate, metrics

    found = metrics.collect(context, tables)
    step.rows = len(found)
    gate.decide(context, found)


def _publish(context: Context, tables: list[PublishedTable], step: OpenStep) -> None:
    from pipeline import history, publish

    published = publish.publish(context, tables)
    history.mark_published(context.state, context.run_id, context.run_at, context.warehouse.target)
    step.rows = sum(published.rows.values())
    context.notes.notes.extend(published.notes)
