"""File import: a folder of CSV, JSONL or Parquet files named after the canonical entities.

`people.csv` holds people, `outcomes.parquet` outcomes. Headers may be in any case and use the contract's
aliases; columns that the contract does not know are kept as attributes; bad rows are quarantined.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ingestion.contracts import Column, Refused, Resource
from ingestion.entities import BY_NAME, ENTITIES
from ingestion.entity_types import DERIVED_SUFFIX, Entity
from ingestion.errors import TerminalError
from ingestion.spool import Spool
from ingestion.values import Json

SUFFIXES = (".csv", ".jsonl", ".parquet")
CHUNK = 5_000
LARGEST_CELL = 16 * 2**20


@dataclass(frozen=True)
class _BadRow:
    """Why a line is no record, and what it holds."""

    reason: str
    payload: Json


Row = tuple[int, Json]
"""Line (CSV, JSONL) or row number (Parquet), from 1, and the record or a _BadRow."""


def entity_resource(entity: Entity) -> Resource:
    """Return the raw contract of a canonical entity."""
    columns = tuple(
        Column(field.name, field.kind, required=field.required, values=field.values)
        for field in entity.fields
    )
    leads = {field.name for field in entity.fields if field.kind == "lead"}
    key = tuple(name + DERIVED_SUFFIX if name in leads else name for name in entity.key)
    return Resource(entity.name, key, columns)


RESOURCES = tuple(entity_resource(entity) for entity in ENTITIES)


def read_folder(folder: Path, spool: Spool, limit: int | None = None) -> None:
    """Read every file of `folder` into the spool; limit: rows a file.

    Raises TerminalError for a folder or a file that cannot be an import; bad rows are quarantined instead.
    """
    for path in _files(folder):
        entity = BY_NAME[path.stem.lower()]
        rows = islice(_READERS[path.suffix.lower()](path, entity), limit)
        total = 0
        while chunk := list(islice(rows, CHUNK)):
            total += len(chunk)
            _take(spool, entity, path.name, chunk)
        spool.said(entity.name, total)


def _take(spool: Spool, entity: Entity, name: str, chunk: list[Row]) -> None:
    good = [row for row in chunk if not isinstance(row[1], _BadRow)]
    spool.add(entity.name, [record for _, record in good], places=lambda index: f"{name}:{good[index][0]}")
    for line, record in chunk:
        if isinstance(record, _BadRow):
            refused = Refused("", f"{name}:{line}", record.reason, json.dumps(record.payload, default=str))
            spool.add_refused(entity.name, refused)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise TerminalError(f"files: {folder} is no folder; give the one that holds people.csv and the like")
    found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in found:
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            raise TerminalError(
                f"files: {path.name} is no CSV, JSONL or Parquet file; move it out of {folder}"
            )
        if path.stem.lower() not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise TerminalError(f"files: {path.name} is named after no entity; known names are {known}")
    if not found:
        raise TerminalError(f"files: {folder} is empty; docs/import.md says which files it may hold")
    return found


def header_map(entity: Entity, headers: list[str], place: str) -> dict[str, str]:
    """Return header → column: the column's own name first, then its aliases; others keep their name.

    Raises TerminalError for a header that stands there twice and for a required column that none stands for.
    """
    plain = {header: "_".join(header.strip().lower().replace("-", " ").split()) for header in headers}
    if len(plain) < len(headers):
        twice = next(header for header in headers if headers.count(header) > 1)
        raise TerminalError(f"{place}: the column {twice!r} stands there twice; rename one")
    names = {field.name for field in entity.fields}
    mapped = {header: name for header, name in plain.items() if name in names}
    for field in entity.fields:
        if field.name in mapped.values():
            continue
        other = next(
            (h for alias in field.aliases for h, n in plain.items() if n == alias and h not in mapped), None
        )
        if other is not None:
            mapped[other] = field.name
        elif field.required:
            also = f" (or {', '.join(field.aliases)})" if field.aliases else ""
            raise TerminalError(f"{place}: no column {field.name}{also}, which {entity.name} require; add it")
    return {header: mapped.get(header, header.strip()) for header in headers}


def _read_csv(path: Path, entity: Entity) -> Iterator[Row]:
    csv.field_size_limit(LARGEST_CELL)
    # bytes that are no UTF-8 survive as surrogates, so that only their own row is refused
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
        headers = next(reader, None)
        if headers is None:
            raise TerminalError(f"{path.name}: is empty; the first line must name the columns")
        names = list(header_map(entity, headers, f"{path.name}:1").values())
        yield from _csv_rows(reader, names)


def _csv_rows(reader: Any, names: list[str]) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _BadRow(f"is not CSV: {error}", None)
            continue
        if not cells:
            continue
        if len(cells) != len(names):
            yield line, _BadRow(f"has {len(cells)} cells where the header has {len(names)}", cells)
        elif not all(map(_is_text, cells)):
            yield line, _BadRow("is not UTF-8; save the file as UTF-8", cells)
        else:
            yield line, {name: cell for name, cell in zip(names, cells, strict=True) if cell}


def _read_jsonl(path: Path, entity: Entity) -> Iterator[Row]:
    maps: dict[tuple[str, ...], dict[str, str]] = {}
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                record = json.loads(text, parse_constant=lambda _: None)
            except (ValueError, RecursionError) as error:
                yield line, _BadRow(f"is not JSON: {error}", text)
                continue
            if not isinstance(record, dict) or not _is_text(text):
                yield line, _BadRow("is no JSON object" if _is_text(text) else "is not UTF-8", text)
                continue
            headers = tuple(record)
            try:
                names = maps.get(headers) or header_map(entity, list(headers), path.name)
            except TerminalError as error:
                yield line, _BadRow(str(error), record)
                continue
            maps[headers] = names
            yield line, {names[header]: value for header, value in record.items()}


def _read_parquet(path: Path, entity: Entity) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise TerminalError(f"{path.name}: not Parquet: {str(error).splitlines()[0]}") from error
    with file:
        names = list(header_map(entity, file.schema_arrow.names, path.name).values())
        row = 0
        for batch in file.iter_batches(CHUNK):
            for record in batch.rename_columns(names).to_pylist():
                row += 1
                yield row, record


def _is_text(cell: str) -> bool:
    if cell.isascii():
        return True
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_READERS = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
