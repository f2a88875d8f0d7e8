"""How good a classifier is: what it predicted, and how sure it was, against what people said.

Pure functions over (label, predicted, confidence); they know nothing of replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10
"""Equal-width bins of the confidence that the expected calibration error is taken over."""


@dataclass(frozen=True)
class ClassFigures:
    """How one class fares. support: examples labelled so. predicted: examples predicted so.

    precision is None where nothing was predicted so, recall where nothing is labelled so; `f1` is 0 then.
    """

    name: str
    support: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float


@dataclass(frozen=True)
class CalibrationBin:
    """The examples whose confidence lies in [low, high), in the last bin in [low, high]."""

    low: float
    high: float
    count: int
    mean_confidence: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    classes: in the order given. macro_f1: the mean F1 of the classes that some example is labelled or
    predicted as. confusion: (label, predicted) to count, zeroes left out. expected_calibration_error:
    the mean distance between confidence and accuracy, bins weighted by their count (Guo et al. 2017);
    empty bins are left out of `calibration`. Everything is 0 for no examples.
    """

    count: int
    accuracy: float
    macro_f1: float
    classes: tuple[ClassFigures, ...]
    confusion: dict[tuple[str, str], int]
    expected_calibration_error: float
    calibration: tuple[CalibrationBin, ...]

    def of(self, name: str) -> ClassFigures:
        """Return the figures of one class; raises KeyError for one that was not evaluated."""
        for figures in self.classes:
            if figures.name == name:
                return figures
        raise KeyError(
            f"class {name} is not among those evaluated: {', '.join(c.name for c in self.classes)}"
        )


def evaluate(pairs: Sequence[tuple[str, str, float]], classes: Sequence[str]) -> Evaluation:
    """Return the figures of predictions.

    pairs: (label, predicted, confidence), confidence 0 to 1: how likely the prediction is right. classes:
    every name that may occur; raises ValueError for another, and for a confidence out of range.
    """
    known = set(classes)
    for number, (label, predicted, confidence) in enumerate(pairs):
        if label not in known or predicted not in known:
            raise ValueError(f"pair {number}: {label} → {predicted} names a class that is not evaluated")
        if not 0 <= confidence <= 1:
            raise ValueError(f"pair {number}: confidence {confidence} is not between 0 and 1")
    confusion = Counter((label, predicted) for label, predicted, _ in pairs)
    figures = tuple(_class_figures(name, confusion) for name in classes)
    seen = [one.f1 for one in figures if one.support or one.predicted]
    bins = _bins(pairs)
    return Evaluation(
        count=len(pairs),
        accuracy=_share(sum(one.correct for one in figures), len(pairs)) or 0.0,
        macro_f1=sum(seen) / len(seen) if seen else 0.0,
        classes=figures,
        confusion=dict(sorted(confusion.items())),
        expected_calibration_error=sum(
            one.count / len(pairs) * abs(one.mean_confidence - one.accuracy) for one in bins
        ),
        calibration=bins,
    )


def _class_figures(name: str, confusion: Counter[tuple[str, str]]) -> ClassFigures:
    support = sum(count for (label, _), count in confusion.items() if label == name)
    predicted = sum(count for (_, guess), count in confusion.items() if guess == name)
    correct = confusion[name, name]
    f1 = _share(2 * correct, support + predicted) or 0.0
    return ClassFigures(
        name, support, predicted, correct, _share(correct, predicted), _share(correct, support), f1
    )


def _bins(pairs: Sequence[tuple[str, str, float]]) -> tuple[CalibrationBin, ...]:
    members: dict[int, list[tuple[float, bool]]] = {}
    for label, predicted, confidence in pairs:
        number = min(int(confidence * BINS), BINS - 1)
        members.setdefault(number, []).append((confidence, label == predicted))
    return tuple(
        CalibrationBin(
            number / BINS,
            (number + 1) / BINS,
            len(found),
            sum(confidence for confidence, _ in found) / len(found),
            sum(is_right for _, is_right in found) / len(found),
        )
        for number, found in sorted(members.items())
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
