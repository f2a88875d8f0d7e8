"""Calls, messages, deletions for good and links that change: what a CRM also sees, when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Params, serve, simulate
from sandbox.crm_extras import purge_time
from sandbox.keys import hubspot_key
from tests.sandbox.shapes import fields

PARAMS = Params(leads=120, days=30, seed=7, clients=1, base_rate=0.3, has_crm_extras=True)
HEADERS = {"Authorization": f"Bearer {hubspot_key('brightpath')}"}


@pytest.fixture(scope="module")
def agency() -> Agency:
    """A small agency whose CRM sees all of it."""
    return simulate(PARAMS)


def test_an_agency_is_otherwise_the_same(agency: Agency) -> None:
    plain = simulate(replace(PARAMS, has_crm_extras=False))
    assert agency.enrolments == plain.enrolments
    kept = [record for record in agency.crm if record.kind not in ("calls", "communications")]
    assert [replace(record, deleted_at=None) for record in kept] == list(plain.crm)
    assert len(kept) < len(agency.crm)
    assert set(plain.associations) - set(agency.associations)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("calls", "hs_call_title hs_call_direction hs_call_status hs_call_duration hs_timestamp"),
        ("communications", "hs_communication_channel_type hs_communication_body hs_timestamp"),
    ],
)
def test_touches_are_objects_of_their_own(agency: Agency, kind: str, names: str) -> None:
    with (
        serve(agency, as_of=PARAMS.night(), speed=inf) as server,
        httpx.Client(base_url=f"{server.url}/hubspot/crm", headers=HEADERS) as http,
    ):
        body: dict[str, Any] = {"limit": 100, "properties": names.split()}
        found = http.post(f"/v3/objects/{kind}/search", json=body).json()
        assert found["total"] == len([one for one in agency.crm if one.kind == kind])
        for record in found["results"]:
            always = fields("hs_object_id hs_lastmodifieddate hs_createdate")
            assert set(record["properties"]) == fields(names) | always
        inputs = [{"id": record["id"]} for record in found["results"]]
        linked = http.post(f"/v4/associations/{kind}/contacts/batch/read", json={"inputs": inputs}).json()
        assert len(linked["results"]) == len(inputs)
        former = http.get("/v3/owners", params={"archived": "true"}).json()["results"]
        assert [owner["archived"] for owner in former] == [True]


def test_what_is_deleted_for_good_leaves_no_trace_and_links_change_without_a_date(agency: Agency) -> None:
    at = purge_time(PARAMS)
    deal = next(record for record in agency.crm if record.kind == "deals" and record.deleted_at)
    link = next(one for one in agency.associations if one.since == at)
    ids = {"inputs": [{"id": str(link.left[1])}]}
    seen: list[tuple[int, list[str], str, list[int]]] = []
    with (
        serve(agency, as_of=at, speed=inf) as server,
        httpx.Client(base_url=f"{server.url}/hubspot/crm", headers=HEADERS) as http,
    ):
        for moment in (at - timedelta(seconds=1), at):
            server.as_of = moment
            gone = http.post("/v3/objects/deals/batch/read", json={"inputs": [{"id": str(deal.id)}]})
            listed = http.get("/v3/objects/deals", params={"archived": "true", "limit": 100}).json()
            (held,) = http.post("/v3/objects/deals/batch/read", json=ids).json()["results"]
            (row,) = http.post("/v4/associations/deals/contacts/batch/read", json=ids).json()["results"]
            archived = [one["id"] for one in listed["results"]]
            contacts = [one["toObjectId"] for one in row["to"]]
            seen.append((gone.status_code, archived, held["updatedAt"], contacts))
    (before, after) = seen
    assert (before[0], after[0]) == (200, 207)
    assert str(deal.id) not in after[1]
    assert before[2] == after[2]
    assert before[3] != after[3]
