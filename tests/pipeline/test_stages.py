"""The order of the stages."""

from datetime import UTC, datetime

import pytest

from pipeline.clock import parse_time
from pipeline.errors import UsageError
from pipeline.stages import Stage, chosen


def test_a_run_goes_through_all_stages_in_the_order_of_the_data() -> None:
    assert [str(stage) for stage in chosen()] == [
        "load",
        "build",
        "score",
        "answer",
        "learn",
        "publish",
        "act",
    ]


def test_one_stage_alone() -> None:
    assert chosen(only=Stage.SCORE) == (Stage.SCORE,)


def test_from_a_stage_to_the_end() -> None:
    assert chosen(from_=Stage.LEARN) == (Stage.LEARN, Stage.PUBLISH, Stage.ACT)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-06", datetime(2026, 3, 6, tzinfo=UTC)),
        ("2026-03-06T02:00", datetime(2026, 3, 6, 2, tzinfo=UTC)),
        ("2026-03-06T02:00+02:00", datetime(2026, 3, 6, tzinfo=UTC)),
        ("2026-03-06T02:00:00Z", datetime(2026, 3, 6, 2, tzinfo=UTC)),
    ],
)
def test_times_are_utc(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'tomorrow' is no time"):
        parse_time("tomorrow")
