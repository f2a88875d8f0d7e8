"""What the three provider modules share: requests, responses and the state of the sandbox's server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from uuid import UUID

from sandbox.limits import Clock
from sandbox.view import View


@dataclass(frozen=True)
class Request:
    """One HTTP request. path: below the provider's prefix, no leading slash. headers: lower-case names."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, None when it is empty; raises ValueError when it is no JSON."""
        return json.loads(self.body) if self.body.strip() else None

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True)
class Response:
    """One HTTP response.

    endpoint: the name under which it is counted. is_cut: the connection ends in the middle of the body.
    """

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""
    is_cut: bool = False


@dataclass
class State:
    """What the handlers work on. view changes as time passes; credits: Apollo id → credits charged for it."""

    view: View
    base_url: str
    speed: float
    clock: Clock
    search_wall: int
    credits: Counter[str] = field(default_factory=Counter)


def reply_json(status: int, value: object, **headers: str) -> Response:
    """Return a JSON response; underscores in header names become hyphens."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, headers={name.replace("_", "-"): text for name, text in headers.items()})


def correlation_id(request: Request) -> str:
    """Return an id for an error body that depends on the request alone."""
    return str(UUID(md5(request.path.encode() + request.body, usedforsecurity=False).hexdigest(), version=4))


def whole_number(value: object) -> int | None:
    """Return `value` (a number or its digits) as an integer, else None."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value))
    except ValueError:
        return None


def texts(value: object) -> list[str]:
    """Return `value` (one text or a list of them) as lower-case texts."""
    many: Sequence[object] = value if isinstance(value, list) else [value]
    return [str(item).strip().lower() for item in many if item is not None]
