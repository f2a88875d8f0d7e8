"""Instantly (API v2): campaigns with their sequences, leads, e-mails, deliveries of webhooks, analytics.

E-mails are read from where the last load ended, by the time at which Instantly took them in; of those
received, `lookback_days` are read again, as their label changes. Only the log of webhook deliveries dates
opens, clicks, bounces and opt-outs; leads count them. Leads have no time to ask by: each night reads all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.errors import TerminalError, TransientError
from ingestion.http import ProviderClient
from ingestion.instantly_records import RESOURCES
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit, limits_of
from ingestion.paging import iso, listed, moment, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

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
Places = dict[str, Any]
"""Where lists were left when the time was up."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    limits = limits_of(account, DEFAULT_LIMITS)
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
    places = dict(job.cursor.get("places") or {}) if is_whole else {}
    delivered = read_deliveries(job, places)
    read_leads(job, places)
    taken_in = read_emails(job, variants, labels, places)
    if not is_whole:
        return job.cursor
    cursor = {name: value for name, value in job.cursor.items() if name != "places"}
    cursor |= {"deliveries": delivered, "emails": taken_in}
    return cursor | ({"places": places} if places else {})


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


def read_deliveries(job: Job, places: Places) -> str | None:
    """Read the log of webhook deliveries and the events in them; return when the newest was made.

    The newest come first; what an earlier night had no time for lies below its place, and is read from there.
    """
    newest = moment(job.cursor.get("deliveries"))
    since = job.request.since or (newest - OVERLAP if newest else None)
    left = places.pop("deliveries", None)
    periods = [*([left] if left else []), {"from": _day(since), "to": _day(job.request.until)}]
    done = 0
    for period in periods:
        asked = {name: period.get(name) for name in ("from", "to")}
        for rows, following in paged(job, "/webhook-events", asked, after=period.get("after")):
            job.spool.add("webhook_deliveries", rows)
            job.spool.add("webhook_events", rows)
            newest, done = _newest(job, rows, newest), done + len(rows)
            if following and job.is_late:
                places["deliveries"] = {**asked, "after": following}
                _left(job, "deliveries", done)
                return iso(newest) if newest else None
    return iso(newest) if newest else None


def read_leads(job: Job, places: Places) -> None:
    """Read all leads, from where an earlier night had no more time for them."""
    done = 0
    for rows, following in paged(job, "/leads/list", after=places.pop("leads", None), is_search=True):
        job.spool.add("leads", rows)
        done += len(rows)
        if following and job.is_late:
            places["leads"] = following
            _left(job, "leads", done)
            return


def read_emails(
    job: Job, variants: Mapping[tuple[str, int, int], int], labels: Mapping[int, str], places: Places
) -> str | None:
    """Read what was sent and received, the oldest first; return when Instantly took in the newest.

    What an earlier night had no time for stands behind its place, and so does all that came in since.
    """
    newest, done = moment(job.cursor.get("emails")), 0
    left = places.pop("emails", None)
    fresh, *further = email_periods(job, newest)
    for period in (left or fresh, *further):
        asked = {name: value for name, value in period.items() if name != "after"}
        params = {"sort_order": "asc", "mode": "emode_all", "preview_only": "false", **asked}
        for rows, following in paged(job, "/emails", params, after=period.get("after")):
            for row in rows:
                job.spool.add("emails", [row], email_context(row, variants, labels))
            newest, done = _newest(job, rows, newest), done + len(rows)
            if following and job.is_late:
                if period not in further:
                    places["emails"] = {**asked, "after": following}
                _left(job, "e-mails", done)
                return iso(newest) if newest else None
    return iso(newest) if newest else None


def email_periods(job: Job, newest: datetime | None) -> list[dict[str, str]]:
    """Return what to ask for: what came in since the newest, and the received ones of the look-back."""
    start = job.request.since or (newest - OVERLAP if newest else None)
    fresh = {"min_timestamp_created": start, "max_timestamp_created": job.request.until}
    periods = [{name: iso(value) for name, value in fresh.items() if value}]
    if newest and start and job.request.since is None:
        back = newest - timedelta(days=job.account.lookback_days)
        looked_back = {"min_timestamp_created": iso(back), "max_timestamp_created": iso(start)}
        periods.append({"email_type": "received", **looked_back})
    return periods


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


def pages(job: Job, path: str) -> Iterator[list[Json]]:
    """Yield the pages of a list that is read as a whole, or up to the request's limit."""
    for rows, _ in paged(job, path):
        yield rows


def paged(
    job: Job,
    path: str,
    params: Mapping[str, Any] | None = None,
    *,
    after: Json = None,
    is_search: bool = False,
) -> Iterator[tuple[list[Json], Json]]:
    """Yield the pages of a list, each with the cursor of the next one, up to the request's limit.

    The end is an empty page: the last full one may still carry a cursor. after: where an earlier night ended;
    the list is read anew where Instantly knows that place no more. is_search: the list is asked for by POST,
    and its parameters are the body.
    """
    limit, taken, is_resumed = job.request.limit, 0, after is not None
    while limit is None or taken < limit:
        size = PAGE if limit is None else min(PAGE, limit - taken)
        asked = {**(params or {}), "limit": size, **({"starting_after": after} if after else {})}
        try:
            answer = job.client.post(path, asked) if is_search else job.client.get(path, asked)
        except TerminalError as error:
            if not is_resumed or error.status != 400:
                raise
            after, is_resumed = None, False
            continue
        is_resumed = False
        rows = listed(answer, "items", f"{job.where}: {path}")
        if not rows:
            return
        following = answer.get("next_starting_after")
        yield rows, following
        taken += len(rows)
        if not following:
            return
        if following == after:
            raise TransientError(f"{job.where}: {path}: the page after {after!r} points to itself")
        after = following


def _left(job: Job, what: str, done: int) -> None:
    """Note that the time was up; how many are left, Instantly does not say."""
    job.notes.append(f"{job.where}: {done:,} {what} read when the time was up; the next night goes on there")


def _newest(job: Job, rows: list[Json], newest: datetime | None) -> datetime | None:
    """Return the latest time of taking in; one after the run's own is wrong and must not move the cursor."""
    times = [moment(row.get("timestamp_created")) for row in rows if isinstance(row, dict)]
    return max([time for time in (*times, newest) if time and time <= job.request.run_at], default=newest)


def _day(value: datetime | None) -> str | None:
    return value.date().isoformat() if value else None


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


SOURCE = Source("instantly", RESOURCES, client_for, read)
