"""The gate: dbt's tests over rows and Great Expectations over the run's metrics decide whether to publish."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import ChecksFailedError, RunError
from pipeline.stages.build import ANSWERS_RUN, CHECKS, FACTS_RUN, UNFINISHED, built_state

if TYPE_CHECKING:
    from pipeline.context import Context
    from warehouse import Connection


@dataclass(frozen=True)
class Expectation:
    """Every metric whose name begins with `prefix` lies between low and high (inclusive; None: no bound).

    severity: error stops publishing, warn is told. sentence: what is wrong when it does not.
    """

    prefix: str
    low: float | None
    high: float | None
    severity: str
    sentence: str


EXPECTATIONS = (
    Expectation("unaccounted.", 0, 0, "error", "records were received, neither landed nor quarantined"),
    Expectation("repeated.", 0, 0, "error", "keys stand on more than one row"),
    Expectation("scores.outside_0_100", 0, 0, "error", "scores lie outside 0 to 100"),
    Expectation("scores.not_explained", 0, 0, "error", "scores differ from the sum of their signals"),
    Expectation("null_rate.messages.", None, 0, "error", "of the messages lack it"),
    Expectation("null_rate.replies.", None, 0.05, "warn", "of the replies have no known lead"),
    Expectation("null_rate.leads.", None, 0, "error", "of the leads have no score"),
    Expectation("quarantine_rate.", None, 0.05, "warn", "of the records were quarantined"),
    Expectation("rows.", 0, None, "error", "rows"),
)


@dataclass(frozen=True)
class Verdict:
    """One metric that is not as expected."""

    metric: str
    value: float
    severity: str
    sentence: str

    @property
    def line(self) -> str:
        """Say it in one line."""
        shown = f"{self.value:.1%}" if "rate." in self.metric else f"{self.value:g}"
        return f"check {self.metric}: {shown} {self.sentence}"


def decide(context: Context, metrics: Mapping[str, float]) -> None:
    """Let the publish pass, or raise ChecksFailedError with one line a failed check."""
    with context.warehouse.connect() as connection:
        require_finished(connection)
        rows = connection.rows(f"select severity, message from {CHECKS} order by stage, name")
    verdicts = judge(metrics)
    failed = [row["message"] for row in rows if row["severity"] == "error"]
    failed += [verdict.line for verdict in verdicts if verdict.severity == "error"]
    for verdict in verdicts:
        if verdict.severity == "warn":
            context.notes.warnings.append(verdict.line)
    if failed:
        raise ChecksFailedError(*failed)


def require_finished(connection: Connection) -> None:
    """Raise RunError unless facts and answers were built to the end, the answers from these very facts."""
    if built_state(connection) in (None, UNFINISHED):
        raise RunError("the facts are not built to the end; run `winnow build` first")
    facts = connection.scalar("select hash from ops.build_state where scope = ?", [FACTS_RUN])
    answers = connection.scalar("select hash from ops.build_state where scope = ?", [ANSWERS_RUN])
    if facts != answers:
        raise RunError("the answers are older than the facts; run `winnow run --from score` first")


def judge(metrics: Mapping[str, float]) -> list[Verdict]:
    """Return the metrics that are not as expected, by Great Expectations: one expectation a rule."""
    rows = [
        (rule.prefix, name, value)
        for name, value in metrics.items()
        for rule in EXPECTATIONS
        if name.startswith(rule.prefix)
    ]
    unmet = _unmet(rows)
    rules = {rule.prefix: rule for rule in EXPECTATIONS}
    return [
        Verdict(name, value, rules[prefix].severity, rules[prefix].sentence)
        for prefix, name, value in rows
        if (prefix, name) in unmet
    ]


def _unmet(rows: Sequence[tuple[str, str, float]]) -> set[tuple[str, str]]:
    """Return (rule, metric) of the rows whose value lies outside the rule's bounds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.row_conditions import Column

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    used = {prefix for prefix, _, _ in rows}
    definition = (
        context.data_sources.add_pandas("run")
        .add_dataframe_asset("metrics")
        .add_batch_definition_whole_dataframe("tonight")
    )
    suite = gx.ExpectationSuite(
        name="run_metrics",
        expectations=[
            ExpectColumnValuesToBeBetween(
                column="value",
                min_value=rule.low,
                max_value=rule.high,
                row_condition=Column("rule") == rule.prefix,
                meta={"rule": rule.prefix},
            )
            for rule in EXPECTATIONS
            if rule.prefix in used
        ],
    )
    frame = pd.DataFrame(rows, columns=["rule", "metric", "value"])
    wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": ["metric"]}
    result = definition.get_batch({"dataframe": frame}).validate(suite, result_format=wanted)
    return {
        (item.expectation_config.meta["rule"], place["metric"])
        for item in result.results
        if not item.success and item.expectation_config is not None
        for place in item.result["unexpected_index_list"]
    }
