"""Every recorded webhook lands from a folder and goes through staging, or is refused for a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.signatures import Receipt, verify
from ingestion.values import parse_timestamp
from ingestion.webhook_records import READERS
from tests.ingestion.conftest import MemoryAnswers, agency, loader, rows, stage
from tests.real.test_payloads import PAYLOADS, payload, replay
from warehouse import Warehouse

pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason="needs ../shared/data/payloads beside the clone"
)

LANDED = {
    "apollo/get_webhook_result_request_id__200_phone_enrichment.json": ["phone"],
    "apollo/get_webhook_result_request_id__200_waterfall_enrichment.json": ["waterfall"],
    "hubspot/webhook_batch.json": [
        "contact.propertyChange",
        "deal.creation",
        "deal.deletion",
        "deal.propertyChange",
    ],
    "instantly/webhook_link_clicked_observed.json": ["link_clicked"],
    "instantly/webhook_reply_received_observed.json": ["reply_received"],
    "pipedrive/webhook_v1_updated_deal_live.json": ["updated.deal"],
    "pipedrive/webhook_v2_change_deal_ASSEMBLED.json": ["change.deal"],
    "salesforge/webhook_email_sent.json": ["email_sent"],
    # its raw_body makes it an envelope
    "salesforge/webhook_signature_test_vector.json": ["email_sent"],
    "smartlead/webhook_EMAIL_LINK_CLICK_docs.json": ["EMAIL_LINK_CLICK"],
    "smartlead/webhook_EMAIL_OPEN_docs.json": ["EMAIL_OPEN"],
    "smartlead/webhook_EMAIL_OPEN_helpcenter.json": ["EMAIL_OPEN"],
    "smartlead/webhook_EMAIL_REPLY.json": ["EMAIL_REPLY"],
    "smartlead/webhook_EMAIL_REPLY_docs.json": ["EMAIL_REPLY"],
    "smartlead/webhook_EMAIL_SENT_docs.json": ["EMAIL_SENT"],
    "smartlead/webhook_EMAIL_SENT_helpcenter.json": ["EMAIL_SENT"],
    "smartlead/webhook_LEAD_CATEGORY_UPDATED_docs.json": ["LEAD_CATEGORY_UPDATED"],
    "smartlead/webhook_LEAD_UNSUBSCRIBED_docs.json": ["LEAD_UNSUBSCRIBED"],
    "smartlead/webhook_UNTRACKED_REPLIES.json": ["UNTRACKED_REPLIES"],
}
REFUSED = {
    "apollo/get_webhook_result_request_id__4": "people: is missing",
    "hubspot/event_occurrence": "expected a list of events, as HubSpot sends them",
    "instantly/create_webhook": "timestamp: is missing",
    "instantly/list_webhook_events": "event_type: is missing",
    "instantly/webhook.json": "timestamp: is missing",
    "instantly/webhook_event_types": "event_type: is missing",
    "pipedrive/v1_webhook": "meta: is missing",
}
FIXTURES = PAYLOADS.parent / "provider_fixtures"


def found() -> dict[str, Path]:
    """Return every recorded body that is a webhook, or speaks of webhooks or events."""
    recorded = {f"{path.parent.name}/{path.name}": path for path in PAYLOADS.glob("*/*.json")}
    wanted = {
        name: path
        for name, path in recorded.items()
        if ("webhook" in name or "event_occ" in name) and name.partition("/")[0] in READERS
    }
    events = FIXTURES / "hubspot" / "test" / "read" / "events"
    return wanted | {f"hubspot/event_occurrence {path.name}": path for path in events.glob("*.json")}


@pytest.mark.parametrize("engine", ["duckdb"])
def test_every_webhook_lands_or_is_refused_for_a_reason(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = found()
    assert set(names) >= set(LANDED)
    monkeypatch.setenv("REPLAY_KEY", "key")
    account = {"name": "main", "api_key_env": "REPLAY_KEY", "client": "acme"}
    for name, path in names.items():
        folder = tmp_path / name.partition("/")[0]
        folder.mkdir(exist_ok=True)
        (folder / path.name).write_bytes(path.read_bytes())
    none = {"results": [], "data": [], "items": [], "success": True, "people": [], "additional_data": {}}
    results: dict[str, tuple[list[str], list[str]]] = {}
    lists = ("/campaigns/", "/campaigns/analytics", "/email-accounts/")
    with replay({**{f"GET {path}": [[]] for path in lists}, "*": [none]}) as url:
        config = agency(
            **{
                source: [account | {"base_url": url, "webhooks": str(tmp_path / source)}]
                for source in READERS
                if source != "apollo"
            },
            apollo=[account | {"base_url": url, "webhooks": str(tmp_path / "apollo"), "enrich_cap": 0}],
        )
        load = loader(warehouse, tmp_path, MemoryAnswers())
        for source in READERS:
            report = load(source, config)
            assert report.failures == (), source
            (count,) = (count for count in report.counts if count.resource == "webhooks")
            assert count.received == count.landed + count.quarantined + count.duplicates
            refused = f"select place, reason from raw_{source}.quarantine"
            kinds = f"select event_type from raw_{source}.webhooks order by 1"
            results[source] = (
                [f"{source}/{place} {reason}" for place, reason in rows(warehouse, refused)],
                [kind for (kind,) in rows(warehouse, kinds)],
            )
    for source, (refusals, kinds) in results.items():
        wanted = sorted(kind for name, one in LANDED.items() if name.startswith(source) for kind in one)
        assert kinds == wanted
        left = {name for name in names if name.startswith(f"{source}/") and name not in LANDED}
        assert len(refusals) == len(left)
        for name in left:
            start, reason = next(pair for pair in REFUSED.items() if name.startswith(pair[0]))
            assert any(reason in line for line in refusals), (name, start)
    for source in READERS:
        everything = str(rows(warehouse, f"select * from raw_{source}.webhooks"))
        assert not any(word in everything for word in ("secretkey", "4f7c8d23", "e0207d40", "webhook.site"))
    stage(warehouse, tmp_path, config, "smartlead", "instantly", "files")
    replies = "select body from staging.stg_{}__replies order by received_at"
    assert rows(warehouse, replies.format("smartlead")) == [
        (payload("smartlead/webhook_EMAIL_REPLY_docs.json")["reply_body"],),
        ("webhook reply",),
    ]
    observed = payload("instantly/webhook_reply_received_observed.json")
    assert rows(warehouse, replies.format("instantly")) == [(observed["reply_text"].strip(),)]


def test_salesforges_own_example_of_a_signature_is_right() -> None:
    vector: dict[str, Any] = payload("salesforge/webhook_signature_test_vector.json")
    headers = {
        "x-salesforgeai-webhook-event-id": vector["event_id"],
        "x-salesforgeai-webhook-signature": vector["header"],
    }
    received_at = parse_timestamp(int(vector["header"].partition(",")[0].removeprefix("t=")))
    body = vector["raw_body"].encode()
    assert verify("salesforge", Receipt(body, headers, received_at), json.loads(body), [vector["secret"]])
