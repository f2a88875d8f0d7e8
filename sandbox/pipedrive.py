"""Pipedrive's API over the clients' simulated CRMs: cursors, tokens, archived, deleted and merged records."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sandbox import pipedrive_records as records
from sandbox.keys import pipedrive_key
from sandbox.limits import PIPEDRIVE_LIMIT, PIPEDRIVE_TOKENS, FixedWindows, RollingWindows
from sandbox.model import CrmRecord, Json
from sandbox.portals import Portal
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json, whole_number

PAGE, MOST = 100, 500
_LISTS = re.compile(r"api/v2/(persons|organizations|deals|activities)")
_CHANGES = re.compile(r"api/v1/deals/(\d+)/changelog")
_FIELDS = re.compile(r"api/v2/(person|organization)Fields")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_COST = {"api/v2/pipelines": 5, "api/v2/stages": 5, "api/v2/deals/archived": 20, "api/v1/users/me": 2}


class _Refused(Exception):
    """A request that Pipedrive refuses with `status`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Pipedrive:
    """Answers requests below /pipedrive; one token a company, each with its own limits and budget."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and two counters per company."""
        self._state = state
        clients = state.view.agency.params.crm_clients("pipedrive")
        self._clients = {pipedrive_key(name): client for name, client in clients.items()}
        speed, clock, every = state.speed, state.clock, clients.values()
        self._bursts = {client: RollingWindows((PIPEDRIVE_LIMIT,), speed, clock) for client in every}
        self._days = {client: FixedWindows((PIPEDRIVE_TOKENS,), speed, clock) for client in every}
        self._portals: tuple[View, dict[int, Portal]] = (state.view, {})

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path.rstrip("/")
        client = self._clients.get(request.headers.get("x-api-token", ""))
        if client is None:
            return _error(401, "unauthorized access", errorCode=401)
        burst = self._bursts[client].take()
        headers = {
            "x-ratelimit-limit": str(PIPEDRIVE_LIMIT.calls),
            "x-ratelimit-remaining": str(PIPEDRIVE_LIMIT.calls - burst.usage[0]),
            "x-ratelimit-reset": str(max(1, round(burst.wait))) if burst.broken else "2",
        }
        if burst.broken is not None:
            answer = _error(429, "request over limit")
        else:
            day = self._days[client].take(cost(path))
            headers["x-daily-ratelimit-token-limit"] = str(PIPEDRIVE_TOKENS.calls)
            left = 0 if day.broken else PIPEDRIVE_TOKENS.calls - day.usage[0]
            headers["x-daily-ratelimit-token-remaining"] = str(left)
            answer = _error(429, "request over limit") if day.broken else self._answer(request, client, path)
        return Response(answer.status, answer.body, answer.content_type, headers, _endpoint(path))

    def _answer(self, request: Request, client: int, path: str) -> Response:
        if request.method != "GET":
            return _error(405, "Method not allowed")
        portal = self._portal(client)
        try:
            if path == "api/v2/pipelines":
                return _page(request, records.pipelines(client))
            if path == "api/v2/stages":
                return _page(request, records.stages(client))
            if match := _FIELDS.fullmatch(path):
                return _page(request, records.fields(match[1]))
            if path == "api/v2/deals/archived":
                return self._list(request, portal, "deals", is_archived=True)
            if match := _LISTS.fullmatch(path):
                return self._list(request, portal, match[1], is_archived=False)
            if match := _CHANGES.fullmatch(path):
                return _changes(request, portal, int(match[1]))
            if path == "api/v1/recents":
                return _recents(request, portal)
            if path == "api/v1/users/me":
                return reply_json(200, {"success": True, "data": {"id": 1, "company_domain": "sandbox"}})
        except _Refused as refused:
            return _error(refused.status, str(refused))
        return _error(404, "Unknown method .")

    def _portal(self, client: int) -> Portal:
        view = self._state.view
        if self._portals[0] is not view:
            self._portals = (view, {})
        return self._portals[1].setdefault(client, Portal(view, client))

    def _list(self, request: Request, portal: Portal, name: str, *, is_archived: bool) -> Response:
        kind = records.KINDS[name]
        wanted = request.first("status")
        if name != "deals" or wanted is None:
            keep = _is_there(portal)
        elif wanted == "deleted":
            keep = _is_kept(portal)
        else:
            raise _Refused(400, f"the sandbox lists no deals by status {wanted}")
        rows = []
        for record in portal.records(kind):
            in_archive = records.archived_at(portal, record) is not None
            if keep(record) and in_archive == is_archived:
                rows.append(records.SHAPES[kind](portal, record))
        if name == "activities":
            contacts = portal.records("contacts")
            rows += [records.call(portal, one) for one in contacts if portal.number(one) % 5 == 0]
            if "attendees" not in (request.first("include_fields") or ""):
                rows = [{key: value for key, value in row.items() if key != "attendees"} for row in rows]
        return _page(request, rows)


def cost(path: str) -> int:
    """Return what a request costs of the day's tokens."""
    return _COST.get(path, 20 if path.startswith("api/v1/") else 10)


def _is_there(portal: Portal) -> Callable[[CrmRecord], bool]:
    """Return whether a record is not deleted."""
    return lambda record: not portal.is_gone(record)


def _is_kept(portal: Portal) -> Callable[[CrmRecord], bool]:
    """Return whether a deal is deleted, but not yet for good."""
    since = portal.view.as_of - timedelta(days=records.KEPT_DAYS)
    return lambda record: portal.is_gone(record) and records.updated_at(portal, record) >= since


def _page(request: Request, rows: list[Json]) -> Response:
    """Return one page of a list of version 2: filtered by update time, sorted, after the cursor."""
    limit, field, is_down = _limit(request), request.first("sort_by") or "id", False
    if field not in ("id", "update_time", "add_time", "order_nr"):
        raise _Refused(400, f"Parameter 'sort_by' is not allowed: {field}")
    if (direction := request.first("sort_direction") or "asc") not in ("asc", "desc"):
        raise _Refused(400, "Parameter 'sort_direction' must be one of [asc, desc]")
    is_down = direction == "desc"
    since, until = _moment(request, "updated_since"), _moment(request, "updated_until")
    rows = [row for row in rows if since is None or row["update_time"] >= since]
    rows = [row for row in rows if until is None or row["update_time"] < until]
    rows.sort(key=lambda row: (row.get(field, 0), row.get("id", 0)), reverse=is_down)
    if (after := _cursor(request)) is not None:
        at = (after["fieldValue"], after["id"])
        places = [(row.get(field, 0), row.get("id", 0)) for row in rows]
        rows = [row for row, here in zip(rows, places, strict=True) if (here < at if is_down else here > at)]
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = _token({"field": field, "fieldValue": last.get(field, 0), "id": last.get("id", 0)})
    answer = {"success": True, "data": rows[:limit], "additional_data": {"next_cursor": following}}
    return reply_json(200, answer)


def _changes(request: Request, portal: Portal, number: int) -> Response:
    deal = next((d for d in portal.records("deals") if portal.number(d) == number), None)
    if deal is None or portal.is_gone(deal):
        raise _Refused(404, "Deal not found")
    rows, limit = records.changes(portal, deal), _limit(request)
    start = (_cursor(request) or {"id": 0})["id"]
    following = _token({"id": start + limit}) if len(rows) > start + limit else None
    data = rows[start : start + limit]
    return reply_json(200, {"success": True, "data": data, "additional_data": {"next_cursor": following}})


def _recents(request: Request, portal: Portal) -> Response:
    """Return what changed since a moment; of what was deleted only the number is left."""
    text = request.first("since_timestamp") or ""
    try:
        since = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise _Refused(400, "since_timestamp must be a valid date") from None
    found = []
    for item in (request.first("items") or ",".join(records.ITEMS)).split(","):
        for record in portal.records(records.ITEMS[item]):
            at = records.updated_at(portal, record)
            if at >= since:
                number = portal.number(record)
                shown = {"id": number, "update_time": records.spaced(at), "active_flag": True}
                found.append((at, {"item": item, "id": number, "data": shown}))
                if portal.is_gone(record):
                    found[-1][1]["data"] = None
    found.sort(key=lambda pair: (pair[0], pair[1]["item"], pair[1]["id"]))
    start, limit = whole_number(request.first("start") or 0) or 0, _limit(request)
    data = [row for _, row in found[start : start + limit]]
    more = len(found) > start + limit
    paging: Json = {"start": start, "limit": limit, "more_items_in_collection": more}
    if more:
        paging["next_start"] = start + limit
    extra = {"since_timestamp": text, "last_timestamp_on_page": text, "pagination": paging}
    # a list that is empty is null in version 1
    return reply_json(200, {"success": True, "data": data or None, "additional_data": extra})


def _limit(request: Request) -> int:
    limit = whole_number(request.first("limit") or PAGE)
    if limit is None or not 1 <= limit <= MOST:
        raise _Refused(400, f"Parameter 'limit' must be between 1 and {MOST}")
    return limit


def _moment(request: Request, name: str) -> str | None:
    text = request.first(name)
    if text is not None and not _RFC3339.fullmatch(text):
        raise _Refused(400, f"Parameter '{name}' must be a date-time in RFC3339 format")
    return text


def _token(place: Json) -> str:
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def _cursor(request: Request) -> Json | None:
    text = request.first("cursor")
    if not text:
        return None
    try:
        place: Json = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise _Refused(400, "Invalid cursor") from None
    return place


def _endpoint(path: str) -> str:
    """Name a path without the numbers in it."""
    return re.sub(r"/\d+", "/{id}", path)


def _error(status: int, message: str, **more: int) -> Response:
    body = {"success": False, "error": message, **more, "error_info": "Please check developers.pipedrive.com"}
    return reply_json(status, body)
