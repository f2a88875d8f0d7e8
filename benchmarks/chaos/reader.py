"""Readers: processes that read everything that is published, all the time, and notice what does not fit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from warehouse import Connection, Warehouse, WarehouseError, open_warehouse
from warehouse.publication import SCHEMA

PAUSE_SECONDS = 0.1
NOTHING = "nothing is published yet"

State = dict[str, str]
"""Table → its number of rows and the sum of their hashes."""


@dataclass
class Seen:
    """What one reader saw. states: publication → state. polls: when each began and how long it took."""

    states: dict[str, State] = field(default_factory=dict)
    polls: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)

    def add(self, publication: str, state: State) -> None:
        """Compare with what this publication held before."""
        known = self.states.setdefault(publication, state)
        if known != state:
            tables = sorted(name for name in known.keys() | state if known.get(name) != state.get(name))
            self.mixed.append(f"{publication}: {', '.join(tables)}")


def read(folder: Path, pipe: Pipe) -> None:
    """Poll until told to stop, then send what was seen."""
    warehouse, state_dir, seen, number = open_warehouse(folder), folder / ".winnow", Seen(), 0
    while not pipe.poll(PAUSE_SECONDS):
        number += 1
        started = time.monotonic()
        try:
            if warehouse.name == "postgres" and number % 2:
                with warehouse.connect(read_only=True) as connection:
                    found = _in_one_statement(connection, warehouse)
            else:
                with warehouse.published(state_dir) as connection:
                    found = _in_one_transaction(connection, warehouse)
            if found:
                seen.add(*found)
        except WarehouseError as error:
            if seen.states or not str(error).startswith(NOTHING):
                seen.errors.append(str(error))
        except Exception as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
        seen.polls.append((started, time.monotonic() - started))
    pipe.send(seen)


def _tables(connection: Connection) -> list[str]:
    return sorted(connection.tables(SCHEMA))


def _sum(warehouse: Warehouse, table: str) -> str:
    hashed = "hash(t)" if warehouse.name == "duckdb" else "hashtext(cast(t.* as text))"
    return f"(select count(*) || ' ' || coalesce(sum({hashed}), 0) from {SCHEMA}.{table} t)"


_PUBLICATION = f"(select run_id || ' ' || published_at from {SCHEMA}.publication)"


def _in_one_statement(connection: Connection, warehouse: Warehouse) -> tuple[str, State] | None:
    tables = _tables(connection)
    if not tables:
        return None
    columns = [f"{_PUBLICATION} as publication_row"]
    columns += [f'{_sum(warehouse, name)} as "{name}"' for name in tables]
    row = connection.rows(f"select {', '.join(columns)}")[0]
    return str(row.pop("publication_row")), {name: str(value) for name, value in row.items()}


def _in_one_transaction(connection: Connection, warehouse: Warehouse) -> tuple[str, State]:
    before = str(connection.scalar(f"select {_PUBLICATION}"))
    state = {name: str(connection.scalar(f"select {_sum(warehouse, name)}")) for name in _tables(connection)}
    after = str(connection.scalar(f"select {_PUBLICATION}"))
    if before != after:
        raise RuntimeError(f"the publication changed from {before} to {after} within a transaction")
    return before, state


@contextmanager
def readers(folder: Path, count: int, processes: Any) -> Iterator[list[Seen]]:
    """Let `count` processes read while the block lasts; the list is filled at its end.

    folder: holds profiles.yml and the state. processes: a context of multiprocessing.
    """
    seen: list[Seen] = []
    running: list[tuple[Any, Any]] = []
    for _ in range(count):
        mine, theirs = processes.Pipe()
        process = processes.Process(target=read, args=(folder, theirs), daemon=True)
        process.start()
        theirs.close()
        running.append((process, mine))
    try:
        yield seen
    finally:
        for process, pipe in running:
            pipe.send("stop")
            seen.append(pipe.recv())
            process.join(10)


def together(seen: Sequence[Seen]) -> Seen:
    """Merge what readers saw; one publication has to look the same to all."""
    merged = Seen()
    for one in seen:
        merged.polls += one.polls
        merged.errors += one.errors
        merged.mixed += one.mixed
        for publication, state in one.states.items():
            merged.add(publication, state)
    return merged
