"""What all charts share: colours, data, axes of names, and a specification as wide as its place.

Colours are those of Okabe & Ito (2008), which most colour-blind people can tell apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

Spec = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]

BLUE, SKY, GREEN, ORANGE, VERMILION, GREY = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#9AA5B1"
INK, FAINT = "#1F2933", "#E4E7EB"

ROW_HEIGHT = 26


def data(rows: Rows) -> alt.InlineData:
    """Return rows as a chart takes them."""
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def names(field: str, order: Sequence[str]) -> alt.Y:
    """Return the axis of names, in this order; what is longer than a share of the chart's place is cut."""
    import altair as alt

    limit = alt.ExprRef("min(480, max(110, containerSize()[0] * 0.42))")
    axis = alt.Axis(labelLimit=limit, labelPadding=6, ticks=False, domain=False)
    return alt.Y(field, type="nominal", title=None, sort=list(order), axis=axis)


def coloured(legend: Mapping[str, str]) -> alt.Scale:
    """Return the scale of a legend, name → colour."""
    import altair as alt

    return alt.Scale(domain=list(legend), range=list(legend.values()))


def distinct(labels: Iterable[str]) -> list[str]:
    """Return the labels, those that repeat with invisible marks: rows of one label would be drawn as one."""
    seen: Counter[str] = Counter()
    result = []
    for label in labels:
        result.append(label + "\u200b" * seen[label])
        seen[label] += 1
    return result


def spec(
    chart: alt.LayerChart | alt.Chart,
    rows: int,
    description: str,
    legend: Mapping[str, str] | None = None,
    height: int = 0,
) -> Spec:
    """Return the specification of a chart that is as wide as its place; `rows` set its height.

    legend: name → colour; the page writes it above the chart, since inside it a phone has no room for it.
    """
    made = (
        chart.properties(
            width="container",
            height=height or max(1, rows) * ROW_HEIGHT,
            description=description,
            autosize={"type": "fit-x", "contains": "padding"},
            padding=2,
            usermeta={"legend": dict(legend or {})},
        )
        .configure(background="transparent", font="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            gridColor=FAINT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight=400,
        )
    )
    return dict(made.to_dict())
