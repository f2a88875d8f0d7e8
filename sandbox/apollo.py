"""Apollo's API over the simulated agency: people search, its legacy twin, enrichment, what comes later."""

from __future__ import annotations

from hashlib import md5
from typing import Any

from sandbox.apollo_later import Later
from sandbox.apollo_records import (
    contact,
    job_postings,
    legacy_person,
    match_person,
    organization,
    search_person,
)
from sandbox.keys import APOLLO_KEY, APOLLO_SCOPED_KEY
from sandbox.limits import APOLLO_LIMITS, Decision, FixedWindows
from sandbox.model import Company, Job, Json, Person
from sandbox.view import View
from sandbox.web import Request, Response, State, reply_json, texts, whole_number

MAX_PER_PAGE = 100
MAX_ROWS = 50_000
MAX_DETAILS = 10
_UNAUTHORIZED = (
    "Invalid API key. See https://docs.apollo.io/reference/authentication for how to authenticate."
)
_HEADER_WINDOWS = {"minute": "minute", "hour": "hourly", "day": "24-hour"}


class Apollo:
    """Answers requests below /apollo/api/v1."""

    def __init__(self, state: State) -> None:
        """Keep the server's state and one set of counters per endpoint."""
        self._state = state
        self._windows = {
            endpoint: FixedWindows(limits, state.speed, state.clock)
            for endpoint, limits in APOLLO_LIMITS.items()
        }
        self._found: tuple[View, dict[str, list[Person]]] = (state.view, {})
        self._lookup: tuple[View, dict[str, Person]] | None = None
        self._later = Later()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix(
            "Bearer "
        )
        if key not in (APOLLO_KEY, APOLLO_SCOPED_KEY):
            return Response(401, _UNAUTHORIZED.encode(), "text/plain; charset=utf-8")
        endpoint, name = _endpoint(request)
        if endpoint not in self._windows or request.method != ("GET" if name else "POST"):
            return Response(404, b"Not Found", "text/plain; charset=utf-8")
        if key == APOLLO_SCOPED_KEY and endpoint != "people/bulk_match":
            return reply_json(403, _inaccessible(endpoint))
        decision = self._windows[endpoint].take()
        headers = _limit_headers(endpoint, decision)
        if decision.broken is not None:
            body = _too_many(endpoint, decision)
            answer = reply_json(429, body, **{"retry-after": str(decision.retry_after)})
        else:
            answer = self._asked_by_name(endpoint, name) if name else self._answer(endpoint, request)
        return Response(
            answer.status, answer.body, answer.content_type, {**headers, **answer.headers}, endpoint
        )

    def _answer(self, endpoint: str, request: Request) -> Response:
        try:
            wanted = _parameters(request)
        except ValueError:
            return reply_json(422, {"error": "Invalid parameters"})
        if endpoint == "people/bulk_match":
            return self._bulk_match(wanted, request)
        if endpoint == "organizations/bulk_enrich":
            return self._organizations(wanted)
        page, per_page = whole_number(wanted.get("page", 1)), whole_number(wanted.get("per_page", 10))
        if page is None or per_page is None or page < 1 or not 0 <= per_page <= MAX_PER_PAGE:
            return reply_json(422, {"error": "Invalid parameters"})
        if per_page == 0:
            return reply_json(422, {"error": "An error occurred. Per page cannot be 0."})
        if page * per_page > MAX_ROWS:
            over = "Invalid parameter passed in. Page * per page number is over threshold."
            return reply_json(422, {"error": over})
        view = self._state.view
        found = self._search(view, wanted)
        rows = found[(page - 1) * per_page : page * per_page]
        if endpoint == "mixed_people/api_search":
            people = [search_person(view, person) for person in rows]
            return reply_json(200, {"total_entries": len(found), "people": people})
        return reply_json(200, _legacy_page(view, rows, wanted, page, per_page, len(found)))

    def _search(self, view: View, wanted: Json) -> list[Person]:
        filters = {name: value for name, value in sorted(wanted.items()) if name not in ("page", "per_page")}
        if self._found[0] is not view:
            self._found = (view, {})
        cache = self._found[1]
        name = repr(filters)
        if name not in cache:
            hits = [person for person in view.apollo_people if _matches(view, person, filters)]
            cache[name] = sorted(hits, key=lambda person: person.apollo_id)
        return cache[name]

    def _bulk_match(self, wanted: Json, request: Request) -> Response:
        details = wanted.get("details")
        if not isinstance(details, list) or not details:
            return reply_json(400, _failed("INVALID_REQUEST", "invalid request, missing details"))
        if len(details) > MAX_DETAILS:
            message = "cannot enrich more than 10 in a single request"
            return reply_json(400, _failed("RECORD_LIMIT_EXCEEDED", message))
        if not all(isinstance(detail, dict) for detail in details):
            return reply_json(422, _failed("UNKNOWN_ERROR", "no implicit conversion of String into Hash"))
        if wanted.get("reveal_phone_number") in (True, "true") and not wanted.get("webhook_url"):
            message = "Please add a valid 'webhook_url' parameter when using 'reveal_phone_number'"
            return reply_json(400, _failed("INVALID_REQUEST", message))
        view = self._state.view
        known = self._people_by_key(view)
        matched = [_look_up(known, detail) for detail in details]
        unique = {person.apollo_id for person in matched if person is not None}
        self._state.credits.update(unique)
        digest = md5(request.body, usedforsecurity=False).digest()
        request_id = int.from_bytes(digest[:8], "big", signed=True)
        answer = {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_enrichments": len(details),
            "unique_enriched_records": len(unique),
            "missing_records": sum(person is None for person in matched),
            "credits_consumed": len(unique),
            "matches": [None if person is None else match_person(view, person) for person in matched],
            "request_id": request_id,
        }
        if (later := self._later.ask(view, request_id, matched, wanted)) is not None:
            self._state.credits.update(later.credits)
            answer = later.accepted(answer)
        return reply_json(200, answer)

    def _organizations(self, wanted: Json) -> Response:
        domains = wanted.get("domains")
        if not isinstance(domains, list) or not domains:
            return reply_json(400, _failed("INVALID_REQUEST", "invalid request, missing domains"))
        if len(domains) > MAX_DETAILS:
            message = "cannot enrich more than 10 in a single request"
            return reply_json(400, _failed("RECORD_LIMIT_EXCEEDED", message))
        by_domain = {company.domain: company for company in self._state.view.agency.companies}
        found = [by_domain.get(str(domain).lower()) for domain in domains]
        known = [company for company in found if company is not None]
        self._state.credits.update(company.apollo_id for company in known)
        answer = {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_domains": len(domains),
            "unique_domains": len(set(domains)),
            "unique_enriched_records": len(known),
            "missing_records": len(found) - len(known),
            "organizations": [None if company is None else organization(company) for company in found],
        }
        return reply_json(200, answer)

    def _asked_by_name(self, endpoint: str, name: str) -> Response:
        view = self._state.view
        if endpoint == "webhook_result":
            return self._later.answer(view, name)
        company = next((one for one in view.agency.companies if one.apollo_id == name), None)
        if company is None:
            return reply_json(422, {"error": "Organization not found"})
        self._state.credits[name] += 1
        return reply_json(200, {"organization_job_postings": job_postings(view, company)})

    def _people_by_key(self, view: View) -> dict[str, Person]:
        if self._lookup is None or self._lookup[0] is not view:
            known: dict[str, Person] = {}
            for person in view.apollo_people:
                job = person.job_at(view.as_of)
                company = view.agency.companies[job.company]
                name = f"{person.first_name} {person.last_name}".lower()
                for key in (f"{name}@{company.domain}", f"{name}@{company.name.lower()}"):
                    known.setdefault(key, person)
                known[person.apollo_id] = person
                if job.email and not person.locked:
                    known[job.email] = person
                if person.linkedin:
                    known[_profile(person.linkedin)] = person
            self._lookup = (view, known)
        return self._lookup[1]


def _endpoint(request: Request) -> tuple[str, str]:
    """Return the endpoint, and the id of what it is asked for where that stands in the path."""
    parts = request.path.strip("/").split("/")
    if len(parts) == 2 and parts[0] == "webhook_result":
        return parts[0], parts[1]
    if len(parts) == 3 and (parts[0], parts[2]) == ("organizations", "job_postings"):
        return "organizations/job_postings", parts[1]
    return "/".join(parts), ""


def _parameters(request: Request) -> Json:
    """Return body and query parameters together; `name[]` in the query is a list."""
    body = request.json() or {}
    if not isinstance(body, dict):
        raise ValueError("the body must be an object")
    wanted: Json = {}
    for name, values in request.query.items():
        wanted[name.removesuffix("[]")] = values if name.endswith("[]") else values[0]
    return {**wanted, **body}


def _look_up(known: dict[str, Person], detail: Json) -> Person | None:
    for key in (detail.get("id"), str(detail.get("email") or "").strip().lower()):
        if key and key in known:
            return known[key]
    if detail.get("linkedin_url"):
        return known.get(_profile(str(detail["linkedin_url"])))
    name = detail.get("name") or f"{detail.get('first_name', '')} {detail.get('last_name', '')}"
    place = detail.get("domain") or detail.get("organization_name")
    return known.get(f"{name.strip()}@{place}".lower()) if place else None


def _profile(url: str) -> str:
    return url.lower().rstrip("/").rpartition("/in/")[2]


def _matches(view: View, person: Person, filters: Json) -> bool:
    job = person.job_at(view.as_of)
    company = view.agency.companies[job.company]
    return all(
        _matches_one(person, job, company, name, value, filters) for name, value in filters.items() if value
    )


def _matches_one(person: Person, job: Job, company: Company, name: str, value: Any, filters: Json) -> bool:
    """Whether the person passes one filter; parameters that are no filter of ours let everybody pass."""
    wanted = texts(value)
    if name == "person_titles":
        if filters.get("include_similar_titles") in (False, "false"):
            return job.title.lower() in wanted
        words = set(_words(job.title))
        return any(set(_words(title)) <= words for title in wanted)
    if name == "person_seniorities":
        return job.seniority in wanted
    if name in ("person_locations", "organization_locations"):
        places = {company.country.lower(), company.state.lower(), company.city.lower()}
        return any(bool(places & {part.strip() for part in place.split(",")}) for place in wanted)
    if name == "organization_num_employees_ranges":
        return any(_is_between(company.employees, text) for text in wanted)
    if name == "q_organization_keyword_tags":
        return any(tag in (company.industry, *company.keywords) for tag in wanted)
    if name == "q_keywords":
        words = set(_words(f"{person.first_name} {job.title} {company.name} {company.industry}"))
        return set(_words(wanted[0])) <= words
    if name in ("q_organization_domains_list", "q_organization_domains"):
        return company.domain in [domain for item in wanted for domain in item.split("\n")]
    if name == "organization_ids":
        return company.apollo_id in wanted
    if name == "contact_email_status":
        return job.email_status in wanted
    if name == "currently_using_any_of_technology_uids":
        uids = {technology.lower().replace(" ", "_") for technology in company.technologies}
        return any(uid.replace(" ", "_") in uids for uid in wanted)
    return True


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


def _is_between(count: int, text: str) -> bool:
    low, _, high = text.partition(",")
    return (whole_number(low) or 0) <= count <= (whole_number(high) or 10**9)


def _legacy_page(view: View, rows: list[Person], wanted: Json, page: int, per_page: int, total: int) -> Json:
    everyone = [(person, legacy_person(view, person)) for person in rows]
    # whoever is saved in the team's CRM stands in `contacts` instead of `people`
    return {
        "breadcrumbs": [
            {"label": name, "signal_field_name": name, "value": value, "display_name": str(value)}
            for name, value in wanted.items()
            if name not in ("page", "per_page")
        ],
        "partial_results_only": False,
        "has_join": False,
        "disable_eu_prospecting": False,
        "partial_results_limit": 10_000,
        "pagination": {
            "page": page,
            "per_page": per_page,
            "total_entries": total,
            "total_pages": -(-total // per_page),
        },
        "contacts": [contact(view, record) for person, record in everyone if person.index % 7 == 0],
        "people": [record for person, record in everyone if person.index % 7],
        "model_ids": [record["id"] for _, record in everyone],
        "num_fetch_result": None,
        "derived_params": None,
    }


def _failed(code: str, message: str) -> Json:
    return {"status": "failed", "error_code": code, "error_message": message}


def _inaccessible(endpoint: str) -> Json:
    message = (
        f"This API key is not authorized to access api/v1/{endpoint}. Request an API key from your"
        " administrator that includes this endpoint in its configured scope."
    )
    return {"error": message, "error_code": "API_INACCESSIBLE"}


def _too_many(endpoint: str, decision: Decision) -> Json:
    assert decision.broken is not None
    message = (
        f"The maximum number of api calls allowed for api/v1/{endpoint} is {decision.broken.calls} times per"
        f" {decision.broken.name}. Please upgrade your plan from https://app.apollo.io/#/settings/plans/upgrade."
    )
    if endpoint == "mixed_people/api_search":  # this endpoint wraps its error in a text
        return {"message": '{\n    "message": "' + message + '"\n}'}
    return {"message": message}


def _limit_headers(endpoint: str, decision: Decision) -> dict[str, str]:
    headers: dict[str, str] = {}
    for limit, used in zip(APOLLO_LIMITS[endpoint], decision.usage, strict=True):
        window = _HEADER_WINDOWS[limit.name]
        headers[f"x-rate-limit-{window}"] = str(limit.calls)
        headers[f"x-{window}-usage"] = str(used)
        headers[f"x-{window}-requests-left"] = str(max(0, limit.calls - used))
    return headers
