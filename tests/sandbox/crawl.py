"""Reads a served agency as any client of the providers would, knowing nothing of the simulation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox import Agency, Server
from sandbox.keys import APOLLO_KEY, hubspot_key, smartlead_key

Json = dict[str, Any]
ROLE_NAMES = ("info", "sales", "office", "hello", "contact")


@dataclass(frozen=True)
class Shown:
    """All that the providers show."""

    apollo: list[Json]
    campaigns: list[Json]
    leads: list[Json]
    statistics: list[Json]
    history: list[Json]
    crm: dict[str, list[Json]]


def read_everything(server: Server, agency: Agency) -> Shown:
    """Read every record of every account."""
    with httpx.Client(base_url=server.url, timeout=30) as http:
        campaigns = list(_campaigns(http, agency))
        return Shown(
            apollo=list(_apollo(http, agency)),
            campaigns=[campaign for _, campaign in campaigns],
            leads=[row for key, c in campaigns for row in smartlead_pages(http, key, c["id"], "leads", 100)],
            statistics=[
                row for key, c in campaigns for row in smartlead_pages(http, key, c["id"], "statistics", 1000)
            ],
            history=[entry for account in agency.smartlead_accounts for entry in _inbox(http, account)],
            crm={
                kind: [row for profile in agency.params.profiles for row in search(http, profile.id, kind)]
                for kind in ("contacts", "deals", "meetings")
            },
        )


def _apollo(http: httpx.Client, agency: Agency) -> Iterator[Json]:
    headers = {"x-api-key": APOLLO_KEY}
    for profile in agency.params.profiles:
        low, high = profile.employees
        ids: list[str] = []
        page = 1
        while True:
            wanted = {
                "q_organization_keyword_tags": list(profile.industries),
                "organization_num_employees_ranges": [f"{low},{high}"],
                "organization_locations": [country for country, _ in profile.countries],
                "person_titles": [
                    "founder",
                    "chief",
                    "ceo",
                    "cfo",
                    "vp",
                    "vice president",
                    "director",
                    "manager",
                ],
                "page": page,
                "per_page": 100,
            }
            answer = http.post("/apollo/api/v1/mixed_people/api_search", headers=headers, json=wanted).json()
            ids += [person["id"] for person in answer["people"]]
            if not answer["people"]:
                break
            page += 1
        for start in range(0, len(ids), 10):
            details = [{"id": name} for name in ids[start : start + 10]]
            answer = http.post("/apollo/api/v1/people/bulk_match", headers=headers, json={"details": details})
            yield from answer.json()["matches"]


def _campaigns(http: httpx.Client, agency: Agency) -> Iterator[tuple[str, Json]]:
    for account in agency.smartlead_accounts:
        key = smartlead_key(account)
        answer = http.get("/smartlead/api/v1/campaigns/", params={"api_key": key})
        for campaign in answer.json():
            yield key, campaign


def smartlead_pages(http: httpx.Client, key: str, campaign: int, what: str, limit: int) -> Iterator[Json]:
    """Read all pages of a campaign's leads or statistics."""
    offset = 0
    while True:
        path = f"/smartlead/api/v1/campaigns/{campaign}/{what}"
        answer = http.get(path, params={"api_key": key, "offset": offset, "limit": limit}).json()
        yield from answer["data"]
        offset += limit
        if len(answer["data"]) < limit:
            return


def _inbox(http: httpx.Client, account: str) -> Iterator[Json]:
    offset = 0
    while True:
        answer = http.post(
            "/smartlead/api/v1/master-inbox/inbox-replies",
            params={"api_key": smartlead_key(account), "fetch_message_history": "true"},
            json={"offset": offset, "limit": 20},
        ).json()
        for row in answer["data"]:
            yield from row["email_history"]
        offset += 20
        if not answer["data"]:
            return


PROPERTIES = {
    "contacts": ["email", "hs_additional_emails", "hs_linkedin_url"],
    "deals": ["dealstage", "amount", "deal_currency_code"],
    "meetings": ["hs_meeting_outcome"],
}


def search(http: httpx.Client, client: str, kind: str, limit: int = 200) -> Iterator[Json]:
    """Read all pages of a search without filters."""
    body: Json = {"limit": limit, "properties": PROPERTIES[kind]}
    headers = {"Authorization": f"Bearer {hubspot_key(client)}"}
    while True:
        answer = http.post(f"/hubspot/crm/v3/objects/{kind}/search", headers=headers, json=body).json()
        yield from answer["results"]
        if "paging" not in answer:
            return
        body["after"] = answer["paging"]["next"]["after"]


def count_people(shown: Shown) -> int:
    """Count persons: records that share an address or a LinkedIn profile are one."""
    keys: list[set[str]] = []
    for person in shown.apollo:
        keys.append(_keys([person["email"]], person["linkedin_url"], f"apollo {person['id']}"))
    for row in shown.leads:
        lead = row["lead"]
        keys.append(_keys([lead["email"]], lead["linkedin_profile"], f"lead {row['campaign_lead_map_id']}"))
    for contact in shown.crm["contacts"]:
        values = contact["properties"]
        emails = [values["email"], *(values["hs_additional_emails"] or "").split(";")]
        keys.append(_keys(emails, values["hs_linkedin_url"], f"contact {contact['url']}"))
    return _components(keys)


def _keys(emails: Iterable[str | None], profile: str | None, own: str) -> set[str]:
    real = {email.lower() for email in emails if email and not email.startswith("email_not_unlocked@")}
    return {*real, *({profile.lower()} if profile else ()), own}


def _components(keys: list[set[str]]) -> int:
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for group in keys:
        first, *others = group
        for other in others:
            parent[root(first)] = root(other)
    return len({root(next(iter(group))) for group in keys})
