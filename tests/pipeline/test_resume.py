"""Which unfinished run is gone on with, and which is left."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.resume import nights_missed, unfinished
from pipeline.state import runs

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
LAST_NIGHT = datetime(2026, 3, 6, 2, tzinfo=UTC)


def ran(
    state: Engine, outcome: str, at: datetime = LAST_NIGHT, *, is_whole: bool = True, command: str = "load"
) -> None:
    with state.begin() as connection:
        number = connection.scalar(sa.select(sa.func.count()).select_from(runs))
        connection.execute(
            sa.insert(runs).values(
                run_id=f"run-{number}",
                run_at=at,
                started_at=at,
                target="t",
                command="run" if is_whole else command,
                is_whole=is_whole,
                outcome=outcome,
            )
        )


@pytest.mark.parametrize("outcome", ["running", "died", "failed"])
def test_a_night_that_was_cut_off_is_gone_on_with(state: Engine, outcome: str) -> None:
    ran(state, outcome)
    found = unfinished(state, "t", None, NOW)
    assert found is not None
    assert found["run_id"] == "run-0"
    assert unfinished(state, "another target", None, NOW) is None


@pytest.mark.parametrize("outcome", ["done", "incomplete", "refused"])
def test_a_night_that_came_to_its_end_is_not(state: Engine, outcome: str) -> None:
    ran(state, outcome)
    assert unfinished(state, "t", None, NOW) is None


def test_a_night_of_days_ago_is_left_for_tonight_s(state: Engine) -> None:
    ran(state, "died", LAST_NIGHT - timedelta(days=1))
    assert unfinished(state, "t", None, NOW) is None


def test_with_a_clock_given_only_that_night_counts(state: Engine) -> None:
    ran(state, "died", LAST_NIGHT - timedelta(days=30))
    assert unfinished(state, "t", LAST_NIGHT, NOW) is None
    assert unfinished(state, "t", LAST_NIGHT - timedelta(days=30), NOW) is not None


def test_what_somebody_did_since_by_hand_ends_it(state: Engine) -> None:
    ran(state, "died")
    ran(state, "done", is_whole=False)
    assert unfinished(state, "t", None, NOW) is None


def test_missed_nights_are_counted(state: Engine) -> None:
    assert nights_missed(state, "t", LAST_NIGHT) == 0
    ran(state, "done", LAST_NIGHT - timedelta(days=4))
    ran(state, "died", LAST_NIGHT - timedelta(days=1))
    assert nights_missed(state, "t", LAST_NIGHT) == 3
    ran(state, "incomplete", LAST_NIGHT - timedelta(days=1))
    assert nights_missed(state, "t", LAST_NIGHT) == 0


@pytest.mark.parametrize("command", ["verify", "repeat"])
def test_what_works_beside_the_warehouse_does_not(state: Engine, command: str) -> None:
    ran(state, "died")
    ran(state, "done", is_whole=False, command=command)
    assert unfinished(state, "t", None, NOW) is not None
