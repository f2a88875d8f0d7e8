"""What is usual: a metric's level over the nights before, and how far a night may lie from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from pipeline.history import History

FULL_HISTORY = 14
"""Nights that a comparison looks back, and that it takes before a volume may stop a publish."""

FEW = 3
"""With fewer nights nothing can be called usual."""

SAME_WEEKDAY = 4
WEEKS = timedelta(weeks=8)
"""So many nights of the same weekday within so long are compared with instead of all nights."""

DEVIATIONS = 4
MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation times this is the standard deviation where values are normally spread."""


@dataclass(frozen=True)
class Bounds:
    """Inclusive bounds, None for none. nights: how many earlier nights there are, of any weekday."""

    low: float | None
    high: float | None
    nights: int = 0


@dataclass(frozen=True)
class Level:
    """A metric over earlier nights. spread: four deviations. lowest, highest: what such a night has had.

    nights: how many nights of the metric there are, other weekdays included.
    """

    median: float
    spread: float
    lowest: float
    highest: float
    nights: int


def exactly(value: float) -> Bounds:
    """Bounds that only `value` lies in."""
    return Bounds(value, value)


def at_most(value: float) -> Bounds:
    """Bounds without a lower one."""
    return Bounds(None, value)


def level(past: History, metric: str, *, by_weekday: bool = False) -> Level | None:
    """Return the metric's level over the last 14 nights, None where there are fewer than three.

    by_weekday: over the nights of tonight's weekday in the last eight weeks, where there are four of them;
    where there are fewer, over the last 14 nights, but lowest and highest are those of tonight's weekday, so
    that a Sunday may be what the Sunday before was, and a Monday may not.
    """
    series = past.series(metric)
    if len(series) < FEW:
        return None
    today = past.run_at.date()
    alike = [value for day, value in series if day.weekday() == today.weekday() and today - day <= WEEKS]
    if by_weekday and len(alike) >= SAME_WEEKDAY:
        middle = median(alike)
        return Level(middle, _spread(alike, middle), middle, middle, len(series))
    values = [value for _, value in series[:FULL_HISTORY]]
    middle = median(values)
    seen = [middle, *(alike if by_weekday else values)]
    return Level(middle, _spread(values, middle), min(seen), max(seen), len(series))


def of_level(usual: Level | None, *, floor: float) -> Bounds | None:
    """Return median ± max(four deviations, half of it, `floor`), and at least from lowest to highest."""
    if usual is None:
        return None
    allowed = max(usual.spread, usual.median / 2, floor)
    low, high = min(usual.median - allowed, usual.lowest), max(usual.median + allowed, usual.highest)
    return Bounds(low, high, usual.nights)


def _spread(values: list[float], middle: float) -> float:
    return DEVIATIONS * MAD_TO_DEVIATION * median(abs(value - middle) for value in values)
