"""CRM records as Pipedrive writes them: numbers, RFC 3339 in version 2, UTC with a space in version 1."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.dealing import STAGES
from sandbox.model import CrmRecord, Json
from sandbox.portals import Portal

PIPELINE = "Pipeline"
STAGE_NAMES = dict(
    zip(
        STAGES,
        ("Qualified", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"),
        strict=True,
    )
)
"""The stages that a new company's pipeline has, for the simulation's open ones; won and lost are a status."""

LINKEDIN_FIELD = "9dc80c50d78a15643bfc4ca79d76156a73a1ca0e"
"""Code of the company's custom field for a person's LinkedIn profile."""

KINDS = {"persons": "contacts", "organizations": "companies", "deals": "deals", "activities": "meetings"}
"""Pipedrive's lists and what they are in the simulation."""

ITEMS = {"person": "contacts", "organization": "companies", "deal": "deals", "activity": "meetings"}
KEPT_DAYS = 30
"""A deleted deal is gone for good after so many days."""

ARCHIVED_AFTER = timedelta(days=7)
CALLS_FROM = 1_000_000
"""Numbers of the calls that are noted beside the meetings."""

_STATUS = {"closedwon": "won", "closedlost": "lost"}
_EPOCH = "2024-01-15T09:00:00Z"


def rfc3339(moment: datetime) -> str:
    """Write a moment as version 2 does."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def spaced(moment: datetime) -> str:
    """Write a moment as version 1 does."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def stage_id(client: int, stage: str) -> int:
    """Return the number of a stage, which is another one in every company."""
    return 10 * client + STAGES.index(stage) + 1


def archived_at(portal: Portal, record: CrmRecord) -> datetime | None:
    """Return when a deal was archived: some that are lost are, a week later."""
    if record.kind != "deals" or portal.number(record) % 3 or portal.is_gone(record):
        return None
    lost = [at for at, stage in record.history_at("dealstage", portal.view.as_of) if stage == "closedlost"]
    at = lost[0] + ARCHIVED_AFTER if lost else None
    return at if at is not None and at <= portal.view.as_of else None


def updated_at(portal: Portal, record: CrmRecord) -> datetime:
    """Return when the record last changed."""
    times = [record.updated_at(portal.view.as_of), archived_at(portal, record)]
    if portal.is_merged(record):
        times.append(record.merged_at)
    return max(at for at in times if at is not None)


def deal(portal: Portal, record: CrmRecord) -> Json:
    """Return a deal."""
    now = portal.view.as_of
    values = record.properties_at(now)
    history = record.history_at("dealstage", now)[::-1]
    moves = [(at, stage) for at, stage in history if stage in STAGES]
    closed = [(at, _STATUS[stage]) for at, stage in history if stage in _STATUS]
    status = closed[-1][1] if closed else "open"
    closed_at = closed[-1][0] if closed else None
    archived = archived_at(portal, record)
    person, company = portal.first(record, "contacts"), portal.first(record, "companies")
    return {
        "id": portal.number(record),
        "title": values["dealname"],
        "creator_user_id": int(values["hubspot_owner_id"] or 0),
        "owner_id": int(values["hubspot_owner_id"] or 0),
        "value": float(values["amount"] or 0),
        "person_id": portal.number(person) if person else None,
        "org_id": portal.number(company) if company else None,
        "stage_id": stage_id(portal.client, str(moves[-1][1])),
        "pipeline_id": portal.client + 1,
        "currency": values["deal_currency_code"],
        "archive_time": rfc3339(archived) if archived else None,
        "add_time": rfc3339(record.created_at),
        "update_time": rfc3339(updated_at(portal, record)),
        "stage_change_time": rfc3339(moves[-1][0]) if len(moves) > 1 else None,
        "status": "deleted" if portal.is_gone(record) else status,
        "is_archived": archived is not None,
        "is_deleted": portal.is_gone(record),
        "probability": None,
        "lost_reason": values["closed_lost_reason"],
        "visible_to": 3,
        "close_time": rfc3339(closed_at) if closed_at else None,
        "won_time": rfc3339(closed_at) if closed_at and status == "won" else None,
        "lost_time": rfc3339(closed_at) if closed_at and status == "lost" else None,
        "local_won_date": None,
        "local_lost_date": None,
        "local_close_date": None,
        "expected_close_date": str(record.changes[0].properties["closedate"])[:10],
        "label_ids": [],
        "origin": "ManuallyCreated",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "source_lead_id": None,
        "acv": None,
        "arr": None,
        "mrr": None,
        "custom_fields": {},
    }


def person(portal: Portal, record: CrmRecord) -> Json:
    """Return a person; title and address are there because the company syncs contacts."""
    values = record.properties_at(portal.view.as_of)
    company = portal.first(record, "companies")
    further = [address for address in (values["hs_additional_emails"] or "").split(";") if address]
    emails = [values["email"], *further]
    first, last = values["firstname"], values["lastname"]
    return {
        "id": portal.number(record),
        "name": " ".join(filter(None, (first, last))),
        "first_name": first,
        "last_name": last,
        "owner_id": int(values["hubspot_owner_id"] or 0),
        "org_id": portal.number(company) if company else None,
        "add_time": rfc3339(record.created_at),
        "update_time": rfc3339(updated_at(portal, record)),
        "emails": [
            {"value": address, "primary": number == 0, "label": "work" if number == 0 else "home"}
            for number, address in enumerate(emails)
            if address
        ],
        "phones": [{"value": values["phone"], "primary": True, "label": "work"}] if values["phone"] else [],
        "is_deleted": False,
        "visible_to": 3,
        "label_ids": [],
        "picture_id": None,
        "custom_fields": {LINKEDIN_FIELD: values["hs_linkedin_url"]},
        "notes": "",
        "im": [],
        "birthday": None,
        "job_title": values["jobtitle"],
        "postal_address": _address(values, None),
    }


def organization(portal: Portal, record: CrmRecord) -> Json:
    """Return an organization."""
    values = record.properties_at(portal.view.as_of)
    return {
        "id": portal.number(record),
        "name": values["name"],
        "owner_id": 51128101,
        "add_time": rfc3339(record.created_at),
        "update_time": rfc3339(updated_at(portal, record)),
        "address": _address(values, values["zip"]),
        "is_deleted": False,
        "visible_to": 3,
        "label_ids": [],
        "website": values["website"],
        "linkedin": None,
        "industry": None,
        "annual_revenue": None,
        "employee_count": int(values["numberofemployees"] or 0) or None,
        "custom_fields": {},
    }


def _address(values: dict[str, str | None], postal_code: str | None) -> Json:
    parts = [values["city"], values["state"], values["country"]]
    return {
        "value": ", ".join(filter(None, parts)),
        "country": values["country"],
        "admin_area_level_1": values["state"],
        "admin_area_level_2": None,
        "locality": values["city"],
        "sublocality": None,
        "route": None,
        "street_number": None,
        "subpremise": None,
        "postal_code": postal_code,
    }


def meeting(portal: Portal, record: CrmRecord) -> Json:
    """Return a meeting: done when it was held; nothing says that nobody came, a refusal is the guest's."""
    values = record.properties_at(portal.view.as_of)
    contact = portal.first(record, "contacts")
    held = values["hs_meeting_outcome"] == "COMPLETED"
    starts_at = datetime.fromisoformat(str(values["hs_meeting_start_time"]))
    answer = _activity(portal, contact, int(values["hubspot_owner_id"] or 0))
    if contact is not None:
        email = contact.properties_at(portal.view.as_of)["email"]
        status = "declined" if values["hs_meeting_outcome"] == "CANCELED" else "accepted"
        answer["attendees"].append(_guest(email, status, portal.number(contact), None))
    return answer | {
        "id": portal.number(record),
        "subject": values["hs_meeting_title"],
        "type": "meeting",
        "add_time": rfc3339(record.created_at),
        "update_time": rfc3339(updated_at(portal, record)),
        "due_date": f"{starts_at:%Y-%m-%d}",
        "due_time": f"{starts_at:%H:%M:%S}",
        "duration": "00:30:00",
        "done": held,
        "marked_as_done_time": rfc3339(updated_at(portal, record)) if held else None,
    }


def call(portal: Portal, contact: CrmRecord) -> Json:
    """Return a call that was noted with a contact, which is an activity, but no meeting."""
    at = rfc3339(contact.created_at)
    return _activity(portal, contact, 51128101) | {
        "id": CALLS_FROM + portal.number(contact),
        "subject": "Call",
        "type": "call",
        "add_time": at,
        "update_time": at,
        "due_date": at[:10],
        "due_time": None,
        "duration": None,
        "done": True,
        "marked_as_done_time": at,
        "attendees": [],
    }


def _guest(email: str | None, status: str, person_id: int | None, user_id: int | None) -> Json:
    return {
        "email": email,
        "name": None,
        "status": status,
        "is_organizer": user_id is not None,
        "person_id": person_id,
        "user_id": user_id,
    }


def _activity(portal: Portal, contact: CrmRecord | None, owner: int) -> Json:
    company = portal.first(contact, "companies") if contact else None
    number = portal.number(contact) if contact else None
    return {
        "owner_id": owner,
        "creator_user_id": owner,
        "is_deleted": False,
        "deal_id": None,
        "lead_id": None,
        "person_id": number,
        "org_id": portal.number(company) if company else None,
        "project_id": None,
        "busy": True,
        "location": None,
        "participants": [{"person_id": number, "primary": True}] if number else [],
        "attendees": [_guest("owner@client.example", "accepted", None, owner)],
        "conference_meeting_client": None,
        "conference_meeting_url": None,
        "conference_meeting_id": None,
        "public_description": None,
        "priority": None,
        "note": None,
    }


def changes(portal: Portal, record: CrmRecord) -> list[Json]:
    """Return what happened to a deal after it was opened, newest first."""
    entries: list[Json] = []
    now: dict[str, str | None] = dict(record.changes[0].properties)
    stage, status = str(now["dealstage"]), "open"
    for change in record.changes[1:]:
        if change.at > portal.view.as_of:
            break
        given = change.properties
        if "amount" in given:
            entries.append(_change(change.at, "value", now["amount"], given["amount"]))
        to = given.get("dealstage")
        if to in STAGES:
            old, new = stage_id(portal.client, stage), stage_id(portal.client, str(to))
            entries.append(_change(change.at, "stage_id", str(old), str(new)))
            stage = str(to)
        elif to is not None:
            entries.append(_change(change.at, "status", status, _STATUS[to]))
            status = _STATUS[to]
        now |= given
    return entries[::-1]


def _change(at: datetime, field: str, old: str | None, new: str | None) -> Json:
    return {
        "field_key": field,
        "old_value": old,
        "new_value": new,
        "actor_user_id": 51128101,
        "time": spaced(at),
        "change_source": "app",
        "change_source_user_agent": "Mozilla/5.0",
        "is_bulk_update_flag": False,
    }


def pipelines(client: int) -> list[Json]:
    """Return the company's one pipeline."""
    return [
        {
            "id": client + 1,
            "name": PIPELINE,
            "order_nr": 0,
            "is_deleted": False,
            "is_deal_probability_enabled": False,
            "add_time": _EPOCH,
            "update_time": _EPOCH,
        }
    ]


def stages(client: int) -> list[Json]:
    """Return the stages of the company's pipeline."""
    return [
        {
            "id": stage_id(client, stage),
            "order_nr": number,
            "name": name,
            "is_deleted": False,
            "deal_probability": 100,
            "pipeline_id": client + 1,
            "is_deal_rot_enabled": False,
            "days_to_rotten": None,
            "add_time": _EPOCH,
            "update_time": _EPOCH,
        }
        for number, (stage, name) in enumerate(STAGE_NAMES.items())
    ]


def fields(kind: str) -> list[Json]:
    """Return the fields of persons or organizations: their name, and for persons the company's own one."""
    found = [_field("Name", "name", is_custom=False)]
    return [*found, _field("LinkedIn profile", LINKEDIN_FIELD, is_custom=True)] if kind == "person" else found


def _field(name: str, code: str, *, is_custom: bool) -> Json:
    return {
        "field_name": name,
        "field_code": code,
        "field_type": "varchar",
        "options": None,
        "subfields": None,
        "is_custom_field": is_custom,
        "is_optional_response_field": False,
    }


SHAPES = {"contacts": person, "companies": organization, "deals": deal, "meetings": meeting}
"""How a record of each kind is written."""
