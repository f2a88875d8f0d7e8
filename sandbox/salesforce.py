"""Salesforce's API over the clients' simulated organizations: queries, Bulk 2.0 jobs, descriptions."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox import salesforce_records as records
from sandbox.keys import salesforce_key
from sandbox.limits import SALESFORCE_LIMIT, FixedWindows
from sandbox.model import Json
from sandbox.portals import Portal
from sandbox.soql import BadQuery, parse
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json, whole_number

PAGE = 2000
SESSION_REQUESTS = 5_000
"""A token that a connected app was given expires after so many requests."""

APP_SECRET = "sandbox-secret"
"""Secret of every organization's connected app; the app's id is the organization's key."""

_DATA = re.compile(r"services/data/v(?P<version>\d+\.0)/(?P<rest>.+)")
_DESCRIBE = re.compile(r"sobjects/(\w+)/describe")
_NEXT = re.compile(r"query/(\w+)-(\d+)")
_JOB = re.compile(r"jobs/query/(\w+)(/results)?")


@dataclass
class _Org:
    """What one organization keeps between requests. jobs: id → (rows, fields, how often it was asked for).

    sessions: token of a connected app → requests made with it.
    """

    client: int
    limit: FixedWindows
    cursors: dict[str, list[Json]] = field(default_factory=dict)
    jobs: dict[str, tuple[list[Json], tuple[str, ...], int]] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)


class Salesforce:
    """Answers requests below /salesforce; one token an organization, each with its own limit."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and what every organization has open."""
        self._state = state
        self._orgs = {
            salesforce_key(name): _Org(client, FixedWindows((SALESFORCE_LIMIT,), state.speed, state.clock))
            for name, client in state.view.agency.params.crm_clients("salesforce").items()
        }
        self._tables: tuple[View, dict[int, dict[str, list[Json]]]] = (state.view, {})

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path.rstrip("/")
        if path == "services/oauth2/token":
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        org = self._orgs.get(token.partition("!")[0])
        if org is None or not _is_valid(org, token):
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        day = org.limit.take()
        headers = {"Sforce-Limit-Info": f"api-usage={day.usage[0]}/{SALESFORCE_LIMIT.calls}"}
        if day.broken is not None:
            answer = _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        else:
            try:
                answer = self._answer(request, org, path)
            except BadQuery as error:
                answer = _error(400, error.code, str(error))
        return Response(
            answer.status, answer.body, answer.content_type, headers | answer.headers, _endpoint(path)
        )

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("client_id") not in self._orgs or form.get("client_secret") != APP_SECRET:
            return reply_json(
                400, {"error": "invalid_client", "error_description": "invalid client credentials"}
            )
        sessions = self._orgs[form["client_id"]].sessions
        token = f"{form['client_id']}!{len(sessions)}"
        sessions[token] = 0
        answer = {
            "access_token": token,
            "instance_url": self._state.base_url,
            "token_type": "Bearer",
        }
        return reply_json(200, answer)

    def _rows(self, org: _Org, name: str) -> list[Json]:
        view = self._state.view
        if self._tables[0] is not view:
            self._tables = (view, {})
        if org.client not in self._tables[1]:
            self._tables[1][org.client] = records.tables(Portal(view, org.client))
        return self._tables[1][org.client][name]

    def _answer(self, request: Request, org: _Org, path: str) -> Response:
        match = _DATA.fullmatch(path)
        if match is None:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        rest = match["rest"]
        if request.method == "GET" and rest == "limits":
            return reply_json(200, {"DailyApiRequests": {"Max": 100_000, "Remaining": 99_990}})
        if request.method == "GET" and rest in ("query", "queryAll"):
            return self._query(request, org, path, every=rest == "queryAll")
        if request.method == "GET" and (found := _NEXT.fullmatch(rest)):
            return self._page(org, path.rpartition("/")[0], found[1], int(found[2]))
        if request.method == "GET" and (found := _DESCRIBE.fullmatch(rest)):
            return _describe(found[1])
        if request.method == "POST" and rest == "jobs/query":
            return self._make_job(request, org, match["version"])
        if request.method == "GET" and (found := _JOB.fullmatch(rest)) and found[1] in org.jobs:
            if found[2]:
                return _results(request, *org.jobs[found[1]])
            return _job_state(org, found[1], match["version"])
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _found(self, org: _Org, text: str, *, every: bool) -> tuple[list[Json], tuple[str, ...], str]:
        query = parse(text, records.FIELDS)
        rows = [row for row in self._rows(org, query.name) if every or not row.get("IsDeleted")]
        return query.apply(rows), query.fields, query.name

    def _query(self, request: Request, org: _Org, path: str, *, every: bool) -> Response:
        rows, fields, name = self._found(org, request.first("q") or "", every=every)
        if not fields:
            return reply_json(200, {"totalSize": len(rows), "done": True, "records": []})
        version = path.split("/")[2]
        shaped = []
        for row in rows:
            about = {"type": name}
            if "Id" in row:
                about["url"] = f"/services/data/{version}/sobjects/{name}/{row['Id']}"
            shaped.append({"attributes": about, **row})
        locator = f"01g{org.client:02}{len(org.cursors):010}"
        org.cursors[locator] = shaped
        return self._page(org, f"services/data/{version}/query", locator, 0)

    def _page(self, org: _Org, path: str, locator: str, start: int) -> Response:
        if locator not in org.cursors:
            raise BadQuery("INVALID_QUERY_LOCATOR", "invalid query locator")
        rows = org.cursors[locator]
        page = rows[start : start + PAGE]
        done = start + PAGE >= len(rows)
        answer: Json = {"totalSize": len(rows), "done": done, "records": page}
        if not done:
            answer["nextRecordsUrl"] = f"/{path}/{locator}-{start + PAGE}"
        return reply_json(200, answer)

    def _make_job(self, request: Request, org: _Org, version: str) -> Response:
        body = request.json() or {}
        if body.get("operation") not in ("query", "queryAll"):
            raise BadQuery("INVALIDJOB", "operation must be query or queryAll")
        rows, fields, name = self._found(org, str(body.get("query")), every=body["operation"] == "queryAll")
        if not fields:
            raise BadQuery("API_ERROR", "Aggregate Relationships not supported in Bulk Query")
        job_id = f"750ak{org.client:02}{len(org.jobs):08}AAA"
        org.jobs[job_id] = (rows, fields, 0)
        return reply_json(200, _job(job_id, "UploadComplete", version) | {"object": name})


def _is_valid(org: _Org, token: str) -> bool:
    """Count a request of a connected app's session, and say whether it has not expired."""
    if "!" not in token:
        return True
    org.sessions[token] = org.sessions.get(token, SESSION_REQUESTS) + 1
    return org.sessions[token] <= SESSION_REQUESTS


def _job(job_id: str, state: str, version: str) -> Json:
    return {
        "id": job_id,
        "operation": "queryAll",
        "state": state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(version),
        "jobType": "V2Query",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def _job_state(org: _Org, job_id: str, version: str) -> Response:
    """Return how far a job is; it is done when it is asked for the second time."""
    rows, fields, asked = org.jobs[job_id]
    org.jobs[job_id] = (rows, fields, asked + 1)
    state = "JobComplete" if asked else "InProgress"
    return reply_json(
        200, _job(job_id, state, version) | {"numberRecordsProcessed": len(rows) if asked else 0}
    )


def _results(request: Request, rows: list[Json], fields: tuple[str, ...], _asked: int) -> Response:
    """Return one page of a job's CSV; the locator of the last page is the word null."""
    start = whole_number(request.first("locator") or 0) or 0
    most = whole_number(request.first("maxRecords") or 50_000) or 50_000
    page = rows[start : start + most]
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(fields)
    for row in page:
        writer.writerow([_cell(row[name]) for name in fields])
    headers = {
        "Sforce-NumberOfRecords": str(len(page)),
        "Sforce-Locator": str(start + most) if start + most < len(rows) else "null",
    }
    return Response(200, text.getvalue().encode(), "text/csv; charset=UTF-8", headers)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace(".000+0000", ".000Z")


def _describe(name: str) -> Response:
    if name not in records.FIELDS:
        return _error(404, "NOT_FOUND", "The requested resource does not exist")
    fields = [
        {
            "name": one,
            "label": one.replace("__c", "").replace("_", " "),
            "type": kind,
            "custom": one.endswith("__c"),
        }
        for one, kind in records.FIELDS[name].items()
    ]
    return reply_json(200, {"name": name, "custom": False, "queryable": True, "fields": fields})


def _endpoint(path: str) -> str:
    """Name a path without what differs from request to request."""
    return re.sub(r"(01g|750)\w+(-\d+)?", "{id}", path)


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps([{"message": message, "errorCode": code}], separators=(",", ":")).encode()
    return Response(status, body)
