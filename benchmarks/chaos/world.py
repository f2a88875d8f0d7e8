"""A simulated agency, a warehouse that is put back as it was, and nights in processes of their own."""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.chaos.child import PRELOAD, winnow
from sandbox.config import config_yaml, environment
from sandbox.demo import SPEED
from sandbox.params import Params
from sandbox.postgres import create_database, drop_database, postgres_server, profile_yaml
from sandbox.server import Server, serve
from sandbox.simulate import simulate
from tests.engines.marts import Marts, snapshot
from warehouse import Warehouse, open_warehouse

PARAMS = Params(leads=60, days=25)
NIGHT_LIMIT = 600.0
"""Seconds after which a night hangs."""

FORKS = multiprocessing.get_context("forkserver")
DATABASE = "winnow_case"


@dataclass(frozen=True)
class Moment:
    """`seconds` after a step has begun; stage and step empty: after the start of the process."""

    stage: str = ""
    step: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        """Name it."""
        return f"{f'{self.stage} {self.step}'.strip() or 'start'} + {self.seconds:.2f} s"


Act = Callable[[BaseProcess, Moment], Any]
"""What is done to a process at a moment; it may return the seconds by which the clock jumps."""


@dataclass(frozen=True)
class Event:
    """A step began or ended. at: time.monotonic(), which all processes share."""

    kind: str
    stage: str
    step: str
    at: float


@dataclass(frozen=True)
class Night:
    """How one call of the command went. came: those of its moments that came."""

    exit_code: int
    out: str
    err: str
    seconds: float
    events: list[Event]
    came: list[Moment]

    @property
    def where(self) -> str:
        """The step that it was in when it ended, `between steps` when in none."""
        last = self.events[-1] if self.events else None
        if last is None or last.kind == "end":
            return "between steps"
        return f"{last.stage} {last.step}".strip() or "start"

    def durations(self) -> dict[tuple[str, str], float]:
        """Return the seconds of each finished step."""
        begun = {(e.stage, e.step): e.at for e in self.events if e.kind == "begin"}
        return {(e.stage, e.step): e.at - begun[e.stage, e.step] for e in self.events if e.kind == "end"}


@dataclass
class World:
    """One engine. case: the folder of winnow.yml, profiles.yml and state under test. data: PostgreSQL's."""

    engine: str
    root: Path
    case: Path
    data: Path
    postgres_url: str = ""
    settings: str = ""
    agency: Any = field(default_factory=lambda: simulate(PARAMS))

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse of the case."""
        return open_warehouse(self.case)

    @property
    def state_dir(self) -> Path:
        """The state of the case."""
        return self.case / ".winnow"

    def empty(self) -> None:
        """Make the case anew, before its first night."""
        shutil.rmtree(self.case, ignore_errors=True)
        self.case.mkdir(parents=True)
        database = {"path": "warehouse.duckdb", "schema": "main"}
        if self.postgres_url:
            database = create_database(self.postgres_url, DATABASE) | {"schema": "public"}
        (self.case / "profiles.yml").write_text(profile_yaml(self.engine, database))
        (self.case / "winnow.yml").write_text(config_yaml(self.agency, speed=SPEED) + self.settings)

    def keep(self, name: str) -> None:
        """Keep the case as it is now under a name."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        shutil.copytree(self.case, self.root / name)
        if self.postgres_url:
            _copy_database(self.postgres_url, DATABASE, f"kept_{name}")

    def restore(self, name: str) -> None:
        """Put the case back as it was kept."""
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(self.root / name, self.case)
        if self.postgres_url:
            _copy_database(self.postgres_url, f"kept_{name}", DATABASE)

    @contextmanager
    def served(self, night: int) -> Iterator[Server]:
        """Play the providers as they stand at a night."""
        with serve(self.agency, as_of=PARAMS.night(night), speed=SPEED) as server:
            yield server

    def winnow(
        self,
        server: Server,
        *arguments: str,
        moments: Sequence[Moment] = (),
        act: Act = lambda _process, _moment: None,
        clock: datetime | None = None,
    ) -> Night:
        """Run the command in a process of its own; at each of `moments`, of different steps, do `act`.

        Where a moment is the very beginning of a step, the step waits for it. clock: see child.winnow.
        """
        parent, child = FORKS.Pipe()
        output = self.root / "output"
        command = (*arguments, "--config", str(self.case / "winnow.yml"))
        started = time.monotonic()
        process = FORKS.Process(
            target=winnow, args=(command, environment(self.agency, server.url), output, child, clock)
        )
        process.start()
        child.close()
        events, came = _follow(parent, process, moments, act)
        process.join(NIGHT_LIMIT)
        if process.exitcode is None:
            process.kill()
            process.join()
        out, err = (Path(f"{output}{kind}").read_text() for kind in (".out", ".err"))
        return Night(process.exitcode or 0, out, err, time.monotonic() - started, events, came)

    def run(self, server: Server, night: int, **options: Any) -> Night:
        """Run `winnow run` with the clock of a night."""
        return self.winnow(server, "run", "--json", "--at", PARAMS.night(night).isoformat(), **options)

    def marts(self) -> Marts:
        """Return every mart of the case."""
        return snapshot(self.warehouse)

    def steps(self) -> list[dict[str, Any]]:
        """Return the ledger's steps of the newest run, all attempts."""
        from pipeline.ledger import last_runs, steps_of
        from pipeline.state import open_state

        engine = open_state(self.warehouse, self.state_dir)
        try:
            runs = last_runs(engine, self.warehouse.target, limit=1)
            return steps_of(engine, runs[0]["run_id"]) if runs else []
        finally:
            engine.dispose()


def _follow(
    pipe: Any, process: BaseProcess, moments: Sequence[Moment], act: Act
) -> tuple[list[Event], list[Moment]]:
    """Answer the child until it ends; return what it told, and the moments that came."""
    events: list[Event] = []
    came: list[Moment] = []
    due: list[tuple[float, Moment]] = []
    left = {(moment.stage, moment.step): moment for moment in moments}
    limit = time.monotonic() + NIGHT_LIMIT
    while time.monotonic() < limit:
        now = time.monotonic()
        if due and now >= due[0][0]:
            came.append(due.pop(0)[1])
            act(process, came[-1])
            continue
        try:
            if not pipe.poll(max(0.0, (due[0][0] if due else limit) - now)):
                continue
            event = Event(*pipe.recv())
            events.append(event)
            if event.kind == "begin":
                moment = left.pop((event.stage, event.step), None)
                if moment and moment.seconds:
                    due = sorted([*due, (event.at + moment.seconds, moment)], key=lambda pair: pair[0])
                elif moment:
                    came.append(moment)
                pipe.send(act(process, moment) if moment and not moment.seconds else None)
        except (EOFError, OSError):
            break
    return events, came


def _copy_database(url: str, source: str, name: str) -> None:
    import psycopg2

    from sandbox.postgres import OWNER

    drop_database(url, name)
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [source]
            )
            cursor.execute(f"create database {name} template {source} owner {OWNER} strategy file_copy")
    finally:
        connection.close()


@contextmanager
def world(
    engine: str, *, settings: str = "", case: Path | None = None, data: Path | None = None
) -> Iterator[World]:
    """Make the world of an engine in a scratch folder.

    settings: more lines of winnow.yml. case, data: where the case and PostgreSQL's data are kept, such as
    a small disk.
    """
    FORKS.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory(prefix="winnow-chaos-") as name:
        root = Path(name)
        root.chmod(0o755)  # PostgreSQL does not run as root and has to get to its data
        data = data or root / "pg"
        server = nullcontext("") if engine == "duckdb" else postgres_server(data, is_kept=False)
        with server as url:
            made = World(engine, root, case or root / "case", data, url, settings)
            made.empty()
            made.keep("empty")
            yield made


@dataclass(frozen=True)
class Calm:
    """An undisturbed night: from what it started and to what it came. credits: charged, by person."""

    base: str
    number: int
    night: Night
    marts: Marts
    credits: dict[str, int]


def calm_nights(world: World, numbers: Sequence[int] = (0, 1)) -> list[Calm]:
    """Run nights undisturbed one after the other; keep what each starts from as `before_<number>`."""
    done = []
    for number in numbers:
        base = f"before_{number}"
        world.keep(base)
        with world.served(number) as server:
            night = world.run(server, number)
            if night.exit_code:
                raise SystemExit(f"the undisturbed night {number} failed:\n{night.err}{night.out}")
            done.append(Calm(base, number, night, world.marts(), dict(server.credits)))
        if (
            number == numbers[0]
        ):  # dbt's parsed project is a cache; without it each case would parse for seconds
            shutil.copytree(world.state_dir / "dbt", world.root / base / ".winnow" / "dbt")
    return done


def arguments(about: str | None, *, engines: Sequence[str] = ("duckdb", "postgres"), **defaults: int) -> Any:
    """Read the command line: --engine, --seed, and a number for each of `defaults`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--engine", choices=engines, default=engines[0])
    parser.add_argument("--seed", type=int, default=1)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


class Verdict:
    """Claims, each told when it is judged."""

    def __init__(self, title: str) -> None:
        """Begin."""
        self._broken: list[str] = []
        self._title = title
        self._started = time.monotonic()
        print(title, flush=True)

    def tell(self, text: str) -> None:
        """Say what is going on."""
        print(f"  {text}", flush=True)

    def claim(self, text: str, holds: bool, detail: object = "") -> bool:
        """Judge one claim; what holds is silent until the end."""
        if not holds:
            self._broken.append(text)
            self.tell(f"DOES NOT HOLD: {text} {detail}".rstrip())
        return holds

    def end(self, *figures: str) -> None:
        """Print the verdict and leave with its exit code."""
        for figure in figures:
            self.tell(figure)
        minutes = (time.monotonic() - self._started) / 60
        said = f"{len(self._broken)} claims do not hold" if self._broken else "every claim holds"
        print(f"{self._title}: {said} ({minutes:.1f} min)", flush=True)
        sys.exit(1 if self._broken else 0)
