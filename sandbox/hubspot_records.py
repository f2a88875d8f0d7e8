"""CRM records as HubSpot writes them: every property value is a string or null."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.model import CrmRecord, Json, iso
from sandbox.profiles import ClientProfile

ENGAGEMENTS = ("meetings", "calls", "communications")
KINDS = ("contacts", "companies", "deals", *ENGAGEMENTS)
CURSOR_PROPERTY = dict.fromkeys(KINDS, "hs_lastmodifieddate") | {"contacts": "lastmodifieddate"}
"""The property that says when a record last changed."""

_CREATED_PROPERTY = {kind: "hs_createdate" if kind in ENGAGEMENTS else "createdate" for kind in KINDS}
_DEFAULT_PROPERTIES: dict[str, str] = {
    "contacts": "createdate email firstname hs_object_id lastmodifieddate lastname",
    "companies": "createdate domain hs_lastmodifieddate hs_object_id name",
    "deals": "amount closedate createdate dealname dealstage hs_lastmodifieddate hs_object_id pipeline",
} | dict.fromkeys(ENGAGEMENTS, "hs_createdate hs_lastmodifieddate hs_object_id")
_KNOWN_PROPERTIES: dict[str, str] = {
    "contacts": """email firstname lastname jobtitle company phone mobilephone website country state city
        hs_linkedin_url hs_additional_emails lifecyclestage hubspot_owner_id createdate lastmodifieddate
        hs_object_id hs_merged_object_ids hs_timezone hs_email_optout industry hs_lead_status""",
    "companies": """name domain website phone industry numberofemployees annualrevenue country state city zip
        description founded_year linkedin_company_page hubspot_owner_id createdate hs_lastmodifieddate
        hs_object_id hs_merged_object_ids lifecyclestage""",
    "deals": """dealname pipeline dealstage amount deal_currency_code closedate hubspot_owner_id
        closed_lost_reason closed_won_reason createdate hs_lastmodifieddate hs_object_id
        hs_merged_object_ids dealtype description""",
    "meetings": """hs_meeting_title hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome hs_timestamp
        hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id hs_meeting_body hs_activity_type
        hs_merged_object_ids""",
    "calls": """hs_call_title hs_call_direction hs_call_status hs_call_disposition hs_call_duration
        hs_call_body hs_timestamp hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id""",
    "communications": """hs_communication_channel_type hs_communication_logged_from hs_communication_body
        hs_timestamp hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id""",
}
_OBJECT_TYPE = dict(zip(KINDS, ("0-1", "0-2", "0-3", "0-47", "0-48", "0-18"), strict=True))
_SINGULAR = {kind: kind.removesuffix("s") for kind in KINDS} | {"companies": "company"}
_TYPE_IDS: dict[tuple[str, str], tuple[tuple[int, str | None], ...]] = {
    ("contacts", "companies"): ((1, "Primary"), (279, None)),
    ("companies", "contacts"): ((2, "Primary"), (280, None)),
    ("deals", "contacts"): ((3, None),),
    ("contacts", "deals"): ((4, None),),
    ("deals", "companies"): ((5, "Primary"), (341, None)),
    ("companies", "deals"): ((6, "Primary"), (342, None)),
    ("meetings", "contacts"): ((200, None),),
    ("contacts", "meetings"): ((199, None),),
    ("calls", "contacts"): ((194, None),),
    ("contacts", "calls"): ((193, None),),
    ("communications", "contacts"): ((81, None),),
    ("contacts", "communications"): ((82, None),),
}
_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_EPOCH = "1970-01-01T00:00:00Z"


def value_at(record: CrmRecord, name: str, now: datetime) -> str | None:
    """Return the value of one property at `now`."""
    if name == "hs_object_id":
        return str(record.id)
    if name == CURSOR_PROPERTY[record.kind]:
        return iso(record.updated_at(now))
    if name == _CREATED_PROPERTY[record.kind]:
        return iso(record.created_at)
    return record.properties_at(now).get(name)


def record(
    item: CrmRecord, now: datetime, properties: Sequence[str] = (), with_history: Sequence[str] = ()
) -> Json:
    """Return the record with the properties asked for (a few when none are); unknown ones are left out."""
    always = ("hs_object_id", CURSOR_PROPERTY[item.kind], _CREATED_PROPERTY[item.kind])
    wanted = [*properties, *always] if properties else _DEFAULT_PROPERTIES[item.kind].split()
    known = sorted({*wanted} & {*_KNOWN_PROPERTIES[item.kind].split()})
    answer: Json = {
        "id": str(item.id),
        "properties": {name: value_at(item, name, now) for name in known},
        "createdAt": iso(item.created_at),
        "updatedAt": iso(item.updated_at(now)),
        "archived": item.is_archived_at(now),
    }
    if item.is_archived_at(now) and item.archived_at is not None:
        answer["archivedAt"] = iso(item.archived_at)
    if with_history:
        answer["propertiesWithHistory"] = {name: _history(item, name, now) for name in with_history}
    return answer


def _history(item: CrmRecord, name: str, now: datetime) -> list[Json]:
    owner = item.changes[0].properties.get("hubspot_owner_id") or "0"
    return [
        {
            "value": value if value is not None else "",
            "timestamp": iso(at),
            "sourceType": "CRM_UI",
            "sourceId": f"userId:{owner}",
            "updatedByUserId": int(owner),
        }
        for at, value in item.history_at(name, now)
    ]


def url(item: CrmRecord, portal_id: int) -> str:
    """Return where a person finds the record in HubSpot's pages."""
    return f"https://app.hubspot.com/contacts/{portal_id}/record/{_OBJECT_TYPE[item.kind]}/{item.id}"


def target(left: str, right: str, to_id: int) -> Json:
    """Return one end of an association; its id is a number here."""
    types = _TYPE_IDS.get((left, right), ((0, None),))
    return {
        "toObjectId": to_id,
        "associationTypes": [
            {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": label} for type_id, label in types
        ],
    }


def no_association(left: str, right: str, name: str) -> Json:
    """Return the error that stands for a record without any association of the kind."""
    one, other = _SINGULAR[left], _SINGULAR[right]
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other} is associated with {one} {name}.",
        "context": {"fromObjectId": [name], "fromObjectType": [one], "toObjectType": [other]},
    }


def pipelines() -> Json:
    """Return the one default deal pipeline."""
    stages = [
        {
            "label": label,
            "displayOrder": number,
            "metadata": {"isClosed": str(stage.startswith("closed")).lower(), "probability": probability},
            "id": stage,
            "createdAt": _EPOCH,
            "updatedAt": _EPOCH,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": False,
        }
        for number, (stage, label, probability) in enumerate(_STAGES)
    ]
    pipeline = {
        "label": "Sales Pipeline",
        "displayOrder": 0,
        "id": "default",
        "stages": stages,
        "createdAt": _EPOCH,
        "updatedAt": _EPOCH,
        "archived": False,
    }
    return {"results": [pipeline]}


def account_info(profile: ClientProfile) -> Json:
    """Return the portal's own data."""
    return {
        "portalId": profile.portal_id,
        "accountType": "STANDARD",
        "timeZone": profile.time_zone,
        "companyCurrency": profile.currency,
        "additionalCurrencies": [],
        "utcOffset": "+00:00",
        "utcOffsetMilliseconds": 0,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
