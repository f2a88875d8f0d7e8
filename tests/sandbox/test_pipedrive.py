"""Pipedrive: version 2 beside version 1, tokens, archived, deleted and merged records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Params, config_yaml, environment, serve, simulate, truth
from sandbox.keys import pipedrive_key
from sandbox.limits import PIPEDRIVE_TOKENS
from sandbox.pipedrive import cost
from tests.sandbox.shapes import fields, types

CLIENT = "nordwind"
MARKET = 1
HEADERS = {"x-api-token": pipedrive_key(CLIENT)}
CRMS = (("brightpath", "pipedrive"), (CLIENT, "pipedrive"))
LISTS = ("persons", "organizations", "deals", "activities")


@pytest.fixture(scope="session")
def agency() -> Agency:
    """A small agency of which two clients keep their CRM at Pipedrive."""
    return simulate(Params(leads=360, days=60, seed=11, clients=3, crms=CRMS))


@pytest.fixture
def http(agency: Agency) -> Iterator[httpx.Client]:
    with (
        serve(agency, as_of=agency.params.night(), speed=inf) as server,
        httpx.Client(base_url=f"{server.url}/pipedrive", headers=HEADERS) as client,
    ):
        yield client


def listed(http: httpx.Client, name: str, version: str = "v2", **params: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = http.get(f"/api/{version}/{name}", params=params).raise_for_status().json()
        assert answer["success"] is True
        rows += answer["data"]
        if answer["additional_data"]["next_cursor"] is None:
            return rows
        params["cursor"] = answer["additional_data"]["next_cursor"]


DEAL = """id title creator_user_id owner_id value person_id org_id stage_id pipeline_id currency
    archive_time add_time update_time stage_change_time status is_archived is_deleted probability lost_reason
    visible_to close_time won_time lost_time local_won_date local_lost_date local_close_date label_ids origin
    expected_close_date origin_id channel channel_id source_lead_id acv arr mrr custom_fields"""
PERSON = """id name first_name last_name owner_id org_id add_time update_time emails phones is_deleted
    visible_to label_ids picture_id custom_fields notes im birthday job_title postal_address"""
ACTIVITY = """id subject type owner_id creator_user_id is_deleted add_time update_time deal_id lead_id
    person_id org_id project_id due_date due_time duration busy done marked_as_done_time location participants
    attendees conference_meeting_client conference_meeting_url conference_meeting_id public_description
    priority note"""


def test_records_have_the_real_shape(http: httpx.Client) -> None:
    deal = listed(http, "deals")[0]
    assert set(deal) == fields(DEAL)
    assert types(deal, "id", "value", "stage_id", "is_deleted") == ["int", "float", "int", "bool"]
    assert deal["update_time"].endswith("Z")
    assert set(listed(http, "persons")[0]) == fields(PERSON)
    assert set(listed(http, "activities", include_fields="attendees")[0]) == fields(ACTIVITY)
    assert set(listed(http, "activities")[0]) == fields(ACTIVITY) - {"attendees"}


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_every_record_once_in_the_order_asked_for(http: httpx.Client, name: str) -> None:
    rows = listed(http, name, limit=3, sort_by="update_time", sort_direction="asc")
    assert len({row["id"] for row in rows}) == len(rows) > 3
    times = [row["update_time"] for row in rows]
    assert times == sorted(times)
    down = listed(http, name, limit=3, sort_by="update_time", sort_direction="desc")
    assert [row["id"] for row in down] == [row["id"] for row in rows][::-1]


def test_a_period_includes_its_beginning_and_not_its_end(http: httpx.Client) -> None:
    times = sorted(row["update_time"] for row in listed(http, "persons"))
    middle, last = times[len(times) // 2], times[-1]
    some = listed(http, "persons", updated_since=middle, updated_until=last)
    assert len(some) == sum(middle <= time < last for time in times)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 501},
        {"updated_since": "2026-01-01T00:00:00.000Z"},
        {"updated_since": "2026-01-01 00:00:00"},
        {"sort_by": "title"},
        {"sort_direction": "up"},
        {"cursor": "?"},
    ],
)
def test_lists_that_pipedrive_refuses_are_refused(http: httpx.Client, params: dict[str, Any]) -> None:
    answer = http.get("/api/v2/deals", params=params)
    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_a_wrong_token_is_refused_as_it_really_is(http: httpx.Client) -> None:
    answer = http.get("/api/v2/deals", headers={"x-api-token": "x"})
    assert answer.status_code == 401
    assert answer.json() == {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": "Please check developers.pipedrive.com",
    }


def test_deals_are_live_archived_or_deleted_and_those_are_true(http: httpx.Client, agency: Agency) -> None:
    live, archived = listed(http, "deals"), listed(http, "deals/archived")
    counts = truth(agency, agency.params.night()).by_client[CLIENT]
    assert len(live) + len(archived) == counts.deals
    assert archived
    assert all(deal["is_archived"] and deal["archive_time"] for deal in archived)
    assert sum(deal["status"] == "won" for deal in (*live, *archived)) == counts.won_deals
    deleted = listed(http, "deals", status="deleted")
    assert all(deal["is_deleted"] for deal in deleted)
    assert not {deal["id"] for deal in deleted} & {deal["id"] for deal in (*live, *archived)}


def test_meetings_are_true_and_not_the_only_activities(http: httpx.Client, agency: Agency) -> None:
    counts = truth(agency, agency.params.night()).by_client[CLIENT]
    rows = listed(http, "activities")
    meetings = [row for row in rows if row["type"] == "meeting"]
    assert len(meetings) == counts.meetings < len(rows)
    assert sum(row["done"] for row in meetings) == counts.held_meetings


def test_changes_lead_from_the_first_stage_to_the_present_one(http: httpx.Client) -> None:
    for deal in listed(http, "deals"):
        rows = listed(http, f"deals/{deal['id']}/changelog", "v1", limit=1)
        assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)
        moves = [row for row in rows if row["field_key"] == "stage_id"][::-1]
        for before, after in pairwise(moves):
            assert before["new_value"] == after["old_value"]
        assert not moves or moves[-1]["new_value"] == str(deal["stage_id"])
        ends = [row["new_value"] for row in rows if row["field_key"] == "status"]
        assert (ends[:1] or ["open"]) == [deal["status"]]


def test_a_deal_that_is_gone_has_no_changes(http: httpx.Client) -> None:
    assert http.get("/api/v1/deals/99999/changelog").status_code == 404


def test_recents_tell_what_was_deleted_without_saying_more(agency: Agency) -> None:
    record = next(r for r in agency.crm if r.kind == "contacts" and r.merged_at and r.client == MARKET)
    assert record.merged_at is not None
    with (
        serve(agency, as_of=record.merged_at + timedelta(hours=1), speed=inf) as server,
        httpx.Client(base_url=f"{server.url}/pipedrive", headers=HEADERS) as http,
    ):
        since = f"{record.merged_at - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
        params: dict[str, object] = {"since_timestamp": since, "items": "person"}
        rows = http.get("/api/v1/recents", params=params).json()["data"]
        (gone,) = [row for row in rows if row["data"] is None]
        people = {row["id"] for row in listed(http, "persons")}
        assert gone["id"] not in people
        assert {row["id"] for row in rows if row["data"]} <= people
        late = {**params, "since_timestamp": "2027-01-01 00:00:00"}
        assert http.get("/api/v1/recents", params=late).json()["data"] is None
        assert http.get("/api/v1/recents", params={"since_timestamp": "yesterday"}).status_code == 400


def test_bursts_and_the_days_tokens_are_limited(agency: Agency) -> None:
    now = [0.0]
    with (
        serve(agency, as_of=agency.params.night(), clock=lambda: now[0]) as server,
        httpx.Client(base_url=f"{server.url}/pipedrive", headers=HEADERS) as http,
    ):
        answers = [http.get("/api/v2/pipelines") for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        assert answers[-1].json()["error"] == "request over limit"
        assert answers[-1].headers["x-ratelimit-reset"] == "2"
        spent = PIPEDRIVE_TOKENS.calls - int(answers[19].headers["x-daily-ratelimit-token-remaining"])
        assert spent == 20 * 5
        while spent <= PIPEDRIVE_TOKENS.calls - 20:
            now[0] += 2
            spent += 20 * sum(http.get("/api/v2/deals/archived").status_code == 200 for _ in range(20))
        now[0] += 2
        refused = http.get("/api/v2/deals/archived")
        assert refused.status_code == 429
        assert refused.headers["x-daily-ratelimit-token-remaining"] == "0"


def test_a_request_costs_what_the_loader_thinks() -> None:
    from ingestion.pipedrive_records import tokens

    paths = ["deals", "deals/archived", "persons", "stages", "pipelines", "personFields"]
    for path in [*(f"api/v2/{name}" for name in paths), "api/v1/recents", "api/v1/deals/7/changelog"]:
        assert cost(path) == tokens(f"/{path}")


def test_only_the_clients_that_are_there_are_served_and_configured(agency: Agency) -> None:
    from yaml import safe_load

    sources = safe_load(config_yaml(agency))["sources"]
    assert [account["name"] for account in sources["pipedrive"]["accounts"]] == ["brightpath", CLIENT]
    assert [account["name"] for account in sources["hubspot"]["accounts"]] == ["harbour"]
    names = environment(agency, "x")
    assert {account["api_key_env"] for account in sources["pipedrive"]["accounts"]} <= set(names)


def test_the_truth_does_not_depend_on_the_crm(agency: Agency) -> None:
    plain = simulate(Params(leads=360, days=60, seed=11, clients=3))
    assert truth(plain, plain.params.night()) == truth(agency, agency.params.night())


def test_unknown_crms_are_refused() -> None:
    with pytest.raises(ValueError, match="no CRM close; known: hubspot, pipedrive"):
        Params(crms=((CLIENT, "close"),))
