"""HubSpot's search: filters, one sort, and a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.hubspot_records import CURSOR_PROPERTY, value_at
from sandbox.model import CrmRecord, Json
from sandbox.web import whole_number

MAX_LIMIT = 200
MAX_GROUPS = 5
MAX_FILTERS = 6
_TIMES = frozenset({"createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_createdate", "closedate"})
_OPERATORS = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"})
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
}


class BadSearch(Exception):
    """A request that HubSpot refuses with 400. category: of its error body, if it has one."""

    def __init__(self, message: str, category: str | None) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.category = category


@dataclass(frozen=True)
class Filter:
    """One condition on a property."""

    name: str
    operator: str
    value: object
    values: tuple[str, ...]

    def holds(self, record: CrmRecord, now: datetime) -> bool:
        """Whether the record fulfils the condition at `now`."""
        text = value_at(record, self.name, now)
        if self.operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            return (text is not None) == (self.operator == "HAS_PROPERTY")
        if text is None:
            return self.operator == "NEQ"
        if self.operator == "IN":
            return text.lower() in self.values
        have, want = _number(self.name, text), _number(self.name, self.value)
        if have is not None and want is not None:
            return _COMPARE[self.operator](have, want)
        if self.operator in ("EQ", "NEQ"):
            return (text.lower() == str(self.value).lower()) == (self.operator == "EQ")
        raise BadSearch(f"{self.value} is not a valid value for {self.name}", "VALIDATION_ERROR")


@dataclass(frozen=True)
class Search:
    """A search as asked for: groups of filters (or-ed groups, and-ed filters), a sort, a page."""

    groups: tuple[tuple[Filter, ...], ...]
    sort: tuple[str, bool] | None
    properties: tuple[str, ...]
    limit: int
    after: int

    def apply(self, records: Sequence[CrmRecord], now: datetime) -> list[CrmRecord]:
        """Return the records found, in order; without a sort by creation."""
        hits = [
            record
            for record in records
            if not self.groups or any(all(f.holds(record, now) for f in group) for group in self.groups)
        ]
        if self.sort is None:
            return sorted(hits, key=lambda record: (record.created_at, record.id))
        name, descending = self.sort
        if name == "hs_object_id":  # ids sort as text there
            return sorted(hits, key=lambda record: str(record.id), reverse=descending)
        return sorted(hits, key=lambda record: (_sort_key(record, name, now), record.id), reverse=descending)


def parse_search(body: Json, kind: str) -> Search:
    """Read a search body; raises BadSearch where HubSpot would refuse it."""
    groups = body.get("filterGroups") or []
    if len(groups) > MAX_GROUPS or any(len(group.get("filters") or []) > MAX_FILTERS for group in groups):
        raise BadSearch("Too many filters or filter groups", "VALIDATION_ERROR")
    sorts = body.get("sorts") or []
    if len(sorts) > 1:
        raise BadSearch("Only one sort is allowed", "VALIDATION_ERROR")
    limit, after = whole_number(body.get("limit") or 10), whole_number(body.get("after") or 0)
    if limit is None or not 1 <= limit <= MAX_LIMIT:
        raise BadSearch(f"limit must be between 1 and {MAX_LIMIT}", "VALIDATION_ERROR")
    if after is None or after < 0:
        raise BadSearch("There was a problem with the request.", None)
    return Search(
        groups=tuple(tuple(_filter(item) for item in group.get("filters") or []) for group in groups),
        sort=_sort(sorts[0], kind) if sorts else None,
        properties=tuple(str(name) for name in body.get("properties") or []),
        limit=limit,
        after=after,
    )


def _filter(item: Json) -> Filter:
    operator = str(item.get("operator"))
    if operator not in _OPERATORS:
        raise BadSearch(f"Unknown operator: {operator}", "VALIDATION_ERROR")
    values = tuple(str(value).lower() for value in item.get("values") or [])
    return Filter(str(item.get("propertyName")), operator, item.get("value"), values)


def _sort(item: object, kind: str) -> tuple[str, bool]:
    if isinstance(item, str):
        return item.removeprefix("-"), item.startswith("-")
    if not isinstance(item, dict):
        raise BadSearch("Invalid sort", "VALIDATION_ERROR")
    return str(item.get("propertyName", CURSOR_PROPERTY[kind])), item.get("direction") == "DESCENDING"


def _sort_key(record: CrmRecord, name: str, now: datetime) -> tuple[bool, float, str]:
    text = value_at(record, name, now)
    number = _number(name, text) if text is not None else None
    return text is not None, number or 0.0, text or ""


def _number(name: str, value: object) -> float | None:
    """Return a property's or filter's value as a number; times as epoch milliseconds, however written."""
    text = str(value)
    try:
        return float(text)
    except ValueError:
        if name not in _TIMES and not name.endswith(("_time", "date")):
            return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
