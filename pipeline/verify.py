"""Verify: the marts against a rebuild from raw data and decisions, row by row."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import operations, scratch
from pipeline.compare import Compared, Difference, Table, compare
from pipeline.context import Context, Progress, silent
from pipeline.errors import ExitCode, RunError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.dbt import Model
    from pipeline.ledger import OpenStep
    from warehouse import Connection, Warehouse

WORKED_OUT_AT = {
    "scoring.als_scores": frozenset({"scored_at"}),
    "scoring.reply_labels": frozenset({"labelled_at"}),
}
"""Columns that say when something was worked out, not what: a rebuild works it out at another moment."""

SCOPES = {
    "scoring.als_points": "is_current",
    "scoring.title_groups": "title in (select title from facts.lead_pool)",
    "scoring.reply_labels": (
        "exists (select 1 from facts.received_replies as received where"
        " received.text_hash = reply_labels.text_hash and received.received_on = reply_labels.received_on)"
    ),
    "scoring.text_features": (
        "text_hash in (select text_hash from facts.messages union all select text_hash from facts.templates)"
    ),
    "scoring.findings": "found_at = (select cast(hash as timestamptz) from ops.build_state"
    " where scope = 'learn_clock')",
}
"""Rows that something still uses. These tables keep what earlier nights needed, which no rebuild can know."""

SCORING_KEYS = {
    "als_points": ("client_id", "weights_version"),
    "als_scores": ("client_id", "lead_id"),
    "als_words": ("client_id", "kind", "word"),
    "findings": ("finding_id",),
    "reply_labels": ("text_hash", "received_on"),
    "text_features": ("text_hash",),
    "tests": ("detector", "client_id", "outcome", "dimension", "value"),
    "title_groups": ("title",),
}
LEARNED = ("scoring.findings", "scoring.tests")


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    run_at: the clock of the night that was rebuilt. leads: how many were sampled, None for all. tables: one a
    mart. failures: why it could not be done; then nothing was compared.
    """

    run_id: str
    run_at: datetime | None
    seconds: float
    leads: int | None = None
    tables: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def differing(self) -> int:
        """How many rows differ, over all tables."""
        return sum(table.differing for table in self.tables)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The differences that were asked for."""
        return tuple(difference for table in self.tables for difference in table.differences)

    @property
    def exit_code(self) -> ExitCode:
        """0 when every mart is equal."""
        return ExitCode.FAILED if self.failures or self.differing else ExitCode.DONE

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; times in ISO 8601."""
        return {
            "run_id": self.run_id,
            "run_at": self.run_at.isoformat() if self.run_at else None,
            "seconds": self.seconds,
            "leads": self.leads,
            "is_equal": not self.exit_code,
            "differing": self.differing,
            "tables": {item.table: {"rows": item.rows, "differing": item.differing} for item in self.tables},
            "differences": [vars(difference) for difference in self.differences],
            "notes": list(self.notes),
            "failures": list(self.failures),
        }


@dataclass
class Found:
    """What the steps of one verification have found so far."""

    run_at: datetime | None = None
    leads: int | None = None
    tables: list[Compared] = field(default_factory=list)


def verify(
    config: Config,
    warehouse: Warehouse,
    *,
    sample: int | None = None,
    limit: int | None = None,
    keeps: bool = False,
    progress: Progress = silent,
) -> Verification:
    """Rebuild the last night in a scratch copy, and compare every mart with the one there is.

    sample: only so many leads, and only what a night adds to; None: everything. limit: how many differences
    are returned, all where None; all are counted. keeps: leave the scratch copy for looking into. It is a run
    like others: under the lock, in the ledger. Raises LockHeldError, WarehouseError.
    """
    from pipeline.clock import utc_now
    from pipeline.ledger import Ledger
    from pipeline.lock import hold
    from pipeline.state import open_state

    engine = open_state(warehouse, config.state_dir)
    ledger = Ledger(engine, str(uuid.uuid4()))
    context = Context(config, warehouse, engine, ledger, utc_now(), progress=progress)
    try:
        with hold(engine, warehouse.target, ledger.run_id, "verify") as lock:
            ledger.start(warehouse.target, "verify", context.run_at)
            return _recorded(context, lock.check, sample, limit, keeps)
    finally:
        engine.dispose()


def _recorded(
    context: Context, check_lock: Callable[[], None], sample: int | None, limit: int | None, keeps: bool
) -> Verification:
    """Do it, and write into the ledger how it ended."""
    from pipeline.summarise import summarise

    start, found = time.monotonic(), Found()

    def ended(*failures: str) -> Verification:
        seconds = round(time.monotonic() - start, 3)
        told = (context.run_id, found.run_at, seconds, found.leads, tuple(found.tables))
        result = Verification(*told, tuple(context.notes.notes), failures)
        lines = failures or ((f"{result.differing} rows differ from a rebuild",) if result.exit_code else ())
        context.ledger.finish(summarise(context, "verify", result.exit_code, seconds, lines))
        return result

    try:
        check_against_rebuild(context, found, sample=sample, limit=limit, keeps=keeps, check=check_lock)
    except RunError as error:
        return ended(*error.lines)
    except BaseException as error:
        ended(str(error) or type(error).__name__)
        raise
    return ended()


def check_against_rebuild(
    context: Context,
    found: Found,
    *,
    sample: int | None = None,
    limit: int | None = None,
    keeps: bool = False,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Rebuild and compare; what is found goes into `found`. Raises RunError when there is nothing to verify.

    check: raises when the lock is lost.
    """
    from pipeline.steps import perform

    context, clocks = _as_built(context)
    found.run_at = context.run_at
    try:
        if sample is None:
            tables = _rebuilt(context, clocks)
        else:
            from pipeline.verify_sample import rebuild_sample

            found.leads, tables = rebuild_sample(context, sample)
        check()
        perform(context, "verify", "compare", partial(_compare, context, found, tables, limit))
    finally:
        if not keeps:
            scratch.drop(context.warehouse)


def _as_built(context: Context) -> tuple[Context, dict[str, datetime | None]]:
    """Return the context with the clock of the last build, and the clocks of the stages after it.

    Raises RunError where a rebuild could not be equal, with what to do before.
    """
    from pipeline import gate
    from pipeline.stages.build import built_state, project_hash

    with context.warehouse.connect() as connection:
        gate.require_finished(connection)
        if built_state(connection) != project_hash(context):
            raise RunError(
                "models, seeds, macros or mappings in winnow.yml have changed since the last build;"
                " `winnow run` builds with them, then verify"
            )
        run_at = connection.scalar("select run_at from ops.current_run")
        clocks = {stage: operations.clock_of(connection, stage) for stage in ("score", "learn")}
        _require_config(connection, context.config)
    as_built = replace(context, run_at=run_at)
    as_built.__dict__["project"] = context.project  # parsed already, perhaps
    return as_built, clocks


def _require_config(connection: Connection, config: Config) -> None:
    """Raise RunError when winnow.yml says other things than at the last build."""
    agency = config.agency
    ours: dict[str, tuple[Iterable[str], list[tuple[Any, ...]]]] = {
        **operations.configured(config),
        "ops.current_run": (
            ("agency_time_zone", "reply_window_days"),
            [(agency.time_zone, agency.reply_window_days)],
        ),
    }
    for table, (columns, rows) in ours.items():
        held = connection.rows(f"select {', '.join(columns)} from {table}")
        if {tuple(row.values()) for row in held} != set(rows):
            raise RunError(
                f"winnow.yml has changed since the last build ({table} holds other values);"
                " `winnow run` builds with it, then verify"
            )


def _rebuilt(context: Context, clocks: dict[str, datetime | None]) -> list[Table]:
    """Rebuild everything; return what to compare."""
    learns = clocks["learn"] == context.run_at
    scratch.rebuild(context, learns=learns, clocks=clocks)
    with context.warehouse.connect() as connection:
        scoring = sorted(f"scoring.{name}" for name in connection.tables("scoring"))
    if not learns:
        context.notes.notes.append("findings were not compared: no detector has run since the last build")
        scoring = [name for name in scoring if name not in LEARNED]
    return [*mart_tables(context), *(_scoring_table(name) for name in scoring)]


def mart_tables(context: Context) -> list[Table]:
    """Return the marts that dbt builds, and what it keeps from night to night, by name."""
    keys = context.project.keys()
    return [
        Table(model.relation, keys.get(model.name, ())) for model in kept_models(context.project.models())
    ]


def kept_models(models: Sequence[Model]) -> list[Model]:
    """Return the tables to compare: every mart, and whatever else a night adds to."""
    return sorted(
        (
            model
            for model in models
            if model.materialized == "incremental"
            or (model.materialized == "table" and model.folder.startswith("marts/"))
        ),
        key=lambda model: model.relation,
    )


def _scoring_table(name: str) -> Table:
    key = SCORING_KEYS.get(name.removeprefix("scoring."), ())
    return Table(name, key, WORKED_OUT_AT.get(name, frozenset()), SCOPES.get(name, ""))


def _compare(
    context: Context, found: Found, tables: Sequence[Table], limit: int | None, step: OpenStep
) -> None:
    found.tables.clear()
    left, prefix = limit, context.warehouse.scratch().schema_prefix
    with context.warehouse.connect() as connection:
        for number, table in enumerate(tables):
            context.progress("compare", number, len(tables))
            one = compare(connection, table, prefix, left)
            found.tables.append(one)
            left = None if left is None else max(0, left - len(one.differences))
    step.rows = sum(one.rows for one in found.tables)
    step.counts = {one.table: one.differing for one in found.tables if one.differing}
