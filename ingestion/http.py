"""One HTTP client for all providers: limits, waits, retries, redaction, counts."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ingestion.errors import LoadError, TerminalError, TransientError
from ingestion.http_answers import (
    REMAINING,
    is_quota,
    message_of,
    provider_now,
    remaining_of,
    wait_asked_for,
)
from ingestion.limits import Budget, Limit, Limiter
from ingestion.secrets import without_secret_fields
from ingestion.usage import Usage, endpoint_of
from ingestion.values import Json

if TYPE_CHECKING:
    import httpx
    import tenacity

logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold whole URLs, and some of these a key

TIMEOUT_SECONDS = 60.0
ATTEMPTS = 6
MAX_BACKOFF_SECONDS = 60.0
MAX_WAIT_SECONDS = 2 * 3600.0
"""A provider that asks for more is late tonight: its account fails as transient and the next run goes on."""

TERMINAL_HINTS = {
    400: "the request was refused",
    401: "check the key that api_key_env names",
    402: "the plan is not paid or does not include this",
    403: "give the key the scope it needs",
    404: "check base_url and the id",
    409: "the provider sees a conflict",
    410: "the answer is gone",
    422: "the parameters were refused; check the filters in winnow.yml",
    530: "the token is malformed; check the key that api_key_env names",
}


@dataclass
class Timing:
    """The clocks and the sleep that a client uses; tests put their own."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class ProviderClient:
    """Speaks JSON to one account of one provider."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        secret: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        limits: Sequence[Limit] = (),
        timing: Timing | None = None,
        timeout: float | None = None,
        throttled_wait: float | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Open a connection pool.

        name: how errors call the account, e.g. `hubspot account acme`. secret: is cut out of every message.
        headers, params: go with every request (the key in one of them). throttled_wait: seconds to wait after
        a 429 that does not say how long; None: exponentially longer. budget: what a day allows.
        """
        import httpx

        self.name = name
        self.usage = Usage()
        self.attempts = ATTEMPTS
        self.budget = budget
        self._secrets = {secret}
        self._timing = timing or Timing()
        self._limiter = Limiter(limits, clock=self._timing.clock, sleep=self._timing.sleep)
        self._params = dict(params or {})
        self._log_in_again: Callable[[], None] | None = None
        self._throttled_wait = throttled_wait
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"),
            headers={"Accept": "application/json", "User-Agent": "winnow", **(headers or {})},
            timeout=TIMEOUT_SECONDS if timeout is None else timeout,
            follow_redirects=True,
        )

    def __enter__(self) -> ProviderClient:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        """GET `path` and return its JSON; raises TerminalError or TransientError."""
        return self.request("GET", path, params=params)

    def post(
        self,
        path: str,
        body: Json,
        params: Mapping[str, Any] | None = None,
        *,
        idempotent: bool = True,
    ) -> Json:
        """POST `body` as JSON and return the answer's JSON; raises TerminalError or TransientError.

        idempotent: False for requests that are billed again when repeated; they are only tried again when the
        provider said that it did not carry them out (429) or could not be reached at all.
        """
        return self.request("POST", path, params=params, body=body, idempotent=idempotent)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Json = None,
        idempotent: bool = True,
    ) -> Json:
        """Send one request, again where that may help, and return its JSON."""
        found: Json = self._retrying(idempotent, method, path)(self._once, method, path, params, body)
        return found

    def text(
        self, path: str, params: Mapping[str, Any] | None = None, *, accept: str
    ) -> tuple[str, Mapping[str, str]]:
        """GET `path` and return its text and its headers; raises TerminalError or TransientError.

        accept: the content type; an answer of another one, such as a gateway's page, is asked for again.
        """
        answer: httpx.Response = self._retrying(True, "GET", path)(self._accepted, path, params, accept)
        return answer.text, answer.headers

    def log_in(self, path: str, grant: Mapping[str, str]) -> None:
        """Exchange `grant` (OAuth 2.0, as a form) for every later request's token, anew when it expires."""
        self._secrets |= {grant["client_secret"]}
        answer = self._retrying(True, "POST", path)(self._once, "POST", path, None, None, grant)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not token:
            raise TransientError(self._line(f"{path}: expected a token in the answer, got none"))
        self._secrets |= {str(token)}
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._log_in_again = lambda: self.log_in(path, grant)

    def pause(self, seconds: float) -> None:
        """Wait for something that the provider is busy with."""
        self.usage.count("(waiting)", waited_seconds=seconds)
        self._timing.sleep(seconds)

    def _retrying(self, idempotent: bool, method: str, path: str) -> tenacity.Retrying:
        import tenacity

        def pause(seconds: float) -> None:
            self.usage.count(endpoint_of(method, path), retries=1, waited_seconds=seconds)
            self._timing.sleep(seconds)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: _worth_another_try(error, idempotent)),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self.attempts),
            sleep=pause,
            reraise=True,
        )

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: object,
        form: Mapping[str, str] | None = None,
    ) -> Json:
        response = self._answered(method, path, params, body, form=form)
        try:
            return self._parsed(path, response)
        except TransientError:
            self.usage.count(endpoint_of(method, path), unanswered=1)
            raise

    def _answered(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: object,
        accept: str = "",
        form: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request once and return its answer; what is no success is raised."""
        response = self._sent(method, path, params, body, accept, form)
        endpoint = endpoint_of(method, path)
        if response.status_code == 401 and form is None and self._log_in_again is not None:
            self.usage.count(endpoint, refused=1)
            self._log_in_again()
            response = self._sent(method, path, params, body, accept, form)
        if response.is_success:
            return response
        raise self._refusal(endpoint, path, response)

    def _sent(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: object,
        accept: str,
        form: Mapping[str, str] | None,
    ) -> httpx.Response:
        """Send one request within the limits and the budget, and return its answer, whatever it is."""
        import httpx

        if self.budget is not None and not self.budget.take(path):
            line = f"{path}: the day's budget is spent; the next run goes on"
            raise TransientError(self._line(line), retry=False)
        endpoint = endpoint_of(method, path)
        self.usage.count(endpoint, requests=1, waited_seconds=self._limiter.acquire(path))
        query = {**self._params, **{key: value for key, value in (params or {}).items() if value is not None}}
        try:
            headers = {"Accept": accept} if accept else None
            response = self._http.request(method, path, params=query, json=body, data=form, headers=headers)
        except httpx.ConnectError as error:
            self.usage.count(endpoint, unanswered=1)
            raise NotSentError(self._line(f"{path}: cannot connect ({_kind(error)})")) from None
        except httpx.HTTPError as error:
            self.usage.count(endpoint, unanswered=1)
            raise TransientError(self._line(f"{path}: no whole answer ({_kind(error)})")) from None
        self.usage.count(endpoint, bytes_received=len(response.content))
        if self.budget is not None and (left := remaining_of(response.headers)) is not None:
            self.budget.told(left)
        return response

    def _accepted(self, path: str, params: Mapping[str, Any] | None, accept: str) -> httpx.Response:
        response = self._answered("GET", path, params, None, accept)
        kind = response.headers.get("content-type", "").partition(";")[0].strip() or "no content type"
        if kind != accept:
            raise TransientError(self._line(f"{path}: {kind} instead of {accept}"))
        return response

    def _parsed(self, path: str, response: httpx.Response) -> Json:
        if not response.content.strip():
            return {}
        try:
            return json.loads(response.content, parse_constant=lambda _: None)
        except ValueError:
            what = "HTML" if response.content.lstrip()[:1] == b"<" else "truncated JSON"
            raise TransientError(self._line(f"{path}: {what} instead of JSON")) from None

    def _refusal(self, endpoint: str, path: str, response: httpx.Response) -> LoadError:
        status = response.status_code
        said = message_of(response)
        line = f"{path}: HTTP {status}"
        is_throttled = status == 429 or (status == 403 and is_quota(response, said))
        self.usage.count(
            endpoint,
            throttled=int(is_throttled),
            refused=int(status < 500 and not is_throttled),
            failed=int(status >= 500),
        )
        if status == 429:
            wait = wait_asked_for(response, provider_now(response, self._timing.now()))
            wait = self._throttled_wait if wait is None else wait
            daily = "daily" in said.lower() or response.headers.get(REMAINING) == "0"
            retry = not daily and (wait is None or wait <= MAX_WAIT_SECONDS)
            hint = "" if retry else "; the quota is used up, the next run goes on"
            return TransientError(self._line(f"{line}, rate limit: {said}{hint}"), wait=wait, retry=retry)
        if status in (408, 425) or (status >= 500 and status not in TERMINAL_HINTS):
            wait = wait_asked_for(response, provider_now(response, self._timing.now()))
            return TransientError(self._line(f"{line}: {said}"), wait=wait)
        if is_throttled:
            hint = "; the quota is used up or the address is blocked, the next run goes on"
            return TransientError(self._line(f"{line}, rate limit: {said}{hint}"), retry=False)
        hint = TERMINAL_HINTS.get(status, "it was refused")
        return TerminalError(self._line(f"{line}: {said}; {hint}"), status=status)

    def _line(self, text: str) -> str:
        """Return `text` as one line under the account's name, without the secret in any form."""
        from urllib.parse import quote, quote_plus

        line = without_secret_fields(" ".join(f"{self.name}: {text}".split()))
        for secret in self._secrets - {""}:
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                line = line.replace(form, "***")
        return line


class NotSentError(TransientError):
    """No connection was made, so nothing was carried out and nothing was billed."""


def _worth_another_try(error: BaseException, idempotent: bool) -> bool:
    if not isinstance(error, TransientError) or not error.retry:
        return False
    return idempotent or isinstance(error, NotSentError) or ", rate limit: " in str(error)


def _wait(state: tenacity.RetryCallState) -> float:
    """Wait as long as the provider asked, else exponentially longer, with jitter in either case."""
    import random

    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, TransientError) else None
    if asked is not None:
        return asked + random.uniform(0, min(1.0, 0.05 * asked + 0.05))
    return float(random.uniform(0.5, 1.0) * min(MAX_BACKOFF_SECONDS, 2.0 ** (state.attempt_number - 1)))


def _kind(error: Exception) -> str:
    return type(error).__name__
