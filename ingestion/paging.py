"""Small helpers that every provider's paging needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

from ingestion.errors import TransientError
from ingestion.values import Json, ValueRefusedError, parse_integer, parse_timestamp

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def whole(value: Json) -> int | None:
    """Return a count that a provider sends as a number or as digits; None when it sends neither."""
    try:
        return parse_integer(value)
    except ValueRefusedError:
        return None


def moment(value: Json) -> datetime | None:
    """Return a UTC moment, None when there is none or it cannot be read."""
    try:
        return parse_timestamp(value) if value is not None else None
    except ValueRefusedError:
        return None


def listed(answer: Json, name: str, where: str) -> list[Json]:
    """Return the list `name` of an answer (the answer itself for an empty name).

    Raises TransientError when it is not there: an answer of another shape is no empty page.
    """
    found = answer if not name else answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise TransientError(
            f"{where}: expected a list{f' {name!r}' if name else ''} in the answer, got none"
        )
    return found


def iso(value: datetime) -> str:
    """Return a UTC moment as the providers write it, with milliseconds and Z."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
