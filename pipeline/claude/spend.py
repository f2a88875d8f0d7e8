"""What asking costs: certain bounds before it, true figures after it, and what the budgets still hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.state import reply_batches, reply_requests

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.claude.settings import ClaudeSettings, Price

BATCH_SHARE = Decimal("0.5")
"""Of the list price: what a message costs in a batch."""

OVERHEAD_TOKENS = 1_000
"""What the service may add to a message of its own, such as how the schema is put to the model."""

BYTES_PER_TOKEN = 4
EXPECTED_OUTPUT = 300
"""For estimates before anything was asked: tokens of an answer, a little thinking included."""

_CENTS = Decimal("0.00000001")


@dataclass(frozen=True)
class Usage:
    """Tokens of one message. input: those that the cache has nothing to do with."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0


NO_TOKENS = Usage()


@dataclass(frozen=True)
class Left:
    """What may still be spent, USD."""

    night: Decimal
    month: Decimal

    @property
    def now(self) -> Decimal:
        """The lesser of the two."""
        return min(self.night, self.month)

    @property
    def tighter(self) -> str:
        """Which budget ends first: night or month."""
        return "night" if self.night <= self.month else "month"


def cost(price: Price, usage: Usage) -> Decimal:
    """Return what a message of a batch costs, USD, rounded up."""
    tokens = (
        price.input * usage.input
        + price.output * usage.output
        + price.write * usage.cache_write
        + price.read * usage.cache_read
    )
    return (tokens * BATCH_SHARE / 1_000_000).quantize(_CENTS, ROUND_CEILING)


def bound(price: Price, params: Mapping[str, Any]) -> Decimal:
    """Return what a message can cost at most, USD: no token is less than a byte long.

    The prompt counts as written to the cache, or as input where that is dearer.
    """
    system, rest = _bytes(params)
    input_ = rest + OVERHEAD_TOKENS
    written = price.write > price.input
    return cost(
        price,
        Usage(input_ + (0 if written else system), params["max_tokens"], system if written else 0),
    )


def guess(price: Price, params: Mapping[str, Any]) -> Decimal:
    """Return what a message will about cost, USD, before anything is known; nothing found in the cache."""
    tokens = sum(_bytes(params)) // BYTES_PER_TOKEN
    return cost(price, Usage(tokens, min(EXPECTED_OUTPUT, params["max_tokens"])))


def _bytes(params: Mapping[str, Any]) -> tuple[int, int]:
    """Return the bytes of the prompt, and of everything else that the model reads."""
    rest = (params["messages"], params["output_config"])
    system = sum(len(block["text"].encode()) for block in params["system"])
    return system, len(json.dumps(rest, ensure_ascii=False).encode())


def usual(engine: Engine, model: str, prompt_version: str) -> Decimal | None:
    """Return what an answer of this model and prompt has cost so far in the mean, None before the first."""
    asked, batch = reply_requests.c, reply_batches.c
    query = (
        sa.select(asked.cost)
        .join(reply_batches, batch.batch_number == asked.batch_number)
        .where(batch.model == model, batch.prompt_version == prompt_version, asked.status == "answered")
        .order_by(asked.batch_number.desc())
        .limit(1_000)
    )
    with engine.connect() as connection:
        costs = [Decimal(cost_) for cost_ in connection.scalars(query)]
    return sum(costs, Decimal(0)) / len(costs) if costs else None


def left(engine: Engine, settings: ClaudeSettings, run_at: datetime) -> Left:
    """Return what the night and the month of `run_at`, both UTC, may still spend.

    A batch that has not ended counts with all that it can cost.
    """
    moment = run_at.astimezone(UTC)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    return Left(
        settings.budget_per_night - _spent(engine, day, day + timedelta(days=1)),
        settings.budget_per_month - _spent(engine, month, next_month),
    )


def _spent(engine: Engine, start: datetime, end: datetime) -> Decimal:
    batch = reply_batches.c
    query = sa.select(sa.func.coalesce(batch.cost, batch.reserved)).where(
        batch.run_at >= start, batch.run_at < end
    )
    with engine.connect() as connection:
        return sum((Decimal(amount) for amount in connection.scalars(query)), Decimal(0))
