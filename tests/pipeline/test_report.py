"""The report page: self-contained, escaped, honest about what is missing; every number with its n."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Agency
from pipeline.report import page, write_report
from tests.pipeline.published_world import RUN_AT, World, uid
from tests.pipeline.report_world import (
    MONDAY,
    STEPS,
    Page,
    add_arm,
    add_finding,
    config,
    funnel_rows,
    summary,
    values,
)
from warehouse import Warehouse, WarehouseError

HOSTILE = "</script><script>alert(1)</script><img src=https://evil.test/x onerror=alert(2)>\"'&{{7*7}}"


@pytest.fixture
def world() -> World:
    """One client with five people contacted, two of whom answer well, and deals in two currencies."""
    world = World()
    alpha = world.client(1, "alpha", "Alpha")
    sent = datetime(2026, 1, 6, 9, tzinfo=UTC)
    for number in range(10, 16):
        world.add(
            "lead_pool",
            lead_id=uid(number),
            first_name="Zebediah",
            last_name="Quillfeather",
            email=f"zeb{number}@private.test",
        )
        tier, score = ("warm", 60 + number) if number < 14 else ("cool", 40)
        world.add("leads", client_id=alpha, client="alpha", lead_id=uid(number), tier=tier, score=score)
    for number in (10, 10, 11, 12, 13, 14):
        world.add("messages", lead_id=uid(number), client_id=alpha, is_bounced=number == 14, sent_at=sent)
    for number, intent, kind in (
        (10, "interested", "positive"),
        (10, "meeting_request", "positive"),
        (11, "question", "positive"),
        (12, "question", "human"),
        (13, "out_of_office", "automatic"),
    ):
        world.add(
            "replies",
            lead_id=uid(number),
            received_at=sent + timedelta(days=1),
            intent=intent,
            is_human=kind != "automatic",
            is_positive=kind == "positive",
        )
    world.add("companies", company_id=uid(20), name="Acme")
    world.add("meetings", meeting_id=uid(30))
    world.add("meetings", meeting_id=uid(31), deleted_at=sent)
    for currency, value, stage in (
        ("EUR", "1000", "closed_won"),
        ("EUR", None, "closed_won"),
        ("USD", "2500.50", "closed_won"),
        ("USD", "9", "proposal"),
        ("USD", "7", "closed_lost"),
    ):
        amount = Decimal(value) if value else None
        world.add("deals", client_id=alpha, stage=stage, value=amount, currency=currency)
    world.add("deals", client_id=alpha, stage="closed_won", value=Decimal(5), currency="EUR", deleted_at=sent)
    counts = dict(zip(STEPS, (1006, 1000, 990, 60, 40, 20, 15, 8, 3), strict=True))
    funnel_rows(world, alpha, counts)
    funnel_rows(world, alpha, counts | {"contacted": 600, "positive": 30}, week=MONDAY)
    funnel_rows(world, alpha, counts | {"contacted": 400, "positive": 10}, week=MONDAY + timedelta(days=21))
    for is_settled in (True, False, False):
        world.add(
            "lead_funnel",
            client_id=alpha,
            cohort_week=MONDAY + timedelta(days=21),
            is_settled=is_settled,
            is_holdout=False,
        )
    return world


@pytest.fixture
def small_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the chart library, which takes seconds to bundle."""
    monkeypatch.setattr(page, "chart_library", lambda _folder: "window.vegaEmbed = () => {};")


Written = Callable[..., str]


@pytest.fixture
def written(warehouse: Warehouse, tmp_path: Path, small_library: None) -> Written:
    """Publish a world and return its page."""

    def write(world: World, without: tuple[str, ...] = (), **values: Any) -> str:
        settings = values.pop("config", None) or config(tmp_path)
        connected = values.pop("connected", None)
        world.publish(warehouse, tmp_path / "state", without=without)
        out = tmp_path / "pages" / "report.html"
        write_report(warehouse, settings, summary(**values), out, connected=connected)
        assert [path.name for path in out.parent.iterdir()] == ["report.html"], "a draft was left"
        return out.read_text(encoding="utf-8")

    return write


duckdb_only = pytest.mark.parametrize("engine", ["duckdb"], indirect=True)


duckdb_only = pytest.mark.parametrize("engine", ["duckdb"], indirect=True)


def test_numbers_are_those_published_each_with_its_n(world: World, written: Written) -> None:
    text = Page(written(world)).text
    assert "Test & Agency" in text
    assert "People in the pool 6 at 1 companies" in text
    assert "People contacted 5 83.3 % of 6 in the pool" in text
    assert "Messages sent 6 1 bounced (16.7 %)" in text
    assert "Replies 5 4 by a person, 1 automatic" in text
    assert "Positive replies 3 from 2 people: 40.0 % of 5 contacted (95 %: 11.8–76.9 %)" in text
    assert "Meetings booked 1 in the CRM" in text
    assert "Deals won 3 EUR 1,000 from 1 of 2 USD 2,500.50 from 1 1 more open" in text
    assert "newest message 2026-01-06 09:00 UTC · newest reply 2026-01-07 09:00 UTC" in text
    assert "replied 60 6.0 % 4.7–7.6 % 6.1 %" in text
    assert "Alpha 6 0 4 2 0 0 0 73" in text
    assert "question human 1 20.0 %" in text
    assert "2026-01-05 600 30 5.0 % 3.5–7.0 % 0" in text
    assert "2026-01-26 400 10 2.5 % 1.4–4.5 % 2" in text
    assert "apollo main people 1,300 1,300 1,200 90 4 6" in text
    assert "The gate looked at 118 metrics" in text


@duckdb_only
def test_money_of_two_currencies_is_never_summed(world: World, written: Written) -> None:
    assert "3,500.50" not in written(world)


@duckdb_only
def test_the_page_holds_no_personal_data(world: World, written: Written) -> None:
    found = written(world)
    assert "Zebediah" not in found
    assert "Quillfeather" not in found
    assert "private.test" not in found


@duckdb_only
def test_charts_show_the_published_numbers(world: World, written: Written) -> None:
    found = Page(written(world))
    charts = found.charts
    assert set(charts) == {"funnel-0", "tiers", "intents", "weeks", "steps"}
    places = {attributes.get("id") for tag, attributes in found.tags if tag == "div"}
    assert set(charts) <= places
    assert [row["leads"] for row in values(charts["funnel-0"])] == [1006, 1000, 990, 60, 40, 20, 15, 8, 3]
    assert values(charts["funnel-0"])[3]["label"] == "60 · 6.0\u00a0%"
    assert {row["tier"]: row["leads"] for row in values(charts["tiers"])} == {"warm": 4, "cool": 2}
    labels = [row["intent"] for row in values(charts["intents"])]
    assert labels == sorted(set(labels), key=labels.index), "a row of its own for each bar"
    assert {"question, human", "question, positive"} < set(labels)
    assert [(row["contacted"], row["positive"]) for row in values(charts["weeks"])] == [
        (600, 30),
        (0, 0),
        (0, 0),
        (400, 10),
    ], "weeks without a contact stand between the others"
    assert [row["state"] for row in values(charts["weeks"])][-1] == "leads may still answer"


@duckdb_only
def test_nothing_is_fetched_and_only_our_scripts_run(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    world.publish(warehouse, tmp_path / "state")
    out = tmp_path / "report.html"
    write_report(warehouse, config(tmp_path), summary(), out)
    found = Page(out.read_text(encoding="utf-8"))
    for tag, attributes in found.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, name, target)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    assert not {tag for tag, _ in found.tags} & {"iframe", "object", "embed", "base", "form"}
    assert not re.search(r"@import|url\(|//", found.styles)
    policies = [a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    policy = str(policies[0])
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-eval" not in policy
    running = [text for attributes, text in found.scripts if attributes.get("type") != "application/json"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in running]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes, "the browser would refuse to run them"
    assert "vegaEmbed" in running[0]
    assert len(running[0]) > 500_000, "the chart library is in the page, once"
    assert len(out.read_bytes()) < 2_000_000
    kept = list((tmp_path / "state" / "cache").iterdir())
    assert [path.read_text(encoding="utf-8") for path in kept] == [running[0]]


@duckdb_only
def test_hostile_names_stay_text(world: World, written: Written, tmp_path: Path) -> None:
    world.rows["clients"][0]["name"] = HOSTILE
    world.add("campaigns", campaign_id=uid(60), client_id=uid(1), name=HOSTILE, source="smartlead")
    add_arm(world, HOSTILE, 100, 5)
    add_arm(world, "B", 100, 7)
    add_finding(world, 70, dimension=HOSTILE, value=HOSTILE, claim=HOSTILE)
    world.rows["replies"][0]["intent"] = HOSTILE
    lines = {"warnings": (HOSTILE,), "notes": (HOSTILE,), "failures": (HOSTILE,)}
    agency = Agency(name=HOSTILE)
    found = Page(written(world, config=config(tmp_path, agency=agency), **lines))
    assert [tag for tag, _ in found.tags if tag == "script"] == ["script"] * (len(found.charts) + 2)
    assert "img" not in {tag for tag, _ in found.tags}
    assert found.text.count(HOSTILE) >= 8
    arms = found.charts["arms"]
    assert {row["arm"] for row in values(arms)} == {HOSTILE, "B"}


@duckdb_only
def test_an_empty_warehouse_says_what_is_missing(written: Written) -> None:
    found = Page(written(World(), without=("findings", "tests"), steps=(), loads=(), tables={}))
    assert found.charts == {}
    for sentence in (
        "Nothing was learned yet",
        "No funnel yet",
        "No leads yet",
        "No replies yet",
        "No test has settled leads in two arms",
        "No cohorts yet",
        "This run loaded nothing",
        "This run did not publish",
        "none won yet",
    ):
        assert sentence in found.text
    assert "newest message –" in found.text


@duckdb_only
def test_no_finding_is_said_with_what_was_tested(world: World, written: Written) -> None:
    for number in range(3):
        world.add("tests", client_id=uid(1), outcome="positive_reply", value=str(number), q=0.4 + number)
    add_finding(
        world,
        71,
        status="not_enough_data",
        outcome="won_deal",
        claim="Not enough data on won deal: 7 more conversions needed",
        n=120,
        conversions=3,
        is_actionable=False,
        **dict.fromkeys(("dimension", "value", "q", "adjusted_lift", "crude_lift", "rest_n")),
    )
    text = Page(written(world)).text
    assert "No finding. 3 segments were tested; none differs from the rest beyond chance." in text
    assert "Alpha won deal Not enough data on won deal: 7 more conversions needed 3 120" in text
    assert "Alpha positive reply 3 0.400" in text


@duckdb_only
def test_findings_put_the_actionable_first_and_drop_what_no_longer_holds(
    world: World, written: Written
) -> None:
    add_finding(world, 72, value="manager", q=0.00001, is_actionable=False, lifts_disagree=True)
    add_finding(world, 73, value="founder_owner", found_at=RUN_AT - timedelta(days=1))
    add_finding(world, 74, value="expired", valid_until=RUN_AT)
    world.add("tests", client_id=uid(1), outcome="positive_reply", q=0.1)
    found = Page(written(world))
    text = found.text
    assert "1 worth acting on , of 2 that differ beyond chance; 1 segments were tested." in text
    assert "expired" not in text
    founder = "title group: founder owner (from an earlier night) Alpha positive reply 30.0 % 12 of 40"
    assert f"{founder} 6.2 % 10 of 160 ×4.80 2.20–10.40 ×4.90 < 0.001" in text.replace("\u00a0", " ")
    assert text.index("founder owner") < text.index("title group: manager (lift too small)")
    assert "disagrees" in text
    rows = values(found.charts["findings"])
    assert [row["kind"] for row in rows] == ["worth acting on", "too small a lift"]
    assert (rows[0]["low"], rows[0]["lift"], rows[0]["high"]) == (2.2, 4.8, 10.4)


@duckdb_only
def test_hot_out_of_reach_is_told_with_what_would_bring_it_back(world: World, written: Written) -> None:
    text = Page(written(world, connected={"smartlead"})).text
    assert "Alpha: hot is out of reach. The connected sources give at most" in text
    assert "industry (+10, from apollo.companies, hubspot.companies, pipedrive.companies, " in text
    assert "out of reach" not in Page(written(world, connected={"files"})).text


@duckdb_only
def test_sources_that_failed_or_did_not_load_are_named(world: World, written: Written) -> None:
    failure = "smartlead account one: 503 from campaigns; it is tried again next night"
    lines = summary().loads[:1]
    text = Page(written(world, loads=lines, failures=(failure,), outcome="incomplete")).text
    assert f"Not all sources came in: smartlead / one: failed – {failure}" in text
    assert "apollo / main loaded" in text
    text = Page(written(world, loads=lines, steps=())).text
    assert "smartlead / one: not loaded in this run" in text
    assert "Not all sources came in" not in Page(written(world)).text


@duckdb_only
def test_an_uneven_split_is_warned_of(world: World, written: Written) -> None:
    world.add("campaigns", campaign_id=uid(60), client_id=uid(1), name="Spring", source="smartlead")
    add_arm(world, "A", 700, 70, planned_share=Decimal("0.5"), is_primary=True, experiment="opening")
    add_arm(world, "B", 300, 30, planned_share=Decimal("0.5"), is_primary=True, experiment="opening")
    text = Page(written(world)).text
    assert "Spring: the arms are not split as configured" in text
    assert "Spring (opening) Alpha positive reply A 700 70 10.0 % 1.0–20.0 %" in text
    for row in world.rows["experiment_arms"]:
        row.update(lead_count=500)
    assert "not split as configured" not in written(world)


@duckdb_only
def test_messages_of_no_client_are_told(world: World, written: Written) -> None:
    assert "belong to no client" not in written(world)
    world.add("messages", lead_id=uid(10), is_bounced=False, sent_at=RUN_AT)
    assert "1 messages belong to no client" in written(world)


def test_without_a_publication_there_is_no_page(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="nothing is published yet"):
        write_report(warehouse, config(tmp_path), summary(), tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
