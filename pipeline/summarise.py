"""From a run under way, or done, to its summary; numbers are read from what is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.errors import ExitCode
from pipeline.ledger import last_runs
from pipeline.summary import RunSummary
from warehouse import WarehouseError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipeline.context import Context
    from warehouse import Connection, Warehouse

OUTCOMES = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "failed",
    ExitCode.REFUSED: "refused",
    ExitCode.DECISION: "needs_decision",
    ExitCode.INCOMPLETE: "incomplete",
}

FIGURES = {
    "people": ("lead_pool", "true"),
    "companies": ("companies", "true"),
    "campaigns": ("campaigns", "true"),
    "enrolments": ("campaign_leads", "true"),
    "messages": ("messages", "true"),
    "replies": ("replies", "true"),
    "positive_replies": ("replies", "is_positive"),
    "meetings": ("meetings", "deleted_at is null"),
    "deals": ("deals", "deleted_at is null"),
    "won_deals": ("deals", "stage = 'closed_won' and deleted_at is null"),
}
"""The numbers that a run shows first: the rows of a table for which something holds."""


@dataclass(frozen=True)
class Numbers:
    """What stands in the published tables."""

    figures: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    replies: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Mapping[str, Any], ...] = ()


def summarise(
    context: Context, command: str, exit_code: ExitCode, seconds: float, failures: tuple[str, ...]
) -> RunSummary:
    """Return the summary of a run that is over."""
    notes = context.notes
    numbers = notes.numbers or published_numbers(context.warehouse, context.config.state_dir)
    return RunSummary(
        run_id=context.run_id,
        run_at=context.run_at,
        target=context.warehouse.target,
        command=command,
        outcome=OUTCOMES[exit_code],
        exit_code=int(exit_code),
        seconds=round(seconds, 3),
        steps=tuple(context.ledger.steps),
        loads=tuple(context.ledger.loads),
        **numbers.__dict__,
        notes=tuple(notes.notes),
        warnings=tuple(notes.warnings),
        failures=failures,
        report=str(notes.report) if notes.report else None,
    )


def summary_for_report(context: Context) -> RunSummary:
    """Return what the report page shows: this run so far, or the last one when this call only reports."""
    exit_code = ExitCode.INCOMPLETE if context.notes.missing else ExitCode.DONE
    seconds = sum(step.seconds for step in context.ledger.steps)
    current = summarise(context, "run", exit_code, seconds, tuple(context.notes.missing))
    if any(step.stage != "act" for step in context.ledger.steps):
        return current
    for row in last_runs(context.state, context.warehouse.target, limit=100):
        if row["summary"] and any(step["stage"] == "publish" for step in row["summary"]["steps"]):
            last = RunSummary.from_json(row["summary"])
            return replace(last, findings=current.findings)
    return current


def published_numbers(warehouse: Warehouse, state_dir: Path) -> Numbers:
    """Return what readers see now; nothing where nothing was published yet."""
    try:
        with warehouse.published(state_dir) as connection:
            run_at = connection.scalar("select run_at from analytics.publication")
            names = sorted(set(connection.tables("analytics")) - {"publication"})
            return numbers_of(connection, {name: f'analytics."{name}"' for name in names}, run_at)
    except WarehouseError:
        return Numbers()


def numbers_of(connection: Connection, tables: Mapping[str, str], run_at: datetime) -> Numbers:
    """Return what stands in `tables` (name → relation) of the night `run_at`."""
    figures = {
        name: int(connection.scalar(f"select count(*) from {tables[table]} where {condition}"))
        for name, (table, condition) in FIGURES.items()
    }
    findings: tuple[Mapping[str, Any], ...] = ()
    if "findings" in tables:
        findings = actionable_findings(connection, run_at, tables["findings"], tables["clients"])
    return Numbers(
        figures=figures | {"findings": len(findings)},
        tables={
            name: int(connection.scalar(f"select count(*) from {relation}"))
            for name, relation in tables.items()
        },
        replies=_grouped(connection, tables["replies"], "intent"),
        tiers=_grouped(connection, tables["leads"], "tier"),
        findings=findings,
    )


def _grouped(connection: Connection, relation: str, column: str) -> dict[str, int]:
    rows = connection.rows(
        f"select coalesce({column}, 'unknown') as name, count(*) as n from {relation}"
        " group by 1 order by 2 desc, 1"
    )
    return {row["name"]: int(row["n"]) for row in rows}


def warehouse_findings(warehouse: Warehouse) -> tuple[Mapping[str, Any], ...]:
    """Return the actionable findings that the warehouse holds, published or not."""
    with warehouse.connect(read_only=True) as connection:
        if not connection.table_exists("scoring.findings"):
            return ()
        run_at = connection.scalar("select run_at from ops.current_run")
        return actionable_findings(connection, run_at, "scoring.findings", "facts.clients")


def actionable_findings(
    connection: Connection,
    run_at: datetime,
    findings: str = "analytics.findings",
    clients: str = "analytics.clients",
) -> tuple[Mapping[str, Any], ...]:
    """Return the actionable findings that hold at `run_at`, the surest first, as JSON values.

    lift: the adjusted one where there is one, else the crude one.
    """
    rows = connection.rows(
        "select clients.client, coalesce(findings.adjusted_lift, findings.crude_lift) as lift, findings.*"
        f" from {findings} as findings"
        f" left join {clients} as clients on findings.client_id = clients.client_id"
        " where findings.is_actionable and findings.found_at <= ? and findings.valid_until > ?"
        " order by findings.q, findings.finding_id",
        [run_at, run_at],
    )
    return tuple({name: plain(value) for name, value in row.items()} for row in rows)


def plain(value: Any) -> Any:
    """Return a cell as a JSON value; decimals as numbers, times in ISO 8601."""
    from datetime import date, datetime
    from decimal import Decimal

    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
