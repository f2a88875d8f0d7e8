"""Smartlead: string totals, changing statistics, conversations, and its many kinds of errors."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from sandbox import Agency, Server, serve
from sandbox.keys import smartlead_key
from sandbox.view import View
from tests.sandbox.crawl import smartlead_pages
from tests.sandbox.shapes import fields, types

BASE = "/smartlead/api/v1"
KEY = smartlead_key("agency")
CAMPAIGN = fields(
    """id user_id created_at updated_at status name track_settings scheduler_cron_value
    min_time_btwn_emails max_leads_per_day stop_lead_settings enable_ai_esp_matching send_as_plain_text
    follow_up_percentage unsubscribe_text parent_campaign_id client_id"""
)
STATISTIC = fields(
    """lead_name lead_email lead_category sequence_number stats_id email_campaign_seq_id seq_variant_id
    email_subject email_message sent_time open_time click_time reply_time open_count click_count
    is_unsubscribed is_bounced ignore_reply"""
)
LEAD = fields(
    """id first_name last_name email phone_number company_name website location linkedin_profile
    company_url custom_fields is_unsubscribed unsubscribed_client_id_map"""
)
SENT = fields(
    """stats_id from to type message_id time email_body subject email_seq_number open_count click_count
    click_details"""
)
REPLY = fields("stats_id from to type message_id time email_body email_seq_number cc")
INBOX = fields(
    """lead_category_id last_sent_time last_reply_time has_new_unread_email email_account_id revenue
    is_pushed_to_sub_sequence lead_first_name lead_last_name lead_email email_lead_id email_lead_map_id
    lead_status current_sequence_number sub_sequence_id old_replaced_lead_data
    lead_next_timestamp_to_send email_campaign_seq_id is_important is_archived is_snoozed team_member_id
    is_ooo_automated_push_lead email_campaign_id email_campaign_name client_id belongs_to_sub_sequence
    campaign_sending_schedule"""
)
MAILBOX = fields(
    """id created_at updated_at user_id from_name from_email minTimeToWaitInMins username password smtp_host
    smtp_port smtp_port_type message_per_day different_reply_to_address is_different_imap_account
    imap_username imap_password imap_host imap_port imap_port_type token signature custom_tracking_domain
    bcc_email is_smtp_success is_imap_success smtp_failure_error imap_failure_error type daily_sent_count
    client_id campaign_count warmup_details"""
)
ANALYTICS_TEXTS = fields(
    """sent_count unique_sent_count open_count unique_open_count click_count unique_click_count reply_count
    block_count total_count drafted_count bounce_count unsubscribed_count"""
)


def get(http: httpx.Client, path: str, **params: object) -> httpx.Response:
    return http.get(f"{BASE}/{path}", params={"api_key": KEY, **params})


def inbox(http: httpx.Client, body: object, **params: object) -> httpx.Response:
    return http.post(f"{BASE}/master-inbox/inbox-replies", params={"api_key": KEY, **params}, json=body)


@pytest.fixture
def campaign(http: httpx.Client) -> int:
    """Id of the first campaign of the shared workspace."""
    number: int = get(http, "campaigns/").json()[0]["id"]
    return number


def test_campaigns_are_a_bare_list_of_the_real_shape(http: httpx.Client, agency: Agency) -> None:
    campaigns = get(http, "campaigns/").json()
    assert len(campaigns) == 6
    assert all(set(campaign) == CAMPAIGN for campaign in campaigns)
    assert {campaign["client_id"] for campaign in campaigns} == {4101, 4102, None}
    assert {campaign["status"] for campaign in campaigns} == {"ACTIVE"}


def test_campaigns_can_be_asked_for_by_client(http: httpx.Client) -> None:
    assert {c["client_id"] for c in get(http, "campaigns/", client_id=4102).json()} == {4102}


def test_a_workspace_shows_its_own_campaigns_only(http: httpx.Client, campaign: int) -> None:
    other = {"api_key": smartlead_key("harbour-workspace")}
    theirs = http.get(f"{BASE}/campaigns/", params=other).json()
    assert campaign not in [item["id"] for item in theirs]
    assert http.get(f"{BASE}/campaigns/{campaign}/leads", params=other).status_code == 404


def test_a_late_campaign_is_drafted_before_it_starts(
    server: Server, http: httpx.Client, agency: Agency
) -> None:
    late = max(agency.campaigns, key=lambda campaign: campaign.created_at)
    server.as_of = late.created_at
    statuses = {
        c["id"]: c["status"]
        for c in http.get(f"{BASE}/campaigns/", params={"api_key": smartlead_key(late.account)}).json()
    }
    assert statuses[late.id] == "DRAFTED"
    server.as_of = late.started_at
    statuses = {
        c["id"]: c["status"]
        for c in http.get(f"{BASE}/campaigns/", params={"api_key": smartlead_key(late.account)}).json()
    }
    assert statuses[late.id] == "ACTIVE"


def test_sequences_have_variants_where_they_are_tested(http: httpx.Client, campaign: int) -> None:
    steps = get(http, f"campaigns/{campaign}/sequences").json()
    assert [step["seq_number"] for step in steps] == [1, 2, 3]
    wanted = fields(
        "id created_at updated_at email_campaign_id seq_number subject email_body sequence_variants"
    )
    assert all(set(step) == wanted | {"seq_delay_details"} for step in steps)
    assert [step["seq_delay_details"]["delayInDays"] for step in steps] == [0, 3, 5]
    assert [[v["variant_label"] for v in step["sequence_variants"]] for step in steps] == [
        ["A", "B"],
        ["A", "B"],
        [],
    ]
    variant = steps[0]["sequence_variants"][0]
    assert set(variant) == fields(
        "id created_at updated_at is_deleted subject email_body email_campaign_seq_id variant_label"
    )
    assert variant["email_campaign_seq_id"] == steps[0]["id"]
    assert steps[2]["email_body"]


def test_leads_have_the_real_shape_and_a_total_in_words(http: httpx.Client, campaign: int) -> None:
    answer = get(http, f"campaigns/{campaign}/leads", offset=2, limit=5).json()
    assert set(answer) == fields("total_leads offset limit data")
    assert types(answer, "total_leads", "offset", "limit") == ["str", "int", "int"]
    assert len(answer["data"]) == 5
    row = answer["data"][0]
    assert set(row) == fields("campaign_lead_map_id lead_category_id status created_at lead")
    assert set(row["lead"]) == LEAD
    assert types(row["lead"], "id", "custom_fields", "is_unsubscribed") == ["int", "dict", "bool"]


def test_pages_of_leads_hold_everybody_once(http: httpx.Client, campaign: int) -> None:
    rows = list(smartlead_pages(http, KEY, campaign, "leads", 7))
    total = get(http, f"campaigns/{campaign}/leads").json()["total_leads"]
    assert len({row["campaign_lead_map_id"] for row in rows}) == len(rows) == int(total)


def test_leads_can_be_asked_for_by_status_and_time(http: httpx.Client, campaign: int) -> None:
    rows = list(smartlead_pages(http, KEY, campaign, "leads", 100))
    statuses = Counter(row["status"] for row in rows)
    assert {"INPROGRESS", "COMPLETED", "STOPPED"} <= set(statuses)
    some = get(http, f"campaigns/{campaign}/leads", status="STOPPED").json()
    assert int(some["total_leads"]) == statuses["STOPPED"]
    after = rows[10]["created_at"]
    later = get(http, f"campaigns/{campaign}/leads", created_at_gt=after).json()
    assert int(later["total_leads"]) == len(rows) - 11


def test_statistics_have_the_real_shape(http: httpx.Client, campaign: int) -> None:
    answer = get(http, f"campaigns/{campaign}/statistics", limit=1000).json()
    assert set(answer) == fields("total_stats data offset limit")
    assert int(answer["total_stats"]) == len(answer["data"]) > 50
    assert isinstance(answer["total_stats"], str)
    assert all(set(row) == STATISTIC for row in answer["data"])
    steps = get(http, f"campaigns/{campaign}/sequences").json()
    variants = {step["id"]: {v["id"] for v in step["sequence_variants"]} or {None} for step in steps}
    assert all(row["seq_variant_id"] in variants[row["email_campaign_seq_id"]] for row in answer["data"])
    assert "{{" not in "".join(row["email_message"] + row["email_subject"] for row in answer["data"])


def test_statistics_can_be_cut_by_the_time_sent(http: httpx.Client, campaign: int) -> None:
    every = get(http, f"campaigns/{campaign}/statistics", limit=1000).json()["data"]
    middle = every[len(every) // 2]["sent_time"]
    late = get(http, f"campaigns/{campaign}/statistics", limit=1000, sent_time_start_date=middle).json()[
        "data"
    ]
    early = get(http, f"campaigns/{campaign}/statistics", limit=1000, sent_time_end_date=middle).json()[
        "data"
    ]
    assert late == [row for row in every if row["sent_time"] >= middle]
    assert early == [row for row in every if row["sent_time"] <= middle]


@pytest.mark.parametrize(
    ("status", "field"),
    [
        ("opened", "open_time"),
        ("replied", "reply_time"),
        ("bounced", "is_bounced"),
        ("clicked", "click_time"),
    ],
)
def test_statistics_can_be_cut_by_event(http: httpx.Client, campaign: int, status: str, field: str) -> None:
    every = get(http, f"campaigns/{campaign}/statistics", limit=1000).json()["data"]
    some = get(http, f"campaigns/{campaign}/statistics", limit=1000, email_status=status).json()["data"]
    assert some == [row for row in every if row[field]]


def test_statistics_change_after_the_fact(
    server: Server, http: httpx.Client, campaign: int, agency: Agency
) -> None:
    path = f"campaigns/{campaign}/statistics"
    server.as_of = agency.params.night(-30)
    before = {row["stats_id"]: row for row in get(http, path, limit=1000).json()["data"]}
    server.as_of = agency.params.night(-20)
    after = {row["stats_id"]: row for row in get(http, path, limit=1000).json()["data"]}
    assert set(before) < set(after)
    changed = [name for name, row in before.items() if after[name] != row]
    assert changed
    fixed = fields("stats_id sent_time email_subject email_message sequence_number seq_variant_id lead_email")
    assert all(before[name][field] == after[name][field] for name in changed for field in fixed)


def test_variants_are_lead_by_lead(http: httpx.Client, campaign: int) -> None:
    rows = get(http, f"campaigns/{campaign}/statistics", limit=1000).json()["data"]
    steps = get(http, f"campaigns/{campaign}/sequences").json()
    label = {v["id"]: v["variant_label"] for step in steps for v in step["sequence_variants"]}
    arms: dict[str, set[str]] = {}
    for row in rows:
        if row["seq_variant_id"] is not None:
            arms.setdefault(row["lead_email"], set()).add(label[row["seq_variant_id"]])
    assert all(len(own) == 1 for own in arms.values())
    assert {arm for own in arms.values() for arm in own} == {"A", "B"}


def test_history_tells_who_wrote_what(http: httpx.Client, campaign: int) -> None:
    row = next(r for r in smartlead_pages(http, KEY, campaign, "leads", 100) if r["status"] == "STOPPED")
    lead = row["lead"]
    answer = get(http, f"campaigns/{campaign}/leads/{lead['id']}/message-history").json()
    assert set(answer) == {"history", "from", "to"}
    kinds = [entry["type"] for entry in answer["history"]]
    assert kinds[0] == "SENT"
    assert "REPLY" in kinds
    for entry in answer["history"]:
        assert set(entry) == (SENT if entry["type"] == "SENT" else REPLY)
        assert isinstance(entry["email_seq_number"], str)
    assert [entry["time"] for entry in answer["history"]] == sorted(e["time"] for e in answer["history"])
    first = answer["history"][0]["time"]
    rest = get(http, f"campaigns/{campaign}/leads/{lead['id']}/message-history", event_time_gt=first).json()
    assert rest["history"] == answer["history"][1:]


def test_the_inbox_pages_by_twenty_newest_first(http: httpx.Client) -> None:
    rows: list[dict[str, Any]] = []
    while True:
        answer = inbox(http, {"offset": len(rows), "limit": 20}).json()
        assert set(answer) == fields("ok data offset limit")
        if not answer["data"]:
            break
        rows += answer["data"]
    assert all(set(row) == INBOX for row in rows)
    assert types(rows[0], "email_lead_id", "email_lead_map_id", "email_campaign_id") == ["str", "str", "int"]
    times = [row["last_reply_time"] for row in rows]
    assert times == sorted(times, reverse=True)
    middle = times[len(times) // 2]
    some = inbox(http, {"filters": {"replyTimeBetween": [middle, times[0]]}, "limit": 20}).json()["data"]
    assert some == [row for row in rows if row["last_reply_time"] >= middle][:20]


def test_mailboxes_are_a_bare_list_with_their_passwords(http: httpx.Client, agency: Agency) -> None:
    rows = get(http, "email-accounts/").json()
    campaigns = [item for item in agency.campaigns if item.account == "agency"]
    assert [row["from_email"] for row in rows] == sorted({box for c in campaigns for box in c.mailboxes})
    assert all(set(row) == MAILBOX for row in rows)
    assert all(row["password"] and row["imap_password"] for row in rows)
    assert get(http, "email-accounts/", offset=2, limit=3).json() == rows[2:5]
    assert get(http, "email-accounts/", limit=101).status_code == 400
    inboxes = {row["email_account_id"] for row in inbox(http, {}).json()["data"]}
    assert inboxes <= {row["id"] for row in rows}


def test_the_inbox_gives_the_conversation_when_asked(http: httpx.Client) -> None:
    row = inbox(http, {"limit": 1}, fetch_message_history="true").json()["data"][0]
    assert set(row) == INBOX | {"email_history"}
    assert row["email_history"][-1]["type"] in ("REPLY", "SENT")
    path = f"campaigns/{row['email_campaign_id']}/leads/{row['email_lead_id']}/message-history"
    assert get(http, path).json()["history"] == row["email_history"]


def test_a_reply_shows_only_once_the_provider_knows_it(
    server: Server, http: httpx.Client, agency: Agency
) -> None:
    enrolment, reply = next(
        (e, r)
        for e in agency.enrolments
        for r in e.replies
        if r.known_at > r.received_at and len(e.replies) == 1
    )
    account = agency.campaign_by_id[enrolment.campaign].account
    path = f"{BASE}/campaigns/{enrolment.campaign}/leads/{enrolment.lead_id}/message-history"
    shown = []
    for moment in (reply.received_at, reply.known_at):
        server.as_of = moment
        history = http.get(path, params={"api_key": smartlead_key(account)}).json()["history"]
        shown.append([entry["type"] for entry in history].count("REPLY"))
    assert shown == [0, 1]


def test_some_replies_are_stamped_on_several_rows(agency: Agency) -> None:
    from sandbox.smartlead_records import reply_time

    view = View(agency, agency.params.horizon)
    stamped = [
        (len(e.replies), sum(reply_time(view, e, m) is not None for m in e.messages))
        for e in agency.enrolments
    ]
    assert any(rows > replies for replies, rows in stamped)


def test_analytics_counts_are_texts(http: httpx.Client, campaign: int) -> None:
    answer = get(http, f"campaigns/{campaign}/analytics").json()
    wanted = fields("id user_id created_at status name campaign_lead_stats")
    assert set(answer) == ANALYTICS_TEXTS | wanted
    assert all(isinstance(answer[name], str) for name in ANALYTICS_TEXTS)
    rows = get(http, f"campaigns/{campaign}/statistics", limit=1000).json()["data"]
    assert int(answer["sent_count"]) == len(rows)
    assert int(answer["bounce_count"]) == sum(row["is_bounced"] for row in rows)
    stats = answer["campaign_lead_stats"]
    parts = ("notStarted", "inprogress", "paused", "completed", "stopped", "blocked")
    assert sum(stats[name] for name in parts) == stats["total"] == int(answer["total_count"])


def test_keys_are_asked_for(http: httpx.Client) -> None:
    without = http.get(f"{BASE}/campaigns/")
    assert (without.status_code, without.json()) == (401, {"message": "API key is required."})
    wrong = http.get(f"{BASE}/campaigns/", params={"api_key": "nonsense"})
    assert (wrong.status_code, wrong.json()) == (401, {"message": "Invalid API Key"})


def test_an_unknown_path_is_answered_in_html(http: httpx.Client) -> None:
    answer = get(http, "butterflies")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<pre>Cannot GET /api/v1/butterflies</pre>" in answer.text


def test_an_unknown_campaign_is_answered_in_json(http: httpx.Client) -> None:
    answer = get(http, "campaigns/12/statistics")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "Campaign not found - Invalid campaign_id."},
    )


@pytest.mark.parametrize(
    ("path", "params", "key", "message"),
    [
        ("campaigns/", {"clinet_id": 1}, "clinet_id", '"clinet_id" is not allowed'),
        ("leads", {"limit": 101}, "limit", '"limit" must be less than or equal to 100'),
        ("statistics", {"limit": 1001}, "limit", '"limit" must be less than or equal to 1000'),
        ("statistics", {"offset": -1}, "offset", '"offset" must be greater than or equal to 0'),
        (
            "statistics",
            {"sent_time_start_date": "soon"},
            "sent_time_start_date",
            '"sent_time_start_date" must be in ISO 8601 date format',
        ),
    ],
)
def test_bad_parameters_are_refused_by_name(
    http: httpx.Client, campaign: int, path: str, params: dict[str, Any], key: str, message: str
) -> None:
    answer = get(http, path if path == "campaigns/" else f"campaigns/{campaign}/{path}", **params)
    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": message,
        "validation": {"source": "query", "keys": [key]},
    }


@pytest.mark.parametrize("body", [{"limit": 21}, {"limit": 0}, {"offset": -1}, {"page": 1}, [1]])
def test_bad_bodies_are_refused(http: httpx.Client, body: object) -> None:
    answer = inbox(http, body)
    assert answer.status_code == 400
    assert answer.json()["validation"]["source"] == "body"


def test_both_rate_limits_are_kept_per_workspace(agency: Agency) -> None:
    now = [0.0]
    with (
        serve(agency, as_of=agency.params.night(), speed=1.0, clock=lambda: now[0]) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        statuses = [get(http, "campaigns/").status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        refused = get(http, "campaigns/")
        assert refused.json() == {
            "error": {
                "code": "RATE_LIMIT_EXCEEDED",
                "message": "Too many requests. Please retry after 2 seconds.",
                "retry_after": 2,
            }
        }
        assert refused.headers["x-ratelimit-limit"] == "60"
        other = http.get(f"{BASE}/campaigns/", params={"api_key": smartlead_key("harbour-workspace")})
        assert other.status_code == 200
        for _ in range(5):
            now[0] += 2
            assert [get(http, "campaigns/").status_code for _ in range(10)] == [200] * 10
        now[0] += 2
        assert get(http, "campaigns/").json()["error"]["retry_after"] == 48
