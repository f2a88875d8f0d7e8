"""Trouble on the way between a loader and the sandbox: what a provider's answer turns into, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Server
    from sandbox.web import Request, Response

HTML = b"<!DOCTYPE html><html><body><h1>Attention Required! | Cloudflare</h1></body></html>"


@dataclass(frozen=True)
class Trouble:
    """Requests whose path holds `path` are in trouble, `times` of them after the first `skip`.

    status, body, headers: what is answered instead. is_cut: the connection ends without an answer.
    is_truncated: half of the true answer comes. is_repeated: the rows of the page before come once more.
    days: so many pass before the true answer is given.
    """

    name: str
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_truncated: bool = False
    is_repeated: bool = False
    days: int = 0

    def __str__(self) -> str:
        """Name it in the list of tests."""
        return self.name


def play(server: Server, trouble: Trouble, patch: pytest.MonkeyPatch) -> list[str]:
    """Let the server be in trouble; return a list that fills with the paths that met it."""
    from sandbox.web import Response

    true: Callable[[Request], Response | None] = server.answer
    met: list[str] = []
    seen = [0]
    before: list[bytes] = []

    def answer(request: Request) -> Response | None:
        if trouble.path not in request.path:
            return true(request)
        seen[0] += 1
        if not trouble.skip < seen[0] <= trouble.skip + trouble.times:
            found = true(request)
            before[:] = [found.body] if found else []
            return found
        met.append(request.path)
        if trouble.is_cut:
            return None
        if trouble.days:
            server.as_of += timedelta(days=trouble.days)
            return true(request)
        found = true(request)
        if trouble.is_truncated and found:
            return replace(found, body=found.body[: len(found.body) // 2])
        if trouble.is_repeated and found:
            return replace(found, body=_with_rows_of(before[0], found.body))
        return Response(trouble.status, trouble.body, "text/html", trouble.headers)

    patch.setattr(server, "answer", answer)
    return met


def _with_rows_of(earlier: bytes, now: bytes) -> bytes:
    import json

    first, second = json.loads(earlier), json.loads(now)
    return json.dumps({**second, "data": [*first["data"], *second["data"]]}).encode()


def current(warehouse: Warehouse, source: str) -> dict[str, list[tuple[str, str]]]:
    """Return (row_key, row_hash) of every current row of every raw table of `source`."""
    from ingestion.sources import contracts

    with warehouse.connect(read_only=True) as connection:
        return {
            name: sorted(
                (row["row_key"], row["row_hash"])
                for row in connection.rows(
                    f"select row_key, row_hash from raw_{source}.{name} where _dlt_valid_to is null"
                )
            )
            for name in [*contracts(source), "quarantine"]
        }
