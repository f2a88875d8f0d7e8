"""The gate: dbt's tests over rows and Great Expectations over the run's metrics decide whether to publish."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import history
from pipeline.checks import ERROR, Check, tonight
from pipeline.errors import ChecksFailedError, RunError, UsageError
from pipeline.stages.build import ANSWERS_RUN, CHECKS, FACTS_RUN, UNFINISHED, built_state, state_of

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.context import Context
    from pipeline.history import History
    from warehouse import Connection


def decide(context: Context, metrics: Mapping[str, float]) -> None:
    """Let the publish pass, or raise ChecksFailedError with one line a failed check.

    Checks that this call accepts are passed over and recorded; UsageError names one that did not fail.
    """
    from pipeline.expectations import FOLDER

    with context.warehouse.connect() as connection:
        require_finished(connection)
        rows = connection.rows(
            f"select name, message from {CHECKS} where severity = '{ERROR}' order by stage, name"
        )
    past = history.read(context.state, context.warehouse.target, context.run_at)
    folder = context.config.state_dir / FOLDER
    verdicts = judge(metrics, past, folder, context.run_id, context.run_at)
    failed = {row["name"]: row["message"] for row in rows}
    failed |= {check.metric: check.line for check in verdicts if check.severity == ERROR}
    accepted = require_failed(context.options.accept, failed)
    context.notes.warnings += [check.line for check in verdicts if check.severity != ERROR]
    left = {name: line for name, line in failed.items() if name not in accepted}
    if left:
        raise ChecksFailedError(*(refusal(name, line) for name, line in left.items()))
    _accept(context, accepted)


def judge(
    metrics: Mapping[str, float], past: History, folder: Path, run_id: str, run_at: datetime
) -> list[Check]:
    """Return the worst check of every metric that is not as expected. folder: for Data Docs."""
    from pipeline.expectations import unmet

    worst: dict[str, Check] = {}
    for check in unmet(tonight(metrics, past), folder, run_id, run_at):
        if check.metric not in worst or (check.severity == ERROR != worst[check.metric].severity):
            worst[check.metric] = check
    return list(worst.values())


def require_failed(accept: Sequence[str], failed: Mapping[str, str]) -> dict[str, str]:
    """Return the accepted checks with what they said; raise UsageError for one that did not fail."""
    for name in accept:
        if name not in failed:
            known = ", ".join(failed) or "no check"
            raise UsageError(f"--accept {name}: this check did not fail; failed: {known}")
    return {name: failed[name] for name in dict.fromkeys(accept)}


def refusal(name: str, line: str) -> str:
    """Say what a failed check says, and what to do."""
    return f'{line}; mend it, or pass over it: winnow publish --accept {shlex.quote(name)} --reason "…"'


def require_finished(connection: Connection) -> None:
    """Raise RunError unless facts and answers were built to the end, the answers from these very facts."""
    if built_state(connection) in (None, UNFINISHED):
        raise RunError("the facts are not built to the end; run `winnow build` first")
    if state_of(connection, FACTS_RUN) != state_of(connection, ANSWERS_RUN):
        raise RunError("the answers are older than the facts; run `winnow run --from score` first")


def _accept(context: Context, accepted: Mapping[str, str]) -> None:
    """Keep in the ledger who passed over what, and why, and say so in the summary."""
    from pipeline.accepted import keep

    reason = context.options.reason
    keep(context.state, context.run_id, accepted, reason)
    context.notes.notes += [f"accepted: {line} – {reason}" for line in accepted.values()]
