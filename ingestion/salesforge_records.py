"""Salesforge's raw tables, and what makes its records readable; it writes `""` for nothing."""

from __future__ import annotations

from typing import Any

from ingestion.contracts import Column, Resource

LINKEDIN, EMAIL, DOMAIN = "linkedin", "email", "domain"


def readable_contact(contact: dict[str, Any]) -> dict[str, Any]:
    """Add a contact's own variables under plain names, and whether it opted out of any sequence."""
    given = contact.get("customVars")
    fields = given if isinstance(given, dict) else {}
    enrolled = contact.get("sequences")
    states = [part.get("status") for part in enrolled or [] if isinstance(part, dict)]
    return {
        **contact,
        "custom": {"".join(filter(str.isalnum, str(name).lower())): value for name, value in fields.items()},
        "is_unsubscribed": "unsubscribed" in states,
    }


def readable_mail(row: dict[str, Any]) -> dict[str, Any]:
    """Name an e-mail by its sequence, its contact and the time it was planned for: it has no id."""
    parts = (row.get("sequenceId"), row.get("contactId"), row.get("scheduled") or row.get("sent"))
    return {**row, "id": ":".join(str(part) for part in parts) if all(parts[:2]) else None}


WORKSPACES = Resource("workspaces", ("id",), (Column("id", required=True), Column("name"), Column("slug")))

SEQUENCES = Resource(
    "sequences",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("name"),
        Column("status"),
        Column("lead_count", "integer", paths=("leadCount",)),
        Column("contacted_count", "integer", paths=("contactedCount",)),
        Column("replied_count", "integer", paths=("repliedCount",)),
        Column("bounced_count", "integer", paths=("bouncedCount",)),
        Column("opted_out_count", "integer", paths=("optOutedCount",)),
        Column("created_at", "timestamp", paths=("createdAt",)),
    ),
    ignored=("steps",),
)

STEPS = Resource(
    "steps",
    ("id",),
    (
        Column("id", required=True),
        Column("sequence_id", paths=("$sequence_id",), required=True),
        Column("step_number", "integer", paths=("$step_number",), required=True),
        Column("name"),
        Column("wait_days", "integer", paths=("waitDays",)),
        Column("subject", paths=("$subject",)),
    ),
    ignored=("variants",),
)

VARIANTS = Resource(
    "variants",
    ("id",),
    (
        Column("id", required=True),
        Column("sequence_id", paths=("$sequence_id",), required=True),
        Column("step_number", "integer", paths=("$step_number",), required=True),
        Column("variant", paths=("label",)),
        Column("subject", paths=("emailSubject",)),
        Column("body", paths=("emailContent",)),
        Column("status"),
    ),
)

CONTACTS = Resource(
    "contacts",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("email", "email"),
        Column("linkedin_url", "linkedin", paths=("linkedinUrl",)),
        Column("first_name", paths=("firstName",)),
        Column("last_name", paths=("lastName",)),
        Column("title", paths=("position",)),
        Column("company_name", paths=("company",)),
        Column("company_domain", "domain", paths=("custom.companydomain", "custom.domain", "custom.website")),
        Column("phone", paths=("custom.phone", "custom.phonenumber")),
        Column("is_unsubscribed", "boolean"),
    ),
    shape=readable_contact,
    ignored=("custom", "sequences"),
)

ENROLMENTS = Resource(
    "enrolments",
    ("sequence_id", "contact_id"),
    (
        Column("sequence_id", paths=("id",), required=True),
        Column("contact_id", paths=("$contact_id",), required=True),
        Column("workspace_id", paths=("$workspace_id",)),
        Column("lead", "lead", paths=("$lead", "$contact_id"), required=True),
        Column("status"),
    ),
    ignored=("name",),
)

SENDING_DATA = Resource(
    "sending_data",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("sequence_id", paths=("sequenceId",), required=True),
        Column("contact_id", paths=("contactId",), required=True),
        Column("lead", "lead", paths=("email", "contactId"), required=True),
        Column("scheduled_at", "timestamp", paths=("scheduled",)),
        Column("sent_at", "timestamp", paths=("sent",)),
        Column("opened_at", "timestamp", paths=("opened",)),
        Column("clicked_at", "timestamp", paths=("clicked",)),
    ),
    shape=readable_mail,
)

THREADS = Resource(
    "threads",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("mailbox_id", paths=("mailboxId",)),
        Column("contact_email", "email", paths=("contactEmail",)),
        Column("subject"),
        Column("last_at", "timestamp", paths=("date",)),
        Column("is_positive", "boolean", paths=("isPositive",)),
        Column("reply_type", paths=("replyType",)),
        Column("label_id", paths=("labelId",)),
        Column("label", paths=("$label",)),
        Column("labelled_at", "timestamp", paths=("labelAppliedAt",)),
    ),
    # isUnread changes whenever somebody looks, the content is that of an e-mail of the thread
    ignored=("isUnread", "content", "profilePictureUrl"),
)

_IN_THREAD = (
    Column("thread_id", paths=("$thread_id",), required=True),
    Column("workspace_id", paths=("$workspace_id",), required=True),
    Column("sequence_id", paths=("$sequence_id",)),
    Column("contact_id", paths=("$contact_id",)),
    Column("lead", "lead", paths=("$lead", "$contact_id"), required=True),
    Column("label", paths=("$label",)),
    Column("occurred_at", "timestamp", paths=("date",), required=True),
    Column("subject"),
)

THREAD_EMAILS = Resource(
    "thread_emails",
    ("id",),
    (
        Column("id", required=True),
        *_IN_THREAD,
        Column("direction", paths=("$direction",), values=("inbound", "outbound"), required=True),
        Column("message_id", paths=("emailId",)),
        Column("type"),
        Column("from_email", paths=("fromAddress",)),
        Column("to_email", paths=("toAddress",)),
        Column("body", paths=("content",)),
    ),
)

LINKEDIN_MESSAGES = Resource(
    "linkedin_messages",
    ("id",),
    (
        Column("id", required=True),
        *_IN_THREAD,
        Column("direction", values=("inbound", "outbound"), required=True),
        Column("account_id", paths=("accountId",)),
        Column("body", paths=("message",)),
    ),
)

MAILBOXES = Resource(
    "mailboxes",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("email", "email", paths=("address",)),
        Column("provider", paths=("mailboxProvider",)),
        Column("status"),
        Column("daily_limit", "integer", paths=("dailyEmailLimit",)),
    ),
)

DNC = Resource(
    "dnc",
    ("workspace_id", "value"),
    (
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("value", required=True),
        Column("type", values=(EMAIL, DOMAIN, LINKEDIN), required=True),
        Column("email", "email", paths=("$email",)),
        Column("domain", "domain", paths=("$domain",)),
        Column("created_at", "timestamp", paths=("createdAt",)),
    ),
)

LABELS = Resource(
    "labels",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("name"),
    ),
)

_DAY = {
    "sent": "sent",
    "replied": "replied",
    "opened": "totalOpened",
    "opened_once": "uniqueOpened",
    "clicked": "totalClicked",
    "clicked_once": "uniqueClicked",
}

SEQUENCE_DAYS = Resource(
    "sequence_days",
    ("sequence_id", "date"),
    (
        Column("sequence_id", paths=("$sequence_id",), required=True),
        Column("date", "date", paths=("$date",), required=True),
        *(Column(name, "integer", paths=(path,)) for name, path in _DAY.items()),
    ),
)

MULTICHANNEL_SEQUENCES = Resource(
    "multichannel_sequences",
    ("id",),
    (
        Column("id", required=True),
        Column("workspace_id", paths=("$workspace_id",), required=True),
        Column("name"),
        Column("status"),
        Column("kind"),
        Column("launched_at", "timestamp", paths=("launchedAt",)),
        Column("created_at", "timestamp", paths=("createdAt",)),
    ),
)

RESOURCES = (
    WORKSPACES,
    SEQUENCES,
    STEPS,
    VARIANTS,
    CONTACTS,
    ENROLMENTS,
    SENDING_DATA,
    THREADS,
    THREAD_EMAILS,
    LINKEDIN_MESSAGES,
    MAILBOXES,
    DNC,
    LABELS,
    SEQUENCE_DAYS,
    MULTICHANNEL_SEQUENCES,
)
