"""The providers' APIs over real HTTP on this machine."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from sandbox.anthropic import Claude
from sandbox.apollo import Apollo
from sandbox.faults import Fault, Faults
from sandbox.hubspot import HubSpot
from sandbox.instantly import Instantly
from sandbox.limits import Clock
from sandbox.model import Agency
from sandbox.pipedrive import Pipedrive
from sandbox.salesforce import Salesforce
from sandbox.salesforge import Salesforge
from sandbox.smartlead import Smartlead
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json

SEARCH_WALL = 10_000
SILENT = -1
"""Stands for the status of an answer that never comes."""


class _Provider(Protocol):
    def handle(self, request: Request) -> Response: ...


PROVIDERS: dict[str, tuple[str, Callable[[State], _Provider]]] = {
    "apollo": ("/apollo/api/v1/", Apollo),
    "smartlead": ("/smartlead/api/v1/", Smartlead),
    "instantly": ("/instantly/api/v2/", Instantly),
    "salesforge": ("/salesforge/public/", Salesforge),
    "hubspot": ("/hubspot/", HubSpot),
    "pipedrive": ("/pipedrive/", Pipedrive),
    "salesforce": ("/salesforce/", Salesforce),
    "anthropic": ("/anthropic/", Claude),
}
"""Below which path a provider is served, and by what."""


class Server:
    """The running sandbox; a context manager that stops it.

    url: base, such as http://127.0.0.1:41234. requests: (provider, endpoint, status) → count.
    credits: Apollo id → credits that enrichment has charged for the person.
    """

    def __init__(self, agency: Agency, state: State, faults: Sequence[Fault], port: int) -> None:
        """Start to serve on `port` of the loopback interface; 0 = any free one."""
        self.agency = agency
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self._state = state
        self._lock = Lock()
        self._faults = Faults(faults)
        self._providers = {name: make(state) for name, (_, make) in PROVIDERS.items()}
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.sandbox = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        state.base_url = self.url
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True, name="sandbox")
        self._thread.start()

    @property
    def as_of(self) -> datetime:
        """The moment whose state is served; setting it lets time pass."""
        return self._state.view.as_of

    @as_of.setter
    def as_of(self, moment: datetime) -> None:
        self._state.view = View(self.agency, moment)

    def order(self, *faults: Fault) -> None:
        """Order trouble from now on, instead of what was ordered before; none: all is well."""
        self._faults = Faults(faults)

    @property
    def met(self) -> list[tuple[Fault, str]]:
        """What of the last order was played so far, each with the path that met it."""
        return self._faults.met

    @property
    def credits(self) -> Counter[str]:
        """Credits charged so far, by Apollo id."""
        return self._state.credits

    @property
    def claude(self) -> Claude:
        """The Message Batches API: how it behaves, its batches, and what it charged."""
        provider = self._providers["anthropic"]
        assert isinstance(provider, Claude)
        return provider

    def __enter__(self) -> Server:
        """Return the server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.close()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def answer(self, request: Request) -> Response | None:
        """Answer one request, counted; None = close the connection without an answer."""
        for provider, (prefix, _) in PROVIDERS.items():
            path = f"/{request.path}"
            if not path.startswith(prefix):
                continue
            inner = replace(request, path=path.removeprefix(prefix))
            response = self._played(provider, inner)
            with self._lock:
                self.requests[provider, response.endpoint, response.status] += 1
            return None if response.status == 0 else response
        return reply_json(
            404, {"error": f"the sandbox serves {', '.join(prefix for prefix, _ in PROVIDERS.values())}"}
        )

    def _played(self, provider: str, request: Request) -> Response:
        """Return the true answer, or what was ordered instead."""
        faults = self._faults
        fault = faults.due(provider, request)
        if fault is not None and fault.is_silent:
            return Response(SILENT, b"", endpoint="fault")
        instead = fault.instead() if fault is not None else None
        if fault is not None and instead is not None and not fault.is_late:
            return instead
        before = faults.page_before(provider, request)
        if fault is not None and fault.passes:
            self.as_of += fault.passes
        response = self._providers[provider].handle(request)
        faults.note(provider, request, response)
        return response if fault is None else instead or fault.changed(response, before)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    sandbox: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what went wrong, unless the caller has gone in the middle: nights that are killed do."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet; the counters say what was asked."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path.lstrip("/"),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        response = self.server.sandbox.answer(request)
        if response is None or response.status == SILENT:
            if response is not None:
                self.connection.recv(1)  # comes back when the caller hangs up
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body[: len(response.body) // 2] if response.is_cut else response.body)
        self.close_connection = self.close_connection or response.is_cut


def serve(
    agency: Agency,
    *,
    as_of: datetime,
    speed: float = 1.0,
    faults: Sequence[Fault] | None = None,
    search_wall: int = SEARCH_WALL,
    port: int = 0,
    clock: Clock = time.monotonic,
) -> Server:
    """Serve `agency` as it stands at `as_of` on the loopback interface.

    speed: how many times faster than in reality rate-limit windows pass (60: a minute takes a second; inf:
    there are none). faults: trouble to order. search_wall: rows that a HubSpot search gives at most. port
    0: any free.
    """
    state = State(View(agency, as_of), "", speed, clock, search_wall)
    return Server(agency, state, faults or (), port)
