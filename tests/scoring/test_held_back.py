"""The rules on labelled replies: those that they were made on, and those that nobody looked at for it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from scoring.evaluation import Evaluation, evaluate
from scoring.replies import INTENTS, ReplyLabel, label

REPLIES = Path(__file__).parents[1] / "data" / "replies"
DAY = date(2025, 11, 3)
LEAST_OF_A_CLASS = 20


def read(half: str) -> tuple[list[dict[str, str]], list[ReplyLabel]]:
    with (REPLIES / f"{half}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, [label(None, row["text"], None, DAY) for row in rows]


def judged(half: str) -> Evaluation:
    rows, found = read(half)
    pairs = [(row["label"], one.intent, one.confidence) for row, one in zip(rows, found, strict=True)]
    return evaluate(pairs, INTENTS)


def test_the_held_back_half_holds_enough_of_everything() -> None:
    rows, _ = read("held_back")
    counts = {intent: sum(row["label"] == intent for row in rows) for intent in INTENTS}
    assert min(counts.values()) >= LEAST_OF_A_CLASS
    other, _ = read("tuning")
    assert len(rows) + len(other) >= 400
    assert not {row["text"] for row in rows} & {row["text"] for row in other}


@pytest.mark.parametrize(("half", "least"), [("tuning", 0.85), ("held_back", 0.80)])
def test_intents_are_told_apart(half: str, least: float) -> None:
    assert judged(half).macro_f1 >= least


def test_confidence_is_how_often_the_rules_are_right() -> None:
    assert judged("held_back").expected_calibration_error <= 0.05


def test_what_is_costly_to_get_wrong_is_right() -> None:
    rows, found = read("held_back")
    assert (judged("held_back").of("unsubscribe").precision or 0.0) >= 0.95
    positive = [row["is_positive"] == "true" for row, one in zip(rows, found, strict=True) if one.is_positive]
    assert sum(positive) / len(positive) >= 0.95
    assert len(positive) >= 80
