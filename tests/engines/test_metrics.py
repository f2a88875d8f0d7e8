"""A metric is one thing, whichever way it is written: over rows that tell the ways apart."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.dbt import Project
from tests.engines.metrics import both_ways
from warehouse import Warehouse

MOMENT, LATER = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)


def uid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


FUNNEL = [
    (uid(1), MOMENT, LATER, LATER),
    (uid(1), MOMENT, None, None),  # the same person in another campaign
    (uid(2), MOMENT, LATER, None),
    (uid(3), MOMENT, None, None),
    (uid(4), None, LATER, LATER),  # answered without a message
    (uid(5), None, None, None),  # enrolled only
]
MESSAGES = [
    (uid(1), True, 2),
    (uid(2), True, 0),
    (uid(3), True, 1),
    (uid(4), False, 0),
]
UNTOLD = (uid(5), True, None)
MEETINGS = [(uid(1), None), (uid(2), None), (uid(3), LATER)]
DEALS = [
    (uid(1), "closed_won", Decimal("100.50"), None),
    (uid(2), "closed_won", None, None),
    (uid(3), "closed_lost", Decimal(7), None),
    (uid(4), "proposal", Decimal(9), None),
    (uid(5), "closed_won", Decimal(1000), LATER),
    (uid(6), None, Decimal(3), None),
]
COSTS = [(uid(1), Decimal(60)), (uid(2), Decimal("0.50"))]


def write(warehouse: Warehouse, messages: list[tuple[Any, ...]]) -> None:
    instants = ("first_contacted_at", "first_replied_at", "first_positive_at")
    tables: dict[str, tuple[dict[str, str], list[Any]]] = {
        "answers.lead_funnel": ({"lead_id": "uuid"} | dict.fromkeys(instants, "timestamptz"), FUNNEL),
        "intermediate.int_sent_messages": (
            {"message_id": "uuid", "is_delivered": "boolean", "human_open_count": "integer"},
            messages,
        ),
        "facts.meetings": ({"meeting_id": "uuid", "deleted_at": "timestamptz"}, MEETINGS),
        "facts.deals": (
            {
                "deal_id": "uuid",
                "stage": "text",
                "reporting_value": "decimal(24, 4)",
                "deleted_at": "timestamptz",
            },
            DEALS,
        ),
        "answers.client_costs": ({"client_cost_id": "uuid", "reporting_amount": "decimal(24, 6)"}, COSTS),
    }
    with warehouse.connect() as connection:
        for table, (columns, rows) in tables.items():
            connection.replace(table, columns, rows)


def test_a_metric_is_the_same_in_yaml_and_in_sql(warehouse: Warehouse, tmp_path: Path) -> None:
    project = Project(warehouse, tmp_path / "state", "salt")
    expected = {
        "leads_contacted": 3,
        "delivered_rate": 0.75,
        "human_open_rate": round(2 / 3, 6),
        "human_reply_rate": round(2 / 3, 6),
        "positive_rate": round(1 / 3, 6),
        "meetings": 2,
        "win_rate": round(2 / 3, 6),
        "revenue": 100.5,
        "cost_per_meeting": 30.25,
    }
    write(warehouse, MESSAGES)
    assert both_ways(project, warehouse) == (expected, expected)
    write(warehouse, [*MESSAGES, UNTOLD])
    withheld = expected | {"delivered_rate": 0.8, "human_open_rate": None}
    assert both_ways(project, warehouse) == (withheld, withheld)
