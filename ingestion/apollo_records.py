"""Apollo's records: how they are made readable, and the raw tables that they become."""

from __future__ import annotations

from typing import Any

from ingestion.contracts import Column, Resource
from ingestion.paging import whole
from ingestion.values import Json


def readable_found(found: dict[str, Any]) -> dict[str, Any]:
    """Return who a search found under the person's own id.

    A contact of the account's CRM has an id of its own beside it. The legacy search says by the address, or
    what stands in for it, whether there is one.
    """
    record = dict(found)
    if person_id := record.pop("person_id", None):
        record |= {"id": person_id, "contact_id": found.get("id")}
    if "has_email" not in record and ("email" in record or "email_status" in record):
        record["has_email"] = bool(record.get("email"))
    return record


def is_worth_buying(found: Json) -> bool:
    """Say whether somebody `readable_found` has an address; a row that does not say so may have one.

    A contact that Apollo connects with no person cannot be asked for.
    """
    if not isinstance(found, dict) or not found.get("id"):
        return False
    if "contact_stage_id" in found and "contact_id" not in found:
        return False
    return found.get("has_email") is not False


def readable_phone(phone: dict[str, Any]) -> dict[str, Any]:
    """Return a phone number of an asynchronous answer with its one number in one place."""
    return {**phone, "number": phone.get("sanitized_number") or phone.get("raw_number")}


def readable_person(person: dict[str, Any]) -> dict[str, Any]:
    """Derive from a bought person its canonical employment history, first phone and private address."""
    history = employment(person.get("employment_history"))
    phones = person.get("phone_numbers")
    emails = person.get("personal_emails")
    return {
        **person,
        "employment": history,
        "current_role_started_on": role_start(history, person.get("title")),
        "phone_number": phones[0] if isinstance(phones, list) and phones else None,
        "personal_email": emails[0] if isinstance(emails, list) and emails else None,
    }


def employment(history: Json) -> list[dict[str, Any]] | None:
    """Return Apollo's employment history as {company, title, start, end, is_current}, as it is ordered."""
    if not isinstance(history, list):
        return None
    return [
        {
            "company": job.get("organization_name"),
            "title": job.get("title"),
            "start": job.get("start_date"),
            "end": job.get("end_date"),
            "is_current": bool(job.get("current")),
        }
        for job in history
        if isinstance(job, dict)
    ]


def role_start(history: list[dict[str, Any]] | None, title: Json) -> str | None:
    """Return when the current role began: the current job with the person's title, else the latest one."""
    current = [job for job in history or [] if job["is_current"] and isinstance(job["start"], str)]
    same = [job for job in current if job["title"] == title]
    starts = [job["start"] for job in same or current]
    return max(starts, default=None)


def readable_organization(organization: dict[str, Any]) -> dict[str, Any]:
    """Derive what the contract asks for from an organization."""
    secondary = organization.get("secondary_industries") or organization.get("industries") or []
    others = [name for name in secondary if name != organization.get("industry")]
    openings = whole(organization.get("job_postings_count", organization.get("num_current_jobs")))
    return {
        **organization,
        "sub_industry": others[0] if others else None,
        "is_hiring": organization.get("is_hiring", openings > 0 if openings is not None else None),
    }


PEOPLE_SEARCH = Resource(
    "people_search",
    ("client", "id"),
    (
        Column("id", required=True),
        Column("client", paths=("$client",), required=True),
        Column("first_name"),
        Column("last_name_obfuscated"),
        Column("title"),
        Column("has_email", "boolean"),
        Column("last_refreshed_at", "timestamp"),
        Column("organization_name", paths=("organization.name", "organization_name")),
        Column("last_name"),
        Column("email", "email"),
        Column("email_status"),
        Column("linkedin_url", "linkedin"),
        Column("seniority"),
        Column("city"),
        Column("state"),
        Column("country"),
    ),
    shape=readable_found,
)

PEOPLE = Resource(
    "people",
    ("id",),
    (
        Column("id", required=True),
        Column("asked_id", paths=("$asked_id",)),
        Column("email", "email"),
        Column("email_status"),
        Column("personal_email", "email"),
        Column("linkedin_url", "linkedin"),
        Column("first_name"),
        Column("last_name"),
        Column("title"),
        Column("seniority"),
        Column("departments", "json"),
        Column("headline"),
        Column("photo_url"),
        Column("twitter_url"),
        Column(
            "phone", paths=("phone_number.sanitized_number", "phone_number.raw_number", "sanitized_phone")
        ),
        Column("phone_type", paths=("phone_number.type_cd", "phone_number.type")),
        Column("phone_status", paths=("phone_number.status_cd", "phone_number.status")),
        Column("dnc_status", paths=("phone_number.dnc_status_cd", "phone_number.dnc_status")),
        Column("city"),
        Column("state"),
        Column("country"),
        Column("time_zone"),
        Column("organization_id", paths=("organization_id", "organization.id")),
        Column("organization_name", paths=("organization.name", "organization_name")),
        Column(
            "organization_domain", "domain", paths=("organization.primary_domain", "organization.website_url")
        ),
        Column("employment_history", "json", paths=("employment",)),
        Column("current_role_started_on", "date"),
    ),
    shape=readable_person,
    ignored=("employment_history", "organization", "phone_numbers", "personal_emails"),
)

_ORGANIZATION = (
    Column("id", required=True),
    Column("name"),
    Column("domain", "domain", paths=("primary_domain", "website_url")),
    Column("website_url"),
    Column("linkedin_url"),
    Column("description", paths=("short_description", "seo_description")),
    Column("logo_url"),
    Column("industry"),
    Column("sub_industry"),
    Column("employee_count", "integer", paths=("estimated_num_employees",)),
    Column("revenue", "decimal", paths=("annual_revenue", "organization_revenue")),
    Column("founded_year", "integer"),
    Column("country"),
    Column("state"),
    Column("city"),
    Column("postal_code"),
    Column("is_hiring", "boolean"),
    Column("latest_funding_stage"),
    Column("latest_funding_on", "date", paths=("latest_funding_round_date",)),
    Column("total_funding", "decimal"),
    Column("technologies", "json", paths=("technology_names",)),
    Column("keywords", "json"),
)

ORGANIZATIONS = Resource("organizations", ("id",), _ORGANIZATION, shape=readable_organization)
"""As they came with bought people."""

ORGANIZATION_DETAILS = Resource("organization_details", ("id",), _ORGANIZATION, shape=readable_organization)
"""As they were bought themselves: more is known of them."""

JOB_POSTINGS = Resource(
    "job_postings",
    ("organization_id", "id"),
    (
        Column("organization_id", paths=("$organization",), required=True),
        Column("id", required=True),
        Column("title"),
        Column("url"),
        Column("city"),
        Column("state"),
        Column("country"),
        Column("posted_at", "timestamp"),
        Column("last_seen_at", "timestamp"),
    ),
)

PHONES = Resource(
    "phones",
    ("person_id", "number"),
    (
        Column("person_id", paths=("$person",), required=True),
        Column("request_id", paths=("$request",)),
        Column("number", required=True),
        Column("phone_type", paths=("type_cd",)),
        Column("phone_status", paths=("status_cd",)),
        Column("dnc_status", paths=("dnc_status_cd",)),
        Column("confidence", paths=("confidence_cd",)),
        Column("phone_source", paths=("direct_dial_source_cd",)),
        Column("position", "integer"),
    ),
    shape=readable_phone,
    ignored=("raw_number", "sanitized_number"),
)

EMAILS = Resource(
    "emails",
    ("person_id", "email"),
    (
        Column("person_id", paths=("$person",), required=True),
        Column("request_id", paths=("$request",)),
        Column("email", "email", required=True),
        Column("email_status", paths=("email_status_cd",)),
        Column("found_at", "timestamp", paths=("waterfall_enriched_at",)),
        Column("position", "integer"),
    ),
)

RESOURCES = (
    PEOPLE_SEARCH,
    PEOPLE,
    ORGANIZATIONS,
    ORGANIZATION_DETAILS,
    JOB_POSTINGS,
    PHONES,
    EMAILS,
)
