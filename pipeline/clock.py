"""The clock. A run asks it once for `run_at`; ledger and lock, which describe the machine, ask it too."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.errors import UsageError


def utc_now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time or date; without an offset it is UTC. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no time; write it like 2026-03-01 or 2026-03-01T02:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
