"""`winnow pool merge` and `winnow pool split`: who is who, decided by a person."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.clock import utc_now
from pipeline.errors import UsageError
from pipeline.identity import DIFFERENT, HAND, SAME, Link, append, decided, replay
from pipeline.lock import hold
from pipeline.state import lead_changes, open_state
from pipeline.whoami import user

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from warehouse import Connection, Warehouse

TRUSTED = ("apollo:", "email:", "linkedin:")


@dataclass(frozen=True)
class Decided:
    """What was decided. stays: keys of the person that keeps what it is; other: those of the other one.

    left_lead_id, right_lead_id: the leads that both lead to at present.
    """

    kind: str
    left_lead_id: str
    right_lead_id: str
    stays: tuple[str, ...]
    other: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class _Named:
    """What somebody called by name. keys: all of the lead's, the oldest first; key: the one named, if any."""

    name: str
    lead_id: str
    keys: tuple[str, ...]
    key: str | None


def merge(config: Config, warehouse: Warehouse, left: str, right: str, reason: str) -> Decided:
    """Decide that two leads are one person; the next build acts on it. Raises UsageError, LockHeldError.

    left, right: a lead id (also a former one), an e-mail address or a person key.
    """
    with _opened(config, warehouse, "pool merge") as (engine, connection):
        one, two = (_resolve(engine, connection, name) for name in (left, right))
        parts = replay(decided(engine)).parts  # a split that no build has seen yet counts as well
        ends = [_best(named, parts) for named in (one, two)]
        if one.lead_id == two.lead_id and len({parts.get(key) for key in ends}) == 1:
            raise UsageError(f"{left} and {right} are one lead already ({one.lead_id})")
        append(engine, _links(SAME, [ends[0]], [ends[1]], reason))
    return Decided(SAME, one.lead_id, two.lead_id, one.keys, two.keys)


def split(config: Config, warehouse: Warehouse, left: str, right: str | None, reason: str) -> Decided:
    """Decide that a lead is two people: `left`, who stays, and `right`, who goes with what is nearer to them.

    With `left` alone: a lead id takes back the last link by decision in it; anything else goes by itself.
    Every key of the lead is placed on one side, so that no later record joins them again. The next build acts
    on it. Raises UsageError, LockHeldError.
    """
    with _opened(config, warehouse, "pool split") as (engine, connection):
        one = _resolve(engine, connection, left)
        two = _resolve(engine, connection, right) if right is not None else one
        if one.lead_id != two.lead_id:
            stays, goes = list(one.keys), list(two.keys)
        else:
            ends = _ends(engine, one, two if right is not None else None)
            stays, goes = _sides(connection, one.keys, *ends)
        append(engine, _links(DIFFERENT, stays, goes, reason))
    return Decided(DIFFERENT, one.lead_id, two.lead_id, tuple(stays), tuple(goes))


@contextmanager
def _opened(config: Config, warehouse: Warehouse, command: str) -> Iterator[tuple[Engine, Connection]]:
    """Open state and warehouse while no run changes who is who."""
    from pipeline.stages.build import UNFINISHED, built_state

    engine = open_state(warehouse, config.state_dir)
    try:
        with hold(engine, warehouse.target, command, command):
            if not warehouse.exists():
                raise UsageError("nothing was built yet; run `winnow run` first")
            with warehouse.connect(read_only=True) as connection:
                if built_state(connection) in (None, UNFINISHED):
                    raise UsageError("the facts are not built to the end; run `winnow build` first")
                yield engine, connection
    finally:
        engine.dispose()


def _resolve(engine: Engine, connection: Connection, name: str) -> _Named:
    key: str | None = _key(name)
    lead_id = None
    if _is_uuid(name):
        lead_id = connection.scalar(
            "select cast(lead_id as text) from intermediate.lead_keys where cast(lead_id as text) = ?",
            [name.lower()],
        )
        key = None if lead_id else _former(engine, name.lower())
    if key is not None:
        lead_id = connection.scalar(
            "select cast(lead_id as text) from intermediate.lead_keys where person_key = ?", [key]
        )
    if lead_id is None:
        raise UsageError(
            f"{name!r} is no lead id, e-mail address or person key that the last build knew;"
            " `winnow leads` lists the leads"
        )
    rows = connection.rows(
        "select person_key from intermediate.lead_keys where cast(lead_id as text) = ?"
        ' order by first_seen_at, person_key collate "C"',
        [lead_id],
    )
    return _Named(name, str(lead_id), tuple(row["person_key"] for row in rows), key)


def _key(name: str) -> str:
    """Return the person key that a name stands for: an address is normalised, anything else is one itself."""
    from ingestion.normalise import email_key

    is_address = "@" in name and not name.startswith(TRUSTED)
    return f"email:{email_key(name)}" if is_address else name


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name.lower()
    except ValueError:
        return False


def _former(engine: Engine, lead_id: str) -> str | None:
    """Return the key by which a former lead id is known, the last one where it changed more than once."""
    log = lead_changes.c
    query = sa.select(log.person_key).where(log.old_lead_id == lead_id).order_by(log.changed_at.desc())
    with engine.connect() as state:
        return state.scalars(query.limit(1)).first()


def _best(named: _Named, parts: Mapping[str, str]) -> str:
    """Return the key that stands for a lead in a link: one placed before, for its part goes along."""
    placed = [key for key in named.keys if key in parts]
    if named.key is not None and (named.key in parts or not placed):
        return named.key
    return placed[0] if placed else named.keys[0]


def _ends(engine: Engine, one: _Named, two: _Named | None) -> tuple[list[str], list[str]]:
    """Return the keys from which the two sides of one lead grow: of who stays, and of who goes."""
    if two is None and one.key is None:
        keys = set(one.keys)
        joined = [
            row
            for row in decided(engine)
            if row.kind == SAME and row.left_key in keys and row.right_key in keys
        ]
        if not joined:
            raise UsageError(
                f"nothing in lead {one.lead_id} was joined by a decision; name the address that goes:"
                " winnow pool split ADDRESS"
            )
        return [joined[-1].left_key], [joined[-1].right_key]
    leaves = two or one
    if leaves.key is None:
        raise UsageError(f"{leaves.name} is the whole lead; name the address or key that goes")
    stays = one.key if two is not None else None
    if stays == leaves.key:
        raise UsageError(f"{one.name} and {leaves.name} are the same key")
    others = [key for key in one.keys if key != leaves.key]
    trusted = [key for key in others if key.startswith(TRUSTED)]
    stays = stays or next(iter(trusted or others), None)
    if stays is None:
        raise UsageError(f"lead {one.lead_id} has no other key than {leaves.key}")
    return [stays], [leaves.key]


def _sides(
    connection: Connection, keys: Sequence[str], stays: list[str], goes: list[str]
) -> tuple[list[str], list[str]]:
    """Place every key of a lead with the end that it is nearer to, by records first, then by links."""
    rows = connection.rows(
        "select sightings.record_key, sightings.person_key, sightings.key_kind"
        " from intermediate.int_person_sightings as sightings"
        " inner join intermediate.lead_keys as lead_keys on sightings.person_key = lead_keys.person_key"
        " where lead_keys.lead_id = (select lead_id from intermediate.lead_keys where person_key = ?)",
        [keys[0]],
    )
    side = dict.fromkeys(stays, True) | dict.fromkeys(goes, False)
    for kinds in (False, True):
        records: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if kinds or row["key_kind"] != "link":
                records[row["record_key"]].append(row["person_key"])
        _grow(side, records)
    return [key for key in keys if side.get(key, True)], [key for key in keys if not side.get(key, True)]


def _grow(side: dict[str, bool], records: dict[str, list[str]]) -> None:
    """Place the keys that records connect with placed ones, step by step; who stays is asked first."""
    while True:
        found: dict[str, bool] = {}
        for members in records.values():
            sides = {side[key] for key in members if key in side}
            for key in members:
                if sides and key not in side:
                    found[key] = found.get(key, False) or True in sides
        if not found:
            return
        side |= found


def _links(kind: str, left: Sequence[str], right: Sequence[str], reason: str) -> list[Link]:
    """Return rows that name every key of both sides once at least."""
    decision, now, who = str(uuid.uuid4()), utc_now(), user()
    pairs = [(key, right[0]) for key in left] + [(left[0], key) for key in right[1:]]
    return [Link(decision, one, two, kind, HAND, now, who, reason=reason or None) for one, two in pairs]
