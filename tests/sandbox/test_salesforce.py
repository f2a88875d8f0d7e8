"""Salesforce: queries, the bin, leads, Bulk 2.0 jobs and their literal null."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Params, serve, simulate, truth
from sandbox.keys import salesforce_key
from sandbox.limits import SALESFORCE_LIMIT
from sandbox.portals import Portal
from sandbox.salesforce import APP_SECRET
from sandbox.salesforce_records import record_id
from sandbox.view import View
from tests.sandbox.shapes import fields

CLIENT = "nordwind"
HEADERS = {"Authorization": f"Bearer {salesforce_key(CLIENT)}"}
DATA = "/services/data/v60.0"


@pytest.fixture(scope="session")
def agency() -> Agency:
    """A small agency of which one client keeps its CRM at Salesforce."""
    return simulate(Params(leads=360, days=60, seed=11, clients=3, crms=((CLIENT, "salesforce"),)))


@pytest.fixture
def http(agency: Agency) -> Iterator[httpx.Client]:
    with (
        serve(agency, as_of=agency.params.night(), speed=inf) as server,
        httpx.Client(base_url=f"{server.url}/salesforce", headers=HEADERS) as client,
    ):
        yield client


def query(http: httpx.Client, soql: str, how: str = "query") -> list[dict[str, Any]]:
    answer = http.get(f"{DATA}/{how}", params={"q": soql}).raise_for_status().json()
    rows: list[dict[str, Any]] = answer["records"]
    while not answer["done"]:
        answer = http.get(answer["nextRecordsUrl"]).raise_for_status().json()
        rows += answer["records"]
    return rows


def test_a_query_has_the_real_shape(http: httpx.Client) -> None:
    answer = http.get(
        f"{DATA}/query", params={"q": "SELECT Id, Name, Amount FROM Opportunity LIMIT 1"}
    ).json()
    assert set(answer) == fields("totalSize done records")
    (row,) = answer["records"]
    assert set(row) == fields("attributes Id Name Amount")
    url = f"{DATA}/sobjects/Opportunity/{row['Id']}"
    assert row["attributes"] == {"type": "Opportunity", "url": url}
    assert isinstance(row["Amount"], float)


def test_pages_follow_each_other(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.salesforce.PAGE", 3)
    rows = query(http, "SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp, Id")
    assert len({row["Id"] for row in rows}) == len(rows) > 3
    assert [row["SystemModstamp"] for row in rows] == sorted(row["SystemModstamp"] for row in rows)
    gone = http.get(f"{DATA}/query/01gnothing-2000")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_conditions_and_counts(http: httpx.Client) -> None:
    times = sorted(row["SystemModstamp"] for row in query(http, "SELECT SystemModstamp FROM Contact"))
    middle = times[len(times) // 2].replace("+0000", "Z")
    late = query(http, f"SELECT Id FROM Contact WHERE SystemModstamp >= {middle}")
    assert len(late) == sum(time.replace("+0000", "Z") >= middle for time in times)
    between = f"SystemModstamp >= {middle} AND SystemModstamp <= {middle}"
    counted = http.get(f"{DATA}/query", params={"q": f"SELECT COUNT() FROM Contact WHERE {between}"}).json()
    assert counted["totalSize"] == sum(time.replace("+0000", "Z") == middle for time in times)
    assert counted["records"] == []


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Accout", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE Name LIKE 'a%'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE SystemModstamp >= '2026-01-01'", "MALFORMED_QUERY"),
        ("Id FROM Account", "MALFORMED_QUERY"),
    ],
)
def test_queries_that_salesforce_refuses_are_refused(http: httpx.Client, soql: str, code: str) -> None:
    answer = http.get(f"{DATA}/queryAll", params={"q": soql})
    assert answer.status_code == 400
    (error,) = answer.json()
    assert error["errorCode"] == code
    assert set(error) == fields("message errorCode")


def test_what_is_there_is_true_and_the_bin_is_shown_to_those_who_ask(
    http: httpx.Client, agency: Agency
) -> None:
    counts = truth(agency, agency.params.night()).by_client[CLIENT]
    deals = query(http, "SELECT Id, IsWon, IsDeleted FROM Opportunity")
    assert (len(deals), sum(deal["IsWon"] for deal in deals)) == (counts.deals, counts.won_deals)
    everything = query(http, "SELECT Id, IsDeleted FROM Opportunity", "queryAll")
    assert {row["Id"] for row in everything if not row["IsDeleted"]} == {deal["Id"] for deal in deals}
    events = query(http, "SELECT Id, IsChild, Meeting_Outcome__c FROM Event")
    own = [event for event in events if not event["IsChild"]]
    assert len(own) == counts.meetings < len(events)
    assert sum(event["Meeting_Outcome__c"] == "Completed" for event in own) == counts.held_meetings


def test_people_are_contacts_or_leads(http: httpx.Client) -> None:
    contacts = query(http, "SELECT Id, AccountId FROM Contact")
    leads = query(http, "SELECT Id, Company FROM Lead")
    assert contacts
    assert leads
    assert all(row["Id"].startswith("003") and row["AccountId"] for row in contacts)
    assert all(row["Id"].startswith("00Q") and row["Company"] for row in leads)
    meant = {row["WhoId"] for row in query(http, "SELECT WhoId FROM Event")}
    assert meant <= {row["Id"] for row in (*contacts, *leads)}


def test_a_merged_record_names_the_one_that_took_it_in_until_the_bin_is_emptied(agency: Agency) -> None:
    merged = next(r for r in agency.crm if r.kind == "contacts" and r.merged_at and r.client == 1)
    assert merged.merged_at is not None
    found = []
    for days in (1, 20):
        with (
            serve(agency, as_of=merged.merged_at + timedelta(days=days), speed=inf) as server,
            httpx.Client(base_url=f"{server.url}/salesforce", headers=HEADERS) as http,
        ):
            rows = query(http, "SELECT Id, IsDeleted, MasterRecordId FROM Contact", "queryAll")
            live = {row["Id"] for row in rows if not row["IsDeleted"]}
            losers = [row for row in rows if row["MasterRecordId"]]
            assert all(row["IsDeleted"] for row in losers)
            assert {row["MasterRecordId"] for row in losers} <= live
            number = Portal(View(agency, server.as_of), 1).number(merged)
            found.append(record_id("Contact", 1, number) in {row["Id"] for row in losers})
    assert found == [True, False]


def test_a_jobs_result_comes_in_pages_with_a_header_each(http: httpx.Client) -> None:
    body = {"operation": "queryAll", "query": "SELECT Id, Name, IsDeleted FROM Account"}
    made = http.post(f"{DATA}/jobs/query", json=body).json()
    assert (made["state"], made["jobType"]) == ("UploadComplete", "V2Query")
    path = f"{DATA}/jobs/query/{made['id']}"
    assert [http.get(path).json()["state"] for _ in range(3)] == ["InProgress", "JobComplete", "JobComplete"]
    rows: list[dict[str, str]] = []
    locator: str | None = None
    while locator != "null":
        params = {"maxRecords": 4} | ({"locator": locator} if locator else {})
        page = http.get(f"{path}/results", params=params)
        assert page.headers["content-type"].startswith("text/csv")
        found = list(csv.DictReader(io.StringIO(page.text)))
        assert len(found) == int(page.headers["Sforce-NumberOfRecords"])
        rows += found
        locator = page.headers["Sforce-Locator"]
    asked = query(http, "SELECT Id FROM Account", "queryAll")
    assert [row["Id"] for row in rows] == [row["Id"] for row in asked]
    assert {row["IsDeleted"] for row in rows} == {"false"}
    counting = {"operation": "query", "query": "SELECT COUNT() FROM Account"}
    assert http.post(f"{DATA}/jobs/query", json=counting).status_code == 400
    assert http.get(f"{DATA}/jobs/query/750none/results").status_code == 404


def test_an_object_is_described(http: httpx.Client) -> None:
    described = http.get(f"{DATA}/sobjects/Contact/describe").json()["fields"]
    kinds = {field["name"]: (field["type"], field["custom"]) for field in described}
    assert kinds["Other_Email__c"] == ("email", True)
    assert kinds["SystemModstamp"] == ("datetime", False)


def test_tokens_and_keys(http: httpx.Client) -> None:
    refused = http.get(f"{DATA}/query", headers={"Authorization": "Bearer x"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    form = {"grant_type": "client_credentials", "client_id": salesforce_key(CLIENT)}
    answer = http.post("/services/oauth2/token", data={**form, "client_secret": APP_SECRET})
    assert answer.json()["access_token"].startswith(salesforce_key(CLIENT))
    assert http.post("/services/oauth2/token", data={**form, "client_secret": "x"}).status_code == 400


def test_the_days_requests_are_limited_with_a_403(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr("sandbox.salesforce.SALESFORCE_LIMIT", replace(SALESFORCE_LIMIT, calls=2))
    with (
        serve(agency, as_of=agency.params.night()) as server,
        httpx.Client(base_url=f"{server.url}/salesforce", headers=HEADERS) as http,
    ):
        answers = [http.get(f"{DATA}/sobjects/Lead/describe") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert answers[0].headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert answers[2].json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


def test_ids_have_eighteen_characters_that_tell_the_cases() -> None:
    assert record_id("Account", 0, 7) == "001ak0000000007AAA"
    assert record_id("Lead", 0, 7)[15:] == "EAA"
    assert len(record_id("Event", 4, 99_999_999)) == 18
