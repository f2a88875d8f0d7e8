"""Apollo: people found by each client's ICP at no cost, then bought in tens, once each.

Search rows land in `people_search` (one row a client and person). Bought answers are committed to the paid
answers first and land from there as `people` and `organizations`, so that a kill loses nothing paid for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from ingestion.contracts import Column, Resource
from ingestion.errors import TerminalError
from ingestion.http import ProviderClient
from ingestion.jobs import Cursor, Job, Source
from ingestion.limits import Limit
from ingestion.paging import batches, listed, moment, whole
from ingestion.values import Json

if TYPE_CHECKING:
    from pipeline.config import Account, Client, Icp

BASE_URL = "https://api.apollo.io/api/v1"
DEFAULT_LIMITS = (Limit(200, 60), Limit(6_000, 3_600))
PAGE = 100
LAST_PAGE = 500
"""Apollo shows at most 500 pages of a search, 50,000 people."""

BUY_AT_ONCE = 10
LAND_AT_ONCE = 500


def client_for(account: Account, key: str) -> ProviderClient:
    """Open a client for an account."""
    return ProviderClient(
        f"apollo account {account.name}",
        account.base_url or BASE_URL,
        secret=key,
        headers={"x-api-key": key, "Cache-Control": "no-cache"},
        limits=[Limit(limit.calls, limit.seconds) for limit in account.rate_limits] or DEFAULT_LIMITS,
    )


def read(job: Job) -> Cursor:
    """Search for every client, buy those wanted up to the account's cap, land what was bought."""
    found = [search(job, client) for client in clients_of(job)]
    buy(job, wanted(job, found))
    return {**job.cursor, "seq": land_answers(job)}


def clients_of(job: Job) -> list[Client]:
    """Return the clients to search for: those the account maps to, else all; with an ICP and not paused."""
    mapped = job.account.mapped_clients()
    paused = job.request.pauses.clients
    return [
        client
        for client in job.config.clients
        if client.icp and (not mapped or client.id in mapped) and client.id not in paused
    ]


def filters(icp: Icp) -> dict[str, Any]:
    """Return an ICP as Apollo's search filters; what the search cannot ask for is left to the score."""
    body: dict[str, Any] = {
        "person_titles": list(icp.titles),
        "person_seniorities": [seniority.lower() for seniority in icp.seniorities],
        "organization_locations": list(icp.countries),
        "currently_using_any_of_technology_uids": [
            technology.lower().replace(" ", "_") for technology in icp.technologies
        ],
        "q_organization_keyword_tags": [tag.lower() for tag in (*icp.industries, *icp.keywords)],
    }
    if icp.employees:
        body["organization_num_employees_ranges"] = [f"{icp.employees.min},{icp.employees.max}"]
    return {name: value for name, value in body.items() if value}


def search(job: Job, client: Client) -> dict[str, datetime | None]:
    """Read all pages of a client's search; return who has an address and when Apollo refreshed them."""
    assert client.icp is not None
    found: dict[str, datetime | None] = {}
    seen, limit = 0, job.request.limit
    for page in range(1, LAST_PAGE + 1):
        answer = job.client.post(
            "/mixed_people/api_search", {**filters(client.icp), "page": page, "per_page": PAGE}
        )
        people = listed(answer, "people", f"{job.where}: search")
        if page == 1:
            job.spool.said("people_search", whole(answer.get("total_entries")))
        is_last = len(people) < PAGE
        people = people if limit is None else people[: limit - seen]
        job.spool.add("people_search", people, {"$client": client.id})
        found |= {str(p["id"]): moment(p.get("last_refreshed_at")) for p in people if _has_email(p)}
        seen += len(people)
        if is_last or seen == limit:
            break
    return found


def wanted(job: Job, found: Sequence[dict[str, datetime | None]]) -> list[tuple[str, datetime | None]]:
    """Return who is to be bought: new, or refreshed since; the clients take turns, up to the cap."""
    turns = chain.from_iterable(zip_longest(*(people.items() for people in found)))
    candidates = dict(pair for pair in turns if pair is not None)
    chosen: list[tuple[str, datetime | None]] = []
    for ids in batches(list(candidates), 1_000):
        known = job.answers.known("apollo", ids)
        for person_id in ids:
            refreshed = candidates[person_id]
            bought = known.get(person_id)
            if person_id not in known or (refreshed and bought and refreshed > bought):
                chosen.append((person_id, refreshed))
    return chosen[: job.account.enrich_cap]


def buy(job: Job, people: Sequence[tuple[str, datetime | None]]) -> None:
    """Buy people in tens; every answer is committed before the next question."""
    for ten in batches(people, BUY_AT_ONCE):
        body = {"details": [{"id": person_id} for person_id, _ in ten]}
        answer = job.client.post("/people/bulk_match", body, idempotent=False)
        if answer.get("status") == "failed":
            raise TerminalError(f"{job.where}: /people/bulk_match failed: {answer.get('error_message')}")
        found = listed(answer, "matches", f"{job.where}: /people/bulk_match")
        matches = matched([person_id for person_id, _ in ten], found)
        hits = sum(match is not None for match in matches.values())
        credit = Decimal(str(answer.get("credits_consumed") or 0)) / max(hits, 1)
        refreshed = dict(ten)
        answers = [
            (key, refreshed.get(key), json.dumps(match), credit if match is not None else Decimal(0))
            for key, match in matches.items()
        ]
        job.answers.commit("apollo", job.account.name, answers)
        job.spool.note("people bought", hits)


def matched(ids: Sequence[str], matches: Sequence[Json]) -> dict[str, Json]:
    """Return the answer to every id, None for a miss: by position, or by id where the lengths differ.

    An answer that nobody asked for is kept under its own id: it was paid for.
    """
    if len(matches) == len(ids):
        return dict(zip(ids, matches, strict=True))
    by_id = {str(match["id"]): match for match in matches if isinstance(match, dict) and match.get("id")}
    return {**dict.fromkeys(ids), **by_id}


def land_answers(job: Job) -> int:
    """Put the answers that have not landed yet into the spool; return the last sequence number."""
    last = int(job.cursor.get("seq", 0))
    answers = job.answers.after("apollo", job.account.name, last)
    for seq, key, payload in answers:
        last = seq
        person = json.loads(payload)
        if person is None:
            continue
        job.spool.add("people", [person], {"$asked_id": key})
        organization = person.get("organization") if isinstance(person, dict) else None
        if isinstance(organization, dict) and organization.get("id"):
            job.spool.add("organizations", [organization])
    return last


def _has_email(person: Json) -> bool:
    """Say whether a search row is worth buying; an older row that does not say so may be."""
    return isinstance(person, dict) and bool(person.get("id")) and person.get("has_email") is not False


def readable_person(person: dict[str, Any]) -> dict[str, Any]:
    """Derive from a bought person its canonical employment history, first phone and private address."""
    history = employment(person.get("employment_history"))
    phones = person.get("phone_numbers")
    emails = person.get("personal_emails")
    return {
        **person,
        "employment": history,
        "current_role_started_on": role_start(history, person.get("title")),
        "phone_number": phones[0] if isinstance(phones, list) and phones else None,
        "personal_email": emails[0] if isinstance(emails, list) and emails else None,
    }


def employment(history: Json) -> list[dict[str, Any]] | None:
    """Return Apollo's employment history as {company, title, start, end, is_current}, as it is ordered."""
    if not isinstance(history, list):
        return None
    return [
        {
            "company": job.get("organization_name"),
            "title": job.get("title"),
            "start": job.get("start_date"),
            "end": job.get("end_date"),
            "is_current": bool(job.get("current")),
        }
        for job in history
        if isinstance(job, dict)
    ]


def role_start(history: list[dict[str, Any]] | None, title: Json) -> str | None:
    """Return when the current role began: the current job with the person's title, else the latest one."""
    current = [job for job in history or [] if job["is_current"] and isinstance(job["start"], str)]
    same = [job for job in current if job["title"] == title]
    starts = [job["start"] for job in same or current]
    return max(starts, default=None)


def readable_organization(organization: dict[str, Any]) -> dict[str, Any]:
    """Derive what the contract asks for from an organization."""
    secondary = organization.get("secondary_industries") or organization.get("industries") or []
    others = [name for name in secondary if name != organization.get("industry")]
    openings = whole(organization.get("job_postings_count", organization.get("num_current_jobs")))
    return {
        **organization,
        "sub_industry": others[0] if others else None,
        "is_hiring": organization.get("is_hiring", openings > 0 if openings is not None else None),
    }


PEOPLE_SEARCH = Resource(
    "people_search",
    ("client", "id"),
    (
        Column("id", required=True),
        Column("client", paths=("$client",), required=True),
        Column("first_name"),
        Column("last_name_obfuscated"),
        Column("title"),
        Column("has_email", "boolean"),
        Column("last_refreshed_at", "timestamp"),
        Column("organization_name", paths=("organization.name",)),
    ),
)

PEOPLE = Resource(
    "people",
    ("id",),
    (
        Column("id", required=True),
        Column("asked_id", paths=("$asked_id",)),
        Column("email", "email"),
        Column("email_status"),
        Column("personal_email", "email"),
        Column("linkedin_url", "linkedin"),
        Column("first_name"),
        Column("last_name"),
        Column("title"),
        Column("seniority"),
        Column("departments", "json"),
        Column("headline"),
        Column("photo_url"),
        Column("twitter_url"),
        Column(
            "phone", paths=("phone_number.sanitized_number", "phone_number.raw_number", "sanitized_phone")
        ),
        Column("phone_type", paths=("phone_number.type_cd", "phone_number.type")),
        Column("phone_status", paths=("phone_number.status_cd", "phone_number.status")),
        Column("dnc_status", paths=("phone_number.dnc_status_cd", "phone_number.dnc_status")),
        Column("city"),
        Column("state"),
        Column("country"),
        Column("time_zone"),
        Column("organization_id", paths=("organization_id", "organization.id")),
        Column("organization_name", paths=("organization.name", "organization_name")),
        Column(
            "organization_domain", "domain", paths=("organization.primary_domain", "organization.website_url")
        ),
        Column("employment_history", "json", paths=("employment",)),
        Column("current_role_started_on", "date"),
    ),
    shape=readable_person,
    ignored=("employment_history", "organization", "phone_numbers", "personal_emails"),
)

ORGANIZATIONS = Resource(
    "organizations",
    ("id",),
    (
        Column("id", required=True),
        Column("name"),
        Column("domain", "domain", paths=("primary_domain", "website_url")),
        Column("website_url"),
        Column("linkedin_url"),
        Column("description", paths=("short_description", "seo_description")),
        Column("logo_url"),
        Column("industry"),
        Column("sub_industry"),
        Column("employee_count", "integer", paths=("estimated_num_employees",)),
        Column("revenue", "decimal", paths=("annual_revenue", "organization_revenue")),
        Column("founded_year", "integer"),
        Column("country"),
        Column("state"),
        Column("city"),
        Column("postal_code"),
        Column("is_hiring", "boolean"),
        Column("latest_funding_stage"),
        Column("latest_funding_on", "date", paths=("latest_funding_round_date",)),
        Column("total_funding", "decimal"),
        Column("technologies", "json", paths=("technology_names",)),
        Column("keywords", "json"),
    ),
    shape=readable_organization,
)

SOURCE = Source("apollo", (PEOPLE_SEARCH, PEOPLE, ORGANIZATIONS), client_for, read)
