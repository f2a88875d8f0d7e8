"""What Claude was asked, written down before it is sent; its answers, committed before they are used.

A batch is `intended` until the service's id for it is written (after a crash: nobody knows whether it was
taken), then `submitted`, `ended` once every request has an outcome, `refused` or `lost` where it never was.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.claude.settings import Price
from pipeline.claude.spend import NO_TOKENS, Usage, cost
from pipeline.clock import utc_now
from pipeline.judgements import judgement, keep
from pipeline.state import reply_batches, reply_judgements, reply_requests
from scoring.reply_judgements import MODEL, PERSON

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

INTENDED, SUBMITTED, ENDED, REFUSED, LOST = "intended", "submitted", "ended", "refused", "lost"
"""Status of a batch."""

OPEN, ANSWERED = "open", "answered"
FAILED = ("errored", "expired", "canceled", "refused", "truncated", "invalid")
"""Status of a request, beside `lost`: of a batch that never was. One that failed was an attempt."""

ATTEMPTS = 2
KEPT = timedelta(days=29)
"""How long the service keeps results."""


@dataclass(frozen=True)
class Asked:
    """One text to ask about. bound: what it can cost at most, USD."""

    text_key: str
    attempt: int
    params: Mapping[str, Any]
    bound: Decimal


@dataclass(frozen=True)
class Batch:
    """A batch that has not come to an end. created_at: when it was written down."""

    number: int
    token: str
    batch_id: str | None
    model: str
    prompt_version: str
    price: Price
    requests: int
    reserved: Decimal
    created_at: datetime


@dataclass(frozen=True)
class Result:
    """What became of one request. status: answered or one of FAILED. label: what was said, of an answer."""

    custom_id: str
    status: str
    usage: Usage = NO_TOKENS
    label: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Settled:
    """Outcomes that were new. given_up: texts that have failed for the last time. cost: USD."""

    answered: int = 0
    failed: int = 0
    given_up: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: Settled) -> Settled:
        """Return both together."""
        return Settled(
            self.answered + other.answered,
            self.failed + other.failed,
            self.given_up + other.given_up,
            self.cost + other.cost,
        )


@dataclass(frozen=True)
class Standing:
    """What is known of some texts under a model and prompt.

    settled: a person has labelled them, or this model. open: asked, no outcome yet. attempts: that failed.
    """

    settled: frozenset[str]
    open: frozenset[str]
    attempts: Mapping[str, int]


class Store:
    """The batches in the state database, for one run."""

    def __init__(self, engine: Engine, run_id: str, run_at: datetime) -> None:
        """Write for the run `run_id`, whose clock is `run_at`."""
        self._engine, self._run_id, self._run_at = engine, run_id, run_at

    def intend(self, model: str, prompt_version: str, price: Price, asked: Sequence[Asked]) -> Batch:
        """Write down a batch that is about to be sent; its request number n has the id `token-n`."""
        token, now = uuid.uuid4().hex, utc_now()
        reserved = sum((one.bound for one in asked), Decimal(0))
        row = {
            "token": token,
            "run_id": self._run_id,
            "run_at": self._run_at,
            "model": model,
            "prompt_version": prompt_version,
            "status": INTENDED,
            "reserved": str(reserved),
            "price": price.model_dump(mode="json"),
            "requests": len(asked),
            "created_at": now,
        }
        with self._engine.begin() as connection:
            key = connection.execute(sa.insert(reply_batches).values(row)).inserted_primary_key
            number = int(key[0]) if key else 0
            rows = [
                {
                    "custom_id": custom_id(token, position),
                    "batch_number": number,
                    "text_key": one.text_key,
                    "attempt": one.attempt,
                    "status": OPEN,
                }
                for position, one in enumerate(asked)
            ]
            connection.execute(sa.insert(reply_requests), rows)
        return Batch(number, token, None, model, prompt_version, price, len(asked), reserved, now)

    def submitted(self, batch: Batch, batch_id: str) -> None:
        """Write down the service's id of a batch."""
        values = {"batch_id": batch_id, "status": SUBMITTED, "submitted_at": utc_now()}
        with self._engine.begin() as connection:
            connection.execute(_of(batch).values(values))

    def drop(self, batch: Batch, status: str) -> None:
        """Write down that a batch never was, REFUSED or LOST: it costs nothing, its texts are free again."""
        with self._engine.begin() as connection:
            connection.execute(_of(batch).values(status=status, cost="0", ended_at=utc_now()))
            connection.execute(
                sa.update(reply_requests)
                .where(reply_requests.c.batch_number == batch.number, reply_requests.c.status == OPEN)
                .values(status=LOST)
            )

    def unfinished(self) -> list[Batch]:
        """Return the batches that are intended or submitted, the oldest first."""
        query = (
            sa.select(reply_batches)
            .where(reply_batches.c.status.in_((INTENDED, SUBMITTED)))
            .order_by(reply_batches.c.batch_number)
        )
        with self._engine.connect() as connection:
            return [_batch(row) for row in connection.execute(query).mappings()]

    def known_ids(self) -> dict[str, int]:
        """Return the service's id of every batch that has one, with the batch's number."""
        batch = reply_batches.c
        query = sa.select(batch.batch_id, batch.batch_number).where(batch.batch_id.is_not(None))
        with self._engine.connect() as connection:
            return {row.batch_id: row.batch_number for row in connection.execute(query)}

    def waiting(self) -> int:
        """Return how many requests have no outcome yet."""
        query = sa.select(sa.func.count()).where(reply_requests.c.status == OPEN)
        with self._engine.connect() as connection:
            return int(connection.scalar(query) or 0)

    def asked(self) -> tuple[int, int]:
        """Return how many requests this run has made, and how many of them for the second time."""
        asked, batch = reply_requests.c, reply_batches.c
        query = (
            sa.select(asked.attempt)
            .join(reply_batches, batch.batch_number == asked.batch_number)
            .where(batch.run_id == self._run_id, asked.status != LOST)
        )
        with self._engine.connect() as connection:
            attempts = list(connection.scalars(query))
        return len(attempts), sum(attempt > 1 for attempt in attempts)

    def settle(self, batch: Batch, results: Sequence[Result]) -> Settled:
        """Commit outcomes and answers together; those that have an outcome already change nothing."""
        answered = failed = given_up = 0
        spent = Decimal(0)
        with self._engine.begin() as connection:
            texts = _open_texts(connection, batch, [result.custom_id for result in results])
            judgements = []
            for result in results:
                if result.custom_id not in texts:
                    continue
                text_key, attempt = texts.pop(result.custom_id)
                amount = cost(batch.price, result.usage)
                connection.execute(_outcome(result, amount))
                spent += amount
                answered += result.label is not None
                failed += result.label is None
                given_up += result.label is None and attempt >= ATTEMPTS
                if result.label is not None:
                    judgements.append(self._judgement(batch, text_key, result.label))
            keep(connection, judgements)
        return Settled(answered, failed, given_up, spent)

    def _judgement(self, batch: Batch, text_key: str, label: Mapping[str, Any]) -> dict[str, Any]:
        row = judgement(
            text_key,
            MODEL,
            label,
            decided_by=f"run {self._run_id}",
            model=batch.model,
            prompt_version=batch.prompt_version,
        )
        return row | {"decided_at": self._run_at}  # the run's clock: a night that is repeated knows it, too

    def finish(self, batch: Batch) -> bool:
        """Close a batch whose requests all have an outcome, with what it has cost; say whether it is so."""
        mine = reply_requests.c.batch_number == batch.number
        with self._engine.begin() as connection:
            rows = connection.execute(
                sa.select(reply_requests.c.status, reply_requests.c.cost).where(mine)
            ).all()
            if any(status == OPEN for status, _ in rows):
                return False
            total = sum((Decimal(amount or 0) for _, amount in rows), Decimal(0))
            connection.execute(_of(batch).values(status=ENDED, cost=str(total), ended_at=utc_now()))
        return True

    def abandon(self, batch: Batch) -> None:
        """Close a batch whose results cannot be had any more; what it could have cost counts as spent."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(reply_requests)
                .where(reply_requests.c.batch_number == batch.number, reply_requests.c.status == OPEN)
                .values(status="expired", error="the results are no longer kept")
            )
            connection.execute(_of(batch).values(status=ENDED, cost=str(batch.reserved), ended_at=utc_now()))

    def standing(self, keys: Collection[str], model: str, prompt_version: str) -> Standing:
        """Return what is known of a bounded number of texts."""
        said, asked, batch = reply_judgements.c, reply_requests.c, reply_batches.c
        by_it = sa.and_(said.model == model, said.prompt_version == prompt_version)
        judged = sa.select(said.text_key).where(said.text_key.in_(keys), (said.method == PERSON) | by_it)
        requests = (
            sa.select(asked.text_key, asked.status)
            .join(reply_batches, batch.batch_number == asked.batch_number)
            .where(asked.text_key.in_(keys), batch.model == model, batch.prompt_version == prompt_version)
        )
        with self._engine.connect() as connection:
            settled = frozenset(connection.scalars(judged))
            rows = connection.execute(requests).all()
        return Standing(
            settled,
            frozenset(key for key, status in rows if status == OPEN),
            Counter(key for key, status in rows if status in FAILED),
        )


def custom_id(token: str, position: int) -> str:
    """Return the id that the service knows a request by."""
    return f"{token}-{position}"


def _of(batch: Batch) -> sa.Update:
    return sa.update(reply_batches).where(reply_batches.c.batch_number == batch.number)


def _batch(row: sa.RowMapping) -> Batch:
    return Batch(
        number=row["batch_number"],
        token=row["token"],
        batch_id=row["batch_id"],
        model=row["model"],
        prompt_version=row["prompt_version"],
        price=Price.model_validate(row["price"]),
        requests=row["requests"],
        reserved=Decimal(row["reserved"]),
        created_at=row["created_at"],
    )


def _open_texts(connection: Connection, batch: Batch, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return text and attempt of those requests that have no outcome yet."""
    asked = reply_requests.c
    query = sa.select(asked.custom_id, asked.text_key, asked.attempt).where(
        asked.batch_number == batch.number, asked.custom_id.in_(ids), asked.status == OPEN
    )
    return {row.custom_id: (row.text_key, row.attempt) for row in connection.execute(query)}


def _outcome(result: Result, amount: Decimal) -> sa.Update:
    usage = result.usage
    return (
        sa.update(reply_requests)
        .where(reply_requests.c.custom_id == result.custom_id)
        .values(
            status=result.status,
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_write_tokens=usage.cache_write,
            cache_read_tokens=usage.cache_read,
            cost=str(amount),
            error=result.error,
        )
    )
