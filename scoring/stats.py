"""Statistics of rates, thin over scipy and statsmodels: counts in, frozen results out.

A rate is conversions / n. A stratum compares a segment with the rest of the same stratum. Counts are whole
numbers; conversions above n raise ValueError. Every function is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TIE = 1e-7
"""Probabilities this close, relatively, count as equal: scipy's own tolerance in fisher_exact."""

SAMPLE_RATIO_FAILS_AT = 0.001


@dataclass(frozen=True)
class Interval:
    """A closed interval of rates, differences or ratios."""

    low: float
    high: float


@dataclass(frozen=True)
class Count:
    """Conversions among n units."""

    conversions: int
    n: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        if not 0 <= self.conversions <= self.n:
            raise ValueError(f"{self.conversions} conversions of {self.n}: not between 0 and n")

    @property
    def rate(self) -> float | None:
        """Conversions / n; None of nothing."""
        return self.conversions / self.n if self.n else None


@dataclass(frozen=True)
class Stratum:
    """A segment and the rest of its stratum."""

    segment: Count
    rest: Count

    @property
    def is_informative(self) -> bool:
        """Whether the stratum can say anything: both sides there, neither none nor all converted."""
        conversions = self.segment.conversions + self.rest.conversions
        total = self.segment.n + self.rest.n
        return self.segment.n > 0 and self.rest.n > 0 and 0 < conversions < total


@dataclass(frozen=True)
class Exact:
    """An exact conditional test: two-sided p, its mid-p, and how many strata could say something."""

    p: float
    mid_p: float
    strata: int


@dataclass(frozen=True)
class Lift:
    """A ratio of rates, segment over rest, with its interval; infinite where the rest never converts.

    low and high are None where no variance can be estimated.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Prior:
    """A beta prior of rates: mean, and concentration in pseudo-units."""

    mean: float
    concentration: float


@dataclass(frozen=True)
class Shrunk:
    """A rate after shrinkage, and the lower bound of its credible interval."""

    rate: float
    low: float


@dataclass(frozen=True)
class TwoProportions:
    """Two arms compared: difference (treatment − control) with Newcombe's interval, ratio, exact p."""

    difference: float
    interval: Interval
    ratio: float | None
    p: float
    is_different: bool


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms are as large as they were meant to be; False when p < 0.001."""

    p: float
    is_as_configured: bool


def wilson(count: Count, confidence: float = 0.95) -> Interval | None:
    """Return Wilson's score interval of a rate, None of nothing.

    Wilson (1927), J. Am. Stat. Assoc. 22, 209–212; statsmodels' proportion_confint.
    """
    from statsmodels.stats.proportion import proportion_confint

    if count.n == 0:
        return None
    low, high = proportion_confint(count.conversions, count.n, alpha=1 - confidence, method="wilson")
    # exact at the ends, where the formula leaves a rounding error
    return Interval(
        float(low) if count.conversions else 0.0, float(high) if count.conversions < count.n else 1.0
    )


def stratified_exact(strata: Sequence[Stratum]) -> Exact:
    """Return the exact conditional test that the segment converts like the rest in every stratum.

    Given each stratum's margins, the segment's conversions are hypergeometric and independent between strata;
    the distribution of their sum is the convolution (Zelen 1971, Biometrika 58, 129–137). Two-sided p: the
    probability of all sums that are at most as probable as the observed one; with one stratum this is
    Fisher's exact test as scipy has it. Mid-p counts half of those equally probable (Lancaster 1961, J. Am.
    Stat. Assoc. 56, 223–234). Without an informative stratum p is 1.
    """
    import numpy as np

    informative = [stratum for stratum in strata if stratum.is_informative]
    if not informative:
        return Exact(1.0, 1.0, 0)
    distribution = np.ones(1)
    position = 0
    for lowest, masses in _hypergeometrics(informative):
        distribution = np.convolve(distribution, masses)
        position += lowest
    observed = sum(stratum.segment.conversions for stratum in informative)
    mass = distribution[observed - position]
    at_most = distribution <= mass * (1 + _TIE)
    ties = at_most & (distribution >= mass * (1 - _TIE))
    p = float(distribution[at_most].sum())
    return Exact(min(1.0, p), min(1.0, p - float(distribution[ties].sum()) / 2), len(informative))


def _hypergeometrics(strata: Sequence[Stratum]) -> list[tuple[int, Sequence[float]]]:
    """Return per stratum the fewest conversions its segment can have, and the probabilities from there on."""
    import numpy as np
    from scipy.stats import hypergeom

    total = np.array([s.segment.n + s.rest.n for s in strata])
    drawn = np.array([s.segment.n for s in strata])
    converted = np.array([s.segment.conversions + s.rest.conversions for s in strata])
    lowest = np.maximum(0, drawn + converted - total)
    highest = np.minimum(drawn, converted)
    width = int((highest - lowest).max()) + 1
    support = lowest[:, None] + np.arange(width)[None, :]
    masses = hypergeom.pmf(support, total[:, None], converted[:, None], drawn[:, None])
    return [
        (int(low), row[: int(high - low) + 1]) for low, high, row in zip(lowest, highest, masses, strict=True)
    ]


def fisher(first: Count, second: Count) -> Exact:
    """Return Fisher's exact test of two rates, with its mid-p."""
    return stratified_exact([Stratum(first, second)])


def crude_lift(segment: Count, rest: Count, confidence: float = 0.95) -> Lift | None:
    """Return the plain ratio of rates, None where either side is empty or nobody converted."""
    return mantel_haenszel([Stratum(segment, rest)], confidence)


def mantel_haenszel(strata: Sequence[Stratum], confidence: float = 0.95) -> Lift | None:
    """Return the Mantel–Haenszel ratio of rates, adjusted for the strata; None where they say nothing.

    Σ aᵢ·mᵢ/Nᵢ ÷ Σ bᵢ·nᵢ/Nᵢ with a, b conversions of segment and rest, n, m their sizes, N = n + m; the
    interval is that of Greenland & Robins (1985), Biometrics 41, 55–68.
    """
    from scipy.special import ndtri  # many times faster than norm.ppf for one number

    both = [s for s in strata if s.segment.n and s.rest.n]
    sizes = [s.segment.n + s.rest.n for s in both]
    upper = math.fsum(s.segment.conversions * s.rest.n / n for s, n in zip(both, sizes, strict=True))
    lower = math.fsum(s.rest.conversions * s.segment.n / n for s, n in zip(both, sizes, strict=True))
    if upper == 0 and lower == 0:
        return None
    if upper == 0 or lower == 0:
        return Lift(0.0 if upper == 0 else math.inf, None, None)
    spread = math.fsum(
        (
            s.segment.n * s.rest.n * (s.segment.conversions + s.rest.conversions)
            - s.segment.conversions * s.rest.conversions * n
        )
        / n**2
        for s, n in zip(both, sizes, strict=True)
    )
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt(max(0.0, spread) / (upper * lower))
    ratio = upper / lower
    return Lift(ratio, ratio * math.exp(-half), ratio * math.exp(half))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return the q of each p, in order: the false discovery rate at which it would just count.

    Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57, 289–300; scipy's false_discovery_control.
    """
    from scipy.stats import false_discovery_control

    if not p_values:
        return []
    return [float(q) for q in false_discovery_control(list(p_values), method="bh")]


def fit_prior(segments: Sequence[Count], baseline: float) -> Prior | None:
    """Return the beta prior around `baseline` under which the segments' counts are most likely.

    Empirical Bayes (Casella 1985, Am. Stat. 39, 83–87): the mean is the baseline, the concentration maximises
    the beta-binomial likelihood within 1 … 100,000 pseudo-units. None where the baseline is 0 or 1.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.stats import betabinom

    if not 0 < baseline < 1:
        return None
    conversions = np.array([count.conversions for count in segments])
    sizes = np.array([count.n for count in segments])

    def unlikelihood(logarithm: float) -> float:
        strength = math.exp(logarithm)
        masses = betabinom.logpmf(conversions, sizes, strength * baseline, strength * (1 - baseline))
        return -float(masses.sum())

    found = minimize_scalar(unlikelihood, bounds=(0.0, math.log(1e5)), method="bounded")
    return Prior(baseline, math.exp(float(found.x)))


def shrink(count: Count, prior: Prior, confidence: float = 0.95) -> Shrunk:
    """Return the posterior mean of a rate, and the lower end of its equal-tailed credible interval."""
    from scipy.special import betaincinv

    first = count.conversions + prior.mean * prior.concentration
    second = count.n - count.conversions + (1 - prior.mean) * prior.concentration
    return Shrunk(first / (first + second), float(betaincinv(first, second, (1 - confidence) / 2)))


def two_proportions(treatment: Count, control: Count, confidence: float = 0.95) -> TwoProportions | None:
    """Compare two arms; None where one is empty. Different means that Newcombe's interval leaves out zero.

    Newcombe (1998), Stat. Med. 17, 873–890, method 10; statsmodels' confint_proportions_2indep.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    if not treatment.n or not control.n:
        return None
    low, high = confint_proportions_2indep(
        treatment.conversions,
        treatment.n,
        control.conversions,
        control.n,
        method="newcomb",
        compare="diff",
        alpha=1 - confidence,
    )
    of_treatment, of_control = treatment.conversions / treatment.n, control.conversions / control.n
    return TwoProportions(
        difference=of_treatment - of_control,
        interval=Interval(float(low), float(high)),
        ratio=of_treatment / of_control if of_control else None,
        p=fisher(treatment, control).p,
        is_different=not low <= 0 <= high,
    )


def sample_ratio(sizes: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Check the arms' sizes against the configured shares by chi-square; it fails at p < 0.001.

    Raises ValueError where sizes and shares name different arms.
    """
    from scipy.stats import chisquare

    if set(sizes) != set(shares):
        raise ValueError(f"arms {sorted(sizes)} are not those configured, {sorted(shares)}")
    total = sum(sizes.values())
    if total == 0:
        return SampleRatio(1.0, True)
    arms = sorted(sizes)
    whole = math.fsum(shares.values())
    p = float(chisquare([sizes[a] for a in arms], [total * shares[a] / whole for a in arms]).pvalue)
    return SampleRatio(p, p >= SAMPLE_RATIO_FAILS_AT)


def always_valid(
    treatment: Count, control: Count, confidence: float = 0.95, tuned_for: int = 1_000
) -> Interval | None:
    """Return an interval of the difference of two rates that holds at every look; None if an arm is empty.

    Asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform
    central limit theory and asymptotic confidence sequences", Ann. Stat. 52, 2613–2640: for t units

        ± σ̂ · sqrt(2 (tρ² + 1) / (t²ρ²) · log(sqrt(tρ² + 1) / α))

    with σ̂²/t the variance of the difference, and ρ such that the interval is tightest near `tuned_for` units
    of both arms. Variances come from (conversions + 1) / (n + 2), so that an arm without conversions does not
    look certain. Asymptotic: trust it from some twenty conversions on.
    """
    if not treatment.n or not control.n:
        return None
    alpha = 1 - confidence
    units = treatment.n + control.n
    variance = math.fsum(
        (arm.conversions + 1) / (arm.n + 2) * (arm.n - arm.conversions + 1) / (arm.n + 2) / arm.n
        for arm in (treatment, control)
    )
    rho_squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_for
    grown = units * rho_squared + 1
    half = math.sqrt(variance * 2 * grown / (units * rho_squared) * math.log(math.sqrt(grown) / alpha))
    middle = treatment.conversions / treatment.n - control.conversions / control.n
    return Interval(max(-1.0, middle - half), min(1.0, middle + half))
