"""A night that is killed again and again, each time somewhere else, comes to what an undisturbed one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.config import config_yaml, environment
from sandbox.demo import SPEED
from sandbox.params import Params
from sandbox.server import serve
from sandbox.simulate import simulate
from tests.conftest import ENGINES, NewProfile
from tests.engines.marts import Marts, differences, snapshot
from tests.winnow import winnow
from warehouse import open_warehouse

PARAMS = Params(leads=80, days=30)
AT = PARAMS.night().isoformat()
ROOT = Path(__file__).resolve().parents[2]
MOMENTS = (
    "after:bought",
    "load smartlead:60",
    "after:landing",
    "build:25",
    "after:scored",
    "after:published",
)


@dataclass
class Nights:
    """One night undisturbed, and one that was killed at every moment."""

    calm: Marts
    killed: Marts
    credits: tuple[int, int]
    exit_codes: list[int]
    steps: list[dict[str, Any]]
    summary: dict[str, Any]
    published: list[str]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"killed-{name}")) for name in ENGINES],
)
def nights(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Nights:
    agency = simulate(PARAMS)
    marts, spent = [], []
    for name in ("calm", "killed"):
        folder = new_profile(request.param, tmp_path_factory.mktemp(name))
        (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
        with (
            serve(agency, as_of=PARAMS.night(), speed=SPEED) as server,
            pytest.MonkeyPatch.context() as patch,
        ):
            for key, value in environment(agency, server.url).items():
                patch.setenv(key, value)
            published, codes = [], []
            for moment in MOMENTS if name == "killed" else ():
                codes.append(_victim(folder, moment))
                published.append(_published(folder))
            summary = json.loads(winnow(folder, "run", "--at", AT, "--json").stdout)
            marts.append(snapshot(open_warehouse(folder)))
            spent.append(sum(server.credits.values()))
            steps = json.loads(winnow(folder, "runs", "show", summary["run_id"], "--json").stdout)["steps"]
    return Nights(marts[0], marts[1], (spent[0], spent[1]), codes, steps, summary, published)


def _victim(folder: Path, moment: str) -> int:
    command = [sys.executable, "-m", "tests.victim", str(folder), AT, moment]
    return subprocess.run(command, cwd=ROOT, env=os.environ, check=False, timeout=300).returncode


def _published(folder: Path) -> str:
    return winnow(folder, "status").stdout.splitlines()[0]


def test_every_moment_came(nights: Nights) -> None:
    assert nights.exit_codes == [-9] * len(MOMENTS)


def test_the_marts_are_those_of_an_undisturbed_night(nights: Nights) -> None:
    assert differences(nights.killed, nights.calm, ("the killed night", "the calm one")) == []
    assert all(nights.calm[f"facts.{table}"] for table in ("lead_pool", "messages", "replies", "meetings"))


def test_nothing_is_paid_for_twice(nights: Nights) -> None:
    calm, killed = nights.credits
    assert calm == killed > 0


def test_finished_steps_are_not_repeated(nights: Nights) -> None:
    done = [(step["stage"], step["step"]) for step in nights.steps if step["outcome"] == "done"]
    assert len(done) == len(set(done))
    died = [(step["stage"], step["step"]) for step in nights.steps if step["outcome"] == "died"]
    assert len(died) == len(MOMENTS)
    assert any("finished steps that were not repeated" in note for note in nights.summary["notes"])


def test_the_summary_is_that_of_the_whole_night(nights: Nights) -> None:
    stages = dict.fromkeys(step["stage"] for step in nights.summary["steps"])
    assert list(stages) == ["load", "build", "score", "answer", "learn", "publish", "act"]
    assert {line["source"] for line in nights.summary["loads"]} == {"apollo", "smartlead", "hubspot"}


def test_readers_see_nothing_until_everything_is_there(nights: Nights) -> None:
    *before, after = nights.published
    assert set(before) == {"nothing is published yet; run `winnow run`"}
    assert after.startswith("published: the night of")
