"""HubSpot's records: which properties are asked for, and how they land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingestion.contracts import VANISHING_COLUMNS, Column, Resource, Shape
from ingestion.normalise import email_key
from ingestion.values import Json


@dataclass(frozen=True)
class HubspotObject:
    """One kind of object. modified: the property that dates its last change. associated: what it links to.

    is_optional: a key that may not read it is no failure.
    """

    name: str
    modified: str
    properties: tuple[str, ...]
    associated: tuple[str, ...]
    is_optional: bool = False

    @property
    def path(self) -> str:
        """The object's path in the API."""
        return f"/crm/v3/objects/{self.name}"


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its properties beside its own fields; HubSpot writes "" for nothing."""
    properties = record.get("properties")
    own = {name: value for name, value in record.items() if name != "properties"}
    named = properties if isinstance(properties, dict) else {}
    return {name: value for name, value in {**named, **own}.items() if value != ""}


def contact_of(link: dict[str, Any]) -> dict[str, Any]:
    """Return an association as {id, labels}; the ids come as numbers here and as text everywhere else."""
    labels = [kind["label"] for kind in link.get("associationTypes") or [] if kind.get("label")]
    return {"id": str(link["toObjectId"]), "labels": labels}


def primary(links: Json) -> str | None:
    """Return the id of the association labelled Primary, else of the oldest record (the smallest id)."""
    if not isinstance(links, list) or not links:
        return None
    return str(next((link["id"] for link in links if "Primary" in link["labels"]), links[0]["id"]))


def merged_ids(record: dict[str, Any]) -> list[str]:
    """Return the ids of the records that were merged into this one."""
    merged = str(flat(record).get("hs_merged_object_ids") or "").split(";")
    return [number.strip() for number in merged if number.strip()]


def readable(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record flat, with the ids of those merged into it."""
    return {**flat(record), "merged_ids": ";".join(merged_ids(record)) or None}


def readable_contact(record: dict[str, Any]) -> dict[str, Any]:
    """Derive the keys of a contact's further addresses as well."""
    contact = readable(record)
    further = str(contact.get("hs_additional_emails") or "").split(";")
    keys = [key for address in further if (key := email_key(address))]
    return {**contact, "further_email_keys": ";".join(keys) or None}


def _object(name: str, columns: tuple[Column, ...], associated: dict[str, str], shape: Shape) -> Resource:
    links = tuple(
        column
        for target, first in associated.items()
        for column in (
            Column(target, "json", paths=(f"${target}",)),
            Column(first, paths=(f"${target}:first",)),
        )
    )
    ends = (
        Column("created_at", "timestamp", paths=("createdAt",), required=True),
        Column("updated_at", "timestamp", paths=("updatedAt",)),
        Column("is_archived", "boolean", paths=("archived",)),
    )
    own = ("hs_object_id", "hs_lastmodifieddate", "lastmodifieddate", "hs_merged_object_ids")
    every = (Column("id", required=True), *columns, *links, *ends, *VANISHING_COLUMNS)
    return Resource(name, ("id",), every, shape, own, deleted_by="is_archived")


CONTACTS = _object(
    "contacts",
    (
        Column("email", "email"),
        Column("further_email_keys"),
        Column("merged_ids"),
        Column("first_name", paths=("firstname",)),
        Column("last_name", paths=("lastname",)),
        Column("title", paths=("jobtitle",)),
        Column("seniority", paths=("hs_seniority", "seniority")),
        Column("phone"),
        Column("mobile_phone", paths=("mobilephone",)),
        Column("linkedin_url", "linkedin", paths=("hs_linkedin_url",)),
        Column("city"),
        Column("state"),
        Column("country"),
        Column("time_zone", paths=("hs_timezone",)),
        Column("company_name", paths=("company",)),
        Column("company_domain", "domain", paths=("website",)),
        Column("associated_company_id", paths=("associatedcompanyid",)),
        Column("is_unsubscribed", "boolean", paths=("hs_email_optout",)),
    ),
    {"companies": "company_id"},
    readable_contact,
)

COMPANIES = _object(
    "companies",
    (
        Column("name"),
        Column("domain", "domain", paths=("domain", "website")),
        Column("website"),
        Column("linkedin_url", paths=("linkedin_company_page",)),
        Column("description"),
        Column("industry"),
        Column("employee_count", "integer", paths=("numberofemployees",)),
        Column("revenue", "decimal", paths=("annualrevenue",)),
        Column("founded_year", "integer"),
        Column("country"),
        Column("state"),
        Column("city"),
        Column("postal_code", paths=("zip",)),
        Column("merged_ids"),
    ),
    {},
    readable,
)

DEALS = _object(
    "deals",
    (
        Column("name", paths=("dealname",)),
        Column("pipeline"),
        Column("stage", paths=("dealstage",)),
        Column("amount", "decimal"),
        Column("currency", paths=("deal_currency_code",)),
        Column("close_date", "timestamp", paths=("closedate",)),
        Column("opened_at", "timestamp", paths=("createdate",)),
        Column("lost_reason", paths=("closed_lost_reason",)),
        Column("owner_id", paths=("hubspot_owner_id",)),
        Column("merged_ids"),
    ),
    {"contacts": "contact_id", "companies": "company_id"},
    readable,
)

MEETINGS = _object(
    "meetings",
    (
        Column("title", paths=("hs_meeting_title",)),
        Column("activity_type", paths=("hs_activity_type",)),
        Column("starts_at", "timestamp", paths=("hs_meeting_start_time", "hs_timestamp")),
        Column("ends_at", "timestamp", paths=("hs_meeting_end_time",)),
        Column("outcome", paths=("hs_meeting_outcome",)),
        Column("booked_at", "timestamp", paths=("hs_createdate", "createdAt")),
        Column("owner_id", paths=("hubspot_owner_id",)),
    ),
    {"contacts": "contact_id"},
    flat,
)

CALLS = _object(
    "calls",
    (
        Column("title", paths=("hs_call_title",)),
        Column("direction", paths=("hs_call_direction",)),
        Column("status", paths=("hs_call_status",)),
        Column("disposition", paths=("hs_call_disposition",)),
        Column("duration_ms", "integer", paths=("hs_call_duration",)),
        Column("notes", paths=("hs_call_body",)),
        Column("called_at", "timestamp", paths=("hs_timestamp",)),
        Column("owner_id", paths=("hubspot_owner_id",)),
    ),
    {"contacts": "contact_id"},
    flat,
)

COMMUNICATIONS = _object(
    "communications",
    (
        Column("channel_type", paths=("hs_communication_channel_type",)),
        Column("body", paths=("hs_communication_body",)),
        Column("logged_from", paths=("hs_communication_logged_from",)),
        Column("sent_at", "timestamp", paths=("hs_timestamp",)),
        Column("owner_id", paths=("hubspot_owner_id",)),
    ),
    {"contacts": "contact_id"},
    flat,
)

OWNERS = Resource(
    "owners",
    ("id",),
    (
        Column("id", required=True),
        Column("type"),
        Column("email", "email"),
        Column("first_name", paths=("firstName",)),
        Column("last_name", paths=("lastName",)),
        Column("user_id", paths=("userId", "userIdIncludingInactive")),
        Column("teams", "json"),
        Column("created_at", "timestamp", paths=("createdAt",)),
        Column("updated_at", "timestamp", paths=("updatedAt",)),
        Column("is_archived", "boolean", paths=("archived",)),
    ),
)

HISTORY = Resource(
    "deal_stage_history",
    ("deal_id", "stage", "entered_at"),
    (
        Column("deal_id", paths=("$deal_id",), required=True),
        Column("pipeline", paths=("$pipeline",)),
        Column("stage", paths=("value",), required=True),
        Column("entered_at", "timestamp", paths=("timestamp",), required=True),
    ),
)

PIPELINES = Resource(
    "pipelines",
    ("id",),
    (Column("id", required=True), Column("label"), Column("is_archived", "boolean", paths=("archived",))),
    ignored=("stages",),
)

PIPELINE_STAGES = Resource(
    "pipeline_stages",
    ("pipeline_id", "id"),
    (
        Column("id", required=True),
        Column("pipeline_id", paths=("$pipeline",), required=True),
        Column("label"),
        Column("is_closed", "boolean", paths=("metadata.isClosed",)),
        Column("probability", "decimal", paths=("metadata.probability",)),
        Column("is_archived", "boolean", paths=("archived",)),
    ),
)

RESOURCES = (
    CONTACTS,
    COMPANIES,
    DEALS,
    MEETINGS,
    CALLS,
    COMMUNICATIONS,
    OWNERS,
    HISTORY,
    PIPELINES,
    PIPELINE_STAGES,
)

OBJECTS = (
    HubspotObject(
        "companies",
        "hs_lastmodifieddate",
        (
            "name",
            "domain",
            "website",
            "description",
            "industry",
            "numberofemployees",
            "annualrevenue",
            "founded_year",
            "country",
            "state",
            "city",
            "zip",
            "linkedin_company_page",
            "hs_merged_object_ids",
            "createdate",
            "hs_lastmodifieddate",
            "lifecyclestage",
        ),
        (),
    ),
    HubspotObject(
        "contacts",
        "lastmodifieddate",
        (
            "email",
            "hs_additional_emails",
            "hs_merged_object_ids",
            "firstname",
            "lastname",
            "jobtitle",
            "hs_seniority",
            "phone",
            "mobilephone",
            "hs_linkedin_url",
            "city",
            "state",
            "country",
            "hs_timezone",
            "company",
            "website",
            "associatedcompanyid",
            "hs_email_optout",
            "lifecyclestage",
            "hs_lead_status",
            "createdate",
            "lastmodifieddate",
        ),
        ("companies",),
    ),
    HubspotObject(
        "deals",
        "hs_lastmodifieddate",
        (
            "dealname",
            "pipeline",
            "dealstage",
            "amount",
            "deal_currency_code",
            "closedate",
            "createdate",
            "closed_lost_reason",
            "hubspot_owner_id",
            "hs_merged_object_ids",
            "hs_lastmodifieddate",
        ),
        ("contacts", "companies"),
    ),
    HubspotObject(
        "meetings",
        "hs_lastmodifieddate",
        (
            "hs_meeting_title",
            "hs_meeting_start_time",
            "hs_meeting_end_time",
            "hs_meeting_outcome",
            "hs_timestamp",
            "hs_activity_type",
            "hs_createdate",
            "hubspot_owner_id",
            "hs_lastmodifieddate",
        ),
        ("contacts",),
    ),
    HubspotObject(
        "calls",
        "hs_lastmodifieddate",
        (
            "hs_call_title",
            "hs_call_direction",
            "hs_call_status",
            "hs_call_disposition",
            "hs_call_duration",
            "hs_call_body",
            "hs_timestamp",
            "hubspot_owner_id",
            "hs_lastmodifieddate",
        ),
        ("contacts",),
        is_optional=True,
    ),
    HubspotObject(
        "communications",
        "hs_lastmodifieddate",
        (
            "hs_communication_channel_type",
            "hs_communication_body",
            "hs_communication_logged_from",
            "hs_timestamp",
            "hubspot_owner_id",
            "hs_lastmodifieddate",
        ),
        ("contacts",),
        is_optional=True,
    ),
)
"""In the order of reading: what others refer to comes first."""
