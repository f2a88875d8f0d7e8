"""Great Expectations: it judges the checks of a run and writes Data Docs, a page a run, in state_dir."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.checks import Check, Rule

FOLDER = "data_docs"
RUNS_KEPT = 14
SUITE = "gate"
COLUMNS = ("rule", "severity", "check", "value", "low", "high")
LOGGER = logging.getLogger("winnow")

_IN_MEMORY = {
    "expectations_store": "ExpectationsStore",
    "checkpoint_store": "CheckpointStore",
    "validation_definition_store": "ValidationDefinitionStore",
}


def unmet(checks: Sequence[Check], folder: Path, run_id: str, run_at: datetime) -> list[Check]:
    """Return the checks whose value lies outside their bounds, in order; write the run's page into `folder`.

    Each rule is two expectations over its rows: value is at least low, and at most high.
    """
    if not checks:
        return []
    context = _context(folder)
    result = _validate(context, checks, run_id, run_at)
    try:
        _write_docs(context, folder)
    except Exception:  # the page is a convenience; the verdict stands without it
        LOGGER.exception("Data Docs were not written")
    failed = {
        (item.expectation_config.meta["rule"], place["check"])
        for item in result.results
        if not item.success and item.expectation_config is not None
        for place in item.result["unexpected_index_list"]
    }
    return [check for check in checks if (check.rule.key, check.metric) in failed]


def page(state_dir: Path) -> Path:
    """Return where the first page of Data Docs is, written or not."""
    return state_dir / FOLDER / "site" / "index.html"


def _context(folder: Path) -> Any:
    """Return a context that lives in memory but for the results of the last runs, which the site lists."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

    def files(name: str) -> dict[str, str]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve() / name)}

    stores: dict[str, Any] = {name: {"class_name": kind} for name, kind in _IN_MEMORY.items()}
    results = "validation_results_store"
    stores[results] = {"class_name": "ValidationResultsStore", "store_backend": files("results")}
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": files("site"),
        "site_index_builder": {
            "class_name": "DefaultSiteIndexBuilder",
            "validation_results_limit": RUNS_KEPT,
        },
    }
    config = DataContextConfig(
        stores=stores,
        expectations_store_name="expectations_store",
        checkpoint_store_name="checkpoint_store",
        validation_results_store_name=results,
        data_docs_sites={"runs": site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(project_config=config, mode="ephemeral")


def _validate(context: Any, checks: Sequence[Check], run_id: str, run_at: datetime) -> Any:
    import great_expectations as gx
    import pandas as pd
    from great_expectations.core.run_identifier import RunIdentifier

    rows = [
        (check.rule.key, check.severity, check.metric, check.value, check.low, check.high) for check in checks
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float, "low": float, "high": float})
    batch = (
        context.data_sources.add_pandas("run")
        .add_dataframe_asset("metrics")
        .add_batch_definition_whole_dataframe("tonight")
    )
    rules = {check.rule.key: check.rule for check in checks}
    expectations = [item for rule in rules.values() for item in _expectations(rule)]
    suite = context.suites.add(gx.ExpectationSuite(name=SUITE, expectations=expectations))
    validation = gx.ValidationDefinition(name=SUITE, data=batch, suite=suite)
    return context.validation_definitions.add(validation).run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["check", "severity"]},
        run_id=RunIdentifier(run_name=run_id, run_time=run_at),
    )


def _expectations(rule: Rule) -> list[Any]:
    from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (
        ExpectColumnPairValuesAToBeGreaterThanB,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.row_conditions import Column

    return [
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=greater,
            column_B=less,
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            row_condition=Column("rule") == rule.key,
            severity=FailureSeverity.CRITICAL if rule.severity == "error" else FailureSeverity.WARNING,
            notes=f"{rule.name}: {rule.expected}",
            meta={"rule": rule.key},
        )
        for greater, less in (("value", "low"), ("high", "value"))
    ]


def _write_docs(context: Any, folder: Path) -> None:
    """Render the pages of the newest runs; what is older goes, with its result."""
    results = folder / "results" / SUITE
    written = sorted(results.glob("*/*/*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in written[RUNS_KEPT:]:
        shutil.rmtree(old.parent.parent, ignore_errors=True)
    for part in ("validations", "expectations"):
        shutil.rmtree(folder / "site" / part, ignore_errors=True)
    context.build_data_docs()
