"""The Message Batches API of Anthropic (2026-10-21) over the simulated agency."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any

from sandbox.claude_answers import error_body, reply_text, request_id, result
from sandbox.claude_batches import LIFE, Batch, ClaudeBehaviour, Row
from sandbox.claude_readers import Reader, truth_reader
from sandbox.faults import Fault
from sandbox.keys import ANTHROPIC_KEY
from sandbox.model import Json
from sandbox.people import hex_id
from sandbox.web import Request, Response, State, reply_json, whole_number

ERRORS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}
"""Status of an answer by the type of its error."""

VERSIONS = ("2023-06-01", "2026-10-21")
_BATCHES = re.compile(r"v1/messages/batches(?:/(?P<id>[^/]+)(?:/(?P<action>results|cancel))?)?")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ENDPOINTS = {
    ("POST", False, None): "create",
    ("GET", False, None): "list",
    ("GET", True, None): "retrieve",
    ("DELETE", True, None): "delete",
    ("GET", True, "results"): "results",
    ("POST", True, "cancel"): "cancel",
}
"""By method, whether a batch is named, and what of it: under which name a request is answered and counted."""


class Refused(Exception):
    """A request that is refused. error: one of ERRORS."""

    def __init__(self, error: str, message: str) -> None:
        """Say why."""
        super().__init__(message)
        self.error = error


def claude_fault(error: str, **order: Any) -> Fault:
    """Order that requests are answered with an error of the API. error: one of ERRORS; order: of the Fault.

    `claude_fault("api_error", method="POST", is_late=True)`: the batch is made, and its id never told.
    """
    body = json.dumps(error_body(error, "Trouble that was ordered", seed=error)).encode()
    settings: dict[str, Any] = {"status": ERRORS[error], "body": body} | order
    return Fault("anthropic", **settings)


class Claude:
    """Answers requests below /anthropic.

    behaviour: may be set at any time. batches: by id, oldest first, without deleted ones. charges: text →
    how often an answer to it was made and billed.
    """

    def __init__(self, state: State) -> None:
        """Keep the server's state; nothing was asked yet."""
        self.behaviour = ClaudeBehaviour()
        self.batches: dict[str, Batch] = {}
        self.charges: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._made = 0
        self._asked = 0
        self._reader: Reader | None = None
        self._state = state
        self._lock = Lock()

    def end_all(self) -> None:
        """End every batch that is being worked on, as if it had been done by now."""
        with self._lock:
            for batch in self.batches.values():
                if batch.ended_at is None:
                    self._finish(batch)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        match = _BATCHES.fullmatch(request.path)
        name = match and _ENDPOINTS.get((request.method, match["id"] is not None, match["action"]))
        with self._lock:
            self._asked += 1
            seed = f"{self._state.view.agency.params.seed}|request|{self._asked}"
            try:
                _check(request)
                if match is None or name is None:
                    raise Refused("not_found_error", "Not found")
                answer = self._answer(name, request, match["id"])
            except Refused as refused:
                body = error_body(refused.error, str(refused), seed=seed)
                answer = reply_json(ERRORS[refused.error], body)
        headers = {**answer.headers, "request-id": request_id(seed)}
        return replace(answer, headers=headers, endpoint=name or "")

    def _answer(self, name: str, request: Request, batch_id: str | None) -> Response:
        if name == "create":
            return reply_json(200, self._show(self._create(request)))
        if name == "list":
            return reply_json(200, self._list(request))
        batch = self.batches.get(batch_id or "")
        if batch is None:
            raise Refused("not_found_error", f"Message batch {batch_id} not found")
        self._settle(batch, is_poll=name == "retrieve")
        if name == "results":
            return self._results(batch)
        if name == "cancel":
            return reply_json(200, self._show(self._cancel(batch)))
        if name == "delete":
            if batch.ended_at is None:
                raise Refused("invalid_request_error", f"{batch.id} is {batch.status}: cancel it first")
            del self.batches[batch.id]
            return reply_json(200, {"id": batch.id, "type": "message_batch_deleted"})
        return reply_json(200, self._show(batch))

    def _create(self, request: Request) -> Batch:
        """Take a batch in. Only the envelope is checked; what is wrong with a row shows in its result."""
        if len(request.body) > self.behaviour.max_bytes:
            raise Refused("request_too_large", "Request exceeds the maximum allowed number of bytes.")
        requests = _requests(request)
        if len(requests) > self.behaviour.max_requests:
            raise Refused("request_too_large", f"requests: at most {self.behaviour.max_requests} in a batch")
        self._made += 1
        rows: list[Row] = []
        for index, item in enumerate(requests):
            text = reply_text(item["params"])
            self._attempts[text] += 1
            rows.append(Row(index, item["custom_id"], item["params"], text, self._attempts[text]))
        view = self._state.view
        batch_id = f"msgbatch_01{hex_id(view.agency.params, 'batch', self._made, 22)}"
        # a microsecond each keeps them in order, and a batch alive when the sandbox's next night is served
        batch = Batch(batch_id, view.as_of + timedelta(microseconds=self._made), rows)
        self.batches[batch.id] = batch
        return batch

    def _list(self, request: Request) -> Json:
        """Return a page of batches, newest first: after one, or before it, or from the newest on."""
        limit = whole_number(request.first("limit") or 20)
        if limit is None or not 1 <= limit <= 1000:
            raise Refused("invalid_request_error", "limit: Input should be between 1 and 1000")
        batches = list(reversed(self.batches.values()))
        after, before = request.first("after_id"), request.first("before_id")
        for cursor in filter(None, (after, before)):
            if cursor not in self.batches:
                raise Refused("invalid_request_error", f"{cursor} is no batch to start from")
        ids = [batch.id for batch in batches]
        if before:
            newer = batches[: ids.index(before)]
            page, has_more = newer[-limit:], len(newer) > limit
        else:
            older = batches[ids.index(after) + 1 if after else 0 :]
            page, has_more = older[:limit], len(older) > limit
        for batch in page:
            self._settle(batch, is_poll=False)
        return {
            "data": [self._show(batch) for batch in page],
            "has_more": has_more,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }

    def _results(self, batch: Batch) -> Response:
        if batch.ended_at is None or batch.is_archived(self._state.view.as_of):
            raise Refused("not_found_error", f"Message batch {batch.id} has no results")
        lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in batch.results()]
        return Response(200, "".join(f"{line}\n" for line in lines).encode(), "application/x-jsonl")

    def _cancel(self, batch: Batch) -> Batch:
        if batch.ended_at is not None:
            raise Refused("invalid_request_error", f"{batch.id} has ended")
        batch.cancel_initiated_at = batch.cancel_initiated_at or max(self._state.view.as_of, batch.created_at)
        return batch

    def _settle(self, batch: Batch, *, is_poll: bool) -> None:
        """End a batch whose time has come: by cancellation, nights, its 24 hours, or retrieves."""
        if batch.ended_at is not None:
            return
        batch.polls += is_poll
        as_of, nights = self._state.view.as_of, self.behaviour.nights_until_ended
        polls = 0 if batch.cancel_initiated_at else self.behaviour.polls_until_ended
        if nights is not None and (as_of.date() - batch.created_at.date()).days >= nights:
            self._finish(batch)
        elif as_of >= batch.created_at + LIFE:
            self._end(batch, 0, "expired")
        elif is_poll and polls is not None and batch.polls > polls:
            self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        if batch.cancel_initiated_at is None:
            self._end(batch, len(batch.rows))
        else:
            self._end(batch, self.behaviour.done_before_cancel, "canceled")

    def _end(self, batch: Batch, done: int, instead: str = "") -> None:
        """Answer and bill the first `done` rows; the others come to what stands instead."""
        if self.behaviour.reader is None and self._reader is None:
            self._reader = truth_reader(self._state.view.agency)
        reader = self.behaviour.reader or self._reader
        assert reader is not None
        cache: set[str] = set()
        for row in batch.rows:
            if row.index < done:
                row.result = result(batch, row, self.behaviour, reader, cache)
                self.charges[row.text] += row.result["type"] == "succeeded"
            else:
                row.result = {"type": instead}
        batch.ended_at = max(self._state.view.as_of, batch.created_at)

    def _show(self, batch: Batch) -> Json:
        return batch.show(f"{self._state.base_url}/anthropic", self._state.view.as_of)


def _check(request: Request) -> None:
    headers = request.headers
    given = headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer ")
    if not any(given):
        raise Refused("authentication_error", "x-api-key header is required")
    if ANTHROPIC_KEY not in given:
        raise Refused("authentication_error", "invalid x-api-key")
    version = headers.get("anthropic-version")
    if version is None:
        raise Refused("invalid_request_error", "anthropic-version: header is required")
    if version not in VERSIONS:
        raise Refused("invalid_request_error", f'anthropic-version: "{version}" is not a valid version')


def _requests(request: Request) -> list[Json]:
    """Return the rows of a create; one bad custom_id refuses all."""
    try:
        body = request.json()
    except ValueError as error:
        raise Refused("invalid_request_error", "The request body is not valid JSON") from error
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list):
        raise Refused("invalid_request_error", "requests: Field required")
    if not requests:
        raise Refused("invalid_request_error", "requests: List should have at least 1 item, not 0")
    seen: set[str] = set()
    for index, item in enumerate(requests):
        place = f"requests.{index}"
        for name in ("custom_id", "params"):
            if not isinstance(item, dict) or name not in item:
                raise Refused("invalid_request_error", f"{place}.{name}: Field required")
        name = item["custom_id"]
        if not isinstance(name, str) or not _CUSTOM_ID.fullmatch(name):
            message = f"{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            raise Refused("invalid_request_error", message)
        if name in seen:
            raise Refused("invalid_request_error", f"{place}.custom_id: {name} is not unique in the batch")
        seen.add(name)
    return requests
