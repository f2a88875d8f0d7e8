"""The receiver of webhooks: bodies with the fields of the real ones, some twice, and the same each time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import Agency, Params, simulate
from sandbox.view import View
from sandbox.webhooks import write_webhooks
from tests.sandbox.shapes import fields

SMARTLEAD = fields(
    """campaign_status stats_id sl_email_lead_id sl_email_lead_map_id sl_lead_email from_email to_email
    time_replied event_timestamp campaign_name campaign_id sequence_number secret_key metadata
    leadCorrespondence webhook_url webhook_id event_type"""
)
SALESFORGE = fields("webhookInfo sequenceEmail workspace contact sequence mailbox emailSentData")
HUBSPOT = fields(
    """attemptNumber sourceId eventId changeSource occurredAt subscriptionType portalId appId changeFlag
    subscriptionId objectId"""
)


@pytest.fixture(scope="module")
def agency() -> Agency:
    """An agency with a client at each sender that signs, one of them with Pipedrive."""
    base = simulate(Params(leads=60, days=30, clients=2, seed=17))
    first, second = (profile.id for profile in base.params.profiles)
    senders = ((first, "smartlead"), (second, "salesforge"))
    return simulate(replace(base.params, senders=senders, crms=((second, "pipedrive"),)))


def received(agency: Agency, provider: str, account: str, folder: Path) -> list[dict[str, Any]]:
    """Return the envelopes of two nights."""
    middle = agency.params.start + timedelta(days=15)
    end = agency.params.start + timedelta(days=33)
    first = write_webhooks(View(agency, middle), provider, account, folder)
    later = write_webhooks(View(agency, end), provider, account, folder, since=middle)
    found: list[dict[str, Any]] = []
    for path in sorted(folder.iterdir()):
        found += [json.loads(line) for line in path.read_text().splitlines()]
    assert len(found) == first + later
    return found


def body(envelope: dict[str, Any]) -> Any:
    raw = envelope["raw_body"]
    return json.loads(base64.b64decode(raw) if envelope.get("is_base64") else raw)


def test_bodies_have_the_fields_of_the_real_ones(agency: Agency, tmp_path: Path) -> None:
    first, second = (profile.id for profile in agency.params.profiles)
    smartlead = received(agency, "smartlead", agency.smartlead_accounts[0], tmp_path / "smartlead")
    replies = [one for one in map(body, smartlead) if one["event_type"] == "EMAIL_REPLY"]
    assert replies
    assert all(set(one) >= SMARTLEAD for one in replies)
    sent = [
        one
        for one in map(body, received(agency, "salesforge", "agency", tmp_path / "salesforge"))
        if one["webhookInfo"]["type"] == "email_sent"
    ]
    assert sent
    assert all(set(one) == SALESFORGE for one in sent)
    batches = received(agency, "hubspot", first, tmp_path / "hubspot")
    assert all(0 < len(body(one)) <= 100 and set(body(one)[0]) >= HUBSPOT for one in batches)
    pipedrive = [body(one) for one in received(agency, "pipedrive", second, tmp_path / "pipedrive")]
    assert all(
        isinstance(one["meta"]["entity_id"], str) and set(one) == {"meta", "data", "previous"}
        for one in pipedrive
    )


def test_some_come_twice_and_none_is_lost_between_nights(agency: Agency, tmp_path: Path) -> None:
    account = agency.smartlead_accounts[0]
    by_night = received(agency, "smartlead", account, tmp_path / "nights")
    end = View(agency, agency.params.start + timedelta(days=33))
    assert write_webhooks(end, "smartlead", account, tmp_path / "once") == len(by_night)
    raws = [json.dumps(body(envelope)) for envelope in by_night]
    assert len(set(raws)) < len(raws)
