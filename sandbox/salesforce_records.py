"""CRM records as Salesforce keeps them: 18-character ids, leads apart, one e-mail address a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.dealing import STAGES
from sandbox.model import CrmRecord, Json
from sandbox.portals import Portal

STAGE_NAMES = {
    **dict(
        zip(
            STAGES,
            ("Prospecting", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review", "Contract Sent"),
            strict=True,
        )
    ),
    "closedwon": "Closed Won",
    "closedlost": "Closed Lost",
}
"""The organization's stages; all but one are those that every organization begins with."""

KEPT_DAYS = 15
"""A deleted record is gone for good after so many days in the bin."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "Event": "00U",
    "User": "005",
    "OpportunityHistory": "008",
    "OpportunityContactRole": "00K",
    "OpportunityStage": "01J",
}
_COMMON = {"Id": "id", "CreatedDate": "datetime", "SystemModstamp": "datetime", "IsDeleted": "boolean"}
_PERSON = dict.fromkeys(("FirstName", "LastName", "Title", "Phone", "MobilePhone", "OwnerId"), "string") | {
    "Email": "email",
    "HasOptedOutOfEmail": "boolean",
    "DoNotCall": "boolean",
    "MasterRecordId": "reference",
    "Other_Email__c": "email",
    "LinkedIn_Profile__c": "url",
}


def _texts(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "string")


FIELDS: dict[str, dict[str, str]] = {
    "Account": _COMMON
    | _texts("Name Website Industry Description BillingCountry BillingState BillingCity BillingPostalCode")
    | _texts("YearStarted OwnerId MasterRecordId CurrencyIsoCode Phone")
    | {"NumberOfEmployees": "int", "AnnualRevenue": "currency"},
    "Contact": _COMMON
    | _PERSON
    | _texts("AccountId Department MailingCity MailingState MailingCountry LeadSource"),
    "Lead": _COMMON
    | _PERSON
    | _texts("Company Website Industry City State Country Status LeadSource")
    | _texts("ConvertedContactId ConvertedAccountId")
    | {"NumberOfEmployees": "int", "IsConverted": "boolean"},
    "Opportunity": _COMMON
    | _texts("Name AccountId ContactId StageName CurrencyIsoCode OwnerId LeadSource Type Loss_Reason__c")
    | {"Amount": "currency", "Probability": "percent", "CloseDate": "date", "LastStageChangeDate": "datetime"}
    | {"IsClosed": "boolean", "IsWon": "boolean"},
    "OpportunityContactRole": _COMMON | _texts("OpportunityId ContactId Role") | {"IsPrimary": "boolean"},
    "OpportunityHistory": _COMMON
    | _texts("OpportunityId StageName")
    | {"Amount": "currency", "CloseDate": "date", "Probability": "percent"},
    "Event": _COMMON
    | _texts("Subject Type WhoId WhatId AccountId OwnerId Meeting_Outcome__c")
    | {"StartDateTime": "datetime", "EndDateTime": "datetime", "ActivityDate": "date"}
    | {"IsChild": "boolean", "IsRecurrence": "boolean"},
    "OpportunityStage": _texts("Id MasterLabel")
    | dict.fromkeys(("IsActive", "IsClosed", "IsWon"), "boolean"),
}
"""Object → field → type, as they are described; fields that end in __c are the organization's own."""

_OUTCOMES = {
    "SCHEDULED": "Scheduled",
    "COMPLETED": "Completed",
    "RESCHEDULED": "Rescheduled",
    "NO_SHOW": "No Show",
    "CANCELED": "Canceled",
}


def record_id(name: str, client: int, number: int) -> str:
    """Return an id: three characters for the object, twelve for the record, three that tell the cases."""
    short = f"{_PREFIXES[name]}ak{client:02}{number:08}"
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _ALPHABET[sum(1 << place for place, letter in enumerate(block) if letter.isupper())]
        for block in blocks
    )


def stamp(moment: datetime) -> str:
    """Write a moment as REST does."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def tables(portal: Portal) -> dict[str, list[Json]]:
    """Return object → its records as they are now, those in the bin included."""
    now = portal.view.as_of
    since = now - timedelta(days=KEPT_DAYS)
    kept = {
        kind: [
            one for one in portal.records(kind) if not portal.is_gone(one) or _updated(portal, one) >= since
        ]
        for kind in ("companies", "contacts", "deals", "meetings")
    }
    leads = _leads(portal)
    people = {one.id: "Lead" if one.id in leads else "Contact" for one in portal.records("contacts")}
    found: dict[str, list[Json]] = {name: [] for name in FIELDS}
    found["Account"] = [_account(portal, one) for one in kept["companies"]]
    for one in kept["contacts"]:
        found[people[one.id]].append(_person(portal, one, people[one.id]))
    for one in kept["deals"]:
        found["Opportunity"].append(_opportunity(portal, one))
        found["OpportunityHistory"] += _history(portal, one)
        found["OpportunityContactRole"] += _roles(portal, one)
    found["Event"] = [_event(portal, one, people) for one in kept["meetings"]]
    found["Event"] += [_copy(row) for row in found["Event"][::4]]
    found["OpportunityStage"] = [
        {
            "Id": record_id("OpportunityStage", portal.client, number),
            "MasterLabel": label,
            "IsActive": True,
            "IsClosed": label.startswith("Closed"),
            "IsWon": label == "Closed Won",
        }
        for number, label in enumerate(STAGE_NAMES.values(), start=1)
    ]
    return found


def _leads(portal: Portal) -> set[int]:
    """Return the contacts of the simulation that are leads here: some of those that nothing came of."""
    busy = {one.merged_into for one in portal.view.agency.crm if one.client == portal.client}
    for link in portal.view.agency.associations:
        ends = (link.left, link.right)
        if link.client == portal.client and any(kind in ("meetings", "deals") for kind, _ in ends):
            busy |= {number for kind, number in ends if kind == "contacts"}
    idle = (one for one in portal.records("contacts") if one.merged_into is None and one.id not in busy)
    return {one.id for one in idle if portal.number(one) % 2 == 0}


def _updated(portal: Portal, record: CrmRecord) -> datetime:
    times = [record.updated_at(portal.view.as_of)]
    if portal.is_merged(record) and record.merged_at is not None:
        times.append(record.merged_at)
    return max(times)


def _common(portal: Portal, record: CrmRecord, name: str) -> Json:
    """Return what every record has, empty fields included."""
    return dict.fromkeys(FIELDS[name]) | {
        "Id": record_id(name, portal.client, portal.number(record)),
        "CreatedDate": stamp(record.created_at),
        "SystemModstamp": stamp(_updated(portal, record)),
        "IsDeleted": portal.is_gone(record),
    }


def _reference(portal: Portal, record: CrmRecord | None, name: str) -> str | None:
    return record_id(name, portal.client, portal.number(record)) if record else None


def _owner(portal: Portal, values: dict[str, str | None]) -> str:
    return str(values.get("hubspot_owner_id") or "51128101")


def _account(portal: Portal, record: CrmRecord) -> Json:
    values = record.properties_at(portal.view.as_of)
    return _common(portal, record, "Account") | {
        "Name": values["name"],
        "Website": values["website"],
        "NumberOfEmployees": int(values["numberofemployees"] or 0) or None,
        "BillingCountry": values["country"],
        "BillingState": values["state"],
        "BillingCity": values["city"],
        "BillingPostalCode": values["zip"],
        "Phone": values["phone"],
        "OwnerId": _owner(portal, values),
    }


def _person(portal: Portal, record: CrmRecord, name: str) -> Json:
    values = record.properties_at(portal.view.as_of)
    further = [address for address in (values["hs_additional_emails"] or "").split(";") if address]
    survivor = None
    if portal.is_merged(record) and record.merged_into is not None:
        survivor = portal.by_id["contacts", record.merged_into]
    answer = _common(portal, record, name) | {
        "FirstName": values["firstname"],
        "LastName": values["lastname"] or "-",
        "Email": values["email"],
        "Title": values["jobtitle"],
        "Phone": values["phone"],
        "OwnerId": _owner(portal, values),
        "HasOptedOutOfEmail": False,
        "DoNotCall": False,
        "MasterRecordId": _reference(portal, survivor, name),
        "Other_Email__c": further[0] if further else None,
        "LinkedIn_Profile__c": values["hs_linkedin_url"],
    }
    place = {"City": values["city"], "State": values["state"], "Country": values["country"]}
    if name == "Lead":
        more = {
            "Company": values["company"],
            "Website": values["website"],
            "Status": "Open",
            "IsConverted": False,
        }
        return answer | place | more
    account = _reference(portal, portal.first(record, "companies"), "Account")
    return answer | {f"Mailing{part}": text for part, text in place.items()} | {"AccountId": account}


def _opportunity(portal: Portal, record: CrmRecord) -> Json:
    values = record.properties_at(portal.view.as_of)
    moves = record.history_at("dealstage", portal.view.as_of)
    stage = STAGE_NAMES[str(values["dealstage"])]
    return _common(portal, record, "Opportunity") | {
        "Name": values["dealname"],
        "AccountId": _reference(portal, portal.first(record, "companies"), "Account"),
        "StageName": stage,
        "Amount": float(values["amount"] or 0),
        "CurrencyIsoCode": values["deal_currency_code"],
        "CloseDate": str(values["closedate"])[:10],
        "LastStageChangeDate": stamp(moves[0][0]),
        "IsClosed": stage.startswith("Closed"),
        "IsWon": stage == "Closed Won",
        "Probability": 50.0,
        "OwnerId": _owner(portal, values),
        "Loss_Reason__c": values["closed_lost_reason"],
    }


def _roles(portal: Portal, record: CrmRecord) -> list[Json]:
    """Return the contacts of an opportunity, which itself names none."""
    return [
        _common(portal, record, "OpportunityContactRole")
        | {
            "OpportunityId": _reference(portal, record, "Opportunity"),
            "ContactId": _reference(portal, contact, "Contact"),
            "Role": "Decision Maker",
            "IsPrimary": True,
            "SystemModstamp": stamp(record.created_at),
        }
        for contact in portal.linked(record, "contacts")[:1]
    ]


def _history(portal: Portal, record: CrmRecord) -> list[Json]:
    """Return a row for every change of the stage, the amount or the close date, the first one included."""
    rows: list[Json] = []
    values: dict[str, str | None] = {}
    for number, change in enumerate(record.changes):
        values |= change.properties
        counts = not {"dealstage", "amount", "closedate"}.isdisjoint(change.properties)
        if change.at > portal.view.as_of or not counts:
            continue
        at = stamp(change.at)
        rows.append(
            _common(portal, record, "OpportunityHistory")
            | {
                "Id": record_id("OpportunityHistory", portal.client, 100 * portal.number(record) + number),
                "OpportunityId": _reference(portal, record, "Opportunity"),
                "StageName": STAGE_NAMES[str(values["dealstage"])],
                "Amount": float(values["amount"] or 0),
                "CloseDate": str(values["closedate"])[:10],
                "Probability": 50.0,
                "CreatedDate": at,
                "SystemModstamp": at,
            }
        )
    return rows


def _event(portal: Portal, record: CrmRecord, people: dict[int, str]) -> Json:
    values = record.properties_at(portal.view.as_of)
    contact = portal.first(record, "contacts")
    starts_at = datetime.fromisoformat(str(values["hs_meeting_start_time"]))
    ends_at = datetime.fromisoformat(str(values["hs_meeting_end_time"]))
    return _common(portal, record, "Event") | {
        "Subject": values["hs_meeting_title"],
        "Type": "Meeting",
        "WhoId": _reference(portal, contact, people[contact.id]) if contact else None,
        "StartDateTime": stamp(starts_at),
        "EndDateTime": stamp(ends_at),
        "ActivityDate": f"{starts_at:%Y-%m-%d}",
        "IsChild": False,
        "IsRecurrence": False,
        "OwnerId": _owner(portal, values),
        "Meeting_Outcome__c": _OUTCOMES[str(values["hs_meeting_outcome"])],
    }


def _copy(event: Json) -> Json:
    """Return the copy of an event that an invited colleague has."""
    short = f"{event['Id'][:7]}9{event['Id'][8:15]}"
    return {**event, "Id": short + event["Id"][15:], "IsChild": True}
