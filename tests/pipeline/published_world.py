"""A small published world made by hand: the columns that readers use, of the tables that they read."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from scoring.detectors.findings import FINDING_COLUMNS, TEST_COLUMNS
from warehouse import Warehouse
from warehouse.publication import PublishedTable, Stamp

RUN_AT = datetime(2026, 3, 2, 2, tzinfo=UTC)

_MOMENTS = ("first_contacted_at", "last_contacted_at", "first_replied_at", "meeting_booked_at", "deal_won_at")
COLUMNS: dict[str, dict[str, str]] = {
    "clients": {"client_id": "uuid", "client": "text", "name": "text"},
    "companies": {
        "company_id": "uuid",
        **dict.fromkeys(("name", "domain", "website", "description", "industry", "country", "state"), "text"),
        "employee_count": "integer",
        "technologies": "text",
        "attributes": "text",
        "discovery_source": "text",
        "first_loaded_at": "timestamptz",
    },
    "lead_pool": {
        "lead_id": "uuid",
        **dict.fromkeys(("first_name", "last_name", "title", "email", "linkedin_url", "departments"), "text"),
        **dict.fromkeys(("seniority", "company_name", "company_domain", "company_state"), "text"),
        "company_id": "uuid",
        "confidence": "integer",
        "attributes": "text",
        "first_seen_at": "timestamptz",
    },
    "leads": {
        "client_id": "uuid",
        "client": "text",
        "lead_id": "uuid",
        "company_id": "uuid",
        **dict.fromkeys(("email", "email_status", "first_name", "last_name", "title", "title_group"), "text"),
        **dict.fromkeys(("seniority", "linkedin_url", "company_name", "company_domain", "industry"), "text"),
        "employee_count": "integer",
        "country": "text",
        "score": "integer",
        "tier": "text",
        "als_coverage": "decimal(4, 3)",
        **dict.fromkeys(
            ("status", "pool_status", "assignment_status", "owner_client", "last_intent"), "text"
        ),
        "found_at": "timestamptz",
        **dict.fromkeys(_MOMENTS, "timestamptz"),
        "touch_count": "integer",
        "next_contact_on": "date",
        "is_eligible": "boolean",
    },
    "send_eligibility": {
        **dict.fromkeys(("client_id", "lead_id", "campaign_id"), "uuid"),
        **dict.fromkeys(("code", "about"), "text"),
    },
    "als_scores": {
        "lead_id": "uuid",
        "client_id": "uuid",
        "company_fit": "integer",
    },
    "campaigns": {"campaign_id": "uuid", "client_id": "uuid", "name": "text", "source": "text"},
    "messages": {
        "lead_id": "uuid",
        "client_id": "uuid",
        "is_bounced": "boolean",
        "sent_at": "timestamptz",
    },
    "replies": {
        "reply_id": "uuid",
        "received_at": "timestamptz",
        "lead_id": "uuid",
        "client_id": "uuid",
        **dict.fromkeys(("from_email", "subject", "text", "intent", "method", "model"), "text"),
        "confidence": "decimal(4, 3)",
        **dict.fromkeys(("is_human", "is_positive", "is_opt_out", "needs_review"), "boolean"),
        "requires_response": "boolean",
        "return_on": "date",
    },
    "meetings": {"meeting_id": "uuid", "deleted_at": "timestamptz"},
    "deals": {
        "client_id": "uuid",
        "company_id": "uuid",
        "lead_id": "uuid",
        "stage": "text",
        "value": "decimal(18, 2)",
        "currency": "text",
        "deleted_at": "timestamptz",
    },
    "lead_funnel": {
        "client_id": "uuid",
        "cohort_week": "date",
        "is_settled": "boolean",
        "is_holdout": "boolean",
    },
    "funnel": {
        "client_id": "uuid",
        "dimension": "text",
        "cohort_week": "date",
        "step_number": "integer",
        "step": "text",
        "is_series": "boolean",
        **dict.fromkeys(("observed_count", "lead_count", "previous_count", "contacted_count"), "bigint"),
        **dict.fromkeys(("rate_on_previous", "rate_on_contacted", "rate_low", "rate_high"), "decimal(9, 4)"),
    },
    "experiment_arms": {
        "client_id": "uuid",
        "campaign_id": "uuid",
        **dict.fromkeys(("experiment", "metric", "arm"), "text"),
        **dict.fromkeys(("is_primary", "is_holdout"), "boolean"),
        "planned_share": "decimal(9, 6)",
        **dict.fromkeys(("lead_count", "conversion_count"), "bigint"),
        **dict.fromkeys(("conversion_rate", "rate_low", "rate_high", "value_mean"), "decimal(9, 4)"),
        "value_sum": "decimal(18, 2)",
    },
    "findings": FINDING_COLUMNS,
    "tests": TEST_COLUMNS,
}


def uid(number: int) -> str:
    """Return the key `number`."""
    return str(UUID(int=number))


class World:
    """Rows to publish; `add` takes the columns that matter, the others are null."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: str, **values: Any) -> None:
        unknown = set(values) - set(COLUMNS[table])
        assert not unknown, f"{table} has no {unknown}"
        self.rows[table].append(values)

    def client(self, number: int, client: str, name: str | None = None) -> str:
        self.add("clients", client_id=uid(number), client=client, name=name or client.title())
        return uid(number)

    def publish(self, warehouse: Warehouse, state_dir: Path, *, without: tuple[str, ...] = ()) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        names = [name for name in COLUMNS if name not in without]
        with warehouse.connect() as connection:
            for name in names:
                columns = COLUMNS[name]
                rows = [[row.get(column) for column in columns] for row in self.rows[name]]
                connection.replace(f"made.{name}", columns, rows)
        tables = [PublishedTable(name, f"made.{name}") for name in names]
        warehouse.publish(state_dir, tables, Stamp("run-1", RUN_AT, RUN_AT), whole=True)
