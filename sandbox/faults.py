"""Trouble to order: what a provider's answers turn into, and when."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import Any

from sandbox.web import Request, Response

GATEWAY_PAGE = b"<html></html>"
Rows = list[Any]


@dataclass(frozen=True)
class Fault:
    """Trouble to order for requests of `provider` whose path holds `path` and whose key holds `key`.

    path, key, method: empty = any. skip: requests let through first; times: how many are in trouble after
    that, None = for ever.

    status, body, headers: what is answered instead, by default with an empty HTML page as gateways do; status
    0 = the connection is closed without an answer; None = the true answer, changed by what follows.
    is_late: the request is carried out all the same, before it is answered so.
    is_silent: nothing comes until the caller gives up. is_cut: the connection ends in the middle of the body.
    is_truncated: half of the body comes, as if it were all. repeats: so many of the last rows of the list's
    page before come once more in front of this one's (a page without one before it is let through).
    passes: so much time passes before the answer is made. change: makes the answer's rows others.
    """

    provider: str
    path: str = ""
    key: str = ""
    status: int | None = 503
    skip: int = 0
    times: int | None = None
    body: bytes = GATEWAY_PAGE
    headers: Mapping[str, str] = field(default_factory=dict)
    is_silent: bool = False
    is_cut: bool = False
    is_truncated: bool = False
    repeats: int = 0
    passes: timedelta = timedelta(0)
    change: Callable[[Rows], Rows] | None = None
    method: str = ""
    is_late: bool = False

    def instead(self) -> Response | None:
        """Return what is answered instead of the truth; None where it is the truth, changed."""
        if self.status is None:
            return None
        kind = "text/html" if self.body.lstrip().startswith(b"<") else "application/json"
        return Response(self.status, self.body, kind, dict(self.headers), endpoint="fault")

    def changed(self, response: Response, before: Rows) -> Response:
        """Return the true answer as this fault spoils it. before: the rows of the page before."""
        if self.repeats and before:
            response = with_rows(response, lambda rows: [*before[-self.repeats :], *rows])
        if self.change is not None:
            response = with_rows(response, self.change)
        if self.is_truncated:
            response = replace(response, body=response.body[: len(response.body) // 2])
        return replace(response, is_cut=self.is_cut)


class Faults:
    """What was ordered, how often it was due, and what met it; safe to share between threads."""

    def __init__(self, ordered: Sequence[Fault]) -> None:
        """Take the order. met: the faults that were played, each with the path that met it."""
        self.met: list[tuple[Fault, str]] = []
        self._seen = [0] * len(ordered)
        self._ordered = tuple(ordered)
        self._pages: dict[tuple[str, ...], Rows] = {}
        self._lock = Lock()

    def due(self, provider: str, request: Request) -> Fault | None:
        """Return the fault that this request is to meet, None for the truth."""
        key = key_of(request)
        for number, fault in enumerate(self._ordered):
            if fault.provider != provider or fault.path not in request.path or fault.key not in key:
                continue
            if fault.method not in ("", request.method):
                continue
            if fault.repeats and not self.page_before(provider, request):
                continue
            with self._lock:
                self._seen[number] += 1
                seen = self._seen[number]
                if seen > fault.skip and (fault.times is None or seen <= fault.skip + fault.times):
                    self.met.append((fault, request.path))
                    return fault
        return None

    def page_before(self, provider: str, request: Request) -> Rows:
        """Return the rows that the same list was last answered with."""
        return self._pages.get((provider, request.method, request.path, key_of(request)), [])

    def note(self, provider: str, request: Request, response: Response) -> None:
        """Remember a page, where repeating it was ordered."""
        if response.status == 200 and any(fault.repeats for fault in self._ordered):
            place = (provider, request.method, request.path, key_of(request))
            self._pages[place] = rows_of(response)


def key_of(request: Request) -> str:
    """Return the key that a request carries, wherever its provider wants it; empty where it has none."""
    headers = request.headers
    return (
        request.first("api_key")
        or headers.get("x-api-key")
        or headers.get("x-api-token")
        or headers.get("authorization")
        or ""
    )


def rows_of(response: Response) -> Rows:
    """Return the records of an answer; empty where it is no list of any."""
    found: Rows = []
    with_rows(response, lambda rows: found.extend(rows) or rows)  # type: ignore[func-returns-value]
    return found


def with_rows(response: Response, change: Callable[[Rows], Rows]) -> Response:
    """Return an answer with its records changed: its first list, itself where it is one, or lines of CSV."""
    if response.content_type.startswith("text/csv"):
        return _with_lines(response, change)
    try:
        body = json.loads(response.body)
    except ValueError:
        return response
    if isinstance(body, list):
        body = change(body)
    elif isinstance(body, dict):
        name = next((name for name, value in body.items() if isinstance(value, list)), None)
        if name is None:
            return response
        body[name] = change(body[name])
    return replace(response, body=json.dumps(body, ensure_ascii=False).encode())


def _with_lines(response: Response, change: Callable[[Rows], Rows]) -> Response:
    """Change the lines of a CSV file; what is no line of text becomes an empty one."""
    reader = csv.DictReader(io.StringIO(response.body.decode()))
    rows = [row if isinstance(row, dict) else {} for row in change(list(reader))]
    names = list(dict.fromkeys([*(reader.fieldnames or []), *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    headers = {**response.headers, "Sforce-NumberOfRecords": str(len(rows))}
    return replace(response, body=text.getvalue().encode(), headers=headers)
