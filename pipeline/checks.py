"""The checks over a run's metrics: a rule a family of metrics, its bounds, how bad it is to miss them.

A rule's bounds are numbers, or follow from the nights before. docs/operate.md holds `as_table()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipeline.history import History
from pipeline.usual import FULL_HISTORY, Bounds, at_most, exactly, level, of_level

ERROR, WARN = "error", "warn"

FIRST_WEEK = timedelta(days=7)
LOST_ROWS = 20
"""A table that loses no more rows than this is not judged by its share."""

TO_DO = frozenset(
    f"rows.answers.{table}"
    for table in (
        "assignment_conflicts",
        "followups_due",
        "recent_activity",
        "replies_waiting",
        "send_eligibility",
        "stuck",
    )
)
"""Tables of what waits or has just happened: fewer rows, or none, are good or quiet news and no loss."""

BoundsOf = Callable[[str, Mapping[str, float], History], Bounds | None]
"""Given a metric's name, all of tonight's and the nights before: its bounds, None where it is not judged."""


@dataclass(frozen=True)
class Rule:
    """What holds for every metric whose name begins with `prefix` (is `prefix`, if that ends in no dot).

    severity: error stops publishing, warn is told. sentence: what the number counts. expected: the bounds in
    words. is_volume: under 14 nights of history, and upwards in a client's first week, it only warns.
    """

    name: str
    prefix: str
    severity: str
    sentence: str
    expected: str
    bounds: BoundsOf
    is_volume: bool = False

    @property
    def key(self) -> str:
        """What tells it from the other rules."""
        return f"{self.prefix} {self.severity}"

    def covers(self, metric: str) -> bool:
        """Say whether the rule is about this metric."""
        return metric.startswith(self.prefix) if self.prefix.endswith(".") else metric == self.prefix


@dataclass(frozen=True)
class Check:
    """One metric under one rule tonight. Bounds are inclusive; None: none."""

    rule: Rule
    metric: str
    value: float
    low: float | None
    high: float | None
    severity: str

    @property
    def line(self) -> str:
        """Say in one line what is wrong."""
        is_low = self.low is not None and self.value < self.low
        bound = _shown(self.metric, self.low if is_low else self.high)
        side = "" if self.low == self.high else "at least " if is_low else "at most "
        said = f"{_shown(self.metric, self.value)} {self.rule.sentence}"
        return f"check {self.metric}: {said}, expected {side}{bound}"


def tonight(metrics: Mapping[str, float], past: History) -> list[Check]:
    """Return every metric under every rule that judges it."""
    return list(_checks(metrics, past))


def _checks(metrics: Mapping[str, float], past: History) -> Iterator[Check]:
    newcomers = past.new_clients(FIRST_WEEK)
    for rule in RULES:
        for metric in filter(rule.covers, metrics):
            bounds, value = rule.bounds(metric, metrics, past), metrics[metric]
            if bounds is None:
                continue
            severity = rule.severity
            if rule.is_volume:
                is_young = bounds.nights < FULL_HISTORY
                is_newcomer = bool(newcomers) and bounds.high is not None and value > bounds.high
                severity = WARN if is_young or is_newcomer else severity
            yield Check(rule, metric, value, bounds.low, bounds.high, severity)


def as_table() -> str:
    """Return the rules as the table of docs/operate.md."""
    rows = ["| check | looks at | holds when | else |", "| --- | --- | --- | --- |"]
    for rule in RULES:
        name = f"`{rule.prefix}…`" if rule.prefix.endswith(".") else f"`{rule.prefix}`"
        rows.append(f"| {name} | {rule.name} | {rule.expected} | {rule.severity} |")
    return "\n".join(rows)


def _fixed(bounds: Bounds) -> BoundsOf:
    return lambda _metric, _tonight, _past: bounds


def _usual(*, floor: float) -> BoundsOf:
    def bounds(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds | None:
        return of_level(level(past, metric, by_weekday=True), floor=floor)

    return bounds


def _tenfold(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds | None:
    """A tenth to ten times of the usual, where that is at least 100; what three nights running had holds."""
    usual = level(past, metric, by_weekday=True)
    if usual is None or usual.median < 100:
        return None
    latest = [value for _, value in past.series(metric)[:3]]
    low, high = min(usual.median / 10, usual.lowest), max(usual.median * 10, usual.highest)
    return Bounds(min(low, max(latest)), max(high, min(latest)), usual.nights)


def _not_emptied(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds | None:
    return Bounds(1, None) if past.before(metric) and metric not in TO_DO else None


def _not_below(share: float) -> BoundsOf:
    def bounds(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds | None:
        before = past.before(metric)
        if not before or before <= LOST_ROWS or metric in TO_DO:
            return None
        return Bounds(min(share * before, before - LOST_ROWS), None)

    return bounds


def _no_jump(metric: str, tonight: Mapping[str, float], past: History) -> Bounds | None:
    usual = level(past, metric)
    if usual is None:
        return None
    rows = max(tonight.get(f"rows.{_table(metric)}", 0), 1)
    return Bounds(None, usual.median + max(0.05, usual.spread, 2 / rows**0.5), usual.nights)


def _not_all_null(metric: str, tonight: Mapping[str, float], past: History) -> Bounds | None:
    usual, rows = level(past, metric), tonight.get(f"rows.{_table(metric)}", 0)
    if usual is None or usual.median > 0.5 or rows < 100:
        return None
    return Bounds(None, 1 - 0.5 / rows, usual.nights)


def _within(distance: float) -> BoundsOf:
    """Within `distance` of the median, more where a share of few rows moves further by chance."""

    def bounds(metric: str, tonight: Mapping[str, float], past: History) -> Bounds | None:
        usual = level(past, metric)
        if usual is None:
            return None
        rows = max(tonight.get("rows.scoring.als_scores", 0), 1)
        allowed = distance if distance > 1 else max(distance, 2 / rows**0.5)
        return Bounds(usual.median - allowed, usual.median + allowed, usual.nights)

    return bounds


def _load_age(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds:
    usual = level(past, metric)
    return Bounds(None, max(12.0, 2 * usual.median if usual else 0.0))


def _event_age(metric: str, _tonight: Mapping[str, float], past: History) -> Bounds | None:
    usual = level(past, metric)
    return Bounds(None, max(72.0, 2 * usual.highest)) if usual else None


def _table(metric: str) -> str:
    """Return `schema.table` of `null_rate.schema.table.column`."""
    return ".".join(metric.split(".")[1:3])


def _shown(metric: str, number: float | None) -> str:
    if number is None:
        return ""
    if metric.startswith(("null_rate.", "quarantine_rate.", "tiers.")):
        return f"{number:.1%}"
    return f"{number:,.1f}".removesuffix(".0")


USUAL = "usual for a night like this (see below)"
RULES: tuple[Rule, ...] = (
    Rule(
        "records neither landed, known, quarantined nor duplicates",
        "unaccounted.",
        ERROR,
        "records were received, neither landed nor quarantined",
        "0",
        _fixed(exactly(0)),
    ),
    Rule(
        "landed rows that the raw table lacks",
        "lost.",
        ERROR,
        "landed rows are not in the raw table",
        "0",
        _fixed(exactly(0)),
    ),
    Rule(
        "share of an account's records set aside",
        "quarantine_rate.",
        WARN,
        "of the records were quarantined",
        "≤ 5 %",
        _fixed(at_most(0.05)),
    ),
    Rule(
        "rows beyond the first of their declared key",
        "repeated.",
        ERROR,
        "rows repeat a key",
        "0",
        _fixed(exactly(0)),
    ),
    Rule(
        "scores that are none",
        "scores.outside_0_100",
        ERROR,
        "scores lie outside 0 to 100",
        "0",
        _fixed(exactly(0)),
    ),
    Rule(
        "scores that their signals do not explain",
        "scores.not_explained",
        ERROR,
        "scores differ from the sum of their signals",
        "0",
        _fixed(exactly(0)),
    ),
    *(
        Rule(
            f"{what} without {column}",
            f"null_rate.{table}.{column}",
            severity,
            f"of the {what} lack it",
            "0 %" if not high else "≤ 5 %",
            _fixed(at_most(high)),
        )
        for what, table, column, severity, high in (
            ("messages", "facts.messages", "lead_id", ERROR, 0.0),
            ("messages", "facts.messages", "sent_at", ERROR, 0.0),
            ("replies", "facts.received_replies", "lead_id", WARN, 0.05),
            ("leads", "answers.leads", "score", ERROR, 0.0),
        )
    ),
    Rule(
        "a published table that had rows last night", "rows.", ERROR, "rows", "it is not empty", _not_emptied
    ),
    Rule(
        "a table of facts, which only grows",
        "rows.facts.",
        ERROR,
        "rows",
        f"≥ 80 % of last night's rows, or at most {LOST_ROWS} are gone",
        _not_below(0.8),
    ),
    *(
        Rule(
            f"a table of {what}",
            f"rows.{schema}.",
            WARN,
            "rows",
            f"≥ 50 % of last night's rows, or at most {LOST_ROWS} are gone",
            _not_below(0.5),
        )
        for what, schema in (("answers", "answers"), ("scores or findings", "scoring"))
    ),
    Rule(
        "records received an account",
        "volume.",
        ERROR,
        "records were received of this account",
        "a tenth to ten times of the usual, where that is at least 100",
        _tenfold,
        is_volume=True,
    ),
    Rule(
        "records received a resource",
        "received.",
        WARN,
        "records were received",
        USUAL,
        _usual(floor=20),
        is_volume=True,
    ),
    Rule(
        "messages a client and day",
        "sent.",
        WARN,
        "messages were sent",
        USUAL,
        _usual(floor=20),
        is_volume=True,
    ),
    Rule(
        "replies a client and day", "replied.", WARN, "replies came", USUAL, _usual(floor=10), is_volume=True
    ),
    Rule(
        "rows more than last night a table of facts",
        "new.facts.",
        WARN,
        "rows are new",
        USUAL,
        _usual(floor=50),
        is_volume=True,
    ),
    Rule(
        "share of each tier", "tiers.", WARN, "of the scores", "within 10 points of the median", _within(0.10)
    ),
    Rule(
        "share of each tier",
        "tiers.",
        ERROR,
        "of the scores",
        "within 25 points of the median",
        _within(0.25),
        is_volume=True,
    ),
    Rule("mean score", "scores.mean", WARN, "is the mean score", "within 10 of the median", _within(10)),
    Rule(
        "share of nulls in each column of each published table",
        "null_rate.",
        WARN,
        "of the rows lack it",
        "≤ median + max(5 points, 4 deviations, 2/√rows)",
        _no_jump,
    ),
    Rule(
        "a column that was mostly filled, of 100 rows or more",
        "null_rate.",
        ERROR,
        "of the rows lack it",
        "not null everywhere",
        _not_all_null,
        is_volume=True,
    ),
    Rule(
        "hours since an account's newest load",
        "freshness.load.",
        WARN,
        "hours since the newest load",
        "≤ max(12 hours, twice the median)",
        _load_age,
    ),
    Rule(
        "hours since anything happened in an account",
        "freshness.event.",
        WARN,
        "hours since the newest event",
        "≤ max(72 hours, twice the longest)",
        _event_age,
    ),
)
