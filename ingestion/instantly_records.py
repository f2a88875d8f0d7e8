"""Instantly's raw tables, and what makes its records readable."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ingestion.contracts import Column, Resource
from ingestion.values import Json

EVENT_PARTS = ("event_type", "timestamp", "campaign_id", "lead_email", "step", "variant", "email_id")
"""What tells one event from another: Instantly gives events no id, and repeats a delivery that failed."""


LINKEDIN_NAMES = ("linkedin", "linkedinurl", "linkedinprofile", "personlinkedin", "personlinkedinurl")


def readable_lead(lead: dict[str, Any]) -> dict[str, Any]:
    """Add a lead's own variables under plain names: `LinkedIn URL` and `linkedInUrl` as `linkedinurl`."""
    payload = lead.get("payload")
    fields = payload if isinstance(payload, dict) else {}
    plain = {"".join(filter(str.isalnum, str(name).lower())): value for name, value in fields.items()}
    return {**lead, "custom": plain}


def readable_email(email: dict[str, Any]) -> dict[str, Any]:
    """Part the step (`0_2_1`: sequence, step, variant, each from 0), and name who is at the other end."""
    parts = str(email.get("step") or "").split("_")
    numbers = [int(part) for part in parts] if len(parts) == 3 and all(map(str.isdecimal, parts)) else []
    names = ("sequence_index", "step_index", "variant_index")
    body = email.get("body")
    other = "from_address_email" if email.get("ue_type") == 2 else "to_address_email_list"
    return {
        **email,
        **dict(zip(names, numbers, strict=False)),
        "step_number": numbers[1] + 1 if numbers else None,
        "body": {"text": body} if isinstance(body, str) else body,
        "other_end": str(email.get(other) or "").partition(",")[0].strip() or None,
    }


def readable_event(delivery: dict[str, Any]) -> dict[str, Any]:
    """Return the event that a delivery carried, with a key made of what it says."""
    payload = delivery.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            payload = None
    event = payload if isinstance(payload, dict) else {}
    return {**event, "event_key": event_key(event)}


def readable_delivery(delivery: dict[str, Any]) -> dict[str, Any]:
    """Return the delivery with the key of its event."""
    return {**delivery, "event_key": readable_event(delivery)["event_key"]}


def event_key(event: dict[str, Json]) -> str | None:
    """Return the same key for the same event, however often it came; None where there is no event."""
    if not event.get("event_type"):
        return None
    text = json.dumps([event.get(part) for part in EVENT_PARTS], default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


CAMPAIGNS = Resource(
    "campaigns",
    ("id",),
    (
        Column("id", required=True),
        Column("name"),
        Column("status", "integer"),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
        Column("updated_at", "timestamp", paths=("timestamp_updated",)),
    ),
    ignored=("sequences",),
)

STEPS = Resource(
    "steps",
    ("id",),
    (
        Column("id", paths=("$id",), required=True),
        Column("campaign_id", paths=("$campaign_id",), required=True),
        Column("sequence_index", "integer", paths=("$sequence_index",), required=True),
        Column("step_number", "integer", paths=("$step_number",), required=True),
        Column("type"),
        Column("wait_days", "integer", paths=("$wait_days",)),
        Column("subject", paths=("$subject",)),
    ),
    ignored=("variants",),
)

VARIANTS = Resource(
    "variants",
    ("id",),
    (
        Column("id", paths=("$id",), required=True),
        Column("campaign_id", paths=("$campaign_id",), required=True),
        Column("sequence_index", "integer", paths=("$sequence_index",), required=True),
        Column("step_number", "integer", paths=("$step_number",), required=True),
        Column("variant", paths=("$variant",)),
        Column("subject"),
        Column("body"),
        Column("is_disabled", "boolean", paths=("v_disabled",)),
    ),
)

LEADS = Resource(
    "leads",
    ("id",),
    (
        Column("id", required=True),
        Column("campaign_id", paths=("campaign",)),
        Column("email", "email"),
        Column("first_name"),
        Column("last_name"),
        Column("phone"),
        Column("company_name"),
        Column("company_domain", "domain", paths=("company_domain", "website")),
        Column("title", paths=("job_title", "custom.jobtitle", "custom.title", "custom.position")),
        Column(
            "linkedin_url",
            "linkedin",
            paths=tuple(f"custom.{name}" for name in LINKEDIN_NAMES),
        ),
        Column("status", "integer"),
        Column("interest_status", "integer", paths=("lt_interest_status",)),
        Column("verification_status", "integer"),
        Column("open_count", "integer", paths=("email_open_count",)),
        Column("click_count", "integer", paths=("email_click_count",)),
        Column("reply_count", "integer", paths=("email_reply_count",)),
        Column("last_contact_at", "timestamp", paths=("timestamp_last_contact",)),
        Column("last_open_at", "timestamp", paths=("timestamp_last_open",)),
        Column("last_click_at", "timestamp", paths=("timestamp_last_click",)),
        Column("last_reply_at", "timestamp", paths=("timestamp_last_reply",)),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
        Column("updated_at", "timestamp", paths=("timestamp_updated",)),
    ),
    shape=readable_lead,
    ignored=("custom",),
)

EMAILS = Resource(
    "emails",
    ("id",),
    (
        Column("id", required=True),
        Column("campaign_id"),
        Column("lead", "lead", paths=("lead", "other_end"), required=True),
        Column("lead_id"),
        Column("thread_id"),
        Column("message_id"),
        Column("type", "integer", paths=("ue_type",), required=True),
        Column("occurred_at", "timestamp", paths=("timestamp_email",), required=True),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
        Column("mailbox", paths=("eaccount",)),
        Column("from_email", paths=("from_address_email",)),
        Column("to_emails", paths=("to_address_email_list",)),
        Column("subject"),
        Column("body", paths=("body.html", "body.text")),
        Column("step"),
        Column("sequence_index", "integer"),
        Column("step_index", "integer"),
        Column("variant_index", "integer"),
        Column("step_number", "integer"),
        Column("variant", paths=("$variant",)),
        Column("interest_status", "integer", paths=("i_status",)),
        Column("interest_label", paths=("$label",)),
        Column("is_auto_reply", "boolean"),
        Column("headers", "json"),
    ),
    shape=readable_email,
    # is_unread changes whenever somebody looks, the preview is a cut of the body
    ignored=("other_end", "is_unread", "content_preview"),
)

WEBHOOK_EVENTS = Resource(
    "webhook_events",
    ("id",),
    (
        Column("event_type", required=True),
        Column("id", paths=("event_key",), required=True),
        Column("occurred_at", "timestamp", paths=("timestamp",), required=True),
        Column("campaign_id"),
        Column("lead", "lead", paths=("lead_email", "email")),
        Column("mailbox", paths=("email_account",)),
        Column("step_number", "integer", paths=("step",)),
        Column("variant_number", "integer", paths=("variant",)),
        Column("email_id"),
    ),
    shape=readable_event,
)

WEBHOOK_DELIVERIES = Resource(
    "webhook_deliveries",
    ("id",),
    (
        Column("id", required=True),
        Column("event_key"),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
        Column("is_success", "boolean", paths=("success",)),
        Column("status_code", "integer"),
        Column("error_message"),
        Column("retry_group_id"),
        Column("retry_count", "integer"),
        Column("will_retry", "boolean"),
        Column("next_retry_at", "timestamp", paths=("timestamp_next_retry",)),
        Column("is_retry_successful", "boolean", paths=("retry_successful",)),
    ),
    shape=readable_delivery,
    # the payload lands in webhook_events; the address may carry a secret
    ignored=("payload", "webhook_url"),
)

MAILBOXES = Resource(
    "mailboxes",
    ("email",),
    (
        Column("email", "email", required=True),
        Column("status", "integer"),
        Column("daily_limit", "integer"),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
        Column("provider_code", "integer"),
        Column("warmup_status", "integer"),
        Column("warmup_started_at", "timestamp", paths=("timestamp_warmup_start",)),
        Column("warmup_score", "decimal", paths=("stat_warmup_score",)),
    ),
)

BLOCK_LIST = Resource(
    "block_list",
    ("id",),
    (
        Column("id", required=True),
        Column("value", paths=("bl_value",), required=True),
        Column("email", "email", paths=("$email",)),
        Column("domain", "domain", paths=("$domain",)),
        Column("is_domain", "boolean"),
        Column("created_at", "timestamp", paths=("timestamp_created",)),
    ),
)

LEAD_LABELS = Resource(
    "lead_labels",
    ("id",),
    (
        Column("id", required=True),
        Column("label", required=True),
        Column("interest_status", "integer"),
        Column("interest_status_label"),
    ),
)

COUNTS = ("leads_count", "contacted_count", "emails_sent_count", "open_count", "reply_count", "bounced_count")

CAMPAIGN_ANALYTICS = Resource(
    "campaign_analytics",
    ("campaign_id",),
    (
        Column("campaign_id", required=True),
        *(Column(name, "integer") for name in COUNTS),
        Column("click_count", "integer", paths=("link_click_count",)),
        Column("unsubscribed_count", "integer"),
    ),
)

CAMPAIGN_ANALYTICS_DAILY = Resource(
    "campaign_analytics_daily",
    ("campaign_id", "date"),
    (
        Column("campaign_id", paths=("$campaign_id",), required=True),
        Column("date", "date", required=True),
        *(Column(name, "integer") for name in ("sent", "contacted", "opened", "replies", "clicks")),
    ),
)

RESOURCES = (
    CAMPAIGNS,
    STEPS,
    VARIANTS,
    LEADS,
    EMAILS,
    WEBHOOK_EVENTS,
    WEBHOOK_DELIVERIES,
    MAILBOXES,
    BLOCK_LIST,
    LEAD_LABELS,
    CAMPAIGN_ANALYTICS,
    CAMPAIGN_ANALYTICS_DAILY,
)
