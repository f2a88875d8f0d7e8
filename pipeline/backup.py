"""Backup and restore of what cannot be rebuilt: the ledger and the decisions, in one file.

The file is a ZIP of one JSON-lines file a table, so that it can be read without Winnow and restored into the
state database of another engine.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.clock import parse_time, utc_now
from pipeline.errors import UsageError
from pipeline.lock import hold
from pipeline.state import SCHEMA, UtcTime, blank, locks, metadata, open_state

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from pipeline.config import Config
    from warehouse import Warehouse

FORMAT = 1
MANIFEST = "manifest.json"
BATCH = 1_000

Rows = dict[str, int]


@dataclass(frozen=True)
class Backup:
    """What a backup holds. created_at: UTC. rows: by table."""

    created_at: datetime
    target: str
    rows: Rows


def backup(config: Config, warehouse: Warehouse, out: Path) -> Backup:
    """Write ledger and decisions of `warehouse` to `out`, as of one moment; a run may go on meanwhile.

    Raises UsageError where `out` cannot be written.
    """
    engine = open_state(warehouse, config.state_dir)
    fresh = out.with_name(out.name + ".new")
    try:
        with _one_moment(engine) as connection, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            rows = {table.name: _write(connection, table, archive) for table in _tables()}
            made = Backup(utc_now(), warehouse.target, rows)
            manifest = {
                "format": FORMAT,
                "created_at": made.created_at.isoformat(),
                "target": made.target,
                "rows": rows,
            }
            archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(out)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"cannot write {out}: {error.strerror}; name another file") from error
    finally:
        engine.dispose()
    return made


def restore(config: Config, warehouse: Warehouse, file: Path) -> Backup:
    """Put the ledger and the decisions that `file` holds into the empty state database of `warehouse`.

    All or nothing. Raises UsageError when the file is no whole backup, or something is there already.
    """
    engine = open_state(warehouse, config.state_dir)
    try:
        with hold(engine, warehouse.target, "restore", "restore"), _opened(file) as archive:
            held = _manifest(archive, file)
            with engine.begin() as connection:
                _require_empty(connection, warehouse)
                for table in _tables():
                    count = _read(connection, table, archive, {held.target: warehouse.target})
                    if count != held.rows.get(table.name, 0):
                        raise UsageError(
                            f"{file}: {table.name} has {count} rows, its manifest says"
                            f" {held.rows.get(table.name, 0)}; take another backup"
                        )
    finally:
        engine.dispose()
    return held


def _tables() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if table is not locks]


@contextmanager
def _one_moment(engine: Engine) -> Iterator[Connection]:
    is_sqlite = engine.dialect.name == "sqlite"
    options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        if is_sqlite:
            connection.exec_driver_sql("begin")  # its driver begins none for a select
        yield connection
        connection.rollback()


def _write(connection: Connection, table: sa.Table, archive: zipfile.ZipFile) -> int:
    count = 0
    order = list(table.primary_key.columns)
    with archive.open(f"{table.name}.jsonl", "w") as file:
        for row in connection.execute(sa.select(table).order_by(*order)).mappings():
            file.write(json.dumps(dict(row), default=_text, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise UsageError(f"{file}: {damaged} is damaged; take another backup")
            yield archive
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file} is no backup ({error}); `winnow backup FILE` writes one") from error


def _manifest(archive: zipfile.ZipFile, file: Path) -> Backup:
    try:
        found = json.loads(archive.read(MANIFEST))
        if found["format"] != FORMAT:
            raise UsageError(f"{file} has format {found['format']}, this release reads {FORMAT}")
        return Backup(parse_time(found["created_at"]), found["target"], found["rows"])
    except (KeyError, ValueError) as error:
        raise UsageError(f"{file} is no backup; `winnow backup FILE` writes one") from error


def _require_empty(connection: Connection, warehouse: Warehouse) -> None:
    for table in _tables():
        count = connection.scalar(sa.select(sa.func.count()).select_from(table))
        if count:
            raise UsageError(
                f"the ledger of {warehouse.where()} is not empty ({table.name} has {count} rows);"
                " a backup goes into an empty one only: move the state database away first"
            )


def _read(
    connection: Connection, table: sa.Table, archive: zipfile.ZipFile, renamed: Mapping[str, str]
) -> int:
    count = 0
    if f"{table.name}.jsonl" not in archive.namelist():  # a table that an older release did not have
        return 0
    with archive.open(f"{table.name}.jsonl") as file:
        while lines := list(islice(file, BATCH)):
            connection.execute(sa.insert(table), [_row(table, json.loads(line), renamed) for line in lines])
            count += len(lines)
    serial = table.autoincrement_column
    if count and serial is not None and connection.dialect.name == "postgresql":
        name, key = f"{SCHEMA}.{table.name}", serial.name
        sequence = f"pg_get_serial_sequence('{name}', '{key}')"
        connection.execute(sa.text(f"select setval({sequence}, max({key})) from {name}"))
    return count


def _row(table: sa.Table, values: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        value: Any = values.get(column.name, blank(column))
        if isinstance(column.type, UtcTime) and value is not None:
            value = parse_time(value)
        if column.name == "target":
            value = renamed.get(value, value)
        row[column.name] = value
    return row
