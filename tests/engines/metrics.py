"""A metric two ways: as dbt's YAML defines it, and as the macro that the marts are made with."""

from __future__ import annotations

import re
from typing import Any

from pipeline.dbt import Project
from warehouse import Warehouse

Values = dict[str, float | None]

MACROS = {
    "leads_contacted": ("leads_contacted", "answers.lead_funnel"),
    "delivered_rate": ("delivered_rate", "intermediate.int_sent_messages"),
    "human_open_rate": ("human_open_rate", "intermediate.int_sent_messages"),
    "human_reply_rate": ("human_reply_rate", "answers.lead_funnel"),
    "positive_rate": ("positive_rate", "answers.lead_funnel"),
    "meetings": ("meetings_booked", "facts.meetings"),
    "win_rate": ("win_rate", "facts.deals"),
    "revenue": ("revenue", "facts.deals"),
    "cost_per_meeting": ("cost_per_meeting", "answers.client_costs"),
}
"""Metric → its macro, and the table that its numerator is counted over."""
DENOMINATORS = {"cost_per_meeting": "facts.meetings"}
AGGREGATES = {
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "sum": "sum({})",
    "sum_boolean": "sum(case when {} then 1 else 0 end)",
}


def both_ways(project: Project, warehouse: Warehouse) -> tuple[Values, Values]:
    """Return every metric over the whole warehouse by its YAML and by its macro; to six places."""
    ways = by_yaml(project.manifest()), by_macro(project)
    with warehouse.connect() as connection:
        rows = [
            connection.rows("select " + ", ".join(f"{sql} as {metric}" for metric, sql in way.items()))[0]
            for way in ways
        ]
    yaml, macro = (
        {name: None if value is None else round(float(value), 6) for name, value in row.items()}
        for row in rows
    )
    return yaml, macro


def divided(numerator: str, denominator: str | None) -> str:
    if denominator is None:
        return f"cast({numerator} as decimal(24, 6))"
    return f"cast({numerator} as decimal(24, 6)) / nullif({denominator}, 0)"


def by_yaml(manifest: Any) -> dict[str, str]:
    """Return metric → an expression of scalar subqueries, read from the YAML alone."""
    metrics = {metric.name: metric for metric in manifest.metrics.values()}
    measures = {
        measure.name: (measure, model.node_relation)
        for model in manifest.semantic_models.values()
        for measure in model.measures
    }

    def expression(name: str) -> str:
        params, kind = metrics[name].type_params, metrics[name].type.value
        assert metrics[name].filter is None, "a filter is not read here"
        if kind == "simple":
            measure, relation = measures[params.measure.name]
            aggregate = AGGREGATES[measure.agg.value].format(measure.expr)
            return f"(select {aggregate} from {relation.schema_name}.{relation.alias})"
        if kind == "ratio":
            return divided(expression(params.numerator.name), expression(params.denominator.name))
        found = str(params.expr)
        for metric in params.metrics:
            found = re.sub(rf"\b{metric.name}\b", expression(metric.name), found)
        return found

    return {name: expression(name) for name in MACROS}


def by_macro(project: Project) -> dict[str, str]:
    """Return metric → the same, as the macros say it; rendered by dbt in one go."""
    parts = "\n".join(
        f"{metric}|{{{{ {macro}().numerator }}}}|{{{{ {macro}().denominator }}}}"
        for metric, (macro, _table) in MACROS.items()
    )
    outcome = project._invoke(["compile", "--inline", parts], project.manifest(), None)
    assert outcome.success, outcome.exception
    found = {}
    for line in outcome.result.results[0].node.compiled_code.splitlines():
        metric, numerator, denominator = line.split("|")
        table = MACROS[metric][1]
        under = DENOMINATORS.get(metric, table)
        found[metric] = divided(
            f"(select {numerator} from {table})",
            None if denominator == "None" else f"(select {denominator} from {under})",
        )
    return found
