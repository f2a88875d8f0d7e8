"""Five nights of a small agency, read by a person once: they come to the same tables on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import NewProfile
from tests.engines.replay import Replay
from tests.golden.tables import EXPECTED, WINNOW_YML, nights, tables


@pytest.fixture
def target(engine: str, tmp_path: Path, new_profile: NewProfile) -> Replay:
    """An empty warehouse of the engine under test."""
    return Replay(new_profile(engine, tmp_path), WINNOW_YML)


def test_five_nights_come_to_the_expected_tables(target: Replay) -> None:
    expected = {path.name: path.read_text() for path in EXPECTED.glob("*.csv")}
    (empty, nothing), *others = nights()
    assert nothing == {}
    target.night(empty)
    found = tables(target.warehouse)
    assert set(found) == set(expected)
    filled = {name for name, text in found.items() if text.count("\n") > 1}
    assert filled == {
        "facts.clients.csv",
        "facts.client_icps.csv",
        "answers.meetings_pace.csv",
        "answers.pipeline_counts.csv",
        "answers.pool_stats.csv",
        "answers.sending_health.csv",
        "scoring.als_points.csv",
    }  # what winnow.yml alone says, and zeros
    for run_at, files in others:
        target.night(run_at, files)
    found = tables(target.warehouse)
    assert set(found) == set(expected)
    for name, text in sorted(expected.items()):
        assert found[name].splitlines() == text.splitlines(), name
