"""The shape of a JSON value: names and types, for comparison with what the providers really send."""

from __future__ import annotations

from typing import Any


def fields(text: str) -> set[str]:
    """Return the names in a text, separated by white space."""
    return set(text.split())


def types(record: dict[str, Any], *names: str) -> list[str]:
    """Return the type names of some of a record's values."""
    return [type(record[name]).__name__ for name in names]
