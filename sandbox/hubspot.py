"""HubSpot's API over the clients' simulated portals: search with its wall, lists, batches, associations."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from sandbox import hubspot_records as records
from sandbox.crm import owners
from sandbox.hubspot_search import BadSearch, Search, parse_search
from sandbox.keys import hubspot_key
from sandbox.limits import HUBSPOT_LIMIT, HUBSPOT_SEARCH_LIMIT, RollingWindows
from sandbox.model import CrmRecord, Json, iso
from sandbox.view import View
from sandbox.web import Request, Response, State, correlation_id, reply_json, whole_number

_OBJECT = re.compile(r"crm/v3/objects/(?P<kind>\w+)(?:/(?P<rest>search|batch/read))?")
_ASSOCIATIONS = re.compile(r"crm/v4/associations/(?P<left>\w+)/(?P<right>\w+)/batch/read")
_PIPELINES = "crm/v3/pipelines/deals"
_OWNERS = "crm/v3/owners"
_ACCOUNT = "account-info/v3/details"
Portal = dict[str, list[CrmRecord]]


class HubSpot:
    """Answers requests below /hubspot; one token a portal, each with its own limits."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and two counters per portal."""
        self._state = state
        profiles = state.view.agency.params.profiles
        own = state.view.agency.params.crm_clients("hubspot")
        self._clients = {hubspot_key(name): client for name, client in own.items()}
        self._searches = [RollingWindows((HUBSPOT_SEARCH_LIMIT,), state.speed, state.clock) for _ in profiles]
        self._others = [RollingWindows((HUBSPOT_LIMIT,), state.speed, state.clock) for _ in profiles]
        self._portals: tuple[View, dict[int, Portal]] = (state.view, {})
        self._links: tuple[View, dict[tuple[int, str, str], dict[int, list[int]]]] = (state.view, {})

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if token not in self._clients:
            return _error(401, request, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        client = self._clients[token]
        path = request.path.rstrip("/")
        is_search = path.endswith("/search")
        decision = (self._searches if is_search else self._others)[client].take()
        if decision.broken is not None and is_search:
            answer = _error(429, request, "You have reached your secondly limit.", "RATE_LIMITS")
        elif decision.broken is not None:
            answer = reply_json(429, _ten_secondly(request))
        else:
            answer = self._answer(request, client, path)
        headers = {"X-HubSpot-Correlation-Id": correlation_id(request), "X-HubSpot-RateLimit-Daily": "650000"}
        if not is_search:
            left = max(0, HUBSPOT_LIMIT.calls - decision.usage[0])
            headers["X-HubSpot-RateLimit-Max"] = str(HUBSPOT_LIMIT.calls)
            headers["X-HubSpot-RateLimit-Remaining"] = str(left)
            headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(int(HUBSPOT_LIMIT.seconds * 1000))
        return Response(answer.status, answer.body, answer.content_type, headers, path)

    def _answer(self, request: Request, client: int, path: str) -> Response:
        view = self._state.view
        if request.method == "GET" and path == _PIPELINES:
            return reply_json(200, records.pipelines())
        if request.method == "GET" and path == _OWNERS:
            return reply_json(200, {"results": owners(is_archived=request.first("archived") == "true")})
        if request.method == "GET" and path == _ACCOUNT:
            return reply_json(200, records.account_info(view.agency.params.profiles[client]))
        try:
            if request.method == "POST" and (match := _ASSOCIATIONS.fullmatch(path)):
                return self._associations(view, request, client, match["left"], match["right"])
            match = _OBJECT.fullmatch(path)
            if match is None:
                return _error(404, request, "Not found", None)
            if match["kind"] not in records.KINDS:
                return _error(400, request, f"Unable to infer object type from: {match['kind']}", None)
            if request.method == "GET" and match["rest"] is None:
                return self._list(view, request, client, match["kind"])
            if request.method == "POST" and match["rest"] == "search":
                return self._search(view, request, client, match["kind"])
            if request.method == "POST" and match["rest"] == "batch/read":
                return self._batch(view, request, client, match["kind"])
        except BadSearch as error:
            return _error(400, request, str(error), error.category)
        return _error(405, request, "Method not allowed", None)

    def _records(self, view: View, client: int, kind: str) -> list[CrmRecord]:
        """Return the portal's records of a kind by id, archived and merged ones included."""
        if self._portals[0] is not view:
            self._portals = (view, {})
        portals = self._portals[1]
        if client not in portals:
            portal: Portal = {name: [] for name in records.KINDS}
            for record in sorted(view.records, key=lambda record: record.id):
                if record.client == client:
                    portal[record.kind].append(record)
            portals[client] = portal
        return portals[client][kind]

    def _search(self, view: View, request: Request, client: int, kind: str) -> Response:
        search: Search = parse_search(_body(request), kind)
        if search.after >= self._state.search_wall:
            return _error(400, request, "There was a problem with the request.", None)
        live = [record for record in self._records(view, client, kind) if record.exists_at(view.as_of)]
        hits = search.apply(live, view.as_of)
        page = hits[search.after : search.after + search.limit]
        portal_id = view.agency.params.profiles[client].portal_id
        answer: Json = {
            "total": len(hits),
            "results": [
                {
                    **records.record(record, view.as_of, search.properties),
                    "url": records.url(record, portal_id),
                }
                for record in page
            ],
        }
        if search.after + len(page) < len(hits):
            answer["paging"] = {"next": {"after": str(search.after + len(page))}}
        return reply_json(200, answer)

    def _list(self, view: View, request: Request, client: int, kind: str) -> Response:
        wants_history = _split(request, "propertiesWithHistory")
        limit = whole_number(request.first("limit") or 10)
        after = whole_number(request.first("after") or 0)
        if limit is None or after is None or not 1 <= limit <= (50 if wants_history else 100):
            raise BadSearch("Invalid paging parameters: limit or after", "VALIDATION_ERROR")
        archived = request.first("archived") == "true"
        rows = [
            record
            for record in self._records(view, client, kind)
            if record.id > after
            and (record.is_archived_at(view.as_of) if archived else record.exists_at(view.as_of))
        ]
        properties = _split(request, "properties")
        page = [records.record(row, view.as_of, properties, wants_history) for row in rows[:limit]]
        answer: Json = {"results": page}
        if len(rows) > limit:
            cursor = str(rows[limit - 1].id)
            chosen = f"&properties={quote(','.join(properties))}" if properties else ""
            link = (
                f"{self._state.base_url}/hubspot/crm/v3/objects/{kind}?limit={limit}{chosen}&after={cursor}"
            )
            answer["paging"] = {"next": {"after": cursor, "link": link}}
        return reply_json(200, answer)

    def _batch(self, view: View, request: Request, client: int, kind: str) -> Response:
        body = _body(request)
        wants_history = [str(name) for name in body.get("propertiesWithHistory") or []]
        inputs = body.get("inputs") or []
        most = 50 if wants_history else 100
        if len(inputs) > most:
            raise BadSearch(f"Batch size {len(inputs)} exceeds the limit of {most}", "VALIDATION_ERROR")
        properties = [str(name) for name in body.get("properties") or []]
        archived = request.first("archived") == "true"
        known = {
            str(record.id): record
            for record in self._records(view, client, kind)
            if (record.is_archived_at(view.as_of) if archived else record.exists_at(view.as_of))
        }
        ids = [str(item.get("id")) for item in inputs]
        missing = [name for name in ids if name not in known]
        found = [known[name] for name in dict.fromkeys(ids) if name in known]
        answer = _complete(
            view.as_of, [records.record(r, view.as_of, properties, wants_history) for r in found]
        )
        if missing:
            message = (
                "Could not get some objects, they may be deleted or not exist. Check that ids are valid."
            )
            error = {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": message,
                "context": {"ids": missing},
            }
            answer |= {"errors": [error], "numErrors": 1}
        return reply_json(207 if missing else 200, answer)

    def _associations(self, view: View, request: Request, client: int, left: str, right: str) -> Response:
        if left not in records.KINDS or right not in records.KINDS:
            wrong = left if left not in records.KINDS else right
            raise BadSearch(f"Unable to infer object type from: {wrong}", None)
        inputs = _body(request).get("inputs") or []
        if len(inputs) > 1000:
            raise BadSearch(f"Batch size {len(inputs)} exceeds the limit of 1000", "VALIDATION_ERROR")
        links = self._linked(view, client, left, right)
        ids = [str(item.get("id")) for item in inputs]
        results: list[Json] = []
        errors: list[Json] = []
        for name in ids:
            to = links.get(whole_number(name) or 0, [])
            if to:
                results.append({"from": {"id": name}, "to": [records.target(left, right, i) for i in to]})
            else:
                errors.append(records.no_association(left, right, name))
        answer = _complete(view.as_of, results)
        if errors:
            answer |= {"errors": errors, "numErrors": len(errors)}
        return reply_json(207 if errors else 200, answer)

    def _linked(self, view: View, client: int, left: str, right: str) -> dict[int, list[int]]:
        """Return id → ids of live records on the other side; a merged record's links are the survivor's."""
        if self._links[0] is not view:
            self._links = (view, {})
        name = (client, left, right)
        if name not in self._links[1]:
            stands_for: dict[tuple[str, int], int] = {}
            for kind in (left, right):
                for record in self._records(view, client, kind):
                    if record.exists_at(view.as_of):
                        stands_for[kind, record.id] = record.id
                    elif record.merged_into is not None and not record.is_archived_at(view.as_of):
                        stands_for[kind, record.id] = record.merged_into
            links: dict[int, dict[int, None]] = {}
            for link in view.agency.associations:
                for one, other in ((link.left, link.right), (link.right, link.left)):
                    is_wanted = link.client == client and one[0] == left and other[0] == right
                    is_wanted = is_wanted and link.holds_at(view.as_of)
                    if is_wanted and one in stands_for and other in stands_for:
                        links.setdefault(stands_for[one], {})[stands_for[other]] = None
            self._links[1][name] = {key: list(values) for key, values in links.items()}
        return self._links[1][name]


def _body(request: Request) -> Json:
    try:
        body = request.json() or {}
    except ValueError:
        raise BadSearch("Invalid input JSON", "VALIDATION_ERROR") from None
    if not isinstance(body, dict):
        raise BadSearch("Invalid input JSON", "VALIDATION_ERROR")
    return body


def _split(request: Request, name: str) -> list[str]:
    values = request.query.get(name, [])
    return [part for value in values for part in value.split(",") if part]


def _complete(now: datetime, results: list[Json]) -> Json:
    return {"completedAt": iso(now), "status": "COMPLETE", "startedAt": iso(now), "results": results}


def _error(status: int, request: Request, message: str, category: str | None) -> Response:
    body: Json = {"status": "error", "message": message, "correlationId": correlation_id(request)}
    if category is not None:
        body["category"] = category
    return reply_json(status, body)


def _ten_secondly(request: Request) -> Json:
    return {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id(request),
        "policyName": "TEN_SECONDLY_ROLLING",
    }
