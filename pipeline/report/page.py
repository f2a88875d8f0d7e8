"""Makes the page: one HTML file with the chart library and every specification in it, nothing from outside.

A content security policy of hashes stands in the page: no other script runs and nothing is fetched, whatever
the data says. Text from data is escaped by the template; specifications are JSON blocks that no browser runs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pipeline.report import charts, learned_charts, numbers
from pipeline.report.drawing import Spec
from pipeline.report.model import TIERS, Experiment, Report

TEMPLATE = "page.html.j2"
SHOWN_CLIENTS, SHOWN_FINDINGS, SHOWN_ARMS = 12, 30, 24
"""Charts show at most this many; the tables below them have more."""

TABLE_ROWS = 100

START = """
for (const block of document.querySelectorAll("script[type='application/json'][data-chart]")) {
  const place = document.getElementById(block.dataset.chart);
  const options = {actions: false, renderer: "svg", ast: true, mode: "vega-lite"};
  vegaEmbed(place, JSON.parse(block.textContent), options)
    .catch((error) => { place.textContent = "This chart could not be drawn: " + error.message; });
}
"""
"""Draws each chart into its place; `ast` has expressions interpreted, so that no eval need be allowed."""


def render(report: Report, cache_dir: Path | None = None) -> str:
    """Return the page. cache_dir: where the chart library is kept, since bundling it takes seconds."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "whole",
        "percent",
        "percent_range",
        "ratio",
        "ratio_range",
        "probability",
        "money",
        "seconds",
        "moment",
        "day",
        "words",
    ):
        environment.filters[name] = getattr(numbers, name)
    library = chart_library(cache_dir)
    return environment.get_template(TEMPLATE).render(
        report=report,
        summary=report.summary,
        charts=specifications(report),
        tiers=TIERS,
        shown_clients=SHOWN_CLIENTS,
        shown_findings=SHOWN_FINDINGS,
        shown_arms=SHOWN_ARMS,
        table_rows=TABLE_ROWS,
        library=library,
        start=START,
        script_hashes=[_policy_hash(library), _policy_hash(START)],
    )


def specifications(report: Report) -> dict[str, Spec]:
    """Return the charts that have something to show, by the id of their place."""
    found: dict[str, Spec] = {
        f"funnel-{position}": charts.funnel(funnel)
        for position, funnel in enumerate(report.funnels[:SHOWN_CLIENTS])
    }
    if report.tiers:
        found["tiers"] = charts.tiers(report.tiers[: 2 * SHOWN_CLIENTS])
    if report.intents:
        found["intents"] = charts.intents(report.intents)
    if report.learned.findings:
        found["findings"] = learned_charts.forest(report.learned.findings[:SHOWN_FINDINGS])
    if primary := [item for item in report.experiments if item.is_primary]:
        found["arms"] = learned_charts.arms(_first_arms(primary))
    if report.weeks:
        found["weeks"] = charts.weeks(report.weeks)
    if report.summary.steps:
        found["steps"] = charts.steps(report.summary.steps)
    return found


def _first_arms(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Return the first experiments, whole ones, of at most SHOWN_ARMS arms; at least one."""
    shown: list[Experiment] = []
    for item in experiments:
        if shown and sum(len(one.arms) for one in shown) + len(item.arms) > SHOWN_ARMS:
            break
        shown.append(item)
    return shown


def chart_library(cache_dir: Path | None = None) -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the version that Altair writes for."""
    from importlib.metadata import version

    if cache_dir is None:
        return _bundled()
    kept = cache_dir / f"vega-{version('altair')}-{version('vl-convert-python')}.js"
    if not kept.is_file():
        cache_dir.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".new")
        draft.write_text(_bundled(), encoding="utf-8", newline="")
        draft.replace(kept)
    return kept.read_bytes().decode("utf-8")


@lru_cache(maxsize=1)
def _bundled() -> str:
    import vl_convert
    from altair import SCHEMA_VERSION

    minor = ".".join(SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=minor)
    # A closing tag inside a string would end the script; in JavaScript both spellings mean the same.
    return library.replace("</script", "<\\/script")


def _policy_hash(script: str) -> str:
    """Return the hash by which a content security policy allows an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
