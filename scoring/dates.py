"""Dates as people write them in an absence note, read relative to the day the note came.

The words of seven languages are in `scoring/lexicons/dates.yml`; texts are compared without accents.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from scoring.lexicons import read_lexicon
from scoring.phrases import fold

REACH = 60
"""Characters after "until", "back" and the like within which their date stands."""

REACH_BACK = 45
"""Characters before a "back" within which its date may stand: "am 7. Januar bin ich wieder da"."""

PAST_DAYS = 30
"""A date without a year that lies further back from the note than these days is one of next year."""

MAX_LEADS = 40
"""No note has more of "until" and the like; what has is not worth the time."""

_CLAUSE_END = re.compile(r"\n\n|[!?;]|(?<!\d)\.\s+[A-Z]")


@dataclass(frozen=True)
class _Vocabulary:
    """The lexicon, compiled."""

    lead: re.Pattern[str]
    date: re.Pattern[str]
    inclusive: re.Pattern[str]
    months: tuple[frozenset[str], ...]
    weekdays: tuple[re.Pattern[str], ...]
    relative: Mapping[str, re.Pattern[str]]
    parts: Mapping[int, re.Pattern[str]]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    words = read_lexicon("dates").document
    return _Vocabulary(
        lead=re.compile(_lead(words), re.IGNORECASE),
        date=re.compile(_date_pattern(words), re.IGNORECASE),
        inclusive=re.compile(rf"\W*(?:{words['inclusive']})\b", re.IGNORECASE),
        months=tuple(frozenset(names.split("|")) for names in words["months"]),
        weekdays=tuple(re.compile(names) for names in words["weekdays"]),
        relative={name: re.compile(pattern) for name, pattern in words["relative"].items()},
        parts={day: re.compile(pattern) for day, pattern in words["parts"].items()},
    )


def _lead(words: Mapping[str, Any]) -> str:
    """Return the pattern of what a date of return follows."""
    one = _alternatives(words)
    back = f"{one['back']}|{one['not_before']}"
    return (
        rf"\b(?:(?P<through>(?:{one['through']})|(?P<through2>{one['foreign_through']}))(?!\w)|(?:{one['until']}|{back})\b"
        rf"|(?P<foreign>(?:{one['foreign_until']})(?:(?<=')|\b)|(?P<back>{one['foreign_back']})\b)"
        rf"|(?:{one['from']})\b[^.\n]{{0,12}}?\d[^\n]{{0,30}}?(?P<to>\s(?:{one['to']})(?:\s|(?<='))|\s?[–-]\s?)(?=.{{0,14}}\d))"
    )


def _date_pattern(words: Mapping[str, Any]) -> str:
    """Return the pattern of a date; its named groups are the keys of `_READERS`."""
    one = _alternatives(words)
    month = "|".join(words["months"])
    weekday = "|".join(words["weekdays"])
    parts = "|".join(words["parts"].values())
    year = r"(?:,?\s+(?:(?:de|del)\s+)?(?P<{0}>20\d\d)\b)?"
    day = rf"(?:[0-3]?\d(?:st|nd|rd|th|er|e|°|º|\.)?|{one['first']})"
    alone = rf"[0-3]?\d(?:st|nd|rd|th|er|e|°|º|\.)?(?![\w/:])(?!\s?(?:{one['units']})(?!\w))"
    return rf"""(?x:
        (?:(?:\b(?P<article0>{one["articles"]})\s+)?\b(?P<named>{weekday}|mon|sat|sun)\b\.?,?\s+)?
        (?:\b(?:(?P<article>{one["articles"]})|{one["english_article"]})\s+)?
        (?:
            \b(?P<iso>20\d\d-[01]\d-[0-3]\d)\b
          | \b(?P<day1>{day})\s*(?:(?:{one["of"]})\s*)?\b(?P<month1>{month})\b\.?{year.format("year1")}
          | \b(?P<month2>{one["month_first"]})\b\.?\s*(?P<day2>{day})(?!\w){year.format("year2")}
          | \b(?!24/7\b)(?P<a>[0-3]?\d)(?P<sep>[./-])(?P<b>[0-3]?\d)(?:(?P=sep)(?P<year3>(?:20)?\d\d))?\b
          | (?(article)(?P<day4>{alone})
            |(?(named)(?P<day5>{alone})|(?<=the\s)(?P<day6>[0-3]?\d(?:st|nd|rd|th))\b))
          | (?:\b(?P<part>{_spaced(parts)})\s*)?(?:\b(?:de|di|d'|des)\s*)?
            \b(?P<month5>{_spaced(one["month_alone"])})\b(?!\s*\d)
        )
        | (?:\b(?P<article2>{one["articles"]})\s+)?\b(?P<weekday>{_spaced(weekday)})\b
        | \b(?P<relative>{_spaced("|".join(words["relative"].values()))})\b
    )"""


def _alternatives(words: Mapping[str, Any]) -> dict[str, str]:
    """Return the lexicon's one-line patterns, joined where YAML folds lines into spaces."""
    return {name: value.replace(" |", "|") for name, value in words.items() if isinstance(value, str)}


def _spaced(pattern: str) -> str:
    """Return a pattern for verbose mode, in which a space must be written out."""
    return re.sub(r"(?<!\[)(?<!\\) (?!\])", r"[ ]", pattern)


def return_date(text: str, received_on: date) -> date | None:
    """Return the day on which the writer of an absence note is back; None when it names none.

    "until 5 January" is 5 January, "through 5 January" the day after. Where day and month could be either,
    the reading that comes sooner after `received_on` is taken beside English words, else the day comes first.
    """
    plain = fold(text)
    leads = islice(_vocabulary().lead.finditer(plain), MAX_LEADS)
    found = [day for lead in leads if (day := _led_to(plain, lead, received_on))]
    return max(found) if found else None


def _led_to(text: str, lead: re.Match[str], received_on: date) -> date | None:
    start = lead.end("to") if lead["to"] else lead.end()
    is_foreign = bool(lead["foreign"] or lead["through2"])
    clause = _CLAUSE_END.split(text[start : start + REACH])[0]
    for match in _vocabulary().date.finditer(clause):
        day = _read(match, received_on, is_foreign)
        if day is not None:
            is_through = lead["through"] or _vocabulary().inclusive.match(clause, match.end())
            return day + timedelta(days=1) if is_through else day
    return _before(text, lead, received_on) if lead["back"] else None


def _before(text: str, lead: re.Match[str], received_on: date) -> date | None:
    """Return the date that stands before a "back", in its clause."""
    clause = _CLAUSE_END.split(text[max(lead.start() - REACH_BACK, 0) : lead.start()])[-1]
    for match in reversed(list(_vocabulary().date.finditer(clause))):
        if match["article0"] or match["article"] or match["article2"]:
            return _read(match, received_on, is_foreign=True)
    return None


def _read(match: re.Match[str], received_on: date, is_foreign: bool) -> date | None:
    for name, read in _READERS.items():
        if match[name]:
            days = [day for day in read(match, received_on) if day is not None]
            if name == "sep" and is_foreign:
                days = days[:1]
            return min(days, key=lambda day: (day < received_on, abs((day - received_on).days)), default=None)
    return None


def _iso(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    year, month, day = map(int, match["iso"].split("-"))
    yield _date(year, month, day)


def _day_month(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    yield _near(match["year1"], _month(match["month1"]), _day(match["day1"]), received_on)


def _month_day(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    yield _near(match["year2"], _month(match["month2"]), _day(match["day2"]), received_on)


def _numbers(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    a, b, year = int(match["a"]), int(match["b"]), match["year3"]
    yield _near(year, b, a, received_on)
    if match["sep"] == "/":
        yield _near(year, a, b, received_on)


def _day_alone(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    day = _day(match["day4"] or match["day5"] or match["day6"])
    yield _date(received_on.year, received_on.month, day) if day >= received_on.day else None
    following = received_on.replace(day=1) + timedelta(days=32)
    yield _date(following.year, following.month, day)


def _month_alone(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    """Read a month, and its beginning, middle or end; "until March" is its first day."""
    part = (match["part"] or "").lower()
    day = next((day for day, names in _vocabulary().parts.items() if part and names.fullmatch(part)), 1)
    month = _month(match["month5"])
    first = _near(None, month, 1, received_on.replace(day=1))
    if first:
        yield first.replace(day=min(day, monthrange(first.year, month)[1]))


def _weekday(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    name = match["weekday"].lower()
    number = next(n for n, names in enumerate(_vocabulary().weekdays) if names.fullmatch(name))
    yield received_on + timedelta(days=(number - received_on.weekday()) % 7 or 7)


def _relative(match: re.Match[str], received_on: date) -> Iterator[date | None]:
    words = match["relative"].lower()
    name = next(
        (name for name, names in _vocabulary().relative.items() if names.fullmatch(words)), "tomorrow"
    )
    if name == "tomorrow":
        yield received_on + timedelta(days=1)
    elif name == "week":
        yield received_on + timedelta(days=7 - received_on.weekday())
    else:
        yield (received_on.replace(day=1) + timedelta(days=32)).replace(day=1)


_READERS: dict[str, Callable[[re.Match[str], date], Iterator[date | None]]] = {
    "iso": _iso,
    "month1": _day_month,
    "month2": _month_day,
    "sep": _numbers,
    "day4": _day_alone,
    "day5": _day_alone,
    "day6": _day_alone,
    "month5": _month_alone,
    "weekday": _weekday,
    "relative": _relative,
}


def _month(name: str) -> int:
    return next(n for n, names in enumerate(_vocabulary().months, 1) if name.lower() in names)


def _day(written: str) -> int:
    digits = re.match(r"\d+", written)
    return int(digits[0]) if digits else 1


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
