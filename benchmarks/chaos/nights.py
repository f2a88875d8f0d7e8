"""Random nights for as long as wanted: after each, every mart must be that of a rebuild, on every engine.

    python -m benchmarks.chaos.nights --minutes 15 --seed 1

Sequences that came out wrong are cut down to the smallest that still does, and printed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from sandbox.postgres import create_database, postgres_server, profile_yaml
from tests.engines.nights import SETTINGS, Night, nights
from tests.engines.property import check
from tests.engines.replay import Replay

ENGINES = ("duckdb", "postgres")


@contextmanager
def replays(engines: Sequence[str]) -> Iterator[dict[str, Replay]]:
    """Yield an empty warehouse an engine; all are gone afterwards."""
    with ExitStack() as stack:
        found = {}
        for engine in engines:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            values = {"path": str(folder / "warehouse.duckdb"), "schema": "main"}
            if engine == "postgres":
                url = stack.enter_context(postgres_server(folder / "server", is_kept=False))
                values = {"schema": "public", **create_database(url, "winnow_nights")}
            (folder / "profiles.yml").write_text(profile_yaml(engine, values))
            found[engine] = Replay(folder, SETTINGS[0])
        yield found


def main(minutes: float, first_seed: int, engines: Sequence[str], *, shrinks: bool) -> int:
    """Draw sequences until the time is over; return how many came out wrong."""
    ends, wrong, count, number = time.monotonic() + 60 * minutes, 0, 0, first_seed
    with replays(engines) as found:
        while time.monotonic() < ends:
            try:
                count += _one(found, number, shrinks=shrinks)
            except Exception as error:
                wrong += 1
                print(f"seed {number}: {error}", *getattr(error, "__notes__", ()), sep="\n", flush=True)
            number += 1
    print(f"{number - first_seed} sequences, {count} nights on {', '.join(engines)}: {wrong} came out wrong")
    return wrong


def _one(found: dict[str, Replay], number: int, *, shrinks: bool) -> int:
    """Draw one sequence and check it; return its number of nights."""
    count = 0

    @seed(number)
    @settings(
        max_examples=2,  # Hypothesis begins with the smallest example there is
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrinks else [])],
    )
    @given(nights(least=2, most=6))
    def run(drawn: list[Night]) -> None:
        nonlocal count
        start = time.monotonic()
        check(found, drawn)
        count += len(drawn)
        print(f"seed {number}: {len(drawn)} nights, {time.monotonic() - start:.0f} s, equal", flush=True)

    run()
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--no-shrink", action="store_true", help="say what is wrong at once, however long")
    asked = parser.parse_args()
    raise SystemExit(
        min(1, main(asked.minutes, asked.seed, asked.engine or ENGINES, shrinks=not asked.no_shrink))
    )
