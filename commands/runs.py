"""`winnow runs`: the ledger, for people; it can be read while a run goes on."""

from __future__ import annotations

from typing import Any

import click

from commands.options import Settings, common
from commands.show import table

STEP_COLUMNS = {
    "stage": "stage",
    "step": "step",
    "outcome": "outcome",
    "seconds": "seconds",
    "rows": "rows",
    "retry_count": "retries",
    "cost": "cost",
    "error": "error",
}
LOAD_COLUMNS = {
    "source": "source",
    "account": "account",
    "resource": "resource",
    "received": "received",
    "landed": "landed",
    "known": "known",
    "quarantined": "quarantined",
    "duplicates": "duplicates",
}
KEYS = ("source", "account", "endpoint")
REQUEST_COLUMNS = {
    "source": "source",
    "account": "account",
    "endpoint": "endpoint",
    "calls": "calls",
    "retries": "again",
    "throttled": "429",
    "refused": "4xx",
    "failed": "5xx",
    "unanswered": "no answer",
    "bytes_received": "bytes",
    "seconds_waited": "waited s",
}
RUN_COLUMNS = {
    "id": "run",
    "started_at": "started",
    "command": "command",
    "run_at": "clock",
    "outcome": "outcome",
    "seconds": "seconds",
    "attempts": "attempts",
    "error": "error",
}


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(min=1), default=14, show_default=True, help="At most so many.")
@common
def runs(settings: Settings, limit: int) -> None:
    """List the last runs, newest first; `show` one with its steps.

    \b
    Example:
      winnow runs
      winnow runs show 4f2a
    """
    if click.get_current_context().invoked_subcommand:
        return
    from pipeline.status import status

    found = status(settings.config, settings.warehouse, limit).runs
    rows = [run | {"id": run["run_id"][:8]} for run in found]
    settings.show(found, table(rows, RUN_COLUMNS) if rows else "no run yet")


@runs.command()
@click.argument("run_id", metavar="ID")
@click.option("--requests", "has_requests", is_flag=True, help="List the requests by account and endpoint.")
@common
def show(settings: Settings, run_id: str, has_requests: bool) -> None:
    """Show one run: its steps, what it loaded, what its requests cost. ID: the run's, or how it begins.

    \b
    Example:
      winnow runs show 4f2a
      winnow runs show 4f2a --requests
    """
    from pipeline.status import show_run

    found = show_run(settings.config, settings.warehouse, run_id)
    settings.show(found, _requests(found) if has_requests else _text(found))


def _requests(run: dict[str, Any]) -> str:
    rows = [row | {"seconds_waited": round(row["seconds_waited"], 1)} for row in run["requests"]]
    return table(rows, REQUEST_COLUMNS) if rows else "no request"


def _text(run: dict[str, Any]) -> str:
    lines = [
        f"run {run['run_id']} · winnow {run['command']} · clock {run['run_at']} · {run['outcome']}",
        *([f"error: {run['error']}"] if run["error"] else []),
        table(run["steps"], STEP_COLUMNS) if run["steps"] else "no step yet",
    ]
    if run["loads"]:
        lines += ["loads", table(run["loads"], LOAD_COLUMNS)]
    for source, account in dict.fromkeys((row["source"], row["account"]) for row in run["requests"]):
        mine = [row for row in run["requests"] if (row["source"], row["account"]) == (source, account)]
        sums = {name: sum(row[name] for row in mine) for name in mine[0] if name not in KEYS}
        lines.append(
            f"{source} {account}: {sums['calls']:,} requests, {sums['retries']:,} of them again,"
            f" {sums['throttled']:,} refused for their rate, {sums['bytes_received']:,} bytes,"
            f" {sums['seconds_waited']:.1f} s waited"
        )
    return "\n".join(lines)
