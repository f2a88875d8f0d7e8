"""A night that is killed again and again, each time somewhere else, comes to the truth and pays once."""

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
from sandbox.demo import COMPARED, SPEED
from sandbox.params import Params
from sandbox.server import Server
from sandbox.simulate import simulate
from sandbox.truth import truth
from tests.conftest import ENGINES, NewProfile
from tests.sandboxed import sandboxed
from tests.winnow import winnow

PARAMS = Params(leads=80, days=30, seed=4)  # of whose replies rules are unsure of one
AT = PARAMS.night().isoformat()
ROOT = Path(__file__).resolve().parents[2]
MOMENTS = {
    "duckdb": ("after:bought", "load smartlead:60", "after:asked", "after:published"),
    "postgres": ("after:landing", "build:25", "after:asked", "after:published"),
}
"""On PostgreSQL those at which the server holds half of something."""


@dataclass
class Killed:
    """A night, killed at every moment. credits, charges: what each person, and each text, was paid for."""

    moments: tuple[str, ...]
    exit_codes: list[int]
    published: list[str]
    summary: dict[str, Any]
    steps: list[dict[str, Any]]
    verified: str
    credits: dict[str, int]
    charges: dict[str, int]


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    agency = simulate(PARAMS)
    (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
    with sandboxed(agency, PARAMS.night(), SPEED) as server:
        yield server


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"killed-{name}")) for name in ENGINES],
)
def night(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Killed:
    folder, moments = new_profile(request.param, tmp_path_factory.mktemp("killed")), MOMENTS[request.param]
    codes, published = [], []
    with _served(folder) as server:
        for moment in moments:
            codes.append(_victim(folder, moment))
            server.claude.end_all()  # the service goes on while nobody asks it
            published.append(_published(folder))
        summary = json.loads(winnow(folder, "run", "--at", AT, "--json").stdout)
        steps = json.loads(winnow(folder, "runs", "show", summary["run_id"], "--json").stdout)["steps"]
        verified = winnow(folder, "verify").stdout
        return Killed(
            moments,
            codes,
            published,
            summary,
            steps,
            verified,
            dict(server.credits),
            dict(server.claude.charges),
        )


def _victim(folder: Path, moment: str) -> int:
    command = [sys.executable, "-m", "tests.victim", str(folder), AT, moment]
    return subprocess.run(command, cwd=ROOT, env=os.environ, check=False, timeout=300).returncode


def _published(folder: Path) -> str:
    return winnow(folder, "status").stdout.splitlines()[0]


def test_every_moment_came(night: Killed) -> None:
    assert night.exit_codes == [-9] * len(night.moments)


def test_the_night_comes_to_the_truth_and_its_marts_are_a_rebuilds(night: Killed) -> None:
    expected = truth(simulate(PARAMS), PARAMS.night()).total
    assert {name: night.summary["figures"][name] for name in COMPARED} == {
        name: getattr(expected, attribute) for name, attribute in COMPARED.items()
    }
    assert "all equal to a rebuild: answers." in night.verified


def test_nothing_is_paid_for_twice(night: Killed) -> None:
    assert set(night.credits.values()) == {1}
    assert set(night.charges.values()) == {1}, "nobody was asked, or twice"


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
