"""The providers' rate limits, with windows that shrink as the sandbox's clock runs faster."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, isinf

Clock = Callable[[], float]
"""Seconds that only ever grow."""


@dataclass(frozen=True)
class Limit:
    """At most `calls` requests in `seconds` (of the provider's time); name: the provider's."""

    name: str
    calls: int
    seconds: float


APOLLO_LIMITS: dict[str, tuple[Limit, ...]] = {
    "mixed_people/api_search": (
        Limit("minute", 200, 60),
        Limit("hour", 6000, 3600),
        Limit("day", 50_000, 86_400),
    ),
    "mixed_people/search": (Limit("minute", 200, 60), Limit("hour", 600, 3600), Limit("day", 6000, 86_400)),
    "people/bulk_match": (
        Limit("minute", 1000, 60),
        Limit("hour", 6000, 3600),
        Limit("day", 50_000, 86_400),
    ),
    "organizations/bulk_enrich": (
        Limit("minute", 200, 60),
        Limit("hour", 6000, 3600),
        Limit("day", 50_000, 86_400),
    ),
    "organizations/job_postings": (
        Limit("minute", 200, 60),
        Limit("hour", 6000, 3600),
        Limit("day", 50_000, 86_400),
    ),
    "webhook_result": (Limit("minute", 200, 60), Limit("hour", 6000, 3600), Limit("day", 50_000, 86_400)),
}
"""Fixed windows per endpoint and team."""

SMARTLEAD_LIMITS = (Limit("burst", 10, 2), Limit("minute", 60, 60))
"""Rolling windows per key."""

INSTANTLY_LIMITS = (Limit("second", 100, 1), Limit("minute", 6000, 60))
INSTANTLY_EMAILS_LIMIT = (Limit("emails", 20, 60),)
"""Rolling windows per workspace: listing e-mails has one of its own."""

HUBSPOT_SEARCH_LIMIT = Limit("secondly", 5, 1)
HUBSPOT_LIMIT = Limit("ten_secondly_rolling", 100, 10)
"""Rolling windows per portal: searches have one of their own and do not count in the other."""

PIPEDRIVE_LIMIT = Limit("burst", 20, 2)
PIPEDRIVE_TOKENS = Limit("day", 30_000, 86_400)
"""A rolling window of requests per token, and a day's budget of tokens per company."""

SALESFORCE_LIMIT = Limit("day", 100_000, 86_400)
"""Requests of an organization in a day."""


@dataclass(frozen=True)
class Decision:
    """Whether a request may pass. broken: the limit in its way; wait: seconds of our time until it may.

    usage: requests so far in each of the limits' windows, this one included if it passed.
    """

    broken: Limit | None
    wait: float
    usage: tuple[int, ...]

    @property
    def retry_after(self) -> int:
        """Seconds to wait, as whole seconds and at least one, as headers and bodies give it."""
        return max(1, ceil(self.wait))


class FixedWindows:
    """Counters that start anew with every window, as Apollo's."""

    def __init__(self, limits: Sequence[Limit], speed: float, clock: Clock) -> None:
        """speed: how many times faster than in reality windows pass."""
        self._limits = tuple(limits)
        self._speed = speed
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = [0] * len(self._limits)
        self._windows = [-1] * len(self._limits)

    def take(self, weight: int = 1) -> Decision:
        """Count one request, or `weight` of what is counted instead; a refused one does not count."""
        if isinf(self._speed):
            return Decision(None, 0.0, (0,) * len(self._limits))
        with self._lock:
            now = self._clock() * self._speed
            for i, limit in enumerate(self._limits):
                window = int(now // limit.seconds)
                if window != self._windows[i]:
                    self._windows[i], self._counts[i] = window, 0
            for i, limit in enumerate(self._limits):
                if self._counts[i] + weight > limit.calls:
                    wait = ((self._windows[i] + 1) * limit.seconds - now) / self._speed
                    return Decision(limit, wait, tuple(self._counts))
            self._counts = [count + weight for count in self._counts]
            return Decision(None, 0.0, tuple(self._counts))


class RollingWindows:
    """The requests of the last seconds, as Smartlead and HubSpot count them."""

    def __init__(self, limits: Sequence[Limit], speed: float, clock: Clock) -> None:
        """speed: how many times faster than in reality windows pass."""
        self._limits = tuple(limits)
        self._speed = speed
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: list[deque[float]] = [deque() for _ in self._limits]

    def take(self) -> Decision:
        """Count one request; a refused one does not count."""
        with self._lock:
            now = self._clock()
            for limit, taken in zip(self._limits, self._taken, strict=True):
                while taken and now - taken[0] >= limit.seconds / self._speed:
                    taken.popleft()
            usage = tuple(len(taken) for taken in self._taken)
            for limit, taken in zip(self._limits, self._taken, strict=True):
                if len(taken) >= limit.calls:
                    return Decision(limit, taken[0] + limit.seconds / self._speed - now, usage)
            for taken in self._taken:
                taken.append(now)
            return Decision(None, 0.0, tuple(count + 1 for count in usage))
