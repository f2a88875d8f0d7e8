"""Where things stand: what is published, who runs, how the last runs went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.clock import utc_now
from pipeline.errors import UsageError
from pipeline.expectations import page
from pipeline.ledger import DIED, RUNNING, counts_of, last_runs, requests_of, run_of, steps_of
from pipeline.lock import Holder, holder_of
from pipeline.pauses import current, until
from pipeline.pool_requests import PoolRequest, open_requests
from pipeline.state import open_state
from pipeline.summarise import plain
from warehouse import WarehouseError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from warehouse import Warehouse


@dataclass(frozen=True)
class Status:
    """publication: the row that says which run readers see, None before the first. holder: who runs now.

    step: what it is at, with the seconds since it began. data_docs: the page of the gate's checks.
    paused: what loads leave out, and until when.
    requests: those for people that are not filled yet.
    """

    publication: dict[str, Any] | None
    holder: Holder | None
    runs: list[dict[str, Any]]
    step: dict[str, Any] | None = None
    data_docs: str | None = None
    paused: tuple[str, ...] = ()
    requests: tuple[PoolRequest, ...] = ()

    @property
    def published_line(self) -> str:
        """Say what readers see."""
        if self.publication is None:
            return "nothing is published yet; run `winnow run`"
        run_at: datetime = self.publication["run_at"]
        return f"published: the night of {run_at:%Y-%m-%d %H:%M} UTC (run {self.publication['run_id']})"

    @property
    def running_line(self) -> str:
        """Say who runs, and what it is at."""
        if self.holder is None:
            return "running: nothing"
        line = f"running: {self.holder.sentence()}"
        if self.step:
            line += f"; at {self.step['stage']} {self.step['step']} for {self.step['seconds']:.0f} s"
        return line

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "publication": _plain(self.publication) if self.publication else None,
            "running": _plain(self.holder.__dict__) if self.holder else None,
            "step": self.step,
            "data_docs": self.data_docs,
            "paused": list(self.paused),
            "open_requests": [request.as_json() for request in self.requests],
            "runs": [_plain(run) for run in self.runs],
        }


def status(config: Config, warehouse: Warehouse, limit: int = 5) -> Status:
    """Look at ledger, lock and published tables; waits for nobody and changes nothing."""
    engine = open_state(warehouse, config.state_dir)
    try:
        holder = holder_of(engine, warehouse.target)
        alive = holder if holder is not None and holder.is_alive(utc_now()) else None
        runs = [_run(row, alive) for row in last_runs(engine, warehouse.target, limit)]
        step = _step_under_way(engine, alive) if alive else None
        paused = tuple(f"{row['name']} {until(row)}" for row in current(engine, utc_now()))
        requests = tuple(open_requests(engine, warehouse.target))
    finally:
        engine.dispose()
    docs = page(config.state_dir)
    found = str(docs) if docs.exists() else None
    return Status(_publication(config, warehouse), alive, runs, step, found, paused, requests)


def show_run(config: Config, warehouse: Warehouse, run_id: str) -> dict[str, Any]:
    """Return one run as JSON values: its row, steps, loads and requests. run_id: the id, or how it begins.

    Raises UsageError where no run, or more than one, is meant.
    """
    engine = open_state(warehouse, config.state_dir)
    try:
        row = run_of(engine, warehouse.target, run_id)
        if row is None:
            raise UsageError(f"no single run's id begins with {run_id!r}; `winnow runs` lists them")
        holder = holder_of(engine, warehouse.target)
        alive = holder if holder is not None and holder.is_alive(utc_now()) else None
        return {
            **_plain(_run(row, alive)),
            "steps": [_plain(_rounded(step)) for step in steps_of(engine, row["run_id"])],
            "loads": [asdict(line) for line in counts_of(engine, row["run_id"])],
            "requests": requests_of(engine, row["run_id"]),
        }
    finally:
        engine.dispose()


def _step_under_way(engine: Engine, holder: Holder) -> dict[str, Any] | None:
    for step in reversed(steps_of(engine, holder.run_id)):
        if step["outcome"] == RUNNING:
            seconds = (utc_now() - step["started_at"]).total_seconds()
            return {"stage": step["stage"], "step": step["step"], "seconds": round(seconds, 1)}
    return None


def _rounded(step: dict[str, Any]) -> dict[str, Any]:
    seconds = step["seconds"]
    hidden = ("run_id", "step_number")
    return {name: value for name, value in step.items() if name not in hidden} | {
        "seconds": None if seconds is None else round(seconds, 1)
    }


def _run(row: dict[str, Any], alive: Holder | None) -> dict[str, Any]:
    is_dead = row["outcome"] == RUNNING and (alive is None or alive.run_id != row["run_id"])
    seconds = (row["finished_at"] - row["started_at"]).total_seconds() if row["finished_at"] else None
    names = ("run_id", "run_at", "started_at", "finished_at", "command", "attempts", "exit_code", "error")
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
    return {name: value if isinstance(value, dict | list) else plain(value) for name, value in row.items()}
