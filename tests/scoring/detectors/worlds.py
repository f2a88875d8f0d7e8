"""Simulated clients: leads with attributes, campaigns and conversions, reduced to the cells WHO reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from scoring.detectors.who import EVERYBODY, Cell, StratumKey
from scoring.stats import Count
from warehouse import Connection

RUN_AT = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
PERIODS = ("2026-03-01", "2026-04-01", "2026-05-01")

SEGMENT_COLUMNS = {
    "client_id": "uuid",
    "outcome": "text",
    "dimension": "text",
    "value": "text",
    "campaign_id": "uuid",
    "period": "text",
    "tier": "text",
    "n": "bigint",
    "conversions": "bigint",
    "first_contacted_at": "timestamptz",
    "last_contacted_at": "timestamptz",
}


def client(number: int) -> str:
    """Return the id of client `number`."""
    return str(UUID(int=number + 1))


def cells(
    client_id: str,
    values: Mapping[str, np.ndarray[Any, Any]],
    strata: Sequence[StratumKey],
    stratum: np.ndarray[Any, Any],
    converted: np.ndarray[Any, Any],
    outcome: str = "positive_reply",
) -> list[Cell]:
    """Reduce leads to cells. values: dimension → value number of each lead; stratum: index into `strata`."""
    everybody = np.zeros(len(converted), dtype=int)
    found = []
    for dimension, of_lead in {EVERYBODY: everybody, **values}.items():
        width = int(of_lead.max()) + 1
        keys = stratum * width + of_lead
        sizes = np.bincount(keys, minlength=width * len(strata))
        wins = np.bincount(keys, weights=converted, minlength=width * len(strata))
        for key in np.flatnonzero(sizes):
            place, number = divmod(int(key), width)
            value = EVERYBODY if dimension == EVERYBODY else f"v{number}"
            first = datetime.fromisoformat(strata[place][1]).replace(tzinfo=UTC)
            count = Count(int(wins[key]), int(sizes[key]))
            found.append(
                Cell(
                    client_id,
                    outcome,
                    dimension,
                    value,
                    strata[place],
                    count,
                    first,
                    first + timedelta(days=27),
                )
            )
    return found


def null_client(generator: np.random.Generator, client_id: str, leads: int = 1_500) -> list[Cell]:
    """A client on whose 40 segments nothing depends: about 2 %, by campaign 1 to 3 %, over three months."""
    strata = [(str(UUID(int=100 + i)), period, "unknown") for i in range(4) for period in PERIODS]
    stratum = generator.integers(0, len(strata), leads)
    rate = np.array([0.01, 0.015, 0.025, 0.03])[stratum // 3]
    values = {f"d{i}": generator.integers(0, 8, leads) for i in range(5)}
    return cells(client_id, values, strata, stratum, (generator.random(leads) < rate).astype(int))


def write_segments(connection: Connection, found: Sequence[Cell]) -> None:
    """Make `found` the content of answers.who_segments."""
    rows = [
        (
            cell.client_id,
            cell.outcome,
            cell.dimension,
            cell.value,
            *cell.stratum,
            cell.count.n,
            cell.count.conversions,
            cell.first_at,
            cell.last_at,
        )
        for cell in found
    ]
    connection.replace("answers.who_segments", SEGMENT_COLUMNS, rows)


def table(
    rows: Mapping[tuple[str, str], Mapping[StratumKey, tuple[int, int]]],
    client_id: str | None = None,
    outcome: str = "positive_reply",
) -> list[Cell]:
    """Return cells of written-out counts: (dimension, value) → stratum → (conversions, n)."""
    first = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    grouped: defaultdict[tuple[str, str], dict[StratumKey, tuple[int, int]]] = defaultdict(dict)
    for key, strata in rows.items():
        grouped[key].update(strata)
    return [
        Cell(
            client_id or client(0),
            outcome,
            dimension,
            value,
            stratum,
            Count(*counts),
            first,
            first + timedelta(days=80),
        )
        for (dimension, value), strata in grouped.items()
        for stratum, counts in strata.items()
    ]
