"""The page's charts of what happened: funnels, tiers, replies, weeks, the run's steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from pipeline.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    Spec,
    coloured,
    data,
    distinct,
    names,
    spec,
)
from pipeline.report.model import TIERS, Funnel, Intent, Step, Tiers, Week
from pipeline.report.numbers import Rate, percent, whole, words

if TYPE_CHECKING:
    from pipeline.summary import StepLine

TIER_COLOURS = {
    "hot": VERMILION,
    "warm": ORANGE,
    "cool": SKY,
    "cold": BLUE,
    "dead": "#7B8794",
    "no score": "#CBD2D9",
}
KIND_COLOURS = {"positive": GREEN, "human": BLUE, "automatic": GREY}
SETTLED, STILL_OPEN = "settled", "leads may still answer"
WEEK_COLOURS = {SETTLED: BLUE, STILL_OPEN: "#FFFFFF"}


def funnel(client: Funnel) -> Spec:
    """Bars of a client's steps, each with its count and its rate on those contacted."""
    import altair as alt

    steps = [step for step in client.steps if not step.is_beside]
    order = [words(step.name) for step in steps]
    rows = [
        {
            "step": name,
            "leads": step.leads,
            "label": _funnel_label(step),
            "rate": percent(step.rate.value) if step.rate else None,
            "interval": step.rate.interval if step.rate else None,
        }
        for step, name in zip(steps, order, strict=True)
    ]
    most = max((step.leads for step in steps), default=1) or 1
    tooltip = [
        alt.Tooltip("step:N"),
        alt.Tooltip("leads:Q", format=","),
        alt.Tooltip("rate:N"),
        alt.Tooltip("interval:N", title="95 %"),
    ]
    base = alt.Chart(data(rows)).encode(
        x=alt.X("leads:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * 1.6])),
        y=names("step", order),
        tooltip=tooltip,
    )
    bars = base.mark_bar(color=BLUE, size=16)
    labels = base.mark_text(align="left", dx=5, color=INK, fontSize=12).encode(text="label:N")
    return spec(bars + labels, len(rows), f"Funnel of {client.client}")


def tiers(items: Iterable[Tiers]) -> Spec:
    """One bar a client, its leads by tier as shares."""
    import altair as alt

    order = [*TIERS, "no score"]
    clients = list(items)
    labels = distinct(f"{item.client} (n = {whole(item.total)})" for item in clients)
    rows = [
        {
            "client": name,
            "tier": tier,
            "order": order.index(tier),
            "leads": count,
            "share": percent(Rate(count, item.total, None, None).value),
        }
        for item, name in zip(clients, labels, strict=True)
        for tier, count in {**item.counts, "no score": item.unscored}.items()
        if count
    ]
    used = [name for name in order if any(row["tier"] == name for row in rows)]
    legend = {name: TIER_COLOURS[name] for name in used}
    bars = (
        alt.Chart(data(rows))
        .mark_bar(size=18, stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("leads:Q", stack="normalize", title="share of leads", axis=alt.Axis(format="%")),
            y=names("client", labels),
            color=alt.Color("tier:N", scale=coloured(legend), legend=None),
            order=alt.Order("order:Q"),
            tooltip=["client:N", "tier:N", alt.Tooltip("leads:Q", format=","), "share:N"],
        )
    )
    return spec(bars, len(clients), "Leads by tier, one bar a client", legend)


def intents(items: Sequence[Intent]) -> Spec:
    """One bar an intent, coloured by whether it is positive, human or automatic."""
    import altair as alt

    total = sum(item.replies for item in items)
    repeated = Counter(item.name for item in items)
    order = [words(item.name) + (f", {item.kind}" if repeated[item.name] > 1 else "") for item in items]
    rows = [
        {
            "intent": name,
            "kind": item.kind,
            "replies": item.replies,
            "label": f"{whole(item.replies)} · {percent(item.replies / total)}",
        }
        for item, name in zip(items, order, strict=True)
    ]
    used = [kind for kind in KIND_COLOURS if any(row["kind"] == kind for row in rows)]
    most = max(item.replies for item in items)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("replies:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * 1.7])),
        y=names("intent", order),
        tooltip=["intent:N", "kind:N", alt.Tooltip("replies:Q", format=",")],
    )
    legend = {kind: KIND_COLOURS[kind] for kind in used}
    bars = base.mark_bar(size=16).encode(color=alt.Color("kind:N", scale=coloured(legend), legend=None))
    labels = base.mark_text(align="left", dx=5, color=INK, fontSize=12).encode(text="label:N")
    return spec(bars + labels, len(order), "Replies by intent", legend)


def weeks(items: Sequence[Week]) -> Spec:
    """The positive rate of each weekly cohort with its interval; weeks that may still change are hollow."""
    import altair as alt

    rows = [
        {
            "week": f"{item.monday:%d %b %Y}",
            "rate": item.positive.value,
            "low": item.positive.low,
            "high": item.positive.high,
            "positive": item.positive.count,
            "contacted": item.positive.n,
            "state": STILL_OPEN if item.open else SETTLED,
            "open": item.open,
        }
        for item in _every_week(items)
    ]
    tooltip = [
        alt.Tooltip("week:N", title="week of"),
        alt.Tooltip("rate:Q", format=".1%"),
        alt.Tooltip("positive:Q", format=","),
        alt.Tooltip("contacted:Q", format=","),
        alt.Tooltip("open:Q", format=",", title="still open"),
    ]
    axis = alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 0, 6)", labelOverlap="greedy", labelPadding=4)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("week:O", sort=None, title="week of first contact", axis=axis),
        tooltip=tooltip,
    )
    shares = alt.Axis(format="~%", tickCount=5)
    band = base.mark_area(color=SKY, opacity=0.3).encode(
        y=alt.Y("low:Q", axis=shares, title="positive, of those contacted"), y2="high:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y="rate:Q")
    fill = alt.Fill(
        "state:N",
        scale=coloured(WEEK_COLOURS),
        legend=None,
    )
    points = base.mark_point(size=70, stroke=BLUE, strokeWidth=2, opacity=1).encode(y="rate:Q", fill=fill)
    return spec(band + line + points, 0, "Positive rate by week of first contact", WEEK_COLOURS, height=240)


def steps(items: Sequence[StepLine]) -> Spec:
    """One bar a step of the run, its seconds."""
    import altair as alt

    labels = distinct(f"{step.stage}: {step.step}" for step in items)
    rows = [
        {
            "step": label,
            "seconds": round(step.seconds, 2),
            "label": f"{step.seconds:.1f} s",
            "outcome": step.outcome,
        }
        for step, label in zip(items, labels, strict=True)
    ]
    longest = max(step.seconds for step in items) or 1
    base = alt.Chart(data(rows)).encode(
        x=alt.X("seconds:Q", axis=None, scale=alt.Scale(domain=[0, longest * 1.25])),
        y=names("step", labels),
        tooltip=[alt.Tooltip("step:N"), alt.Tooltip("seconds:Q"), alt.Tooltip("outcome:N")],
    )
    bars = base.mark_bar(size=14, color=BLUE)
    labels = base.mark_text(align="left", dx=5, color=INK, fontSize=12).encode(text="label:N")
    return spec(bars + labels, len(rows), "Seconds of each step of the run")


def _funnel_label(step: Step) -> str:
    """Return a bar's label: its count, and its rate where that says more than "all of them"."""
    if step.rate is None or step.rate.value is None or step.rate.count == step.rate.n:
        return whole(step.leads)
    return f"{whole(step.leads)} · {percent(step.rate.value)}"


def _every_week(items: Sequence[Week]) -> list[Week]:
    """Return the weeks with those between them in which nobody was contacted."""
    known = {item.monday: item for item in items}
    mondays = range(min(known).toordinal(), max(known).toordinal() + 1, 7)
    nobody = Rate(0, 0, None, None)
    return [known.get(day, Week(day, nobody, 0)) for day in map(date.fromordinal, mondays)]
