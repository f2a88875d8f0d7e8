"""Rate limits kept on our side, so that the provider's are hardly ever met."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.accounts import Account

MARGIN = 0.02
"""Windows are taken so much longer than documented: a provider sees our calls later than we send them."""

JITTER_SECONDS = 0.05
"""By how much later, short windows included: one that is 2 % longer than a second would often be missed."""

MOST_MARGIN = 0.1
"""But never more of the window than this."""


@dataclass(frozen=True)
class Limit:
    """At most `calls` requests in any `seconds` seconds.

    path: only requests whose path ends so, and for them instead of the limits without a path.
    """

    calls: int
    seconds: float
    path: str = ""

    @property
    def window(self) -> float:
        """Seconds in which the calls are sent, so that they arrive in no fewer than `seconds`."""
        return self.seconds * (1 + max(MARGIN, min(MOST_MARGIN, JITTER_SECONDS / self.seconds)))


def limits_of(account: Account, documented: Sequence[Limit]) -> list[Limit]:
    """Return the limits that winnow.yml gives an account, else those that its provider documents."""
    given = [Limit(limit.calls, limit.seconds, limit.path) for limit in account.rate_limits]
    return given or list(documented)


class Limiter:
    """Lets requests through as fast as all limits of one account allow; safe to share between threads.

    It remembers when the last `calls` requests of each limit went out, so that no window of `seconds`,
    wherever it begins, holds more of them: right for fixed windows and for rolling ones.
    """

    def __init__(
        self, limits: Sequence[Limit], *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        """Start with nothing sent. clock: seconds, monotonic."""
        self._windows = [(limit, deque[float](maxlen=limit.calls)) for limit in limits]
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def acquire(self, path: str = "") -> float:
        """Wait until one more request to `path` may go out, note it, and return the seconds waited."""
        with self._lock:
            special = [window for window in self._windows if window[0].path and path.endswith(window[0].path)]
            windows = special or [window for window in self._windows if not window[0].path]
            now = self._clock()
            start = now
            for limit, sent in windows:
                if len(sent) == limit.calls:
                    start = max(start, sent[0] + limit.window)
            for _, sent in windows:
                sent.append(start)
        if start > now:
            self._sleep(start - now)
        return start - now


class Budget:
    """What a provider lets us spend in a day, in its own unit: every request costs some of it.

    It is not waited for, as limits are: what it does not allow is left to the next run.
    """

    def __init__(self, allowed: int, cost: Callable[[str], int]) -> None:
        """Start with nothing spent. cost: of a request to a path."""
        self.spent = 0
        self.left = allowed
        self._cost = cost
        self._lock = threading.Lock()

    def affords(self, path: str) -> bool:
        """Say whether one more request to `path` may go out."""
        return self._cost(path) <= self.left

    def take(self, path: str) -> bool:
        """Spend what a request to `path` costs; False, with nothing spent, where that is too much."""
        with self._lock:
            cost = self._cost(path)
            if cost > self.left:
                return False
            self.spent += cost
            self.left -= cost
            return True

    def told(self, remaining: int) -> None:
        """Take the provider's word for how much is left, where it is less: others spend of it, too."""
        with self._lock:
            self.left = min(self.left, max(0, remaining))
