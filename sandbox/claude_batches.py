"""Message batches: what was asked, what becomes of each row, and how a batch is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Literal

from sandbox.claude_readers import Reader
from sandbox.model import Json

Outcome = Literal[
    "errored", "expired", "canceled", "refusal", "max_tokens", "invalid_json", "unknown_label"
]  # fmt: skip
"""What a row can come to instead of a good answer; all but the first three are billed."""

LIFE = timedelta(hours=24)
"""How long a batch is worked on; what is not done by then expires."""

KEPT = timedelta(days=29)
"""How long after its creation the results of a batch can be read."""

MAX_BYTES = 256 * 2**20
MAX_REQUESTS = 100_000
_STATUSES = ("succeeded", "errored", "canceled", "expired")


@dataclass(frozen=True)
class Plan:
    """What rows come to whose text holds `text`, or that stand at `row` of their batch (0 = first).

    text empty, row None: any. skip: attempts at the same text that go well before; times: how many go wrong
    after that, None = all. error: type of an errored row's error.
    """

    outcome: Outcome
    text: str = ""
    row: int | None = None
    skip: int = 0
    times: int | None = None
    error: str = "api_error"

    def is_for(self, row: Row) -> bool:
        """Whether this is what the row comes to."""
        if self.text not in row.text or self.row not in (None, row.index):
            return False
        return row.attempt > self.skip and (self.times is None or row.attempt <= self.skip + self.times)


@dataclass(frozen=True)
class ClaudeBehaviour:
    """How the sandbox's Claude behaves.

    polls_until_ended: how many retrieves still show a batch in progress; None: asking does not end it.
    nights_until_ended: it ends when so many midnights have passed since it was created; None: they do not
    end it. plans: the first that is for a row counts. reader: what a text is answered with, None = the
    agency's truth. max_bytes, max_requests: of a create. done_before_cancel: rows that were done, and are
    billed, when a cancellation takes effect. is_thinking: a block of thinking stands before the answer.
    """

    polls_until_ended: int | None = 1
    nights_until_ended: int | None = None
    plans: Sequence[Plan] = ()
    reader: Reader | None = None
    max_bytes: int = MAX_BYTES
    max_requests: int = MAX_REQUESTS
    done_before_cancel: int = 0
    is_thinking: bool = False

    def planned(self, row: Row) -> Plan | None:
        """Return what was planned for a row, None = a good answer."""
        return next((plan for plan in self.plans if plan.is_for(row)), None)


@dataclass
class Row:
    """One request of a batch. text: the reply it asks about; attempt: at that text, 1 = first."""

    index: int
    custom_id: str
    params: Json
    text: str
    attempt: int
    result: Json | None = None


@dataclass
class Batch:
    """One batch; times UTC. polls: retrieves so far."""

    id: str
    created_at: datetime
    rows: list[Row]
    polls: int = 0
    cancel_initiated_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def status(self) -> str:
        """The processing status."""
        if self.ended_at is not None:
            return "ended"
        return "in_progress" if self.cancel_initiated_at is None else "canceling"

    def is_archived(self, as_of: datetime) -> bool:
        """Whether the results are gone."""
        return as_of >= self.created_at + KEPT

    def show(self, base_url: str, as_of: datetime) -> Json:
        """Return the batch as the API shows it; the counts stay zero until it has ended."""
        counts = Counter(row.result["type"] if row.result else "processing" for row in self.rows)
        has_results = self.ended_at is not None
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": {name: counts[name] for name in ("processing", *_STATUSES)},
            "ended_at": _iso(self.ended_at),
            "created_at": _iso(self.created_at),
            "expires_at": _iso(self.created_at + LIFE),
            "cancel_initiated_at": _iso(self.cancel_initiated_at),
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results" if has_results else None,
            "archived_at": _iso(self.created_at + KEPT) if self.is_archived(as_of) else None,
        }

    def results(self) -> list[Json]:
        """Return the rows' results, never in the order of the requests where there are two or more."""
        rows = sorted(self.rows, key=lambda row: md5(f"{self.id}{row.custom_id}".encode()).digest())
        if rows == self.rows:
            rows.reverse()
        return [{"custom_id": row.custom_id, "result": row.result} for row in rows]


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None
