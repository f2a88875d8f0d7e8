"""HubSpot: contacts, companies, deals with their stage history, meetings, and who is associated with whom.

Objects are searched by their modified date in ascending order. Every page is anchored anew at the last date
seen (`GTE`, so that ties are read again and dropped), for two reasons: a record that changes meanwhile moves
to the end instead of shifting the pages, and the search never runs into its wall of 10,000 results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.errors import TerminalError
from ingestion.http import ProviderClient
from ingestion.hubspot_records import HISTORY, OBJECTS, RESOURCES, HubspotObject, contact_of, flat, primary
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit
from ingestion.paging import batches, iso, listed, moment, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.config import Account

BASE_URL = "https://api.hubapi.com"
DEFAULT_LIMITS = (Limit(100, 10), Limit(5, 1, path="/search"))
"""Searches have a limit of their own and do not count in the other one; `rate_limits` replaces both."""

SEARCH_PAGE = 200
LIST_PAGE = 100
HISTORY_AT_ONCE = 50
ASSOCIATIONS_AT_ONCE = 1_000
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
        limits=[Limit(limit.calls, limit.seconds) for limit in account.rate_limits] or DEFAULT_LIMITS,
    )


def read(job: Job) -> Cursor:
    """Read pipelines, then every kind of object: those changed, then those archived."""
    stages = read_pipelines(job)
    cursor = dict(job.cursor)
    for kind in OBJECTS:
        last: datetime | None = None
        for rows in changed(job, kind):
            last = max(filter(None, [last, *(_modified(kind, row) for row in rows)]), default=None)
            take(job, kind, rows, stages)
        for rows in archived(job, kind):
            take(job, kind, rows, stages)
        if (moved := next_cursor(job, cursor.get(kind.name), last)) is not None:
            cursor[kind.name] = moved
    return cursor


def next_cursor(job: Job, before: str | None, last: datetime | None) -> str | None:
    """Return the date up to which the object is complete; a period that leaves a gap does not move it."""
    old, since = moment(before), job.request.since
    leaves_gap = since is not None and (old is None or since > old)
    if last is None or leaves_gap or (old is not None and last < old):
        return before
    return iso(last)


def changed(job: Job, kind: HubspotObject) -> Iterator[list[Json]]:
    """Yield pages of records by modified date, from the cursor (or `since`) on."""
    start = moment(job.cursor.get(kind.name))
    anchor = job.request.since or (start - OVERLAP if start else None)
    after: str | None = None
    taken, limit, is_first = 0, job.request.limit, True
    while limit is None or taken < limit:
        answer = _search(job, kind, anchor, after)
        rows = listed(answer, "results", f"{job.where}: {kind.name} search")
        if is_first:
            job.spool.said(kind.name, whole(answer.get("total")))
        is_first = False
        rows = rows if limit is None else rows[: limit - taken]
        taken += len(rows)
        if rows:
            yield rows
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
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
        if "HTTP 400" in str(error):
            raise tie from error
        raise


def archived(job: Job, kind: HubspotObject) -> Iterator[list[Json]]:
    """Yield pages of archived records; the search never shows them."""
    params = {"archived": "true", "limit": LIST_PAGE, "properties": ",".join(kind.properties)}
    after: str | None = None
    while True:
        answer = job.client.get(kind.path, {**params, "after": after})
        rows = listed(answer, "results", f"{job.where}: archived {kind.name}")
        if rows:
            yield rows
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return


def take(job: Job, kind: HubspotObject, rows: Sequence[Json], stages: dict[str, str]) -> None:
    """Put a page into the spool, every record with its associations; deals with their stage history."""
    ids = [str(row["id"]) for row in rows if isinstance(row, dict) and row.get("id")]
    gone = [str(row["id"]) for row in rows if isinstance(row, dict) and row.get("archived") and row.get("id")]
    links = {target: associations(job, kind.name, target, ids) for target in kind.associated}
    held = _held_links(job, kind, gone)
    for row in rows:
        row_id = str(row.get("id")) if isinstance(row, dict) else ""
        context: dict[str, Json] = {}
        for target in kind.associated:
            # HubSpot forgets an archived record's associations; what had landed stays true of the past
            linked = links[target].get(row_id) or held.get(row_id, {}).get(target)
            context |= {f"${target}": linked, f"${target}:first": primary(linked)}
        job.spool.add(kind.name, [row], context)
    if kind.name == "deals":
        read_history(job, [deal_id for deal_id in ids if deal_id not in gone], stages)


def associations(job: Job, source: str, target: str, ids: Sequence[str]) -> dict[str, list[Json]]:
    """Return record id → its associations to `target`, as [{id, labels}] in ascending order of id."""
    found: dict[str, list[Json]] = {}
    path = f"/crm/v4/associations/{source}/{target}/batch/read"
    for chunk in batches(ids, ASSOCIATIONS_AT_ONCE):
        inputs: list[dict[str, str]] = [{"id": record_id} for record_id in chunk]
        while inputs:
            answer = job.client.post(path, {"inputs": inputs})
            inputs = []
            for row in listed(answer, "results", f"{job.where}: {path}"):
                from_id = str(row["from"]["id"])
                found.setdefault(from_id, []).extend(contact_of(link) for link in row.get("to") or [])
                after = ((row.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    inputs.append({"id": from_id, "after": after})
    for links in found.values():
        links.sort(key=lambda link: (len(link["id"]), link["id"]))
    return found


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


def _held_links(job: Job, kind: HubspotObject, ids: Sequence[str]) -> dict[str, dict[str, Json]]:
    """Return the associations that the current versions of records hold."""
    import json

    if not ids or not kind.associated:
        return {}
    marks = ", ".join("?" for _ in ids)
    rows = job.landed(
        f"select id, {', '.join(kind.associated)} from raw_hubspot.{kind.name}"
        f" where account = ? and _dlt_valid_to is null and id in ({marks})",
        [job.account.name, *ids],
    )
    return {
        row["id"]: {target: json.loads(row[target]) for target in kind.associated if row[target]}
        for row in rows
    }


def _modified(kind: HubspotObject, row: Json) -> datetime | None:
    return moment(flat(row).get(kind.modified) or row.get("updatedAt")) if isinstance(row, dict) else None


def _epoch_ms(value: datetime) -> str:
    return str(int(value.timestamp() * 1000))


SOURCE = Source("hubspot", RESOURCES, client_for, read)
