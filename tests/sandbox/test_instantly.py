"""Instantly: cursors that go on after the last full page, steps from 0, deliveries that are repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Any

import httpx
import pytest

from sandbox import Agency, Server, serve, simulate, truth
from sandbox.instantly_records import sent_id
from sandbox.keys import instantly_key
from tests.sandbox.shapes import fields, types

BASE = "/instantly/api/v2"
CLIENT = "nordwind"
EMAIL = fields(
    """id timestamp_created timestamp_email message_id subject from_address_email to_address_email_list body
    organization_id campaign_id lead lead_id eaccount ue_type step is_unread thread_id"""
)
LEAD = fields(
    """id timestamp_created timestamp_updated organization campaign status email personalization website
    last_name first_name company_name job_title phone email_open_count email_reply_count email_click_count
    company_domain payload lt_interest_status timestamp_last_contact timestamp_last_open timestamp_last_click
    timestamp_last_reply upload_method esp_code"""
)
DELIVERY = fields(
    """id timestamp_created timestamp_created_date organization_id payload success retry_count will_retry
    webhook_url status_code error_message retry_group_id lead_email response_time_ms"""
)
PAYLOAD = fields(
    """step email variant firstName lastName timestamp workspace event_type lead_email unibox_url campaign_id
    campaign_name email_account"""
)
REPLY = fields("is_first email_id reply_subject reply_text reply_text_snippet")


@pytest.fixture(scope="module")
def moved(agency: Agency) -> Agency:
    """The same agency, with one client's campaigns at Instantly."""
    return simulate(replace(agency.params, senders=((CLIENT, "instantly"),)))


@pytest.fixture
def server(moved: Agency) -> Iterator[Server]:
    """A server that shows the first night's state and has no rate limits."""
    with serve(moved, as_of=moved.params.night(), speed=inf) as running:
        yield running


@pytest.fixture
def instantly(server: Server) -> Iterator[httpx.Client]:
    """A client of the workspace."""
    headers = {"Authorization": f"Bearer {instantly_key(f'{CLIENT}-workspace')}"}
    with httpx.Client(base_url=server.url + BASE, headers=headers, timeout=20) as client:
        yield client


def every(http: httpx.Client, path: str, **params: str | int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    asked: dict[str, str | int] = {"limit": 100, **params}
    while True:
        sent = http.post(path, json=asked) if path == "/leads/list" else http.get(path, params=asked)
        answer = sent.json()
        rows += answer["items"]
        if "next_starting_after" not in answer:
            return rows
        asked["starting_after"] = answer["next_starting_after"]


def test_who_sends_changes_nothing_that_is_true(agency: Agency, moved: Agency) -> None:
    for night in (-30, 0, 20):
        at = agency.params.night(night)
        assert truth(moved, at) == truth(agency, at)
    assert moved.sending_accounts("instantly") == (f"{CLIENT}-workspace",)
    assert "agency" in moved.smartlead_accounts


def test_campaigns_are_at_one_sender_only(server: Server, instantly: httpx.Client, moved: Agency) -> None:
    from sandbox.keys import smartlead_key

    theirs = every(instantly, "/campaigns")
    key = {"api_key": smartlead_key("agency")}
    rest = httpx.get(f"{server.url}/smartlead/api/v1/campaigns/", params=key).json()
    assert {c["name"].partition(" ")[0] for c in theirs} == {"Nordwind"}
    assert {c["name"].partition(" ")[0] for c in rest} == {"Brightpath"}
    steps = theirs[0]["sequences"][0]["steps"]
    assert [step["delay"] for step in steps] == [3, 5, 1]
    assert [len(step["variants"]) for step in steps] == [2, 2, 1]


def test_emails_have_the_real_shape_and_are_all_there(
    server: Server, instantly: httpx.Client, moved: Agency
) -> None:
    rows = every(instantly, "/emails", sort_order="asc")
    kinds = Counter(row["ue_type"] for row in rows)
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert kinds == {1: counts.messages, 2: counts.replies}
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        more = fields("i_status content_preview") if row["ue_type"] == 2 else set()
        assert set(row) == EMAIL | more
        assert types(row, "step", "to_address_email_list", "body", "is_unread") == [
            "str",
            "str",
            "dict",
            "int",
        ]
    assert {row["step"][:3] for row in rows} == {"0_0", "0_1", "0_2"}
    times = [row["timestamp_created"] for row in rows]
    assert times == sorted(times)
    assert every(instantly, "/emails") == rows[::-1]


def test_emails_can_be_cut_by_the_time_of_taking_in(instantly: httpx.Client) -> None:
    rows = every(instantly, "/emails", sort_order="asc")
    middle = rows[len(rows) // 2]["timestamp_created"]
    late = every(instantly, "/emails", sort_order="asc", min_timestamp_created=middle)
    early = every(instantly, "/emails", sort_order="asc", max_timestamp_created=middle)
    assert late == [row for row in rows if row["timestamp_created"] > middle]
    assert early == [row for row in rows if row["timestamp_created"] < middle]
    received = every(instantly, "/emails", email_type="received", sort_order="asc")
    assert received == [row for row in rows if row["ue_type"] == 2]


def test_a_late_message_is_taken_in_after_it_was_sent(instantly: httpx.Client, moved: Agency) -> None:
    late = {
        sent_id(moved, m)
        for e in moved.enrolments
        for m in e.messages
        if moved.campaign_by_id[e.campaign].provider == "instantly" and m.known_at > m.sent_at
    }
    rows = [row for row in every(instantly, "/emails") if row["timestamp_created"] > row["timestamp_email"]]
    assert {row["id"] for row in rows if row["ue_type"] == 1} <= late


def test_leads_have_the_real_shape(server: Server, instantly: httpx.Client, moved: Agency) -> None:
    rows = every(instantly, "/leads/list")
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert len(rows) == counts.campaign_leads
    assert all(set(row) == LEAD for row in rows)
    assert {row["status"] for row in rows} >= {-1, 1, 3}
    assert sum(row["email_open_count"] for row in rows) == counts.human_opens + counts.machine_opens
    assert sum(row["email_reply_count"] for row in rows) == counts.replies
    campaign = rows[0]["campaign"]
    own = every(instantly, "/leads/list", campaign=campaign)
    assert own == [row for row in rows if row["campaign"] == campaign]


def test_deliveries_tell_of_every_event_and_some_twice(
    server: Server, instantly: httpx.Client, moved: Agency
) -> None:
    rows = every(instantly, "/webhook-events")
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert all(set(row) == DELIVERY for row in rows)
    for payload in (row["payload"] for row in rows):
        is_reply = payload["event_type"] == "reply_received"
        assert set(payload) == (PAYLOAD | REPLY if is_reply else PAYLOAD)
    first = Counter(row["payload"]["event_type"] for row in rows if row["retry_count"] == 0)
    assert first["email_opened"] == counts.human_opens + counts.machine_opens
    assert first["email_bounced"] == counts.bounces
    assert first["reply_received"] == counts.replies
    again = [row for row in rows if row["retry_count"]]
    payloads = [row["payload"] for row in rows if not row["success"]]
    assert again
    assert all(row["payload"] in payloads for row in again)
    day = rows[len(rows) // 2]["timestamp_created_date"]
    since = every(instantly, "/webhook-events", **{"from": day})
    assert since == [row for row in rows if row["timestamp_created_date"] >= day]


def test_a_full_page_has_a_cursor_even_when_it_is_the_last(instantly: httpx.Client) -> None:
    number = len(every(instantly, "/campaigns"))
    full = instantly.get("/campaigns", params={"limit": number}).json()
    assert len(full["items"]) == number
    rest = instantly.get("/campaigns", params={"starting_after": full["next_starting_after"]}).json()
    assert rest == {"items": []}


def test_analytics_are_bare_lists(server: Server, instantly: httpx.Client, moved: Agency) -> None:
    totals = instantly.get("/campaigns/analytics").json()
    counts = truth(moved, server.as_of).by_client[CLIENT]
    assert sum(row["emails_sent_count"] for row in totals) == counts.messages
    days = instantly.get("/campaigns/analytics/daily", params={"start_date": "2026-01-01"}).json()
    assert sum(day["sent"] for day in days) == counts.messages
    assert sum(day["replies"] for day in days) == counts.replies
    assert len({day["date"] for day in days}) == len(days)


@pytest.mark.parametrize(
    ("path", "headers", "status", "message"),
    [
        ("/emails", {"Authorization": ""}, 401, "Missing Authorization header"),
        ("/emails", {"Authorization": "Bearer nonsense"}, 401, "Invalid API key"),
        ("/butterfly", {}, 404, "Route GET:/api/v2/butterfly not found"),
        ("/emails?limit=101", {}, 400, "querystring/limit must be <= 100"),
        ("/emails?colour=red", {}, 400, "querystring must NOT have additional properties: colour"),
        ("/emails?starting_after=x", {}, 400, "querystring/starting_after is no item of this list"),
    ],
)
def test_errors_have_the_real_shape(
    instantly: httpx.Client, path: str, headers: dict[str, str], status: int, message: str
) -> None:
    answer = instantly.get(path, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"statusCode", "error", "message"}
    assert (answer.json()["statusCode"], answer.json()["message"]) == (status, message)


def test_listing_emails_has_a_limit_of_its_own(moved: Agency) -> None:
    headers = {"Authorization": f"Bearer {instantly_key(f'{CLIENT}-workspace')}"}
    with (
        serve(moved, as_of=moved.params.night(), clock=lambda: 0.0) as server,
        httpx.Client(base_url=server.url + BASE, headers=headers) as http,
    ):
        answers = [http.get("/emails", params={"limit": 1}) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        assert answers[-1].json() == {
            "statusCode": 429,
            "error": "Too Many Requests",
            "message": "Rate limit exceeded",
        }
        assert "retry-after" not in answers[-1].headers
        assert http.get("/campaigns").status_code == 200
