"""The log of merges and splits: which lead ids a build gave up, kept in the state database."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.identity import MODEL, PENDING
from pipeline.state import identity_links, lead_changes

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from warehouse import Connection

LOG = "ops.lead_log"
COLUMNS = {
    "old_lead_id": "uuid",
    "new_lead_id": "uuid",
    "kind": "text",
    "person_key": "text",
    "reason": "text",
    "decided_by": "text",
    "changed_at": "timestamptz",
}
MERGED, SPLIT, MOVED = "merged", "split", "moved"
TABLES = ("intermediate.touched_people", "intermediate.lead_keys", "ops.current_run", PENDING)

SALT = "key_salt"
"""In ops.build_state: a hash of the salt that the ids were made with."""

CHANGED = """
    select
        cast(people.old_lead_id as text) as old_lead_id,
        cast(lead_keys.lead_id as text) as new_lead_id,
        min(people.person_key collate "C") as person_key,
        exists (select 1 from intermediate.lead_keys as others where others.lead_id = people.old_lead_id)
            as is_left,
        exists (
            select 1 from intermediate.touched_people as others where others.old_lead_id = lead_keys.lead_id
        ) as was_there
    from intermediate.touched_people as people
    inner join intermediate.lead_keys as lead_keys on people.person_key = lead_keys.person_key
    where people.old_lead_id <> lead_keys.lead_id
    group by people.old_lead_id, lead_keys.lead_id
    order by 1, 2
"""
"""Whose id is another one than before this build; a key that moved between two leads is no merge."""


def keep(engine: Engine, connection: Connection, salt: str) -> int:
    """Log what the build in the warehouse changed, once, however often it is asked; return how many are new.

    Reads nothing but what that build left, so that one that was cut off is logged by the next. With another
    salt than before every id is another one, and nobody was merged or split.
    """
    if not all(connection.table_exists(table) for table in TABLES) or is_resalted(connection, salt):
        return 0
    (run,) = connection.rows("select run_id, run_at from ops.current_run")
    found = connection.rows(CHANGED)
    reasons = _reasons(engine, connection) if found else {}
    rows = [_row(row, run["run_id"], run["run_at"], reasons) for row in found]
    with engine.begin() as state:
        log = lead_changes.c
        query = sa.select(log.old_lead_id, log.new_lead_id).where(log.run_id == run["run_id"])
        known = {(old, new) for old, new in state.execute(query)}
        new = [row for row in rows if (row["old_lead_id"], row["new_lead_id"]) not in known]
        if new:
            state.execute(sa.insert(lead_changes), new)
    return len(new)


def is_resalted(connection: Connection, salt: str) -> bool:
    """Say whether the last build that was finished made its ids with another salt."""
    if not connection.table_exists("ops.build_state"):
        return False
    held = connection.scalar("select hash from ops.build_state where scope = ?", [SALT])
    return held not in (None, salt_hash(salt))


def salt_hash(salt: str) -> str:
    """Return what is kept of a salt."""
    return hashlib.sha256(salt.encode()).hexdigest()


def begin(engine: Engine, connection: Connection, salt: str, *, is_unfinished: bool) -> None:
    """Log what a build that was cut off changed, and forget whom it looked at; call before a new build."""
    if is_unfinished:
        keep(engine, connection, salt)
    if connection.table_exists("intermediate.touched_people"):
        connection.execute("delete from intermediate.touched_people")


def write_log(engine: Engine, connection: Connection, before: datetime | None = None) -> None:
    """Tell dbt the log; before: only what changed earlier."""
    log = lead_changes.c
    query = sa.select(*(log[name] for name in COLUMNS))
    if before is not None:
        query = query.where(log.changed_at <= before)
    with engine.connect() as state:
        rows = [tuple(row) for row in state.execute(query.order_by(*query.selected_columns))]
    connection.replace(LOG, COLUMNS, rows)


def _row(row: dict[str, Any], run_id: str, run_at: datetime, reasons: dict[str, Any]) -> dict[str, Any]:
    decision = reasons.get(row["new_lead_id"]) or reasons.get(row["old_lead_id"])
    kind = MOVED if row["was_there"] else SPLIT
    if not row["is_left"]:
        kind = MERGED
    return {
        "run_id": run_id,
        "old_lead_id": row["old_lead_id"],
        "new_lead_id": row["new_lead_id"],
        "kind": kind,
        "person_key": row["person_key"],
        "reason": _said(decision) if decision else "their records share a key, or no longer do",
        "decided_by": decision.decided_by if decision else "keys",
        "changed_at": run_at,
    }


def _said(decision: Any) -> str:
    if decision.method == MODEL:
        return f"alike, {decision.score:.4f}"
    return str(decision.reason or "by hand")


def _reasons(engine: Engine, connection: Connection) -> dict[str, Any]:
    """Return the decisions that this build had for the first time, by the leads that they speak of."""
    numbers = [row["link_number"] for row in connection.rows(f"select link_number from {PENDING}")]
    if not numbers:
        return {}
    links = identity_links.c
    query = sa.select(identity_links).where(links.link_number >= min(numbers)).order_by(links.link_number)
    with engine.connect() as state:
        decisions = [row for row in state.execute(query) if row.link_number in set(numbers)]
    led = {
        row["person_key"]: row["lead_id"]
        for row in connection.rows(
            "select keys.person_key, cast(keys.lead_id as text) as lead_id"
            " from intermediate.lead_keys as keys"
            " inner join ops.keys_to_touch as touched on keys.person_key = touched.person_key"
        )
    }
    return {led[key]: row for row in decisions for key in (row.left_key, row.right_key) if key in led}
