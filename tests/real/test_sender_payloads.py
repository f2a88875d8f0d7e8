"""Every recorded body of the senders beside Smartlead goes through loader and staging, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ENGINES
from tests.ingestion.conftest import MemoryAnswers, loader, rows, stage
from tests.real.test_payloads import PAYLOADS, configured, payload, replay
from warehouse import Warehouse, open_warehouse

pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason="needs ../shared/data/payloads beside the clone"
)

LOADED = {
    "instantly/accounts.json",
    "instantly/campaign_analytics.json",
    "instantly/campaign_analytics_daily.json",
    "instantly/lead_labels.json",
    "instantly/list_campaigns.json",
    "instantly/list_emails.json",
    "instantly/list_leads.json",
    "instantly/list_webhook_events.json",
    "instantly/webhook_link_clicked_observed.json",
    "instantly/webhook_reply_received_observed.json",
    "salesforge/contacts_ASSEMBLED.json",
    "salesforge/sending_data_ASSEMBLED.json",
    "salesforge/sequence_analytics_ASSEMBLED.json",
    "salesforge/sequences_legacy_ASSEMBLED.json",
    "salesforge/threads_ASSEMBLED.json",
}
NO_LOADER = "the loader asks no question that this answers: "
NOT_READ = {
    "instantly/account_campaign_mappings": NO_LOADER + "campaigns list their own accounts",
    "instantly/campaign_analytics_overview": NO_LOADER + "totals of all campaigns; they are summed",
    "instantly/campaign_analytics_steps": NO_LOADER + "totals of steps; they are counted from the e-mails",
    "instantly/create_webhook": "the answer to a write, and nothing writes to Instantly",
    "instantly/webhook.json": NO_LOADER + "how a webhook is set up",
    "instantly/webhook_event_types": NO_LOADER + "which events there are",
    "salesforge/webhook_": "a webhook, which test_webhook_payloads reads",
}
ERRORS = {
    "instantly/error_401": (401, "Missing Authorization header; check the key"),
    "instantly/error_402": (402, "Workspace does not have an active paid plan; the plan is not paid"),
    "instantly/error_404": (404, "Resource not found; check base_url"),
    "instantly/error_429": (429, "rate limit: Rate limit exceeded"),
    "salesforge/error_401": (401, "invalid api key; check the key"),
}
SENDERS = ("instantly", "salesforge")


def names() -> list[str]:
    files = (path for sender in SENDERS for path in sorted((PAYLOADS / sender).glob("*")))
    return [f"{path.parent.name}/{path.name}" for path in files if not path.name.endswith(".source.txt")]


def _of(table: dict[str, Any], name: str) -> Any:
    return next((found for start, found in table.items() if name.startswith(start)), None)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_KEY", "replayed-secret")


def test_every_payload_is_accounted_for() -> None:
    assert [n for n in names() if not (n in LOADED or _of(ERRORS, n) or _of(NOT_READ, n))] == []
    assert set(names()) >= LOADED


@pytest.mark.parametrize("engine", ["duckdb"])
@pytest.mark.parametrize("name", [n for n in names() if _of(ERRORS, n)] if PAYLOADS.is_dir() else [])
def test_an_error_body_is_refused_with_what_it_says(
    warehouse: Warehouse, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.http.ATTEMPTS", 1)
    status, said = _of(ERRORS, name)
    source = name.partition("/")[0]
    with replay({"*": [(PAYLOADS / name).read_bytes()]}, status) as url:
        (failure,) = loader(warehouse, tmp_path, MemoryAnswers())(source, configured(source, url)).failures
    assert said in failure.error
    assert f"HTTP {status}" in failure.error
    assert failure.transient == (status == 429)
    assert "replayed-secret" not in failure.error


@pytest.mark.parametrize("engine", ENGINES)
def test_instantlys_answers_go_through_loader_and_staging(
    engine: str, tmp_path: Path, new_profile: Callable[[str, Path], Path]
) -> None:
    warehouse = open_warehouse(new_profile(engine, tmp_path))
    none: dict[str, Any] = {"items": []}
    campaigns = payload("instantly/list_campaigns.json")
    log = payload("instantly/list_webhook_events.json")
    observed = ("webhook_link_clicked_observed", "webhook_reply_received_observed")
    deliveries = [
        {**log["items"][0], "id": name, "payload": payload(f"instantly/{name}.json")} for name in observed
    ]
    routes = {
        "GET /lead-labels": [payload("instantly/lead_labels.json"), none],
        "GET /accounts": [payload("instantly/accounts.json"), none],
        "GET /block-lists-entries": [none],
        "GET /campaigns": [campaigns, none],
        "GET /campaigns/analytics": [payload("instantly/campaign_analytics.json")],
        "GET /campaigns/analytics/daily": [payload("instantly/campaign_analytics_daily.json")],
        "GET /webhook-events": [log, {"items": deliveries}],
        "POST /leads/list": [payload("instantly/list_leads.json"), none],
        "GET /emails": [payload("instantly/list_emails.json"), none],
    }
    with replay(routes) as url:
        config = configured("instantly", url)
        report = loader(warehouse, tmp_path, MemoryAnswers())("instantly", config)
    assert report.failures == ()
    assert rows(warehouse, "select resource, reason from raw_instantly.quarantine") == [
        ("webhook_events", "event_type: is missing")
    ]
    stage(warehouse, tmp_path, config, "instantly")
    staged = "select {} from staging.stg_instantly__{}"
    assert rows(warehouse, staged.format("name, status, client", "campaigns")) == [
        ("My First Campaign", "active", "acme")
    ]
    subject = campaigns["items"][0]["sequences"][0]["steps"][0]["variants"][0]["subject"]
    assert rows(warehouse, staged.format("step_number, subject", "campaign_steps")) == [(1, subject)]
    sent = rows(warehouse, staged.format("lead_key, step_number, body, client", "messages"))
    assert sent == [("email:jondoe@example.com", None, "This is a test email.<br/><br/>Second line.", "acme")]
    person = "email_key, title, email_status, company_domain_key, is_unsubscribed"
    assert rows(warehouse, staged.format(person, "people")) == [
        ("example@example.com", "Head of Growth", "verified", "example.com", False)
    ]
    box = "id, client, provider, status, daily_limit, warmup_status, warmup_reputation, warmup_started_at"
    (mailbox,) = rows(warehouse, staged.format(box, "mailboxes"))
    assert mailbox[:6] == ("user@example.com", "acme", "google", "active", 100, "active")
    assert (mailbox[6], mailbox[7].isoformat()) == (85, "2026-08-13T11:11:58.093000+00:00")
    kinds = "select event_type, step_number from raw_instantly.webhook_events order by 1"
    assert rows(warehouse, kinds) == [("link_clicked", 1), ("reply_received", 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_salesforges_answers_go_through_loader_and_staging(
    engine: str, tmp_path: Path, new_profile: Callable[[str, Path], Path]
) -> None:
    warehouse = open_warehouse(new_profile(engine, tmp_path))
    none: dict[str, Any] = {"data": [], "limit": 100, "offset": 0, "total": 0}
    sequences = payload("salesforge/sequences_legacy_ASSEMBLED.json")
    sequence, threads = sequences["data"][0], payload("salesforge/threads_ASSEMBLED.json")
    thread = threads["data"][0]
    hook = payload("salesforge/webhook_email_sent.json")
    root = f"GET /workspaces/{sequence['workspaceId']}"
    email = {
        "id": "1",
        "date": thread["date"],
        "content": thread["content"],
        "fromAddress": thread["contactEmail"],
        "toAddress": sequence["mailboxes"][0]["address"],
    }
    routes = {
        "GET /workspaces": [{**none, "data": [hook["workspace"]], "total": 1}],
        f"{root}/sequences": [sequences],
        f"{root}/sequences/{sequence['id']}": [sequence],
        f"{root}/sequences/{sequence['id']}/analytics": [
            payload("salesforge/sequence_analytics_ASSEMBLED.json")
        ],
        f"{root}/contacts": [payload("salesforge/contacts_ASSEMBLED.json")],
        f"{root}/sending-data": [payload("salesforge/sending_data_ASSEMBLED.json")],
        f"{root}/threads": [threads],
        f"{root}/threads/{thread['id']}": [
            {
                "emails": [email],
                "contact": {"email": thread["contactEmail"]},
                "sequence": {"id": sequence["id"]},
            }
        ],
        f"GET /multichannel/workspaces/{sequence['workspaceId']}/sequences": [{"sequences": []}],
        "*": [none],
    }
    with replay(routes) as url:
        config = configured("salesforge", url)
        report = loader(warehouse, tmp_path, MemoryAnswers())("salesforge", config)
    assert report.failures == ()
    assert rows(warehouse, "select count(*) from raw_salesforge.quarantine") == [(0,)]
    stage(warehouse, tmp_path, config, "salesforge")
    staged = "select {} from staging.stg_salesforge__{}"
    assert rows(warehouse, staged.format("name, status, client", "campaigns")) == [
        ("Salesforge Sequence", "active", "acme")
    ]
    assert rows(warehouse, staged.format("lead_key, step_number, client", "messages")) == [
        ("email:bill@example.com", 1, "acme")
    ]
    kinds = "event_type, event_count"
    assert sorted(rows(warehouse, staged.format(kinds, "message_events"))) == [
        ("opened", 1),
        ("replied", 1),
        ("sent", 1),
    ]
    assert rows(warehouse, staged.format("body, lead_key", "replies")) == [
        ("Sure, let's talk", "email:bill@example.com")
    ]
    assert rows(warehouse, staged.format("status", "campaign_leads")) == [("contacted",)]
    days = "select sequence_id, sent, clicked_once from raw_salesforge.sequence_days"
    assert rows(warehouse, days) == [(sequence["id"], 12, 1)]
