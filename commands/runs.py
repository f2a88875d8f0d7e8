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
@common
def show(settings: Settings, run_id: str) -> None:
    """Show one run: its steps, what it loaded, what its requests cost. ID: the run's, or how it begins.

    \b
    Example:
      winnow runs show 4f2a
    """
    from pipeline.status import show_run

    found = show_run(settings.config, settings.warehouse, run_id)
    settings.show(found, _text(found))


def _text(run: dict[str, Any]) -> str:
    lines = [
        f"run {run['run_id']} · winnow {run['command']} · clock {run['run_at']} · {run['outcome']}",
        *([f"error: {run['error']}"] if run["error"] else []),
        table(run["steps"], STEP_COLUMNS) if run["steps"] else "no step yet",
    ]
    if run["loads"]:
        lines += ["loads", table(run["loads"], LOAD_COLUMNS)]
    for usage in run["requests"]:
        lines.append(
            f"{usage['source']} {usage['account']}: {usage['calls']:,} requests, {usage['retries']:,} of them"
            f" again, {usage['bytes_received']:,} bytes, {usage['seconds_waited']:.1f} s waited"
        )
    return "\n".join(lines)
