from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion import apollo, apollo_buying, apollo_records, apollo_search
from ingestion.paging import moment
from ingestion.values import Json
from pipeline.config import Config, Icp
from tests.ingestion.conftest import NIGHT, MemoryAnswers, agency
from tests.ingestion.fakes import job, spooled


def configured(**account: Json) -> Config:
    return agency(apollo=[{"name": "main", "api_key_env": "KEY", **account}])


def person(number: int, **fields: Json) -> dict[str, Any]:
    return {"id": f"p{number}", "has_email": True, "last_refreshed_at": "2026-01-01T00:00:00Z", **fields}


def provider(people: list[dict[str, Any]]) -> Any:
    def answer(_method: str, path: str, body: Mapping[str, Any]) -> Json:
        if path.endswith("api_search"):
            start = (body["page"] - 1) * body["per_page"]
            return {"total_entries": len(people), "people": people[start : start + body["per_page"]]}
        known = {one["id"] for one in people if one["id"] != "p3"}
        matches = [{"id": one["id"]} if one["id"] in known else None for one in body["details"]]
        return {"status": "success", "credits_consumed": sum(map(bool, matches)), "matches": matches}

    return answer


def test_a_client_is_searched_by_its_icp() -> None:
    icp = Icp.model_validate(
        {
            "titles": ["CEO"],
            "industries": ["Software"],
            "countries": ["Germany"],
            "employees": {"min": 11, "max": 50},
            "technologies": ["Google Analytics"],
        }
    )
    assert apollo_search.filters(icp) == {
        "person_titles": ["CEO"],
        "organization_locations": ["Germany"],
        "organization_num_employees_ranges": ["11,50"],
        "currently_using_any_of_technology_uids": ["google_analytics"],
        "q_organization_keyword_tags": ["software"],
    }


def test_everybody_found_lands_and_those_with_an_address_are_bought_once(tmp_path: Path) -> None:
    people = [person(number) for number in range(1, 24)] + [person(24, has_email=False)]
    store = MemoryAnswers()
    made, client = job("apollo", configured(), tmp_path, provider(people), answers=store)
    cursor = apollo.read(made)
    assert len(spooled(made, "people_search")) == 24
    assert {row["id"] for row in spooled(made, "people")} == {f"p{n}" for n in range(1, 24)} - {"p3"}
    assert [len(body["details"]) for path, body in client.asked if path.endswith("bulk_match")] == [10, 10, 3]
    assert sum(answer[3] for _, _, answer in store.rows) == Decimal(22)
    assert cursor == {"seq": 23}
    again, asked = job("apollo", configured(), tmp_path, provider(people), answers=store, cursor=cursor)
    assert apollo.read(again) == cursor
    assert [path for path, _ in asked.asked if path.endswith("bulk_match")] == []


def test_a_refreshed_person_is_bought_again_and_the_cap_holds(tmp_path: Path) -> None:
    store = MemoryAnswers()
    store.commit("apollo", "main", [("p1", moment("2026-01-01"), "null", Decimal(0))])
    people = [person(1, last_refreshed_at="2026-02-01T00:00:00Z"), person(2), person(4)]
    made, _ = job("apollo", configured(enrich_cap=2), tmp_path, provider(people), answers=store)
    apollo.read(made)
    assert [answer[0] for _, _, answer in store.rows] == ["p1", "p1", "p2"]


def test_what_was_bought_before_a_kill_lands_without_being_asked_for(tmp_path: Path) -> None:
    store = MemoryAnswers()
    store.commit("apollo", "main", [("p9", NIGHT, '{"id": "p9", "title": "CEO"}', Decimal(1))])
    made, _ = job("apollo", configured(), tmp_path, provider([]), answers=store)
    apollo.read(made)
    assert [(row["id"], row["asked_id"], row["title"]) for row in spooled(made, "people")] == [
        ("p9", "p9", "CEO")
    ]


def test_answers_are_told_apart_by_position_and_none_that_was_paid_for_is_dropped() -> None:
    assert apollo_buying.matched(["a", "b"], [None, {"id": "merged"}]) == {"a": None, "b": {"id": "merged"}}
    assert apollo_buying.matched(["a", "b", "c"], [{"id": "b"}, {"id": "x"}]) == {
        "a": None,
        "b": {"id": "b"},
        "c": None,
        "x": {"id": "x"},
    }


def test_the_clients_take_turns_under_the_cap(tmp_path: Path) -> None:
    made, _ = job("apollo", configured(enrich_cap=3), tmp_path, provider([]))
    found = [{"a1": NIGHT, "a2": NIGHT, "a3": NIGHT}, {"b1": NIGHT}]
    assert [person_id for person_id, _ in apollo_buying.wanted(made, found)] == ["a1", "b1", "a2"]


def test_the_role_began_when_the_current_job_with_the_title_did() -> None:
    history = apollo_records.employment(
        [
            {"organization_name": "Acme", "title": "CEO", "start_date": "2024-05-01", "current": True},
            {"organization_name": "Board", "title": "Advisor", "start_date": "2025-01-01", "current": True},
            {
                "organization_name": "Old",
                "title": "CTO",
                "start_date": "2015-01-01",
                "end_date": "2024-04-30",
            },
        ]
    )
    assert apollo_records.role_start(history, "CEO") == "2024-05-01"
    assert apollo_records.role_start(history, "Founder") == "2025-01-01"
    assert apollo_records.role_start(None, "CEO") is None
    assert history is not None
    assert history[2] == {
        "company": "Old",
        "title": "CTO",
        "start": "2015-01-01",
        "end": "2024-04-30",
        "is_current": False,
    }


def test_a_limit_bounds_the_search(tmp_path: Path) -> None:
    people = [person(number) for number in range(1, 300)]
    made, client = job("apollo", configured(enrich_cap=0), tmp_path, provider(people), limit=120)
    apollo.read(made)
    assert len(spooled(made, "people_search")) == 120
    assert made.spool.tallies["people_search"].reported == 299
    assert len(client.asked) == 2


def test_half_a_day_is_newer(tmp_path: Path) -> None:
    store = MemoryAnswers()
    store.commit("apollo", "main", [("a", NIGHT, "null", Decimal(0))])
    made, _ = job("apollo", configured(), tmp_path, provider([]), answers=store)
    assert apollo_buying.wanted(made, [{"a": NIGHT}]) == []
    assert apollo_buying.wanted(made, [{"a": None}]) == []
    later = NIGHT + timedelta(hours=12)
    assert apollo_buying.wanted(made, [{"a": later}]) == [("a", later)]
