"""The sandbox's Apollo: contacts beside people, organizations, openings, and what is answered later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox import Agency, Server
from tests.sandbox.shapes import fields

RESULT = fields("request_id webhook_status request_type last_dispatched_at failure_reason webhook_result")
PHONE = fields(
    """_id confidence_cd created_at direct_dial_source_cd dnc_other_info dnc_status_cd dnc_status_updated_at
    position raw_number sanitized_number status_cd type_cd updated_at id key"""
)
HOOK = {"reveal_phone_number": "true", "webhook_url": "https://hooks.example"}


def ask(apollo: httpx.Client, *ids: str, **params: str) -> dict[str, Any]:
    details = {"details": [{"id": name} for name in ids]}
    answer = apollo.post("/people/bulk_match", json=details, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_who_is_saved_is_a_contact_with_an_id_of_its_own(apollo: httpx.Client) -> None:
    answer = apollo.post("/mixed_people/search", json={"page": 1, "per_page": 50}).json()
    found = ask(apollo, *[contact["person_id"] for contact in answer["contacts"][:3]])["matches"]
    assert [person["first_name"] for person in found] == [c["first_name"] for c in answer["contacts"][:3]]
    assert not {c["id"] for c in answer["contacts"]} & {c["person_id"] for c in answer["contacts"]}


def test_a_phone_comes_later(apollo: httpx.Client, agency: Agency, server: Server) -> None:
    person = next(p for p in agency.people if p.in_apollo and p.phone and p.jobs[0].known_at <= server.as_of)
    asked = ask(apollo, person.apollo_id, **HOOK)
    assert (type(asked["request_id"]), server.credits[person.apollo_id]) == (int, 9)
    path = f"/webhook_result/{asked['request_id']}"
    pending = apollo.get(path)
    assert (pending.status_code, pending.json()["error_code"]) == (404, "result_pending")
    result = apollo.get(path).json()
    assert set(result) == RESULT
    (found,) = result["webhook_result"]["people"]
    assert (found["id"], result["request_id"]) == (person.apollo_id, str(asked["request_id"]))
    assert [set(phone) for phone in found["phone_numbers"]] == [PHONE]
    server.as_of += timedelta(days=31)
    expired = apollo.get(path)
    assert (expired.status_code, expired.json()) == (410, {"error_code": "request_id_expired"})


def test_a_waterfall_is_accepted_and_finds_addresses(apollo: httpx.Client, agency: Agency) -> None:
    person = next(p for p in agency.people if p.locked)
    asked = ask(apollo, person.apollo_id, run_waterfall_email="true")
    assert asked["waterfall"]["status"] == "accepted"
    assert "credits_consumed" not in asked
    assert "email" not in asked["matches"][0]
    results = [apollo.get(f"/webhook_result/{asked['request_id']}").json() for _ in range(2)]
    (found,) = results[1]["webhook_result"]["people"]
    assert [row["email"] for row in found["emails"]] == [person.lead_email]


@pytest.mark.parametrize(
    ("name", "status", "code"), [("123", 404, "request_id_unknown"), ("abc", 400, "invalid_request_id")]
)
def test_a_result_nobody_asked_for(apollo: httpx.Client, name: str, status: int, code: str) -> None:
    answer = apollo.get(f"/webhook_result/{name}")
    assert (answer.status_code, answer.json()) == (status, {"error_code": code})


def test_a_phone_needs_an_address_to_be_sent_to(apollo: httpx.Client) -> None:
    answer = apollo.post(
        "/people/bulk_match", json={"details": [{"id": "1"}]}, params={"reveal_phone_number": "true"}
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_REQUEST")


def test_organizations_are_charged_and_some_of_them_hire(
    apollo: httpx.Client, agency: Agency, server: Server
) -> None:
    domains = [company.domain for company in agency.companies[:9]]
    answer = apollo.post("/organizations/bulk_enrich", json={"domains": [*domains, "nobody.example"]}).json()
    assert [one and one["primary_domain"] for one in answer["organizations"]] == [*domains, None]
    assert (answer["unique_enriched_records"], answer["missing_records"]) == (9, 1)
    openings = {
        company.index: apollo.get(f"/organizations/{company.apollo_id}/job_postings").json()
        for company in agency.companies[:9]
    }
    hiring = {index for index, found in openings.items() if found["organization_job_postings"]}
    assert hiring == {0, 3, 6}
    assert server.credits.total() == 18
    eleven = apollo.post("/organizations/bulk_enrich", json={"domains": ["a.example"] * 11})
    assert (eleven.status_code, eleven.json()["error_code"]) == (400, "RECORD_LIMIT_EXCEEDED")
