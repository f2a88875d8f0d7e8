"""Numbers as a person reads them: thousands, percentages, intervals, money, durations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

NOTHING = "–"
"""Stands where there is no number."""

_SPACE = "\u00a0"


@dataclass(frozen=True)
class Rate:
    """count of n, with the Wilson interval of the rate (95 %) as shares; None where n is 0."""

    count: int
    n: int
    low: float | None
    high: float | None

    @staticmethod
    def of(count: int, n: int) -> Rate:
        """Return the rate with its interval."""
        from scoring.stats import Count, wilson

        interval = wilson(Count(count, n))
        return Rate(count, n, interval.low if interval else None, interval.high if interval else None)

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> str:
        """The interval as text."""
        return percent_range(self.low, self.high)


def whole(number: int | Decimal | None) -> str:
    """Return 1234567 as 1,234,567."""
    return NOTHING if number is None else f"{int(number):,}"


def percent(share: float | Decimal | None) -> str:
    """Return 0.0471 as 4.7 %; two decimals below one per cent."""
    if share is None:
        return NOTHING
    value = float(share) * 100
    return f"{value:.2f}{_SPACE}%" if 0 < value < 1 else f"{value:.1f}{_SPACE}%"


def percent_range(low: float | Decimal | None, high: float | Decimal | None) -> str:
    """Return the bounds of an interval of shares as 3.6–6.0 %."""
    if low is None or high is None:
        return NOTHING
    decimals = 2 if float(high) < 0.01 else 1
    return f"{float(low) * 100:.{decimals}f}–{float(high) * 100:.{decimals}f}{_SPACE}%"


def ratio(value: float | None) -> str:
    """Return a lift of 1.834 as ×1.83."""
    return NOTHING if value is None else f"×{value:.2f}"


def ratio_range(low: float | None, high: float | None) -> str:
    """Return the bounds of a lift."""
    return NOTHING if low is None or high is None else f"{low:.2f}–{high:.2f}"


def probability(value: float | None) -> str:
    """Return a p or a q; what is below a thousandth as such."""
    if value is None:
        return NOTHING
    return "<\u202f0.001" if value < 0.001 else f"{value:.3f}"


def money(value: Decimal | None, currency: str | None) -> str:
    """Return an amount with its currency; cents only where there are any."""
    if value is None:
        return NOTHING
    amount = f"{value:,.2f}".removesuffix(".00")
    return f"{currency or 'no currency'}{_SPACE}{amount}"


def seconds(value: float) -> str:
    """Return a duration: 0.04 s, 12.3 s, 3 min 05 s."""
    if value < 1:
        return f"{value:.2f}{_SPACE}s"
    if value < 60:
        return f"{value:.1f}{_SPACE}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{_SPACE}min{_SPACE}{rest:02}{_SPACE}s"


def moment(value: datetime | None) -> str:
    """Return a time in UTC, to the minute."""
    return NOTHING if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(value: date | None) -> str:
    """Return a date."""
    return NOTHING if value is None else value.isoformat()


def words(name: str | None) -> str:
    """Return a machine's name as words: meeting_booked becomes meeting booked."""
    return (name or NOTHING).replace("_", " ")
