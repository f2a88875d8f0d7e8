"""Return dates of absence notes, relative to the day the note came."""

from __future__ import annotations

from datetime import date

import pytest

from scoring.dates import return_date

DAY = date(2025, 12, 22)  # a Monday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm out until 5 January, contact Bob", date(2026, 1, 5)),
        ("out of office until January 5th.", date(2026, 1, 5)),
        ("away from 22 December to 5 January", date(2026, 1, 5)),
        ("between December 22nd and January 5th", date(2026, 1, 5)),
        ("I return on Monday, January 5, 2026.", date(2026, 1, 5)),
        ("through Jan 5", date(2026, 1, 6)),
        ("until 2026-01-05", date(2026, 1, 5)),
        ("until 05/01", date(2026, 1, 5)),
        ("until 1/5/2026", date(2026, 1, 5)),
        ("until 13/01/2026", date(2026, 1, 13)),
        ("bis 5.1. nicht im Büro", date(2026, 1, 5)),
        ("until the 5th", date(2026, 1, 5)),
        ("returning Jan. 5", date(2026, 1, 5)),
        ("back in the office on Tuesday the 6th of January", date(2026, 1, 6)),
        ("returning in March", date(2026, 3, 1)),
        ("back on Monday", date(2025, 12, 29)),
        ("back next week", date(2025, 12, 29)),
        ("back tomorrow", date(2025, 12, 23)),
        ("from Dec 20 through Jan 2. For urgent matters call 555-1234.", date(2026, 1, 3)),
        ("on leave until further notice", None),
        ("out of the office today", None),
        ("I will be back and may be slow to answer", None),
        ("until 31 February", None),
    ],
)
def test_the_day_they_are_back(text: str, expected: date | None) -> None:
    assert return_date(text, DAY) == expected


def test_a_date_just_past_is_not_taken_for_next_year() -> None:
    assert return_date("I am away until 18 December", DAY) == date(2025, 12, 18)
