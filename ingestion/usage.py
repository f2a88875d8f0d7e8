"""What an account's requests cost, by endpoint: calls, refusals, retries, bytes, waits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

THROTTLED_SHARE = 0.01
"""Of all requests; from here on a person should know, since every refused one is a wait."""

_VERSION = re.compile(r"v\d+(\.\d+)?|\d{4}-\d{2}")
LONGEST_NAME = 30
"""Characters; a longer part of a path is no name."""


@dataclass
class Calls:
    """Requests and what became of them.

    requests: sent, retries among them. refused: answered with a status 4xx, throttled ones apart; failed:
    with 5xx; unanswered: not at all, or not to the end. waited_seconds: for limits and before retries.
    """

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    refused: int = 0
    failed: int = 0
    unanswered: int = 0
    bytes_received: int = 0
    waited_seconds: float = 0.0


@dataclass
class Usage(Calls):
    """All of an account's requests. endpoints: those of each one."""

    endpoints: dict[str, Calls] = field(default_factory=dict)

    def count(
        self,
        endpoint: str,
        *,
        requests: int = 0,
        retries: int = 0,
        throttled: int = 0,
        refused: int = 0,
        failed: int = 0,
        unanswered: int = 0,
        bytes_received: int = 0,
        waited_seconds: float = 0.0,
    ) -> None:
        """Add to what the endpoint and the account have cost so far."""
        for calls in (self, self.endpoints.setdefault(endpoint, Calls())):
            calls.requests += requests
            calls.retries += retries
            calls.throttled += throttled
            calls.refused += refused
            calls.failed += failed
            calls.unanswered += unanswered
            calls.bytes_received += bytes_received
            calls.waited_seconds += waited_seconds

    @property
    def is_throttled(self) -> bool:
        """Say whether so many requests were refused for their rate that a person should know."""
        return self.throttled > 0 and self.throttled >= THROTTLED_SHARE * self.requests


def endpoint_of(method: str, path: str) -> str:
    """Return the endpoint of a request: its path with ids as `{id}`, without host and query.

    `GET /campaigns/372/leads?api_key=…` → `GET /campaigns/{id}/leads`.
    """
    parts = urlsplit(path).path.split("/")
    return f"{method} {'/'.join('{id}' if _is_id(part) else part for part in parts)}"


def _is_id(part: str) -> bool:
    has_digit = any(character.isdigit() for character in part)
    return (has_digit and not _VERSION.fullmatch(part)) or "@" in part or len(part) > LONGEST_NAME
