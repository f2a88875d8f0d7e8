"""How well rules and model read replies, against what people say that these mean.

Never asks a model: what it said before is in the state database. What people said there is what is judged
against, and decides nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline import judgements, review
from pipeline.errors import UsageError
from scoring.evaluation import ClassFigures, Evaluation, evaluate
from scoring.replies import INTENTS, ReplyLabel, label, text_key
from scoring.reply_judgements import Judgement, settle

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

SOME_DAY = date(2026, 1, 1)
"""When a reply came that does not say: it matters to dates in absence notes, which are not judged."""

FLAGS = ("is_opt_out", "is_positive")
_YES_NO = ("yes", "no")


@dataclass(frozen=True)
class Example:
    """A reply, and what a person says it means. text: as received, or what was written last.

    is_opt_out, is_positive: None where nobody has said.
    """

    text: str
    label: str
    subject: str | None = None
    is_opt_out: bool | None = None
    is_positive: bool | None = None
    received_on: date | None = None


@dataclass(frozen=True)
class Reading:
    """How one reader of the replies fares. flags: is_opt_out and is_positive, where people have said."""

    intents: Evaluation
    flags: Mapping[str, ClassFigures]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; the confusion matrix by label, then by what was read, zeroes left out."""
        confusion: dict[str, dict[str, int]] = {}
        for (said, read), count in self.intents.confusion.items():
            confusion.setdefault(said, {})[read] = count
        flags = {name: asdict(figures) for name, figures in self.flags.items()}
        return asdict(self.intents) | {"confusion": confusion, "flags": flags}


@dataclass(frozen=True)
class Comparison:
    """The rules alone beside the rules with a model's stored answers.

    count: texts. unsure: those that rules alone would leave for review. answered: those that a model has
    answered; settled: those of them whose label is the model's.
    """

    count: int
    unsure: int
    answered: int
    settled: int
    rules: Reading
    with_model: Reading

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        counts = {name: getattr(self, name) for name in ("count", "unsure", "answered", "settled")}
        return counts | {"rules": self.rules.as_json(), "with_model": self.with_model.as_json()}


def by_hand(engine: Engine) -> list[Example]:
    """Return what people have labelled, as examples. Raises UsageError when that is nothing."""
    found = [
        Example(row["text"], row["label"], is_opt_out=row["is_opt_out"], is_positive=row["is_positive"])
        for row in review.labels(engine)
    ]
    if not found:
        raise UsageError(
            "nobody has labelled a reply yet; do so with `winnow replies review`, or name a FILE with the"
            " columns text and label"
        )
    return found


def compare(engine: Engine, examples: Sequence[Example]) -> Comparison:
    """Judge the rules alone, and with what a model has said of the same texts."""
    ruled = [
        label(example.subject, example.text, None, example.received_on or SOME_DAY) for example in examples
    ]
    answers = judgements.by_model(
        engine, {key for example, found in zip(examples, ruled, strict=True) for key in _keys(example, found)}
    )
    found = [
        next((answers[key] for key in _keys(example, one) if key in answers), None)
        for example, one in zip(examples, ruled, strict=True)
    ]
    settled = [
        _settled(example, one, answer) for example, one, answer in zip(examples, ruled, found, strict=True)
    ]
    return Comparison(
        count=len(examples),
        unsure=sum(one.needs_review for one in ruled),
        answered=sum(answer is not None for answer in found),
        settled=sum(one.method == "model" for one in settled),
        rules=_reading(examples, ruled),
        with_model=_reading(examples, settled),
    )


def _keys(example: Example, ruled: ReplyLabel) -> tuple[str, str]:
    """Return what the text may be known by: an example's may be stripped already, or as received."""
    return ruled.text_key, text_key(example.text)


def _settled(example: Example, ruled: ReplyLabel, answer: Judgement | None) -> ReplyLabel:
    return settle(ruled, answer, example.received_on or SOME_DAY)


def _reading(examples: Sequence[Example], found: Sequence[ReplyLabel]) -> Reading:
    pairs = [
        (example.label, one.intent, one.confidence) for example, one in zip(examples, found, strict=True)
    ]
    flags = {}
    for name in FLAGS:
        said = [
            (_yes_no(getattr(example, name)), _yes_no(getattr(one, name)), 1.0)
            for example, one in zip(examples, found, strict=True)
            if getattr(example, name) is not None
        ]
        if said:
            flags[name] = evaluate(said, _YES_NO).of("yes")
    return Reading(evaluate(pairs, INTENTS), flags)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
