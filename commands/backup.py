"""`winnow backup` and `winnow restore`: what cannot be rebuilt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Settings, common

if TYPE_CHECKING:
    from pipeline.backup import Backup


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@common
def backup(settings: Settings, file: Path) -> None:
    """Write ledger and decisions to one FILE; works while a run goes on.

    \b
    Example:
      winnow backup winnow-2026-03-06.zip
    """
    from pipeline.backup import backup as write

    _show(settings, write(settings.config, settings.warehouse, file), f"backup written to {file}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@common
def restore(settings: Settings, file: Path) -> None:
    """Put ledger and decisions from FILE into an empty state database.

    \b
    Example:
      winnow restore winnow-2026-03-06.zip
      winnow run --from build
    """
    from pipeline.backup import restore as read

    found = read(settings.config, settings.warehouse, file)
    _show(settings, found, f"restored the backup of {found.created_at:%Y-%m-%d %H:%M} UTC")


def _show(settings: Settings, found: Backup, line: str) -> None:
    rows = ", ".join(f"{count:,} {name}" for name, count in found.rows.items() if count)
    settings.show(
        {"created_at": found.created_at.isoformat(), "target": found.target, "rows": found.rows},
        f"{line}: {rows or 'nothing in it yet'}",
    )
