"""`winnow verify`: the marts against a rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import Settings, common, end_progress, leave, progress_bar

if TYPE_CHECKING:
    from pipeline.verify import Verification


@click.command()
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Rebuild N random leads alone.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Print at most so many differing rows; all are counted.",
)
@click.option("--keep", "keeps", is_flag=True, help="Keep the rebuilt schemas (scratch_…) for looking into.")
@common
def verify(settings: Settings, sample: int | None, limit: int, keeps: bool) -> None:
    """Rebuild the last night beside the warehouse, and compare every mart row by row.

    From raw data and decisions, with the clock of the last build and the loads that it had. Exit codes: 0 all
    is equal, 1 rows differ (each is a line with its key) or it could not be done, 75 another run holds the
    warehouse.

    \b
    Example:
      winnow verify
      winnow verify --sample 1000
    """
    from pipeline.verify import verify as run_verify

    found = run_verify(
        settings.config,
        settings.warehouse,
        sample=sample,
        limit=limit,
        keeps=keeps,
        progress=progress_bar(),
    )
    end_progress()
    settings.show(found.as_json(), text(found))
    leave(found.failures, found.exit_code)


def text(found: Verification) -> str:
    """Return what a person reads: one line when all is equal, else a line a differing row."""
    if found.failures:
        return f"nothing was verified ({found.seconds:.1f} s)"
    of = "every lead" if found.leads is None else f"{found.leads:,} leads"
    night = f"{found.run_at:%Y-%m-%d %H:%M} UTC" if found.run_at else "the last night"
    rows = sum(table.rows for table in found.tables)
    counts = ", ".join(f"{table.table} {table.rows:,}" for table in found.tables)
    head = f"verified {night}, {of}: {rows:,} rows of {len(found.tables)} tables in {found.seconds:.1f} s"
    notes = "".join(f"\nnote: {note}" for note in found.notes)
    if not found.differing:
        return f"{head}, all equal to a rebuild: {counts}{notes}"
    lines = [difference.line for difference in found.differences]
    shown = sum(difference.count for difference in found.differences)
    left = found.differing - shown
    lines += [f"… and {left:,} more; --limit shows them"] if left > 0 else []
    return (
        "\n".join([f"{head}, {found.differing:,} differ from a rebuild", *(f"  {x}" for x in lines)]) + notes
    )
