"""Findings: claims about segments, how a night decides which of its tests are one, and where they stay."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from scoring.stats import Count, Exact, Interval, Lift, Shrunk, benjamini_hochberg, wilson

if TYPE_CHECKING:
    from warehouse import Connection

FINDINGS = "scoring.findings"
TESTS = "scoring.tests"

SIGNIFICANT_Q = 0.05
BETTER, WORSE = 1.2, 0.83
"""Lifts worth having: at least the first, or at most the second."""
VALID_FOR = timedelta(days=14)

FOUND, NOT_ENOUGH_DATA = "found", "not_enough_data"


@dataclass(frozen=True)
class Measured:
    """One segment against the rest, before the night's other tests are known.

    crude and adjusted: lifts without and with strata. holds: whether both halves of the period point the same
    way, None where one cannot tell. first_at, last_at: first contacts that bound the client's data. rank: 1
    has the highest lower bound of the shrunk rate. evidence: a query that returns the segment's units.
    """

    client_id: str
    outcome: str
    dimension: str
    value: str
    segment: Count
    rest: Count
    exact: Exact
    crude: Lift | None
    adjusted: Lift | None
    shrunk: Shrunk | None
    rank: int
    holds: bool | None
    first_at: datetime
    last_at: datetime
    evidence: str

    @property
    def lift(self) -> Lift | None:
        """The adjusted lift, the crude one where strata allow none."""
        return self.adjusted or self.crude


@dataclass(frozen=True)
class Lacking:
    """A client's outcome with too little data: what there is, and how much is missing."""

    client_id: str
    outcome: str
    count: Count
    units_missing: int
    conversions_missing: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Finding:
    """One row of scoring.findings.

    status: found, or not_enough_data (then only the counts and the claim are filled). Rates are shares; lifts
    are ratios of rates, None where the rest never converts. is_actionable: q ≤ 0.05 and a lift of at least
    1.2 or at most 0.83. lifts_disagree: crude and adjusted lift lead to different conclusions.
    """

    finding_id: str
    detector: str
    kind: str
    status: str
    client_id: str
    outcome: str
    dimension: str | None
    value: str | None
    direction: str | None
    claim: str
    n: int
    conversions: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    rest_n: int | None
    rest_conversions: int | None
    baseline: float | None
    crude_lift: float | None
    adjusted_lift: float | None
    lift_low: float | None
    lift_high: float | None
    lifts_disagree: bool | None
    shrunk_rate: float | None
    shrunk_low: float | None
    rank: int | None
    p: float | None
    q: float | None
    is_actionable: bool
    holds_in_both_halves: bool | None
    first_on: date
    last_on: date
    found_at: datetime
    valid_until: datetime
    evidence: str | None


@dataclass(frozen=True)
class DetectorResult:
    """A detector's night. findings: rows written, not_enough_data among them. tested: segments tested."""

    detector: str
    findings: tuple[Finding, ...]
    tested: int

    @property
    def found(self) -> tuple[Finding, ...]:
        """The findings proper, best first per client and outcome."""
        return tuple(finding for finding in self.findings if finding.status == FOUND)


_TYPES = {"str": "text", "int": "integer", "float": "double precision", "bool": "boolean"}
_TYPES |= {"date": "date", "datetime": "timestamptz"}
FINDING_COLUMNS = {
    field.name: "uuid" if field.name.endswith("_id") else _TYPES[str(field.type).removesuffix(" | None")]
    for field in fields(Finding)
}
TEST_COLUMNS = {
    "detector": "text",
    "client_id": "uuid",
    "outcome": "text",
    "dimension": "text",
    "value": "text",
    "n": "integer",
    "conversions": "integer",
    "rest_n": "integer",
    "rest_conversions": "integer",
    "crude_lift": "double precision",
    "adjusted_lift": "double precision",
    "shrunk_rate": "double precision",
    "shrunk_low": "double precision",
    "rank": "integer",
    "p": "double precision",
    "q": "double precision",
    "first_on": "date",
    "last_on": "date",
    "tested_at": "timestamptz",
}
"""scoring.tests: one row a segment that the last night tested, found or not."""


def ensure_tables(connection: Connection) -> None:
    """Create scoring.findings and scoring.tests where they are missing."""
    connection.create_table(FINDINGS, FINDING_COLUMNS)
    connection.create_table(TESTS, TEST_COLUMNS)


def finding_id(salt: str, *parts: str) -> str:
    """Return the id of the claim that `parts` name, the same every night and on every engine."""
    return str(UUID(hashlib.md5("|".join((salt, "finding", *parts)).encode()).hexdigest()))


def conclude(
    detector: str, tests: Sequence[Measured], lacking: Iterable[Lacking], salt: str, run_at: datetime
) -> tuple[list[Finding], list[float]]:
    """Return the findings among a night's tests of all clients and outcomes, and the q of every test."""
    q_values = benjamini_hochberg([test.exact.p for test in tests])
    found = [
        _finding(detector, test, q, salt, run_at)
        for test, q in zip(tests, q_values, strict=True)
        if q <= SIGNIFICANT_Q
    ]
    found.sort(key=lambda finding: (finding.client_id, finding.outcome, finding.rank))
    return found + [_not_enough(detector, item, salt, run_at) for item in lacking], q_values


def _verdict(lift: Lift | None) -> str | None:
    if lift is None:
        return None
    return "better" if lift.value >= BETTER else "worse" if lift.value <= WORSE else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _finding(detector: str, test: Measured, q: float, salt: str, run_at: datetime) -> Finding:
    lift = test.lift
    interval = wilson(test.segment) or Interval(0.0, 1.0)
    verdict = _verdict(lift)
    direction = "better" if lift is None or lift.value > 1 else "worse"
    return Finding(
        finding_id=finding_id(salt, detector, test.client_id, test.outcome, test.dimension, test.value),
        detector=detector,
        kind="segment",
        status=FOUND,
        client_id=test.client_id,
        outcome=test.outcome,
        dimension=test.dimension,
        value=test.value,
        direction=direction,
        claim=_claim(test, direction),
        n=test.segment.n,
        conversions=test.segment.conversions,
        rate=test.segment.rate,
        rate_low=interval.low,
        rate_high=interval.high,
        rest_n=test.rest.n,
        rest_conversions=test.rest.conversions,
        baseline=test.rest.rate,
        crude_lift=_finite(test.crude.value) if test.crude else None,
        adjusted_lift=_finite(test.adjusted.value) if test.adjusted else None,
        lift_low=lift.low if lift else None,
        lift_high=lift.high if lift else None,
        lifts_disagree=_verdict(test.crude) != _verdict(test.adjusted),
        shrunk_rate=test.shrunk.rate if test.shrunk else None,
        shrunk_low=test.shrunk.low if test.shrunk else None,
        rank=test.rank,
        p=test.exact.p,
        q=q,
        is_actionable=verdict is not None,
        holds_in_both_halves=test.holds,
        first_on=test.first_at.date(),
        last_on=test.last_at.date(),
        found_at=run_at,
        valid_until=run_at + VALID_FOR,
        evidence=test.evidence,
    )


def _claim(test: Measured, direction: str) -> str:
    counts = (
        f"{test.segment.conversions:,} of {test.segment.n:,} against"
        f" {test.rest.conversions:,} of {test.rest.n:,} of the rest"
    )
    outcome, dimension = test.outcome.replace("_", " "), test.dimension.replace("_", " ")
    much = "more" if direction == "better" else "less"
    return f"Leads with {dimension} {test.value} reach a {outcome} {much} often: {counts}"


def _not_enough(detector: str, item: Lacking, salt: str, run_at: datetime) -> Finding:
    missing = [
        f"{number:,} more {name}{'s' if number > 1 else ''}"
        for number, name in ((item.units_missing, "lead"), (item.conversions_missing, "conversion"))
        if number
    ]
    blank: dict[str, Any] = dict.fromkeys(field.name for field in fields(Finding))
    known: dict[str, Any] = {
        "finding_id": finding_id(salt, detector, item.client_id, item.outcome, NOT_ENOUGH_DATA),
        "detector": detector,
        "kind": "segment",
        "status": NOT_ENOUGH_DATA,
        "client_id": item.client_id,
        "outcome": item.outcome,
        "claim": f"Not enough data on {item.outcome.replace('_', ' ')}: {' and '.join(missing)} needed",
        "n": item.count.n,
        "conversions": item.count.conversions,
        "is_actionable": False,
        "first_on": item.first_at.date(),
        "last_on": item.last_at.date(),
        "found_at": run_at,
        "valid_until": run_at + VALID_FOR,
    }
    return Finding(**(blank | known))


def write(
    connection: Connection,
    detector: str,
    findings: Sequence[Finding],
    tests: Sequence[Measured],
    q_values: Sequence[float],
    run_at: datetime,
) -> None:
    """Put a night's findings over those of the same id, and its tests in the place of the last night's.

    Older findings stay until valid_until and after; only "not enough data" goes when there is enough.
    """
    ids = [finding.finding_id for finding in findings]
    with connection.transaction():
        ensure_tables(connection)
        connection.execute(
            f"delete from {FINDINGS} where detector = ? and status = ?", [detector, NOT_ENOUGH_DATA]
        )
        for start in range(0, len(ids), 500):
            batch = ids[start : start + 500]
            marks = ", ".join(["cast(? as uuid)"] * len(batch))
            connection.execute(f"delete from {FINDINGS} where finding_id in ({marks})", batch)
        connection.insert(FINDINGS, list(FINDING_COLUMNS), [astuple(finding) for finding in findings])
        connection.execute(f"delete from {TESTS} where detector = ?", [detector])
        rows = [_test_row(detector, test, q, run_at) for test, q in zip(tests, q_values, strict=True)]
        connection.insert(TESTS, list(TEST_COLUMNS), rows)


def _test_row(detector: str, test: Measured, q: float, run_at: datetime) -> tuple[Any, ...]:
    return (
        detector,
        test.client_id,
        test.outcome,
        test.dimension,
        test.value,
        test.segment.n,
        test.segment.conversions,
        test.rest.n,
        test.rest.conversions,
        _finite(test.crude.value) if test.crude else None,
        _finite(test.adjusted.value) if test.adjusted else None,
        test.shrunk.rate if test.shrunk else None,
        test.shrunk.low if test.shrunk else None,
        test.rank,
        test.exact.p,
        q,
        test.first_at.date(),
        test.last_at.date(),
        run_at,
    )


def valid_findings(connection: Connection, run_at: datetime) -> list[Finding]:
    """Return the findings that hold at `run_at`, of earlier nights too, best first per client and outcome."""
    rows = connection.rows(
        f"select * from {FINDINGS} where status = ? and found_at <= ? and valid_until > ?",
        [FOUND, run_at, run_at],
    )
    found = [
        Finding(**{**row, "finding_id": str(row["finding_id"]), "client_id": str(row["client_id"])})
        for row in rows
    ]
    return sorted(found, key=lambda f: (f.client_id, f.detector, f.outcome, f.rank or 0, f.finding_id))


_PATTERN = ("dimension", "value", "n", "conversions", "rate", "baseline", "shrunk_rate", "q", "claim")


def patterns(findings: Iterable[Finding]) -> dict[str, dict[str, dict[str, list[dict[str, Any]]]]]:
    """Return client id → detector → `<outcome>: better` (or worse) → actionable patterns, ready for JSON."""
    result: dict[str, dict[str, dict[str, list[dict[str, Any]]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for finding in findings:
        if finding.status == FOUND and finding.is_actionable:
            whole = asdict(finding)
            pattern = {name: whole[name] for name in _PATTERN}
            pattern |= {"lift": finding.adjusted_lift, "last_on": finding.last_on.isoformat()}
            result[finding.client_id][finding.detector][f"{finding.outcome}: {finding.direction}"].append(
                pattern
            )
    return {
        client: {detector: dict(groups) for detector, groups in detectors.items()}
        for client, detectors in result.items()
    }
