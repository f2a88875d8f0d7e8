"""Smartlead's raw tables, and what makes its records readable."""

from __future__ import annotations

import hashlib
from typing import Any

from ingestion.contracts import Column, Resource

EMPTY = "--"
"""What Smartlead writes for nothing."""


def without_dashes(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with Smartlead's `--` read as nothing."""
    return {name: None if value == EMPTY else value for name, value in record.items()}


def readable_lead(lead: dict[str, Any]) -> dict[str, Any]:
    """Derive what the contract asks for from a lead: its custom fields with plain names."""
    lead = without_dashes(lead)
    fields = lead.get("custom_fields")
    custom = fields if isinstance(fields, dict) else {}
    return {**lead, "custom": {"_".join(str(name).lower().split()): value for name, value in custom.items()}}


def readable_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Derive an id for a thread's entry that has no message id, from what it is."""
    parts = "|".join(str(entry.get(name)) for name in ("type", "stats_id", "time"))
    return {**entry, "content_id": "content:" + hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()}


def readable_mailbox(mailbox: dict[str, Any]) -> dict[str, Any]:
    """Read the warm-up's reputation, which comes as `95` or `"95%"`, as a number of percent."""
    warmup = mailbox.get("warmup_details")
    if not isinstance(warmup, dict) or not isinstance(warmup.get("warmup_reputation"), str):
        return mailbox
    percent = warmup["warmup_reputation"].rstrip(" %")
    return {**mailbox, "warmup_details": {**warmup, "warmup_reputation": percent}}


MAILBOXES = Resource(
    "mailboxes",
    ("id",),
    (
        Column("id", required=True),
        Column("email", "email", paths=("from_email",), required=True),
        Column("name", paths=("from_name",)),
        Column("type"),
        Column("provider_client_id", paths=("client_id",)),
        Column("daily_limit", "integer", paths=("message_per_day",)),
        Column("daily_sent_count", "integer"),
        Column("campaign_count", "integer"),
        Column("is_smtp_success", "boolean"),
        Column("is_imap_success", "boolean"),
        Column("created_at", "timestamp"),
        Column("updated_at", "timestamp"),
        Column("warmup_status", paths=("warmup_details.status",)),
        Column("warmup_started_at", "timestamp", paths=("warmup_details.created_at",)),
        Column("warmup_sent_count", "integer", paths=("warmup_details.total_sent_count",)),
        Column("warmup_spam_count", "integer", paths=("warmup_details.total_spam_count",)),
        Column("warmup_reply_rate", "decimal", paths=("warmup_details.reply_rate",)),
        Column("warmup_reputation", "decimal", paths=("warmup_details.warmup_reputation",)),
        Column("is_warmup_blocked", "boolean", paths=("warmup_details.is_warmup_blocked",)),
    ),
    shape=readable_mailbox,
)

CAMPAIGNS = Resource(
    "campaigns",
    ("id",),
    (
        Column("id", required=True),
        Column("name"),
        Column("status"),
        Column("client_id"),
        Column("parent_campaign_id"),
        Column("created_at", "timestamp"),
        Column("updated_at", "timestamp"),
        Column("max_leads_per_day", "integer"),
    ),
)

SEQUENCES = Resource(
    "sequences",
    ("id",),
    (
        Column("id", required=True),
        Column("campaign_id", paths=("email_campaign_id", "$campaign_id"), required=True),
        Column("step_number", "integer", paths=("seq_number",), required=True),
        Column(
            "wait_days", "integer", paths=("seq_delay_details.delay_in_days", "seq_delay_details.delayInDays")
        ),
        Column("subject"),
        Column("body", paths=("email_body",)),
    ),
    ignored=("sequence_variants", "seq_variants"),
)

SEQUENCE_VARIANTS = Resource(
    "sequence_variants",
    ("id",),
    (
        Column("id", required=True),
        Column("campaign_id", paths=("$campaign_id",)),
        Column("sequence_id", paths=("email_campaign_seq_id",)),
        Column("step_number", "integer", paths=("$seq_number",)),
        Column("variant", paths=("variant_label",)),
        Column("subject"),
        Column("body", paths=("email_body",)),
        Column("is_deleted", "boolean"),
    ),
)

LEADS = Resource(
    "leads",
    ("id",),
    (
        Column("id", required=True),
        Column("email", "email"),
        Column("first_name"),
        Column("last_name"),
        Column("phone", paths=("phone_number",)),
        Column("company_name"),
        Column("company_domain", "domain", paths=("company_url", "website")),
        Column("location"),
        Column("linkedin_url", "linkedin", paths=("linkedin_profile",)),
        Column("title", paths=("custom.job_title", "custom.title", "custom.position")),
        Column("is_unsubscribed", "boolean"),
    ),
    shape=readable_lead,
    ignored=("custom",),
)

CAMPAIGN_LEADS = Resource(
    "campaign_leads",
    ("id",),
    (
        Column("id", paths=("campaign_lead_map_id",), required=True),
        Column("campaign_id", paths=("$campaign_id",), required=True),
        Column("provider_client_id", paths=("$client_id",)),
        Column("lead_id", paths=("lead.id",), required=True),
        Column("lead", "lead", paths=("lead.email", "lead.id")),
        Column("status"),
        Column("lead_category_id"),
        Column("created_at", "timestamp"),
    ),
    ignored=("lead",),
)

STATISTICS = Resource(
    "statistics",
    ("id",),
    (
        Column("id", paths=("stats_id",), required=True),
        Column("campaign_id", paths=("$campaign_id",), required=True),
        Column("provider_client_id", paths=("$client_id",)),
        Column("lead", "lead", paths=("lead_email",), required=True),
        Column("lead_category"),
        Column("step_number", "integer", paths=("sequence_number",)),
        Column("sequence_id", paths=("email_campaign_seq_id",)),
        Column("variant_id", paths=("seq_variant_id",)),
        Column("variant", paths=("$variant",)),
        Column("subject", paths=("email_subject",)),
        Column("body", paths=("email_message",)),
        Column("sent_time", "timestamp"),
        Column("open_time", "timestamp"),
        Column("click_time", "timestamp"),
        Column("reply_time", "timestamp"),
        Column("open_count", "integer"),
        Column("click_count", "integer"),
        Column("is_unsubscribed", "boolean"),
        Column("is_bounced", "boolean"),
        Column("ignore_reply", "boolean"),
        Column("bounce_type"),
        Column("bounce_time", "timestamp", paths=("bounce_time", "bounced_time")),
        Column("unsubscribe_time", "timestamp", paths=("unsubscribe_time", "unsubscribed_time")),
    ),
)

MESSAGE_HISTORY = Resource(
    "message_history",
    ("id",),
    (
        Column("id", paths=("message_id", "content_id"), required=True),
        Column("campaign_id", paths=("$campaign_id",)),
        Column("provider_client_id", paths=("$client_id",)),
        Column("lead_id", paths=("$lead_id",)),
        Column("lead", "lead", paths=("$lead",), required=True),
        Column("stats_id"),
        Column("type", values=("sent", "reply", "forward"), required=True),
        Column("time", "timestamp", required=True),
        Column("from_email", paths=("from",)),
        Column("to_email", paths=("to",)),
        Column("subject"),
        Column("body", paths=("email_body",)),
        Column("step_number", "integer", paths=("email_seq_number",)),
        Column("headers", "json"),
        # on a thread's last entry: the newest event of the lead that was known when the thread was read
        Column("seen_at", "timestamp", paths=("$seen_at",)),
    ),
    shape=readable_entry,
)

INBOX_REPLIES = Resource(
    "inbox_replies",
    ("id",),
    (
        Column("id", paths=("email_lead_map_id",), required=True),
        Column("campaign_id", paths=("email_campaign_id",)),
        Column("provider_client_id", paths=("client_id",)),
        Column("lead_id", paths=("email_lead_id",)),
        Column("lead", "lead", paths=("lead_email", "email_lead_id"), required=True),
        Column("mailbox_id", paths=("email_account_id",)),
        Column("lead_category_id"),
        Column("lead_status"),
        Column("last_sent_at", "timestamp", paths=("last_sent_time",)),
        Column("last_reply_at", "timestamp", paths=("last_reply_time",)),
        Column("is_archived", "boolean"),
        Column("is_important", "boolean"),
    ),
    # the entries land in message_history; whether somebody has looked changes nothing
    ignored=("email_history", "has_new_unread_email", "campaign_sending_schedule"),
)

RESOURCES = (
    CAMPAIGNS,
    SEQUENCES,
    SEQUENCE_VARIANTS,
    LEADS,
    CAMPAIGN_LEADS,
    STATISTICS,
    MESSAGE_HISTORY,
    INBOX_REPLIES,
    MAILBOXES,
)
