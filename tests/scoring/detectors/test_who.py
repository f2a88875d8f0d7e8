"""WHO: planted effects found, null worlds quiet, confounding seen through, minimums kept, on both engines."""

from __future__ import annotations

import json
import math
from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from scoring.detectors.findings import (
    FINDINGS,
    TESTS,
    DetectorResult,
    conclude,
    patterns,
    valid_findings,
)
from scoring.detectors.who import Cell, StratumKey, detect, measure
from scoring.stats import fisher
from tests.conftest import ENGINES, NewProfile
from tests.scoring.als_world import config
from tests.scoring.detectors.worlds import RUN_AT, cells, client, null_client, table, write_segments
from warehouse import Connection, Warehouse, open_warehouse

A: StratumKey = (str(UUID(int=100)), "2026-03-01", "unknown")
B: StratumKey = (str(UUID(int=101)), "2026-04-01", "unknown")

PLANTED = table(
    {
        ("all", "all"): {A: (60, 600), B: (40, 400)},
        ("seniority", "vp"): {A: (30, 100), B: (20, 80)},
        ("seniority", "manager"): {A: (30, 500), B: (20, 320)},
        ("country", "germany"): {A: (31, 300), B: (20, 200)},
        ("country", "france"): {A: (29, 300), B: (20, 200)},
        ("industry", "mining"): {A: (2, 4)},
    }
)


def run(connection: Connection, found: list[Cell], days: int = 0) -> DetectorResult:
    write_segments(connection, found)
    return detect(connection, config(), RUN_AT + timedelta(days=days))


def test_a_planted_effect_is_found_with_all_that_a_finding_says(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        result = run(connection, PLANTED)
        tests = connection.rows(f"select dimension, value, n, rest_n, q from {TESTS} order by 1, 2")
    found = {(finding.dimension, finding.value): finding for finding in result.found}
    assert set(found) == {("seniority", "vp"), ("seniority", "manager")}
    vp = found["seniority", "vp"]
    # A: 30/100 against 30/500, B: 20/80 against 20/320
    adjusted = (30 * 500 / 600 + 20 * 320 / 400) / (30 * 100 / 600 + 20 * 80 / 400)
    assert (vp.n, vp.conversions, vp.rest_n, vp.rest_conversions) == (180, 50, 820, 50)
    assert vp.rate == pytest.approx(50 / 180)
    assert vp.baseline == pytest.approx(50 / 820)  # the rest, not the whole
    assert vp.crude_lift == pytest.approx((50 / 180) / (50 / 820))
    assert vp.adjusted_lift == pytest.approx(adjusted)
    assert vp.lift_low is not None
    assert vp.lift_high is not None
    assert vp.lift_low < adjusted < vp.lift_high
    assert (vp.direction, vp.is_actionable, vp.lifts_disagree, vp.holds_in_both_halves, vp.rank) == (
        "better",
        True,
        False,
        True,
        1,
    )
    assert vp.shrunk_rate is not None
    assert 50 / 820 < vp.shrunk_rate < 50 / 180
    assert vp.valid_until == RUN_AT + timedelta(days=14)
    assert (vp.first_on.isoformat(), vp.last_on.isoformat()) == ("2026-03-01", "2026-05-20")
    assert vp.claim == (
        "Leads with seniority vp reach a positive reply more often: 50 of 180 against 50 of 820 of the rest"
    )
    assert found["seniority", "manager"].direction == "worse"
    # mining has fewer than five units; germany was tested, and its q is listed
    assert [(row["dimension"], row["value"], row["n"], row["rest_n"]) for row in tests] == [
        ("country", "france", 500, 500),
        ("country", "germany", 500, 500),
        ("seniority", "manager", 820, 180),
        ("seniority", "vp", 180, 820),
    ]
    assert tests[1]["q"] > 0.5


def test_both_engines_give_the_same_findings(new_profile: NewProfile, tmp_path: Path) -> None:
    found = PLANTED + null_client(np.random.default_rng(5), client(1))
    rows = {}
    for name in ENGINES:
        folder = tmp_path / name
        folder.mkdir()
        new_profile(name, folder)
        with open_warehouse(folder).connect() as connection:
            run(connection, found)
            listed = connection.rows(f"select * from {TESTS}")
            findings = [astuple(finding) for finding in valid_findings(connection, RUN_AT)]
        listed.sort(key=lambda row: (str(row["client_id"]), row["dimension"], row["value"]))
        rows[name] = [tuple(str(v) if isinstance(v, UUID) else v for v in row.values()) for row in listed]
        rows[name] += findings
    assert len(rows["duckdb"]) == len(rows["postgres"]) > 40
    for ours, theirs in zip(rows["duckdb"], rows["postgres"], strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            if isinstance(mine, float):
                assert math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-9)
            else:
                assert mine == other


def test_null_worlds_stay_quiet() -> None:
    """200 nights of one client, 1,500 leads at about 2 %, 40 segments: a few nights in a hundred may err."""
    generator = np.random.default_rng(20260615)
    nights = 200
    wrong = 0
    for _ in range(nights):
        tests, _lacking = measure(null_client(generator, client(0)), RUN_AT)
        found, _q = conclude("who", tests, [], "salt", RUN_AT)
        assert len(tests) == 40
        wrong += bool(found)
    assert wrong / nights <= 0.05


def test_planted_effects_are_mostly_found() -> None:
    """The power beside the silence: one value of one dimension converts three times as often."""
    generator = np.random.default_rng(11)
    nights, hits = 40, 0
    strata = [A, B]
    for _ in range(nights):
        values = {f"d{i}": generator.integers(0, 8, 1_500) for i in range(5)}
        stratum = generator.integers(0, 2, 1_500)
        rate = np.where(values["d0"] == 3, 0.12, 0.04)
        world = cells(client(0), values, strata, stratum, (generator.random(1_500) < rate).astype(int))
        found, _q = conclude("who", measure(world, RUN_AT)[0], [], "salt", RUN_AT)
        hits += any((finding.dimension, finding.value) == ("d0", "v3") for finding in found)
    assert hits / nights > 0.8


def test_a_segment_that_only_sits_in_the_better_campaign_is_no_finding() -> None:
    """Campaign rates 2 % and 12 %, the segment nine tenths in the better: pooled, it looks far better."""
    generator = np.random.default_rng(3)
    nights, wrong, naive = 60, 0, 0
    for _ in range(nights):
        value = generator.integers(0, 2, 1_200)
        stratum = (generator.random(1_200) < np.where(value == 1, 0.9, 0.1)).astype(int)
        rate = np.where(stratum == 1, 0.12, 0.02)
        world = cells(client(0), {"d0": value}, [A, B], stratum, (generator.random(1_200) < rate).astype(int))
        tests, _lacking = measure(world, RUN_AT)
        found, _q = conclude("who", tests, [], "salt", RUN_AT)
        wrong += bool(found)
        naive += fisher(tests[0].segment, tests[0].rest).p <= 0.05
    assert naive / nights > 0.9
    assert wrong / nights <= 0.10


def test_crude_and_adjusted_lift_are_shown_where_they_disagree() -> None:
    # within both campaigns the segment converts twice as often; it sits where little converts (Simpson)
    world = table(
        {
            ("all", "all"): {A: (44, 1000), B: (210, 1000)},
            ("country", "spain"): {A: (40, 800), B: (20, 50)},
        }
    )
    (test,) = measure(world, RUN_AT)[0]
    (finding,), _q = conclude("who", [test], [], "salt", RUN_AT)
    assert finding.crude_lift is not None
    assert finding.adjusted_lift is not None
    assert finding.crude_lift < 1 < 1.2 < finding.adjusted_lift
    assert finding.lifts_disagree
    assert finding.direction == "better"


@pytest.mark.parametrize(
    ("conversions", "n", "claim"),
    [
        (10, 29, "Not enough data on positive reply: 1 more lead needed"),
        (8, 30, "Not enough data on positive reply: 2 more conversions needed"),
        (0, 5, "Not enough data on positive reply: 25 more leads and 10 more conversions needed"),
        (10, 30, None),
    ],
)
def test_minimums_are_kept_and_what_is_missing_is_said(conversions: int, n: int, claim: str | None) -> None:
    world = table({("all", "all"): {A: (conversions, n)}, ("country", "spain"): {A: (0, 5)}})
    tests, lacking = measure(world, RUN_AT)
    findings, _q = conclude("who", tests, lacking, "salt", RUN_AT)
    assert [finding.claim for finding in findings] == ([claim] if claim else [])
    assert len(tests) == (0 if claim else 1)


def test_segments_and_rests_below_five_are_not_tested() -> None:
    world = table(
        {
            ("all", "all"): {A: (20, 60)},
            ("country", "spain"): {A: (4, 4)},
            ("country", "france"): {A: (16, 56)},
            ("country", "italy"): {A: (5, 5)},
        }
    )
    assert [test.value for test in measure(world, RUN_AT)[0]] == ["italy"]


def test_too_little_data_never_overwrites_a_good_finding(warehouse: Warehouse) -> None:
    little = table({("all", "all"): {A: (3, 20)}})
    with warehouse.connect() as connection:
        first = run(connection, PLANTED)
        second = run(connection, little, days=1)
        on_the_next_day = valid_findings(connection, RUN_AT + timedelta(days=1))
        after_a_fortnight = valid_findings(connection, RUN_AT + timedelta(days=14))
        kept = connection.scalar(f"select count(*) from {FINDINGS}")
        run(connection, PLANTED, days=2)
        statuses = connection.rows(f"select status, count(*) as n from {FINDINGS} group by status")
    assert [finding.status for finding in second.findings] == ["not_enough_data"]
    assert on_the_next_day == list(first.found)
    assert after_a_fortnight == []
    assert kept == 3  # expired findings stay, and the row that says what is missing
    assert [(row["status"], row["n"]) for row in statuses] == [("found", 2)]


def test_a_finding_keeps_its_id_and_is_renewed(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        first = run(connection, PLANTED)
        second = run(connection, PLANTED, days=3)
        valid = valid_findings(connection, RUN_AT + timedelta(days=15))
        count = connection.scalar(f"select count(*) from {FINDINGS}")
    assert [finding.finding_id for finding in first.found] == [f.finding_id for f in second.found]
    assert valid == list(second.found)
    assert count == 2


def test_q_counts_the_tests_of_all_clients() -> None:
    generator = np.random.default_rng(8)
    alone, _ = measure(PLANTED, RUN_AT)
    crowd = [cell for i in range(1, 6) for cell in null_client(generator, client(i))]
    together, _ = measure(PLANTED + crowd, RUN_AT)
    _, q_alone = conclude("who", alone, [], "salt", RUN_AT)
    _, q_together = conclude("who", together, [], "salt", RUN_AT)
    vp_alone = next(q for test, q in zip(alone, q_alone, strict=True) if test.value == "vp")
    vp_together = next(q for test, q in zip(together, q_together, strict=True) if test.value == "vp")
    assert len(together) == 204
    assert vp_together == pytest.approx(vp_alone * 204 / 4)


def test_a_small_lift_is_significant_and_not_actionable() -> None:
    world = table(
        {
            ("all", "all"): {A: (21_500, 200_000)},
            ("country", "spain"): {A: (11_300, 100_000)},
        }
    )
    tests, _ = measure(world, RUN_AT)
    (finding,), _q = conclude("who", tests, [], "salt", RUN_AT)
    assert finding.adjusted_lift == pytest.approx(11_300 / 10_200)
    assert not finding.is_actionable
    assert patterns([finding]) == {}


def test_a_rest_that_never_converts_gives_no_number_but_a_direction() -> None:
    world = table({("all", "all"): {A: (12, 60)}, ("country", "spain"): {A: (12, 20)}})
    tests, _ = measure(world, RUN_AT)
    (finding,), _q = conclude("who", tests, [], "salt", RUN_AT)
    assert (finding.adjusted_lift, finding.crude_lift, finding.direction) == (None, None, "better")
    assert finding.is_actionable


def test_a_trend_that_turns_is_said() -> None:
    world = table(
        {
            ("all", "all"): {A: (70, 500), B: (50, 500)},
            ("country", "spain"): {A: (50, 100), B: (9, 100)},
        }
    )
    (test,) = measure(world, RUN_AT)[0]
    assert test.adjusted is not None
    assert test.adjusted.value > 1.2
    assert test.holds is False
    (single,) = measure([cell for cell in world if cell.stratum == A], RUN_AT)[0]
    assert single.holds is None


def test_unknown_values_make_no_claim_and_stay_in_the_rest(warehouse: Warehouse) -> None:
    unknown = [
        replace(cell, value="unknown") if cell.value == "manager" else cell
        for cell in PLANTED
        if cell.dimension != "country"
    ]
    with warehouse.connect() as connection:
        result = run(connection, unknown)
    assert [(finding.value, finding.rest_n) for finding in result.found] == [("vp", 820)]


def test_evidence_returns_the_segments_leads_and_no_later_ones(warehouse: Warehouse) -> None:
    world = table({("all", "all"): {A: (12, 60)}, ("country", "cote d'ivoire"): {A: (12, 20)}})
    columns = {
        "client_id": "uuid",
        "lead_id": "uuid",
        "country": "text",
        "first_contacted_at": "timestamptz",
        "settles_at": "timestamptz",
    }
    first, last = world[0].first_at, world[0].last_at
    leads = [(first, RUN_AT)] * 10 + [(last, None)] * 10
    later = [(last + timedelta(seconds=1), RUN_AT), (last, RUN_AT + timedelta(days=1))]
    rows = [(client(0), str(UUID(int=i)), "cote d'ivoire", *times) for i, times in enumerate(leads + later)]
    with warehouse.connect() as connection:
        (finding,) = run(connection, world).found
        connection.replace("answers.who_units", columns, rows)
        found = connection.rows(finding.evidence or "")
    assert len(found) == finding.n == 20


def test_patterns_are_json_by_client() -> None:
    tests, _ = measure(PLANTED, RUN_AT)
    findings, _q = conclude("who", tests, [], "salt", RUN_AT)
    found = json.loads(json.dumps(patterns(findings)))
    assert list(found) == [client(0)]
    groups = found[client(0)]["who"]
    assert set(groups) == {"positive_reply: better", "positive_reply: worse"}
    (best,) = groups["positive_reply: better"]
    assert (best["dimension"], best["value"], best["n"]) == ("seniority", "vp", 180)


def test_no_data_at_all_is_quiet(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        result = run(connection, [])
        assert (result.findings, result.tested) == ((), 0)
        assert connection.scalar(f"select count(*) from {TESTS}") == 0
