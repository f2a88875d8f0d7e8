"""A small warehouse to score: the columns of the facts that ALS reads, and one client whose ICP is known.

Client acme wants software companies of 11–200 people in the United States or Germany; rival.com competes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.config import Config
from warehouse import Connection

RUN_AT = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
ACME = str(uuid.UUID(int=1))

LEAD: dict[str, str] = {
    "lead_id": "uuid",
    "email": "text",
    "email_key": "text",
    "email_status": "text",
    "personal_email": "text",
    "linkedin_url": "text",
    "title": "text",
    "seniority": "text",
    "phone": "text",
    "phone_status": "text",
    "country": "text",
    "current_role_started_on": "date",
    "company_id": "uuid",
    "company_domain": "text",
    "industry": "text",
    "employee_count": "integer",
    "company_country": "text",
    "is_hiring": "boolean",
    "latest_funding_on": "date",
    "attributes": "text",
    "is_bounced": "boolean",
    "bounce_type": "text",
    "is_unsubscribed": "boolean",
}
ICP = [
    ("industry", "software"),
    ("industry", "information technology & services"),
    ("employees_min", "11"),
    ("employees_max", "200"),
    ("country", "united states"),
    ("country", "germany"),
    ("competitor", "rival.com"),
]
TITLES = [
    ("CEO", "chief_executive", 25, False, True),
    ("CFO", "chief_officer", 22, False, True),
    ("President", "partner_president", 22, False, True),
    ("Founder", "founder_owner", 25, False, True),
    ("VP Sales", "vice_president", 18, False, True),
    ("Director", "head_director", 15, False, True),
    ("Senior Manager", "senior_manager", 10, False, True),
    ("Manager", "manager", 7, False, True),
    ("Engineer", "other", 5, False, False),
    ("Product Owner", "other", 5, False, True),
    ("Executive Assistant", "other", 5, True, True),
    ("n/a", "none", 0, False, False),
]


def config(als: Path | None = None) -> Config:
    """Return a configuration with the client acme."""
    icp = {
        "industries": ["software", "information technology & services"],
        "employees": {"min": 11, "max": 200},
        "countries": ["united states", "germany"],
    }
    clients = [{"id": "acme", "name": "Acme", "icp": icp, "competitors": ["rival.com"]}]
    return Config.model_validate({"agency": {"name": "Agency"}, "clients": clients, "als": als})


def lead_id(number: int) -> str:
    """Return the id of lead `number`."""
    return str(uuid.UUID(int=1000 + number))


def build(
    connection: Connection,
    leads: Iterable[Mapping[str, Any]],
    customers: Iterable[tuple[Any, ...]] = (),
    deals: Iterable[tuple[Any, ...]] = (),
    companies: Iterable[tuple[Any, ...]] = (),
) -> None:
    """Write the facts. Leads are numbered in order; what one does not name is null.

    customers: (domain, purchases, services, average value). deals: (company number, lead number, stage,
    value, currency, deleted at). companies: (number, domain, attributes).
    """
    rows = []
    for number, lead in enumerate(leads):
        full = {"is_bounced": False, "is_unsubscribed": False, **lead, "lead_id": lead_id(number)}
        rows.append(tuple(full.get(column) for column in LEAD))
    connection.replace("facts.lead_pool", LEAD, rows)
    pairs = {"lead_id": "uuid", "client_id": "uuid"}
    connection.replace("facts.lead_clients", pairs, [(row[0], ACME) for row in rows])
    connection.replace("facts.clients", {"client_id": "uuid", "client": "text"}, [(ACME, "acme")])
    icps = {"client": "text", "kind": "text", "value": "text"}
    connection.replace("ops.client_icps", icps, [("acme", kind, value) for kind, value in ICP])
    titles = {"title": "text", "title_group": "text", "authority_points": "integer"}
    titles |= {"is_unsuitable": "boolean", "says_something": "boolean"}
    connection.replace("scoring.title_groups", titles, TITLES)
    bought = {
        "client_id": "uuid",
        "domain_key": "text",
        "purchase_count": "integer",
        "service_count": "integer",
    }
    bought["average_value"] = "decimal(18, 2)"
    connection.replace("facts.customers", bought, [(ACME, *row) for row in customers])
    won = {"client_id": "uuid", "company_id": "uuid", "lead_id": "uuid", "stage": "text"}
    won |= {"value": "decimal(18, 2)", "currency": "text", "deleted_at": "timestamptz"}
    connection.replace(
        "facts.deals",
        won,
        [
            (ACME, company and company_id(company), None if lead is None else lead_id(lead), *rest)
            for company, lead, *rest in deals
        ],
    )
    known = {"company_id": "uuid", "domain": "text", "attributes": "text"}
    connection.replace("facts.companies", known, [(company_id(row[0]), *row[1:]) for row in companies])


def company_id(number: int) -> str:
    """Return the id of company `number`."""
    return str(uuid.UUID(int=5000 + number))
