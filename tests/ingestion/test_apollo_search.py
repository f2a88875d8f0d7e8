"""Searches that are too large, the legacy search, searches that take more than a night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import apollo, apollo_search
from ingestion.apollo_search import EMPLOYEES, split
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import job, spooled

PROFILE = {"titles": ["CEO", "CFO", "COO"], "countries": ["Germany"], "employees": {"min": 1, "max": 1000}}
PEOPLE = 300
"""People of the fake provider, one in each company size from 1 on."""


def test_a_search_is_split_without_gap_or_overlap() -> None:
    found = [{EMPLOYEES: ["1,1000"], "person_titles": ["a", "b", "c"]}]
    while parts := [split(search) for search in found if split(search)]:
        whole = [search for search in found if not split(search)]
        found = whole + [part for pair in parts for part in pair]
    sizes = sorted({int(search[EMPLOYEES][0].partition(",")[0]) for search in found})
    assert sizes == list(range(1, 1001))
    assert len(found) == 3 * 1000
    assert all(search[EMPLOYEES][0].split(",")[0] == search[EMPLOYEES][0].split(",")[1] for search in found)


def provider(_method: str, path: str, body: Mapping[str, Any]) -> Json:
    """Answer as Apollo: people whose company has a size in the range, so many a page."""
    if path.endswith("bulk_match"):
        return {"status": "success", "matches": [None] * len(body["details"])}
    low, _, high = body[EMPLOYEES][0].partition(",")
    ids = range(int(low), min(int(high), PEOPLE) + 1)
    start = (body["page"] - 1) * body["per_page"]
    assert start + body["per_page"] <= apollo_search.PAGE * apollo_search.LAST_PAGE
    people = [{"id": f"p{n}", "has_email": True} for n in ids[start : start + body["per_page"]]]
    return {"total_entries": len(ids), "people": people}


def configured(profile: Mapping[str, Any] = PROFILE, **account: Json) -> Any:
    config = agency(apollo=[{"name": "main", "api_key_env": "KEY", "enrich_cap": 5, **account}])
    client = config.clients[0]
    icp = type(client.icp).model_validate(profile)
    return config.model_copy(update={"clients": (client.model_copy(update={"icp": icp}),)})


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pages of ten: fifty people a search at most."""
    monkeypatch.setattr(apollo_search, "PAGE", 10)
    monkeypatch.setattr(apollo_search, "LAST_PAGE", 5)


@pytest.mark.usefixtures("small_pages")
def test_a_search_too_large_is_read_in_parts_and_nobody_is_missed(tmp_path: Path) -> None:
    made, _ = job("apollo", configured(), tmp_path, provider)
    apollo.read(made)
    rows = spooled(made, "people_search")
    assert {row["id"] for row in rows} == {f"p{n}" for n in range(1, PEOPLE + 1)}
    assert len(rows) == PEOPLE == made.spool.tallies["people_search"].reported
    assert made.notes == []


@pytest.mark.usefixtures("small_pages")
def test_what_cannot_be_split_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    def crowded(method: str, path: str, body: Mapping[str, Any]) -> Json:
        return provider(method, path, {**body, EMPLOYEES: ["1,300"]})

    profile = {"titles": ["CEO"], "countries": ["Germany"], "employees": {"min": 7, "max": 7}}
    made, _ = job("apollo", configured(profile), tmp_path, crowded)
    apollo.read(made)
    assert len(spooled(made, "people_search")) == 50
    (note,) = made.notes
    assert "300 people fit one search for client acme, Apollo shows 50" in note


@pytest.mark.usefixtures("small_pages")
def test_a_search_without_the_time_goes_on_where_it_ended(tmp_path: Path) -> None:
    seen: set[str] = set()
    pages: list[tuple[str, int]] = []
    cursor: dict[str, Any] = {}
    nights = 0
    while nights < 20:
        left = iter(range(100, -1000, -10))
        made, client = job("apollo", configured(), tmp_path / str(nights), provider, cursor=cursor)
        made = replace(made, seconds_left=lambda left=left: next(left))
        cursor = apollo.read(made)
        asked = [body for path, body in client.asked if path.endswith("api_search")]
        assert len(asked) <= 15
        pages += [(body[EMPLOYEES][0], body["page"]) for body in asked]
        seen |= {row["id"] for row in spooled(made, "people_search")}
        nights += 1
        if "search" not in cursor:
            break
        assert any("the next load goes on with page" in note for note in made.notes)
    assert nights > 2
    assert len(seen) == PEOPLE
    assert len(pages) == len(set(pages)), "no page is asked for twice"


@pytest.mark.usefixtures("small_pages")
def test_buying_without_the_time_says_how_many_are_left(tmp_path: Path) -> None:
    made, client = job("apollo", configured(enrich_cap=25), tmp_path, provider)
    bought = iter([False, True])
    object.__setattr__(
        made, "seconds_left", lambda: float("inf") if not _bought(client.asked) or next(bought) else -1.0
    )
    apollo.read(made)
    assert sum(path.endswith("bulk_match") for path, _ in client.asked) == 1
    assert made.notes == ["apollo account main: 10 people bought and read; 15 are left, about 2 more nights"]


def _bought(asked: list[tuple[str, Mapping[str, Any]]]) -> bool:
    return any(path.endswith("bulk_match") for path, _ in asked)


def test_the_legacy_search_has_people_in_both_arrays(tmp_path: Path) -> None:
    locked = {"email": "email_not_unlocked@domain.com", "email_status": "verified"}

    def legacy(_method: str, path: str, body: Mapping[str, Any]) -> Json:
        if path == "/people/bulk_match":
            return {"status": "success", "matches": [{"id": one["id"]} for one in body["details"]]}
        assert path == "/mixed_people/search"
        person = {"id": "p1", "last_name": "Ada", "linkedin_url": "http://www.linkedin.com/in/ada", **locked}
        contact = {"id": "c2", "person_id": "p2", "contact_stage_id": "s", "email": "b@b.example"}
        alone = {"id": "c3", "person_id": None, "contact_stage_id": "s", "email": "c@c.example"}
        nobody = {"id": "p4", "email": None, "email_status": "unavailable"}
        return {
            "pagination": {"total_entries": 4},
            "people": [person, nobody],
            "contacts": [contact, alone],
        }

    made, client = job("apollo", configured(search="legacy"), tmp_path, legacy)
    apollo.read(made)
    assert [one["id"] for one in client.asked[-1][1]["details"]] == ["p1", "p2"]
    rows = {row["id"]: row for row in spooled(made, "people_search")}
    assert set(rows) == {"p1", "p2", "c3", "p4"}
    assert (rows["p1"]["email"], rows["p1"]["linkedin_url_key"], rows["p1"]["has_email"]) == (
        None,
        "in/ada",
        True,
    )
    assert rows["p2"]["email_key"] == "b@b.example"
    assert "not_unlocked" not in str(rows["p1"]["attributes"])


def test_a_period_means_nothing_to_the_search(tmp_path: Path) -> None:
    made, _ = job("apollo", configured(), tmp_path, provider, since=datetime(2026, 1, 1, tzinfo=NIGHT.tzinfo))
    apollo.read(made)
    assert made.notes == [
        "apollo account main: its search knows no time, so that --since and --until change nothing there"
    ]
