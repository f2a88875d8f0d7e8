"""The DuckDB file held open by another program: `python -m benchmarks.chaos.held_file`.

Claims: a run waits for a reader that leaves and says so in the ledger; for one that stays it ends with one
line that names the file, and the next run goes on; a published file that is held open never stops a publish.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import duckdb

from benchmarks.chaos.world import Moment, Verdict, World, arguments, calm_nights, world
from tests.engines.marts import differences

STEPS = (
    ("", ""),
    ("load", "smartlead"),
    ("build", "facts"),
    ("score", "leads"),
    ("answer", "answers"),
    ("publish", "tables"),
)
LEAVES_AFTER_SECONDS = 1.5
HELD = ("warehouse.duckdb: another process has it open", 'warehouse.duckdb": Conflicting lock is held in')
SETTINGS = "run:\n  retry_wait_seconds: 0.5\n"


class Holder:
    """Opens the warehouse file as a person with a database tool does."""

    def __init__(self, world: World, *, read_only: bool) -> None:
        """Open nothing yet."""
        self._path, self._read_only = str(world.case / "warehouse.duckdb"), read_only
        self._held: Any = None

    def open(self) -> None:
        """Open it."""
        self._held = duckdb.connect(self._path, read_only=self._read_only)

    def leave(self) -> None:
        """Close it."""
        self._held.close()


def main() -> None:
    """Hold it at every step, for a while and for good, both ways; hold published.duckdb, too."""
    arguments(__doc__, engines=("duckdb",))
    verdict, how = Verdict("the DuckDB file held open"), Counter[str]()
    with world("duckdb", settings=SETTINGS) as made:
        calm = calm_nights(made)[1]
        for read_only in (True, False):
            made.restore(calm.base)
            holder = Holder(made, read_only=read_only)
            reader = duckdb.connect(str(made.state_dir / "published.duckdb"), read_only=True)
            before = reader.execute("select run_id from analytics.publication").fetchall()

            def stay(_process: Any, _moment: Any, holder: Holder = holder) -> None:
                holder.open()

            def for_a_while(_process: Any, _moment: Any, holder: Holder = holder) -> None:
                holder.open()
                threading.Timer(LEAVES_AFTER_SECONDS, holder.leave).start()

            with made.served(1) as server:
                for step in STEPS:
                    night = made.run(server, 1, moments=[Moment(*step)], act=stay)
                    holder.leave()
                    said = night.err.strip()
                    verdict.tell(
                        f"held at {' '.join(step).strip() or 'the start'}: exit {night.exit_code} {said}"
                    )
                    is_clear = len(said.splitlines()) == 1 and any(words in said for words in HELD)
                    verdict.claim(
                        "a run that cannot get at it says so in one line", night.exit_code == 1 and is_clear
                    )
                    how["runs that gave up"] += night.exit_code == 1
                last = made.run(server, 1)
                verdict.claim("the next run is done", last.exit_code == 0, last.err)
                found = differences(made.marts(), calm.marts, ("the disturbed night", "the undisturbed one"))
                verdict.claim("every mart equals an undisturbed night's", not found, "\n    ".join(found))
                made.restore(calm.base)
                night = made.run(server, 1, moments=[Moment(*step) for step in STEPS], act=for_a_while)
            retried = [f"{row['stage']} {row['step']}" for row in made.steps() if row["retry_count"]]
            waited = ", ".join(retried)
            verdict.tell(
                f"left after {LEAVES_AFTER_SECONDS} s: exit {night.exit_code}; tried again: {waited}"
            )
            verdict.claim("it waits for a reader that leaves", night.exit_code == 0, night.err)
            verdict.claim("the ledger counts retries", bool(retried))
            how["steps that waited"] += len(retried)
            found = differences(made.marts(), calm.marts, ("the disturbed night", "the undisturbed one"))
            verdict.claim("every mart equals an undisturbed night's", not found, "\n    ".join(found))
            after = reader.execute("select run_id from analytics.publication").fetchall()
            verdict.claim("a reader of published.duckdb keeps its state and blocks nobody", before == after)
            reader.close()
    verdict.end(", ".join(f"{count} {name}" for name, count in how.items()))


if __name__ == "__main__":
    main()
