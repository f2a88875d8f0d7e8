"""What a run would do, without doing it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.clock import utc_now
from pipeline.stages import Stage, chosen

if TYPE_CHECKING:
    from pipeline.claude.preview import Preview
    from pipeline.config import Config
    from warehouse import Warehouse


@dataclass(frozen=True)
class Plan:
    """A run not made. accounts: source, account, whether its key is set. pending: loads not yet built.

    claude: what would be asked; None where nobody is, or the warehouse cannot be read now.
    """

    run_at: str
    target: str
    warehouse: str
    stages: tuple[str, ...]
    accounts: tuple[tuple[str, str, bool], ...]
    pending: int | None
    claude: Preview | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self) | {"claude": self.claude.as_json() if self.claude else None}

    def text(self) -> str:
        """Return it for a person."""
        lines = [
            f"would run {' → '.join(self.stages)}",
            f"with the clock at {self.run_at} on {self.warehouse} (target {self.target})",
        ]
        if Stage.LOAD in self.stages:
            lines += [
                f"  load {source} account {account}" + ("" if has_key else ": its key is not set")
                for source, account, has_key in self.accounts
            ]
        if self.pending is not None:
            lines.append(f"  {self.pending} loads wait to be built")
        if self.claude:
            lines += [f"  {line}" for line in self.claude.lines()]
        return "\n".join([*lines, "nothing was done"])


def plan(
    config: Config,
    warehouse: Warehouse,
    only: Stage | None = None,
    from_: Stage | None = None,
    at: datetime | None = None,
) -> Plan:
    """Return what a run with these options would do; reads the warehouse only if nobody writes it."""
    accounts = tuple(
        (source, account.name, bool(os.environ.get(account.api_key_env, "").strip()))
        for source in config.configured_sources()
        for account in config.sources.accounts(source)
    )
    run_at, stages = (at or utc_now()).astimezone(UTC), chosen(only, from_)
    return Plan(
        run_at=run_at.isoformat(timespec="seconds"),
        target=warehouse.target,
        warehouse=warehouse.where(),
        stages=tuple(str(stage) for stage in stages),
        accounts=accounts,
        pending=_pending(warehouse),
        claude=_asked(config, warehouse, run_at) if Stage.SCORE in stages else None,
    )


def _asked(config: Config, warehouse: Warehouse, run_at: datetime) -> Preview | None:
    from pipeline.claude.preview import preview
    from warehouse import WarehouseError

    try:
        return preview(config, warehouse, run_at)
    except WarehouseError:
        return None


def _pending(warehouse: Warehouse) -> int | None:
    from ingestion.load import completed_loads
    from warehouse import WarehouseError

    if not warehouse.exists():
        return 0
    try:
        with warehouse.connect(read_only=True) as connection:
            completed = set(completed_loads(connection))
            if not connection.table_exists("ops.built_loads"):
                return len(completed)
            built = {row["load_id"] for row in connection.rows("select load_id from ops.built_loads")}
            return len(completed - built)
    except WarehouseError:
        return None
