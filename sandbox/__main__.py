"""`python -m sandbox`: serve a simulated agency until interrupted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import click

from sandbox.params import DEFAULT_EFFECTS, Params
from sandbox.server import serve
from sandbox.simulate import simulate


@click.command()
@click.option("--leads", default=2000, show_default=True, help="People enrolled within the history.")
@click.option("--days", default=60, show_default=True, help="Length of the history.")
@click.option("--seed", default=7, show_default=True, help="Another seed, another agency.")
@click.option("--no-effects", is_flag=True, help="Let nothing about a person change how they answer.")
@click.option("--port", default=0, help="Port on 127.0.0.1; any free one by default.")
@click.option(
    "--at", "moment", help="Moment whose state is served, such as 2026-03-06T02:00; default: the last night."
)
@click.option("--speed", default=1.0, show_default=True, help="How much faster rate-limit windows pass.")
def main(
    leads: int, days: int, seed: int, no_effects: bool, port: int, moment: str | None, speed: float
) -> None:
    """Serve a simulated agency as Apollo, Smartlead and HubSpot.

    Example: python -m sandbox --leads 500 --speed 60 --port 8080
    """
    params = Params(leads=leads, days=days, seed=seed, effects=() if no_effects else DEFAULT_EFFECTS)
    as_of = params.night()
    if moment is not None:
        try:
            as_of = datetime.fromisoformat(moment)
        except ValueError as error:
            raise click.BadParameter(
                f"{moment!r} is no time such as 2026-03-06T02:00", param_hint="--at"
            ) from error
        as_of = as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    with serve(simulate(params), as_of=as_of, speed=speed, port=port) as server:
        click.echo(server.url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)


if __name__ == "__main__":
    main()
