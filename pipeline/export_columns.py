"""What stands in an export's columns, made from the rows of `export_sql`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]

LEAD_COLUMNS = (
    "lead_id",
    "email",
    "email_status",
    "first_name",
    "last_name",
    "title",
    "title_group",
    "seniority",
    "linkedin_url",
    "company_name",
    "company_domain",
    "industry",
    "employee_count",
    "country",
    "score",
    "tier",
    "als_coverage",
    "status",
    "pool_status",
    "assignment_status",
    "owner_client",
    "found_at",
    "first_contacted_at",
    "last_contacted_at",
    "touch_count",
    "first_replied_at",
    "last_intent",
    "next_contact_on",
    "meeting_booked_at",
    "deal_won_at",
    "is_eligible",
    "failing_codes",
)

CONTACT_COLUMNS = (
    "full_name",
    "title",
    "email",
    "linkedin_url",
    "department",
    "seniority",
    "quality_score",
    "company_name",
    "company_domain",
    "company_website",
    "company_state",
    "personalization_notes",
    "created_at",
)

COMPANY_COLUMNS = (
    "company_name",
    "domain",
    "website",
    "state",
    "pms_detected",
    "units_estimate",
    "company_type",
    "description",
    "discovery_source",
    "icp_fit",
    "icp_tier",
    "icp_confidence",
    "disqualifiers",
    "created_at",
)

PROPERTY_SYSTEMS = (
    "AppFolio",
    "Buildium",
    "Cloudbeds",
    "Entrata",
    "Escapia",
    "Guesty",
    "Hostaway",
    "Hostfully",
    "LiveRez",
    "Lodgify",
    "Mews",
    "OPERA PMS",
    "OwnerRez",
    "Propertyware",
    "RealPage",
    "Rent Manager",
    "ResMan",
    "RMS Cloud",
    "Streamline VRS",
    "Track PMS",
    "Yardi",
)
"""Property management systems, as technology lists name them; compared by their letters and digits."""

COMPANY_SIGNALS = ("industry", "employee_count", "country")
"""What a company's fit is judged by; icp_confidence says which share of them is known."""


def lead_row(row: Row) -> Row:
    """Return a lead as it stands."""
    return row


def contact_row(row: Row) -> Row:
    """Return one person's columns."""
    attributes = _attributes(row["attributes"])
    return {
        **row,
        "full_name": " ".join(part for part in (row["first_name"], row["last_name"]) if part) or None,
        "department": "; ".join(_items(row["departments"])) or None,
        "personalization_notes": _first(attributes, "personalization_notes", "personalisation_notes"),
    }


def company_row(row: Row, tier: Callable[[int], str]) -> Row:
    """Return one company's columns; `tier` names the tier of a score of 0–100."""
    attributes = _attributes(row["attributes"])
    fit = None if row["company_fit"] is None else int(row["company_fit"]) * 4
    known = sum(row[name] is not None for name in COMPANY_SIGNALS)
    return {
        **row,
        "pms_detected": _first(attributes, "pms_detected", "pms")
        or "; ".join(_property_systems(_items(row["technologies"])))
        or None,
        "units_estimate": _first(attributes, "units_estimate", "unit_count", "units"),
        "company_type": _first(attributes, "company_type", "type"),
        "icp_fit": fit,
        "icp_tier": None if fit is None else tier(fit),
        "icp_confidence": f"{known / len(COMPANY_SIGNALS):.2f}",
    }


def _property_systems(technologies: Iterable[str]) -> list[str]:
    wanted = {_letters(name): name for name in PROPERTY_SYSTEMS}
    found = {wanted[_letters(name)] for name in technologies if _letters(name) in wanted}
    return sorted(found)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _attributes(text: str | None) -> dict[str, Any]:
    """Return the attributes by lower-case name; nothing where the text is no JSON object."""
    found = _json(text)
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}


def _items(text: str | None) -> list[str]:
    """Return a JSON list's texts; a text that is no JSON counts as its only one."""
    found = _json(text)
    if isinstance(found, list):
        return [str(item) for item in found if item not in (None, "") and not isinstance(item, dict | list)]
    return [text] if text and found is None else []


def _json(text: str | None) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _first(attributes: Mapping[str, Any], *names: str) -> Any:
    """Return the first attribute of these names that says something; lists and objects as JSON."""
    for name in names:
        value = attributes.get(name)
        if value not in (None, "", [], {}):
            return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    return None
