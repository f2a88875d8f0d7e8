"""Dates as people write them in an absence note, read relative to the day the note came."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(rf"{name}|{name[:3]}\b\.?|{name[:4]}\b\.?" for name in _MONTHS)
_DAY = r"(?P<{0}>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<{0}>20\d\d)\b)?"
_DATE = re.compile(
    rf"""
    (?:\b(?:{"|".join(rf"{name}|{name[:3]}" for name in _WEEKDAYS)})\w*\.?,?\s+(?:the\s+)?)?
    (?:
        \b(?P<iso>20\d\d-[01]\d-[0-3]\d)\b
      | \b{_DAY.format("day1")}\s+(?:of\s+)?(?P<month1>{_MONTH})\b{_YEAR.format("year1")}
      | \b(?P<month2>{_MONTH})\s*{_DAY.format("day2")}\b{_YEAR.format("year2")}
      | \b(?P<a>[0-3]?\d)(?P<sep>[./-])(?P<b>[0-3]?\d)(?:(?P=sep)(?P<year3>(?:20)?\d\d))?\b
      | \bthe\s+(?P<day4>[0-3]?\d)(?:st|nd|rd|th)\b
      | \b(?:in\s+)?(?P<month5>(?<=in\s)may|(?!may\b)(?:{_MONTH}))\b(?!\s*\d)
    )
    | \b(?:(?P<next>next|this|coming)\s+)?(?P<weekday>{"|".join(_WEEKDAYS)})\b
    | \b(?P<relative>tomorrow|next\s+week|next\s+month)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEAD = re.compile(
    r"\b(?:(?P<through>through|thru|up\s+to\s+and\s+including|until\s+and\s+including|inclusive\s+of)|until|untill|"
    r"till|til|'til|back|return(?:s|ing)?|resume|available\s+(?:again\s+)?(?:from|on)|reachable\s+(?:again\s+)?"
    r"(?:from|on)|(?:from|between)\b[^.\n]{2,40}?(?P<to>\s(?:to|and)|[–-])|bis|wieder|jusqu['’]au|hasta|fino)\b"
    r"[^.\n\d]{0,40}?(?=\b\d|\b[a-z])",
    re.IGNORECASE,
)
REACH = 60
"""Characters after "until", "back" and the like within which their date stands."""

PAST_DAYS = 30
"""A date without a year that lies further back from the note than these days is one of next year."""


def return_date(text: str, received_on: date) -> date | None:
    """Return the day on which the writer of an absence note is back; None when it names none.

    "until 5 January" is 5 January, "through 5 January" the day after. Where day and month could be either,
    the reading that comes sooner after `received_on` is taken.
    """
    found = [day for lead in _LEAD.finditer(text) if (day := _after(text, lead, received_on))]
    return max(found) if found else None


def _after(text: str, lead: re.Match[str], received_on: date) -> date | None:
    clause = re.split(r"\n\n|[!?;]|\.\s+[A-Z]", text[lead.end("to") if lead["to"] else lead.start() :])[0]
    for match in _DATE.finditer(clause[: REACH + len(lead[0])]):
        day = _read(match, received_on)
        if day is not None:
            return day + timedelta(days=1) if lead["through"] else day
    return None


def _read(match: re.Match[str], received_on: date) -> date | None:
    for name, read in _READERS.items():
        if match[name]:
            days = [day for day in read(match, received_on) if day is not None]
            return min(days, key=lambda day: (day < received_on, abs((day - received_on).days)), default=None)
    return None


def _iso(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    year, month, day = map(int, match["iso"].split("-"))
    yield _date(year, month, day)


def _day_month(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    yield _near(match["year1"], _month(match["month1"]), int(match["day1"]), received_on)


def _month_day(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    yield _near(match["year2"], _month(match["month2"]), int(match["day2"]), received_on)


def _numbers(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    a, b, year = int(match["a"]), int(match["b"]), match["year3"]
    yield _near(year, b, a, received_on)
    if match["sep"] == "/":
        yield _near(year, a, b, received_on)


def _day_alone(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    day = int(match["day4"])
    yield _date(received_on.year, received_on.month, day) if day >= received_on.day else None
    following = received_on.replace(day=1) + timedelta(days=32)
    yield _date(following.year, following.month, day)


def _month_alone(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    yield _near(None, _month(match["month5"]), 1, received_on)


def _weekday(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    days = (_WEEKDAYS.index(match["weekday"].lower()) - received_on.weekday()) % 7
    yield received_on + timedelta(days=days or 7)


def _relative(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    word = match["relative"].lower()
    if word == "tomorrow":
        yield received_on + timedelta(days=1)
    elif word.endswith("week"):
        yield received_on + timedelta(days=7 - received_on.weekday())
    else:
        yield (received_on.replace(day=1) + timedelta(days=32)).replace(day=1)


_READERS: dict[str, Callable[[re.Match[str], date], Iterator[date | None]]] = {
    "iso": _iso,
    "month1": _day_month,
    "month2": _month_day,
    "sep": _numbers,
    "day4": _day_alone,
    "month5": _month_alone,
    "weekday": _weekday,
    "relative": _relative,
}


def _month(name: str) -> int:
    return next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower().rstrip(".")[:3]))


def _near(year: str | None, month: int, day: int, received_on: date) -> date | None:
    """Return the day in `year`, or in the year that lies nearest ahead of `received_on`."""
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for candidate in (received_on.year - 1, received_on.year, received_on.year + 1):
        found = _date(candidate, month, day)
        if found and found >= received_on - timedelta(days=PAST_DAYS):
            return found
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
