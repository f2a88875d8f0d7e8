"""Buying from Apollo: people in tens, organizations with their openings; every answer is kept first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Any

from ingestion.errors import TerminalError
from ingestion.jobs import Job
from ingestion.paging import batches, listed
from ingestion.values import Json

AT_ONCE = 10
PEOPLE = "apollo"
ORGANIZATIONS = "apollo_organizations"
JOB_POSTINGS = "apollo_job_postings"
"""Names under which the paid answers are kept; their keys are Apollo's ids of people and organizations."""

Wanted = tuple[str, datetime | None]
"""Whose id, and when Apollo refreshed the person."""

LACKING = """
    select id, domain
    from raw_apollo.organizations
    where
        account = ? and _dlt_valid_to is null and domain is not null
        and (
            is_hiring is null or technologies is null
            or (latest_funding_stage is null and total_funding is null)
        )
    order by loaded_at desc nulls last, id collate "C"
"""


def wanted(job: Job, found: Sequence[Mapping[str, datetime | None]]) -> list[Wanted]:
    """Return who is to be bought: new, or refreshed since; the clients take turns, up to the cap."""
    turns = chain.from_iterable(zip_longest(*(people.items() for people in found)))
    candidates = dict(pair for pair in turns if pair is not None)
    return new_of(job, candidates)[: job.account.enrich_cap]


def new_of(job: Job, candidates: Mapping[str, datetime | None]) -> list[Wanted]:
    """Return those of `candidates` whom no account was ever answered for, or who were refreshed since."""
    chosen: list[Wanted] = []
    for ids in batches(list(candidates), 1_000):
        known = job.answers.known(PEOPLE, ids)
        for person_id in ids:
            refreshed = candidates[person_id]
            bought = known.get(person_id)
            if person_id not in known or (refreshed and bought and refreshed > bought):
                chosen.append((person_id, refreshed))
    return chosen


def buy(job: Job, people: Sequence[Wanted]) -> dict[str, Json]:
    """Buy people in tens until the time is up; return the answers by id, None for a miss."""
    answers: dict[str, Json] = {}
    asked = 0
    for ten in batches(people, AT_ONCE):
        if job.is_late:
            break
        answers |= buy_ten(job, ten)
        asked += len(ten)
    job.postponed("people bought and", asked, len(people) - asked)
    return answers


def buy_ten(job: Job, ten: Sequence[Wanted]) -> dict[str, Json]:
    """Buy at most ten people; the answer is committed when this returns."""
    answer = ask_for(job, [person_id for person_id, _ in ten])
    found = listed(answer, "matches", f"{job.where}: /people/bulk_match")
    matches = matched([person_id for person_id, _ in ten], found)
    keep_people(job, matches, dict(ten), credits_of(answer))
    hits = sum(match is not None for match in matches.values())
    job.spool.note("people bought", hits)
    return matches


def ask_for(job: Job, ids: Sequence[str], params: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Ask for people by id; raises TerminalError when the answer says that it failed."""
    body = {"details": [{"id": person_id} for person_id in ids]}
    answer = job.client.post("/people/bulk_match", body, params, idempotent=False)
    return _succeeded(job, "/people/bulk_match", answer)


def keep_people(
    job: Job, matches: Mapping[str, Json], refreshed: Mapping[str, datetime | None], spent: Decimal
) -> None:
    """Commit bought people; the credits are shared among the hits."""
    hits = sum(match is not None for match in matches.values())
    share = spent / max(hits, 1)
    answers = [
        (key, refreshed.get(key), json.dumps(match), share if match is not None else Decimal(0))
        for key, match in matches.items()
    ]
    job.answers.commit(PEOPLE, job.account.name, answers)


def credits_of(answer: Mapping[str, Any], otherwise: int = 0) -> Decimal:
    """Return the credits that an answer says it cost, which may be parts of one."""
    said = answer.get("credits_consumed")
    return Decimal(str(otherwise if said is None else said))


def matched(ids: Sequence[str], matches: Sequence[Json]) -> dict[str, Json]:
    """Return the answer to every id, None for a miss: by position, or by id where the lengths differ.

    An answer that nobody asked for is kept under its own id: it was paid for.
    """
    if len(matches) == len(ids):
        return dict(zip(ids, matches, strict=True))
    by_id = {str(match["id"]): match for match in matches if isinstance(match, dict) and match.get("id")}
    return {**dict.fromkeys(ids), **by_id}


def complete_organizations(job: Job) -> None:
    """Buy what bought people's companies lack (hiring, funding, technologies), each once, up to the cap."""
    if not job.account.organization_cap:
        return
    rows = {str(row["id"]): str(row["domain"]) for row in job.landed(LACKING, [job.account.name])}
    known = job.answers.known(ORGANIZATIONS, list(rows))
    wanted_ids = [name for name in rows if name not in known][: job.account.organization_cap]
    asked = 0
    for ten in batches(wanted_ids, AT_ONCE):
        if job.is_late:
            break
        _buy_organizations(job, {name: rows[name] for name in ten})
        asked += len(ten)
    job.postponed("organizations bought and", asked, len(wanted_ids) - asked)
    _buy_openings(job, rows)


def _buy_organizations(job: Job, domains: Mapping[str, str]) -> None:
    path = "/organizations/bulk_enrich"
    answer = job.client.post(path, {"domains": list(domains.values())}, idempotent=False)
    found = listed(_succeeded(job, path, answer), "organizations", f"{job.where}: {path}")
    known = [item for item in found if isinstance(item, dict) and item.get("id")]
    share = credits_of(answer, otherwise=len(known)) / max(len(known), 1)
    answers = {name: (name, None, "null", Decimal(0)) for name in domains}
    answers |= {str(item["id"]): (str(item["id"]), None, json.dumps(item), share) for item in known}
    job.answers.commit(ORGANIZATIONS, job.account.name, answers.values())
    job.spool.note("organizations bought", len(known))


def _buy_openings(job: Job, ids: Iterable[str]) -> None:
    """Ask for the openings of each organization that was bought; one request and credit each."""
    bought = list(job.answers.known(ORGANIZATIONS, list(ids)))
    asked = job.answers.known(JOB_POSTINGS, bought)
    for name in [name for name in bought if name not in asked][: job.account.organization_cap]:
        if job.is_late:
            break
        answer = job.client.get(f"/organizations/{name}/job_postings", {"page": 1, "per_page": 100})
        listed(answer, "organization_job_postings", f"{job.where}: job postings of {name}")
        line = (name, None, json.dumps(answer), credits_of(answer, otherwise=1))
        job.answers.commit(JOB_POSTINGS, job.account.name, [line])


def _succeeded(job: Job, path: str, answer: Json) -> dict[str, Any]:
    if not isinstance(answer, dict) or answer.get("status") == "failed":
        said = answer.get("error_message") if isinstance(answer, dict) else "no object"
        raise TerminalError(f"{job.where}: {path} failed: {said}")
    return answer
