"""Signatures: what the provider signed is verified, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.signatures import Receipt, WrongSignatureError, verify

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BODY = '{"event_type": "EMAIL_OPEN", "name": "Zoë"}'.encode()
SECRETS = ("old-secret", "whsec_new")
URI = "https://hooks.example/hubspot?client=acme%2Fone"


def _digest(content: bytes, secret: str = SECRETS[1]) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def signed(source: str, at: datetime = AT) -> Receipt:
    """Return BODY as `source` would have sent it at `at`."""
    time = int(at.timestamp())
    headers = {
        "smartlead": {"x-smartlead-signature": f"sha256={_digest(BODY).hex()}"},
        "salesforge": {
            "x-salesforgeai-webhook-event-id": "wh_1",
            "x-salesforgeai-webhook-signature": f"t={time},v1={'0' * 64},v1="
            + _digest(f"wh_1.{time}.".encode() + BODY).hex(),
        },
        "hubspot": {
            "x-hubspot-request-timestamp": f"{time}000",
            "x-hubspot-signature-v3": base64.b64encode(
                _digest(f"POST{URI.replace('%2F', '/')}".encode() + BODY + f"{time}000".encode())
            ).decode(),
        },
    }
    return Receipt(BODY, headers[source], AT, "post", URI)


@pytest.mark.parametrize("source", ["smartlead", "salesforge", "hubspot"])
def test_what_the_provider_signed_is_verified_and_nothing_else(source: str) -> None:
    receipt = signed(source)
    assert verify(source, receipt, {}, SECRETS) is True
    assert verify(source, receipt, {}, ()) is None, "without a secret there is nothing to verify by"
    assert verify(source, Receipt(BODY), {}, SECRETS) is False, "without a signature it is not verified"
    for wrong in (replace(receipt, body=BODY + b" "), signed(source)):
        with pytest.raises(WrongSignatureError, match="does not match; check webhook_secret_env"):
            verify(source, wrong, {}, SECRETS if wrong.body != BODY else ("another",))


@pytest.mark.parametrize("source", ["salesforge", "hubspot"])
def test_a_signature_that_is_old_is_refused(source: str) -> None:
    assert verify(source, signed(source, AT - timedelta(seconds=300)), {}, SECRETS) is True
    for at in (AT - timedelta(seconds=301), AT + timedelta(seconds=301)):
        with pytest.raises(WrongSignatureError, match="was made 301 s from the receipt, more than 300"):
            verify(source, signed(source, at), {}, SECRETS)
    unknown = replace(signed(source), received_at=None)
    assert verify(source, unknown, {}, SECRETS) is False, "nobody knows how old it is"


def test_hubspots_needs_the_address_that_was_called() -> None:
    assert verify("hubspot", replace(signed("hubspot"), uri=None), [], SECRETS) is False
    with pytest.raises(WrongSignatureError):
        verify("hubspot", replace(signed("hubspot"), uri="https://hooks.example/"), [], SECRETS)


def test_older_webhooks_of_smartlead_carry_the_secret_itself() -> None:
    assert verify("smartlead", Receipt(), {"secret_key": "old-secret"}, SECRETS) is True
    assert verify("smartlead", Receipt(), {"secret_key": "old-secret"}, ()) is None
    with pytest.raises(WrongSignatureError, match="secret_key does not match"):
        verify("smartlead", Receipt(), {"secret_key": "größer"}, SECRETS)


@pytest.mark.parametrize("source", ["apollo", "instantly", "pipedrive"])
def test_others_do_not_sign(source: str) -> None:
    assert verify(source, Receipt(BODY), {}, SECRETS) is None
