"""Figures of a classifier, by hand."""

from __future__ import annotations

import pytest

from scoring.evaluation import evaluate

PAIRS = [
    ("yes", "yes", 0.95),
    ("yes", "yes", 0.85),
    ("yes", "no", 0.65),
    ("no", "no", 1.0),
    ("no", "maybe", 0.62),
]
CLASSES = ["yes", "no", "maybe", "never"]


def test_each_class_has_its_figures() -> None:
    found = evaluate(PAIRS, CLASSES)
    yes, no, maybe = found.of("yes"), found.of("no"), found.of("maybe")
    assert (yes.support, yes.predicted, yes.correct) == (3, 2, 2)
    assert (yes.precision, yes.recall, yes.f1) == (1.0, pytest.approx(2 / 3), pytest.approx(0.8))
    assert (no.precision, no.recall, no.f1) == (0.5, 0.5, 0.5)
    assert (maybe.precision, maybe.recall, maybe.f1) == (0.0, None, 0.0)


def test_a_class_that_never_occurs_is_left_out_of_the_mean() -> None:
    found = evaluate(PAIRS, CLASSES)
    assert found.of("never").f1 == 0.0
    assert found.macro_f1 == pytest.approx((0.8 + 0.5 + 0.0) / 3)


def test_accuracy_and_confusion_agree() -> None:
    found = evaluate(PAIRS, CLASSES)
    assert found.confusion == {
        ("yes", "yes"): 2,
        ("yes", "no"): 1,
        ("no", "no"): 1,
        ("no", "maybe"): 1,
    }
    assert found.accuracy == pytest.approx(3 / 5)


def test_the_calibration_error_weighs_bins_by_their_count() -> None:
    found = evaluate(PAIRS, CLASSES)
    assert [(one.low, one.count) for one in found.calibration] == [(0.6, 2), (0.8, 1), (0.9, 2)]
    expected = 2 / 5 * 0.635 + 1 / 5 * 0.15 + 2 / 5 * 0.025
    assert found.expected_calibration_error == pytest.approx(expected)


def test_nothing_to_evaluate_is_all_zero() -> None:
    found = evaluate([], CLASSES)
    assert (found.count, found.accuracy, found.macro_f1, found.expected_calibration_error) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("pair", "message"),
    [(("yes", "other", 0.5), "pair 0: yes → other"), (("yes", "yes", 1.5), "confidence 1.5")],
)
def test_what_cannot_be_evaluated_is_refused(pair: tuple[str, str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate([pair], CLASSES)
