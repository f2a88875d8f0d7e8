"""Signatures of webhooks: whether a body was sent by the provider, by the secret that both know."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.values import Json

TOLERANCE_SECONDS = 300.0
"""How far the time in a signature may be from the time of receipt; an old one may have been recorded."""

HUBSPOT_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(",
    "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
"""What HubSpot decodes in the address before it signs it."""


class WrongSignatureError(Exception):
    """The body was not signed with the account's secret, or long before it came; the message says which."""


@dataclass(frozen=True)
class Receipt:
    """A webhook as it was received.

    body: the bytes that were signed. headers: names in lower case. received_at: UTC. method, uri: of the
    request. Those that the receiver did not write down are empty or None.
    """

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None
    method: str | None = None
    uri: str | None = None


def verify(source: str, receipt: Receipt, body: Json, secrets: Sequence[str]) -> bool | None:
    """Say whether the provider signed the body; None where there is nothing to verify by.

    body: what the bytes hold. secrets: any of them may have signed. False: a secret is there, but no
    signature that it could verify. Raises WrongSignatureError.
    """
    check = CHECKS.get(source)
    return check(receipt, body, secrets) if check and secrets else None


def _smartlead(receipt: Receipt, body: Json, secrets: Sequence[str]) -> bool:
    """Newer webhooks sign the body in a header; older ones carry the secret itself in the body."""
    given = receipt.headers.get("x-smartlead-signature")
    if given is not None and receipt.body:
        wanted = ("sha256=" + _digest(secret, receipt.body).hex() for secret in secrets)
        return _matches(given.lower(), wanted, "X-Smartlead-Signature")
    secret = body.get("secret_key") if isinstance(body, dict) else None
    return _matches(secret, secrets, "secret_key") if isinstance(secret, str) and secret else False


def _salesforge(receipt: Receipt, body: Json, secrets: Sequence[str]) -> bool:
    """`t=…,v1=…` signs the event's id, the time in seconds and the body; v1 may stand there several times."""
    name = "X-SalesforgeAI-Webhook-Signature"
    given = receipt.headers.get(name.lower())
    event_id = receipt.headers.get("x-salesforgeai-webhook-event-id")
    if given is None or event_id is None or receipt.received_at is None:
        return False
    parts = [part.strip().partition("=") for part in given.split(",")]
    time = next((value for key, _, value in parts if key == "t"), "")
    content = f"{event_id}.{time}.".encode() + receipt.body
    wanted = [_digest(secret, content).hex() for secret in secrets]
    found = [value for key, _, value in parts if key == "v1"]
    if not any(_is_same(value.lower(), one) for value in found for one in wanted):
        raise WrongSignatureError(f"{name} does not match; check webhook_secret_env")
    _in_time(name, time, 1.0, receipt.received_at)
    return True


def _hubspot(receipt: Receipt, body: Json, secrets: Sequence[str]) -> bool:
    """Version 3 signs method, address, body and the time in milliseconds."""
    name = "X-HubSpot-Signature-v3"
    given = receipt.headers.get(name.lower())
    time = receipt.headers.get("x-hubspot-request-timestamp")
    if None in (given, time, receipt.received_at, receipt.method, receipt.uri):
        return False
    uri = str(receipt.uri)
    for code, plain in HUBSPOT_DECODED.items():
        uri = uri.replace(code, plain).replace(code.lower(), plain)
    content = f"{str(receipt.method).upper()}{uri}".encode() + receipt.body + str(time).encode()
    wanted = (base64.b64encode(_digest(secret, content)).decode() for secret in secrets)
    _matches(str(given), wanted, name)
    _in_time(name, str(time), 1000.0, receipt.received_at)
    return True


def _digest(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def _is_same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing about where the two differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _matches(given: str, wanted: Iterable[str], name: str) -> bool:
    if not any(_is_same(given, one) for one in wanted):
        raise WrongSignatureError(f"{name} does not match; check webhook_secret_env")
    return True


def _in_time(name: str, time: str, per_second: float, received_at: datetime | None) -> None:
    """Refuse a signature that was made long before, or after, the webhook was received."""
    seconds = int(time) / per_second if time.isdecimal() and len(time) < 16 else None
    if seconds is None or received_at is None:
        raise WrongSignatureError(f"{name} has no time that can be read")
    apart = abs(received_at.timestamp() - seconds)
    if apart > TOLERANCE_SECONDS:
        raise WrongSignatureError(
            f"{name} was made {apart:.0f} s from the receipt, more than {TOLERANCE_SECONDS:.0f}"
        )


CHECKS: dict[str, Callable[[Receipt, Json, Sequence[str]], bool]] = {
    "smartlead": _smartlead,
    "salesforge": _salesforge,
    "hubspot": _hubspot,
}
"""The providers that sign. Apollo, Instantly and Pipedrive do not."""

SIGNING = tuple(CHECKS)
