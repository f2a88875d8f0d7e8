"""What Apollo answers later, its legacy search and recorded responses: they land, or are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion import apollo
from ingestion.apollo_phones import REQUESTS, RESULTS, fetch_phones
from ingestion.errors import LoadError
from ingestion.values import Json
from pipeline.config import Config
from tests.ingestion.conftest import MemoryAnswers, agency
from tests.ingestion.fakes import job, spooled
from tests.real.test_payloads import replay

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PAYLOADS = DATA / "payloads" / "apollo"
FIXTURES = DATA / "provider_fixtures" / "apollo" / "test"
NEEDS_DATA = "needs ../shared/data beside the clone"

pytestmark = pytest.mark.skipif(not (PAYLOADS.is_dir() and FIXTURES.is_dir()), reason=NEEDS_DATA)

LATER = "get_webhook_result_request_id__"
NOT_READ = {
    "empty.json": "the stages of deals kept in Apollo itself, for which the loader does not ask",
    "opportunities.json": "deals kept in Apollo itself, for which the loader does not ask",
    "opportunity-write.json": "the answer to a write, and nothing writes to Apollo",
    "sequences.json": "sequences sent through Apollo itself, for which the loader does not ask",
    "update-deals.json": "the answer to a write, and nothing writes to Apollo",
}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def configured(**account: Json) -> Config:
    return agency(apollo=[{"name": "main", "api_key_env": "KEY", "enrich_cap": 0, **account}])


def waiting(*ids: str) -> MemoryAnswers:
    """A store in which requests with these ids wait for their results."""
    store = MemoryAnswers()
    lines = [(name, None, json.dumps({"request_id": name}), Decimal(0)) for name in ids]
    store.commit(REQUESTS, "main", lines)
    return store


def test_phones_and_vendors_finds_land(tmp_path: Path) -> None:
    bodies = {name: payload(f"{LATER}200_{name}_enrichment") for name in ("phone", "waterfall")}

    def answer(_method: str, path: str, _body: object) -> Json:
        found: Json = bodies.get(path.rpartition("/")[2], {"total_entries": 0, "people": []})
        return found

    store = waiting("phone", "waterfall")
    made, _ = job("apollo", configured(), tmp_path, answer, answers=store)
    apollo.read(made)
    people = [person for body in bodies.values() for person in body["webhook_result"]["people"]]
    for table, names, column in (
        ("phones", ("phone_numbers", "sanitized_number"), "number"),
        ("emails", ("emails", "email"), "email"),
    ):
        sent = {(p["id"], row[names[1]]) for p in people for row in p.get(names[0], ())}
        assert {(row["person_id"], row[column]) for row in spooled(made, table)} == sent != set()
    assert spooled(made, "quarantine") == []
    assert [answer[3] for source, _, answer in store.rows if source == RESULTS] == [Decimal(1), Decimal(0)]


@pytest.mark.parametrize(
    ("name", "status", "is_given_up"),
    [
        ("404_result_still_processing", 404, False),
        ("404_request_id_not_recognized", 404, True),
        ("410_result_expired", 410, True),
        ("400_malformed_request_id", 400, True),
    ],
)
def test_a_result_that_is_not_there(tmp_path: Path, name: str, status: int, is_given_up: bool) -> None:
    store = waiting("1")
    with replay({"*": [payload(LATER + name)]}, status) as url:
        config = configured(base_url=url)
        made, _ = job("apollo", config, tmp_path, lambda *_: None, answers=store)
        account = config.sources.apollo.accounts[0]
        fetch_phones(replace(made, client=apollo.client_for(account, "secret")))
    assert [len(made.notes), "1" in store.known(RESULTS, ["1"])] == [is_given_up, is_given_up]


def test_a_result_asked_for_with_a_wrong_key_is_refused(tmp_path: Path) -> None:
    body = (PAYLOADS / f"{LATER}401_unauthorized.txt").read_bytes()
    with replay({"*": [body]}, 401) as url:
        config = configured(base_url=url)
        made, _ = job("apollo", config, tmp_path, lambda *_: None, answers=waiting("1"))
        account = config.sources.apollo.accounts[0]
        with pytest.raises(LoadError, match=r"HTTP 401: .*check the key"):
            fetch_phones(replace(made, client=apollo.client_for(account, "secret")))


def test_all_answers_for_results_are_read_here() -> None:
    read = {
        "200_phone_enrichment",
        "200_waterfall_enrichment",
        "401_unauthorized",
        "400_malformed_request_id",
    }
    read |= {"404_result_still_processing", "404_request_id_not_recognized", "410_result_expired"}
    there = {path.name.removeprefix(LATER).partition(".")[0] for path in PAYLOADS.glob(f"{LATER}*")}
    assert there == read


def test_the_legacy_search_lands_with_its_contacts_and_without_its_placeholders(tmp_path: Path) -> None:
    recorded = json.loads((FIXTURES / "contacts.json").read_text(encoding="utf-8"))["contacts"]
    answer = payload("legacy_post_mixed_people_search__200") | {"contacts": recorded}
    made, _ = job("apollo", configured(search="legacy"), tmp_path, lambda *_: answer)
    apollo.read(made)
    rows = {row["id"]: row for row in spooled(made, "people_search")}
    assert set(rows) == {person["id"] for person in (*answer["people"], *recorded)}
    assert spooled(made, "quarantine") == []
    assert [row["email"] for row in rows.values()] == [None] * len(rows)
    assert rows[answer["people"][0]["id"]]["has_email"]
    assert made.spool.tallies["people_search"].reported == answer["pagination"]["total_entries"]


def test_every_recorded_response_is_accounted_for(tmp_path: Path) -> None:
    names = {path.name for path in FIXTURES.glob("*.json")}
    assert names == set(NOT_READ) | {"contacts.json", "unsupported.json"}
    with replay({"*": [(FIXTURES / "unsupported.json").read_bytes()]}, 404) as url:
        config = configured(base_url=url)
        made, _ = job("apollo", config, tmp_path, lambda *_: None)
        account = config.sources.apollo.accounts[0]
        with pytest.raises(LoadError, match="HTTP 404: Not Found; check base_url"):
            apollo.read(replace(made, client=apollo.client_for(account, "secret")))
