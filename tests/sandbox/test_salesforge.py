"""Salesforge: a raw key, ten rows a page unless asked for more, and empty texts for what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Server, serve, simulate, truth
from sandbox.keys import SALESFORGE_KEY
from sandbox.salesforge_records import workspace_id
from tests.sandbox.shapes import fields

BASE = "/salesforge/public/v2"
CLIENT = "nordwind"
CONTACT = fields("id firstName lastName email linkedinUrl company position customVars tags sequences")
SENDING = fields("sequenceId contactId email scheduled sent opened clicked")
THREAD = fields(
    """id mailboxId agentId agentReply agentStatus contactFirstName contactLastName contactEmail subject
    content date isUnread isPositive labelId labelAppliedAt labelAppliedBy replyType profilePictureUrl"""
)
EMAIL = fields("id emailId subject content date type fromAddress toAddress tos ccs bccs attachments")


@pytest.fixture(scope="module")
def moved(agency: Agency) -> Agency:
    """The same agency, with one client's campaigns at Salesforge."""
    return simulate(replace(agency.params, senders=((CLIENT, "salesforge"),)))


@pytest.fixture
def server(moved: Agency) -> Iterator[Server]:
    """A server that shows the first night's state."""
    with serve(moved, as_of=moved.params.night(), speed=inf) as running:
        yield running


@pytest.fixture
def salesforge(server: Server) -> Iterator[httpx.Client]:
    """A client of the account."""
    headers = {"Authorization": SALESFORGE_KEY}
    with httpx.Client(base_url=server.url + BASE, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def root(moved: Agency) -> str:
    """The path of the client's workspace."""
    return f"/workspaces/{workspace_id(moved, f'{CLIENT}-workspace')}"


def every(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = http.get(path, params={"limit": 100, "offset": len(rows)}).json()
        assert set(answer) == {"data", "limit", "offset", "total"}
        rows += answer["data"]
        if len(rows) >= answer["total"]:
            return rows


def test_who_sends_changes_nothing_that_is_true(agency: Agency, moved: Agency) -> None:
    at = agency.params.night()
    assert truth(moved, at) == truth(agency, at)


def test_the_key_goes_without_bearer(salesforge: httpx.Client) -> None:
    assert set(salesforge.get("/me").json()) == {"accountId", "apiKeyName"}
    for header in ("", f"Bearer {SALESFORGE_KEY}"):
        answer = salesforge.get("/me", headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (401, {"message": "invalid api key"})


def test_workspaces_are_listed(salesforge: httpx.Client, root: str) -> None:
    (workspace,) = every(salesforge, "/workspaces")
    assert set(workspace) == fields("id accountId name slug")
    assert root.endswith(workspace["id"])


def test_contacts_have_the_real_shape(
    server: Server, salesforge: httpx.Client, root: str, moved: Agency
) -> None:
    rows = every(salesforge, f"{root}/contacts")
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert all(set(row) == CONTACT for row in rows)
    assert sum(len(row["sequences"]) for row in rows) == counts.campaign_leads
    assert {part["status"] for row in rows for part in row["sequences"]} >= {"bounced", "finished", "replied"}
    assert "" in {row["linkedinUrl"] for row in rows}


def test_sending_data_hold_every_email_once(
    server: Server, salesforge: httpx.Client, root: str, moved: Agency
) -> None:
    rows = every(salesforge, f"{root}/sending-data")
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert all(set(row) == SENDING for row in rows)
    assert len({tuple(row.items()) for row in rows}) == len(rows) == counts.messages
    assert sum(row["opened"] != "" for row in rows) == counts.opened_messages


def test_threads_have_the_emails_of_both_ways(
    server: Server, salesforge: httpx.Client, root: str, moved: Agency
) -> None:
    rows = every(salesforge, f"{root}/threads")
    assert all(set(row) == THREAD for row in rows)
    assert {row["replyType"] for row in rows} >= {"lead_replied", "ooo"}
    received = 0
    for row in rows:
        detail = salesforge.get(f"{root}/threads/{row['id']}").json()
        assert set(detail) == fields("contact emails linkedinMessages sequence")
        assert all(set(email) == EMAIL for email in detail["emails"])
        times = [email["date"] for email in detail["emails"]]
        assert times == sorted(times)
        assert row["date"] == max(email["date"] for email in detail["emails"] if email["type"] == "received")
        received += sum(email["type"] == "received" for email in detail["emails"])
    assert received == truth(moved, server.as_of).by_client[CLIENT].replies


def test_a_sequence_has_its_steps_only_when_it_is_asked_for_alone(
    salesforge: httpx.Client, root: str
) -> None:
    rows = every(salesforge, f"{root}/sequences")
    assert {len(row["steps"]) for row in rows} == {0}
    detail = salesforge.get(f"{root}/sequences/{rows[0]['id']}").json()
    assert [step["waitDays"] for step in detail["steps"]] == [0, 3, 5]
    assert [len(step["variants"]) for step in detail["steps"]] == [2, 2, 1]


def test_days_are_a_map(server: Server, salesforge: httpx.Client, root: str, moved: Agency) -> None:
    sent = 0
    for row in every(salesforge, f"{root}/sequences"):
        path = f"{root}/sequences/{row['id']}/analytics"
        assert salesforge.get(path).status_code == 400
        days = salesforge.get(path, params={"from_date": "2026-01-01", "to_date": "2026-12-31"}).json()[
            "days"
        ]
        sent += sum(day["sent"] for day in days.values())
    assert sent == truth(moved, server.as_of).by_client[CLIENT].messages


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/contacts?colour=red", 400, "unknown query parameter: colour"),
        ("/contacts?limit=101", 400, "invalid limit or offset"),
        ("/butterflies", 404, "not found"),
        ("/threads/thr_1", 404, "not found"),
    ],
)
def test_errors_have_the_real_shape(
    salesforge: httpx.Client, root: str, path: str, status: int, message: str
) -> None:
    answer = salesforge.get(root + path)
    assert (answer.status_code, answer.json()) == (status, {"message": message})


def test_lists_have_ten_rows_a_page_and_some_a_hundred(salesforge: httpx.Client, root: str) -> None:
    assert len(salesforge.get(f"{root}/contacts").json()["data"]) == 10
    assert len(salesforge.get(f"{root}/sending-data").json()["data"]) == 100
