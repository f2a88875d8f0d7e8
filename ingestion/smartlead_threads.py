"""Smartlead's threads: from the inbox, twenty a request, and one by one where it does not have them.

A thread's last entry carries `seen_at`: the newest event of the lead that was known when the thread was read.
What statistics show after that has not been read, however many nights ago they showed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.errors import TerminalError
from ingestion.jobs import Cursor, Job
from ingestion.normalise import email_key
from ingestion.paging import iso, listed, moment
from ingestion.values import Json

INBOX = "/master-inbox/inbox-replies"
INBOX_PAGE = 20
OVERLAP = timedelta(days=7)
"""How far before the last load the inbox is read again: replies show late, and answers to them follow."""

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
Context = dict[str, Any]
"""What is known of every record of a campaign: `$campaign_id`, and `$client_id` in Smartlead's numbers."""

NEWEST = """
select sent.lead_key, sent.newest_at, seen.seen_at
from (
    select lead_key, max(coalesce(reply_time, sent_time)) as newest_at
    from raw_smartlead.statistics
    where account = ? and campaign_id = ? and _dlt_valid_to is null
    group by lead_key
) as sent
left join (
    select lead_key, max(seen_at) as seen_at
    from raw_smartlead.message_history
    where account = ? and campaign_id = ? and _dlt_valid_to is null
    group by lead_key
) as seen on sent.lead_key = seen.lead_key
"""


@dataclass(frozen=True)
class Unread:
    """A thread that is to be read. newest: the lead's newest event that statistics show."""

    newest: datetime
    context: Context
    lead_id: str
    address: str


class GoneError(Exception):
    """Something that was listed a moment ago has been deleted since."""


@dataclass
class Threads:
    """The threads of one account: what was read of them in this load, and what is still to be read.

    empty: `campaign:lead` → the lead's newest event, of threads in which nothing was found.
    """

    job: Job
    empty: dict[str, str]
    _seen: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _unread: list[Unread] = field(default_factory=list)

    def covers(self, context: Context, address: str, at: datetime) -> bool:
        """Say whether this load has read the lead's thread up to `at`."""
        seen = self._seen.get((context["$campaign_id"], address))
        return seen is not None and seen >= at

    def take(self, context: Context, lead_id: Json, lead: str, entries: list[Json], newest: datetime) -> None:
        """Take the entries of a thread. lead: e-mail key, or the id where there is none."""
        times = [moment(entry.get("time")) if isinstance(entry, dict) else None for entry in entries]
        known = [time if time and time <= self.job.request.run_at else None for time in times]
        seen = max([newest, *(time for time in known if time)])
        last = max(range(len(entries)), key=lambda index: known[index] or BEGINNING, default=None)
        context = {**context, "$lead_id": lead_id, "$lead": lead}
        self.job.spool.said("message_history", len(entries))
        for index, entry in enumerate(entries):
            mark = {"$seen_at": seen} if index == last else {}
            self.job.spool.add("message_history", [entry], {**context, **mark})
        self._seen[str(context["$campaign_id"]), lead] = seen

    def read(self, context: Context, lead_id: str, address: str, newest: datetime) -> None:
        """Read the thread of one lead in one campaign."""
        path = f"/campaigns/{context['$campaign_id']}/leads/{lead_id}/message-history"
        try:
            entries = listed(asked(self.job, path), "history", f"{self.job.where}: {path}")
        except GoneError:
            entries = []
        if not entries:
            self.empty[f"{context['$campaign_id']}:{lead_id}"] = newest.isoformat()
        self.take(context, lead_id, address, entries, newest)

    def expect(self, context: Context, leads: Mapping[str, str], newest: Mapping[str, datetime]) -> None:
        """Note the threads of a campaign that are to be read, of leads that are still in it.

        leads: e-mail key → id. newest: e-mail key → the newest event that was just read; what landed before
        counts, too, unless only a part was asked for.
        """
        request, campaign = self.job.request, context["$campaign_id"]
        is_part = request.limit is not None or request.since is not None or request.until is not None
        events, seen = dict(newest), {}
        key = [self.job.account.name, campaign]
        for row in self.job.landed(NEWEST, [*key, *key]):
            address = str(row["lead_key"]).removeprefix("email:")
            landed = moment(row["newest_at"])
            seen[address] = moment(row["seen_at"])
            if landed and landed <= request.run_at and (address in events or not is_part):
                events[address] = max(landed, events.get(address, landed))
        for address, at in events.items():
            known, lead_id = seen.get(address), leads.get(address)
            is_read = (known is not None and known >= at) or self.covers(context, address, at)
            if lead_id and not is_read and self.empty.get(f"{campaign}:{lead_id}") != at.isoformat():
                self._unread.append(Unread(at, context, lead_id, address))

    def read_expected(self) -> None:
        """Read what was noted, what happened last first, until the time is up: the rest is left unread."""
        unread = sorted(self._unread, key=lambda thread: (thread.newest, thread.lead_id), reverse=True)
        unread = unread[: self.job.request.limit]
        for done, thread in enumerate(unread):
            if self.job.is_late:
                self.job.postponed("message histories", done, len(unread) - done)
                return
            self.read(thread.context, thread.lead_id, thread.address, thread.newest)


def read_inbox(job: Job, threads: Threads) -> Cursor:
    """Read the conversations with a reply since the last load, whole; return the cursor's part.

    `inbox`: up to when replies have been read; `inbox_before`: conversations whose last reply is older have
    not been read yet, because the time was up. A key that may not read it is no failure: what stands on
    statistics is read thread by thread.
    """
    try:
        return _read_inbox(job, threads)
    except TerminalError as error:
        if error.status not in (403, 404):
            raise
        job.notes.append(f"{error}; only replies to a campaign's messages are read, thread by thread")
        return {}


def _read_inbox(job: Job, threads: Threads) -> Cursor:
    request = job.request
    if request.since or request.until or request.limit is not None:
        _read_conversations(job, threads, request.since or BEGINNING, request.until or request.run_at)
        return {}
    last, before = moment(job.cursor.get("inbox")), moment(job.cursor.get("inbox_before"))
    left = _read_conversations(job, threads, last - OVERLAP if last else BEGINNING, request.run_at)
    if left is None and before:
        left = _read_conversations(job, threads, BEGINNING, before)
    if left:
        job.notes.append(
            f"{job.where}: conversations of the inbox whose last reply is older than {iso(left)} are left to"
            f" the next night"
        )
    return {"inbox": iso(request.run_at), "inbox_before": iso(left) if left else None}


def _read_conversations(job: Job, threads: Threads, since: datetime, until: datetime) -> datetime | None:
    """Read conversations by their last reply, newest first; return where it was left off, None at the end."""
    oldest = until
    for rows in _inbox_pages(job, since, until):
        job.spool.add("inbox_replies", rows)
        for row in rows:
            if not isinstance(row, dict):
                continue
            oldest = min(oldest, moment(row.get("last_reply_time")) or oldest)
            entries, lead_id = row.get("email_history"), row.get("email_lead_id")
            lead = _address(row.get("lead_email")) or str(lead_id or "")
            campaign = row.get("email_campaign_id")
            if campaign and job.is_paused(str(campaign), row.get("client_id")):
                continue
            context = {
                "$campaign_id": str(campaign) if campaign else None,
                "$client_id": row.get("client_id"),
            }
            if isinstance(entries, list) and entries:
                threads.take(context, lead_id, lead, entries, BEGINNING)
        if len(rows) >= INBOX_PAGE and job.is_late:
            return oldest
    return None


def _inbox_pages(job: Job, since: datetime, until: datetime) -> Iterator[list[Json]]:
    """Yield the pages of the inbox, up to the request's limit; Smartlead gives no total."""
    offset, limit = 0, job.request.limit
    while limit is None or offset < limit:
        size = INBOX_PAGE if limit is None else min(INBOX_PAGE, limit - offset)
        body = {
            "offset": offset,
            "limit": size,
            "filters": {"replyTimeBetween": [iso(since), iso(until)]},
            "sortBy": "REPLY_TIME_DESC",
        }
        answer = job.client.post(INBOX, body, {"fetch_message_history": "true"})
        rows = listed(answer, "data", f"{job.where}: {INBOX}")
        if rows:
            yield rows
        offset += len(rows)
        if len(rows) < size:
            return


def asked(job: Job, path: str, params: Mapping[str, Any] | None = None) -> Json:
    """Ask for something of a campaign.

    Raises GoneError when the campaign, or the lead, is not there any more: Smartlead says so in JSON (a 404
    in HTML is a wrong path), or gives an empty answer.
    """
    try:
        answer = job.client.get(path, params)
    except TerminalError as error:
        if error.status == 404 and " not found" in str(error):
            raise GoneError(path) from None
        raise
    if answer == {}:
        raise GoneError(path)
    return answer


def _address(value: Json) -> str | None:
    return email_key(value) if isinstance(value, str) else None
