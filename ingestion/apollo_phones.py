"""Apollo's asynchronous answers: phones and waterfall results, asked for in one night, fetched in later ones.

A phone costs several credits, so that only leads from a tier up are asked for, each once, under a cap of its
own. The request's id is kept durably as soon as there is one; no server of ours has to be reachable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ingestion.apollo_buying import AT_ONCE, ask_for, credits_of, keep_people, matched
from ingestion.errors import TerminalError
from ingestion.jobs import Job
from ingestion.paging import batches, listed

REQUESTS = "apollo_phone_requests"
RESULTS = "apollo_phone_results"
"""Names of the paid answers: by person, which request asked for it; by request, its result."""

TIERS = ("hot", "warm", "cool", "cold", "dead")
PENDING = "result_pending"
GONE = ("request_id_unknown", "request_id_expired", "invalid_request_id")
"""What Apollo answers for a result that will never come, with HTTP 404, 410 and 400."""

LEADS_EXIST = """
    select count(*) as n from information_schema.tables
    where table_schema = 'answers' and table_name = 'leads'
"""

WORTH_A_PHONE = """
    select pool.apollo_id as id, max(leads.score) as score
    from answers.leads as leads
    inner join facts.lead_pool as pool on leads.lead_id = pool.lead_id
    where
        pool.phone is null and not pool.is_bounced and not pool.is_unsubscribed
        and leads.tier in ({tiers})
        and pool.apollo_id in (
            select id from raw_apollo.people where account = ? and _dlt_valid_to is null
        )
    group by pool.apollo_id
    order by 2 desc nulls last, pool.apollo_id collate "C"
"""


def ask_for_phones(job: Job) -> None:
    """Ask for the phones of the best leads that have none, up to the account's cap; the best first."""
    ids = _worth_a_phone(job) if job.account.phone_cap else []
    asked_before = job.answers.known(REQUESTS, ids)
    chosen = [name for name in ids if name not in asked_before][: job.account.phone_cap]
    asked = 0
    for ten in batches(chosen, AT_ONCE):
        if job.is_late:
            break
        _ask(job, ten)
        asked += len(ten)
    job.postponed("leads without a phone", asked, len(chosen) - asked)


def _worth_a_phone(job: Job) -> list[str]:
    if not job.landed(LEADS_EXIST, [])[0]["n"]:
        return []
    tiers = TIERS[: TIERS.index(job.account.phone_from_tier) + 1]
    sql = WORTH_A_PHONE.format(tiers=", ".join("?" for _ in tiers))
    return [str(row["id"]) for row in job.landed(sql, [*tiers, job.account.name])]


def _ask(job: Job, ids: Sequence[str]) -> None:
    params = {"reveal_phone_number": "true", "webhook_url": str(job.account.webhook_url)}
    params |= {f"run_waterfall_{kind}": "true" for kind in job.account.waterfall}
    answer = ask_for(job, ids, params)
    spent = credits_of(answer)
    # more than 53 bits, often negative: kept as text
    line = json.dumps({"request_id": str(answer["request_id"]) if answer.get("request_id") else None})
    job.answers.commit(REQUESTS, job.account.name, [(name, None, line, spent / len(ids)) for name in ids])
    matches = matched(ids, listed(answer, "matches", f"{job.where}: phones"))
    # an answer to a waterfall request leaves out the address; as the person's newest it would take it away
    whole = {key: match for key, match in matches.items() if isinstance(match, dict) and "email" in match}
    keep_people(job, whole, {}, Decimal(0))


def fetch_phones(job: Job) -> None:
    """Fetch the results of earlier requests; what is not ready is left to the next load."""
    given_up: list[str] = []
    for request_id in _open_requests(job):
        if job.is_late:
            break
        try:
            answer = job.client.get(f"/webhook_result/{request_id}")
        except TerminalError as error:
            if PENDING in str(error):
                continue
            if not any(reason in str(error) for reason in GONE):
                raise
            given_up.append(request_id)
            job.answers.commit(RESULTS, job.account.name, [(request_id, None, "null", Decimal(0))])
            continue
        spent = credits_of(answer.get("webhook_result") or {})
        job.answers.commit(RESULTS, job.account.name, [(request_id, None, json.dumps(answer), spent)])
    if given_up:
        job.notes.append(
            f"{job.where}: {len(given_up)} phone requests were given up, Apollo has no result of them"
            f" ({', '.join(given_up[:3])}{', …' if len(given_up) > 3 else ''})"
        )


def _open_requests(job: Job) -> list[str]:
    asked = dict.fromkeys(
        json.loads(payload)["request_id"]
        for _, _, payload in job.answers.after(REQUESTS, job.account.name, 0)
    )
    ids = [request_id for request_id in asked if request_id]
    answered = job.answers.known(RESULTS, ids)
    return [request_id for request_id in ids if request_id not in answered]


def land_result(job: Job, request_id: str, answer: dict[str, Any]) -> None:
    """Put the phones and addresses of one result into the spool."""
    result = answer.get("webhook_result")
    people = result.get("people") if isinstance(result, dict) else None
    for person in people if isinstance(people, list) else []:
        if not isinstance(person, dict):
            continue
        context = {"$person": person.get("id"), "$request": request_id}
        for resource, name in (("phones", "phone_numbers"), ("emails", "emails")):
            rows = person.get(name)
            job.spool.add(resource, rows if isinstance(rows, list) else [], context)
