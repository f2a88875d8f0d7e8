"""Nights killed at random moments: `python -m benchmarks.chaos.kill [--engine postgres] [--kills 60]`.

First and later nights in turn, some killed several times in a row; then one more run. Claims: every mart
equals an undisturbed night's, nothing is paid for twice, no step is done twice, no reader failed.
"""

from __future__ import annotations

import random
from collections import Counter
from multiprocessing.process import BaseProcess

from benchmarks.chaos.reader import readers, together
from benchmarks.chaos.world import FORKS, Calm, Moment, Verdict, World, arguments, calm_nights, world
from tests.engines.marts import differences

IN_A_ROW = (1, 8, 3, 12, 6)


def next_moment(calm: Calm, done: set[tuple[str, str]], kills: int, dice: random.Random) -> Moment:
    """Draw a moment within one of the steps that are left; one of the next when many `kills` are to come.

    A quarter of the moments lie anywhere in what is left of the night, between steps, too.
    """
    left = [(step, seconds) for step, seconds in calm.night.durations().items() if step not in done]
    if dice.random() < 0.25 or not left:
        return Moment(seconds=dice.uniform(0, sum(seconds for _, seconds in left) / 2 + 1))
    step, seconds = left[int(dice.uniform(0, len(left) / kills**0.5))]
    return Moment(*step, seconds=dice.uniform(0, seconds))


def kill(process: BaseProcess, _moment: Moment) -> None:
    """As `kill -9` does."""
    process.kill()


def one_night(
    world: World, calm: Calm, kills: int, dice: random.Random, verdict: Verdict, hits: Counter[str]
) -> int:
    """Kill a night up to `kills` times and run it once more; return how many kills hit."""
    world.restore(calm.base)
    hit = 0
    with world.served(calm.number) as server, readers(world.case, 1, FORKS) as seen:
        for number in range(kills):
            done = {(row["stage"], row["step"]) for row in world.steps() if row["outcome"] == "done"}
            moment = next_moment(calm, done if hit else set(), kills - number, dice)
            night = world.run(server, calm.number, moments=[moment], act=kill)
            if night.exit_code != -9:
                verdict.claim(
                    f"night {calm.number} ends well before {moment}", night.exit_code == 0, night.err
                )
                break
            hit += 1
            hits[night.where] += 1
            verdict.tell(f"night {calm.number}: {moment}: killed in {night.where}")
        last = world.run(server, calm.number)
        spent = dict(server.credits)
    verdict.claim("one more run is done", last.exit_code == 0, last.err)
    found = differences(world.marts(), calm.marts, ("the killed night", "the undisturbed one"))
    verdict.claim("every mart equals an undisturbed night's", not found, "\n    ".join(found))
    verdict.claim("nothing is paid for twice", spent == calm.credits, f"{spent} {calm.credits}")
    finished = Counter((row["stage"], row["step"]) for row in world.steps() if row["outcome"] == "done")
    verdict.claim("no finished step is done again", max(finished.values()) == 1, finished)
    all_seen = together(seen)
    verdict.claim("no reader failed", not all_seen.errors, all_seen.errors[:3])
    verdict.claim("no reader saw a mixed state", not all_seen.mixed, all_seen.mixed[:3])
    return hit


def main() -> None:
    """Kill until so many kills have hit."""
    options = arguments(__doc__, kills=60)
    dice, hits, nights, total = random.Random(options.seed), Counter[str](), 0, 0
    verdict = Verdict(f"kill -9 on {options.engine}, seed {options.seed}")
    with world(options.engine) as made:
        calm = calm_nights(made)
        while total < options.kills:
            row = min(IN_A_ROW[nights % len(IN_A_ROW)], options.kills - total)
            total += one_night(made, calm[nights % 2], row, dice, verdict, hits)
            nights += 1
    where = ", ".join(f"{step} {count}" for step, count in sorted(hits.items()))
    stages = {step.split()[0] for step in hits}
    verdict.claim(
        "every stage was hit",
        options.kills < 40 or {"load", "build", "score", "answer", "learn", "publish", "act"} <= stages,
    )
    verdict.end(f"{total} kills in {nights} nights: {where}")


if __name__ == "__main__":
    main()
