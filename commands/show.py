"""Text for people: a run's summary, findings, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingestion.counts import ResourceCount
from pipeline.summary import RunSummary

LABELS = {
    "people": "people in the pool",
    "won_deals": "won deals",
    "positive_replies": "positive replies",
}


def summary_text(summary: RunSummary) -> str:
    """Return a run's summary, one thought a line."""
    lines = [
        f"winnow {summary.command} · {summary.target} · {summary.run_at:%Y-%m-%d %H:%M} UTC ·"
        f" {summary.outcome} in {summary.seconds:.1f} s"
    ]
    lines += _load_lines(summary.loads)
    if any(step.stage == "publish" and step.outcome == "done" for step in summary.steps):
        lines += _published_lines(summary)
    elif summary.command == "repeat" and summary.tables:
        lines += _published_lines(summary, "repeated")
    elif not summary.loads:
        lines += [f"  {step.step}: {step.rows:,}" for step in summary.steps if step.rows is not None]
    lines += [f"note: {line}" for line in summary.notes]
    lines += [f"warning: {line}" for line in summary.warnings]
    if summary.report:
        lines.append(f"report page: {summary.report}")
    return "\n".join(lines)


def _load_lines(loads: Sequence[ResourceCount]) -> list[str]:
    lines = []
    for source in dict.fromkeys(line.source for line in loads):
        mine = [line for line in loads if line.source == source]
        counts = {
            name: sum(getattr(line, name) for line in mine)
            for name in ("received", "landed", "known", "quarantined", "duplicates", "gone")
        }
        shown = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name == "landed")
        lines.append(f"  loaded {source}: {shown}")
    return lines


def _published_lines(summary: RunSummary, done: str = "published") -> list[str]:
    figures = " · ".join(f"{n:,} {LABELS.get(name, name)}" for name, n in summary.figures.items())
    lines = [f"  {done} {len(summary.tables)} tables: {figures}"]
    if summary.replies:
        lines.append("  replies: " + _counts(summary.replies))
    if summary.tiers:
        lines.append("  tiers: " + _counts(summary.tiers))
    lines += [f"  {line}" for line in findings_text(summary.findings).splitlines()]
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def findings_text(findings: Iterable[Mapping[str, Any]]) -> str:
    """Return findings, one a line."""
    lines = [finding_line(finding) for finding in findings]
    return "\n".join(lines) if lines else "no finding is actionable"


def finding_line(finding: Mapping[str, Any]) -> str:
    """Return one finding as a sentence."""
    return (
        f"{finding['client']}: {finding['dimension']} {finding['value']}: {finding['outcome']}"
        f" {percent(finding['rate'])} of {finding['n']:,} against {percent(finding['baseline'])}"
        f" (q {float(finding['q']):.4f})"
    )


def percent(rate: Any) -> str:
    """Return a rate as text; a dash where there is none."""
    return "–" if rate is None else f"{100 * float(rate):.1f} %"


def rows_json(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as JSON values."""
    from pipeline.summarise import plain

    return [{name: plain(value) for name, value in row.items()} for row in rows]


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Return rows as an aligned table. columns: key in the row → heading."""
    cells = [list(columns.values())] + [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:59] + "…"
