"""A warehouse with unsure replies, a state database, and the sandbox's Claude, asked by the real SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.claude.client import Claude
from pipeline.claude.nightly import Night, Read
from pipeline.claude.settings import ClaudeSettings
from pipeline.config import Config
from pipeline.context import Context, Notes
from pipeline.judgements import tell
from pipeline.ledger import Ledger
from pipeline.state import reply_batches, reply_requests
from sandbox import Server
from sandbox.keys import ANTHROPIC_KEY
from scoring.reply_table import label_new
from warehouse import Warehouse

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)
REPLIES = {
    "reply_id": "integer",
    "subject": "text",
    "body": "text",
    "headers": "text",
    "received_at": "timestamptz",
    "text_hash": "text",
    "received_on": "date",
}
BUDGET = {"budget_per_night": 1, "budget_per_month": 10}


def unsure(count: int) -> list[str]:
    """Return texts that rules can make nothing of."""
    return [f"Blorp number {number}." for number in range(count)]


def answers(text: str) -> dict[str, Any]:
    """Read everything as interest."""
    return {"intent": "interested", "sentiment": "positive", "sentiment_score": 0.5, "confidence": 0.9}


@dataclass
class World:
    """Replies and who reads them. on_sleep: called at every wait of a night; slept: seconds waited."""

    warehouse: Warehouse
    state: Engine
    server: Server
    on_sleep: Callable[[], None] = lambda: None
    slept: float = 0.0
    notes: Notes = field(default_factory=Notes)
    _replies: int = 0

    def settings(self, **values: Any) -> ClaudeSettings:
        """Return settings for the sandbox."""
        given = BUDGET | {"base_url": f"{self.server.url}/anthropic", "doubt_minutes": 0} | values
        return ClaudeSettings.model_validate(given)

    def given(self, texts: Iterable[str], day: int = 0) -> None:
        """Let replies come in on a day (0 = that of RUN_AT), and label them."""
        with self.warehouse.connect() as connection:
            connection.create_table("facts.received_replies", REPLIES)
            at = RUN_AT + timedelta(days=day)
            rows = []
            for text in texts:
                self._replies += 1
                rows.append((self._replies, None, text, None, at, f"{text}|{self._replies}", at.date()))
            connection.insert("facts.received_replies", list(REPLIES), rows)
            label_new(connection, at)

    def night(self, day: int = 0, **settings: Any) -> Read:
        """Run the night of a day, and label with what it learned."""
        context, given = self.context(day), self.settings(**settings)
        self.notes = context.notes
        with Claude(given, ANTHROPIC_KEY, self._sleep) as claude:
            read = Night(context, given, claude, self._sleep, lambda: self.slept).run()
        with self.warehouse.connect() as connection:
            tell(self.state, connection)
            label_new(connection, context.run_at)
        return read

    def context(self, day: int = 0) -> Context:
        """Return the context of a day's run."""
        config = Config.model_validate({"agency": {"name": "Test"}})
        return Context(
            config, self.warehouse, self.state, Ledger(self.state, f"day {day}"), RUN_AT + timedelta(days=day)
        )

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.on_sleep()

    def labels(self) -> dict[str, tuple[str, str]]:
        """Return text → (intent, method)."""
        with self.warehouse.connect() as connection:
            rows = connection.rows("select distinct text, intent, method from scoring.reply_labels")
        return {row["text"]: (row["intent"], row["method"]) for row in rows}

    def methods(self) -> set[str]:
        """Return by what the replies are labelled."""
        return {method for _, method in self.labels().values()}

    def batches(self) -> list[dict[str, Any]]:
        """Return the batches that are written down, in order."""
        return self._rows(sa.select(reply_batches).order_by(reply_batches.c.batch_number))

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests that are written down, in order."""
        return self._rows(
            sa.select(reply_requests).order_by(reply_requests.c.batch_number, reply_requests.c.custom_id)
        )

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.state.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @property
    def charged(self) -> dict[str, int]:
        """Text → how often it was paid for."""
        return dict(+self.server.claude.charges)
