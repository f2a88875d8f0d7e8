"""Statistics against scipy, statsmodels, enumeration and simulation."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import StratifiedTable

from scoring.stats import (
    Count,
    Prior,
    Stratum,
    always_valid,
    benjamini_hochberg,
    crude_lift,
    fisher,
    fit_prior,
    mantel_haenszel,
    sample_ratio,
    shrink,
    stratified_exact,
    two_proportions,
    wilson,
)


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-9, rel=1e-9)


def test_wilson_against_its_formula() -> None:
    interval = wilson(Count(8, 40))
    z, p, n = 1.959963984540054, 0.2, 40
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert interval is not None
    assert (interval.low, interval.high) == (close(middle - half), close(middle + half))
    assert (round(interval.low, 5), round(interval.high, 5)) == (0.105, 0.34757)


def test_wilson_stays_within_zero_and_one() -> None:
    none, every = wilson(Count(0, 12)), wilson(Count(12, 12))
    assert none is not None
    assert every is not None
    assert (none.low, every.high) == (0.0, 1.0)
    assert wilson(Count(0, 0)) is None


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not between 0 and n"):
        Count(*counts)


def test_one_stratum_is_fishers_test_of_scipy() -> None:
    for a, n, b, m in product((0, 1, 4, 9), (9, 30), (0, 3, 9), (9, 50)):
        ours = fisher(Count(a, n), Count(b, m)).p
        assert ours == close(float(scipy_stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue)), (a, n, b, m)


def test_mid_p_halves_what_is_as_probable_as_the_observed() -> None:
    found = fisher(Count(3, 4), Count(1, 4))  # tea: probabilities 1, 16, 36, 16, 1 of 70
    assert (found.p, found.mid_p) == (close(34 / 70), close(18 / 70))


def test_strata_against_enumeration() -> None:
    strata = [
        Stratum(Count(3, 7), Count(2, 11)),
        Stratum(Count(1, 5), Count(0, 9)),
        Stratum(Count(4, 9), Count(3, 8)),
    ]
    weights: dict[int, int] = {}
    spaces = [
        [
            (
                x,
                math.comb(s.segment.conversions + s.rest.conversions, x)
                * math.comb(
                    s.segment.n + s.rest.n - s.segment.conversions - s.rest.conversions, s.segment.n - x
                ),
            )
            for x in range(s.segment.n + 1)
        ]
        for s in strata
    ]
    for combination in product(*spaces):
        total = sum(x for x, _ in combination)
        weights[total] = weights.get(total, 0) + math.prod(ways for _, ways in combination)
    everything, observed = sum(weights.values()), weights[8]
    expected = sum(ways for ways in weights.values() if ways <= observed) / everything
    found = stratified_exact(strata)
    assert (found.p, found.strata) == (close(expected), 3)
    assert found.mid_p == close(
        expected - sum(ways for ways in weights.values() if ways == observed) / everything / 2
    )


def test_strata_that_can_say_nothing_do_not_count() -> None:
    telling = Stratum(Count(5, 10), Count(1, 20))
    silent = [
        Stratum(Count(0, 0), Count(5, 9)),
        Stratum(Count(0, 4), Count(0, 9)),
        Stratum(Count(4, 4), Count(2, 2)),
    ]
    assert stratified_exact([telling, *silent]) == stratified_exact([telling])
    assert (stratified_exact(silent).p, stratified_exact([]).p) == (1.0, 1.0)


def test_mantel_haenszel_against_statsmodels() -> None:
    strata = [Stratum(Count(10, 100), Count(4, 120)), Stratum(Count(30, 90), Count(22, 110))]
    tables = [
        np.array(
            [
                [s.segment.conversions, s.segment.n - s.segment.conversions],
                [s.rest.conversions, s.rest.n - s.rest.conversions],
            ],
            dtype=float,
        )
        for s in strata
    ]
    lift = mantel_haenszel(strata)
    assert lift is not None
    assert lift.value == close(float(StratifiedTable(tables).riskratio_pooled))
    assert lift.low is not None
    assert lift.high is not None
    assert math.sqrt(lift.low * lift.high) == close(lift.value)
    # Σ (n·m·(a+b) − a·b·N) / N², over Σ a·m/N times Σ b·n/N
    spread = (100 * 120 * 14 - 40 * 220) / 220**2 + (90 * 110 * 52 - 660 * 200) / 200**2
    variance = spread / ((10 * 120 / 220 + 30 * 110 / 200) * (4 * 100 / 220 + 22 * 90 / 200))
    assert math.log(lift.high / lift.value) == close(1.959963984540054 * math.sqrt(variance))


def test_one_stratum_of_mantel_haenszel_is_the_plain_ratio_with_katz_interval() -> None:
    lift = crude_lift(Count(12, 100), Count(9, 300))
    half = 1.959963984540054 * math.sqrt(1 / 12 - 1 / 100 + 1 / 9 - 1 / 300)
    assert lift is not None
    assert (lift.value, lift.low, lift.high) == (
        close(4.0),
        close(4 * math.exp(-half)),
        close(4 * math.exp(half)),
    )


def test_lift_at_the_edges() -> None:
    none = crude_lift(Count(0, 10), Count(3, 10))
    endless = crude_lift(Count(3, 10), Count(0, 10))
    assert none is not None
    assert endless is not None
    assert (none.value, none.low, none.high) == (0.0, None, None)
    assert endless.value == math.inf
    assert crude_lift(Count(0, 10), Count(0, 10)) is None
    assert crude_lift(Count(0, 0), Count(3, 10)) is None


def test_adjusting_takes_confounding_away() -> None:
    # two campaigns with rates 5 % and 20 %; most of the segment is in the better one
    strata = [Stratum(Count(5, 100), Count(45, 900)), Stratum(Count(180, 900), Count(20, 100))]
    crude = crude_lift(Count(185, 1000), Count(65, 1000))
    adjusted = mantel_haenszel(strata)
    assert crude is not None
    assert adjusted is not None
    assert crude.value > 2.8
    assert adjusted.value == close(1.0)
    assert stratified_exact(strata).p > 0.9


def test_benjamini_hochberg_by_hand() -> None:
    assert benjamini_hochberg([0.04, 0.01, 0.03, 0.5]) == [
        close(0.04 * 4 / 3),
        close(0.04),
        close(0.04 * 4 / 3),
        close(0.5),
    ]
    assert benjamini_hochberg([]) == []


def test_prior_finds_the_spread_that_made_the_data() -> None:
    generator = np.random.default_rng(7)
    rates = generator.beta(40 * 0.05, 40 * 0.95, size=400)
    counts = [Count(int(k), 200) for k in generator.binomial(200, rates)]
    prior = fit_prior(counts, 0.05)
    assert prior is not None
    assert 30 < prior.concentration < 53
    alike = fit_prior([Count(10, 200)] * 50, 0.05)
    assert alike is not None
    assert alike.concentration > 10_000
    assert fit_prior(counts, 0.0) is None


def test_shrinkage_pulls_small_segments_towards_the_baseline() -> None:
    prior = Prior(0.10, 50)
    small, large = shrink(Count(3, 5), prior), shrink(Count(60, 200), prior)
    assert small.rate == close((3 + 5) / (5 + 50))
    assert large.rate == close((60 + 5) / (200 + 50))
    assert small.low < large.low  # the raw rates, 60 % and 30 %, say the opposite
    assert small.low == close(float(scipy_stats.beta.ppf(0.025, 8, 47)))


def test_two_proportions_against_newcombe_by_hand() -> None:
    found = two_proportions(Count(56, 70), Count(48, 80))  # the example of Newcombe (1998), table II (a)
    assert found is not None
    assert found.difference == close(0.2)
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.0524, 0.3339)
    assert found.is_different
    assert found.ratio == close(0.8 / 0.6)
    assert two_proportions(Count(0, 0), Count(1, 5)) is None


def test_no_difference_shown_is_a_result() -> None:
    found = two_proportions(Count(10, 200), Count(9, 200))
    assert found is not None
    assert not found.is_different


@pytest.mark.parametrize(
    ("sizes", "shares", "holds"),
    [
        ({"a": 500, "b": 500}, {"a": 0.5, "b": 0.5}, True),
        ({"a": 540, "b": 460}, {"a": 0.5, "b": 0.5}, True),
        ({"a": 560, "b": 440}, {"a": 0.5, "b": 0.5}, False),
        ({"a": 700, "b": 300}, {"a": 0.7, "b": 0.3}, True),
        ({"a": 333, "b": 333, "c": 334}, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, True),
        ({"a": 0, "b": 0}, {"a": 0.5, "b": 0.5}, True),
    ],
)
def test_sample_ratio(sizes: dict[str, int], shares: dict[str, float], holds: bool) -> None:
    found = sample_ratio(sizes, shares)
    assert found.is_as_configured is holds
    if sizes["a"] == 540:
        assert found.p == close(float(scipy_stats.chi2.sf(40**2 / 500 * 2, 1)))


def test_sample_ratio_refuses_other_arms() -> None:
    with pytest.raises(ValueError, match="are not those configured"):
        sample_ratio({"a": 1, "c": 1}, {"a": 0.5, "b": 0.5})


def test_always_valid_golden_numbers() -> None:
    found = always_valid(Count(60, 500), Count(40, 500))
    fixed = two_proportions(Count(60, 500), Count(40, 500))
    assert found is not None
    assert fixed is not None
    assert found.low < fixed.interval.low < fixed.interval.high < found.high
    assert (round(found.low, 5), round(found.high, 5)) == (-0.01787, 0.09787)


def test_always_valid_holds_at_every_look_where_a_fixed_interval_does_not() -> None:
    """Daily looks from day 5 to 60, forty leads an arm a day, both at 10 %: how often is zero left out?"""
    generator = np.random.default_rng(20260615)
    worlds, days, per_day = 1_000, 60, 40
    conversions = generator.binomial(per_day, 0.10, size=(worlds, 2, days)).cumsum(axis=2)
    left_out = {"sequence": 0, "fixed": 0}
    for world in conversions:
        wrong = {"sequence": False, "fixed": False}
        for day in range(4, days):
            n = per_day * (day + 1)
            arms = [Count(int(world[arm, day]), n) for arm in (0, 1)]
            interval = always_valid(*arms)
            assert interval is not None
            wrong["sequence"] |= not interval.low <= 0 <= interval.high
            rates = [arm.conversions / n for arm in arms]
            half = 1.96 * math.sqrt(sum(rate * (1 - rate) / n for rate in rates))
            wrong["fixed"] |= abs(rates[0] - rates[1]) > half
        for name, is_wrong in wrong.items():
            left_out[name] += is_wrong
    assert left_out["sequence"] / worlds <= 0.05
    assert left_out["fixed"] / worlds > 0.15
