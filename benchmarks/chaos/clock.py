"""The clock moved backwards: `python -m benchmarks.chaos.clock [--engine postgres]`.

Nights whose clock stands days, a month and seconds before the last one's, and one whose clock jumps back
within. What is moved is the clock of our own processes; the server's and the file system's go on. Claims:
each night ends done and warns, ledger and lock stay sane, and every mart equals a rebuild.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from benchmarks.chaos.world import PARAMS, Moment, Night, Verdict, World, arguments, world

SECONDS_BETWEEN = (0, 86_400, -2 * 86_400, 3 * 86_400, -30 * 86_400, 31 * 86_400, -5)
"""How long after the night before each night's clock stands."""

JUMPS = {("load", "smartlead"): -7_200, ("build", "facts"): -600, ("publish", "tables"): -86_400}


def check(made: World, night: Night, verdict: Verdict, *, is_back: bool) -> None:
    """Judge one night, then rebuild."""
    verdict.claim("the night is done", night.exit_code == 0, night.err)
    said = "the clock is at" in night.out
    verdict.claim("a clock that went back is warned of, and only that", said == is_back, night.out[-2000:])
    steps = made.steps()
    verdict.claim("no step took less than nothing", all(row["seconds"] >= 0 for row in steps))
    numbers = [row["step_number"] for row in steps]
    verdict.claim("the ledger keeps the order", all(a < b for a, b in pairwise(numbers)))
    with made.served(0) as server:
        verified = made.winnow(server, "verify")
    verdict.claim("every mart equals a rebuild", verified.exit_code == 0, verified.out + verified.err)
    held = made.winnow(server, "status", "--json")
    verdict.claim("the lock is free afterwards", '"running": null' in held.out, held.out[:500])


def main() -> None:
    """Run the nights."""
    options = arguments(__doc__)
    verdict, shows = Verdict(f"the clock moved backwards on {options.engine}"), PARAMS.night()
    latest = shows
    with world(options.engine) as made:
        for seconds in SECONDS_BETWEEN:
            shows += timedelta(seconds=seconds)
            with made.served(max(0, (shows - PARAMS.night()).days)) as server:
                night = made.winnow(server, "run", clock=shows)
            verdict.tell(
                f"the clock at {shows:%Y-%m-%d %H:%M:%S}: exit {night.exit_code} {night.err.strip()}"
            )
            check(made, night, verdict, is_back=seconds < 0)
            latest = max(latest, shows)
        shows = latest + timedelta(days=1)

        def jump(_process: Any, moment: Moment) -> float:
            return JUMPS[moment.stage, moment.step]

        with made.served((shows - PARAMS.night()).days) as server:
            moments = [Moment(*step) for step in JUMPS]
            night = made.winnow(server, "run", clock=shows, moments=moments, act=jump)
        verdict.claim("the clock jumped within the night", len(night.came) == len(JUMPS))
        verdict.tell(f"the clock went back {len(JUMPS)} times within a night: exit {night.exit_code}")
        check(made, night, verdict, is_back=False)
    back = sum(seconds < 0 for seconds in SECONDS_BETWEEN)
    verdict.end(
        f"{len(SECONDS_BETWEEN) + 1} nights, {back} with an earlier clock, {len(JUMPS)} jumps back within one"
    )


if __name__ == "__main__":
    main()
