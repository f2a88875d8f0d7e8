"""What Apollo is asked for besides people: phones that come later, other vendors' finds, organizations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion import apollo
from ingestion.apollo_phones import REQUESTS, RESULTS
from ingestion.errors import TerminalError
from ingestion.values import Json
from pipeline.accounts import Account
from pipeline.config import Config, ConfigError, load_config
from sandbox import Agency
from tests.ingestion.conftest import Loader, MemoryAnswers, agency, rows, served
from tests.ingestion.fakes import job, spooled
from warehouse import Warehouse

HOOK = {"phone_cap": 12, "webhook_url": "https://hooks.example/apollo"}
NEGATIVE = -9007199254740993123
"""A request's id: signed, of 64 bits."""


def configured(**account: Json) -> Config:
    return agency(apollo=[{"name": "main", "api_key_env": "KEY", **HOOK, **account}])


class Provider:
    """An Apollo that knows phones of everybody asked for, once it has thought about it."""

    def __init__(self, *results: str) -> None:
        """results: what is answered for a result, in turn; `there` for the result itself."""
        self.results = iter(results)
        self.asked: list[str] = []

    def __call__(self, _method: str, path: str, body: Mapping[str, Any]) -> Json:
        if path.endswith("api_search"):
            return {"total_entries": 0, "people": []}
        if path == "/people/bulk_match":
            self.asked += [one["id"] for one in body["details"]]
            matches = [{"id": one["id"], "email": f"{one['id']}@a.example"} for one in body["details"]]
            return {"status": "success", "matches": matches, "request_id": NEGATIVE, "credits_consumed": 1}
        assert path == f"/webhook_result/{NEGATIVE}"
        result = next(self.results)
        if result != "there":
            raise TerminalError(f'apollo account main: {path}: HTTP 404: {{"error_code":"{result}"}}')
        phones = [{"raw_number": "+1 555-0164", "sanitized_number": "+15550164", "status_cd": "valid_number"}]
        people = [{"id": name, "phone_numbers": phones} for name in self.asked]
        return {"webhook_result": {"credits_consumed": 16, "people": people}}


def night(provider: Provider, store: MemoryAnswers, folder: Path, cursor: Any = None, **account: Json) -> Any:
    """Read one night; the leads a and b, and then c, are worth a phone."""
    leads = [{"n": 1, "id": name, "domain": None} for name in "abc"]
    made, client = job(
        "apollo", configured(**account), folder, provider, answers=store, landed=leads, cursor=cursor
    )
    cursor = apollo.read(made)
    return made, client, cursor


def test_a_phone_is_asked_for_once_and_fetched_on_a_later_night(tmp_path: Path) -> None:
    store, provider = MemoryAnswers(), Provider("result_pending", "result_pending", "there")
    made, client, cursor = night(provider, store, tmp_path, phone_cap=2)
    assert provider.asked == ["a", "b"]
    request = [(row[0], json.loads(row[2])) for source, _, row in store.rows if source == REQUESTS]
    assert request == [("a", {"request_id": str(NEGATIVE)}), ("b", {"request_id": str(NEGATIVE)})]
    assert {row["id"] for row in spooled(made, "people")} == {"a", "b"}
    assert spooled(made, "phones") == []
    made, client, cursor = night(provider, store, tmp_path, cursor, phone_cap=0)
    assert (spooled(made, "phones"), made.notes) == ([], [])
    made, client, cursor = night(provider, store, tmp_path, cursor, phone_cap=0)
    found = {(row["person_id"], row["number"], row["request_id"]) for row in spooled(made, "phones")}
    assert found == {(name, "+15550164", str(NEGATIVE)) for name in "ab"}
    made, client, cursor = night(provider, store, tmp_path, cursor, phone_cap=0)
    assert spooled(made, "phones") == []
    assert not [path for path, _ in client.asked if "webhook_result" in path]
    assert sum(row[3] for source, _, row in store.rows if source in (REQUESTS, RESULTS)) == Decimal(17)


@pytest.mark.parametrize("reason", ["request_id_unknown", "request_id_expired", "invalid_request_id"])
def test_a_result_that_will_not_come_is_given_up_with_a_note(tmp_path: Path, reason: str) -> None:
    store, provider = MemoryAnswers(), Provider(reason)
    made, _, cursor = night(provider, store, tmp_path)
    assert made.notes == [
        f"apollo account main: 1 phone requests were given up, Apollo has no result of them ({NEGATIVE})"
    ]
    made, client, _ = night(provider, store, tmp_path, cursor)
    assert made.notes == []
    assert provider.asked == ["a", "b", "c"]
    assert [path for path, _ in client.asked] == ["/mixed_people/api_search"]


def test_what_fails_beside_the_people_does_not_keep_them_from_landing(tmp_path: Path) -> None:
    store, provider = MemoryAnswers(), Provider("API_INACCESSIBLE")
    store.commit("apollo", "main", [("p9", None, '{"id": "p9"}', Decimal(1))])
    made, _, _ = night(provider, store, tmp_path)
    assert [row["id"] for row in spooled(made, "people")] == ["p9", "a", "b", "c"]
    assert len(made.notes) == 1
    assert "API_INACCESSIBLE" in made.notes[0]


def test_nobody_is_bought_again_by_another_account(tmp_path: Path) -> None:
    store, provider = MemoryAnswers(), Provider("result_pending")
    store.commit("apollo", "other", [("p1", None, '{"id": "p1"}', Decimal(1))])
    store.commit(REQUESTS, "other", [("a", None, '{"request_id": "1"}', Decimal(1))])
    made, _ = job("apollo", configured(), tmp_path, provider, answers=store)
    from ingestion.apollo_buying import wanted

    assert wanted(made, [{"p1": None, "p2": None}]) == [("p2", None)]
    night(provider, store, tmp_path)
    assert provider.asked == ["b", "c"]


def test_phones_need_an_address_to_be_sent_to(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="phone_cap needs webhook_url"):
        Account(name="main", api_key_env="KEY", phone_cap=1)
    path = tmp_path / "winnow.yml"
    path.write_text(
        "agency: {name: A}\nsources:\n  apollo:\n    accounts:\n"
        "      - {name: main, api_key_env: K, phone_cap: 1}\n"
    )
    with pytest.raises(ConfigError, match=r"winnow.yml:5: sources.apollo.accounts.0: phone_cap needs"):
        load_config(path)


def leads_of(warehouse: Warehouse, tiers: Mapping[str, str]) -> None:
    """Put leads with these tiers where a night's answers would be: apollo id → tier."""
    with warehouse.connect() as connection:
        pool = {
            "lead_id": "text",
            "apollo_id": "text",
            "phone": "text",
            "is_bounced": "boolean",
            "is_unsubscribed": "boolean",
        }
        connection.replace("facts.lead_pool", pool, [(name, name, None, False, False) for name in tiers])
        leads = {"lead_id": "text", "tier": "text", "score": "integer"}
        connection.replace("answers.leads", leads, [(name, tier, 1) for name, tier in tiers.items()])


@pytest.mark.parametrize("engine", ["duckdb"])
def test_phones_vendors_finds_and_organizations_land(
    warehouse: Warehouse, load: Loader, tmp_path: Path, simulated: Agency
) -> None:
    with served(simulated, tmp_path) as (server, config):
        account = config.sources.apollo.accounts[0]
        more = {**HOOK, "waterfall": ("phone", "email"), "organization_cap": 4, "phone_from_tier": "warm"}
        sources = config.sources.model_copy(
            update={
                name: section.model_copy(update={"accounts": ()})
                for name, section in config.sources
                if name != "apollo"
            }
            | {
                "apollo": config.sources.apollo.model_copy(
                    update={"accounts": (account.model_copy(update=more),)}
                )
            }
        )
        config = config.model_copy(update={"sources": sources})
        people = [p for p in simulated.people if p.in_apollo and p.jobs[0].known_at <= server.as_of]
        locked = next(p for p in people if p.phone and p.locked)
        first = load("apollo", config, run_at=server.as_of)
        assert first.failures == ()
        leads_of(
            warehouse,
            dict.fromkeys([p.apollo_id for p in people if p.phone], "cool") | {locked.apollo_id: "hot"},
        )
        nights = [load("apollo", config, run_at=server.as_of + timedelta(days=n)) for n in (1, 2)]
        assert [report.failures for report in nights] == [(), ()]
    assert server.requests["apollo", "webhook_result", 404] == 1
    assert server.requests["apollo", "organizations/bulk_enrich", 200] == 2
    digits = "+" + "".join(letter for letter in str(locked.phone) if letter.isdigit())
    phone = f"select number, phone_status from raw_apollo.phones where person_id = '{locked.apollo_id}'"
    assert rows(warehouse, phone) == [(digits, "valid_number")]
    email = f"select email from raw_apollo.emails where person_id = '{locked.apollo_id}'"
    assert rows(warehouse, email) == [(locked.lead_email,)]
    details = {row[0] for row in rows(warehouse, "select id from raw_apollo.organization_details")}
    hiring = {c.apollo_id for c in simulated.companies if c.apollo_id in details and c.index % 3 == 0}
    openings = "select distinct organization_id from raw_apollo.job_postings"
    assert {row[0] for row in rows(warehouse, openings)} == hiring != set()
    assert len(details) == 8
    assert rows(warehouse, "select count(*) from raw_apollo.quarantine") == [(0,)]
