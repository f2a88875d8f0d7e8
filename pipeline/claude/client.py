"""The Message Batches API through its SDK, with errors that say what is certain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch

    from pipeline.claude.settings import ClaudeSettings

TIMEOUT_SECONDS = 120.0
BUSY_WAITS = (5.0, 20.0, 60.0)
"""Seconds to wait before a batch is offered again to a service that is busy and does not say for how long."""

LONGEST_WAIT = 120.0
PAGE = 100
_BUSY = (429, 529)
_TRANSIENT = (408, 409, *_BUSY)


class ClaudeError(Exception):
    """The service cannot be asked; the message is one line."""


class UnreachableError(ClaudeError):
    """It did not answer, or with trouble that may pass; what was asked for may have happened or not."""


class RefusedError(ClaudeError):
    """It said no: whatever was asked for has not happened."""


class BusyError(RefusedError):
    """It said no for now."""


class GoneError(ClaudeError):
    """It knows nothing of a batch under this key, or no longer has its results."""


@dataclass(frozen=True)
class RemoteBatch:
    """A batch as the service tells of it. requests: how many it holds."""

    batch_id: str
    is_ended: bool
    requests: int


class Claude:
    """The service under one key."""

    def __init__(
        self, settings: ClaudeSettings, key: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open a client; nothing is asked yet."""
        import anthropic

        self._sleep = sleep
        self._api = anthropic.Anthropic(api_key=key, base_url=settings.base_url, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Claude:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self._api.close()

    def create(self, requests: Sequence[Mapping[str, Any]]) -> str:
        """Send a batch and return its id; requests: with custom_id and params.

        Never sent again by itself but where the service said that it took nothing. Raises RefusedError when
        it is certain that there is no batch, UnreachableError when it is not.
        """
        api = self._api.with_options(max_retries=0)
        given: Any = list(requests)
        for wait in (*BUSY_WAITS, None):
            try:
                with _errors():
                    return api.messages.batches.create(requests=given).id
            except _HeldError as error:
                seconds = wait if error.seconds is None else error.seconds
                if wait is None or seconds is None or seconds > LONGEST_WAIT:
                    raise BusyError(str(error)) from error
                self._sleep(seconds)
        raise AssertionError("unreachable")

    def batch(self, batch_id: str) -> RemoteBatch:
        """Return how a batch stands. Raises ClaudeError."""
        with _errors():
            return _remote(self._api.messages.batches.retrieve(batch_id))

    def newest(self) -> Iterator[RemoteBatch]:
        """Yield batches from the newest on, whoever made them, as they are listed. Raises ClaudeError."""
        with _errors():
            for batch in self._api.messages.batches.list(limit=PAGE):
                yield _remote(batch)

    def results(self, batch_id: str) -> Iterator[dict[str, Any]]:
        """Yield the results of a batch that has ended, in any order, as they come.

        Raises GoneError when they are no longer kept, UnreachableError when they end in the middle.
        """
        with _errors():
            if self._api.messages.batches.retrieve(batch_id).results_url is None:
                raise GoneError(f"batch {batch_id} has no results any more")
            for line in self._api.messages.batches.results(batch_id):
                yield line.model_dump()

    def check(self) -> None:
        """Try the key at no cost. Raises ClaudeError."""
        with _errors():
            self._api.with_options(max_retries=0).messages.batches.list(limit=1)


class _HeldError(BusyError):
    """Too many requests, or too much work; seconds: how long to wait, where the service says so."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


def _remote(batch: MessageBatch) -> RemoteBatch:
    counts = batch.request_counts
    total = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    return RemoteBatch(batch.id, batch.processing_status == "ended", total)


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what the SDK raises into errors of ours."""
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.NotFoundError as error:
        raise GoneError(_line(error)) from error
    except anthropic.APIStatusError as error:
        if error.status_code in _BUSY:
            raise _HeldError(_line(error), _seconds(error)) from error
        if 400 <= error.status_code < 500 and error.status_code not in _TRANSIENT:
            raise RefusedError(_line(error)) from error
        raise UnreachableError(_line(error)) from error
    except (anthropic.AnthropicError, httpx2.HTTPError, ValueError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):  # nothing was sent
            raise BusyError(f"no connection ({type(cause).__name__})") from error
        raise UnreachableError(f"no whole answer ({type(cause).__name__})") from error


def _line(error: Any) -> str:
    """Return status, kind and a short message."""
    said = " ".join(str(error.api_message or "").split())[:200]
    return f"{error.status_code} {error.type or ''}".strip() + (f": {said}" if said else "")


def _seconds(error: Any) -> float | None:
    """Return how long the service asks to wait."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    return None
