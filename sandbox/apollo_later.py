"""What Apollo answers later: phones and other vendors' finds, fetched by the id of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

from sandbox.model import Json, Person
from sandbox.view import View
from sandbox.web import Response, reply_json, whole_number

PHONE_CREDITS = 8
KEPT = timedelta(days=30)
_PERSON_OF_WATERFALL = (
    "id",
    "first_name",
    "last_name",
    "name",
    "title",
    "linkedin_url",
    "organization_id",
    "city",
    "state",
    "country",
    "revealed_for_current_team",
)


@dataclass
class Asked:
    """One request. kinds: phone, email; polls: how often its result was asked for."""

    request_id: int
    people: tuple[Person, ...]
    kinds: frozenset[str]
    is_waterfall: bool
    asked_at: datetime
    polls: int = 0

    @property
    def credits(self) -> dict[str, int]:
        """Return the credits that the phones cost, by person."""
        return {person.apollo_id: PHONE_CREDITS for person in self.people if self._has_phone(person)}

    def accepted(self, answer: Json) -> Json:
        """Return what the request itself is answered: a waterfall's people come without addresses."""
        if not self.is_waterfall:
            return answer
        names = ("status", "error_code", "error_message", "total_requested_enrichments", "request_id")
        message = "Waterfall enrichment request accepted. Results will be sent to the provided webhook URL."
        return {
            **{name: answer[name] for name in names},
            "matches": [
                match and {name: match[name] for name in _PERSON_OF_WATERFALL} for match in answer["matches"]
            ],
            "waterfall": {"status": "accepted", "message": message},
        }

    def result(self) -> Json:
        """Return what is fetched once it is there."""
        phones = sum(self._has_phone(person) for person in self.people)
        return {
            "request_id": str(self.request_id),
            "webhook_status": "success",
            "request_type": "waterfall" if self.is_waterfall else "phone",
            "last_dispatched_at": f"{self.asked_at:%Y-%m-%dT%H:%M:%SZ}",
            "failure_reason": None,
            "webhook_result": {
                "status": "success",
                "total_requested_enrichments": len(self.people),
                "unique_enriched_records": phones,
                "missing_records": len(self.people) - phones,
                "credits_consumed": phones * PHONE_CREDITS,
                "people": [self._person(person) for person in self.people],
            },
        }

    def _has_phone(self, person: Person) -> bool:
        return "phone" in self.kinds and person.phone is not None

    def _person(self, person: Person) -> Json:
        record: Json = {
            "id": person.apollo_id,
            "status": "success",
            "phone_numbers": [_phone(person)] if self._has_phone(person) else [],
        }
        if self.is_waterfall:
            record["emails"] = [_email(person, self.asked_at)] if "email" in self.kinds else []
        return record


class Later:
    """Keeps the requests; a result is pending when it is asked for the first time."""

    def __init__(self) -> None:
        """Start with none."""
        self._asked: dict[str, Asked] = {}

    def ask(self, view: View, request_id: int, people: Sequence[Person | None], wanted: Json) -> Asked | None:
        """Keep a request for phones or a waterfall; None where neither is wanted."""
        waterfall = {kind for kind in ("phone", "email") if _is_set(wanted, f"run_waterfall_{kind}")}
        kinds = waterfall | ({"phone"} if _is_set(wanted, "reveal_phone_number") else set())
        if not kinds:
            return None
        known = tuple(person for person in people if person is not None)
        asked = Asked(request_id, known, frozenset(kinds), bool(waterfall), view.as_of)
        return self._asked.setdefault(str(request_id), asked)

    def answer(self, view: View, request_id: str) -> Response:
        """Answer for the result of a request."""
        if whole_number(request_id) is None:
            return reply_json(400, {"error_code": "invalid_request_id"})
        asked = self._asked.get(request_id)
        if asked is None:
            return reply_json(404, {"error_code": "request_id_unknown"})
        if view.as_of - asked.asked_at > KEPT:
            return reply_json(410, {"error_code": "request_id_expired"})
        asked.polls += 1
        if asked.polls == 1:
            return reply_json(404, {"error_code": "result_pending", "retry_after_seconds": 10})
        return reply_json(200, asked.result())


def _is_set(wanted: Json, name: str) -> bool:
    return wanted.get(name) in (True, "true")


def _phone(person: Person) -> dict[str, Any]:
    number = md5(person.apollo_id.encode(), usedforsecurity=False).hexdigest()[:24]
    raw = person.phone or ""
    return {
        "_id": number,
        "confidence_cd": "high",
        "created_at": None,
        "direct_dial_source_cd": "contact_trusted",
        "dnc_other_info": {},
        "dnc_status_cd": "not_found",
        "dnc_status_updated_at": None,
        "position": 0,
        "raw_number": raw,
        "sanitized_number": "+" + "".join(letter for letter in raw if letter.isdigit()),
        "status_cd": "valid_number",
        "type_cd": "mobile",
        "updated_at": None,
        "id": number,
        "key": number,
    }


def _email(person: Person, moment: datetime) -> dict[str, Any]:
    return {
        "email": person.lead_email,
        "email_source_cd": None,
        "position": 0,
        "email_status_cd": "Verified",
        "extrapolated_email_confidence": None,
        "third_party_data_provider_id": "vendor",
        "waterfall_enriched_at": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "vendor_validation_statuses": [],
    }
