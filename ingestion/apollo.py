"""Apollo: people found by each client's ICP at no cost, then bought in tens, once each.

Search rows land in `people_search` (one row a client and person). Bought answers are committed to the paid
answers first and land from there, so that a kill loses nothing paid for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from math import isinf
from typing import TYPE_CHECKING, Any

from ingestion.apollo_buying import (
    JOB_POSTINGS,
    ORGANIZATIONS,
    PEOPLE,
    buy,
    complete_organizations,
    wanted,
)
from ingestion.apollo_phones import RESULTS, ask_for_phones, fetch_phones, land_result
from ingestion.apollo_pool import fill
from ingestion.apollo_records import RESOURCES, is_worth_buying
from ingestion.apollo_search import Reading, filters
from ingestion.errors import LoadError
from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit, limits_of
from ingestion.paging import moment
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.accounts import Account
    from pipeline.config import Client

BASE_URL = "https://api.apollo.io/api/v1"
DEFAULT_LIMITS = (Limit(200, 60), Limit(6_000, 3_600))
SEARCH_SHARE = 0.5
"""Of the account's time; the rest is for buying."""

Found = dict[str, datetime | None]
"""Who has an address, and when Apollo refreshed them."""


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"apollo account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"x-api-key": key, "Cache-Control": "no-cache"},
        limits=limits_of(account, DEFAULT_LIMITS),
    )


def read(job: Job) -> Cursor:
    """Search for every client, buy those wanted up to the account's cap, land what was bought.

    An order of a call is filled instead, where there is one.
    """
    cursor = dict(job.cursor)
    if job.request.order is not None:
        fill(job, job.request.order)
    else:
        if job.request.since or job.request.until:
            job.notes.append(
                f"{job.where}: its search knows no time, so that --since and --until change nothing there"
            )
        found, cursor["search"] = search_all(job)
        buy(job, wanted(job, found))
        _beside(job, complete_organizations, ask_for_phones, fetch_phones)
    return {**{name: value for name, value in cursor.items() if value}, "seq": land_answers(job)}


def clients_of(job: Job) -> list[Client]:
    """Return the clients to search for: those the account maps to, else all; with an ICP and not paused."""
    mapped = job.account.mapped_clients()
    paused = job.request.pauses.clients
    return [
        client
        for client in job.config.clients
        if client.icp and (not mapped or client.id in mapped) and client.id not in paused
    ]


def search_all(job: Job) -> tuple[list[Found], dict[str, Any] | None]:
    """Search for all clients, or for those left when time was up in the last load.

    Return whom each search found, and where the next load goes on: None when everything was read.
    """
    is_up = _half_time(job)
    found: list[Found] = []
    queue = _readings(job)
    for number, reading in enumerate(queue):
        found.append({})
        for page in reading.pages():
            found[-1] |= {
                str(one["id"]): moment(one.get("last_refreshed_at")) for one in page if is_worth_buying(one)
            }
            if reading.left and is_up():
                break
        rest = [reading.client for reading in queue[number:] if reading.left]
        if rest and is_up():
            job.notes.append(
                f"{job.where}: the time was up before everybody was found; the next load goes on with page"
                f" {reading.page} for client {rest[0]}"
            )
            place: dict[str, Any] = {"clients": rest}
            if reading.left:
                place |= {"left": reading.left, "page": reading.page, "of": _search_of(job, reading.client)}
            return found, place
    return found, None


def _readings(job: Job) -> list[Reading]:
    """Return what is to be searched for: all clients, or what the last load left."""
    place = job.cursor.get("search") or {}
    names = [client.id for client in clients_of(job)]
    names = [name for name in place.get("clients", ()) if name in names] or names
    readings = [Reading(job, name, [_search_of(job, name)]) for name in names]
    # a profile that was changed since is searched for from the start
    if readings and place.get("of") == _search_of(job, names[0]) and place["clients"][0] == names[0]:
        readings[0] = Reading(job, names[0], [dict(search) for search in place["left"]], place["page"])
    return readings


def _search_of(job: Job, client: str) -> dict[str, Any]:
    icp = job.config.client(client).icp
    return filters(icp) if icp else {}


def _half_time(job: Job) -> Callable[[], bool]:
    """Return a question: is the searches' share of the time up?"""
    left = job.seconds_left()
    return lambda: not isinf(left) and job.seconds_left() <= left * (1 - SEARCH_SHARE)


def _beside(job: Job, *steps: Callable[[Job], None]) -> None:
    """Do what people do not wait for; where it fails, a note says so and the people land all the same."""
    for step in steps:
        try:
            step(job)
        except LoadError as error:
            job.notes.append(str(error))


def land_answers(job: Job) -> int:
    """Put the answers that have not landed yet into the spool; return the last sequence number."""
    first = last = int(job.cursor.get("seq", 0))
    landing: dict[str, Callable[[Job, str, Any], None]] = {
        PEOPLE: _land_person,
        ORGANIZATIONS: _land_organization,
        JOB_POSTINGS: _land_postings,
        RESULTS: land_result,
    }
    for kind, land in landing.items():
        for seq, key, payload in job.answers.after(kind, job.account.name, first):
            last = max(last, seq)
            answer = json.loads(payload)
            if answer is not None:
                land(job, key, answer)
    return last


def _land_person(job: Job, asked_id: str, person: Json) -> None:
    job.spool.add("people", [person], {"$asked_id": asked_id})
    organization = person.get("organization") if isinstance(person, dict) else None
    if isinstance(organization, dict) and organization.get("id"):
        job.spool.add("organizations", [organization])


def _land_organization(job: Job, _asked_id: str, organization: Json) -> None:
    job.spool.add("organization_details", [organization])


def _land_postings(job: Job, organization_id: str, answer: Json) -> None:
    context = {"$organization": organization_id}
    job.spool.add("job_postings", answer["organization_job_postings"], context)


SOURCE = Source("apollo", RESOURCES, client_for, read)
