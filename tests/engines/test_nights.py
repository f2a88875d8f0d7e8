"""Whatever the nights bring: the marts are those of a rebuild, and the same on every engine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.conftest import ENGINES, NewProfile
from tests.engines.known import FIRST_OF_ALL, FROM_AFAR
from tests.engines.nights import SETTINGS, Night, nights
from tests.engines.property import check
from tests.engines.replay import Replay

EXAMPLES = 1
"""Few, because each takes tens of seconds; benchmarks/chaos/nights.py draws as many as there is time for."""


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile) -> dict[str, Replay]:
    """A warehouse an engine, emptied before each sequence."""
    return {
        engine: Replay(new_profile(engine, tmp_path_factory.mktemp(engine)), SETTINGS[0])
        for engine in ENGINES
    }


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=nights(least=2, most=2))
def test_after_every_night_all_marts_are_those_of_a_rebuild(
    replays: dict[str, Replay], drawn: list[Night]
) -> None:
    check(replays, drawn)


def test_what_comes_from_afar_reaches_a_row_that_nothing_else_touches(replays: dict[str, Replay]) -> None:
    check({"duckdb": replays["duckdb"]}, FROM_AFAR)


def test_people_are_merged_and_split_night_after_night(replays: dict[str, Replay]) -> None:
    check({"duckdb": replays["duckdb"]}, FIRST_OF_ALL)
