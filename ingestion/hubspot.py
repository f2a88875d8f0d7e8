"""HubSpot: contacts, companies, deals with their stage history, meetings, calls, messages of other channels,
owners, and who is associated with whom.

Objects are searched by their modified date in ascending order. Every page is anchored anew at the last date
seen (`GTE`, so that ties are read again and dropped), for two reasons: a record that changes meanwhile moves
to the end instead of shifting the pages, and the search never runs into its wall of 10,000 results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ingestion.cursors import Reading, keep, start_of
from ingestion.errors import TerminalError
from ingestion.http import ProviderClient
from ingestion.hubspot_links import associations, held_links, regrouped
from ingestion.hubspot_records import (
    HISTORY,
    OBJECTS,
    OWNERS,
    RESOURCES,
    HubspotObject,
    flat,
    merged_ids,
    primary,
)
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit, limits_of
from ingestion.paging import batches, iso, listed, moment, whole
from ingestion.sweeps import sweep
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

BASE_URL = "https://api.hubapi.com"
DEFAULT_LIMITS = (Limit(100, 10), Limit(5, 1, path="/search"))
"""Searches have a limit of their own and do not count in the other one; `rate_limits` replaces both."""

SEARCH_PAGE = 200
LIST_PAGE = 100
BATCH = 100
HISTORY_AT_ONCE = 50
WALL = 10_000
OVERLAP = timedelta(hours=1)
"""The search index lags behind; what changed shortly before the last read is read again."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"hubspot account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"Authorization": f"Bearer {key}"},
        limits=limits_of(account, DEFAULT_LIMITS),
    )


def read(job: Job) -> Cursor:
    """Read owners and pipelines, then every kind of object: those changed, then those archived."""
    _as_allowed(job, "owners", partial(read_owners, job))
    stages = read_pipelines(job)
    cursor, allowed = dict(job.cursor), []
    for kind in OBJECTS:
        if _as_allowed(job, kind.name, partial(read_kind, job, kind, stages, cursor), kind.is_optional):
            allowed.append(kind)
    sweep(job, cursor, {kind.name: partial(all_ids, job, kind, stages) for kind in allowed})
    return cursor


def _as_allowed(job: Job, what: str, work: partial[None], is_optional: bool = True) -> bool:
    """Do `work`; False, with a note, where the key may not read what can be done without."""
    try:
        work()
    except TerminalError as error:
        if not is_optional or error.status != 403:
            raise
        job.notes.append(f"{job.where}: the key may not read {what}, which are left out; see docs/sources.md")
        return False
    return True


def read_kind(job: Job, kind: HubspotObject, stages: dict[str, str], cursor: Cursor) -> None:
    """Read the records of a kind that changed, then those archived; write into `cursor` how far that got."""
    reading = Reading()
    for rows in changed(job, kind, reading):
        take(job, kind, rows, stages)
    if reading.is_whole:
        for rows in archived(job, kind):
            take(job, kind, rows, stages)
    keep(job, cursor, kind.name, {kind.name: reading}, OVERLAP)


def changed(job: Job, kind: HubspotObject, reading: Reading | None = None) -> Iterator[list[Json]]:
    """Yield pages of records by modified date, from the cursor (or `since`) on, while there is time."""
    reading = reading or Reading()
    anchor = start_of(job, kind.name, OVERLAP)
    after: str | None = None
    limit, total = job.request.limit, None
    while limit is None or reading.count < limit:
        answer = _search(job, kind, anchor, after)
        rows = listed(answer, "results", f"{job.where}: {kind.name} search")
        if total is None:
            total = whole(answer.get("total")) or 0
            job.spool.said(kind.name, whole(answer.get("total")))
        rows = rows if limit is None else rows[: limit - reading.count]
        for row in rows:
            reading.saw(_modified(kind, row))
        if rows:
            yield rows
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return
        if job.is_late:
            reading.is_whole = False
            job.postponed(kind.name, reading.count, max(total - reading.count, 1))
            return
        last = max(filter(None, (_modified(kind, row) for row in rows)), default=None)
        if last is not None and (anchor is None or last > anchor):
            anchor, after = last, None


def _search(job: Job, kind: HubspotObject, anchor: datetime | None, after: str | None) -> Json:
    """Ask for one page; a tie that fills the whole search is an error that says so, never a silent end."""
    filters = []
    if anchor is not None:
        filters.append({"propertyName": kind.modified, "operator": "GTE", "value": _epoch_ms(anchor)})
    if job.request.until is not None:
        filters.append(
            {"propertyName": kind.modified, "operator": "LTE", "value": _epoch_ms(job.request.until)}
        )
    body: dict[str, Any] = {
        "filterGroups": [{"filters": filters}] if filters else [],
        "sorts": [{"propertyName": kind.modified, "direction": "ASCENDING"}],
        "properties": list(kind.properties),
        "limit": SEARCH_PAGE,
    }
    if after is None:
        return job.client.post(f"{kind.path}/search", body)
    tie = TerminalError(
        f"{job.where}: more {kind.name} than one search can show were modified at the same moment"
        f" ({iso(anchor) if anchor else 'first read'}); touch some of them in HubSpot, or import files"
    )
    if (whole(after) or 0) >= WALL:
        raise tie
    try:
        return job.client.post(f"{kind.path}/search", body | {"after": after})
    except TerminalError as error:
        if error.status == 400:
            raise tie from error
        raise


def archived(job: Job, kind: HubspotObject) -> Iterator[list[Json]]:
    """Yield pages of archived records; the search never shows them."""
    params = {"archived": "true", "limit": LIST_PAGE, "properties": ",".join(kind.properties)}
    return _pages(job, kind.path, params, f"archived {kind.name}")


def _pages(job: Job, path: str, params: dict[str, Any], what: str) -> Iterator[list[Json]]:
    """Yield the pages of a list that have rows."""
    after: str | None = None
    while True:
        answer = job.client.get(path, {**params, "after": after})
        rows = listed(answer, "results", f"{job.where}: {what}")
        if rows:
            yield rows
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return


def take(job: Job, kind: HubspotObject, rows: Sequence[Json], stages: dict[str, str]) -> None:
    """Put a page into the spool, every record with its associations; deals with their stage history."""
    ids = list(dict.fromkeys(str(row["id"]) for row in rows if isinstance(row, dict) and row.get("id")))
    gone = [str(row["id"]) for row in rows if isinstance(row, dict) and row.get("archived") and row.get("id")]
    links = {target: associations(job, kind.name, target, ids) for target in kind.associated}
    held = held_links(job, kind, gone)
    for row in rows:
        row_id = str(row.get("id")) if isinstance(row, dict) else ""
        context: dict[str, Json] = {}
        for target in kind.associated:
            # HubSpot forgets an archived record's associations; what had landed stays true of the past
            linked = links[target].get(row_id) or held.get(row_id, {}).get(target)
            context |= {f"${target}": linked, f"${target}:first": primary(linked)}
        job.spool.add(kind.name, [row], context)
        if isinstance(row, dict) and (taken_in := merged_ids(row)):
            job.spool.merged(kind.name, row_id, taken_in)
    if kind.name == "deals":
        read_history(job, [deal_id for deal_id in ids if deal_id not in gone], stages)


def all_ids(job: Job, kind: HubspotObject, stages: dict[str, str]) -> Iterator[list[str]]:
    """Yield the ids of all live records; those whose associations are others than the held ones are taken.

    A new association, or one that was removed, does not change a record's modified date.
    """
    params = {"limit": LIST_PAGE, "properties": "hs_object_id"}
    for pages in batches(_pages(job, kind.path, params, kind.name), 10):
        ids = [str(row["id"]) for rows in pages for row in rows if isinstance(row, dict) and row.get("id")]
        for chunk in batches(regrouped(job, kind, ids), BATCH):
            body = {"inputs": [{"id": one} for one in chunk], "properties": list(kind.properties)}
            answer = job.client.post(f"{kind.path}/batch/read", body)
            take(job, kind, listed(answer, "results", f"{job.where}: {kind.name}/batch/read"), stages)
        yield ids


def read_history(job: Job, ids: Sequence[str], stages: dict[str, str]) -> None:
    """Read which stages deals went through; a stage's pipeline is the one that owns it."""
    for chunk in batches(ids, HISTORY_AT_ONCE):
        body = {
            "inputs": [{"id": deal_id} for deal_id in chunk],
            "properties": ["pipeline"],
            "propertiesWithHistory": ["dealstage"],
        }
        answer = job.client.post("/crm/v3/objects/deals/batch/read", body)
        for deal in listed(answer, "results", f"{job.where}: deals/batch/read"):
            pipeline = (deal.get("properties") or {}).get("pipeline")
            for entry in (deal.get("propertiesWithHistory") or {}).get("dealstage") or []:
                stage = entry.get("value") if isinstance(entry, dict) else None
                context = {"$deal_id": str(deal["id"]), "$pipeline": stages.get(str(stage), pipeline)}
                job.spool.add(HISTORY.name, [entry], context)


def read_pipelines(job: Job) -> dict[str, str]:
    """Read the deal pipelines; return stage id → pipeline id."""
    pipelines = listed(job.client.get("/crm/v3/pipelines/deals"), "results", f"{job.where}: pipelines")
    owner: dict[str, str] = {}
    job.spool.add("pipelines", pipelines)
    for pipeline in pipelines:
        stages = pipeline.get("stages") or [] if isinstance(pipeline, dict) else []
        job.spool.add("pipeline_stages", stages, {"$pipeline": pipeline.get("id") if stages else None})
        owner |= {str(stage["id"]): str(pipeline["id"]) for stage in stages if isinstance(stage, dict)}
    return owner


def read_owners(job: Job) -> None:
    """Read the users that records may belong to, those who left included."""
    for is_archived in ("false", "true"):
        params = {"limit": LIST_PAGE, "archived": is_archived}
        for rows in _pages(job, "/crm/v3/owners", params, "owners"):
            job.spool.add(OWNERS.name, rows)


def _modified(kind: HubspotObject, row: Json) -> datetime | None:
    return moment(flat(row).get(kind.modified) or row.get("updatedAt")) if isinstance(row, dict) else None


def _epoch_ms(value: datetime) -> str:
    return str(int(value.timestamp() * 1000))


SOURCE = Source("hubspot", RESOURCES, client_for, read)
