"""A night that is killed in the middle of asking Claude is gone on with, and everything is paid for once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pipeline.claude import results
from sandbox import ClaudeBehaviour
from sandbox.keys import ANTHROPIC_KEY
from tests.conftest import ENGINES
from tests.pipeline.claude.victim import MOMENTS
from tests.pipeline.claude.world import World, answers, unsure

ROOT = Path(__file__).resolve().parents[3]
TEXTS = unsure(7)


class Killed(BaseException):
    """The process ends here."""


def kill(patch: pytest.MonkeyPatch, name: str, *, before: bool = False, skip: int = 0) -> None:
    """Let the process end when something of MOMENTS is done, or is about to be, for the skip-th time."""
    module_name, path = MOMENTS[name]
    owner: Any = import_module(module_name)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    done: Callable[..., Any] = getattr(owner, last)
    calls = 0

    def deadly(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls > skip:
            raise Killed
        found = done(*arguments, **options)
        if calls > skip:
            raise Killed
        return found

    patch.setattr(owner, last, deadly)


def goes_on(world: World) -> None:
    """Run the night again, undisturbed: everything is answered, and was paid for once."""
    world.on_sleep = world.server.claude.end_all
    read = world.night()
    assert read.open == 0
    assert world.charged == dict.fromkeys(TEXTS, 1)
    assert set(world.labels().values()) == {("interested", "model")}
    assert {row["status"] for row in world.requests()} <= {"answered", "lost"}
    assert {batch["status"] for batch in world.batches()} <= {"ended", "lost"}


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize(
    ("moment", "before", "skip"),
    [
        ("intended", True, 0),
        ("intended", False, 0),
        ("taken", True, 0),
        ("taken", False, 0),
        ("taken", False, 1),
        ("submitted", True, 0),
        ("submitted", False, 0),
        ("half", True, 0),
        ("half", False, 0),
        ("half", True, 1),
        ("half", False, 1),
        ("collected", True, 0),
        ("collected", False, 0),
    ],
)
def test_a_night_goes_on_wherever_it_was_killed(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str, before: bool, skip: int
) -> None:
    monkeypatch.setattr(results, "PIECE", 2)
    world.given(TEXTS)
    with monkeypatch.context() as patch:
        kill(patch, moment, before=before, skip=skip)
        with pytest.raises(Killed):
            world.night(max_batch=4)
    goes_on(world)


def test_a_night_is_killed_again_and_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PIECE", 2)
    world.on_sleep = world.server.claude.end_all
    world.given(TEXTS)
    for moment in ("intended", "taken", "half", "half", "half", "collected"):
        with monkeypatch.context() as patch:
            kill(patch, moment)
            with pytest.raises(Killed):
                world.night()
    goes_on(world)


def test_a_slow_batch_whose_id_was_never_written_is_found_on_another_night(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(TEXTS)
    with monkeypatch.context() as patch:
        kill(patch, "taken")
        with pytest.raises(Killed):
            world.night(wait_minutes=0)
    assert world.night(1, wait_minutes=0).open == len(TEXTS)
    goes_on(world)


@pytest.mark.parametrize("moment", ["taken", "half", "told"])
def test_a_process_that_was_killed_is_gone_on_with(world: World, tmp_path: Path, moment: str) -> None:
    world.given(TEXTS)
    url = f"{world.server.url}/anthropic"
    environment = os.environ | {"ANTHROPIC_API_KEY": ANTHROPIC_KEY}

    def die_at(name: str) -> int:
        command = [sys.executable, "-m", "tests.pipeline.claude.victim", str(tmp_path), url, name]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=60).returncode

    assert die_at(moment) == -9
    world.server.claude.end_all()
    assert die_at("") == 0
    assert world.charged == dict.fromkeys(TEXTS, 1)
    assert set(world.labels().values()) == {("interested", "model")}
