"""HubSpot: strings everywhere, the wall behind the search, histories, merged and archived records."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Params, Server, serve, simulate
from sandbox.keys import hubspot_key
from sandbox.model import CrmRecord
from tests.sandbox.crawl import search
from tests.sandbox.shapes import fields

CLIENT = "nordwind"
MARKET = 1
OBJECTS = ("contacts", "companies", "deals", "meetings")
HEADERS = {"Authorization": f"Bearer {hubspot_key(CLIENT)}"}


def post(http: httpx.Client, path: str, body: object) -> httpx.Response:
    return http.post(f"/hubspot/crm/{path}", headers=HEADERS, json=body)


def find(http: httpx.Client, kind: str, **body: object) -> dict[str, Any]:
    answer = post(http, f"v3/objects/{kind}/search", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(http: httpx.Client, kind: str, **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = http.get(f"/hubspot/crm/v3/objects/{kind}", headers=HEADERS, params=params).json()
        rows += answer["results"]
        if "paging" not in answer:
            return rows
        params["after"] = answer["paging"]["next"]["after"]


def own(agency: Agency, kind: str) -> list[CrmRecord]:
    return [record for record in agency.crm if record.client == MARKET and record.kind == kind]


@pytest.mark.parametrize("kind", OBJECTS)
def test_search_results_have_the_real_shape(http: httpx.Client, kind: str) -> None:
    answer = find(http, kind, limit=2)
    assert set(answer) == fields("total results paging")
    assert answer["paging"] == {"next": {"after": "2"}}
    record = answer["results"][0]
    assert set(record) == fields("id properties createdAt updatedAt archived url")
    assert isinstance(record["id"], str)
    assert record["properties"]["hs_object_id"] == record["id"]
    assert all(value is None or isinstance(value, str) for value in record["properties"].values())
    assert record["archived"] is False


def test_properties_asked_for_are_given_null_or_left_out(http: httpx.Client) -> None:
    record = find(http, "contacts", limit=1, properties=["email", "hs_lead_status", "no_such_property"])[
        "results"
    ][0]
    assert set(record["properties"]) == fields(
        "createdate email hs_lead_status hs_object_id lastmodifieddate"
    )
    assert record["properties"]["hs_lead_status"] is None


@pytest.mark.parametrize("kind", ["contacts", "deals", "meetings"])
def test_search_pages_hold_every_live_record_once(http: httpx.Client, agency: Agency, kind: str) -> None:
    rows = list(search(http, CLIENT, kind, limit=7))
    live = [record for record in own(agency, kind) if record.exists_at(agency.params.night())]
    assert sorted(row["id"] for row in rows) == sorted(str(record.id) for record in live)


def test_a_portal_shows_its_own_records_only(http: httpx.Client) -> None:
    ids = [{row["url"] for row in search(http, client, "contacts")} for client in ("brightpath", CLIENT)]
    assert ids[0].isdisjoint(ids[1])


@pytest.mark.parametrize(
    ("kind", "name"),
    [("contacts", "lastmodifieddate"), ("deals", "hs_lastmodifieddate"), ("meetings", "hs_lastmodifieddate")],
)
def test_search_takes_a_range_of_changes_in_order(http: httpx.Client, kind: str, name: str) -> None:
    every = find(http, kind, limit=200, sorts=[{"propertyName": name, "direction": "ASCENDING"}])["results"]
    times = [row["properties"][name] for row in every]
    assert times == sorted(times)
    middle = times[len(times) // 2]
    as_milliseconds = str(int(_seconds(middle) * 1000))
    for value in (middle, as_milliseconds):
        filters = [{"propertyName": name, "operator": "GTE", "value": value}]
        late = find(http, kind, limit=200, filterGroups=[{"filters": filters}])
        assert late["total"] == sum(time >= middle for time in times)
    filters = [
        {"propertyName": name, "operator": "GT", "value": times[0]},
        {"propertyName": name, "operator": "LT", "value": middle},
    ]
    some = find(http, kind, limit=200, filterGroups=[{"filters": filters}])
    assert some["total"] == sum(times[0] < time < middle for time in times)


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def test_ids_sort_as_text(http: httpx.Client) -> None:
    rows = find(http, "contacts", limit=200, sorts=["hs_object_id"])["results"]
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
    assert ids != sorted(ids, key=int)


def test_the_wall_stands_behind_a_cursor(agency: Agency) -> None:
    with (
        serve(agency, as_of=agency.params.night(), speed=inf, search_wall=20) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        page = find(http, "contacts", limit=10, after="10")
        assert page["total"] > 20
        assert page["paging"] == {"next": {"after": "20"}}
        beyond = post(http, "v3/objects/contacts/search", {"limit": 10, "after": "20"})
        assert beyond.status_code == 400
        assert set(beyond.json()) == fields("status message correlationId")
        assert beyond.json()["message"] == "There was a problem with the request."


def test_the_wall_is_at_ten_thousand(http: httpx.Client) -> None:
    assert find(http, "contacts", limit=10, after="9990")["results"] == []
    assert post(http, "v3/objects/contacts/search", {"after": "10000"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"sorts": [{"propertyName": "createdate"}, {"propertyName": "email"}]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE", "value": "a"}]}]},
        {"after": "next"},
    ],
)
def test_searches_that_hubspot_refuses_are_refused(http: httpx.Client, body: object) -> None:
    answer = post(http, "v3/objects/contacts/search", body)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


def test_lists_page_by_id(http: httpx.Client, agency: Agency) -> None:
    answer = http.get(
        "/hubspot/crm/v3/objects/contacts", headers=HEADERS, params={"limit": 3, "properties": "email"}
    )
    following = answer.json()["paging"]["next"]
    assert following["after"] == answer.json()["results"][-1]["id"]
    assert following["link"].endswith(
        f"/crm/v3/objects/contacts?limit=3&properties=email&after={following['after']}"
    )
    assert set(answer.json()["results"][0]) == fields("id properties createdAt updatedAt archived")
    rows = listed(http, "contacts", limit=10)
    assert len({row["id"] for row in rows}) == len(rows) == find(http, "contacts")["total"]
    assert [int(row["id"]) for row in rows] == sorted(int(row["id"]) for row in rows)


def test_archived_records_are_only_listed_when_asked_for(
    server: Server, http: httpx.Client, agency: Agency
) -> None:
    server.as_of = agency.params.horizon
    archived = {
        (kind, str(record.id)) for kind in OBJECTS for record in own(agency, kind) if record.archived_at
    }
    assert archived
    rows = {
        (kind, row["id"]): row for kind in OBJECTS for row in listed(http, kind, limit=50, archived="true")
    }
    assert set(rows) == archived
    assert all(row["archived"] and row["archivedAt"] for row in rows.values())
    live = {(kind, row["id"]) for kind in OBJECTS for row in listed(http, kind, limit=50)}
    assert live.isdisjoint(archived)


def test_a_merged_contact_vanishes_into_the_other(server: Server, http: httpx.Client, agency: Agency) -> None:
    merged = next(record for record in own(agency, "contacts") if record.merged_at)
    assert merged.merged_at is not None
    names = ["email", "hs_additional_emails", "hs_merged_object_ids"]
    body = {"inputs": [{"id": str(merged.id)}, {"id": str(merged.merged_into)}], "properties": names}
    server.as_of = merged.merged_at - timedelta(seconds=1)
    before = post(http, "v3/objects/contacts/batch/read", body)
    assert before.status_code == 200
    twin, kept = before.json()["results"]
    assert kept["properties"]["hs_merged_object_ids"] is None
    server.as_of = merged.merged_at
    after = post(http, "v3/objects/contacts/batch/read", body)
    assert after.status_code == 207
    assert after.json()["numErrors"] == 1
    assert after.json()["errors"][0]["context"]["ids"] == [str(merged.id)]
    survivor = after.json()["results"][0]
    assert survivor["properties"]["hs_merged_object_ids"] == str(merged.id)
    assert twin["properties"]["email"] in survivor["properties"]["hs_additional_emails"].split(";")
    assert survivor["updatedAt"] > kept["updatedAt"]
    assert str(merged.id) not in [row["id"] for row in listed(http, "contacts", limit=100, archived="true")]


def test_a_merged_contacts_meeting_goes_to_the_survivor() -> None:
    agency = simulate(Params(leads=2000))
    twins = {(r.client, r.id): r for r in agency.crm if r.kind == "contacts" and r.merged_at}
    link = next(a for a in agency.associations if (a.client, a.right[1]) in twins)
    twin = twins[link.client, link.right[1]]
    assert twin.merged_at is not None
    headers = {"Authorization": f"Bearer {hubspot_key(agency.params.profiles[link.client].id)}"}
    path = "/hubspot/crm/v4/associations/meetings/contacts/batch/read"
    body = {"inputs": [{"id": str(link.left[1])}]}
    shown = []
    with (
        serve(agency, as_of=twin.merged_at - timedelta(seconds=1), speed=inf) as server,
        httpx.Client(base_url=server.url, headers=headers) as http,
    ):
        for moment in (twin.merged_at - timedelta(seconds=1), agency.params.horizon):
            server.as_of = moment
            found = http.post(path, json=body).json()["results"]
            shown += [to["toObjectId"] for row in found for to in row["to"]]
    assert shown[-1] == twin.merged_into
    assert set(shown) <= {twin.id, twin.merged_into}


def test_stage_histories_are_newest_first_and_only_grow(
    server: Server, http: httpx.Client, agency: Agency
) -> None:
    server.as_of = agency.params.night(-30)
    ids = [{"id": row["id"]} for row in listed(http, "deals", limit=50)]
    body = {"inputs": ids, "properties": ["dealstage", "amount"], "propertiesWithHistory": ["dealstage"]}
    answer = post(http, "v3/objects/deals/batch/read", body)
    assert answer.status_code == 200
    assert {"completedAt", "status", "startedAt", "results"} == set(answer.json())
    for deal in answer.json()["results"]:
        history = deal["propertiesWithHistory"]["dealstage"]
        assert set(history[0]) == fields("value timestamp sourceType sourceId updatedByUserId")
        assert history[0]["value"] == deal["properties"]["dealstage"]
        assert history[-1]["timestamp"] == deal["createdAt"]
        assert all(newer["timestamp"] > older["timestamp"] for newer, older in pairwise(history))
    server.as_of = agency.params.night(10)
    later = {d["id"]: d for d in post(http, "v3/objects/deals/batch/read", body).json()["results"]}
    grown = 0
    for deal in answer.json()["results"]:
        if deal["id"] in later:
            history = later[deal["id"]]["propertiesWithHistory"]["dealstage"]
            known = deal["propertiesWithHistory"]["dealstage"]
            assert history[-len(known) :] == known
            grown += len(history) > len(known)
    assert grown


def test_batches_with_history_hold_fifty_at_most(http: httpx.Client) -> None:
    inputs = [{"id": str(number)} for number in range(51)]
    with_history = post(
        http, "v3/objects/deals/batch/read", {"inputs": inputs, "propertiesWithHistory": ["dealstage"]}
    )
    assert with_history.status_code == 400
    assert post(http, "v3/objects/deals/batch/read", {"inputs": inputs}).status_code == 207


def test_associations_are_numbers_and_misses_are_errors(http: httpx.Client) -> None:
    ids = [row["id"] for row in listed(http, "deals", limit=100)]
    body = {"inputs": [{"id": name} for name in [*ids, "7"]]}
    answer = post(http, "v4/associations/deals/contacts/batch/read", body)
    assert answer.status_code == 207
    found = answer.json()
    assert [row["from"]["id"] for row in found["results"]] == ids
    assert all(isinstance(row["to"][0]["toObjectId"], int) for row in found["results"])
    assert found["results"][0]["to"][0]["associationTypes"] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
    ]
    assert found["numErrors"] == 1
    assert found["errors"][0] == {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": "No contact is associated with deal 7.",
        "context": {"fromObjectId": ["7"], "fromObjectType": ["deal"], "toObjectType": ["contact"]},
    }
    contacts = {row["id"] for row in listed(http, "contacts", limit=100)}
    assert all(str(row["to"][0]["toObjectId"]) in contacts for row in found["results"])
    all_found = post(http, "v4/associations/deals/contacts/batch/read", {"inputs": body["inputs"][:-1]})
    assert all_found.status_code == 200


def test_associations_can_be_read_from_both_sides(http: httpx.Client) -> None:
    def pairs(left: str, right: str) -> set[tuple[str, str]]:
        inputs = [{"id": row["id"]} for row in listed(http, left, limit=100)]
        rows = post(http, f"v4/associations/{left}/{right}/batch/read", {"inputs": inputs}).json()["results"]
        return {(row["from"]["id"], str(to["toObjectId"])) for row in rows for to in row["to"]}

    assert pairs("contacts", "meetings") == {(a, b) for b, a in pairs("meetings", "contacts")}
    assert pairs("contacts", "companies")


def test_contacts_with_a_work_address_have_one_company(http: httpx.Client) -> None:
    rows = listed(http, "contacts", limit=100, properties="email")
    inputs = [{"id": row["id"]} for row in rows if "freemail" not in row["properties"]["email"]]
    found = post(http, "v4/associations/contacts/companies/batch/read", {"inputs": inputs}).json()["results"]
    assert [len(row["to"]) for row in found] == [1] * len(inputs)
    assert [kind["typeId"] for kind in found[0]["to"][0]["associationTypes"]] == [1, 279]


def test_the_pipeline_and_its_owners(http: httpx.Client) -> None:
    pipeline = http.get("/hubspot/crm/v3/pipelines/deals", headers=HEADERS).json()["results"][0]
    assert pipeline["id"] == "default"
    closed = [stage["id"] for stage in pipeline["stages"] if stage["metadata"]["isClosed"] == "true"]
    assert closed == ["closedwon", "closedlost"]
    assert pipeline["stages"][0]["metadata"] == {"isClosed": "false", "probability": "0.2"}
    owners = {owner["id"] for owner in http.get("/hubspot/crm/v3/owners", headers=HEADERS).json()["results"]}
    deals = listed(http, "deals", limit=100, properties="hubspot_owner_id")
    assert {deal["properties"]["hubspot_owner_id"] for deal in deals} <= owners
    assert http.get("/hubspot/account-info/v3/details", headers=HEADERS).json()["companyCurrency"] == "EUR"


def test_a_wrong_token_and_a_wrong_object_are_refused(http: httpx.Client) -> None:
    wrong = http.get("/hubspot/crm/v3/objects/deals", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    assert wrong.json()["category"] == "INVALID_AUTHENTICATION"
    assert wrong.json()["message"] == "Authentication credentials not found."
    unknown = http.get("/hubspot/crm/v3/objects/butterflies", headers=HEADERS)
    assert unknown.status_code == 400
    assert unknown.json()["message"] == "Unable to infer object type from: butterflies"


def test_searches_have_a_limit_of_their_own(agency: Agency) -> None:
    now = [0.0]
    with (
        serve(agency, as_of=agency.params.night(), clock=lambda: now[0]) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        answers = [post(http, "v3/objects/deals/search", {"limit": 1}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        refused = answers[-1]
        assert set(refused.json()) == fields("status message correlationId category")
        assert refused.json()["message"] == "You have reached your secondly limit."
        assert refused.json()["category"] == "RATE_LIMITS"
        assert "retry-after" not in refused.headers
        others = [http.get("/hubspot/crm/v3/owners", headers=HEADERS) for _ in range(101)]
        assert [answer.status_code for answer in others] == [200] * 100 + [429]
        body = others[-1].json()
        assert set(body) == fields("status message errorType correlationId policyName")
        assert body["policyName"] == "TEN_SECONDLY_ROLLING"
        now[0] += 1
        assert post(http, "v3/objects/deals/search", {"limit": 1}).status_code == 200
        assert http.get("/hubspot/crm/v3/owners", headers=HEADERS).status_code == 429
        now[0] += 9
        assert http.get("/hubspot/crm/v3/owners", headers=HEADERS).status_code == 200
