"""A receiver of webhooks: writes down what the providers would have sent, some of it twice, in no order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sandbox.keys import WEBHOOK_SECRET
from sandbox.model import Json, iso
from sandbox.view import View
from sandbox.webhook_bodies import Event, hubspot_events, pipedrive_events, sender_events

SENDERS = ("smartlead", "instantly", "salesforge")
URL = "https://hooks.example/"
TWICE = 0.15
"""Share of the webhooks that come twice, as the receiver's answer was too late."""

BATCH = 100
"""HubSpot sends so many events at once at most."""

LINES = 200
"""How many webhooks a file of lines holds; the last ones of a night are written one a file."""


def write_webhooks(
    view: View, provider: str, account: str, folder: Path, since: datetime | None = None
) -> int:
    """Write down the webhooks that an account received after `since` until the view's moment.

    account: as in winnow.yml. Returns how many were written, copies included.
    """
    after, until = iso(since) if since else "", iso(view.as_of)
    received = _envelopes(view, provider, account)
    new = [envelope for envelope in received if after < envelope["received_at"] <= until]
    Random(f"{view.agency.params.seed} {provider} {account} {until}").shuffle(new)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{view.as_of:%Y%m%dT%H%M%S}"
    whole = len(new) // LINES * LINES
    for start in range(0, whole, LINES):
        lines = (json.dumps(envelope) + "\n" for envelope in new[start : start + LINES])
        (folder / f"{name}-{start:06d}.jsonl").write_text("".join(lines), encoding="utf-8")
    for number, envelope in enumerate(new[whole:]):
        (folder / f"{name}-{whole + number:06d}.json").write_text(json.dumps(envelope), encoding="utf-8")
    return len(new)


def _envelopes(view: View, provider: str, account: str) -> Iterator[Json]:
    """Yield every webhook as the receiver writes it down; what chance decides hangs on the webhook alone."""
    for events in _sent(view, provider, account):
        body = [event.body for event in events] if provider == "hubspot" else events[0].body
        raw = json.dumps(body)
        rng = Random(f"{view.agency.params.seed} {raw}")
        received_at = max(event.at for event in events) + timedelta(seconds=rng.uniform(1, 30))
        times = [received_at]
        if rng.random() < TWICE:
            times.append(received_at + timedelta(minutes=rng.randint(1, 40)))
        for at in times:
            is_base64 = rng.random() < 0.1
            yield {
                "received_at": iso(at),
                "method": "POST",
                "uri": f"{URL}{provider}",
                "headers": {"Content-Type": "application/json", **_signed(provider, raw, at, events[0])},
                "raw_body": base64.b64encode(raw.encode()).decode() if is_base64 else raw,
                **({"is_base64": True} if is_base64 else {}),
            }


def _sent(view: View, provider: str, account: str) -> Iterator[Sequence[Event]]:
    """Yield what goes into one request each."""
    if provider in SENDERS:
        yield from ([event] for event in sender_events(view, provider, account))
        return
    client = next(i for i, profile in enumerate(view.agency.params.profiles) if profile.id == account)
    if provider == "pipedrive":
        yield from ([event] for event in pipedrive_events(view, client))
        return
    by_day: dict[str, list[Event]] = {}
    for event in sorted(hubspot_events(view, client), key=lambda event: event.at):
        by_day.setdefault(f"{event.at:%Y%m%d}", []).append(event)
    for events in by_day.values():
        yield from (events[start : start + BATCH] for start in range(0, len(events), BATCH))


def _signed(provider: str, raw: str, at: datetime, event: Event) -> dict[str, str]:
    """Return the headers by which the provider says that it sent this."""
    if provider == "smartlead":
        return {"X-Smartlead-Signature": "sha256=" + _hex(raw)}
    if provider == "salesforge":
        time = int(at.timestamp())
        return {
            "X-SalesforgeAI-Webhook-Event-ID": event.event_id,
            "X-SalesforgeAI-Webhook-Signature": f"t={time},v1={_hex(f'{event.event_id}.{time}.{raw}')}",
        }
    if provider == "hubspot":
        stamp = str(int(at.timestamp() * 1000))
        content = f"POST{URL}hubspot{raw}{stamp}".encode()
        digest = hmac.new(WEBHOOK_SECRET.encode(), content, hashlib.sha256).digest()
        return {
            "X-HubSpot-Request-Timestamp": stamp,
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        }
    return {}


def _hex(text: str) -> str:
    return hmac.new(WEBHOOK_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
