"""Salesforge (API v2): all of an account's workspaces with sequences, contacts, sending data, threads.

The API knows no time to ask by: every list is read in full, and what is known lands no second time. Threads
are read one by one where the list shows another date or label than the one that has landed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit, limits_of
from ingestion.normalise import email_key
from ingestion.paging import iso, listed, moment, whole
from ingestion.salesforge_records import DOMAIN, EMAIL, RESOURCES
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

BASE_URL = "https://api.salesforge.ai/public/v2"
MULTICHANNEL_URL = "https://multichannel-api.salesforge.ai/public"
DEFAULT_LIMITS = (Limit(5, 1),)
"""Salesforge documents no limit; this is ours."""

THROTTLED_SECONDS = 30.0
PAGE = 100
FIRST_DAYS = 730
"""How far back a sequence's daily figures are read the first time."""

SENT_TYPES = ("sent", "outbound", "outgoing")
Context = dict[str, Any]
Places = dict[str, int]
"""Path of a list → the offset at which it was left when the time was up."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account; the key goes as it is, without `Bearer`."""
    limits = limits_of(account, DEFAULT_LIMITS)
    return ProviderClient(
        f"salesforge account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"Authorization": key},
        limits=limits,
        throttled_wait=max(limit.seconds for limit in limits) if account.rate_limits else THROTTLED_SECONDS,
    )


def read(job: Job) -> Cursor:
    """Read every workspace that the key can see; the cursor notes when that was done to the end."""
    known = _landed_threads(job)
    is_whole = job.request.limit is None and job.request.since is None and job.request.until is None
    places: Places = dict(job.cursor.get("places") or {}) if is_whole else {}
    found: list[str] = []
    for rows in pages(job, "/workspaces", "workspaces"):
        job.spool.add("workspaces", rows)
        found += [str(workspace["id"]) for workspace in _objects(rows) if workspace.get("id")]
    # where the time was up last night comes first tonight, so that every workspace has its turn
    late = next((name for name in found if any(f"/{name}/" in path for path in places)), None)
    start = found.index(late) if late is not None else 0
    for workspace in found[start:] + found[:start]:
        read_workspace(job, workspace, known, places)
    if not is_whole:
        return job.cursor
    return {"read": iso(job.request.run_at)} | ({"places": places} if places else {})


def read_workspace(job: Job, workspace: str, known: Mapping[str, tuple[Any, ...]], places: Places) -> None:
    """Read all lists of one workspace, the long ones from where an earlier night ended."""
    root, context = f"/workspaces/{workspace}", {"$workspace_id": workspace}
    labels: dict[str, str] = {}
    for rows in pages(job, f"{root}/primebox-labels"):
        job.spool.add("labels", rows, context)
        labels |= {
            str(row["id"]): str(row["name"]) for row in _objects(rows) if "id" in row and "name" in row
        }
    own: set[str] = set()
    for rows in pages(job, f"{root}/mailboxes"):
        job.spool.add("mailboxes", rows, context)
        own |= {key for row in _objects(rows) if (key := _address(row.get("address")))}
    for rows in pages(job, f"{root}/dnc"):
        for row in rows:
            kind = row.get("type") if isinstance(row, dict) else None
            value = {f"${kind}": row["value"]} if kind in (EMAIL, DOMAIN) and "value" in row else {}
            job.spool.add("dnc", [row], {**context, **value})
    for rows in pages(job, f"{root}/sequences", "sequences", {"type": "legacy"}):
        for row in rows:
            own |= read_sequence(job, f"{root}/sequences", row, context)
    read_multichannel(job, workspace)
    for rows in pages(job, f"{root}/contacts", "contacts", places=places):
        job.spool.add("contacts", rows, context)
        for row in _objects(rows):
            part = {**context, "$contact_id": row.get("id"), "$lead": row.get("email")}
            job.spool.add("enrolments", _objects(row.get("sequences")), part)
    for rows in pages(job, f"{root}/sending-data", "sending_data", places=places):
        job.spool.add("sending_data", rows, context)
    read_threads(job, root, context, labels, own, known)


def read_sequence(job: Job, path: str, sequence: Json, context: Context) -> set[str]:
    """Read one sequence with its steps, variants and days; return the addresses that send it."""
    if not isinstance(sequence, dict) or not sequence.get("id"):
        job.spool.add("sequences", [sequence], context)
        return set()
    name = str(sequence["id"])
    detail = job.client.get(f"{path}/{name}")
    whole_one = {**sequence, **detail} if isinstance(detail, dict) else sequence
    job.spool.add("sequences", [whole_one], context)
    steps = sorted(_objects(whole_one.get("steps")), key=lambda step: whole(step.get("order")) or 0)
    for number, step in enumerate(steps, start=1):
        variants = _objects(step.get("variants"))
        part = {"$sequence_id": name, "$step_number": number}
        subject = variants[0].get("emailSubject") if variants else None
        job.spool.add("steps", [step], {**part, "$subject": subject})
        job.spool.add("variants", variants, part)
    read_days(job, f"{path}/{name}/analytics", name)
    boxes = _objects(whole_one.get("mailboxes"))
    return {key for box in boxes if (key := _address(box.get("address")))}


def read_days(job: Job, path: str, sequence: str) -> None:
    """Read a sequence's figures of each day: a map of days, since the look-back."""
    last = moment(job.cursor.get("read"))
    back = timedelta(days=job.account.lookback_days if last else FIRST_DAYS)
    since = job.request.since or (last or job.request.run_at) - back
    until = job.request.until or job.request.run_at
    params = {"from_date": since.date().isoformat(), "to_date": until.date().isoformat()}
    answer = job.client.get(path, params)
    days = answer.get("days") if isinstance(answer, dict) else None
    for day, figures in days.items() if isinstance(days, dict) else ():
        job.spool.add("sequence_days", [figures], {"$sequence_id": sequence, "$date": day})


def read_multichannel(job: Job, workspace: str) -> None:
    """Read the sequences of e-mail and LinkedIn together, which another host serves, by page number."""
    given = job.account.base_url
    root = given.removesuffix("/").removesuffix("/v2") if given else MULTICHANNEL_URL
    path = f"{root}/multichannel/workspaces/{workspace}/sequences"
    number, limit = 1, job.request.limit or PAGE
    while True:
        answer = job.client.get(path, {"page": number, "limit": min(limit, PAGE)})
        rows = listed(answer, "sequences", f"{job.where}: {path}")
        job.spool.add("multichannel_sequences", rows, {"$workspace_id": workspace})
        paging = answer.get("pagination")
        if not rows or job.request.limit or not (isinstance(paging, dict) and paging.get("hasNext")):
            return
        number += 1


def read_threads(
    job: Job,
    root: str,
    context: Context,
    labels: Mapping[str, str],
    own: Set[str],
    known: Mapping[str, tuple[Any, ...]],
) -> None:
    """Read the list of threads, and those that are not as they were when they landed.

    One that there is no time for does not land, so that it is read on one of the next nights.
    """
    done = left = 0
    for rows in pages(job, f"{root}/threads", "threads"):
        for row in rows:
            label = labels.get(str(row.get("labelId"))) if isinstance(row, dict) else None
            part = {**context, "$label": label}
            is_due = isinstance(row, dict) and row.get("id") and known.get(str(row["id"])) != _shown(row)
            if is_due and done and job.is_late:
                left += 1
                continue
            job.spool.add("threads", [row], part)
            if is_due:
                read_thread(job, f"{root}/threads/{row['id']}", row, part, own)
                done += 1
    job.postponed("threads", done, left)


def _shown(thread: dict[str, Any]) -> tuple[Any, ...]:
    return moment(thread.get("date")), thread.get("labelId") or None


def read_thread(job: Job, path: str, thread: dict[str, Any], context: Context, own: Set[str]) -> None:
    """Read one thread's e-mails and LinkedIn messages."""
    answer = job.client.get(path)
    emails = listed(answer, "emails", f"{job.where}: {path}")
    contact, sequence = _object(answer.get("contact")), _object(answer.get("sequence"))
    lead = contact.get("email") or thread.get("contactEmail") or None
    part = {
        **context,
        "$thread_id": thread["id"],
        "$contact_id": contact.get("id"),
        "$sequence_id": sequence.get("id"),
        "$lead": lead,
    }
    for email in emails:
        way = direction(email, _address(lead), own) if isinstance(email, dict) else None
        job.spool.add("thread_emails", [email], {**part, "$direction": way})
    job.spool.add("linkedin_messages", answer.get("linkedinMessages") or [], part)


def direction(email: Mapping[str, Any], lead: str | None, own: Set[str]) -> str:
    """Return whether an e-mail came in or went out: by who wrote it, else by who got it, else by its type."""
    sender, receiver = _address(email.get("fromAddress")), _address(email.get("toAddress"))
    if sender and (sender in own or sender == lead):
        return "outbound" if sender in own else "inbound"
    if receiver and (receiver in own or receiver == lead):
        return "inbound" if receiver in own else "outbound"
    return "outbound" if str(email.get("type")).lower() in SENT_TYPES else "inbound"


def pages(
    job: Job,
    path: str,
    resource: str = "",
    params: Mapping[str, Any] | None = None,
    *,
    places: Places | None = None,
) -> Iterator[list[Json]]:
    """Yield the pages of a list, up to the request's limit; a page that drifted repeats rows harmlessly.

    places: where lists were left when the time was up; this one is gone on with from there, and left there.
    """
    start = 0 if places is None else places.pop(path, 0)
    offset, limit = start, job.request.limit
    while limit is None or offset < limit:
        size = PAGE if limit is None else min(PAGE, limit - offset)
        answer = job.client.get(path, {**(params or {}), "limit": size, "offset": offset})
        rows = listed(answer, "data", f"{job.where}: {path}")
        total = whole(answer.get("total"))
        if offset == start and resource:
            job.spool.said(resource, total)
        if rows:
            yield rows
        offset += min(len(rows), size)
        if not rows or (offset >= total if total is not None else len(rows) < size):
            return
        if places is not None and job.is_late:
            places[path] = offset
            job.postponed(resource.replace("_", " "), offset - start, (total or offset + 1) - offset)
            return


def _landed_threads(job: Job) -> dict[str, tuple[Any, ...]]:
    """Return thread → the date and the label with which it has landed."""
    rows = job.landed(
        "select id, last_at, label_id from raw_salesforge.threads"
        " where account = ? and _dlt_valid_to is null",
        [job.account.name],
    )
    return {str(row["id"]): (moment(row["last_at"]), row["label_id"]) for row in rows}


def _address(value: Json) -> str | None:
    return email_key(value) if isinstance(value, str) else None


def _object(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


SOURCE = Source("salesforge", RESOURCES, client_for, read)
