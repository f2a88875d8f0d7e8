"""A night that is killed again and again, each time somewhere else, comes to what an undisturbed one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.config import config_yaml
from sandbox.demo import SPEED
from sandbox.params import Params
from sandbox.server import Server
from sandbox.simulate import simulate
from tests.conftest import ENGINES, NewProfile
from tests.engines.marts import Marts, differences, snapshot
from tests.sandboxed import sandboxed
from tests.winnow import winnow
from warehouse import open_warehouse

PARAMS = Params(leads=80, days=30)
AT = PARAMS.night().isoformat()
ROOT = Path(__file__).resolve().parents[2]
MOMENTS = {
    "duckdb": ("after:bought", "load smartlead:60", "after:scored", "after:published"),
    "postgres": ("after:landing", "build:25", "after:published"),
}
"""On PostgreSQL those at which the server holds half of something."""


@dataclass
class Calm:
    """A night that nothing disturbed."""

    marts: Marts
    credits: int


@dataclass
class Killed:
    """The same night, killed at every moment."""

    calm: Calm
    moments: tuple[str, ...]
    exit_codes: list[int]
    published: list[str]
    summary: dict[str, Any]
    steps: list[dict[str, Any]]
    marts: Marts
    credits: int


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    agency = simulate(PARAMS)
    (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
    with sandboxed(agency, PARAMS.night(), SPEED) as server:
        yield server


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile) -> Calm:
    """On one engine: the marts of the others are the same."""
    folder = new_profile("duckdb", tmp_path_factory.mktemp("calm"))
    with _served(folder) as server:
        winnow(folder, "run", "--at", AT)
        return Calm(snapshot(open_warehouse(folder)), sum(server.credits.values()))


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"killed-{name}")) for name in ENGINES],
)
def night(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_profile: NewProfile,
    calm: Calm,
) -> Killed:
    folder, moments = new_profile(request.param, tmp_path_factory.mktemp("killed")), MOMENTS[request.param]
    codes, published = [], []
    with _served(folder) as server:
        for moment in moments:
            codes.append(_victim(folder, moment))
            published.append(_published(folder))
        summary = json.loads(winnow(folder, "run", "--at", AT, "--json").stdout)
        steps = json.loads(winnow(folder, "runs", "show", summary["run_id"], "--json").stdout)["steps"]
        marts, spent = snapshot(open_warehouse(folder)), sum(server.credits.values())
    return Killed(calm, moments, codes, published, summary, steps, marts, spent)


def _victim(folder: Path, moment: str) -> int:
    command = [sys.executable, "-m", "tests.victim", str(folder), AT, moment]
    return subprocess.run(command, cwd=ROOT, env=os.environ, check=False, timeout=300).returncode


def _published(folder: Path) -> str:
    return winnow(folder, "status").stdout.splitlines()[0]


def test_every_moment_came(night: Killed) -> None:
    assert night.exit_codes == [-9] * len(night.moments)


def test_the_marts_are_those_of_an_undisturbed_night(night: Killed) -> None:
    assert differences(night.marts, night.calm.marts, ("the killed night", "the calm one")) == []
    assert all(
        night.calm.marts[f"facts.{table}"] for table in ("lead_pool", "messages", "replies", "meetings")
    )


def test_nothing_is_paid_for_twice(night: Killed) -> None:
    assert night.credits == night.calm.credits > 0


def test_finished_steps_are_not_repeated(night: Killed) -> None:
    done = [(step["stage"], step["step"]) for step in night.steps if step["outcome"] == "done"]
    assert len(done) == len(set(done))
    died = [(step["stage"], step["step"]) for step in night.steps if step["outcome"] == "died"]
    assert len(died) == len(night.moments)
    assert any("finished steps that were not repeated" in note for note in night.summary["notes"])


def test_the_summary_is_that_of_the_whole_night(night: Killed) -> None:
    stages = dict.fromkeys(step["stage"] for step in night.summary["steps"])
    assert list(stages) == ["load", "build", "score", "answer", "learn", "publish", "act"]
    assert {line["source"] for line in night.summary["loads"]} == {"apollo", "smartlead", "hubspot"}


def test_readers_see_nothing_until_everything_is_there(night: Killed) -> None:
    *before, after = night.published
    assert set(before) == {"nothing is published yet; run `winnow run`"}
    assert after.startswith("published: the night of")
