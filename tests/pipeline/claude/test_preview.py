"""`winnow run --dry-run`: what would be asked, what it would cost, and what is left."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.claude.preview import Preview, preview
from pipeline.config import Config
from pipeline.plan import plan
from sandbox import ClaudeBehaviour
from tests.pipeline.claude.world import BUDGET, RUN_AT, World, answers, unsure


def seen(world: World, folder: Path, **claude: Any) -> Preview:
    given = {"agency": {"name": "Test"}, "claude": BUDGET | claude, "state_dir": folder / "state"}
    found = preview(Config.model_validate(given), world.warehouse, RUN_AT)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_API_KEY", "never used")


def test_an_estimate_lies_below_the_bound_and_the_bound_above_the_cost(world: World, tmp_path: Path) -> None:
    world.given(unsure(5))
    before = seen(world, tmp_path)
    assert (before.replies, before.left_out, before.open) == (5, 0, 0)
    assert (before.night, before.month) == (1, 10)
    assert 0 < before.expected < before.at_most
    cost = world.night().cost
    assert cost < before.at_most
    after = seen(world, tmp_path)
    assert (after.replies, after.expected, after.at_most) == (0, 0, 0)
    assert (after.night, after.month) == (1 - cost, 10 - cost)


def test_what_answers_have_cost_is_the_better_estimate(world: World, tmp_path: Path) -> None:
    world.given(unsure(4))
    cost = world.night().cost
    world.given(["Blorp, blorp."])
    assert seen(world, tmp_path).expected == cost / 4


def test_what_no_budget_covers_is_told_apart(world: World, tmp_path: Path) -> None:
    world.given(unsure(5))
    at_most = seen(world, tmp_path).at_most
    found = seen(world, tmp_path, budget_per_month=at_most - Decimal("0.00000001"))
    assert (found.replies, found.left_out) == (4, 1)
    assert "claude: 1 more are not covered by the budget" in found.lines()


def test_what_is_open_is_not_asked_again(world: World, tmp_path: Path) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(2))
    world.night(wait_minutes=0)
    found = seen(world, tmp_path)
    assert (found.replies, found.open) == (0, 2)
    assert found.night < 1, "what is open may still be paid for"
    assert list(found.lines())[-1] == "claude: 2 wait for a batch that has not ended"


def test_a_plan_says_it_and_asks_nobody(world: World, tmp_path: Path) -> None:
    world.given(unsure(2))
    given = {"agency": {"name": "Test"}, "claude": BUDGET, "state_dir": tmp_path / "state"}
    planned = plan(Config.model_validate(given), world.warehouse, at=RUN_AT)
    assert "  claude: 2 unsure replies of those labelled so far, about 0.000" in planned.text()
    assert "left: 1.0000 tonight, 10.0000 this month" in planned.text()
    assert planned.as_json()["claude"]["replies"] == 2
    assert not world.server.claude.batches
    assert (
        plan(Config.model_validate({"agency": {"name": "Test"}}), world.warehouse, at=RUN_AT).claude is None
    )


def test_without_a_key_nothing_would_be_asked(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAUDE_API_KEY")
    assert list(seen(world, tmp_path).lines()) == ["claude: its key is not set; nothing would be asked"]


def test_a_dry_run_before_the_first_night_makes_no_files(world: World, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = seen(world, tmp_path / "elsewhere")
    assert (found.replies, found.night) == (0, 1)
    assert sorted(tmp_path.rglob("*")) == before
