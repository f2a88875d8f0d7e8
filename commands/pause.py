"""`winnow pause` and `winnow resume`: take something out of the loads for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from commands.options import Settings, Time, common


@click.command()
@click.argument("what", required=False, metavar="[SOURCE|ACCOUNT|CLIENT|CAMPAIGN]")
@click.option("--until", "end", type=Time(), help="When it ends by itself.  [default: `winnow resume`]")
@common
def pause(settings: Settings, what: str | None, end: datetime | None) -> None:
    """Leave a source, account, client or campaign out of loads; alone, list what is left out.

    What is loaded already stays; a later load goes on where the last one ended, so that nothing is missed.
    For a paused client Apollo is neither searched nor paid.

    \b
    Example:
      winnow pause hubspot --until 2026-03-09
      winnow pause smartlead/main
      winnow pause acme
      winnow pause
    """
    from commands.show import table
    from pipeline import pauses

    if what is None:
        rows = pauses.listed(settings.config, settings.warehouse)
        columns = {"kind": "what", "name": "name", "lasts": "lasts", "paused_by": "by", "paused_at": "since"}
        shown = [row | {"lasts": pauses.until(row)} for row in rows]
        text = table(shown, columns) if rows else "nothing is paused"
        settings.show([_plain(row) for row in rows], text)
        return
    row = pauses.pause(settings.config, settings.warehouse, what, end)
    settings.show(_plain(row), f"{row['kind']} {row['name']} is paused {pauses.until(row)}")


@click.command()
@click.argument("what", metavar="SOURCE|ACCOUNT|CLIENT|CAMPAIGN")
@common
def resume(settings: Settings, what: str) -> None:
    """End a pause.

    \b
    Example:
      winnow resume hubspot
    """
    from pipeline import pauses

    row = pauses.resume(settings.config, settings.warehouse, what)
    settings.show(_plain(row), f"{row['kind']} {row['name']} is loaded again from the next run on")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    from pipeline.summarise import plain

    names = ("kind", "name", "until", "paused_at", "paused_by")
    return {name: plain(row[name]) for name in names}
