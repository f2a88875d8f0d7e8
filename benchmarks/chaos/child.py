"""The command in a process of its own, forked from a server that has the imports."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

PRELOAD = [
    "altair",
    "cli",
    "dbt.adapters.duckdb",
    "dbt.adapters.postgres",
    "dbt.cli.main",
    "dlt",
    "duckdb",
    "great_expectations",
    "ingestion.load",
    "pipeline.gate",
    "pipeline.metrics",
    "pipeline.publish",
    "pipeline.report",
    "pipeline.run",
    "pipeline.stages.act",
    "pipeline.stages.build",
    "pipeline.stages.learn",
    "pipeline.stages.load",
    "pipeline.stages.publish",
    "pipeline.stages.score",
    "pipeline.state",
    "pipeline.status",
    "psycopg2",
    "scoring.als",
    "scoring.replies",
    "scoring.titles",
    "benchmarks.chaos.child",
]


def winnow(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    output: Path,
    pipe: Pipe,
    clock: datetime | None,
) -> None:
    """Run `winnow ARGUMENTS`; its output goes to `output`.out and .err.

    The beginning of every step is told through `pipe` and waits for the answer: by how many seconds the clock
    jumps there. Ends are told, too. clock: what the clock shows at the start; None: the machine's own.
    """
    os.environ.update(environment)
    for number, kind in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(f"{output}{kind}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    moved = _Clock(clock) if clock else None
    _tell_steps(pipe, moved)
    from cli import main

    main(list(arguments))


class _Clock:
    """A clock that was set: it shows what it is told, goes on from there, and may jump."""

    def __init__(self, shows: datetime) -> None:
        self._ahead = shows - datetime.now(UTC)
        now = self.now
        for name, module in list(sys.modules.items()):  # whoever imported the function has to see another
            if name.startswith("pipeline") and "utc_now" in vars(module):
                module.utc_now = now  # type: ignore[attr-defined]
            if name.startswith("dlt") and "precise_time" in vars(module):
                module.precise_time = lambda: now().timestamp()  # type: ignore[attr-defined]
        from dlt.common.time import increasing_precise_time

        increasing_precise_time._last = now().timestamp()  # as in a process that begins with this clock

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def jump(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


def _tell_steps(pipe: Pipe, clock: _Clock | None) -> None:
    from pipeline.ledger import Ledger

    begin, end = Ledger.begin, Ledger.end

    def told_begin(self: Ledger, stage: str, step: str, inputs: Mapping[str, Any]) -> int:
        number = begin(self, stage, step, inputs)
        pipe.send(("begin", stage, step, time.monotonic()))
        jump = pipe.recv()
        if clock and jump:
            clock.jump(jump)
        return number

    def told_end(self: Ledger, number: int, stage: str, step: str, seconds: float, result: Any) -> None:
        pipe.send(("end", stage, step, time.monotonic()))
        end(self, number, stage, step, seconds, result)

    Ledger.begin = told_begin  # type: ignore[method-assign]
    Ledger.end = told_end  # type: ignore[method-assign]
    pipe.send(("begin", "", "", time.monotonic()))
    pipe.recv()
