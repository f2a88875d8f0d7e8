"""The log of merges and splits: what a build changed, and what it did not."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline import lead_changes
from pipeline.identity import PENDING
from pipeline.state import lead_changes as log
from warehouse import Warehouse

NIGHT = datetime(2026, 3, 6, 2, tzinfo=UTC)
OLD, NEW = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def test_other_ids_by_another_salt_are_no_merges(warehouse: Warehouse, state: Engine) -> None:
    with warehouse.connect() as connection:
        connection.replace(
            "intermediate.touched_people", {"person_key": "text", "old_lead_id": "uuid"}, [("email:a", OLD)]
        )
        connection.replace(
            "intermediate.lead_keys", {"person_key": "text", "lead_id": "uuid"}, [("email:a", NEW)]
        )
        connection.replace("ops.current_run", {"run_id": "text", "run_at": "timestamptz"}, [("run-1", NIGHT)])
        connection.replace(PENDING, {"link_number": "bigint"}, [])
        built_with = [(lead_changes.SALT, lead_changes.salt_hash("salt"))]
        connection.replace("ops.build_state", {"scope": "text", "hash": "text"}, built_with)
        assert lead_changes.keep(state, connection, "pepper") == 0
        assert lead_changes.keep(state, connection, "salt") == 1
    with state.connect() as opened:
        assert [tuple(row) for row in opened.execute(sa.select(log.c.kind, log.c.old_lead_id))] == [
            ("merged", OLD)
        ]
