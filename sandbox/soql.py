"""As much of SOQL as loaders need: fields or COUNT() of one object, conditions with AND, order, limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.model import Json

_QUERY = re.compile(
    r"SELECT (?P<fields>.+?) FROM (?P<object>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<order>[\w, ]+?))?(?: LIMIT (?P<limit>\d+))?",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(\w+) (>=|<=|=|>|<) (\S+)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    "=": lambda one, other: one == other,
}


class BadQuery(Exception):
    """A query that Salesforce refuses with 400. code: its errorCode."""

    def __init__(self, code: str, message: str) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Query:
    """A query. fields: none for COUNT()."""

    name: str
    fields: tuple[str, ...]
    conditions: tuple[tuple[str, str, datetime | bool], ...]
    order: tuple[str, ...]
    limit: int | None

    def apply(self, rows: list[Json]) -> list[Json]:
        """Return the rows that it finds, with the fields asked for, in order."""
        for field, operator, wanted in self.conditions:
            if isinstance(wanted, bool):
                rows = [row for row in rows if bool(row[field]) == wanted]
                continue
            keep = _COMPARE[operator]
            rows = [row for row in rows if row[field] and keep(datetime.fromisoformat(row[field]), wanted)]
        if self.order:
            rows = sorted(rows, key=lambda row: tuple(str(row[name]) for name in self.order))
        found = [{name: row[name] for name in self.fields} for row in rows]
        return found if self.limit is None else found[: self.limit]


def parse(text: str, known: Mapping[str, Mapping[str, str]]) -> Query:
    """Read a query; known: object → field → type."""
    match = _QUERY.fullmatch(" ".join(text.split()))
    if match is None:
        raise BadQuery("MALFORMED_QUERY", f"unexpected token: {text[:40]!r}")
    name = match["object"]
    if name not in known:
        raise BadQuery("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    is_count = match["fields"].upper() == "COUNT()"
    fields = () if is_count else tuple(part.strip() for part in match["fields"].split(","))
    order = tuple(part.strip() for part in (match["order"] or "").split(",") if part.strip())
    conditions: list[tuple[str, str, datetime | bool]] = []
    for part in (match["where"] or "").split(" AND ") if match["where"] else ():
        found = _CONDITION.fullmatch(part.strip())
        if found is not None and found[2] == "=" and found[3] in ("true", "false"):
            conditions.append((found[1], found[2], found[3] == "true"))
            continue
        if found is None or not _MOMENT.fullmatch(found[3]):
            raise BadQuery("MALFORMED_QUERY", f"unexpected token: {part!r}")
        conditions.append((found[1], found[2], datetime.fromisoformat(found[3]).astimezone(UTC)))
    for field in (*fields, *order, *(field for field, _, _ in conditions)):
        if field not in known[name]:
            raise BadQuery("INVALID_FIELD", f"No such column '{field}' on sobject of type {name}")
    limit = int(match["limit"]) if match["limit"] else None
    return Query(name, fields, tuple(conditions), order, limit)
