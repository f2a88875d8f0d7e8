"""A run in a process of its own that dies by SIGKILL: `python -m tests.victim FOLDER AT MOMENT`.

A moment is `<what>:<count>`, as a run tells its progress, or `after:<what>` of AFTER.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

AFTER = {
    "landing": ("ingestion.landing", "Landing.land"),
    "bought": ("pipeline.decisions", "PaidAnswerStore.commit"),
    "asked": ("pipeline.claude.client", "Claude.create"),
    "scored": ("scoring.als", "score_all"),
    "audited": ("pipeline.gate", "decide"),
    "published": ("pipeline.publish", "publish"),
}
"""What is done, though the ledger does not say so yet."""


def die() -> None:
    """End at once, as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_progress(what: str, count: int) -> Callable[[str, int, int | None], None]:
    """Return a progress that dies when `count` of `what` are done."""

    def progress(now: str, done: int, _total: int | None) -> None:
        if now == what and done >= count:
            die()

    return progress


def after(name: str) -> None:
    """Die as soon as a function has returned."""
    module_name, path = AFTER[name]
    owner: Any = import_module(module_name)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    done = getattr(owner, last)

    def deadly(*arguments: Any, **options: Any) -> Any:
        done(*arguments, **options)
        die()

    setattr(owner, last, deadly)


def main(folder: Path, at: str, moment: str) -> None:
    """Run the night of `at` until `moment`."""
    from pipeline.clock import parse_time
    from pipeline.config import load_config
    from pipeline.run import run
    from tests.parsed_once import FOLDER, parsed_once
    from warehouse import open_warehouse

    what, _, when = moment.rpartition(":")
    if what == "after":
        after(when)
    progress = at_progress(what, int(when)) if what != "after" else at_progress("", 0)
    with parsed_once(Path(os.environ[FOLDER])):
        run(load_config(folder / "winnow.yml"), open_warehouse(folder), at=parse_time(at), progress=progress)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
