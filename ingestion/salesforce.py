"""Salesforce: accounts, contacts, leads, opportunities with their history and contacts, events.

Everything is read with queryAll, which shows deleted and archived records too, by SystemModstamp from the
cursor on; the first time, and where there is much, through a Bulk 2.0 job. An event does not change when it
is over: those that ended since the last load are read again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ingestion.cursors import Reading, keep, moved, start_of
from ingestion.errors import TerminalError, TransientError
from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Budget, limits_of
from ingestion.paging import iso, listed, moment, whole
from ingestion.salesforce_records import (
    CURSOR,
    HISTORY,
    OBJECTS,
    RESOURCES,
    STAGE_FIELDS,
    STAGES,
    SalesforceObject,
    beside,
    own_fields,
)
from ingestion.sweeps import sweep
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account

DATA = "/services/data/v60.0"
TOKEN = "/services/oauth2/token"
DEFAULT_REQUESTS = 10_000
"""Requests a day; `daily_tokens` replaces it. The organization's own limit, 15,000 and more, is for all."""

BULK_FROM = 10_000
"""Records from which on a Bulk job takes fewer requests and less time than pages of 2,000."""

BULK_PAGE = 20_000
POLLS = (1.0, 2.0, 4.0, 8.0, 15.0, *(30.0,) * 120)
"""Seconds between the questions whether a job is done; an hour in all."""

OVERLAP = timedelta(hours=1)
"""What is being written while a query runs may be committed later with an earlier stamp."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account; a key ID:SECRET is a connected app's and gets a token first."""
    if account.base_url is None:
        raise TerminalError(
            f"salesforce account {account.name}: set base_url to your domain, https://….my.salesforce.com"
        )
    client = ProviderClient(
        f"salesforce account {account.name}",
        account.base_url,
        secret=key,
        headers={} if ":" in key else {"Authorization": f"Bearer {key}"},
        limits=limits_of(account, ()),
        budget=Budget(account.daily_tokens or DEFAULT_REQUESTS, lambda _: 1),
    )
    if ":" in key:
        app, _, secret = key.partition(":")
        grant = {"grant_type": "client_credentials", "client_id": app, "client_secret": secret}
        client.log_in(TOKEN, grant)
    return client


def read(job: Job) -> Cursor:
    """Read the stages, then every kind of object from its cursor on."""
    cursor = dict(job.cursor)
    stages = read_stages(job)
    for kind in OBJECTS:
        described = listed(
            job.client.get(f"{DATA}/sobjects/{kind.name}/describe"), "fields", f"{job.where}: {kind.name}"
        )
        fields, own = chosen_fields(kind, described)
        reading = Reading()
        for row in changed(job, kind, fields, reading):
            job.spool.add(kind.table, [row], context_of(job, kind, row, own, stages))
        keep(job, cursor, kind.name, {kind.name: reading}, OVERLAP)
        if kind.name == "Event":
            for row in ended(job, fields):
                job.spool.add(kind.table, [row], context_of(job, kind, row, own, stages))
    if (until := moved(job, "ended", job.request.run_at)) is not None:
        cursor["ended"] = until
    sweep(job, cursor, {kind.table: partial(all_ids, job, kind) for kind in OBJECTS if kind.is_swept})
    return cursor


def chosen_fields(
    kind: SalesforceObject, described: list[Mapping[str, Any]]
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the fields to ask for, those that there are and the user may see, and the organization's own."""
    there = {str(one.get("name")) for one in described if isinstance(one, dict)}
    own = own_fields([one for one in described if isinstance(one, dict)])
    extra = [name for names in own.values() for name in names]
    return [name for name in kind.fields if name in there] + extra, own


def context_of(
    job: Job,
    kind: SalesforceObject,
    row: Json,
    own: Mapping[str, list[str]],
    stages: Mapping[str, tuple[Json, Json]],
) -> dict[str, Json]:
    """Return what is known beside a record."""
    context = {**beside(row, own), "$currency": job.account.currency}
    if not isinstance(row, dict):
        return context
    if kind.table == HISTORY.name:
        is_closed, is_won = stages.get(str(row.get("StageName")), (None, None))
        return {**context, "$is_closed": is_closed, "$is_won": is_won}
    if kind.name == "Event":
        ends_at = moment(row.get("EndDateTime")) or moment(row.get("ActivityDate"))
        return {**context, "$is_over": ends_at is not None and ends_at <= job.request.run_at}
    return context


def read_stages(job: Job) -> dict[str, tuple[Json, Json]]:
    """Read the stages; return name → (whether it closes, whether it wins) an opportunity."""
    found: dict[str, tuple[Json, Json]] = {}
    for page in queried(job, f"SELECT {', '.join(STAGE_FIELDS)} FROM OpportunityStage", "query"):
        job.spool.add(STAGES.name, page)
        for row in page:
            if isinstance(row, dict):
                found[str(row.get("MasterLabel"))] = (row.get("IsClosed"), row.get("IsWon"))
    return found


def changed(job: Job, kind: SalesforceObject, fields: list[str], reading: Reading) -> Iterator[Json]:
    """Yield the records that changed since the cursor (or `since`), page by page while there is time."""
    since, until = start_of(job, kind.name, OVERLAP), job.request.until
    conditions = [f"{CURSOR} >= {iso(since)}"] if since else []
    conditions += [f"{CURSOR} <= {iso(until)}"] if until else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    soql = f"SELECT {', '.join(fields)} FROM {kind.name}{where} ORDER BY {CURSOR}, Id"
    pages: Iterator[list[Json]] = iter(())
    total = job.request.limit
    if total is not None:
        pages = queried(job, f"{soql} LIMIT {total}")
    else:
        total = count(job, kind, where)
        job.spool.said(kind.table, total)
        if total:
            is_much = since is None or total > BULK_FROM
            pages = in_bulk(job, soql) if is_much else queried(job, soql)
    for page in pages:
        for row in page:
            reading.saw(moment(row.get(CURSOR)) if isinstance(row, dict) else None)
            yield row
        if job.is_late and reading.count < total:
            reading.is_whole = False
            job.postponed(kind.table.replace("_", " "), reading.count, total - reading.count)
            return


def ended(job: Job, fields: list[str]) -> Iterator[Json]:
    """Yield the events that ended since the last load."""
    since = start_of(job, "ended", OVERLAP)
    if since is not None and job.request.limit is None:
        between = f"EndDateTime >= {iso(since)} AND EndDateTime <= {iso(job.request.run_at)}"
        for page in queried(job, f"SELECT {', '.join(fields)} FROM Event WHERE {between}"):
            yield from page


def all_ids(job: Job, kind: SalesforceObject) -> Iterator[list[str]]:
    """Yield the ids of all records that are not deleted, archived events included."""
    where = " WHERE IsDeleted = false"
    total = count(job, kind, where)
    soql = f"SELECT Id FROM {kind.name}{where}"
    for page in (in_bulk if total > BULK_FROM else queried)(job, soql) if total else ():
        yield [str(row["Id"]) for row in page if isinstance(row, dict) and row.get("Id")]


def count(job: Job, kind: SalesforceObject, where: str) -> int:
    """Return how many records a query will find."""
    answer = job.client.get(f"{DATA}/queryAll", {"q": f"SELECT COUNT() FROM {kind.name}{where}"})
    total = whole(answer.get("totalSize")) if isinstance(answer, dict) else None
    if total is None:
        raise TransientError(
            f"{job.where}: {kind.name}: expected a number of records in the answer, got none"
        )
    return total


def queried(job: Job, soql: str, how: str = "queryAll") -> Iterator[list[Json]]:
    """Yield the pages of a query."""
    answer = job.client.get(f"{DATA}/{how}", {"q": soql})
    seen: set[str] = set()
    while True:
        yield listed(answer, "records", f"{job.where}: {how}")
        following = answer.get("nextRecordsUrl")
        if not following or answer.get("done") is True:
            return
        if following in seen:
            raise TransientError(f"{job.where}: {following}: the list goes round in a circle")
        seen.add(following)
        try:
            answer = job.client.get(following)
        except TerminalError as error:
            if error.status == 400:  # a locator lives for two days, and only so many at once
                raise TransientError(f"{error}; the next run asks anew") from error
            raise


def in_bulk(job: Job, soql: str) -> Iterator[list[Json]]:
    """Yield the pages of a query that a Bulk 2.0 job carries out; its CSV knows only text."""
    path = f"{DATA}/jobs/query"
    # a job that was made twice is read once: the other one costs nothing but its place in the day's 10,000
    made = job.client.post(path, {"operation": "queryAll", "query": soql})
    job_id = made.get("id") if isinstance(made, dict) else None
    if not job_id:
        raise TransientError(f"{job.where}: {path}: expected the id of a job in the answer, got none")
    _wait_for(job, f"{path}/{job_id}")
    locator: str | None = None
    while True:
        asked = {"locator": locator, "maxRecords": BULK_PAGE}
        text, headers = job.client.text(f"{path}/{job_id}/results", asked, accept="text/csv")
        rows = list(csv.DictReader(io.StringIO(text)))
        said = whole(headers.get("sforce-numberofrecords"))
        if said is not None and said != len(rows):
            raise TransientError(f"{job.where}: {path}: {said} records were announced, {len(rows)} came")
        yield rows
        following = headers.get("sforce-locator")
        if following in (None, "", "null"):  # the word, on the last page
            return
        if following == locator:
            raise TransientError(f"{job.where}: {path}: the list goes round in a circle at {locator!r}")
        locator = following


def _wait_for(job: Job, path: str) -> None:
    """Wait until a job is done."""
    for seconds in POLLS:
        answer = job.client.get(path)
        state = answer.get("state") if isinstance(answer, dict) else None
        if state == "JobComplete":
            return
        if state == "Failed":
            raise TerminalError(
                f"{job.where}: a Bulk job failed: {answer.get('errorMessage') or 'no reason given'}"
            )
        if state == "Aborted":
            raise TransientError(
                f"{job.where}: a Bulk job was aborted by somebody; the next run makes another"
            )
        job.client.pause(seconds)
    raise TransientError(f"{job.where}: a Bulk job was not done within an hour; the next run makes another")


SOURCE = Source("salesforce", RESOURCES, client_for, read)
