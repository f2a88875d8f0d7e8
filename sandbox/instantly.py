"""Instantly's API (v2) over the simulated agency: cursors by id, and a limit of its own for e-mails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sandbox import instantly_deliveries as deliveries
from sandbox import instantly_records as records
from sandbox.keys import instantly_key
from sandbox.limits import INSTANTLY_EMAILS_LIMIT, INSTANTLY_LIMITS, RollingWindows
from sandbox.model import Campaign, Json
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json

MOST = 100
REASONS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
FILTERS = {
    "campaigns": {"search", "status"},
    "accounts": {"search", "status", "provider_code", "include_tags"},
    "webhook-events": {"success", "from", "to", "search"},
    "lead-labels": {"search", "interest_status"},
    "block-lists-entries": {"search", "domains_only"},
    "emails": {
        "email_type",
        "campaign_id",
        "lead",
        "sort_order",
        "mode",
        "preview_only",
        "min_timestamp_created",
        "max_timestamp_created",
    },
}


class Row:
    """One item of a list. make: writes its record."""

    def __init__(self, id: str, make: Callable[[], Json], at: datetime | None = None, kind: str = "") -> None:
        """Keep what filters ask for: when it was made, and of which kind (or campaign) it is."""
        self.id, self.make, self.at, self.kind = id, make, at, kind


class Invalid(Exception):
    """A request that the API's validation refuses."""


class Instantly:
    """Answers requests below /instantly/api/v2; one key a workspace, each with its own limits."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and two counters a workspace."""
        self._state = state
        accounts = state.view.agency.sending_accounts("instantly")
        self._accounts = {instantly_key(account): account for account in accounts}
        self._windows = {
            (account, is_emails): RollingWindows(
                INSTANTLY_EMAILS_LIMIT if is_emails else INSTANTLY_LIMITS, state.speed, state.clock
            )
            for account in accounts
            for is_emails in (True, False)
        }
        self._made: tuple[View, dict[tuple[str, str], list[Row]]] = (state.view, {})

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path.rstrip("/")
        header = request.headers.get("authorization", "")
        if not header:
            return _error(401, "Missing Authorization header", path)
        account = self._accounts.get(header.removeprefix("Bearer "))
        if account is None or not header.startswith("Bearer "):
            return _error(401, "Invalid API key", path)
        if self._windows[account, path == "emails"].take().broken is not None:
            return _error(429, "Rate limit exceeded", path)
        try:
            found = self._answer(request, path, account)
        except Invalid as error:
            return _error(400, str(error), path)
        if found is None:
            return _error(404, f"Route {request.method}:/api/v2/{path} not found", path)
        answer = reply_json(200, found)
        return Response(answer.status, answer.body, answer.content_type, endpoint=path)

    def _answer(self, request: Request, path: str, account: str) -> Any:
        """Return the answer's JSON; None for a route that there is not."""
        view = self._state.view
        own = [item for item in view.campaigns if (item.provider, item.account) == ("instantly", account)]
        if request.method == "POST" and path == "leads/list":
            body = _body(request)
            rows = [row for row in self._rows(path, account, own) if body.get("campaign") in (None, row.kind)]
            return _page(rows, body.get("limit", 10), body.get("starting_after"), "body")
        if request.method == "GET" and path == "campaigns/analytics":
            return [records.analytics(view, item) for item in own]
        if request.method == "GET" and path == "campaigns/analytics/daily":
            return _daily(view, request, own)
        if request.method != "GET" or path not in FILTERS:
            return None
        for name in request.query:
            if name not in FILTERS[path] | {"limit", "starting_after"}:
                raise Invalid(f"querystring must NOT have additional properties: {name}")
        rows = _filtered(request, path, self._rows(path, account, own))
        return _page(rows, request.first("limit") or 10, request.first("starting_after"), "querystring")

    def _rows(self, path: str, account: str, own: Sequence[Campaign]) -> list[Row]:
        """Return a whole list; it is made once a moment."""
        if self._made[0] is not self._state.view:
            self._made = (self._state.view, {})
        made = self._made[1]
        if (path, account) not in made:
            made[path, account] = LISTS[path](self._state.view, own, account)
        return made[path, account]


def _campaigns(view: View, own: Sequence[Campaign], _: str) -> list[Row]:
    return [
        Row(records.campaign_id(view.agency, item), partial(records.campaign, view, item)) for item in own
    ]


def _accounts(view: View, own: Sequence[Campaign], _: str) -> list[Row]:
    boxes = {mailbox: item for item in reversed(own) for mailbox in item.mailboxes}
    return [Row(box, partial(records.account, view, item, box)) for box, item in sorted(boxes.items())]


def _leads(view: View, own: Sequence[Campaign], _: str) -> list[Row]:
    rows = [
        Row(records.lead_id(view.agency, e), partial(records.lead, view, e), e.added_at, campaign)
        for item in own
        for campaign in [records.campaign_id(view.agency, item)]
        for e in view.campaign_enrolments(item.id)
    ]
    return sorted(rows, key=lambda row: row.id)


def _emails(view: View, own: Sequence[Campaign], _: str) -> list[Row]:
    """Return what was sent and received, by the time at which Instantly took it in."""
    rows: list[Row] = []
    agency = view.agency
    for item in own:
        for e in view.campaign_enrolments(item.id):
            for message in view.messages(e):
                make = partial(records.sent, view, e, message)
                rows.append(Row(records.sent_id(agency, message), make, message.known_at, "sent"))
            for number, reply in enumerate(view.replies(e)):
                make = partial(records.received, view, e, number, reply)
                rows.append(Row(records.received_id(agency, e, number), make, reply.known_at, "received"))
    return sorted(rows, key=lambda row: (row.at, row.id))


def _deliveries(view: View, own: Sequence[Campaign], _: str) -> list[Row]:
    rows = [
        Row(
            deliveries.delivery_id(view.agency, made),
            partial(deliveries.delivery, view, made),
            made.created_at,
        )
        for item in own
        for e in view.campaign_enrolments(item.id)
        for made in deliveries.deliveries(view, e)
    ]
    return sorted(rows, key=lambda row: (row.at, row.id), reverse=True)


def _labels(view: View, _: Sequence[Campaign], account: str) -> list[Row]:
    label = records.label(view, account)
    return [Row(label["timestamp_created"], lambda: label)]


def _blocked(view: View, _: Sequence[Campaign], account: str) -> list[Row]:
    entries = records.block_list(view, account)
    return [Row(entry["id"], partial(dict, entry)) for entry in entries]


LISTS: dict[str, Callable[[View, Sequence[Campaign], str], list[Row]]] = {
    "campaigns": _campaigns,
    "accounts": _accounts,
    "leads/list": _leads,
    "emails": _emails,
    "webhook-events": _deliveries,
    "lead-labels": _labels,
    "block-lists-entries": _blocked,
}


def _filtered(request: Request, path: str, rows: list[Row]) -> list[Row]:
    """Apply the filters and the order that a query asks for."""
    if path == "webhook-events":
        first, last = _day(request, "from"), _day(request, "to")
        return [
            row
            for row in rows
            if row.at and (not first or row.at.date() >= first) and (not last or row.at.date() <= last)
        ]
    if path != "emails":
        return rows
    since, until = _time(request, "min_timestamp_created"), _time(request, "max_timestamp_created")
    kind = request.first("email_type")
    found = [
        row
        for row in rows
        if row.at and (not since or row.at > since) and (not until or row.at < until)
        if kind in (None, row.kind)
    ]
    return found if request.first("sort_order") == "asc" else found[::-1]


def _page(rows: list[Row], limit: object, after: object, place: str) -> Json:
    """Cut a page; a full one carries a cursor, also when it is the last."""
    size = int(str(limit)) if str(limit).isdigit() else 0
    if not 1 <= size <= MOST:
        raise Invalid(f"{place}/limit must be {'<= 100' if size > MOST else '>= 1'}")
    start = 0
    if after:
        start = next((i for i, row in enumerate(rows, start=1) if row.id == after), -1)
        if start < 0:
            raise Invalid(f"{place}/starting_after is no item of this list")
    page = rows[start : start + size]
    cursor = {"next_starting_after": page[-1].id} if len(page) == size else {}
    return {"items": [row.make() for row in page], **cursor}


def _daily(view: View, request: Request, own: Sequence[Campaign]) -> list[Json]:
    campaign = request.first("campaign_id")
    found = [item for item in own if campaign in (None, records.campaign_id(view.agency, item))]
    first = _day(request, "start_date") or view.as_of.date() - timedelta(days=30)
    last = min(_day(request, "end_date") or view.as_of.date(), view.as_of.date())
    days = [(first + timedelta(days=i)).isoformat() for i in range((last - first).days + 1)]
    return records.analytics_by_day(view, found, days)


def _body(request: Request) -> Json:
    try:
        body = request.json() or {}
    except ValueError:
        raise Invalid("Body is not valid JSON but content-type is set to 'application/json'") from None
    if not isinstance(body, dict):
        raise Invalid("body must be object")
    return body


def _day(request: Request, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if (text := request.first(name)) else None
    except ValueError:
        raise Invalid(f'querystring/{name} must match format "date"') from None


def _time(request: Request, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if (text := request.first(name)) else None
    except ValueError:
        raise Invalid(f'querystring/{name} must match format "date-time"') from None
    return moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment


def _error(status: int, message: str, path: str) -> Response:
    answer = reply_json(status, {"statusCode": status, "error": REASONS[status], "message": message})
    return Response(answer.status, answer.body, answer.content_type, endpoint=path)
