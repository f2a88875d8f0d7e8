"""Smartlead: campaigns with their sequences, leads, one statistics row a message, threads, inbox, mailboxes.

Statistics rows change after the fact (opened, replied), so each night reads back `lookback_days`, and every
campaign once a week from its beginning. Threads are read whose lead was written to or has replied since.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit, limits_of
from ingestion.normalise import email_key
from ingestion.paging import iso, listed, moment, whole
from ingestion.secrets import without_secrets
from ingestion.smartlead_records import RESOURCES
from ingestion.smartlead_threads import Context, GoneError, Threads, asked, read_inbox
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

BASE_URL = "https://server.smartlead.ai/api/v1"
DEFAULT_LIMITS = (Limit(10, 2), Limit(60, 60))
"""Both of the limits that Smartlead documents; which one holds depends on the plan."""

LEADS_PAGE = 100
MAILBOXES_PAGE = 100
STATISTICS_PAGE = 1_000
WEEK = timedelta(days=6, hours=12)
"""After that long a campaign is read from its beginning: at the latest on the seventh night."""


@dataclass
class Events:
    """What a campaign's statistics show, by a lead's e-mail key.

    newest: the last message or reply. replied: the last reply, of leads with a reply that is news.
    """

    newest: dict[str, datetime] = field(default_factory=dict)
    replied: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Landed:
    """Replies that have landed: on a statistics row (its id and time), in a thread (campaign, lead, time)."""

    rows: set[tuple[str, str]]
    entries: set[tuple[str, str, str]]

    def has(self, row: Mapping[str, Any], campaign: str, address: str, at: datetime) -> bool:
        """Say whether a reply that a row shows is no news; one stands on several rows now and then."""
        is_on_row = (str(row.get("stats_id")), iso(at)) in self.rows
        return is_on_row or (campaign, f"email:{address}", iso(at)) in self.entries


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"smartlead account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        params={"api_key": key},
        limits=limits_of(account, DEFAULT_LIMITS),
    )


def read(job: Job) -> Cursor:
    """Read mailboxes, the inbox, campaigns, then the threads that are left.

    The cursor notes when a campaign's statistics were last read to the end (`statistics`), when from the
    beginning (`whole`), up to when the inbox was read, where a period was left off, and threads in which
    nothing was found (`empty`).
    """
    read_mailboxes(job)
    threads = Threads(job, dict(job.cursor.get("empty", {})))
    inbox = read_inbox(job, threads)
    campaigns = read_campaigns(job, threads)
    threads.read_expected()
    cursor = {**job.cursor, **inbox, **campaigns, "empty": threads.empty}
    return {name: place for name, place in cursor.items() if place}


def read_mailboxes(job: Job) -> None:
    """Read the sending accounts; what Smartlead tells of their passwords goes no further than this."""
    path, offset, limit = "/email-accounts/", 0, job.request.limit
    while limit is None or offset < limit:
        size = MAILBOXES_PAGE if limit is None else min(MAILBOXES_PAGE, limit - offset)
        answer = without_secrets(job.client.get(path, {"offset": offset, "limit": size}))
        rows = listed(answer, "", f"{job.where}: {path}")
        job.spool.add("mailboxes", rows)
        offset += len(rows)
        if len(rows) < size:
            return


def read_campaigns(job: Job, threads: Threads) -> Cursor:
    """Read every campaign, the least recently read first, until the time is up; return the cursor's part."""
    listing = listed(job.client.get("/campaigns/"), "", f"{job.where}: /campaigns/")
    job.spool.said("campaigns", len(listing))
    job.spool.add("campaigns", listing)
    there = {str(item["id"]): item for item in listing if isinstance(item, dict) and item.get("id")}
    campaigns = {name: item for name, item in there.items() if not job.is_paused(name, item.get("client_id"))}
    request, landed = job.request, _landed_replies(job)
    period = {name: iso(at) for name, at in (("since", request.since), ("until", request.until)) if at}
    read_at: dict[str, str] = job.cursor.get("statistics", {})
    whole_at: dict[str, str] = job.cursor.get("whole", {})
    before = _read_of_period(job, period)
    order = sorted(campaigns.keys() - before, key=lambda name: (read_at.get(name, ""), name))
    done: dict[str, bool] = {}
    for number, name in enumerate(order):
        if number and job.is_late:
            job.postponed("campaigns", number, len(order) - number)
            break
        is_whole = is_due(job, name, whole_at.get(name))
        start = None if is_whole else read_at.get(name)
        try:
            read_campaign(job, threads, campaigns[name], statistics_period(job, start), landed)
        except GoneError as gone:
            job.notes.append(f"{job.where}: {gone}: campaign {name} was listed, but is not there any more")
            continue
        done[name] = is_whole
    now = iso(request.run_at)
    if request.limit is not None:
        return {}
    if period:
        is_cut_off = len(before) + len(done) < len(campaigns)
        return {"period": {**period, "campaigns": sorted({*before, *done})} if is_cut_off else None}
    whole_now = {name: now for name, is_whole in done.items() if is_whole}
    return {"statistics": {**read_at, **dict.fromkeys(done, now)}, "whole": {**whole_at, **whole_now}}


def _read_of_period(job: Job, period: Mapping[str, str]) -> set[str]:
    """Return the campaigns that an earlier load of the same period, which was cut off, has read."""
    place: dict[str, Any] = job.cursor.get("period") or {}
    is_same = bool(period) and {name: place[name] for name in place if name != "campaigns"} == period
    return set(place["campaigns"]) if is_same else set()


def is_due(job: Job, campaign: str, whole_at: str | None) -> bool:
    """Say whether a campaign is to be read from its beginning: once a week, some campaigns each night."""
    last, now = moment(whole_at), job.request.run_at
    if last is None or now - last >= WEEK:
        return True
    is_its_day = (now.toordinal() - zlib.crc32(campaign.encode())) % 7 == 0
    return is_its_day and last.date() < now.date()


def read_campaign(
    job: Job,
    threads: Threads,
    campaign: Mapping[str, Any],
    period: Mapping[str, str],
    landed: Landed,
) -> None:
    """Read one campaign, and the threads of its leads with a new reply; raises GoneError.

    period: the filter on sending time.
    """
    context = {"$campaign_id": str(campaign["id"]), "$client_id": campaign.get("client_id")}
    labels = read_sequence(job, context)
    leads = read_leads(job, context)
    events = read_statistics(job, context, labels, period, landed)
    for address, at in events.replied.items():
        if threads.covers(context, address, at):
            continue
        lead_id = leads.get(address) or find_lead(job, address)
        if lead_id:
            threads.read(context, lead_id, address, events.newest[address])
    threads.expect(context, leads, events.newest)


def find_lead(job: Job, address: str) -> str | None:
    """Return the id of a lead that left the campaign since it was written to, None when nobody has it."""
    try:
        found = asked(job, "/leads/", {"email": address})
    except GoneError:
        return None
    return str(found["id"]) if isinstance(found, dict) and found.get("id") else None


def read_sequence(job: Job, context: Context) -> dict[str, str]:
    """Read a campaign's steps and their variants; return variant id → label."""
    path = f"/campaigns/{context['$campaign_id']}/sequences"
    steps = [step for step in listed(asked(job, path), "", f"{job.where}: {path}") if isinstance(step, dict)]
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
    job: Job, context: Context, labels: dict[str, str], period: Mapping[str, str], landed: Landed
) -> Events:
    """Read a campaign's statistics of a period; return what happened to its leads in it."""
    events = Events()
    path = f"/campaigns/{context['$campaign_id']}/statistics"
    for rows in _pages(job, path, "statistics", "total_stats", STATISTICS_PAGE, period):
        for row in rows:
            variant = row.get("seq_variant_id") if isinstance(row, dict) else None
            job.spool.add("statistics", [row], {**context, "$variant": labels.get(str(variant))})
            address = _address(row.get("lead_email")) if isinstance(row, dict) else None
            reply = moment(row.get("reply_time")) if address else None
            newest = reply or (moment(row.get("sent_time")) if address else None)
            if not address or newest is None or newest > job.request.run_at:
                continue  # an event after the run's own clock is wrong, and waits until it is not
            events.newest[address] = max(newest, events.newest.get(address, newest))
            if reply and not landed.has(row, context["$campaign_id"], address, reply):
                events.replied[address] = max(reply, events.replied.get(address, reply))
    return events


def statistics_period(job: Job, read_at: str | None) -> dict[str, str]:
    """Return the filter on sending time: what was asked for, else the look-back, else (whole) none."""
    request, last = job.request, moment(read_at)
    since = request.since
    if since is None and request.until is None and last is not None:
        since = last - timedelta(days=job.account.lookback_days)
    period = {"sent_time_start_date": since, "sent_time_end_date": request.until}
    return {name: iso(value) for name, value in period.items() if value}


def _pages(
    job: Job, path: str, resource: str, total_name: str, size: int, params: Mapping[str, str]
) -> Iterator[list[Json]]:
    """Yield the pages of a list, up to the request's limit; a page that drifted repeats rows harmlessly."""
    offset, limit = 0, job.request.limit
    while limit is None or offset < limit:
        page = size if limit is None else min(size, limit - offset)
        answer = asked(job, path, {**params, "offset": offset, "limit": page})
        rows = listed(answer, "data", f"{job.where}: {path}")
        total = whole(answer.get(total_name))
        if offset == 0:
            job.spool.said(resource, total)
        if rows:
            yield rows
        offset += min(len(rows), page)  # more than asked for may be rows that drifted here
        if not rows or (offset >= total if total is not None else len(rows) < page):
            return


def _landed_replies(job: Job) -> Landed:
    of_account = "account = ? and _dlt_valid_to is null"
    rows = job.landed(
        f"select id, reply_time from raw_smartlead.statistics where {of_account} and reply_time is not null",
        [job.account.name],
    )
    entries = job.landed(
        "select campaign_id, lead_key, time from raw_smartlead.message_history"
        f" where {of_account} and type = 'reply'",
        [job.account.name],
    )
    return Landed(
        {(str(row["id"]), iso(row["reply_time"])) for row in rows},
        {(str(row["campaign_id"]), str(row["lead_key"]), iso(row["time"])) for row in entries},
    )


def _address(value: Json) -> str | None:
    return email_key(value) if isinstance(value, str) else None


SOURCE = Source("smartlead", RESOURCES, client_for, read)
