"""The page's charts of what was learned: findings and the arms of tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    Rows,
    Spec,
    coloured,
    data,
    distinct,
    names,
    spec,
)
from pipeline.report.model import Experiment, Finding
from pipeline.report.numbers import ratio, ratio_range, words

ACTIONABLE, TOO_SMALL = "worth acting on", "too small a lift"
FINDING_COLOURS = {ACTIONABLE: VERMILION, TOO_SMALL: GREY}
ARM_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, "#CC79A7", SKY)
LIFT_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
LOWEST_LIFT, HIGHEST_LIFT = LIFT_TICKS[0], LIFT_TICKS[-1]
"""Lifts beyond these are drawn at the edge; the table beside the chart has them as they are."""


def forest(items: Sequence[Finding]) -> Spec:
    """One row a finding: its lift against the rest with the interval, on a logarithmic axis."""
    import altair as alt

    several = len({item.client for item in items}) > 1
    labels = distinct(_finding_name(item, several=several) for item in items)
    rows = [
        {
            "finding": label,
            "lift": _clamped(item.lift if item.lift is not None else HIGHEST_LIFT),
            "low": _clamped(item.low),
            "high": _clamped(item.high),
            "kind": ACTIONABLE if item.is_actionable else TOO_SMALL,
            "shown": ratio(item.lift),
            "interval": ratio_range(item.low, item.high),
            "n": item.segment.n,
            "claim": item.claim,
        }
        for item, label in zip(items, labels, strict=True)
    ]
    kinds = [kind for kind in FINDING_COLOURS if any(row["kind"] == kind for row in rows)]
    legend = {kind: FINDING_COLOURS[kind] for kind in kinds}
    low, high = _lift_domain(rows)
    axis = alt.Axis(
        values=[tick for tick in LIFT_TICKS if low <= tick <= high],
        format="~g",
        labelExpr="'×' + datum.label",
        grid=True,
    )
    tooltip = [
        alt.Tooltip("claim:N"),
        alt.Tooltip("shown:N", title="lift"),
        alt.Tooltip("interval:N", title="95 %"),
        alt.Tooltip("n:Q", format=","),
    ]
    base = alt.Chart(data(rows)).encode(
        y=names("finding", labels),
        color=alt.Color("kind:N", scale=coloured(legend), legend=None),
        tooltip=tooltip,
    )
    scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("lift:Q", scale=scale, axis=axis, title="lift, 95 % interval")
    )
    intervals = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    none = alt.Chart(data([{"one": 1}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="one:Q")
    return spec(
        none + intervals + points, len(rows), "Findings: lift against the rest, 95 % intervals", legend
    )


def arms(items: Iterable[Experiment]) -> Spec:
    """One row an arm: its rate with the interval; arms of a test stand together."""
    import altair as alt

    pairs = [(experiment, arm) for experiment in items for arm in experiment.arms]
    has_metrics = len({experiment.metric for experiment, _ in pairs}) > 1
    labels = distinct(
        " · ".join([arm.name, one.campaign] + ([words(one.metric)] if has_metrics else []))
        for one, arm in pairs
    )
    rows = [
        {
            "row": label,
            "arm": arm.name,
            "test": f"{experiment.client}, {experiment.campaign}: {words(experiment.metric)}",
            "rate": arm.rate.value,
            "low": arm.rate.low,
            "high": arm.rate.high,
            "n": arm.rate.n,
            "conversions": arm.rate.count,
            "interval": arm.rate.interval,
        }
        for (experiment, arm), label in zip(pairs, labels, strict=True)
    ]
    domain = sorted({arm.name for _, arm in pairs})
    legend = {arm: ARM_COLOURS[position % len(ARM_COLOURS)] for position, arm in enumerate(domain)}
    tooltip = [
        alt.Tooltip("test:N"),
        alt.Tooltip("arm:N"),
        alt.Tooltip("rate:Q", format=".2%"),
        alt.Tooltip("interval:N", title="95 %"),
        alt.Tooltip("conversions:Q", format=","),
        alt.Tooltip("n:Q", format=","),
    ]
    base = alt.Chart(data(rows)).encode(
        y=names("row", labels),
        color=alt.Color("arm:N", scale=coloured(legend), legend=None),
        tooltip=tooltip,
    )
    axis = alt.Axis(format="~%", tickCount=6)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("rate:Q", axis=axis, scale=alt.Scale(zero=True), title="rate, 95 % interval")
    )
    intervals = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    return spec(intervals + points, len(rows), "Rates of the arms of tests with 95 % intervals", legend)


def _finding_name(item: Finding, *, several: bool) -> str:
    parts = [item.segment_name, words(item.outcome)] + ([item.client] if several else [])
    return " · ".join(parts)


def _clamped(lift: float | None) -> float | None:
    return None if lift is None else min(HIGHEST_LIFT, max(LOWEST_LIFT, lift))


def _lift_domain(rows: Rows) -> tuple[float, float]:
    """Return the ends of the axis: all intervals, and at least from a half to twice."""
    values = [row[name] for row in rows for name in ("lift", "low", "high") if row[name] is not None]
    return min([0.5, *values]) * 0.9, max([2.0, *values]) * 1.1
