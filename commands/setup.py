"""`winnow init` and `winnow doctor`: from nothing to a configuration that works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Settings, common

if TYPE_CHECKING:
    from pipeline.doctor import Finding

TEMPLATES = {"winnow.yml": "winnow.yml.example", "profiles.yml": "profiles.yml.example"}


@click.command()
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    show_default=True,
    help="Where to write them.",
)
def init(folder: Path, force: bool) -> None:
    """Write a winnow.yml and a profiles.yml to start from.

    \b
    Example:
      winnow init
      winnow init --folder acme/
    """
    root = Path(__file__).resolve().parent.parent
    if not force:
        for name in TEMPLATES:
            if (folder / name).exists():
                raise click.ClickException(f"{folder / name} is there already; --force writes over it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, template in TEMPLATES.items():
        (folder / name).write_text((root / template).read_text())
        click.echo(f"wrote {folder / name}")
    click.echo("edit winnow.yml, set the environment variables it names, then run `winnow doctor`")


@click.command()
@click.option("--offline", "is_offline", is_flag=True, help="Ask no provider whether the keys work.")
@common
def doctor(settings: Settings, is_offline: bool) -> None:
    """Check configuration, keys, warehouse, mappings, and what scores can reach.

    Keys are tried with requests that cost no credits.

    \b
    Example:
      winnow doctor
      winnow doctor --offline
    """
    from pipeline.doctor import examine

    findings = examine(settings.config, settings.warehouse, is_offline=is_offline)
    settings.show([finding.__dict__ for finding in findings], "\n".join(map(_line, findings)))
    if any(finding.level == "error" for finding in findings):
        raise click.exceptions.Exit(1)


def _line(finding: Finding) -> str:
    return f"{finding.level:<7} {finding.text}"
