"""A past night once more: with its clock and nothing that was loaded later, beside the present tables."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.errors import RunError

if TYPE_CHECKING:
    from pipeline.context import Context
    from warehouse import Warehouse

REPEAT = "repeat"


def is_past(warehouse: Warehouse, at: datetime) -> bool:
    """Say whether the warehouse is further than the night `at`."""
    if not warehouse.exists():
        return False
    with warehouse.connect(read_only=True) as connection:
        if not connection.table_exists("ops.current_run"):
            return False
        built_at = connection.scalar("select run_at from ops.current_run")
    return built_at is not None and at < built_at


def repeat(context: Context) -> None:
    """Build the night of `context.run_at` into scratch schemas; what is published stays as it is.

    Raises RunError when nothing was loaded by then.
    """
    from pipeline import scratch
    from pipeline.publish import published_tables
    from pipeline.summarise import numbers_of

    copy = scratch.rebuild(context, as_of=context.run_at, learns=True)
    with copy.connect(read_only=True) as connection:
        if not connection.scalar("select count(*) from ops.built_loads"):
            raise RunError(f"nothing was loaded by {context.run_at:%Y-%m-%d %H:%M} UTC; name a later night")
        tables = {table.name: table.source for table in published_tables(context.project, connection)}
        context.notes.numbers = numbers_of(connection, tables, context.run_at)
    context.notes.notes.append(
        f"the past night stands in schemas {copy.schema_prefix}facts, {copy.schema_prefix}scoring and"
        f" {copy.schema_prefix}answers until the next repeat or verify; what is published has not changed"
    )
