"""`winnow replies evaluate`: how well rules and model read replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Settings, common

if TYPE_CHECKING:
    from pipeline.reply_evaluation import Comparison, Reading
    from scoring.evaluation import ClassFigures, Evaluation

NAME = 18
FIGURES = ("precision", "recall", "f1")
HEADINGS = ("precision", "recall", "F1")
RULES, MODEL = "rules alone", "with the model's answers"
Readings = Sequence[tuple[str, "Reading"]]


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@common
def evaluate(settings: Settings, file: Path | None) -> None:
    """Compare rules and model with what people say replies mean.

    FILE: CSV with the columns text and label, and where they are known subject, is_opt_out, is_positive and
    received_on. Without it: the labels that people gave. The rules read each text anew; a model's answers are
    those that are stored, and none is asked for. A person's label decides nothing here.

    \b
    Example:
      winnow replies evaluate
      winnow replies evaluate labelled.csv --json
    """
    from pipeline.reply_evaluation import by_hand, compare
    from pipeline.reply_examples import read_examples
    from pipeline.review import opened_state

    given = read_examples(file) if file else None
    with opened_state(settings.config, settings.warehouse) as state:
        found = compare(state, given or by_hand(state))
    settings.show(found.as_json(), _text(found))


def _text(found: Comparison) -> str:
    readings: Readings = [(RULES, found.rules)]
    lines = [
        f"{found.count:,} labelled texts; rules alone leave {found.unsure:,} for review; of a model there are"
        f" {found.answered:,} stored answers, which decide {found.settled:,}"
    ]
    if found.answered:
        readings = [*readings, (MODEL, found.with_model)]
    lines += ["", *_figures(readings)]
    for name, reading in readings:
        lines += ["", f"what people say (rows) and what is read (columns), {name}"]
        lines += _confusion(reading.intents)
    return "\n".join(lines)


def _figures(readings: Readings) -> list[str]:
    """Return the figures by class, and those of all classes, side by side."""
    lines = [
        _line("", "", [f"{name:^28}" for name, _ in readings]),
        _line("intent", "n", [_cells(HEADINGS) for _ in readings]),
    ]
    first = readings[0][1]
    for one in first.intents.classes:
        cells = [_class_cells(reading.intents.of(one.name)) for _, reading in readings]
        lines.append(_line(one.name, f"{one.support:,}", cells))
    for name, said in first.flags.items():
        cells = [_class_cells(reading.flags[name]) for _, reading in readings]
        lines.append(_line(name, f"{said.support:,}", cells))
    for name, heading in (
        ("macro_f1", "macro-F1"),
        ("accuracy", "accuracy"),
        ("expected_calibration_error", "calibration error"),
    ):
        cells = [_cells(("", "", f"{getattr(reading.intents, name):.3f}")) for _, reading in readings]
        lines.append(_line(heading, "", cells))
    return [line.rstrip() for line in lines]


def _line(name: str, count: str, cells: Sequence[str]) -> str:
    return f"{name:<{NAME}}{count:>6}" + "".join(f"  {cell}" for cell in cells)


def _cells(values: Sequence[str]) -> str:
    return f"{values[0]:>10}{values[1]:>9}{values[2]:>9}"


def _class_cells(figures: ClassFigures) -> str:
    values = [getattr(figures, name) for name in FIGURES]
    return _cells(["–" if value is None else f"{value:.3f}" for value in values])


def _confusion(found: Evaluation) -> list[str]:
    names = [one.name for one in found.classes]
    width = max(4, len(str(found.count)) + 1)
    heads = "".join(f"{number:>{width}}" for number in range(1, len(names) + 1))
    lines = [" " * (NAME + 3) + heads]
    for number, said in enumerate(names, start=1):
        counts = (found.confusion.get((said, read), 0) for read in names)
        cells = "".join(f"{count or '.':>{width}}" for count in counts)
        lines.append(f"{number:>2} {said:<{NAME}}{cells}")
    return lines
