"""Instantly (API v2): campaigns with their sequences, leads, e-mails, deliveries of webhooks, analytics.

E-mails are read from where the last load ended, by the time at which Instantly took them in; of those
received, `lookback_days` are read again, as their label changes. Only the log of webhook deliveries dates
opens, clicks, bounces and opt-outs; leads count them. Leads have no time to ask by: each night reads all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.errors import TransientError
from ingestion.http import ProviderClient
from ingestion.instantly_records import RESOURCES
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit
from ingestion.paging import iso, listed, moment, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.config import Account

BASE_URL = "https://api.instantly.ai/api/v2"
DEFAULT_LIMITS = (Limit(100, 1), Limit(6_000, 60), Limit(20, 60, "/emails"))
"""Of a workspace, all its keys together; listing e-mails has a limit of its own."""

PAGE = 100
OVERLAP = timedelta(days=1)
"""How far before the newest e-mail or delivery that is known the next load begins."""

VARIANTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
INTEREST = {
    0: "Out of Office",
    1: "Interested",
    2: "Meeting Booked",
    3: "Meeting Completed",
    4: "Won",
    -1: "Not Interested",
    -2: "Wrong Person",
    -3: "Lost",
    -4: "No Show",
}
"""Instantly's own labels; those of a workspace have numbers of their own."""

DAYS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1}
Ask = Callable[[dict[str, Any]], Json]


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    limits = [Limit(limit.calls, limit.seconds) for limit in account.rate_limits] or list(DEFAULT_LIMITS)
    return ProviderClient(
        f"instantly account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"Authorization": f"Bearer {key}"},
        limits=limits,
        throttled_wait=max(limit.seconds for limit in limits),
    )


def read(job: Job) -> Cursor:
    """Read the workspace: what is set up, deliveries, leads, and then the e-mails that they speak of."""
    is_whole = job.request.limit is None and job.request.since is None and job.request.until is None
    labels = INTEREST | read_labels(job)
    for rows in pages(job, "/accounts"):
        job.spool.add("mailboxes", rows)
    read_block_list(job)
    variants = read_campaigns(job)
    delivered = read_deliveries(job)
    for rows in pages(job, "/leads/list", is_search=True):
        job.spool.add("leads", rows)
    taken_in = read_emails(job, variants, labels)
    return {**job.cursor, "deliveries": delivered, "emails": taken_in} if is_whole else job.cursor


def read_labels(job: Job) -> dict[int, str]:
    """Read the workspace's own labels; return number → name."""
    names: dict[int, str] = {}
    for rows in pages(job, "/lead-labels"):
        job.spool.add("lead_labels", rows)
        for row in rows:
            number = whole(row.get("interest_status")) if isinstance(row, dict) else None
            if number is not None and isinstance(row.get("label"), str):
                names[number] = row["label"]
    return names


def read_block_list(job: Job) -> None:
    """Read whom the workspace must not contact: addresses and whole domains."""
    for rows in pages(job, "/block-lists-entries"):
        for row in rows:
            value = row.get("bl_value") if isinstance(row, dict) else None
            name = "$email" if isinstance(value, str) and "@" in value.strip("@") else "$domain"
            job.spool.add("block_list", [row], {name: value.strip("@")} if isinstance(value, str) else {})


def read_campaigns(job: Job) -> dict[tuple[str, int, int], int]:
    """Read campaigns, their steps and analytics; return (campaign, sequence, step) → number of variants."""
    counts: dict[tuple[str, int, int], int] = {}
    for rows in pages(job, "/campaigns"):
        job.spool.add("campaigns", rows)
        for campaign in rows:
            if isinstance(campaign, dict) and campaign.get("id"):
                counts |= add_steps(job, str(campaign["id"]), campaign.get("sequences"))
                read_analytics(job, campaign)
    path = "/campaigns/analytics"
    job.spool.add("campaign_analytics", listed(job.client.get(path), "", f"{job.where}: {path}"))
    return counts


def add_steps(job: Job, campaign_id: str, sequences: Json) -> dict[tuple[str, int, int], int]:
    """Take the steps and variants of a campaign; a step's delay is that before the next one."""
    counts: dict[tuple[str, int, int], int] = {}
    for sequence, part in enumerate(_objects(sequences)):
        wait: float | None = 0.0
        for index, step in enumerate(_objects(part.get("steps"))):
            variants = _objects(step.get("variants"))
            counts[campaign_id, sequence, index] = len(variants)
            place = f"{campaign_id}:{sequence}:{index}"
            context = {"$campaign_id": campaign_id, "$sequence_index": sequence, "$step_number": index + 1}
            first = variants[0].get("subject") if variants else None
            days = None if wait is None else int(wait)
            job.spool.add("steps", [step], {**context, "$id": place, "$wait_days": days, "$subject": first})
            for number, variant in enumerate(variants):
                label = VARIANTS[number] if 1 < len(variants) <= len(VARIANTS) else None
                job.spool.add(
                    "variants", [variant], {**context, "$id": f"{place}:{number}", "$variant": label}
                )
            delay = whole(step.get("delay"))
            wait = None if delay is None else delay * DAYS.get(str(step.get("delay_unit") or "days"), 1)
    return counts


def read_analytics(job: Job, campaign: dict[str, Any]) -> None:
    """Read a campaign's figures of each day since the look-back; the first time since it was made."""
    last = moment(job.cursor.get("emails"))
    back = last - timedelta(days=job.account.lookback_days) if last else None
    since = job.request.since or back or moment(campaign.get("timestamp_created"))
    until = job.request.until or job.request.run_at
    path = "/campaigns/analytics/daily"
    params = {"campaign_id": campaign["id"], "start_date": _day(since), "end_date": _day(until)}
    rows = listed(job.client.get(path, params), "", f"{job.where}: {path}")
    job.spool.add("campaign_analytics_daily", rows, {"$campaign_id": campaign["id"]})


def read_deliveries(job: Job) -> str | None:
    """Read the log of webhook deliveries and the events in them; return when the newest was made."""
    newest = moment(job.cursor.get("deliveries"))
    since = job.request.since or (newest - OVERLAP if newest else None)
    period = {"from": _day(since), "to": _day(job.request.until)}
    for rows in pages(job, "/webhook-events", period):
        job.spool.add("webhook_deliveries", rows)
        job.spool.add("webhook_events", rows)
        newest = _newest(job, rows, newest)
    return iso(newest) if newest else None


def read_emails(
    job: Job, variants: Mapping[tuple[str, int, int], int], labels: Mapping[int, str]
) -> str | None:
    """Read what was sent and received; return when Instantly took in the newest."""
    newest = moment(job.cursor.get("emails"))
    start = job.request.since or (newest - OVERLAP if newest else None)
    periods = [{"min_timestamp_created": start, "max_timestamp_created": job.request.until}]
    if newest and job.request.since is None:
        back = newest - timedelta(days=job.account.lookback_days)
        periods.append({"min_timestamp_created": back, "max_timestamp_created": start})
    for number, period in enumerate(periods):
        asked = {name: iso(value) for name, value in period.items() if value}
        kind = {"email_type": "received"} if number else {}
        params = {"sort_order": "asc", "mode": "emode_all", "preview_only": "false", **kind, **asked}
        for rows in pages(job, "/emails", params):
            for row in rows:
                job.spool.add("emails", [row], email_context(row, variants, labels))
            newest = _newest(job, rows, newest)
    return iso(newest) if newest else None


def email_context(
    email: Json, variants: Mapping[tuple[str, int, int], int], labels: Mapping[int, str]
) -> dict[str, str]:
    """Return what is known beside an e-mail: its variant, where its step has several, and its label."""
    if not isinstance(email, dict):
        return {}
    context: dict[str, str] = {}
    parts = [whole(part) for part in str(email.get("step") or "").split("_")]
    if len(parts) == 3 and all(part is not None and part >= 0 for part in parts):
        sequence, step, variant = (part or 0 for part in parts)
        if variants.get((str(email.get("campaign_id")), sequence, step), 0) > 1 and variant < len(VARIANTS):
            context["$variant"] = VARIANTS[variant]
    number = whole(email["i_status"]) if email.get("i_status") is not None else None
    return context | ({"$label": labels[number]} if number is not None and number in labels else {})


def pages(
    job: Job, path: str, params: Mapping[str, Any] | None = None, *, is_search: bool = False
) -> Iterator[list[Json]]:
    """Yield the pages of a list, up to the request's limit.

    The end is an empty page: the last full one may still carry a cursor. is_search: the list is asked for by
    POST, and its parameters are the body.
    """
    limit, taken = job.request.limit, 0
    after: Json = None
    while limit is None or taken < limit:
        size = PAGE if limit is None else min(PAGE, limit - taken)
        asked = {**(params or {}), "limit": size, **({"starting_after": after} if after else {})}
        answer = job.client.post(path, asked) if is_search else job.client.get(path, asked)
        rows = listed(answer, "items", f"{job.where}: {path}")
        if not rows:
            return
        yield rows
        taken += len(rows)
        following = answer.get("next_starting_after")
        if not following:
            return
        if following == after:
            raise TransientError(f"{job.where}: {path}: the page after {after!r} points to itself")
        after = following


def _newest(job: Job, rows: list[Json], newest: datetime | None) -> datetime | None:
    """Return the latest time of taking in; one after the run's own is wrong and must not move the cursor."""
    times = [moment(row.get("timestamp_created")) for row in rows if isinstance(row, dict)]
    return max([time for time in (*times, newest) if time and time <= job.request.run_at], default=newest)


def _day(value: datetime | None) -> str | None:
    return value.date().isoformat() if value else None


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


SOURCE = Source("instantly", RESOURCES, client_for, read)
