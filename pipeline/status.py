"""Where things stand: what is published, who runs, how the last runs went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.clock import utc_now
from pipeline.ledger import DIED, RUNNING, last_runs
from pipeline.lock import Holder, holder_of
from pipeline.state import open_state
from pipeline.summarise import plain
from warehouse import WarehouseError

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Warehouse


@dataclass(frozen=True)
class Status:
    """publication: the row that says which run readers see, None before the first. holder: who runs now."""

    publication: dict[str, Any] | None
    holder: Holder | None
    runs: list[dict[str, Any]]

    @property
    def published_line(self) -> str:
        """Say what readers see."""
        if self.publication is None:
            return "nothing is published yet; run `winnow run`"
        run_at: datetime = self.publication["run_at"]
        return f"published: the night of {run_at:%Y-%m-%d %H:%M} UTC (run {self.publication['run_id']})"

    @property
    def running_line(self) -> str:
        """Say who runs."""
        return f"running: {self.holder.sentence()}" if self.holder else "running: nothing"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "publication": _plain(self.publication) if self.publication else None,
            "running": _plain(self.holder.__dict__) if self.holder else None,
            "runs": [_plain(run) for run in self.runs],
        }


def status(config: Config, warehouse: Warehouse, limit: int = 5) -> Status:
    """Look at ledger, lock and published tables; waits for nobody and changes nothing."""
    engine = open_state(warehouse, config.state_dir)
    try:
        holder = holder_of(engine, warehouse.target)
        alive = holder if holder is not None and holder.is_alive(utc_now()) else None
        runs = [_run(row, alive) for row in last_runs(engine, warehouse.target, limit)]
    finally:
        engine.dispose()
    return Status(_publication(config, warehouse), alive, runs)


def _run(row: dict[str, Any], alive: Holder | None) -> dict[str, Any]:
    is_dead = row["outcome"] == RUNNING and (alive is None or alive.run_id != row["run_id"])
    seconds = (row["finished_at"] - row["started_at"]).total_seconds() if row["finished_at"] else None
    names = ("run_id", "run_at", "started_at", "finished_at", "command", "exit_code", "error")
    return {
        **{name: row[name] for name in names},
        "outcome": DIED if is_dead else row["outcome"],
        "seconds": None if seconds is None else round(seconds, 1),
    }


def _publication(config: Config, warehouse: Warehouse) -> dict[str, Any] | None:
    try:
        with warehouse.published(config.state_dir) as connection:
            return connection.rows("select * from analytics.publication")[0]
    except WarehouseError:
        return None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}
