"""WHO: which leads convert differently from the rest of those contacted, by what they are.

Reads answers.who_segments: per client, outcome, dimension, value and stratum (campaign, period, tier at first
contact) the settled leads and their conversions; dimension `all` holds each stratum's total. A segment is
compared with the rest of its strata by an exact conditional test; nothing here knows a single lead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from scoring.detectors.findings import DetectorResult, Lacking, Measured, conclude, write
from scoring.stats import (
    Count,
    Prior,
    Stratum,
    crude_lift,
    fit_prior,
    mantel_haenszel,
    shrink,
    stratified_exact,
)

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Connection

NAME = "who"
SEGMENTS = "answers.who_segments"
UNITS = "answers.who_units"
EVERYBODY = "all"
UNKNOWN = "unknown"

MINIMUM_UNITS = 30
MINIMUM_CONVERSIONS = 10
MINIMUM_SEGMENT = 5

StratumKey = tuple[str, str, str]


@dataclass(frozen=True)
class Cell:
    """Settled leads of one client, outcome, dimension, value and stratum (campaign, period, tier).

    Periods sort as text. first_at, last_at: first and last of their first contacts.
    """

    client_id: str
    outcome: str
    dimension: str
    value: str
    stratum: StratumKey
    count: Count
    first_at: datetime
    last_at: datetime


def detect(connection: Connection, config: Config, run_at: datetime) -> DetectorResult:
    """Test every segment of every client and outcome, and write scoring.findings and scoring.tests."""
    tests, lacking = measure(read_cells(connection), run_at)
    findings, q_values = conclude(NAME, tests, lacking, config.agency.key_salt, run_at)
    write(connection, NAME, findings, tests, q_values, run_at)
    return DetectorResult(NAME, tuple(findings), len(tests))


def read_cells(connection: Connection) -> list[Cell]:
    """Return the sufficient statistics; segments of unknown value are nobody's claim and stay in the rest."""
    rows = connection.rows(
        "select client_id, outcome, dimension, value, campaign_id, period, tier, n, conversions,"
        f" first_contacted_at, last_contacted_at from {SEGMENTS}"
        f" where value is not null and value <> '{UNKNOWN}' and client_id is not null"
    )
    return [
        Cell(
            client_id=str(row["client_id"]),
            outcome=row["outcome"],
            dimension=row["dimension"],
            value=row["value"],
            stratum=(str(row["campaign_id"]), str(row["period"]), str(row["tier"])),
            count=Count(int(row["conversions"]), int(row["n"])),
            first_at=row["first_contacted_at"],
            last_at=row["last_contacted_at"],
        )
        for row in rows
    ]


def measure(cells: Iterable[Cell], run_at: datetime) -> tuple[list[Measured], list[Lacking]]:
    """Return every segment's measurement, and the clients and outcomes with too little data, both sorted."""
    grouped: defaultdict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        grouped[cell.client_id, cell.outcome].append(cell)
    tests: list[Measured] = []
    lacking: list[Lacking] = []
    for key in sorted(grouped):
        totals = [cell for cell in grouped[key] if cell.dimension == EVERYBODY]
        if not totals:
            continue
        world = _World(key[0], key[1], totals, run_at)
        if missing := world.lacks():
            lacking.append(missing)
        else:
            tests += world.tests([cell for cell in grouped[key] if cell.dimension != EVERYBODY])
    return tests, lacking


class _World:
    """One client and outcome: its strata, and what a segment is compared with."""

    def __init__(self, client_id: str, outcome: str, totals: Sequence[Cell], run_at: datetime) -> None:
        self.client_id, self.outcome, self.run_at = client_id, outcome, run_at
        self.strata = {cell.stratum: cell.count for cell in totals}
        self.total = _sum(self.strata.values())
        self.first_at = min(cell.first_at for cell in totals)
        self.last_at = max(cell.last_at for cell in totals)
        self.halves = _halves(self.strata)

    def lacks(self) -> Lacking | None:
        """Return what is missing to the minimums, None when nothing is."""
        units = max(0, MINIMUM_UNITS - self.total.n)
        conversions = max(0, MINIMUM_CONVERSIONS - self.total.conversions)
        if not units and not conversions:
            return None
        return Lacking(
            self.client_id, self.outcome, self.total, units, conversions, self.first_at, self.last_at
        )

    def tests(self, cells: Iterable[Cell]) -> list[Measured]:
        """Return the measurements of the segments that are large enough, ranked."""
        segments: defaultdict[tuple[str, str], dict[StratumKey, Count]] = defaultdict(dict)
        for cell in cells:
            segments[cell.dimension, cell.value][cell.stratum] = cell.count
        large = {key: segments[key] for key in sorted(segments) if self._is_testable(segments[key])}
        baseline = self.total.conversions / self.total.n
        prior = fit_prior([_sum(counts.values()) for counts in large.values()], baseline) if large else None
        measured = [self._measured(*key, counts, prior) for key, counts in large.items()]
        order = sorted(
            range(len(measured)),
            key=lambda i: (-_low(measured[i]), measured[i].dimension, measured[i].value),
        )
        for rank, position in enumerate(order, start=1):
            measured[position] = replace(measured[position], rank=rank)
        return measured

    def _is_testable(self, counts: Mapping[StratumKey, Count]) -> bool:
        n = sum(count.n for count in counts.values())
        return n >= MINIMUM_SEGMENT and self.total.n - n >= MINIMUM_SEGMENT

    def _measured(
        self, dimension: str, value: str, counts: Mapping[StratumKey, Count], prior: Prior | None
    ) -> Measured:
        segment = _sum(counts.values())
        rest = Count(self.total.conversions - segment.conversions, self.total.n - segment.n)
        strata = self._against_rest(counts)
        adjusted = mantel_haenszel(list(strata.values()))
        return Measured(
            client_id=self.client_id,
            outcome=self.outcome,
            dimension=dimension,
            value=value,
            segment=segment,
            rest=rest,
            exact=stratified_exact(list(strata.values())),
            crude=crude_lift(segment, rest),
            adjusted=adjusted,
            shrunk=shrink(segment, prior) if prior else None,
            rank=0,
            holds=self._holds(strata, adjusted.value if adjusted else None),
            first_at=self.first_at,
            last_at=self.last_at,
            evidence=self._evidence(dimension, value),
        )

    def _against_rest(self, counts: Mapping[StratumKey, Count]) -> dict[StratumKey, Stratum]:
        """Return the segment against the rest (not the whole) of each of its strata, in a fixed order."""
        strata = {}
        for key in sorted(counts):
            segment, whole = counts[key], self.strata[key]
            rest = Count(whole.conversions - segment.conversions, whole.n - segment.n)
            strata[key] = Stratum(segment, rest)
        return strata

    def _holds(self, strata: Mapping[StratumKey, Stratum], overall: float | None) -> bool | None:
        if overall is None or overall == 1 or not self.halves:
            return None
        lifts = [
            mantel_haenszel([stratum for key, stratum in strata.items() if key[1] in half])
            for half in self.halves
        ]
        if any(lift is None for lift in lifts):
            return None
        return all((lift.value > 1) == (overall > 1) and lift.value != 1 for lift in lifts if lift)

    def _evidence(self, dimension: str, value: str) -> str:
        """Return a query of the segment's leads, bounded by what was settled; later nights add none."""
        text = value.replace("'", "''")
        return (
            f"select lead_id from {UNITS} where client_id = '{self.client_id}'"
            f" and \"{dimension}\" = '{text}'"
            f" and first_contacted_at between timestamptz '{self.first_at.isoformat()}'"
            f" and timestamptz '{self.last_at.isoformat()}'"
            f" and (settles_at is null or settles_at <= timestamptz '{self.run_at.isoformat()}')"
        )


def _sum(counts: Iterable[Count]) -> Count:
    listed = list(counts)
    return Count(sum(count.conversions for count in listed), sum(count.n for count in listed))


def _low(test: Measured) -> float:
    return test.shrunk.low if test.shrunk else 0.0


def _halves(strata: Mapping[StratumKey, Count]) -> tuple[frozenset[str], ...]:
    """Return the earlier and the later periods, split nearest to half of the leads; none of a single one."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for (_, period, _), count in strata.items():
        sizes[period] += count.n
    periods = sorted(sizes)
    if len(periods) < 2:
        return ()
    total, reached = sum(sizes.values()), 0
    best, cut = total, 1
    for position, period in enumerate(periods[:-1], start=1):
        reached += sizes[period]
        if abs(2 * reached - total) < best:
            best, cut = abs(2 * reached - total), position
    return frozenset(periods[:cut]), frozenset(periods[cut:])
