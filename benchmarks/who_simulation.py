"""How often WHO errs and how often it sees: `python -m benchmarks.who_simulation [NIGHTS]`.

Three kinds of worlds, 1,500 leads and 40 segments a client: nothing depends on anything (one client, and five
clients in one night), one segment converts more often, and a segment that only sits in the better campaign.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from scoring.detectors.findings import Finding, conclude
from scoring.detectors.who import Cell, measure
from tests.scoring.detectors.worlds import PERIODS, RUN_AT, cells, client, null_client

SEED = 20260615
STRATA = [(client(100 + i), period, "unknown") for i in range(2) for period in PERIODS]


def findings(world: list[Cell]) -> list[Finding]:
    """Return a night's findings."""
    found, _ = conclude("who", measure(world, RUN_AT)[0], [], "salt", RUN_AT)
    return found


def planted(generator: np.random.Generator, lift: float) -> list[Cell]:
    """One value of one dimension converts `lift` times as often as the 4 % of the rest."""
    values = {f"d{i}": generator.integers(0, 8, 1_500) for i in range(5)}
    rate = np.where(values["d0"] == 3, 0.04 * lift, 0.04)
    converted = (generator.random(1_500) < rate).astype(int)
    return cells(client(0), values, STRATA, generator.integers(0, len(STRATA), 1_500), converted)


def confounded(generator: np.random.Generator) -> list[Cell]:
    """Campaigns convert at 2 and 12 %; nine tenths of a segment are in the better one."""
    value = generator.integers(0, 2, 1_500)
    campaign = (generator.random(1_500) < np.where(value == 1, 0.9, 0.1)).astype(int)
    stratum = campaign * len(PERIODS) + generator.integers(0, len(PERIODS), 1_500)
    converted = (generator.random(1_500) < np.where(campaign == 1, 0.12, 0.02)).astype(int)
    return cells(client(0), {"d0": value}, STRATA, stratum, converted)


def main(nights: int) -> None:
    """Simulate and print shares of nights."""
    generator = np.random.default_rng(SEED)
    worlds = {
        "null, one client: nights with a finding": lambda: null_client(generator, client(0)),
        "null, five clients: nights with a finding": lambda: [
            cell for i in range(5) for cell in null_client(generator, client(i))
        ],
        "confounded: nights with a finding": lambda: confounded(generator),
    }
    for label, make in worlds.items():
        started = time.process_time()
        share = sum(bool(findings(make())) for _ in range(nights)) / nights
        print(f"{label}: {share:.1%} of {nights} ({(time.process_time() - started) / nights:.3f} s each)")
    for lift in (1.5, 2.0, 3.0):
        seen = sum(
            any(
                (found.dimension, found.value) == ("d0", "v3") for found in findings(planted(generator, lift))
            )
            for _ in range(nights)
        )
        print(f"planted lift {lift}: seen in {seen / nights:.1%} of {nights}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
