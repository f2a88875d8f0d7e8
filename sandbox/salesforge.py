"""Salesforge's API (v2) over the simulated agency: one raw key for all workspaces, limit and offset."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sandbox import salesforge_records as records
from sandbox.keys import SALESFORGE_KEY
from sandbox.model import Campaign, Enrolment, Json
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json, whole_number

_OF_WORKSPACE = re.compile(r"v2/workspaces/(?P<workspace>[^/]+)/(?P<rest>.+)")
_MULTICHANNEL = re.compile(r"multichannel/workspaces/(?P<workspace>[^/]+)/sequences")
_SEQUENCE = re.compile(r"sequences/(?P<id>[^/]+)(?P<analytics>/analytics)?")
_THREAD = re.compile(r"threads/(?P<id>[^/]+)")
_HUNDRED = ("dnc", "sending-data")
"""Lists with 100 rows a page where no limit is given; the others have 10."""

_ALLOWED = {"sequences": {"type", "statuses[]"}, "threads": {"filter", "sequence_ids[]"}}
Makers = Sequence[Callable[[], Json]]


class Invalid(Exception):
    """A request that is refused. status: of the answer."""

    def __init__(self, status: int, message: str) -> None:
        """Say why."""
        super().__init__(message)
        self.status = status


class Salesforge:
    """Answers requests below /salesforge/public."""

    def __init__(self, state: State) -> None:
        """Keep the server's state."""
        self._state = state

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path.rstrip("/")
        agency = self._state.view.agency
        own = {records.workspace_id(agency, text): text for text in agency.sending_accounts("salesforge")}
        endpoint = next((path.replace(f"{name}/", "") for name in own if name in path), path)
        try:
            if request.headers.get("authorization") != SALESFORGE_KEY:
                raise Invalid(401, "invalid api key")
            if request.method != "GET":
                raise Invalid(404, "not found")
            answer = reply_json(200, self._answer(request, path, own))
        except Invalid as error:
            answer = reply_json(error.status, {"message": str(error)})
        return Response(answer.status, answer.body, answer.content_type, endpoint=_plain(endpoint))

    def _answer(self, request: Request, path: str, own: dict[str, str]) -> Json:
        view = self._state.view
        if path == "v2/me":
            account = records.name(view.agency, "acc", "account")
            return {"accountId": account, "apiKeyName": "sandbox"}
        if path == "v2/workspaces":
            rows = [partial(records.workspace, view.agency, text) for text in own.values()]
            return _page(request, rows, 10, frozenset())
        match = _OF_WORKSPACE.fullmatch(path) or _MULTICHANNEL.fullmatch(path)
        if match is None or match["workspace"] not in own:
            raise Invalid(404, "not found")
        workspace = own[match["workspace"]]
        items = [c for c in view.campaigns if (c.provider, c.account) == ("salesforge", workspace)]
        if match.re is _MULTICHANNEL:
            page = {"page": 1, "limit": 100, "total": 0, "totalPages": 0, "hasNext": False}
            return {"sequences": [], "pagination": page}
        rest = match["rest"]
        if rest in LISTS:
            allowed = frozenset(_ALLOWED.get(rest, ()))
            size = 100 if rest in _HUNDRED else 10
            return _page(request, LISTS[rest](view, items, workspace), size, allowed)
        if found := _SEQUENCE.fullmatch(rest):
            return _sequence(view, request, items, found)
        if found := _THREAD.fullmatch(rest):
            for enrolment in _replied(view, items):
                if records.thread_id(view.agency, enrolment) == found["id"]:
                    return records.thread_detail(view, enrolment)
        raise Invalid(404, "not found")


def _sequence(view: View, request: Request, items: Sequence[Campaign], match: re.Match[str]) -> Json:
    for item in items:
        if records.sequence_id(view.agency, item) == match["id"]:
            if match["analytics"] is None:
                return records.sequence(view, item, with_steps=True)
            first, last = request.first("from_date"), request.first("to_date")
            if not first or not last:
                raise Invalid(400, "from_date and to_date are required")
            return records.days(view, item, first, last)
    raise Invalid(400 if match["analytics"] else 404, "sequence not found")


def _replied(view: View, items: Sequence[Campaign]) -> list[Enrolment]:
    return [e for item in items for e in view.campaign_enrolments(item.id) if view.replies(e)]


def _sequences(view: View, items: Sequence[Campaign], _: str) -> Makers:
    return [partial(records.sequence, view, item, with_steps=False) for item in items]


def _contacts(view: View, items: Sequence[Campaign], _: str) -> Makers:
    own: dict[int, list[Enrolment]] = {}
    for item in items:
        for enrolment in view.campaign_enrolments(item.id):
            own.setdefault(enrolment.lead_id, []).append(enrolment)
    return [partial(records.contact, view, sorted(e, key=lambda e: e.index)) for _, e in sorted(own.items())]


def _sending_data(view: View, items: Sequence[Campaign], _: str) -> Makers:
    pairs = [pair for item in items for pair in view.campaign_messages(item.id)]
    pairs.sort(key=lambda pair: (pair[1].known_at, pair[0].index, pair[1].step))
    return [partial(records.sending, view, enrolment, message) for enrolment, message in pairs]


def _threads(view: View, items: Sequence[Campaign], _: str) -> Makers:
    found = sorted(_replied(view, items), key=lambda e: view.replies(e)[-1].received_at, reverse=True)
    return [partial(records.thread, view, enrolment) for enrolment in found]


def _mailboxes(view: View, items: Sequence[Campaign], _: str) -> Makers:
    boxes = {box: item for item in reversed(items) for box in item.mailboxes}
    return [partial(records.mailbox, view, item, box) for box, item in sorted(boxes.items())]


def _labels(view: View, _: Sequence[Campaign], workspace: str) -> Makers:
    return [
        partial(dict, id=records.label_id(view.agency, text), name=text, isBuiltIn=True, specialLabel="none")
        for text in records.LABELS
    ]


def _dnc(view: View, items: Sequence[Campaign], workspace: str) -> Makers:
    """Return an address, a domain and a profile of nobody in the simulation."""
    values = [
        ("email", f"legal@{workspace}.example"),
        ("domain", f"rival-of-{workspace}.example"),
        ("linkedin", f"https://www.linkedin.com/in/legal-{workspace}"),
    ]
    created = "2025-11-03T09:00:00Z"
    return [partial(dict, value=value, type=kind, createdAt=created) for kind, value in values]


LISTS: dict[str, Callable[[View, Sequence[Campaign], str], Makers]] = {
    "sequences": _sequences,
    "contacts": _contacts,
    "sending-data": _sending_data,
    "threads": _threads,
    "mailboxes": _mailboxes,
    "primebox-labels": _labels,
    "dnc": _dnc,
}


def _page(request: Request, rows: Makers, default: int, allowed: frozenset[str]) -> dict[str, Any]:
    for name in request.query:
        if name not in allowed | {"limit", "offset"}:
            raise Invalid(400, f"unknown query parameter: {name}")
    limit = whole_number(request.first("limit") or default)
    offset = whole_number(request.first("offset") or 0)
    if limit is None or not 1 <= limit <= 100 or offset is None or offset < 0:
        raise Invalid(400, "invalid limit or offset")
    page = [make() for make in rows[offset : offset + limit]]
    return {"data": page, "limit": limit, "offset": offset, "total": len(rows)}


def _plain(endpoint: str) -> str:
    """Return an endpoint's name without the ids in it."""
    parts = endpoint.split("/")
    return "/".join("*" if part.startswith(("seq_", "thr_")) else part for part in parts)
