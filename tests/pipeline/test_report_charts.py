"""Charts, numbers and choices of the report page, without a warehouse."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.report.charts import weeks
from pipeline.report.learned import with_primary
from pipeline.report.learned_charts import forest
from pipeline.report.model import Arm, Experiment, Finding, Week
from pipeline.report.numbers import Rate, money, percent, percent_range, probability, seconds, whole
from tests.pipeline.report_world import MONDAY, values

FINDING = Finding(
    client="Alpha",
    outcome="positive_reply",
    dimension="title_group",
    value="founder_owner",
    claim="Leads with title group founder_owner reach a positive reply more often",
    segment=Rate(12, 40, 0.18, 0.45),
    rest_conversions=10,
    rest_n=160,
    lift=4.8,
    low=2.2,
    high=10.4,
    crude=4.9,
    disagrees=False,
    holds=True,
    q=0.0004,
    is_actionable=True,
    is_from_earlier=False,
)


def test_a_campaigns_deciding_metric_is_the_configured_else_the_usual_else_all() -> None:
    arm = Arm("Alpha", "Spring", None, "reply", False, "A", False, Rate(1, 2, 0, 1), None, None)

    def metrics(*names: str, primary: str = "") -> list[str]:
        tests = [Experiment("Alpha", "Spring", None, name, name == primary, (arm,), None) for name in names]
        return [item.metric for item in with_primary(tests) if item.is_primary]

    assert metrics("reply", "positive_reply", "won", primary="won") == ["won"]
    assert metrics("reply", "positive_reply", "won") == ["positive_reply"]
    assert metrics("visit", "spend") == ["visit", "spend"]


def test_a_lift_without_bounds_or_beyond_the_axis_is_still_drawn() -> None:
    never = replace(FINDING, lift=None, low=None, high=None)
    far = replace(FINDING, lift=900.0, low=0.0001, high=5000.0)
    rows = values(dict(forest([never, far])))
    assert [(row["low"], row["lift"], row["high"]) for row in rows] == [(None, 50, None), (0.02, 50, 50)]
    assert rows[0]["finding"] != rows[1]["finding"], "rows of one name would be drawn as one"


def test_charts_can_be_drawn() -> None:
    import vl_convert

    data = [Week(MONDAY, Rate.of(5, 100), 0), Week(MONDAY + timedelta(days=14), Rate.of(9, 100), 3)]
    for spec, words in (
        (weeks(data), ("05 Jan", "12 Jan", "19 Jan")),
        (forest([FINDING]), ("title group: founder owner", "×5")),
    ):
        drawn = vl_convert.vegalite_to_svg(json.dumps({**spec, "width": 600}), vl_version="6.4")
        for word in words:
            assert word in drawn


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (whole(1234567), "1,234,567"),
        (whole(None), "–"),
        (percent(0.0471), "4.7\u00a0%"),
        (percent(0.0044), "0.44\u00a0%"),
        (percent(0), "0.0\u00a0%"),
        (percent(None), "–"),
        (percent_range(0.036, 0.06), "3.6–6.0\u00a0%"),
        (percent_range(0.0001, 0.0044), "0.01–0.44\u00a0%"),
        (percent_range(None, 0.1), "–"),
        (probability(0.0004), "<\u202f0.001"),
        (probability(0.05), "0.050"),
        (money(Decimal("57822.50"), "GBP"), "GBP\u00a057,822.50"),
        (money(Decimal("1000.00"), None), "no currency\u00a01,000"),
        (money(None, "EUR"), "–"),
        (seconds(0.04), "0.04\u00a0s"),
        (seconds(185.2), "3\u00a0min\u00a005\u00a0s"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected
