"""From the service's results to outcomes in the store: in pieces, so that a kill loses none that was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.claude.client import ClaudeError
from pipeline.claude.spend import Usage
from pipeline.claude.store import ANSWERED, Result, Settled
from scoring.reply_prompt import AnswerError, read_answer

if TYPE_CHECKING:
    from pipeline.claude.client import Claude
    from pipeline.claude.store import Batch, Store

PIECE = 500
"""Outcomes that are committed together."""


def collect(store: Store, claude: Claude, batch: Batch, batch_id: str) -> Iterator[Settled]:
    """Commit a batch's outcomes piece by piece, and yield what was new in each.

    Raises ClaudeError when the results cannot be read to the end now; what came before is committed. A batch
    whose results lack a request stays open.
    """
    piece: list[Result] = []
    try:
        for line in claude.results(batch_id):
            piece.append(result_of(line))
            if len(piece) == PIECE:
                full, piece = piece, []
                yield store.settle(batch, full)
    except ClaudeError:
        yield store.settle(batch, piece)
        raise
    yield store.settle(batch, piece)
    store.finish(batch)


def result_of(line: Mapping[str, Any]) -> Result:
    """Return the outcome that one line of the results tells of."""
    custom_id, result = str(line.get("custom_id")), line.get("result") or {}
    kind = result.get("type")
    if kind == "succeeded":
        return _answer(custom_id, result.get("message") or {})
    if kind in ("expired", "canceled"):
        return Result(custom_id, kind)
    inner = (result.get("error") or {}).get("error") or {}
    said = " ".join(f"{inner.get('type')}: {inner.get('message')}".split())
    return Result(custom_id, "errored", error=said[:200])


def _answer(custom_id: str, message: Mapping[str, Any]) -> Result:
    """Return an answer, or why it is none; either is paid for."""
    usage = _usage(message.get("usage") or {})
    try:
        return Result(custom_id, ANSWERED, usage, read_answer(message).label())
    except AnswerError as error:
        return Result(custom_id, error.status, usage, error=str(error))


def _usage(usage: Mapping[str, Any]) -> Usage:
    names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Usage(*(int(usage.get(name) or 0) for name in names))
