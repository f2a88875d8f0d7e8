"""What the warehouse may get over by itself (a restart, a reader in the way), and how long to wait for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")

LOGGER = logging.getLogger("winnow")

CONNECTION_TROUBLE = (
    "server closed the connection",
    "terminating connection",
    "connection already closed",
    "connection refused",
    "connection reset",
    "could not connect",
    "could not translate host name",
    "could not receive data from server",
    "could not send data to server",
    "ssl connection has been closed",
    "the database system is",
    "no connection to the server",
    "connection to server",
    "conflicting lock",
    "another process has it open",
    "database is locked",
    "deadlock detected",
)
"""What engines and their drivers say when trying again may help; compared in lower case."""

NO_ROOM = (
    "no space left",
    "disk is full",
    "disk full",
    "could not extend file",
    "not enough space",
    "disk quota exceeded",
    "file too large",
)
"""What they say of a disk that is full, or of as much of it as this user may have."""

NEEDS_A_PERSON = ("authentication failed", "does not exist", "permission denied", "pg_hba.conf")
"""What they say beside it when it does not."""


@dataclass(frozen=True)
class Patience:
    """How often a transient failure is tried again; before are waited 1, 4, 16, … times wait_seconds."""

    retries: int = 3
    wait_seconds: float = 2.0
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    def attempt(self, work: Callable[[], Result], on_retry: Callable[[], None] | None = None) -> Result:
        """Return what `work` returns; the last error when it stays transient, any other one at once.

        on_retry: called before each new try.
        """
        import tenacity

        def before_sleep(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            LOGGER.warning("trying again after %s: %s", type(error).__name__, error)
            if on_retry:
                on_retry()

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            stop=tenacity.stop_after_attempt(self.retries + 1),
            wait=tenacity.wait_exponential(multiplier=self.wait_seconds, exp_base=4),
            before_sleep=before_sleep,
            sleep=self.sleep,
            reraise=True,
        )(work)


def is_transient(error: BaseException) -> bool:
    """Say whether an error, or one that it was raised from, is trouble with the connection or a lock."""
    return any(_says_trouble(cause) for cause in _chain(error) if isinstance(cause, Exception))


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error, or one that it was raised from, is that there is no room left."""
    return bool(disk_full_line(error))


def disk_full_line(error: BaseException) -> str:
    """Return what an error, or one that it was raised from, says of there being no room left, or nothing."""
    for cause in _chain(error):
        for line in str(cause).splitlines():
            if any(words in line.lower() for words in NO_ROOM):
                return line.strip()
    return ""


def _says_trouble(error: Exception) -> bool:
    text = str(error).lower()
    if any(words in text for words in NEEDS_A_PERSON):
        return False
    return any(words in text for words in CONNECTION_TROUBLE)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
