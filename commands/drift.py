"""`winnow drift`: how what providers send has changed."""

from __future__ import annotations

import click

from commands.options import Settings, common

COLUMNS = {
    "source": "source",
    "account": "account",
    "resource": "resource",
    "field": "field",
    "change": "change",
    "since": "since",
    "share": "records that had it",
}


@click.command()
@click.option("--all", "is_all", is_flag=True, help="Also fields that no contract names from the start on.")
@common
def drift(settings: Settings, is_all: bool) -> None:
    """List fields that are new since a resource's first load, and those that no longer come.

    New fields are kept in the raw tables' `attributes`; one that is gone may have been renamed.

    \b
    Example:
      winnow drift
      winnow drift --all --json
    """
    from commands.show import table
    from pipeline.drift import report
    from pipeline.summarise import plain

    rows = report(settings.config, settings.warehouse, is_all=is_all)
    shown = [row | {"share": f"{row['filled']:,} of {row['records']:,}"} for row in rows]
    settings.show(
        [{name: plain(value) for name, value in row.items()} for row in rows],
        table(shown, COLUMNS) if rows else "no field has changed",
    )
