"""Publish: the run's metrics, then the gate, then what readers see changes all together."""

from __future__ import annotations

from pipeline.context import Context


def run(context: Context) -> None:
    """Publish what was built. Raises ChecksFailedError when the gate refuses; then nothing has changed."""
    from pipeline import gate, metrics, publish

    with context.warehouse.connect() as connection:
        gate.require_finished(connection)
        tables = publish.published_tables(context.project.models(), connection)
    with context.ledger.step("publish", "gate") as step:
        found = metrics.collect(context, tables)
        step.rows = len(found)
        gate.decide(context, found)
    with context.ledger.step("publish", "tables") as step:
        published = publish.publish(context, tables)
        step.rows = sum(published.rows.values())
    context.notes.notes.extend(published.notes)
