"""Smartlead: campaigns with their sequences, leads, one statistics row a message, threads with replies.

Statistics rows change after the fact (opened, replied), so each night reads back `lookback_days`; the first
read of a campaign takes all of it. Threads are read where statistics show a reply that has not landed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ingestion.contracts import Column, Resource
from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit
from ingestion.normalise import email_key
from ingestion.paging import iso, listed, moment, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.config import Account

BASE_URL = "https://server.smartlead.ai/api/v1"
DEFAULT_LIMITS = (Limit(10, 2), Limit(60, 60))
"""Both of the limits that Smartlead documents; which one holds depends on the plan."""

LEADS_PAGE = 100
STATISTICS_PAGE = 1_000
Context = dict[str, Any]
"""What is known of every record of a campaign: `$campaign_id`, and `$client_id` in Smartlead's numbers."""

EMPTY = "--"
"""What Smartlead writes for nothing."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"smartlead account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        params={"api_key": key},
        limits=[Limit(limit.calls, limit.seconds) for limit in account.rate_limits] or DEFAULT_LIMITS,
    )


def read(job: Job) -> Cursor:
    """Read every campaign; the cursor notes when a campaign's statistics were read to the end."""
    campaigns = listed(job.client.get("/campaigns/"), "", f"{job.where}: /campaigns/")
    job.spool.said("campaigns", len(campaigns))
    job.spool.add("campaigns", campaigns)
    replied = _landed_replies(job)
    done: dict[str, str] = dict(job.cursor.get("statistics", {}))
    for campaign in campaigns:
        if not isinstance(campaign, dict) or not campaign.get("id"):
            continue
        campaign_id = str(campaign["id"])
        if job.is_paused(campaign_id, campaign.get("client_id")):
            continue
        context = {"$campaign_id": campaign_id, "$client_id": campaign.get("client_id")}
        labels = read_sequence(job, context)
        leads = read_leads(job, context)
        fresh = read_statistics(job, context, labels, done.get(campaign_id), replied)
        for address in fresh:
            lead_id = leads.get(address) or find_lead(job, address)
            if lead_id:
                read_thread(job, context, lead_id, address)
        if job.request.limit is None and job.request.until is None and job.request.since is None:
            done[campaign_id] = iso(job.request.run_at)
    return {**job.cursor, "statistics": done}


def find_lead(job: Job, address: str) -> str | None:
    """Return the id of a lead that left the campaign since it was written to, None when nobody has it."""
    found = job.client.get("/leads/", {"email": address})
    return str(found["id"]) if isinstance(found, dict) and found.get("id") else None


def read_sequence(job: Job, context: Context) -> dict[str, str]:
    """Read a campaign's steps and their variants; return variant id → label."""
    path = f"/campaigns/{context['$campaign_id']}/sequences"
    steps = [
        step for step in listed(job.client.get(path), "", f"{job.where}: {path}") if isinstance(step, dict)
    ]
    job.spool.add("sequences", steps, context)
    labels: dict[str, str] = {}
    for step in steps:
        variants = step.get("sequence_variants") or step.get("seq_variants") or []
        job.spool.add("sequence_variants", variants, {**context, "$seq_number": step.get("seq_number")})
        labels |= {
            str(variant["id"]): str(variant["variant_label"])
            for variant in variants
            if isinstance(variant, dict) and variant.get("variant_label") and variant.get("id")
        }
    return labels


def read_leads(job: Job, context: Context) -> dict[str, str]:
    """Read a campaign's leads; return e-mail key → lead id."""
    ids: dict[str, str] = {}
    path = f"/campaigns/{context['$campaign_id']}/leads"
    for rows in _pages(job, path, "campaign_leads", "total_leads", LEADS_PAGE, {}):
        job.spool.add("campaign_leads", rows, context)
        leads = [row["lead"] for row in rows if isinstance(row, dict) and isinstance(row.get("lead"), dict)]
        job.spool.add("leads", leads)
        ids |= {
            key: str(lead["id"]) for lead in leads if lead.get("id") and (key := _address(lead.get("email")))
        }
    return ids


def read_statistics(
    job: Job, context: Context, labels: dict[str, str], read_at: str | None, replied: dict[str, str]
) -> list[str]:
    """Read a campaign's statistics since the look-back; return the e-mail keys of leads with a new reply."""
    params = statistics_period(job, read_at)
    fresh: dict[str, None] = {}
    path = f"/campaigns/{context['$campaign_id']}/statistics"
    for rows in _pages(job, path, "statistics", "total_stats", STATISTICS_PAGE, params):
        for row in rows:
            variant = row.get("seq_variant_id") if isinstance(row, dict) else None
            job.spool.add("statistics", [row], {**context, "$variant": labels.get(str(variant))})
            address = _address(row.get("lead_email")) if isinstance(row, dict) else None
            reply = moment(row.get("reply_time")) if address else None
            if address and reply and replied.get(str(row.get("stats_id"))) != iso(reply):
                fresh[address] = None
    return list(fresh)


def statistics_period(job: Job, read_at: str | None) -> dict[str, str]:
    """Return the filter on sending time: what was asked for, else the look-back, else (first read) none."""
    last = moment(read_at)
    since = job.request.since or (last - timedelta(days=job.account.lookback_days) if last else None)
    period = {"sent_time_start_date": since, "sent_time_end_date": job.request.until}
    return {name: iso(value) for name, value in period.items() if value}


def read_thread(job: Job, context: Context, lead_id: str, address: str) -> None:
    """Read the thread of one lead in one campaign."""
    path = f"/campaigns/{context['$campaign_id']}/leads/{lead_id}/message-history"
    entries = listed(job.client.get(path), "history", f"{job.where}: {path}")
    job.spool.said("message_history", len(entries))
    job.spool.add("message_history", entries, {**context, "$lead_id": lead_id, "$lead": address})


def _pages(
    job: Job, path: str, resource: str, total_name: str, size: int, params: dict[str, str]
) -> Iterator[list[Json]]:
    """Yield the pages of a list, up to the request's limit; a page that drifted repeats rows harmlessly."""
    offset, limit = 0, job.request.limit
    while limit is None or offset < limit:
        page = size if limit is None else min(size, limit - offset)
        answer = job.client.get(path, {**params, "offset": offset, "limit": page})
        rows = listed(answer, "data", f"{job.where}: {path}")
        if offset == 0:
            job.spool.said(resource, whole(answer.get(total_name)))
        if rows:
            yield rows
        offset += len(rows)
        total = whole(answer.get(total_name))
        if not rows or (offset >= total if total is not None else len(rows) < page):
            return


def _landed_replies(job: Job) -> dict[str, str]:
    """Return statistics row → its reply time, of the rows whose reply has landed."""
    rows = job.landed(
        "select id, reply_time from raw_smartlead.statistics"
        " where account = ? and reply_time is not null and _dlt_valid_to is null",
        [job.account.name],
    )
    return {str(row["id"]): iso(row["reply_time"]) for row in rows}


def _address(value: Json) -> str | None:
    return email_key(value) if isinstance(value, str) else None


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
        Column("campaign_id", paths=("$campaign_id",), required=True),
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
    ),
    shape=readable_entry,
)

SOURCE = Source(
    "smartlead",
    (CAMPAIGNS, SEQUENCES, SEQUENCE_VARIANTS, LEADS, CAMPAIGN_LEADS, STATISTICS, MESSAGE_HISTORY),
    client_for,
    read,
)
