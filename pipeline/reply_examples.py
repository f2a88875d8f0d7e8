"""Labelled replies from a CSV file: all of it, or a line a problem and nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from ingestion.files import LARGEST_CELL
from pipeline.errors import UsageError
from pipeline.export import uncell
from pipeline.reply_evaluation import Example
from pipeline.review import intent_named

Value = TypeVar("Value")

REQUIRED = ("text", "label")
SHOWN = 20
"""Problems that are shown; a file of another kind has one a line."""

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_examples(path: Path) -> list[Example]:
    """Read labelled replies from a CSV file with a header and at least the columns text and label.

    Used as well, where they are there and filled: subject, is_opt_out, is_positive, received_on. All others
    are passed over. Raises UsageError with a line a problem: file, line, what to do.
    """
    examples, problems = list[Example](), list[str]()
    for line, names, cells in _rows(path):
        try:
            examples.append(_example(names, cells))
        except UsageError as error:
            problems.append(f"{path}:{line}: {error}")
    if problems:
        more = len(problems) - SHOWN
        raise UsageError(
            *problems[:SHOWN], *([f"{path}: {more} more lines are like these"] if more > 0 else [])
        )
    if not examples:
        raise UsageError(f"{path}: holds no reply; below the line with the columns there is nothing")
    return examples


def _rows(path: Path) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the line that a row begins at, the columns, and its cells. Raises UsageError."""
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    names = [name.strip().lower() for name in _next(reader, path) or []]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise UsageError(
            f"{path}:1: no column {' and '.join(missing)}; the first line must name the columns, text and"
            " label among them, with commas between"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{path}:1: the column {twice!r} stands there twice; rename one")
    while True:
        line = reader.line_num + 1
        cells = _next(reader, path)
        if cells is None:
            return
        if not cells:
            continue
        yield line, names, cells


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: is not UTF-8; save the file as UTF-8") from error


def _next(reader: Any, path: Path) -> list[str] | None:
    line = reader.line_num + 1
    try:
        return next(reader, None)
    except csv.Error as error:
        raise UsageError(
            f"{path}:{line}: is not CSV from here on ({error}); mend its double quotes"
        ) from error


def _example(names: list[str], cells: list[str]) -> Example:
    """Return a row as an example. Raises UsageError without file and line."""
    if len(cells) != len(names):
        raise UsageError(
            f"has {len(cells)} cells where the first line has {len(names)}; put texts with commas into double"
            " quotes"
        )
    row = dict(zip(names, cells, strict=True))
    text = uncell(row["text"])
    if not text.strip():
        raise UsageError("text is empty; fill it in or take the row out")
    if not row["label"].strip():
        raise UsageError("label is empty; name the intent or take the row out")
    return Example(
        text=text,
        label=intent_named(row["label"]),
        subject=uncell(row.get("subject", "")) or None,
        is_opt_out=_said(row, "is_opt_out", _truth),
        is_positive=_said(row, "is_positive", _truth),
        received_on=_said(row, "received_on", _day),
    )


def _said(row: Mapping[str, str], name: str, read: Callable[[str, str], Value]) -> Value | None:
    cell = row.get(name, "").strip()
    return read(name, cell) if cell else None


def _truth(name: str, cell: str) -> bool:
    try:
        return _TRUTH[cell.lower()]
    except KeyError:
        raise UsageError(f"{name} is {cell!r}; write true or false, or nothing") from None


def _day(name: str, cell: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise UsageError(f"{name} is {cell!r}; write the day like 2026-03-01, or nothing") from None
