"""A night that meets one trouble after the other goes on where it stood, and comes to the truth.

The long proofs, with kills, disks and servers, are in `benchmarks/chaos`.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from benchmarks.chaos.reader import Seen, readers
from pipeline import run as pipeline_run
from sandbox.config import config_yaml
from sandbox.demo import COMPARED, SPEED
from sandbox.params import Params
from sandbox.simulate import simulate
from sandbox.truth import truth
from tests.conftest import ENGINES, NewProfile
from tests.local_server import QuietHandler, serving
from tests.sandboxed import sandboxed
from tests.winnow import winnow
from warehouse import open_warehouse

PARAMS = Params(leads=60, days=25)
NIGHT = PARAMS.night()
AT = NIGHT.isoformat()
SETTINGS = "run:\n  retry_wait_seconds: 0\n"
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"

IN_USE = ("ingestion.load._count", "pipeline.stages.build.refresh_reason")
"""Functions of load and build that are given a connection."""

Act = Callable[[], None]


@dataclass
class Disturbed:
    """What was said at each trouble, the last run's summary, its steps, and what a reader saw."""

    engine: str
    errors: dict[str, str] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    clock: str = ""

    def outcomes(self, stage: str) -> list[str]:
        return [step["outcome"] for step in self.steps if step["stage"] == stage]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"disturbed-{name}")) for name in ENGINES],
)
def night(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Disturbed:
    folder = new_profile(request.param, tmp_path_factory.mktemp("disturbed"))
    agency, found = simulate(PARAMS), Disturbed(request.param)
    (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED) + SETTINGS)
    with sandboxed(agency, NIGHT, SPEED), pytest.MonkeyPatch.context() as patch:
        with silent_server() as url, pytest.MonkeyPatch.context() as silent:
            silent.setenv("WINNOW_SANDBOX_URL", url)
            found.errors["silent"] = winnow(folder, "run", "--at", AT, code=1).stderr

        def second_run() -> None:
            found.errors["second"] = winnow(folder, "run", code=75).stderr

        acts = {("build", 10): second_run}
        if request.param == "duckdb":
            with held(folder / "warehouse.duckdb"):
                found.errors["held"] = winnow(folder, "run", "--at", AT, code=1).stderr
            with full_disk() as fill:
                progress(patch, acts | {("publish", 0): fill})
                found.errors["full"] = winnow(folder, "run", "--at", AT, code=1).stderr
        else:
            progress(patch, acts)
            for used in IN_USE:
                before_first(patch, used, restarted(folder))
        patch.setenv("PGAPPNAME", "reader")  # by which a restart lets it be
        with readers(folder, 1, multiprocessing.get_context("spawn")) as seen:
            patch.delenv("PGAPPNAME")
            found.summary = json.loads(winnow(folder, "run", "--at", AT, "--json").stdout)
            winnow(folder, "publish", "--at", AT)
        found.seen = seen[0]
        patch.setattr(pipeline_run, "utc_now", lambda: NIGHT - timedelta(hours=3))
        found.clock = winnow(folder, "act").stdout
        shown = winnow(folder, "runs", "show", found.summary["run_id"], "--json").stdout
        found.steps = json.loads(shown)["steps"]
    return found


ON_DUCKDB = pytest.mark.parametrize("night", ["duckdb"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("night", ["postgres"], indirect=True)


@contextmanager
def silent_server() -> Iterator[str]:
    """A provider that never answers; as soon as it is asked, the time of the stage is up."""
    done = threading.Event()

    class Silent(QuietHandler):
        def do_GET(self) -> None:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            done.wait()

    with serving(Silent) as url:
        try:
            yield url
        finally:
            done.set()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program has the DuckDB file open."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            process.communicate()


@contextmanager
def full_disk() -> Iterator[Act]:
    """Yield what stops files from growing beyond a size that the state is far from."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 2**20, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def restarted(folder: Path) -> Act:
    """Return what ends every session of the warehouse but a reader's, as a restart does."""
    settings = open_warehouse(folder).profile.outputs

    def end() -> None:
        parts = {name: settings[name] for name in ("host", "port", "dbname", "user", "password")}
        connection = psycopg2.connect(**parts)
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
                " and backend_type = 'client backend' and application_name <> 'reader'"
            )
        connection.close()

    return end


def progress(patch: pytest.MonkeyPatch, acts: dict[tuple[str, int], Act]) -> None:
    """Do each of `acts` once from now on: when a run says that so many of something are done."""
    left = dict(acts)

    def told(what: str, done: int, _total: int | None) -> None:
        for name, count in [key for key in left if key[0] == what and done >= key[1]]:
            left.pop((name, count))()

    patch.setattr("commands.stages.progress_bar", lambda: told)


def before_first(patch: pytest.MonkeyPatch, path: str, act: Act) -> None:
    """Do `act` once, just before the function at `path` is called."""
    module_name, name = path.rsplit(".", 1)
    module, left = import_module(module_name), [act]
    real = getattr(module, name)

    def after_act(*arguments: Any, **options: Any) -> Any:
        if left:
            left.pop()()
        return real(*arguments, **options)

    patch.setattr(module, name, after_act)


def test_the_night_comes_to_the_truth(night: Disturbed) -> None:
    expected = truth(simulate(PARAMS), NIGHT).total
    figures = night.summary["figures"]
    assert {name: figures[name] for name in COMPARED} == {
        name: getattr(expected, attribute) for name, attribute in COMPARED.items()
    }
    assert night.summary["outcome"] == "done"


def test_a_stage_that_takes_too_long_is_stopped(night: Disturbed) -> None:
    assert night.errors["silent"].startswith("error: stage load was stopped: it took longer than 3600 s;")
    assert night.errors["silent"].count("\n") == 1
    assert night.outcomes("load")[0] == "timed_out"


def test_a_second_run_is_refused_at_once(night: Disturbed) -> None:
    assert "another run holds the warehouse: `winnow run` by " in night.errors["second"]


@ON_DUCKDB
def test_a_held_file_is_one_line(night: Disturbed) -> None:
    (line,) = night.errors["held"].splitlines()
    assert "another process has it open; wait for it or stop it" in line


@ON_DUCKDB
def test_a_full_disk_is_one_line(night: Disturbed) -> None:
    (line,) = night.errors["full"].splitlines()
    assert line.startswith("error: IO Error: ")
    assert line.endswith("; free some space and run again: it goes on from the last finished step")
    assert night.outcomes("build") == ["done"]
    assert night.outcomes("publish") == ["done", "failed", "done"]


@ON_POSTGRES
def test_a_server_that_restarts_is_waited_for(night: Disturbed) -> None:
    assert {step["stage"] for step in night.steps if step["retry_count"]} == {"load", "build"}
    assert night.outcomes("load") == ["timed_out", "done", "done", "done"]
    assert night.outcomes("build") == ["done"]


def test_readers_see_one_state_or_the_other(night: Disturbed) -> None:
    assert (night.seen.errors, night.seen.mixed) == ([], [])
    assert night.seen.polls


def test_a_clock_that_went_back_is_warned_of(night: Disturbed) -> None:
    assert f"the clock is at {NIGHT - timedelta(hours=3):%Y-%m-%d %H:%M} UTC, but the last run" in night.clock
