"""The demo says so when a number differs from the truth."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipeline.summary import RunSummary
from sandbox.demo import COMPARED, Night, compare
from sandbox.params import Params
from sandbox.simulate import simulate
from sandbox.truth import Truth, truth

PARAMS = Params(leads=40, days=30)


def world(is_visible: bool = False) -> tuple[RunSummary, Truth]:
    true = truth(simulate(PARAMS), PARAMS.night())
    true = replace(true, planted=tuple(replace(item, is_visible=is_visible) for item in true.planted))
    figures = {figure: getattr(true.total, name) for figure, name in COMPARED.items()}
    summary = RunSummary("id", datetime(2026, 2, 4, 2, tzinfo=UTC), "duckdb", "run", "done", 0, 1.0)
    return replace(summary, figures=figures), true


def finding(client: str, dimension: str, value: str, lift: float = 3.0) -> dict[str, Any]:
    return {"client": client, "dimension": dimension, "value": value, "lift": lift}


def is_right(summary: RunSummary, true: Truth) -> bool:
    return Night(0, summary, compare(summary, true)).is_right


def test_equal_numbers_are_right() -> None:
    assert is_right(*world())


def test_one_message_too_few_is_wrong() -> None:
    summary, true = world()
    figures = {**summary.figures, "messages": summary.figures["messages"] - 1}
    lines = compare(replace(summary, figures=figures), true)
    assert [line.name for line in lines if not line.is_right] == ["messages"]


def test_a_figure_that_is_missing_is_wrong() -> None:
    summary, true = world()
    assert not is_right(replace(summary, figures={}), true)


def test_a_run_that_failed_is_wrong() -> None:
    summary, true = world()
    assert not is_right(replace(summary, exit_code=5), true)


def test_a_visible_effect_has_to_be_listed() -> None:
    summary, true = world(is_visible=True)
    assert not is_right(summary, true)
    found = tuple(
        finding(item.effect.client, item.effect.dimension, item.effect.value) for item in true.planted
    )
    assert is_right(replace(summary, findings=found), true)
    assert not is_right(replace(summary, findings=found[:-1]), true)
    less = (*found[:-1], {**found[-1], "lift": 0.4})
    assert not is_right(replace(summary, findings=less), true)


def test_a_finding_without_a_cause_is_wrong() -> None:
    summary, true = world()
    assert not is_right(replace(summary, findings=(finding("harbour", "country", "france"),)), true)
