"""Paid answers: what was paid for is committed durably before it is used, and never bought twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

Answer = tuple[str, datetime | None, str, Decimal]
"""key (the provider's id of what was asked for), when the provider last refreshed it, payload as JSON text
(`null` when it had nothing), credits it cost."""


class PaidAnswers(Protocol):
    """The store of answers; kept with the decisions, which are backed up and never rebuilt."""

    def known(self, provider: str, keys: Sequence[str]) -> Mapping[str, datetime | None]:
        """Return those of `keys` that were ever answered, with the newest refresh time answered for."""

    def commit(self, provider: str, account: str, answers: Iterable[Answer]) -> None:
        """Write the answers durably; when this returns they survive a kill."""

    def after(self, provider: str, account: str, seq: int) -> Iterator[tuple[int, str, str]]:
        """Yield (sequence number, key, payload) of the account's answers above `seq`, in order."""
