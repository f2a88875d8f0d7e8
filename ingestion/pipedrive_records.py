"""Pipedrive's records: which lists there are, what a request costs, and how the records land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingestion.contracts import VANISHING_COLUMNS, Column, Resource
from ingestion.normalise import email_key
from ingestion.values import Json

V2 = "/api/v2"
V1 = "/api/v1"
RECENTS = f"{V1}/recents"
ARCHIVED = f"{V2}/deals/archived"

LIST_TOKENS = 10
TOKENS = {f"{V2}/pipelines": 5, f"{V2}/stages": 5, ARCHIVED: 20}
"""What one page of a list costs in tokens, where that is not LIST_TOKENS."""

OLD_TOKENS = 20
"""What anything costs that only the first version of the API has: the changes of a deal, what was deleted."""


def tokens(path: str) -> int:
    """Return what a request to `path` costs of the day's budget."""
    return OLD_TOKENS if path.startswith(V1) else TOKENS.get(path, LIST_TOKENS)


def changes_path(deal_id: str) -> str:
    """Return where the changes of a deal are listed."""
    return f"{V1}/deals/{deal_id}/changelog"


@dataclass(frozen=True)
class PipedriveObject:
    """One kind of object. lists: (path, more parameters) of every list that shows some of it, in the order
    of reading: a record that goes from one to another meanwhile goes to a later one. item: its name where
    what was deleted is told.
    """

    name: str
    item: str
    lists: tuple[tuple[str, dict[str, str]], ...]

    @property
    def live_lists(self) -> tuple[str, ...]:
        """The lists that show what is there; deleted deals have one of their own."""
        return tuple(path for path, more in self.lists if "status" not in more)


def primary(values: Json) -> tuple[str | None, list[str]]:
    """Return the primary one of a person's e-mail addresses or phones, and all others."""
    rows = [row for row in values if isinstance(row, dict)] if isinstance(values, list) else []
    found = [str(row["value"]).strip() for row in rows if row.get("value")]
    first = next((str(row["value"]).strip() for row in rows if row.get("value") and row.get("primary")), None)
    if first is None:
        return (found[0], found[1:]) if found else (None, [])
    return first, [value for value in found if value != first]


def readable_person(record: dict[str, Any]) -> dict[str, Any]:
    """Pick a person's main address and phone, and derive the keys of the further addresses."""
    email, more = primary(record.get("emails"))
    phone, _ = primary(record.get("phones"))
    phones = record.get("phones")
    label = next(
        (row.get("label") for row in phones if isinstance(row, dict) and row.get("value") == phone)
        if isinstance(phones, list)
        else iter(()),
        None,
    )
    keys = [key for address in more if (key := email_key(address))]
    return {
        **record,
        "email": email,
        "further_email_keys": ";".join(keys) or None,
        "phone": phone,
        "phone_label": label,
    }


def readable_activity(record: dict[str, Any]) -> dict[str, Any]:
    """Find the person an activity is with: its own, a participant, else an outside attendee's address."""
    person = record.get("person_id") or _first(record.get("participants"), "primary")
    guests = [
        guest
        for guest in _rows(record.get("attendees"))
        if not guest.get("user_id") and not guest.get("is_organizer")
    ]
    person = person or next((guest["person_id"] for guest in guests if guest.get("person_id")), None)
    email = next((guest["email"] for guest in guests if guest.get("email")), None)
    has_declined = bool(guests) and all(guest.get("status") == "declined" for guest in guests)
    day, hour = record.get("due_date"), record.get("due_time")
    starts_at = f"{day}T{hour}" if day and hour else day
    return {
        **record,
        "with_person": person,
        "guest_email": email,
        "has_declined": has_declined,
        "starts_at": starts_at or None,
    }


def _rows(values: Json) -> list[dict[str, Any]]:
    return [row for row in values if isinstance(row, dict)] if isinstance(values, list) else []


def _first(values: Json, flag: str) -> Json:
    rows = [row for row in _rows(values) if row.get("person_id")]
    chosen = next((row for row in rows if row.get(flag)), rows[0] if rows else {})
    return chosen.get("person_id")


def _address(of: str) -> tuple[Column, ...]:
    return (
        Column("street", paths=(f"{of}.value",)),
        Column("city", paths=(f"{of}.locality",)),
        Column("state", paths=(f"{of}.admin_area_level_1",)),
        Column("country", paths=(f"{of}.country",)),
        Column("postal_code", paths=(f"{of}.postal_code",)),
    )


ENDS = (
    Column("owner_id"),
    Column("created_at", "timestamp", paths=("add_time",), required=True),
    Column("updated_at", "timestamp", paths=("update_time",)),
    Column("is_deleted", "boolean"),
    *VANISHING_COLUMNS,
)

PERSONS = Resource(
    "persons",
    ("id",),
    (
        Column("id", required=True),
        Column("name"),
        Column("first_name"),
        Column("last_name"),
        Column("email", "email"),
        Column("further_email_keys"),
        Column("emails", "json"),
        Column("phone"),
        Column("phone_label"),
        Column("phones", "json"),
        Column("linkedin_url", "linkedin", paths=("$linkedin",)),
        Column("title", paths=("job_title",)),
        *_address("postal_address"),
        Column("org_id"),
        *ENDS,
    ),
    readable_person,
    deleted_by="is_deleted",
)

ORGANIZATIONS = Resource(
    "organizations",
    ("id",),
    (
        Column("id", required=True),
        Column("name"),
        Column("website"),
        Column("domain", "domain", paths=("website",)),
        Column("linkedin_url", paths=("linkedin",)),
        Column("industry", paths=("$industry",)),
        Column("employee_count", "integer"),
        Column("revenue", "decimal", paths=("annual_revenue",)),
        *_address("address"),
        *ENDS,
    ),
    deleted_by="is_deleted",
)

DEALS = Resource(
    "deals",
    ("id",),
    (
        Column("id", required=True),
        Column("title"),
        Column("value", "decimal"),
        Column("currency"),
        Column("status"),
        Column("pipeline_id"),
        Column("pipeline_name", paths=("$pipeline",)),
        Column("stage_id"),
        Column("stage_name", paths=("$stage",)),
        Column("stage_changed_at", "timestamp", paths=("stage_change_time",)),
        Column("won_at", "timestamp", paths=("won_time",)),
        Column("lost_at", "timestamp", paths=("lost_time",)),
        Column("closed_at", "timestamp", paths=("close_time",)),
        Column("expected_close_on", "date", paths=("expected_close_date",)),
        Column("lost_reason"),
        Column("probability", "decimal"),
        Column("person_id"),
        Column("org_id"),
        Column("is_archived", "boolean"),
        *ENDS,
    ),
    deleted_by="is_deleted",
)

ACTIVITIES = Resource(
    "activities",
    ("id",),
    (
        Column("id", required=True),
        Column("subject"),
        Column("type"),
        Column("starts_at", "timestamp"),
        Column("duration"),
        Column("is_done", "boolean", paths=("done",)),
        Column("done_at", "timestamp", paths=("marked_as_done_time",)),
        Column("conference_url", paths=("conference_meeting_url",)),
        Column("person_id", paths=("with_person",)),
        Column("guest_email", "email"),
        Column("has_declined", "boolean"),
        Column("participants", "json"),
        Column("attendees", "json"),
        Column("deal_id"),
        Column("org_id"),
        *ENDS,
    ),
    readable_activity,
    ignored=("person_id", "due_date", "due_time"),
    deleted_by="is_deleted",
)

CHANGES = Resource(
    "deal_changes",
    ("deal_id", "field", "changed_at", "new_value"),
    (
        Column("deal_id", paths=("$deal_id",), required=True),
        Column("field", paths=("field_key",), required=True),
        Column("old_value"),
        Column("new_value"),
        Column("changed_at", "timestamp", paths=("time",), required=True),
        Column("old_stage_name", paths=("$old_stage",)),
        Column("old_pipeline_id", paths=("$old_pipeline_id",)),
        Column("old_pipeline_name", paths=("$old_pipeline",)),
        Column("new_stage_name", paths=("$new_stage",)),
        Column("new_pipeline_id", paths=("$new_pipeline_id",)),
        Column("new_pipeline_name", paths=("$new_pipeline",)),
        Column("changed_by", paths=("actor_user_id",)),
    ),
)

PIPELINES = Resource(
    "pipelines",
    ("id",),
    (Column("id", required=True), Column("name"), Column("is_deleted", "boolean")),
)

STAGES = Resource(
    "stages",
    ("id",),
    (
        Column("id", required=True),
        Column("pipeline_id", required=True),
        Column("name"),
        Column("position", "integer", paths=("order_nr",)),
        Column("probability", "decimal", paths=("deal_probability",)),
        Column("is_deleted", "boolean"),
    ),
)

DELETIONS = Resource(
    "deletions",
    ("item", "id"),
    (
        Column("item", required=True),
        Column("id", required=True),
        Column("noticed_at", "timestamp", paths=("$noticed_at",), required=True),
    ),
)

RESOURCES = (PERSONS, ORGANIZATIONS, DEALS, ACTIVITIES, CHANGES, PIPELINES, STAGES, DELETIONS)

OBJECTS = (
    PipedriveObject("organizations", "organization", ((f"{V2}/organizations", {}),)),
    PipedriveObject("persons", "person", ((f"{V2}/persons", {}),)),
    PipedriveObject(
        "deals",
        "deal",
        ((f"{V2}/deals", {}), (ARCHIVED, {}), (f"{V2}/deals", {"status": "deleted"})),
    ),
    PipedriveObject("activities", "activity", ((f"{V2}/activities", {"include_fields": "attendees"}),)),
)
"""In the order of reading: what others refer to comes first."""
