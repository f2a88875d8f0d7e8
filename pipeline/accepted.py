"""Checks that somebody passed over: kept with who, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.clock import utc_now
from pipeline.state import accepted_checks
from pipeline.whoami import user


def keep(engine: Engine, run_id: str, accepted: Mapping[str, str], reason: str) -> None:
    """Record the checks that a run's publish passes over. accepted: name → what the check said."""
    key = {"run_id": run_id, "reason": reason, "who": user(), "accepted_at": utc_now()}
    rows = [key | {"check": name, "said": line} for name, line in accepted.items()]
    with engine.begin() as connection:
        connection.execute(sa.delete(accepted_checks).where(accepted_checks.c.run_id == run_id))
        if rows:
            connection.execute(sa.insert(accepted_checks), rows)


def of_run(engine: Engine, run_id: str) -> list[dict[str, Any]]:
    """Return what a run's publish passed over, by name of the check."""
    query = sa.select(accepted_checks).where(accepted_checks.c.run_id == run_id)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(accepted_checks.c.check)).mappings()
        return [dict(row) for row in found]
