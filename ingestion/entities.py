"""The canonical entities: the one contract that file import and every provider's staging share.

Files are named after an entity and carry its columns; every staging model `stg_<source>__<entity>` emits the
same columns, so that everything after it (the union in `intermediate`, the marts, the detectors) never knows
which tool a record came from. `docs/import.md` is generated from this module.
"""

from __future__ import annotations

from ingestion.entity_types import (
    BOUNCE_TYPES,
    CHANNELS,
    DEAL_STAGES,
    DERIVED_SUFFIX,
    EMAIL_STATUSES,
    EVENT_TYPES,
    MAIL_PROVIDERS,
    MAILBOX_STATUSES,
    MEETING_OUTCOMES,
    MEETING_TYPES,
    NORMALISED_KINDS,
    SUPPRESSION_REASONS,
    WARMUP_STATUSES,
    Entity,
    Field,
)


def _id(what: str) -> Field:
    return Field("id", "text", f"Id of the {what} in its source; stable over time.", required=True)


_CLIENT = Field(
    "client",
    "text",
    "Client the record belongs to: its id in winnow.yml or in clients.",
    aliases=("client_id",),
)
_CLIENT_REQUIRED = Field(_CLIENT.name, "text", _CLIENT.description, required=True, aliases=_CLIENT.aliases)
_LEAD = Field(
    "lead",
    "lead",
    "Person: an id in people of the same source, or an e-mail address.",
    required=True,
    aliases=("lead_id", "person_id", "person", "email"),
    pii=True,
)
_LEAD_OPTIONAL = Field("lead", "lead", _LEAD.description, aliases=_LEAD.aliases, pii=True)
_CHANNEL = Field("channel", "text", "Channel; email when empty.", values=CHANNELS)
_THREAD = Field("provider_thread_id", "text", "Its conversation in the source.", aliases=("thread_id",))
_STAGE = Field(
    "stage", "text", "Canonical stage; null where the source's stage is not mapped.", values=DEAL_STAGES
)
_DELETED = Field("is_deleted", "boolean", "Deleted in its source.")
_CURRENCY = Field("currency", "text", "ISO 4217 code of the amounts beside it.")

ENTITIES: tuple[Entity, ...] = (
    Entity(
        "clients",
        "one row a client of the agency",
        ("id",),
        (
            _id("client"),
            Field("name", "text", "Display name.", required=True),
            Field("time_zone", "text", "IANA time zone of the client's working day."),
        ),
    ),
    Entity(
        "companies",
        "one row a company",
        ("id",),
        (
            _id("company"),
            Field("name", "text", "Company name."),
            Field("domain", "domain", "Primary web domain."),
            Field("website", "text", "Website URL."),
            Field("linkedin_url", "text", "LinkedIn company page."),
            Field("description", "text", "What the company does."),
            Field("logo_url", "text", "Logo image URL."),
            Field("industry", "text", "Industry, as the source names it."),
            Field("sub_industry", "text", "Finer industry."),
            Field("employee_count", "integer", "Employees."),
            Field("revenue", "decimal", "Annual revenue."),
            Field("currency", "text", "ISO 4217 code of revenue and total_funding."),
            Field("founded_year", "integer", "Year of foundation."),
            Field("country", "text", "Country name."),
            Field("state", "text", "State or region."),
            Field("city", "text", "City."),
            Field("postal_code", "text", "Postal code."),
            Field("is_hiring", "boolean", "Whether it has open positions."),
            Field("latest_funding_stage", "text", "Stage of the last funding round."),
            Field("latest_funding_on", "date", "Date of the last funding round."),
            Field("total_funding", "decimal", "Funding raised in all."),
            Field("technologies", "json", "List of technologies in use."),
            Field("keywords", "json", "List of keywords."),
        ),
    ),
    Entity(
        "people",
        "one row a person record in its source",
        ("id",),
        (
            _id("person"),
            Field("apollo_id", "text", "Apollo's person id, where known."),
            Field("email", "email", "Work e-mail address.", pii=True),
            Field("email_status", "text", "How sure the address is.", values=EMAIL_STATUSES),
            Field("personal_email", "email", "Personal e-mail address.", pii=True),
            Field("linkedin_url", "linkedin", "LinkedIn profile URL.", pii=True),
            Field("first_name", "text", "Given name.", pii=True),
            Field("last_name", "text", "Family name.", pii=True),
            Field("title", "text", "Job title."),
            Field("seniority", "text", "Seniority, as the source names it."),
            Field("departments", "json", "List of departments."),
            Field("headline", "text", "Profile headline.", pii=True),
            Field("photo_url", "text", "Portrait image URL.", pii=True),
            Field("twitter_url", "text", "Twitter/X profile URL.", pii=True),
            Field("phone", "text", "Phone number.", pii=True),
            Field("phone_type", "text", "mobile, work, home or other."),
            Field("phone_status", "text", "verified, or as the source says."),
            Field("phone_source", "text", "Vendor that the number came from, where the source says."),
            Field("dnc_status", "text", "Do-not-call status, as the source says."),
            Field("city", "text", "City."),
            Field("state", "text", "State or region."),
            Field("country", "text", "Country name."),
            Field("time_zone", "text", "IANA time zone; else derived from country and state."),
            Field("company_id", "text", "Company: an id in companies of the same source."),
            Field("company_name", "text", "Company name."),
            Field("company_domain", "domain", "Company's web domain."),
            Field("employment_history", "json", "List of {company, title, start, end, is_current}."),
            Field("current_role_started_on", "date", "First day in the current role."),
            Field("is_unsubscribed", "boolean", "Whether the source holds an opt-out."),
            Field("client", "text", "Client the person was found for.", aliases=("client_id",)),
        ),
    ),
    Entity(
        "campaigns",
        "one row a campaign",
        ("id",),
        (
            _id("campaign"),
            _CLIENT,
            Field("name", "text", "Campaign name.", required=True),
            Field("status", "text", "draft, active, paused, completed or stopped, in lower case."),
            _CHANNEL,
            Field("created_at", "timestamp", "When it was created, UTC."),
        ),
    ),
    Entity(
        "campaign_steps",
        "one row a step of a campaign's sequence",
        ("campaign_id", "step_number"),
        (
            Field("campaign_id", "text", "Campaign of the step.", required=True, aliases=("campaign",)),
            Field(
                "step_number",
                "integer",
                "Position in the sequence, from 1.",
                required=True,
                aliases=("step",),
            ),
            _CHANNEL,
            Field("wait_days", "integer", "Whole days after the step before."),
            Field("subject", "text", "Subject as planned."),
        ),
    ),
    Entity(
        "templates",
        "one row a template (one variant of one step)",
        ("id",),
        (
            _id("template"),
            Field("campaign_id", "text", "Campaign that uses it.", aliases=("campaign",)),
            Field("step_number", "integer", "Step that uses it.", aliases=("step",)),
            Field("variant", "text", "Variant label, A or B."),
            Field("subject", "text", "Subject with its placeholders."),
            Field("body", "text", "Body with its placeholders."),
        ),
    ),
    Entity(
        "campaign_leads",
        "one row a person enrolled in a campaign",
        ("campaign_id", "lead"),
        (
            Field("campaign_id", "text", "Campaign.", required=True, aliases=("campaign",)),
            _LEAD,
            Field("variant", "text", "Arm of the experiment the person was given."),
            Field("is_holdout", "boolean", "Enrolled, but deliberately not contacted.", aliases=("holdout",)),
            Field("added_at", "timestamp", "When the person was enrolled, UTC."),
            Field("status", "text", "Status in the sequence, as the source says in lower case."),
        ),
    ),
    Entity(
        "mailboxes",
        "one row a sending mailbox",
        ("id",),
        (
            _id("mailbox"),
            _CLIENT,
            Field("email", "email", "Address of the mailbox; its id when empty."),
            Field("provider", "text", "Who hosts it.", values=MAIL_PROVIDERS),
            Field("status", "text", "error: its source cannot send from it.", values=MAILBOX_STATUSES),
            Field("daily_limit", "integer", "Messages a day that the source allows."),
            Field("created_at", "timestamp", "When it was connected, UTC."),
            Field("warmup_status", "text", "State of the source's warm-up.", values=WARMUP_STATUSES),
            Field("warmup_started_at", "timestamp", "When its warm-up began, UTC."),
            Field("warmup_reputation", "decimal", "The warm-up's mark, 0 to 100."),
            Field("warmup_sent_count", "integer", "Warm-up messages sent so far."),
            Field("warmup_spam_count", "integer", "Those of them that were found in spam."),
        ),
    ),
    Entity(
        "messages",
        "one row an outbound message that was sent",
        ("id",),
        (
            _id("message"),
            Field("campaign_id", "text", "Campaign.", aliases=("campaign",)),
            _CLIENT,
            _LEAD,
            _CHANNEL,
            _THREAD,
            Field("step_number", "integer", "Step of the sequence, from 1.", aliases=("step",)),
            Field("template_id", "text", "Template it was made from.", aliases=("template",)),
            Field("variant", "text", "Variant label."),
            Field("mailbox", "text", "Address of the sending mailbox."),
            Field("subject", "text", "Subject as sent.", pii=True),
            Field("body", "text", "Body as sent.", pii=True),
            Field("sent_at", "timestamp", "When it was sent, UTC.", required=True, aliases=("time",)),
            Field("ai_model", "text", "Model that wrote it, if any."),
            Field("prompt_version", "text", "Version of the prompt that wrote it, if any."),
            _DELETED,
        ),
    ),
    Entity(
        "message_events",
        "one row an event on an outbound message",
        ("id",),
        (
            _id("event"),
            Field("message_id", "text", "Message.", required=True, aliases=("message",)),
            Field(
                "event_type", "text", "What happened.", required=True, values=EVENT_TYPES, aliases=("type",)
            ),
            Field("provider_event", "text", "The event's name in the source."),
            Field("occurred_at", "timestamp", "When, UTC.", required=True, aliases=("time",)),
            Field("event_count", "integer", "How often, where the source only counts."),
            Field("url", "text", "Link clicked."),
            Field("ip", "text", "Address the event came from.", pii=True),
            Field("user_agent", "text", "Program the event came from."),
            Field("bounce_type", "text", "Kind of bounce.", values=BOUNCE_TYPES),
            Field("reason", "text", "Diagnostic text of a bounce or drop."),
        ),
    ),
    Entity(
        "replies",
        "one row an inbound message",
        ("id",),
        (
            _id("reply"),
            _LEAD,
            Field("message_id", "text", "Outbound message it answers.", aliases=("message",)),
            Field("campaign_id", "text", "Campaign.", aliases=("campaign",)),
            _CLIENT,
            _CHANNEL,
            _THREAD,
            Field("from_email", "text", "Address it came from.", pii=True),
            Field("subject", "text", "Subject.", pii=True),
            Field("body", "text", "Text or HTML as received.", pii=True),
            Field("headers", "json", "Message headers, name to value."),
            Field("provider_label", "text", "Label that the source gave."),
            Field("received_at", "timestamp", "When, UTC.", required=True, aliases=("time",)),
        ),
    ),
    Entity(
        "meetings",
        "one row a meeting",
        ("id",),
        (
            _id("meeting"),
            _CLIENT,
            _LEAD_OPTIONAL,
            Field("title", "text", "Title."),
            Field("meeting_type", "text", "Type.", values=MEETING_TYPES, aliases=("type",)),
            Field("booked_at", "timestamp", "When it was agreed, UTC.", required=True),
            Field("scheduled_at", "timestamp", "When it takes place, UTC."),
            Field("outcome", "text", "Outcome.", values=MEETING_OUTCOMES),
            Field("owner", "text", "Who holds it."),
            _DELETED,
        ),
    ),
    Entity(
        "deals",
        "one row a deal",
        ("id",),
        (
            _id("deal"),
            _CLIENT,
            _LEAD_OPTIONAL,
            Field("company_id", "text", "Company: an id in companies of the same source."),
            Field("name", "text", "Deal name."),
            Field("pipeline", "text", "Pipeline in the source."),
            Field("provider_stage", "text", "Stage as the source names it."),
            _STAGE,
            Field("value", "decimal", "Amount.", aliases=("amount",)),
            _CURRENCY,
            Field("lost_reason", "text", "Why it was lost, as the source says."),
            Field("owner", "text", "Who owns it."),
            Field("created_at", "timestamp", "When it was opened, UTC.", required=True),
            Field("closed_at", "timestamp", "When it was won or lost, UTC."),
            _DELETED,
        ),
    ),
    Entity(
        "deal_stages",
        "one row a stage that a deal entered",
        ("deal_id", "provider_stage", "entered_at"),
        (
            Field("deal_id", "text", "Deal.", required=True, aliases=("deal",)),
            Field("provider_stage", "text", "Stage as the source names it.", required=True),
            _STAGE,
            Field(
                "entered_at", "timestamp", "When the deal entered it, UTC.", required=True, aliases=("time",)
            ),
        ),
    ),
    Entity(
        "suppressions",
        "one row an address or a domain that must not be contacted",
        ("id",),
        (
            _id("suppression"),
            _CLIENT,
            Field("email", "email", "Address.", pii=True),
            Field("domain", "domain", "Domain, where everybody there is meant."),
            Field("reason", "text", "Why.", required=True, values=SUPPRESSION_REASONS),
            Field("expires_on", "date", "First day on which it no longer holds."),
        ),
    ),
    Entity(
        "customers",
        "one row a client's customer, past or present",
        ("id",),
        (
            _id("customer"),
            _CLIENT_REQUIRED,
            Field("company_name", "text", "Company name."),
            Field("domain", "domain", "Company's web domain.", required=True),
            Field("purchase_count", "integer", "Purchases so far."),
            Field("service_count", "integer", "Different services bought."),
            Field("average_value", "decimal", "Mean value of a purchase."),
            _CURRENCY,
            Field("last_purchase_on", "date", "Day of the last purchase."),
        ),
    ),
    Entity(
        "outcomes",
        "one row an outcome of a person for a client",
        ("lead", "client", "name", "occurred_at"),
        (
            _LEAD,
            _CLIENT_REQUIRED,
            Field(
                "name",
                "text",
                "What happened: visit, conversion, spend, …",
                required=True,
                aliases=("outcome",),
            ),
            Field("occurred_at", "timestamp", "When, UTC.", required=True, aliases=("time",)),
            Field("value", "decimal", "How much: 1 and 0 for yes and no, else an amount.", required=True),
        ),
    ),
)

BY_NAME: dict[str, Entity] = {entity.name: entity for entity in ENTITIES}

KEY_COLUMNS = ("source", "account")
"""Every staging model starts with these two; together with the entity's key they are its natural key."""

LANDING_COLUMNS = ("attributes", "first_loaded_at", "loaded_at", "load_id")
"""…and ends with these: extra columns as a JSON object in text, the clock of the run that landed the record's
first version, that of the run that landed this one, and the id of its load."""


def staging_columns(entity: Entity) -> list[str]:
    """Return the columns that every `stg_<source>__<entity>` model emits, in order."""
    columns: list[str] = list(KEY_COLUMNS)
    for field in entity.fields:
        if field.kind == "lead":
            columns.append(field.name + DERIVED_SUFFIX)
            continue
        columns.append(field.name)
        if field.kind in NORMALISED_KINDS:
            columns.append(field.name + DERIVED_SUFFIX)
    return [*columns, *LANDING_COLUMNS]
