"""Smartlead's API over the simulated agency: campaigns, leads, statistics, histories, inbox, analytics."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox import smartlead_records as records
from sandbox.keys import smartlead_key
from sandbox.limits import SMARTLEAD_LIMITS, Decision, RollingWindows
from sandbox.model import Campaign, Enrolment, Json, Message
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json, whole_number

_ROUTE = re.compile(r"campaigns/(?P<campaign>[^/]+)/(?P<what>sequences|leads|statistics|analytics)")
_HISTORY = re.compile(r"campaigns/(?P<campaign>[^/]+)/leads/(?P<lead>[^/]+)/message-history")
_ALLOWED: dict[str, frozenset[str]] = {
    "campaigns": frozenset({"client_id", "include_tags"}),
    "sequences": frozenset(),
    "leads": frozenset(
        {
            "offset",
            "limit",
            "status",
            "lead_category_id",
            "emailStatus",
            "created_at_gt",
            "last_sent_time_gt",
            "event_time_gt",
        }
    ),
    "statistics": frozenset(
        {
            "offset",
            "limit",
            "email_sequence_number",
            "email_status",
            "sent_time_start_date",
            "sent_time_end_date",
        }
    ),
    "analytics": frozenset(),
    "message-history": frozenset({"event_time_gt", "show_plain_text_response"}),
    "inbox-replies": frozenset({"fetch_message_history"}),
    "email-accounts": frozenset({"offset", "limit", "client_id"}),
}
_INBOX_BODY = frozenset({"offset", "limit", "filters", "sortBy"})
_MISSING = {"error": "Campaign not found - Invalid campaign_id."}
_HTML_404 = """<!DOCTYPE html>
<html lang="en">

<head>
    <meta charset="utf-8">
    <title>Error</title>
</head>

<body>
<pre>Cannot {method} /api/v1/{path}</pre>
</body>

</html>
"""


class Invalid(Exception):
    """A request that the API's validation refuses. place: query or body; key: the parameter."""

    def __init__(self, place: str, key: str, problem: str) -> None:
        """Say what is wrong with which parameter."""
        super().__init__(f'"{key}" {problem}')
        self.place = place
        self.key = key


class Smartlead:
    """Answers requests below /smartlead/api/v1; one key a workspace, each with its own limits."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and one set of counters per workspace."""
        self._state = state
        accounts = state.view.agency.smartlead_accounts
        self._accounts = {smartlead_key(account): account for account in accounts}
        self._windows = {
            account: RollingWindows(SMARTLEAD_LIMITS, state.speed, state.clock) for account in accounts
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        key = request.first("api_key")
        if not key:
            return reply_json(401, {"message": "API key is required."})
        if key not in self._accounts:
            return reply_json(401, {"message": "Invalid API Key"})
        account = self._accounts[key]
        decision = self._windows[account].take()
        endpoint, answer = self._route(request, account)
        headers = _limit_headers(decision)
        if decision.broken is not None:
            wait = decision.retry_after
            message = f"Too many requests. Please retry after {wait} seconds."
            answer = reply_json(
                429, {"error": {"code": "RATE_LIMIT_EXCEEDED", "message": message, "retry_after": wait}}
            )
        else:
            try:
                answer = answer if isinstance(answer, Response) else answer()
            except Invalid as error:
                answer = reply_json(400, _joi(error))
        return Response(answer.status, answer.body, answer.content_type, headers, endpoint)

    def _route(self, request: Request, account: str) -> tuple[str, Response | Callable[[], Response]]:
        """Return the endpoint's name, and an answer or what makes one."""
        path = request.path.rstrip("/")
        view = self._state.view
        if request.method == "GET" and path == "campaigns":
            return "campaigns", lambda: self._campaigns(view, request, account)
        if request.method == "GET" and path == "email-accounts":
            return "email-accounts", lambda: _mailboxes(view, request, account)
        if request.method == "POST" and path == "master-inbox/inbox-replies":
            return "inbox-replies", lambda: _inbox(view, request, account)
        if request.method == "GET" and (match := _HISTORY.fullmatch(path)):
            campaign = _campaign(view, account, match["campaign"])
            lead = whole_number(match["lead"])
            return "message-history", lambda: _history(view, request, campaign, lead)
        if request.method == "GET" and (match := _ROUTE.fullmatch(path)):
            campaign, what = _campaign(view, account, match["campaign"]), match["what"]
            return what, lambda: _of_campaign(view, request, campaign, what)
        page = _HTML_404.replace("{method}", request.method).replace("{path}", request.path)
        return "unknown", Response(404, page.encode(), "text/html; charset=utf-8")

    def _campaigns(self, view: View, request: Request, account: str) -> Response:
        _check_query(request, "campaigns")
        own = [c for c in view.campaigns if (c.provider, c.account) == ("smartlead", account)]
        client_id = request.first("client_id")
        if client_id is not None:
            own = [campaign for campaign in own if str(campaign.provider_client_id) == client_id]
        return reply_json(200, [records.campaign(view, campaign) for campaign in own])


def _mailboxes(view: View, request: Request, account: str) -> Response:
    _check_query(request, "email-accounts")
    offset, limit = _paging(request, most=100, default=100)
    rows = records.mailboxes(view, account)
    client_id = request.first("client_id")
    if client_id is not None:
        rows = [row for row in rows if str(row["client_id"]) == client_id]
    return reply_json(200, rows[offset : offset + limit])


def _campaign(view: View, account: str, text: str) -> Campaign | None:
    campaign = view.agency.campaign_by_id.get(whole_number(text) or 0)
    if campaign is None or (campaign.provider, campaign.account) != ("smartlead", account):
        return None
    if campaign.created_at > view.as_of:
        return None
    return campaign


def _of_campaign(view: View, request: Request, campaign: Campaign | None, what: str) -> Response:
    _check_query(request, what)
    if campaign is None:
        return reply_json(404, _MISSING)
    if what == "sequences":
        return reply_json(200, [records.step(campaign, step) for step in campaign.steps])
    if what == "analytics":
        return reply_json(200, records.analytics(view, campaign))
    if what == "leads":
        return _leads(view, request, campaign)
    return _statistics(view, request, campaign)


def _leads(view: View, request: Request, campaign: Campaign) -> Response:
    offset, limit = _paging(request, most=100, default=100)
    rows = view.campaign_enrolments(campaign.id)
    status, category = request.first("status"), request.first("lead_category_id")
    created, active = _time(request, "created_at_gt"), _time(request, "event_time_gt")
    sent = _time(request, "last_sent_time_gt")
    if created:
        rows = [row for row in rows if row.added_at > created]
    if active:
        rows = [row for row in rows if records.last_event_at(view, row) > active]
    if sent:
        rows = [row for row in rows if any(m.sent_at > sent for m in view.messages(row))]
    if status:
        rows = [row for row in rows if view.status(row) == status]
    if category:
        rows = [row for row in rows if str(records.category_id(view, row)) == category]
    page = [records.campaign_lead(view, row) for row in rows[offset : offset + limit]]
    return reply_json(200, {"total_leads": str(len(rows)), "offset": offset, "limit": limit, "data": page})


def _statistics(view: View, request: Request, campaign: Campaign) -> Response:
    offset, limit = _paging(request, most=1000, default=100)
    rows = view.campaign_messages(campaign.id)
    first, last = _time(request, "sent_time_start_date"), _time(request, "sent_time_end_date")
    number, status = request.first("email_sequence_number"), request.first("email_status")
    if first:
        rows = [row for row in rows if row[1].sent_at >= first]
    if last:
        rows = [row for row in rows if row[1].sent_at <= last]
    if number:
        rows = [row for row in rows if str(row[1].step) == number]
    if status:
        rows = [row for row in rows if _has_status(view, row, status)]
    page = [
        records.statistic(view, enrolment, message) for enrolment, message in rows[offset : offset + limit]
    ]
    return reply_json(200, {"total_stats": str(len(rows)), "data": page, "offset": offset, "limit": limit})


def _has_status(view: View, row: tuple[Enrolment, Message], status: str) -> bool:
    enrolment, message = row
    checks: dict[str, bool] = {
        "opened": bool(view.opens(message)),
        "clicked": bool(view.clicks(message)),
        "replied": records.reply_time(view, enrolment, message) is not None,
        "unsubscribed": view.is_unsubscribed(message),
        "bounced": view.is_bounced(message),
    }
    if status not in checks:
        raise Invalid("query", "email_status", f"must be one of [{', '.join(checks)}]")
    return checks[status]


def _history(view: View, request: Request, campaign: Campaign | None, lead: int | None) -> Response:
    _check_query(request, "message-history")
    if campaign is None:
        return reply_json(404, _MISSING)
    found = [e for e in view.campaign_enrolments(campaign.id) if e.lead_id == lead]
    if not found:
        return reply_json(404, {"error": "Lead not found - Invalid lead_id."})
    since = _time(request, "event_time_gt")
    entries = records.history(view, found[0], since)
    return reply_json(200, {"history": entries, "from": found[0].mailbox, "to": found[0].email})


def _inbox(view: View, request: Request, account: str) -> Response:
    _check_query(request, "inbox-replies")
    try:
        body = request.json() or {}
    except ValueError:
        raise Invalid("body", "value", "must be of type object") from None
    if not isinstance(body, dict):
        raise Invalid("body", "value", "must be of type object")
    for name in body:
        if name not in _INBOX_BODY:
            raise Invalid("body", name, "is not allowed")
    offset, limit = whole_number(body.get("offset", 0)), whole_number(body.get("limit", 20))
    if offset is None or offset < 0:
        raise Invalid("body", "offset", "must be greater than or equal to 0")
    if limit is None or not 1 <= limit <= 20:
        problem = (
            "must be less than or equal to 20"
            if limit and limit > 20
            else "must be greater than or equal to 1"
        )
        raise Invalid("body", "limit", problem)
    rows = _replied(view, account, body.get("filters") or {})
    rows.sort(key=lambda row: (row[1], row[0].index), reverse=body.get("sortBy") != "REPLY_TIME_ASC")
    with_history = request.first("fetch_message_history") == "true"
    page = [records.inbox_row(view, row, with_history) for row, _ in rows[offset : offset + limit]]
    return reply_json(200, {"ok": True, "data": page, "offset": offset, "limit": limit})


def _replied(view: View, account: str, filters: Json) -> list[tuple[Enrolment, datetime]]:
    """Return (enrolment, time of its last reply) of those with a reply, as filtered."""
    between = filters.get("replyTimeBetween")
    campaigns = filters.get("campaignId")
    wanted = {str(item) for item in (campaigns if isinstance(campaigns, list) else [campaigns]) if item}
    rows: list[tuple[Enrolment, datetime]] = []
    for campaign in view.campaigns:
        if (campaign.provider, campaign.account) != ("smartlead", account) or (
            wanted and str(campaign.id) not in wanted
        ):
            continue
        for enrolment in view.campaign_enrolments(campaign.id):
            replies = view.replies(enrolment)
            if replies:
                rows.append((enrolment, replies[-1].received_at))
    if between:
        first, last = (_parse(text, "body", "filters.replyTimeBetween") for text in between)
        rows = [row for row in rows if first <= row[1] <= last]
    return rows


def _paging(request: Request, *, most: int, default: int) -> tuple[int, int]:
    offset, limit = (
        whole_number(request.first("offset") or 0),
        whole_number(request.first("limit") or default),
    )
    if offset is None or offset < 0:
        raise Invalid("query", "offset", "must be greater than or equal to 0")
    if limit is None or limit < 1:
        raise Invalid("query", "limit", "must be greater than or equal to 1")
    if limit > most:
        raise Invalid("query", "limit", f"must be less than or equal to {most}")
    return offset, limit


def _check_query(request: Request, what: str) -> None:
    for name in request.query:
        if name != "api_key" and name not in _ALLOWED[what]:
            raise Invalid("query", name, "is not allowed")


def _time(request: Request, name: str) -> datetime | None:
    text = request.first(name)
    return _parse(text, "query", name) if text else None


def _parse(text: Any, place: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise Invalid(place, name, "must be in ISO 8601 date format") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _joi(error: Invalid) -> Json:
    return {
        "statusCode": 400,
        "error": "Bad Request",
        "message": str(error),
        "validation": {"source": error.place, "keys": [error.key]},
    }


def _limit_headers(decision: Decision) -> dict[str, str]:
    minute = SMARTLEAD_LIMITS[1]
    return {
        "x-ratelimit-limit": str(minute.calls),
        "x-ratelimit-remaining": str(max(0, minute.calls - decision.usage[1])),
        "x-ratelimit-reset": str(decision.retry_after if decision.broken else int(minute.seconds)),
    }
