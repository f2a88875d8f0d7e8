"""`winnow pool` and `winnow list`: people wanted, found, bought and written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands import pool_identity
from commands.options import Settings, Time, common, end_progress, leave, progress_bar

if TYPE_CHECKING:
    from pipeline.pool_requests import PoolRequest, Progress
    from pipeline.summary import RunSummary

BAR = 30
LABELS = {"known": "already known", "without_email": "without e-mail"}

at_option = click.option("--at", type=Time(), help="The run's clock, UTC.  [default: now]")
client_option = click.option("--client", required=True, help="Client, by its id in winnow.yml.")


@click.group()
def pool() -> None:
    """Buy people for a client's pool, and say which leads are one person.

    \b
    Example:
      winnow pool populate --client acme --target 50
      winnow pool merge ada@x.example ada.l@y.example
    """


for _command in (pool_identity.merge, pool_identity.split):
    pool.add_command(_command)


@pool.command()
@client_option
@click.option(
    "--target",
    "count",
    type=click.IntRange(1, 500),
    default=100,
    show_default=True,
    help="New people to buy at most.",
)
@at_option
@partial(common, target_option="--dbt-target")
def populate(settings: Settings, client: str, count: int, at: datetime | None) -> None:
    """Buy new people who fit a client, load and build them.

    First those in industries of the client's won deals, then in its industries, then all who fit its icp.
    Nobody new is an error that says why.

    \b
    Example:
      winnow pool populate --client acme
      winnow pool populate --client acme --target 50
    """
    from pipeline import pool as pools

    done = pools.populate(settings.config, settings.warehouse, client, count, at=at, progress=progress_bar())
    end_progress()
    settings.show(done.request.as_json(), request_text(done.request))
    _leave(done.summary)


@click.group(name="list")
def list_() -> None:
    """Build lists of companies and contacts for a client.

    \b
    Example:
      winnow list build --client acme --companies 50 --out-dir lists
    """


@list_.command()
@client_option
@click.option("--companies", required=True, type=click.IntRange(1, 10_000), help="Companies to list.")
@click.option(
    "--contacts-min", type=click.IntRange(1, 10), default=1, show_default=True, help="At least, a company."
)
@click.option(
    "--contacts-max", type=click.IntRange(1, 10), default=3, show_default=True, help="At most, a company."
)
@click.option(
    "--out-dir", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files."
)
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=3600.0, show_default=True, help="Seconds for buying."
)
@click.option("--notify", is_flag=True, help="Post a summary to the URL that notify_url_env names.")
@at_option
@common
def build(
    settings: Settings,
    client: str,
    companies: int,
    contacts_min: int,
    contacts_max: int,
    out_dir: Path,
    timeout: float,
    notify: bool,
    at: datetime | None,
) -> None:
    """Write companies and validated contacts nobody has written to; buy what is missing.

    Rounds of `winnow pool populate` go on until the list is full, nobody new is found or the time is up.

    \b
    Example:
      winnow list build --client acme --companies 50 --out-dir lists
      winnow list build --client acme --companies 20 --contacts-min 2 --out-dir lists --notify
    """
    from pipeline.pool_list import ListAsk, build_list

    ask = ListAsk(client, companies, out_dir, contacts_min, contacts_max, timeout, notify)
    made = build_list(settings.config, settings.warehouse, ask, at=at, progress=progress_bar())
    end_progress()
    files = [str(file) for file in made.files]
    lines = [request_text(made.request), *(f"written: {file}" for file in files)]
    settings.show(made.request.as_json() | {"files": files}, "\n".join(lines))
    if made.failed:
        _leave(made.failed)


def show_request(settings: Settings, request_id: str) -> None:
    """Print one request as bars. Raises UsageError for an id that no single request has."""
    from pipeline.pool_requests import find
    from pipeline.state import open_state

    engine = open_state(settings.warehouse, settings.config.state_dir)
    try:
        request = find(engine, settings.warehouse.target, request_id)
    finally:
        engine.dispose()
    settings.show(request.as_json(), request_text(request))


def request_text(request: PoolRequest) -> str:
    """Return a request as bars, with what it came to."""
    lines = [f"request {request.request_id}: {request.kind} for {request.client}, {_status(request)}"]
    if request.companies:
        lines.append(_bar("companies", request.companies))
    lines.append(_bar("contacts", request.contacts))
    if request.counts:
        lines.append("  " + _counts(request.counts))
    return "\n".join(lines)


def open_line(requests: list[PoolRequest]) -> str:
    """Return the requests that are not filled yet in one line."""
    parts = [
        f"{request.request_id[:8]} {request.kind} for {request.client}"
        f" {(request.companies or request.contacts).text()}"
        for request in requests
    ]
    return "open requests: " + "; ".join(parts)


def _status(request: PoolRequest) -> str:
    status = request.status.replace("_", " ")
    return f"{status}: {request.reason}" if request.reason else status


def _bar(name: str, progress: Progress) -> str:
    filled = BAR * progress.percent // 100
    return f"  {name:<10} [{'#' * filled}{'-' * (BAR - filled)}] {progress.percent:3d} %  {progress.text()}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{LABELS.get(name, name)} {count:,}" for name, count in counts.items())


def _leave(summary: RunSummary) -> None:
    """Show what the run had to tell, and leave with its exit code unless it is 0."""
    for line in (*summary.notes, *summary.warnings):
        click.echo(f"note: {line}", err=True)
    leave(summary.failures, summary.exit_code)
