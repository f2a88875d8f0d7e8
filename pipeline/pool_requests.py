"""Requests for people: what a call asked for, how far it has come, whom it brought. Kept as decisions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.clock import utc_now
from pipeline.errors import UsageError
from pipeline.state import pool_request_leads, pool_requests

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

POPULATE, LIST = "populate", "list"
"""Kinds of requests."""

OPEN, FILLED, EXHAUSTED, TIMED_OUT, FAILED = "open", "filled", "exhausted", "timed_out", "failed"
"""How a request stands: open while it is worked on, or when that was cut off."""

GOES_ON = (OPEN, TIMED_OUT)
"""Requests that another call could still fill."""


COUNTS = ("found", "new", "known", "without_email", "suppressed")
"""What the fact pool_requests shows of a request's counts."""

LOG = "ops.pool_request_log"
COLUMNS = {
    "request_id": "uuid",
    "kind": "text",
    "client": "text",
    "status": "text",
    "reason": "text",
    "contact_target": "bigint",
    "contact_ready": "bigint",
    "company_target": "bigint",
    "company_ready": "bigint",
    **{f"{name}_count": "bigint" for name in COUNTS},
    "requested_at": "timestamptz",
    "updated_at": "timestamptz",
}


@dataclass(frozen=True)
class Progress:
    """How much of what was asked for is there."""

    target: int
    ready: int

    @property
    def gap(self) -> int:
        """How many are missing."""
        return max(0, self.target - self.ready)

    @property
    def percent(self) -> int:
        """How much is there, 0 to 100, rounded down."""
        return min(100, 100 * self.ready // self.target) if self.target else 100

    def as_json(self) -> dict[str, int]:
        """Return it as JSON values."""
        return {"target": self.target, "ready": self.ready, "gap": self.gap, "percent": self.percent}

    def text(self) -> str:
        """Return it for a person, such as `45/50, gap 5`."""
        return f"{self.ready:,}/{self.target:,}" + (f", gap {self.gap:,}" if self.gap else "")


@dataclass(frozen=True)
class PoolRequest:
    """One request. companies: only of lists. counts: asked, found, new, known, without_email, suppressed.

    reason: why it ended short of its target. leads: the lead ids that it brought, and whether each is ready.
    """

    kind: str
    client: str
    target: str
    contacts: Progress
    companies: Progress | None = None
    status: str = OPEN
    reason: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    asked_at: datetime = field(default_factory=utc_now)

    @property
    def is_open(self) -> bool:
        """Say whether another call could still fill it."""
        return self.status in GOES_ON

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        values = asdict(self) | {"asked_at": self.asked_at.isoformat(), "contacts": self.contacts.as_json()}
        return values | {"companies": self.companies.as_json() if self.companies else None}

    def now(self, **changes: Any) -> PoolRequest:
        """Return it as it stands after `changes`."""
        return replace(self, **changes)


def keep(engine: Engine, request: PoolRequest, leads: Mapping[str, bool] | None = None) -> None:
    """Write a request as it stands; leads: id → whether it is ready, in place of those it has."""
    values = {
        "kind": request.kind,
        "target": request.target,
        "client": request.client,
        "status": request.status,
        "reason": request.reason,
        "asked_at": request.asked_at,
        "updated_at": utc_now(),
        "company_target": request.companies.target if request.companies else None,
        "company_ready": request.companies.ready if request.companies else None,
        "contact_target": request.contacts.target,
        "contact_ready": request.contacts.ready,
        "counts": dict(request.counts),
    }
    mine = pool_requests.c.request_id == request.request_id
    theirs = pool_request_leads.c.request_id == request.request_id
    with engine.begin() as connection:
        if connection.execute(sa.update(pool_requests).where(mine).values(values)).rowcount == 0:
            connection.execute(sa.insert(pool_requests).values(values | {"request_id": request.request_id}))
        if leads is None:
            return
        connection.execute(sa.delete(pool_request_leads).where(theirs))
        rows = [
            {"request_id": request.request_id, "lead_id": lead_id, "is_ready": is_ready}
            for lead_id, is_ready in sorted(leads.items())
        ]
        if rows:
            connection.execute(sa.insert(pool_request_leads), rows)


def find(engine: Engine, target: str, request_id: str) -> PoolRequest:
    """Return the request whose id begins with `request_id`. Raises UsageError for none, or more than one."""
    query = sa.select(pool_requests).where(
        pool_requests.c.target == target,
        pool_requests.c.request_id.startswith(request_id, autoescape=True),
    )
    with engine.connect() as connection:
        found = connection.execute(query.limit(2)).mappings().all()
    if len(found) != 1:
        raise UsageError(
            f"no single request's id begins with {request_id!r}; `winnow pool populate` and"
            " `winnow list build` say theirs"
        )
    return _request(found[0])


def open_requests(engine: Engine, target: str) -> list[PoolRequest]:
    """Return the requests that are not filled and could be, oldest first."""
    query = sa.select(pool_requests).where(
        pool_requests.c.target == target, pool_requests.c.status.in_(GOES_ON)
    )
    with engine.connect() as connection:
        found = connection.execute(query.order_by(pool_requests.c.request_number)).mappings().all()
    return [_request(row) for row in found]


def lead_ids(engine: Engine, request_id: str) -> dict[str, bool]:
    """Return the leads of a request, and whether each is ready."""
    table = pool_request_leads.c
    query = sa.select(table.lead_id, table.is_ready).where(table.request_id == request_id)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(table.lead_id)).all()
    return {row.lead_id: row.is_ready for row in rows}


def _request(row: sa.RowMapping) -> PoolRequest:
    has_companies = row["company_target"] is not None
    return PoolRequest(
        kind=row["kind"],
        client=row["client"],
        target=row["target"],
        contacts=Progress(row["contact_target"], row["contact_ready"]),
        companies=Progress(row["company_target"], row["company_ready"]) if has_companies else None,
        status=row["status"],
        reason=row["reason"],
        counts=row["counts"],
        request_id=row["request_id"],
        asked_at=row["asked_at"],
    )


def told(engine: Engine, target: str, before: datetime | None) -> list[tuple[Any, ...]]:
    """Return the requests of `target` as rows of LOG, in their order; before: asked up to then."""
    table = pool_requests.c
    query = sa.select(pool_requests).where(table.target == target).order_by(table.request_number)
    if before is not None:
        query = query.where(table.asked_at <= before)
    with engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    rows = []
    for row in found:
        counts = {f"{name}_count": row["counts"].get(name) for name in COUNTS}
        values = {**row, **counts, "requested_at": row["asked_at"]}
        rows.append(tuple(values[name] for name in COLUMNS))
    return rows
