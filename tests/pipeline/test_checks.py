"""The rules over a run's metrics: what passes, what is told, what stops a publish, given earlier nights."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import expectations
from pipeline.checks import ERROR, RULES, WARN, Check, as_table, tonight
from pipeline.expectations import unmet
from pipeline.gate import judge
from pipeline.history import History, Night

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)  # a Friday
DAY = timedelta(days=1)
OLD = {"acme": RUN_AT - 60 * DAY}

ROOT = Path(__file__).resolve().parents[2]


def past(metric: str, values: list[float], *, clients: dict[str, datetime] | None = None) -> History:
    """Nights with one metric each, the newest first, a day apart, the newest one last night."""
    nights = tuple(Night(RUN_AT - (i + 1) * DAY, {metric: value}) for i, value in enumerate(values))
    return History(RUN_AT, nights, OLD if clients is None else clients)


def outside(check: Check) -> bool:
    is_low = check.low is not None and check.value < check.low
    return is_low or (check.high is not None and check.value > check.high)


def says(metric: str, value: float, before: History | list[float], **others: float) -> str:
    """Return the worst that the rules say of one metric: error, warn or pass."""
    history = past(metric, before) if isinstance(before, list) else before
    found = {c.severity for c in tonight({**others, metric: value}, history) if outside(c)}
    return next((severity for severity in (ERROR, WARN) if severity in found), "pass")


STEADY: list[float] = [1000.0 + 10 * (i % 3) for i in range(20)]


@pytest.mark.parametrize(
    ("metric", "value", "verdict"),
    [
        ("unaccounted.smartlead.main.leads", 0, "pass"),
        ("unaccounted.smartlead.main.leads", -1, "error"),
        ("lost.smartlead.main.leads", 0, "pass"),
        ("lost.smartlead.main.leads", 1, "error"),
        ("quarantine_rate.hubspot.portal.deals", 0.05, "pass"),
        ("quarantine_rate.hubspot.portal.deals", 0.06, "warn"),
        ("repeated.answers.a_new_mart", 0, "pass"),
        ("repeated.answers.a_new_mart", 2, "error"),
        ("scores.outside_0_100", 1, "error"),
        ("scores.not_explained", 1, "error"),
        ("null_rate.facts.messages.lead_id", 0, "pass"),
        ("null_rate.facts.messages.lead_id", 0.001, "error"),
        ("null_rate.facts.messages.sent_at", 0.001, "error"),
        ("null_rate.facts.received_replies.lead_id", 0.05, "pass"),
        ("null_rate.facts.received_replies.lead_id", 0.06, "warn"),
        ("null_rate.answers.leads.score", 0.001, "error"),
        ("a metric without a rule", 99, "pass"),
    ],
)
def test_fixed_bounds_need_no_history(metric: str, value: float, verdict: str) -> None:
    assert says(metric, value, []) == verdict


@pytest.mark.parametrize(
    ("metric", "before", "value", "verdict"),
    [
        ("rows.answers.funnel", 0, 0, "pass"),
        ("rows.answers.funnel", 5, 0, "error"),
        ("rows.answers.replies_waiting", 100, 0, "pass"),
        ("rows.answers.funnel", 100, 50, "pass"),
        ("rows.answers.funnel", 100, 49, "warn"),
        ("rows.scoring.findings", 100, 10, "warn"),
        ("rows.facts.messages", 1000, 800, "pass"),
        ("rows.facts.messages", 1000, 799, "error"),
        ("rows.facts.deals", 30, 11, "warn or pass"),
        ("rows.facts.deals", 30, 10, "pass"),
        ("rows.facts.deals", 30, 9, "error"),
    ],
)
def test_tables_do_not_shrink_even_on_the_second_night(
    metric: str, before: float, value: float, verdict: str
) -> None:
    assert says(metric, value, [before]) in verdict.split(" or ")


@pytest.mark.parametrize(
    ("value", "verdict"), [(1000, "pass"), (510, "pass"), (490, "warn"), (1520, "warn"), (0, "warn")]
)
def test_an_unusual_number_of_a_resource_is_told(value: float, verdict: str) -> None:
    assert says("received.smartlead.main.leads", value, STEADY) == verdict
    assert says("sent.acme", value, STEADY) == verdict
    assert says("new.facts.messages", value, STEADY) == verdict


def test_small_volumes_are_never_unusual() -> None:
    assert says("received.hubspot.portal.deals", 0, [3.0] * 20) == "pass"
    assert says("received.hubspot.portal.deals", 24, [3.0] * 20) == "warn"
    assert says("replied.acme", 12, [3.0] * 20) == "pass"


def test_a_volume_that_swings_may_swing() -> None:
    swinging = [200.0, 1000.0, 1800.0] * 6
    assert says("received.smartlead.main.leads", 60, STEADY) == "warn"
    assert says("received.smartlead.main.leads", 60, swinging) == "pass"


@pytest.mark.parametrize(
    ("value", "verdict"), [(1000, "pass"), (110, "pass"), (90, "error"), (9900, "pass"), (10500, "error")]
)
def test_a_tenth_or_ten_times_an_accounts_volume_stops_the_publish(value: float, verdict: str) -> None:
    assert says("volume.smartlead.main", value, STEADY) == verdict


def test_under_14_nights_of_history_a_volume_only_warns() -> None:
    assert says("volume.smartlead.main", 0, STEADY[:14]) == "error"
    assert says("volume.smartlead.main", 0, STEADY[:13]) == "warn"
    assert says("volume.smartlead.main", 0, STEADY[:3]) == "warn"
    assert says("volume.smartlead.main", 0, STEADY[:2]) == "pass"
    assert says("tiers.hot", 0.9, [0.1] * 13, **{"rows.scoring.als_scores": 10_000}) == "warn"


def test_in_a_clients_first_week_too_much_only_warns() -> None:
    metric = "volume.smartlead.main"
    for days, verdict in ((6, "warn"), (8, "error")):
        newcomer = past(metric, STEADY, clients=OLD | {"beta": RUN_AT - days * DAY})
        assert says(metric, 50_000, newcomer) == verdict
        assert says(metric, 0, newcomer) == "error"


def test_sundays_without_mail_are_usual_from_the_third_week_on() -> None:
    def night(day: datetime) -> float:
        return 0.0 if day.weekday() in (5, 6) else 1000.0

    for nights in (14, 21, 40):
        for today in (RUN_AT + DAY, RUN_AT + 2 * DAY, RUN_AT + 3 * DAY):  # Saturday, Sunday, Monday
            before = tuple(
                Night(at, {"volume.smartlead.main": night(at), "sent.acme": night(at)})
                for at in (today - (i + 1) * DAY for i in range(nights))
            )
            history = History(today, before, OLD)
            for metric in ("volume.smartlead.main", "sent.acme"):
                assert says(metric, night(today), history) == "pass", (metric, nights, today)
            expected = "pass" if night(today) == 0 else "error"  # a Monday is no Sunday
            assert says("volume.smartlead.main", 0, history) == expected


def test_mail_on_a_sunday_is_unusual_once_four_sundays_had_none() -> None:
    sunday = RUN_AT + 2 * DAY
    for nights, verdict in ((27, "pass"), (28, "warn")):
        days = [sunday - (i + 1) * DAY for i in range(nights)]
        before = tuple(Night(at, {"sent.acme": 0.0 if at.weekday() == 6 else 1000.0}) for at in days)
        assert says("sent.acme", 1000, History(sunday, before, OLD)) == verdict


def test_what_three_nights_in_a_row_had_is_usual() -> None:
    assert says("volume.smartlead.main", 5, [5.0, 5.0, *STEADY]) == "error"
    assert says("volume.smartlead.main", 5, [5.0, 5.0, 5.0, *STEADY]) == "pass"


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.15, "pass"), (0.22, "warn"), (0.0, "pass"), (0.36, "error")]
)
def test_tiers_do_not_shift(value: float, verdict: str) -> None:
    assert says("tiers.hot", value, [0.1] * 14, **{"rows.scoring.als_scores": 10_000}) == verdict


def test_a_share_of_few_scores_may_shift() -> None:
    assert says("tiers.hot", 0.36, [0.1] * 14, **{"rows.scoring.als_scores": 50}) == "pass"


def test_the_mean_score_does_not_move_by_more_than_ten() -> None:
    assert says("scores.mean", 59, [50.0] * 14, **{"rows.scoring.als_scores": 10_000}) == "pass"
    assert says("scores.mean", 61, [50.0] * 14, **{"rows.scoring.als_scores": 10_000}) == "warn"


@pytest.mark.parametrize(
    ("value", "rows", "nights", "verdict"),
    [
        (0.24, 10_000, 14, "pass"),
        (0.26, 10_000, 14, "warn"),
        (0.26, 100, 14, "pass"),
        (1.0, 10_000, 14, "error"),
        (1.0, 10_000, 13, "warn"),
        (1.0, 99, 14, "warn"),
        (1.0, 10_000, 2, "pass"),
        (0.0, 10_000, 14, "pass"),
    ],
)
def test_nulls_do_not_jump(value: float, rows: int, nights: int, verdict: str) -> None:
    metric = "null_rate.facts.a_new_mart.a_column"
    mostly_null = [0.6] * nights
    assert says(metric, value, mostly_null, **{"rows.facts.a_new_mart": rows}) != "error"
    assert says(metric, value, [0.2] * nights, **{"rows.facts.a_new_mart": rows}) == verdict


def test_an_account_that_did_not_load_is_named() -> None:
    assert says("freshness.load.hubspot.portal", 0, [0.0] * 14) == "pass"
    assert says("freshness.load.hubspot.portal", 24, [0.0] * 14) == "warn"
    assert says("freshness.load.hubspot.portal", 24, []) == "warn"
    assert says("freshness.load.hubspot.portal", 24, [24.0] * 14) == "pass"


def test_an_account_in_which_nothing_happens_any_more_is_named() -> None:
    weekends = [8.0, 8.0, 8.0, 56.0, 32.0, 8.0, 8.0] * 2
    assert says("freshness.event.smartlead.main", 110, weekends) == "pass"
    assert says("freshness.event.smartlead.main", 113, weekends) == "warn"
    assert says("freshness.event.smartlead.main", 73, [8.0] * 14) == "warn"
    assert says("freshness.event.smartlead.main", 9999, [8.0] * 2) == "pass"


def test_a_failed_check_says_what_was_found_and_expected() -> None:
    found = {
        check.metric: check.line
        for check in tonight(
            {
                "rows.facts.messages": 100,
                "quarantine_rate.hubspot.portal.deals": 0.5,
                "scores.outside_0_100": 2,
            },
            past("rows.facts.messages", [1000.0]),
        )
        if outside(check)
    }
    assert found == {
        "rows.facts.messages": "check rows.facts.messages: 100 rows, expected at least 800",
        "quarantine_rate.hubspot.portal.deals": "check quarantine_rate.hubspot.portal.deals:"
        " 50.0% of the records were quarantined, expected at most 5.0%",
        "scores.outside_0_100": "check scores.outside_0_100: 2 scores lie outside 0 to 100, expected 0",
    }


def test_great_expectations_finds_exactly_what_lies_outside(tmp_path: Path) -> None:
    choose = random.Random(7)
    bounds = (None, 0.0, 1.0, 2.0)
    checks = [
        Check(
            rule,
            f"metric.{i}",
            choose.choice((0.0, 1.0, 2.0)),
            choose.choice(bounds),
            choose.choice(bounds),
            WARN,
        )
        for i in range(200)
        for rule in [choose.choice(RULES)]
    ]
    expected = [check for check in checks if outside(check)]
    assert 20 < len(expected) < 180
    assert unmet(checks, tmp_path, "run-1", RUN_AT) == expected


def test_the_worst_of_several_rules_is_told_once(tmp_path: Path) -> None:
    metrics = {"rows.scoring.als_scores": 10_000.0, "tiers.hot": 0.9, "tiers.dead": 0.22}
    nights = tuple(Night(RUN_AT - (i + 1) * DAY, {"tiers.hot": 0.1, "tiers.dead": 0.1}) for i in range(14))
    found = judge(metrics, History(RUN_AT, nights, OLD), tmp_path, "run-1", RUN_AT)
    assert {check.metric: check.severity for check in found} == {"tiers.hot": ERROR, "tiers.dead": WARN}


def test_data_docs_show_the_newest_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "RUNS_KEPT", 2)
    for number in range(4):
        judge({"scores.outside_0_100": 3.0}, past("x", []), tmp_path, f"run-{number}", RUN_AT + number * DAY)
    index = (tmp_path / "site" / "index.html").read_text()
    pages = {page.parent.parent.name: page for page in (tmp_path / "site" / "validations").rglob("*.html")}
    assert set(pages) == {"run-2", "run-3"}
    assert {path.name for path in (tmp_path / "results" / "gate").iterdir()} == {"run-2", "run-3"}
    assert [name in index for name in ("run-1", "run-2", "run-3")] == [False, True, True]
    assert "scores.outside_0_100" in pages["run-3"].read_text()


def test_rules_can_be_told_apart() -> None:
    assert len({rule.key for rule in RULES}) == len(RULES)


def test_the_documentation_lists_every_rule() -> None:
    assert as_table() in (ROOT / "docs" / "operate.md").read_text()
