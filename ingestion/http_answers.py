"""What a provider's HTTP answers say beside their records: how long to wait, what is left, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ingestion.values import Json

if TYPE_CHECKING:
    import httpx

REMAINING = "x-daily-ratelimit-token-remaining"
"""What Pipedrive says is left of the day's budget; 0 beside a 429: waiting does not help tonight."""


def provider_now(response: httpx.Response, now: datetime) -> datetime:
    """Return what the provider's clock showed, ours where it did not: moments to wait for are by that one."""
    try:
        shown = parsedate_to_datetime(str(response.headers.get("date")))
    except ValueError:
        return now
    return shown if shown.tzinfo else shown.replace(tzinfo=UTC)


def remaining_of(headers: Mapping[str, str]) -> int | None:
    """Return how much an answer says is left of the day: tokens (Pipedrive) or requests (Salesforce)."""
    if (left := headers.get(REMAINING, "")).isdigit():
        return int(left)
    used, _, allowed = headers.get("sforce-limit-info", "").partition("api-usage=")[2].partition("/")
    allowed = allowed.partition(";")[0].strip()  # a connected app's own usage may follow
    return int(allowed) - int(used) if used.isdigit() and allowed.isdigit() else None


def is_quota(response: httpx.Response, said: str) -> bool:
    """Say whether a 403 is no refusal of the key: Salesforce's daily limit, or the page of a gateway.

    Gateways answer in HTML; they block callers for a while who do not heed a provider's 429.
    """
    return said == "an HTML page" or "REQUEST_LIMIT_EXCEEDED" in response.text


def wait_asked_for(response: httpx.Response, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait, in a header or its body; None: it does not say."""
    header = response.headers.get("retry-after")
    if header:
        return _retry_after(header, now)
    body = _body(response)
    policy = f"{body.get('policyName', '')} {body.get('message', '')}".lower()
    if "ten_secondly" in policy:
        return 10.0
    if "secondly" in policy:
        return 1.0
    error = body.get("error")
    seconds = error.get("retry_after") if isinstance(error, dict) else body.get("retry_after_seconds")
    if isinstance(seconds, int | float):
        return float(seconds)
    reset = response.headers.get("x-ratelimit-reset")
    return _reset(reset, now) if reset else None


def _retry_after(header: str, now: datetime) -> float | None:
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _reset(header: str, now: datetime) -> float | None:
    """Read x-ratelimit-reset: seconds to go, or the moment as seconds or milliseconds since 1970."""
    try:
        value = float(header)
    except ValueError:
        return _retry_after(header, now)
    if value > 1e11:
        value /= 1000
    return max(0.0, value - now.timestamp()) if value > 1e9 else max(0.0, value)


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    if isinstance(found, list) and len(found) == 1:  # as Salesforce wraps its errors
        found = found[0]
    return found if isinstance(found, dict) else {}


def message_of(response: httpx.Response) -> str:
    """Return what an error answer says, in at most 200 characters; HTML pages are named, not quoted."""
    body: Json = _body(response)
    for key in ("message", "error_message", "error"):
        value = body.get(key)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value.strip():
            return _unwrapped(value)[:200]
    text = response.text.strip()
    if text.startswith("<"):
        return "an HTML page"
    return " ".join(text.split())[:200] or "no message"


def _unwrapped(text: str) -> str:
    """Apollo nests a JSON document in `message`; return what it says."""
    try:
        inner = json.loads(text)
    except ValueError:
        return " ".join(text.split())
    found = inner.get("message") if isinstance(inner, dict) else None
    return " ".join(str(found or text).split())
