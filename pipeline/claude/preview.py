"""What a night would ask Claude and what that would cost, without asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.claude import candidates, spend
from pipeline.claude.settings import api_key
from pipeline.claude.store import Store
from scoring.reply_prompt import prompt_version

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.claude.settings import ClaudeSettings
    from pipeline.config import Config
    from warehouse import Connection, Warehouse


@dataclass(frozen=True)
class Preview:
    """replies: texts that would be asked about; left_out: those that no budget covers; open: asked before.

    expected, at_most: what the first batches cost, USD: by what answers have cost so far, else by their
    length, and whatever happens. night, month: what the budgets still hold.
    """

    replies: int
    left_out: int
    open: int
    expected: Decimal
    at_most: Decimal
    night: Decimal
    month: Decimal
    has_key: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; money as text."""
        return {
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name, value in asdict(self).items()
        }

    def lines(self) -> Iterator[str]:
        """Yield it for a person."""
        if not self.has_key:
            yield "claude: its key is not set; nothing would be asked"
            return
        yield (
            f"claude: {self.replies} unsure replies of those labelled so far, about {self.expected:.4f} USD,"
            f" at most {self.at_most:.4f}; left: {self.night:.4f} tonight, {self.month:.4f} this month"
        )
        if self.left_out:
            yield f"claude: {self.left_out} more are not covered by the budget"
        if self.open:
            yield f"claude: {self.open} wait for a batch that has not ended"


def preview(config: Config, warehouse: Warehouse, run_at: datetime) -> Preview | None:
    """Return what a night at `run_at` would ask; None where winnow.yml asks nobody.

    Reads the warehouse; raises WarehouseError while somebody writes it.
    """
    from pipeline.state import open_state

    settings = config.claude
    if settings is None:
        return None
    if not warehouse.exists():
        nothing = Decimal(0)
        budgets = settings.budget_per_night, settings.budget_per_month
        return Preview(0, 0, 0, nothing, nothing, *budgets, has_key=api_key() is not None)
    engine = open_state(warehouse, config.state_dir)
    try:
        with warehouse.connect(read_only=True) as connection:
            return _of(engine, connection, settings, run_at)
    finally:
        engine.dispose()


def _of(engine: Engine, connection: Connection, settings: ClaudeSettings, run_at: datetime) -> Preview:
    store = Store(engine, "", run_at)
    left = spend.left(engine, settings, run_at)
    texts = candidates.find(connection, store, settings, run_at)
    chosen, left_out = candidates.affordable(candidates.asked(connection, settings, texts), left.now)
    usual = spend.usual(engine, settings.model, prompt_version())
    costs = (spend.guess(settings.price, one.params) if usual is None else usual for one in chosen)
    return Preview(
        replies=len(chosen),
        left_out=left_out,
        open=store.waiting(),
        expected=sum(costs, Decimal(0)),
        at_most=sum((one.bound for one in chosen), Decimal(0)),
        night=left.night,
        month=left.month,
        has_key=api_key() is not None,
    )
