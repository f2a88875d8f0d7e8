"""Apollo: search without addresses, the legacy search's placeholders, enrichment that costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Params, Server, serve, simulate
from sandbox.keys import APOLLO_KEY, APOLLO_SCOPED_KEY
from sandbox.limits import APOLLO_LIMITS
from tests.sandbox.shapes import fields, types

SEARCH = "/mixed_people/api_search"
PERSON_SEARCH = fields(
    """id first_name last_name_obfuscated title last_refreshed_at has_email has_city has_state has_country
    has_direct_phone organization"""
)
ORGANIZATION_SEARCH = fields(
    "name has_industry has_phone has_city has_state has_country has_zip_code has_revenue has_employee_count"
)
PERSON_MATCH = fields(
    """id first_name last_name name linkedin_url title email_status photo_url twitter_url github_url
    facebook_url extrapolated_email_confidence headline email organization_id employment_history state
    city country organization is_likely_to_engage departments subdepartments seniority functions
    show_intent revealed_for_current_team"""
)
ORGANIZATION_MATCH = fields(
    """id name website_url blog_url angellist_url linkedin_url twitter_url facebook_url primary_phone
    languages alexa_ranking phone linkedin_uid founded_year publicly_traded_symbol
    publicly_traded_exchange logo_url crunchbase_url primary_domain industry keywords
    estimated_num_employees industries secondary_industries snippets_loaded industry_tag_id
    industry_tag_hash retail_location_count raw_address street_address city state postal_code country"""
)
ORGANIZATION_MORE = fields(
    """owned_by_organization_id seo_description short_description suborganizations num_suborganizations
    annual_revenue_printed annual_revenue total_funding total_funding_printed latest_funding_round_date
    latest_funding_stage funding_events technology_names current_technologies org_chart_root_people_ids
    org_chart_sector org_chart_removed org_chart_show_department_filter"""
)
EMPLOYMENT = fields(
    """_id created_at current degree description emails end_date grade_level kind major organization_id
    organization_name raw_address start_date title updated_at id key"""
)


def search(apollo: httpx.Client, **wanted: object) -> dict[str, Any]:
    answer: dict[str, Any] = apollo.post(SEARCH, json=wanted).json()
    return answer


def enrich(apollo: httpx.Client, *ids: str) -> dict[str, Any]:
    answer = apollo.post("/people/bulk_match", json={"details": [{"id": name} for name in ids]})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def all_ids(apollo: httpx.Client, **wanted: object) -> list[str]:
    ids: list[str] = []
    for page in count(1):
        people = search(apollo, page=page, per_page=100, **wanted)["people"]
        if not people:
            break
        ids += [person["id"] for person in people]
    return ids


def test_search_has_the_real_shape(apollo: httpx.Client) -> None:
    answer = search(apollo, per_page=3)
    assert set(answer) == {"total_entries", "people"}
    assert len(answer["people"]) == 3
    person = answer["people"][0]
    assert set(person) == PERSON_SEARCH
    assert set(person["organization"]) == ORGANIZATION_SEARCH
    assert types(person, "id", "has_email", "has_direct_phone") == ["str", "bool", "str"]
    assert len(person["id"]) == 24
    assert "***" in person["last_name_obfuscated"]


def test_pages_hold_everybody_once(apollo: httpx.Client, agency: Agency) -> None:
    ids = all_ids(apollo)
    assert len(ids) == len(set(ids)) == search(apollo)["total_entries"]
    known = [p for p in agency.people if p.in_apollo and p.jobs[0].known_at <= agency.params.night()]
    assert set(ids) == {person.apollo_id for person in known}


def test_the_ideal_profile_finds_the_clients_people_and_nobody_elses(
    apollo: httpx.Client, agency: Agency
) -> None:
    from yaml import safe_load

    from sandbox import config_yaml

    for market, client in enumerate(safe_load(config_yaml(agency))["clients"]):
        icp = client["icp"]
        found = all_ids(
            apollo,
            q_organization_keyword_tags=icp["industries"],
            person_titles=icp["titles"],
            person_seniorities=icp["seniorities"],
            person_locations=icp["countries"],
            organization_num_employees_ranges=[f"{icp['employees']['min']},{icp['employees']['max']}"],
            currently_using_any_of_technology_uids=icp["technologies"],
        )
        own = {p.apollo_id for p in agency.people if p.in_apollo and p.market == market}
        assert set(found) <= own
        late = [p for p in agency.people if p.in_apollo and p.jobs[0].known_at > agency.params.night()]
        assert own - set(found) == {p.apollo_id for p in late if p.market == market}


@pytest.mark.parametrize(
    ("wanted", "check"),
    [
        ({"person_titles": ["founder"]}, lambda p: "founder" in p["title"].lower()),
        ({"person_titles": ["ceo"], "include_similar_titles": False}, lambda p: p["title"] == "CEO"),
        ({"person_seniorities": ["vp"]}, lambda p: p["title"].startswith(("VP", "Vice President"))),
        ({"q_keywords": "cfo"}, lambda p: p["title"] == "CFO"),
    ],
)
def test_filters_narrow_the_search(
    apollo: httpx.Client, wanted: dict[str, Any], check: Callable[[dict[str, Any]], bool]
) -> None:
    everybody = search(apollo, per_page=1)["total_entries"]
    found = search(apollo, per_page=100, **wanted)
    assert 0 < found["total_entries"] < everybody
    assert all(check(person) for person in found["people"])


def test_filters_work_in_the_query_too(apollo: httpx.Client) -> None:
    in_body = search(apollo, person_titles=["founder"], per_page=100)
    in_query = apollo.post(SEARCH, params={"person_titles[]": "founder", "per_page": 100}).json()
    assert in_query == in_body


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (
            {"page": 501, "per_page": 100},
            "Invalid parameter passed in. Page * per page number is over threshold.",
        ),
        ({"per_page": 0}, "An error occurred. Per page cannot be 0."),
        ({"per_page": 101}, "Invalid parameters"),
        ({"page": "two"}, "Invalid parameters"),
    ],
)
def test_bad_pages_are_refused(apollo: httpx.Client, wanted: dict[str, Any], error: str) -> None:
    answer = apollo.post(SEARCH, json=wanted)
    assert (answer.status_code, answer.json()) == (422, {"error": error})


def test_the_last_page_allowed_is_answered(apollo: httpx.Client) -> None:
    assert search(apollo, page=500, per_page=100)["people"] == []


def test_enrichment_has_the_real_shape(apollo: httpx.Client, agency: Agency) -> None:
    matches = [
        match
        for start in range(0, 60, 10)
        for match in enrich(apollo, *all_ids(apollo)[start : start + 10])["matches"]
    ]
    for person in matches:
        assert set(person) - {"account", "account_id"} == PERSON_MATCH
        assert set(person["organization"]) == ORGANIZATION_MATCH | ORGANIZATION_MORE
        assert all(set(entry) == EMPLOYMENT for entry in person["employment_history"])
        assert types(person["organization"], "estimated_num_employees", "technology_names") == ["int", "list"]
        current = person["employment_history"][0]
        assert (current["current"], current["end_date"]) == (True, None)
        assert current["organization_id"] == person["organization"]["id"]
    assert any("account" in person for person in matches)
    assert any(person["organization"]["latest_funding_stage"] for person in matches)


def test_enrichment_answers_by_position_with_null_for_a_miss(apollo: httpx.Client) -> None:
    first, second = all_ids(apollo)[:2]
    answer = enrich(apollo, second, "0" * 24, first)
    assert [match and match["id"] for match in answer["matches"]] == [second, None, first]
    counts = ("total_requested_enrichments", "unique_enriched_records", "missing_records", "credits_consumed")
    assert [answer[name] for name in counts] == [3, 2, 1, 2]
    assert (answer["status"], type(answer["request_id"])) == ("success", int)


def test_enrichment_finds_people_by_address_profile_or_name(apollo: httpx.Client) -> None:
    person = next(
        p
        for p in enrich(apollo, *all_ids(apollo)[:10])["matches"]
        if p["linkedin_url"] and (p["email"] or "").endswith(".example")
    )
    details = [
        {"email": person["email"].upper()},
        {"linkedin_url": person["linkedin_url"] + "/"},
        {"name": person["name"], "domain": person["organization"]["primary_domain"]},
    ]
    answer = apollo.post("/people/bulk_match", json={"details": details}).json()
    assert answer["matches"][0]["id"] == answer["matches"][1]["id"] == person["id"]
    assert answer["matches"][2]["name"] == person["name"]


def test_every_enrichment_is_charged_again(apollo: httpx.Client, server: Server) -> None:
    name = all_ids(apollo)[0]
    enrich(apollo, name)
    enrich(apollo, name, name)
    assert server.credits == {name: 2}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "INVALID_REQUEST", "invalid request, missing details"),
        ({"details": []}, "INVALID_REQUEST", "invalid request, missing details"),
        (
            {"details": [{"id": "1"}] * 11},
            "RECORD_LIMIT_EXCEEDED",
            "cannot enrich more than 10 in a single request",
        ),
    ],
)
def test_enrichment_takes_one_to_ten(apollo: httpx.Client, body: object, code: str, message: str) -> None:
    answer = apollo.post("/people/bulk_match", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"status": "failed", "error_code": code, "error_message": message}


def test_some_addresses_stay_locked_though_verified(apollo: httpx.Client, agency: Agency) -> None:
    locked = [person.apollo_id for person in agency.people if person.locked][:5]
    for person in enrich(apollo, *locked)["matches"]:
        assert (person["email"], person["email_status"]) == ("email_not_unlocked@domain.com", "verified")


def test_some_people_have_no_address(apollo: httpx.Client, agency: Agency) -> None:
    person = next(p for p in agency.people if p.in_apollo and p.jobs[-1].email is None)
    match = enrich(apollo, person.apollo_id)["matches"][0]
    assert (match["email"], match["email_status"]) == (None, "unavailable")


def test_a_job_change_shows_from_its_night_on(apollo: httpx.Client, server: Server, agency: Agency) -> None:
    person = next(p for p in agency.people if len({job.company for job in p.jobs}) == 2)
    changed_at = person.jobs[1].known_at
    server.as_of = changed_at - timedelta(seconds=1)
    before = enrich(apollo, person.apollo_id)["matches"][0]
    server.as_of = changed_at
    after = enrich(apollo, person.apollo_id)["matches"][0]
    assert before["organization"]["id"] != after["organization"]["id"]
    assert before["email"] != after["email"]
    assert before["linkedin_url"] == after["linkedin_url"]
    past = after["employment_history"][1]
    assert past["organization_name"] == before["organization"]["name"]
    assert past["end_date"] == after["employment_history"][0]["start_date"]
    found = [p for p in all_people(apollo) if p["id"] == person.apollo_id]
    assert found[0]["last_refreshed_at"] == f"{changed_at:%Y-%m-%dT%H:%M:%S}.000+00:00"


def all_people(apollo: httpx.Client) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = []
    for page in range(1, 20):
        people += search(apollo, page=page, per_page=100)["people"]
    return people


def test_the_legacy_search_has_placeholders_in_two_arrays(apollo: httpx.Client) -> None:
    answer = apollo.post("/mixed_people/search", json={"page": 1, "per_page": 50}).json()
    assert answer["pagination"]["total_pages"] == -(-answer["pagination"]["total_entries"] // 50)
    assert answer["contacts"]
    people = answer["people"] + answer["contacts"]
    assert len(people) == 50
    assert {person["email"] for person in people} <= {"email_not_unlocked@domain.com", None}
    assert any(person["email_status"] == "verified" for person in people)


def test_a_wrong_key_is_refused_in_plain_text(server: Server) -> None:
    answer = httpx.post(f"{server.url}/apollo/api/v1{SEARCH}", headers={"x-api-key": "nonsense"}, json={})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == (
        "Invalid API key. See https://docs.apollo.io/reference/authentication for how to authenticate."
    )


def test_a_key_without_the_scope_is_refused(server: Server) -> None:
    headers = {"x-api-key": APOLLO_SCOPED_KEY}
    answer = httpx.post(f"{server.url}/apollo/api/v1{SEARCH}", headers=headers, json={})
    assert answer.status_code == 403
    assert answer.json()["error_code"] == "API_INACCESSIBLE"
    assert "api/v1/mixed_people/api_search" in answer.json()["error"]


def test_the_minute_limit_is_kept_and_said(agency: Agency) -> None:
    now = [600.0]
    calls = APOLLO_LIMITS["mixed_people/api_search"][0].calls
    with (
        serve(agency, as_of=agency.params.night(), speed=2.0, clock=lambda: now[0]) as server,
        httpx.Client(base_url=f"{server.url}/apollo/api/v1", headers={"x-api-key": APOLLO_KEY}) as apollo,
    ):
        for _ in range(calls):
            assert apollo.post(SEARCH, json={"per_page": 1}).status_code == 200
        now[0] += 5
        refused = apollo.post(SEARCH, json={"per_page": 1})
        assert refused.status_code == 429
        # a minute takes 30 seconds at twice the speed, and five of them are over
        assert refused.headers["retry-after"] == "25"
        assert refused.headers["x-rate-limit-minute"] == str(calls)
        assert refused.headers["x-minute-requests-left"] == "0"
        assert refused.headers["x-rate-limit-hourly"] == "6000"
        inner = json.loads(refused.json()["message"])
        assert inner["message"].startswith(
            "The maximum number of api calls allowed for api/v1/mixed_people/api_search is"
            f" {calls} times per minute."
        )
        assert apollo.post("/people/bulk_match", json={"details": [{"id": "1"}]}).status_code == 200
        now[0] += 25
        assert apollo.post(SEARCH, json={"per_page": 1}).status_code == 200
        assert server.requests["apollo", "mixed_people/api_search", 429] == 1


def test_people_who_appear_later_are_found_later() -> None:
    params = Params(leads=400, seed=2)
    agency = simulate(params)
    with serve(agency, as_of=params.start, speed=inf) as server:
        client = httpx.Client(base_url=f"{server.url}/apollo/api/v1", headers={"x-api-key": APOLLO_KEY})
        with client as apollo:
            before = search(apollo)["total_entries"]
            server.as_of = params.night()
            assert search(apollo)["total_entries"] > before
