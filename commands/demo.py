"""`winnow demo`: see it work on a simulated agency whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import end_progress, progress_bar

if TYPE_CHECKING:
    from sandbox.demo import Night


@click.command()
@click.option("--leads", type=click.IntRange(1), default=2000, show_default=True, help="People contacted.")
@click.option("--days", type=click.IntRange(1), default=60, show_default=True, help="Length of the history.")
@click.option("--seed", default=7, show_default=True, help="Another seed, another agency.")
@click.option("--nights", type=click.IntRange(1, 40), default=1, show_default=True, help="Nights to run.")
@click.option("--no-effects", is_flag=True, help="Let nothing about a person change how they answer.")
@click.option(
    "--target", type=click.Choice(("duckdb", "postgres")), default="duckdb", show_default=True, help="Engine."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where to keep it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def demo(
    leads: int,
    days: int,
    seed: int,
    nights: int,
    no_effects: bool,
    target: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Run everything on a simulated agency and compare the result with its truth.

    \b
    Example:
      winnow demo
      winnow demo --target postgres --nights 2
      winnow demo --no-effects
    """
    import json

    from sandbox.demo import effects_of
    from sandbox.demo import nights as run_nights
    from sandbox.params import Params

    place = folder / (f"{target}-no-effects" if no_effects else target)
    params = Params(leads=leads, days=days, seed=seed, effects=effects_of(is_on=not no_effects))

    def show(night: Night) -> None:
        end_progress()
        if not as_json:
            click.echo(_night_text(night))

    done = run_nights(
        place.resolve(), target=target, params=params, count=nights, progress=progress_bar(), on_night=show
    )
    is_right = all(night.is_right for night in done)
    if as_json:
        value = {
            "is_right": is_right,
            "nights": [
                {"summary": night.summary.as_json(), "truth": [line.__dict__ for line in night.lines]}
                for night in done
            ],
        }
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    elif is_right:
        click.echo(f"look at the report page: {done[-1].summary.report}")
    else:
        click.echo("error: winnow's numbers differ from the sandbox's truth", err=True)
    if not is_right:
        raise click.exceptions.Exit(1)


def _night_text(night: Night) -> str:
    from commands.show import summary_text, table

    lines = [summary_text(night.summary)]
    lines += [f"error: {line}" for line in night.summary.failures]
    rows = [
        {"name": line.name, "found": line.found, "true": line.true, "is_right": "=" if line.is_right else "≠"}
        for line in night.lines
    ]
    columns = {"name": "", "found": "winnow says", "is_right": "", "true": "true"}
    return "\n".join([*lines, "", table(rows, columns), ""])
