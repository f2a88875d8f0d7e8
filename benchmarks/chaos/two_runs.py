"""Two runs at once, and many: `python -m benchmarks.chaos.two_runs [--engine postgres] [--rounds 20]`.

Claims: while one run works, another exits 75 after less than 3 s of processor time (the clock also shows what
else the machine does) and says who runs since when; of many that start at the same instant exactly one gets
the warehouse, also when a dead one left its lock.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.chaos.kill import kill
from benchmarks.chaos.world import FORKS, Moment, Verdict, World, arguments, world
from sandbox.config import environment
from sandbox.server import Server

AT_ONCE_SECONDS = 3.0
STARTERS_MOMENTS = (Moment("load", "smartlead"), Moment("build", "facts", 1.0), Moment("publish", "tables"))


def start(folder: Path, barrier: Any, answers: Any) -> None:
    """Take the lock when everybody is ready; hold it until everybody has tried."""
    from pipeline.errors import LockHeldError
    from pipeline.lock import hold
    from pipeline.state import open_state
    from warehouse import open_warehouse

    warehouse = open_warehouse(folder)
    engine = open_state(warehouse, folder / ".winnow")
    barrier.wait()
    try:
        with hold(engine, warehouse.target, str(os.getpid()), "run"):
            answers.put("held")
            barrier.wait()
    except LockHeldError:
        answers.put("refused")
        barrier.wait()
    except Exception as error:
        answers.put(f"{type(error).__name__}: {error}")
        barrier.wait()


def race(world: World, starters: int) -> list[str]:
    """Start many at the same instant; return what became of each."""
    barrier, answers = FORKS.Barrier(starters), FORKS.Queue()
    processes = [
        FORKS.Process(target=start, args=(world.case, barrier, answers), daemon=True) for _ in range(starters)
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    return found


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def second(world: World, server: Server, verdict: Verdict, took: list[tuple[float, float]]) -> None:
    """Start the command as a person does, while a run works."""
    command = [sys.executable, "-m", "cli", "run", "--config", str(world.case / "winnow.yml")]
    started, used = time.monotonic(), _processor_seconds()
    done = subprocess.run(
        command,
        env=os.environ | environment(world.agency, server.url),
        capture_output=True,
        text=True,
        check=False,
    )
    took.append((time.monotonic() - started, _processor_seconds() - used))
    verdict.claim("the second run exits 75", done.returncode == 75, done.stderr)
    verdict.claim(f"with {AT_ONCE_SECONDS:g} s of work", took[-1][1] < AT_ONCE_SECONDS, took[-1])
    said = re.fullmatch(
        r"error: another run holds the warehouse: `winnow run` by \S+ on \S+ \(process \d+\)"
        r" runs since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; wait for it or stop it\n",
        done.stderr,
    )
    verdict.claim("it says who runs since when", bool(said), done.stderr)


def main() -> None:
    """Two runs at several moments of a night, then the races."""
    options = arguments(__doc__, rounds=20, starters=12)
    verdict, took = Verdict(f"two runs at once on {options.engine}"), list[tuple[float, float]]()
    with world(options.engine) as made:
        for number, moment in enumerate(STARTERS_MOMENTS):
            with made.served(number) as server:

                def act(_process: BaseProcess, _moment: Moment, server: Server = server) -> None:
                    second(made, server, verdict, took)

                night = made.run(server, number, moments=[moment], act=act)
            verdict.claim("the first run is done", night.exit_code == 0 and bool(night.came), night.err)
        for number in range(options.rounds):
            if number % 2:  # a dead one's lock is in the way
                with made.served(0) as server:
                    made.winnow(server, "publish", moments=[Moment("publish", "gate")], act=kill)
            found = race(made, options.starters)
            verdict.claim(
                "one gets it, all others are refused",
                sorted(found) == ["held"] + ["refused"] * (options.starters - 1),
                found,
            )
    verdict.end(
        f"{len(took)} second runs refused, after at most {max(cpu for _, cpu in took):.1f} s of processor"
        f" time ({max(wall for wall, _ in took):.1f} s beside the first run)",
        f"{options.rounds} races of {options.starters} starters, each won by one",
    )


if __name__ == "__main__":
    main()
