"""Salesforce's records: which fields are asked for, and how they land."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.contracts import VANISHING_COLUMNS, Column, Resource
from ingestion.normalise import email_key
from ingestion.values import Json

CURSOR = "SystemModstamp"


@dataclass(frozen=True)
class SalesforceObject:
    """One kind of object. table: where it lands. fields: asked for, as far as the organization has them.

    is_swept: whether its records can vanish by themselves; those of a history go with their opportunity.
    """

    name: str
    table: str
    fields: tuple[str, ...]
    is_swept: bool = True


def own_fields(described: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what an organization's own fields hold: purpose → names of the fields."""
    found: dict[str, list[str]] = {"linkedin": [], "email": [], "outcome": [], "reason": []}
    for one in described:
        name = str(one.get("name"))
        plain = name.lower().replace("_", "")
        if not name.endswith("__c"):
            continue
        if "linkedin" in plain:
            found["linkedin"].append(name)
        elif one.get("type") == "email":
            found["email"].append(name)
        elif "outcome" in plain:
            found["outcome"].append(name)
        elif "reason" in plain and ("lost" in plain or "loss" in plain):
            found["reason"].append(name)
    return found


def beside(record: Json, own: Mapping[str, list[str]]) -> dict[str, Json]:
    """Return what the organization's own fields say of a record, as a context."""
    if not isinstance(record, dict):
        return {}
    first = {
        f"${purpose}": next((record[name] for name in names if record.get(name)), None)
        for purpose, names in own.items()
        if purpose != "email"
    }
    addresses = [record[name] for name in own["email"] if isinstance(record.get(name), str)]
    keys = [key for address in addresses if (key := email_key(address))]
    return {**first, "$further_email_keys": ";".join(keys) or None}


def readable(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as both APIs write it: Bulk has "" for null, and text for whatever has no column."""
    plain = {name: value for name, value in record.items() if value != "" and name != "attributes"}
    for name, value in plain.items():
        if name.endswith("__c") and isinstance(value, bool | int | float):
            plain[name] = json.dumps(value)
    year = plain.get("YearStarted")
    return {**plain, "founded_year": year} if isinstance(year, str) and year.isdigit() else plain


def _resource(name: str, *columns: Column) -> Resource:
    return Resource(
        name,
        ("id",),
        (
            Column("id", paths=("Id",), required=True),
            *columns,
            Column("created_at", "timestamp", paths=("CreatedDate",), required=True),
            Column("updated_at", "timestamp", paths=(CURSOR,)),
            Column("is_deleted", "boolean", paths=("IsDeleted",)),
            *VANISHING_COLUMNS,
        ),
        readable,
        deleted_by="is_deleted",
    )


PERSON = (
    Column("first_name", paths=("FirstName",)),
    Column("last_name", paths=("LastName",)),
    Column("email", "email", paths=("Email",)),
    Column("further_email_keys", paths=("$further_email_keys",)),
    Column("linkedin_url", "linkedin", paths=("$linkedin",)),
    Column("title", paths=("Title",)),
    Column("phone", paths=("Phone",)),
    Column("mobile_phone", paths=("MobilePhone",)),
    Column("is_unsubscribed", "boolean", paths=("HasOptedOutOfEmail",)),
    Column("must_not_call", "boolean", paths=("DoNotCall",)),
    Column("owner_id", paths=("OwnerId",)),
    Column("master_id", paths=("MasterRecordId",)),
)

ACCOUNTS = _resource(
    "accounts",
    Column("name", paths=("Name",)),
    Column("website", paths=("Website",)),
    Column("domain", "domain", paths=("Website",)),
    Column("linkedin_url", paths=("$linkedin",)),
    Column("description", paths=("Description",)),
    Column("industry", paths=("Industry",)),
    Column("employee_count", "integer", paths=("NumberOfEmployees",)),
    Column("revenue", "decimal", paths=("AnnualRevenue",)),
    Column("currency", paths=("CurrencyIsoCode", "$currency")),
    Column("founded_year", "integer"),
    Column("country", paths=("BillingCountry",)),
    Column("state", paths=("BillingState",)),
    Column("city", paths=("BillingCity",)),
    Column("postal_code", paths=("BillingPostalCode",)),
    Column("owner_id", paths=("OwnerId",)),
    Column("master_id", paths=("MasterRecordId",)),
)

CONTACTS = _resource(
    "contacts",
    *PERSON,
    Column("account_id", paths=("AccountId",)),
    Column("department", paths=("Department",)),
    Column("city", paths=("MailingCity",)),
    Column("state", paths=("MailingState",)),
    Column("country", paths=("MailingCountry",)),
)

LEADS = _resource(
    "leads",
    *PERSON,
    Column("company_name", paths=("Company",)),
    Column("company_domain", "domain", paths=("Website",)),
    Column("industry", paths=("Industry",)),
    Column("city", paths=("City",)),
    Column("state", paths=("State",)),
    Column("country", paths=("Country",)),
    Column("employee_count", "integer", paths=("NumberOfEmployees",)),
    Column("status", paths=("Status",)),
    Column("is_converted", "boolean", paths=("IsConverted",)),
    Column("converted_contact_id", paths=("ConvertedContactId",)),
    Column("converted_account_id", paths=("ConvertedAccountId",)),
)

OPPORTUNITIES = _resource(
    "opportunities",
    Column("name", paths=("Name",)),
    Column("account_id", paths=("AccountId",)),
    Column("contact_id", paths=("ContactId",)),
    Column("stage", paths=("StageName",)),
    Column("amount", "decimal", paths=("Amount",)),
    Column("currency", paths=("CurrencyIsoCode", "$currency")),
    Column("close_on", "date", paths=("CloseDate",)),
    Column("stage_changed_at", "timestamp", paths=("LastStageChangeDate",)),
    Column("is_closed", "boolean", paths=("IsClosed",)),
    Column("is_won", "boolean", paths=("IsWon",)),
    Column("lost_reason", paths=("$reason",)),
    Column("probability", "decimal", paths=("Probability",)),
    Column("owner_id", paths=("OwnerId",)),
)

CONTACT_ROLES = _resource(
    "opportunity_contact_roles",
    Column("opportunity_id", paths=("OpportunityId",), required=True),
    Column("contact_id", paths=("ContactId",), required=True),
    Column("role", paths=("Role",)),
    Column("is_primary", "boolean", paths=("IsPrimary",)),
)

HISTORY = _resource(
    "opportunity_history",
    Column("opportunity_id", paths=("OpportunityId",), required=True),
    Column("stage", paths=("StageName",), required=True),
    Column("is_closed_stage", "boolean", paths=("$is_closed",)),
    Column("is_won_stage", "boolean", paths=("$is_won",)),
    Column("amount", "decimal", paths=("Amount",)),
    Column("close_on", "date", paths=("CloseDate",)),
    Column("probability", "decimal", paths=("Probability",)),
)

EVENTS = _resource(
    "events",
    Column("subject", paths=("Subject",)),
    Column("type", paths=("Type",)),
    Column("who_id", paths=("WhoId",)),
    Column("what_id", paths=("WhatId",)),
    Column("account_id", paths=("AccountId",)),
    Column("starts_at", "timestamp", paths=("StartDateTime", "ActivityDate")),
    Column("ends_at", "timestamp", paths=("EndDateTime",)),
    Column("is_over", "boolean", paths=("$is_over",)),
    Column("outcome", paths=("$outcome",)),
    Column("is_child", "boolean", paths=("IsChild",)),
    Column("is_series", "boolean", paths=("IsRecurrence",)),
    Column("owner_id", paths=("OwnerId",)),
)

STAGES = Resource(
    "opportunity_stages",
    ("id",),
    (
        Column("id", paths=("Id",), required=True),
        Column("name", paths=("MasterLabel",), required=True),
        Column("is_active", "boolean", paths=("IsActive",)),
        Column("is_closed", "boolean", paths=("IsClosed",)),
        Column("is_won", "boolean", paths=("IsWon",)),
    ),
    readable,
)
STAGE_FIELDS = ("Id", "MasterLabel", "IsActive", "IsClosed", "IsWon")

RESOURCES = (ACCOUNTS, CONTACTS, LEADS, OPPORTUNITIES, CONTACT_ROLES, HISTORY, EVENTS, STAGES)


def _fields(resource: Resource, *more: str) -> tuple[str, ...]:
    named = (path for column in resource.columns for path in column.paths if not path.startswith("$"))
    return tuple(dict.fromkeys((*named, *more)))


OBJECTS = (
    SalesforceObject("Account", "accounts", _fields(ACCOUNTS, "YearStarted")),
    SalesforceObject("Contact", "contacts", _fields(CONTACTS)),
    SalesforceObject("Lead", "leads", _fields(LEADS, "LeadSource")),
    SalesforceObject("Opportunity", "opportunities", _fields(OPPORTUNITIES, "LeadSource", "Type")),
    SalesforceObject("OpportunityContactRole", "opportunity_contact_roles", _fields(CONTACT_ROLES)),
    SalesforceObject("OpportunityHistory", "opportunity_history", _fields(HISTORY), is_swept=False),
    SalesforceObject("Event", "events", _fields(EVENTS)),
)
"""In the order of reading: what others refer to comes first."""
