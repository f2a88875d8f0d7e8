"""Decisions: what cannot be rebuilt; append-only, durable before it is used, backed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ingestion.answers import Answer
from pipeline.clock import utc_now
from pipeline.state import paid_answers, scores_at_send
from warehouse import Connection

BATCH = 500


class PaidAnswerStore:
    """What providers were paid for (implements ingestion.answers.PaidAnswers)."""

    def __init__(self, engine: Engine) -> None:
        """Keep the answers in the state database `engine`; `spent` counts the credits of this object."""
        self._engine = engine
        self.spent = Decimal(0)

    def known(self, provider: str, keys: Sequence[str]) -> Mapping[str, datetime | None]:
        """Return those of `keys` that were ever answered, with the newest refresh time answered for."""
        answers = paid_answers.c
        found: dict[str, datetime | None] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(keys), BATCH):
                query = (
                    sa.select(answers.key, sa.func.max(answers.refreshed_at))
                    .where(answers.provider == provider, answers.key.in_(keys[start : start + BATCH]))
                    .group_by(answers.key)
                )
                found.update((key, refreshed_at) for key, refreshed_at in connection.execute(query))
        return found

    def commit(self, provider: str, account: str, answers: Iterable[Answer]) -> None:
        """Write the answers durably; when this returns they survive a kill."""
        rows: list[dict[str, Any]] = [
            {
                "provider": provider,
                "account": account,
                "key": key,
                "refreshed_at": refreshed_at,
                "payload": payload,
                "credits": str(credits_),
                "committed_at": utc_now(),
            }
            for key, refreshed_at, payload, credits_ in answers
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(paid_answers), rows)
            self.spent += sum((Decimal(row["credits"]) for row in rows), Decimal(0))

    def after(self, provider: str, account: str, seq: int) -> Iterator[tuple[int, str, str]]:
        """Yield (sequence number, key, payload) of the account's answers above `seq`, in order."""
        answers = paid_answers.c
        while True:
            query = (
                sa.select(answers.seq, answers.key, answers.payload)
                .where(answers.provider == provider, answers.account == account, answers.seq > seq)
                .order_by(answers.seq)
                .limit(BATCH)
            )
            with self._engine.connect() as connection:
                page = connection.execute(query).all()
            if not page:
                return
            yield from ((number, key, payload) for number, key, payload in page)
            seq = page[-1][0]


SENT_WITH_A_SCORE = """
    select
        cast(messages.message_id as text) as message_id,
        cast(messages.lead_id as text) as lead_id,
        cast(messages.client_id as text) as client_id,
        messages.sent_at,
        scores.score,
        scores.tier,
        cast(scores.weights_version as text) as weights_version,
        scores.scored_at
    from facts.messages as messages
    inner join scoring.als_scores as scores
        on messages.lead_id = scores.lead_id and messages.client_id = scores.client_id
            and scores.scored_at <= messages.sent_at
    where messages.lead_id in (select lead_id from intermediate.touched_leads)
"""


def keep_scores_at_send(engine: Engine, connection: Connection, run_id: str) -> int:
    """Record the score that stood when each message of tonight's leads was sent; return how many are new.

    Runs before tonight's scoring, while scoring.als_scores still holds what was known when they were sent.
    History that was imported has no earlier score and is never back-filled.
    """
    if not connection.table_exists("scoring.als_scores"):
        return 0
    kept = 0
    for page in connection.stream(SENT_WITH_A_SCORE, BATCH):
        kept += _append_scores(engine, [row | {"run_id": run_id} for row in page])
    return kept


def _append_scores(engine: Engine, rows: list[dict[str, Any]]) -> int:
    ids = [row["message_id"] for row in rows]
    with engine.begin() as state:
        known = set(
            state.scalars(sa.select(scores_at_send.c.message_id).where(scores_at_send.c.message_id.in_(ids)))
        )
        new = [row for row in rows if row["message_id"] not in known]
        if new:
            state.execute(sa.insert(scores_at_send), new)
    return len(new)
