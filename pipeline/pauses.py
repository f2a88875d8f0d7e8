"""`winnow pause` and `winnow resume`: what a person took out of the nightly loads, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ingestion.pauses import BY_CAMPAIGN, Pauses
from pipeline.clock import utc_now
from pipeline.errors import UsageError
from pipeline.state import open_state, pauses
from pipeline.whoami import user
from warehouse import WarehouseError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from warehouse import Warehouse

PAUSED = "ops.paused"
PAUSED_COLUMNS = {"kind": "text", "name": "text"}
KINDS = ("source", "account", "client", "campaign")
Row = dict[str, Any]


def current(engine: Engine, at: datetime, *, was: bool = False) -> list[Row]:
    """Return the pauses that hold at a moment, oldest first; was: what held then, though resumed since."""
    query = sa.select(pauses).where(sa.or_(pauses.c.until.is_(None), pauses.c.until > at))
    stands = pauses.c.resumed_at.is_(None)
    if was:
        query = query.where(pauses.c.paused_at <= at, sa.or_(stands, pauses.c.resumed_at > at))
    else:
        query = query.where(stands)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query.order_by(pauses.c.pause_number)).mappings()]


def of_load(engine: Engine, at: datetime, *, was: bool = False) -> Pauses:
    """Return what a load at that moment leaves out; was: see `current`."""
    rows = current(engine, at, was=was)
    found = {kind: {row["name"]: until(row) for row in rows if row["kind"] == kind} for kind in KINDS}
    return Pauses(found["source"], found["account"], found["client"], found["campaign"])


def of_night(engine: Engine, config: Config, at: datetime, *, was: bool = False) -> list[tuple[Any, ...]]:
    """Return rows of PAUSED: the kind and name of every account, client and campaign paused at a moment.

    A paused source is its accounts; an account all of whose clients are paused is paused, too. was: what held
    then, for a night that is past; otherwise what nobody has resumed since.
    """
    paused = of_load(engine, at, was=was)
    accounts = [
        f"{source}/{account.name}"
        for source in config.configured_sources()
        for account in config.sources.accounts(source)
        if paused.of_account(source, account)
    ]
    named = {"account": accounts, "client": paused.clients, "campaign": paused.campaigns}
    return [(kind, name) for kind, names in named.items() for name in sorted(names)]


def until(row: Row) -> str:
    """Say how long a pause lasts."""
    moment: datetime | None = row["until"]
    return f"until {moment:%Y-%m-%d %H:%M} UTC" if moment else "until `winnow resume`"


def pause(config: Config, warehouse: Warehouse, what: str, end: datetime | None) -> Row:
    """Pause a source, an account, a client or a campaign; raises UsageError for what is none of them.

    One that is paused already gets the new end. end: None lasts until it is resumed.
    """
    kind, name = resolve(config, warehouse, what)
    now = utc_now()
    if end is not None and end <= now:
        raise UsageError(f"--until {end:%Y-%m-%dT%H:%M} has passed already")
    row: Row = {"kind": kind, "name": name, "until": end, "paused_at": now, "paused_by": user()}
    engine = open_state(warehouse, config.state_dir)
    try:
        with engine.begin() as connection:
            connection.execute(_ended(kind, name, now))
            connection.execute(sa.insert(pauses).values(row))
    finally:
        engine.dispose()
    return row


def resume(config: Config, warehouse: Warehouse, what: str) -> Row:
    """End a pause; raises UsageError where there is none."""
    engine = open_state(warehouse, config.state_dir)
    now = utc_now()
    try:
        rows = current(engine, now)
        found = [row for row in rows if what in (row["name"], row["name"].rpartition("/")[2])]
        if not found:
            found = [row for row in rows if row["name"] == _name(config, warehouse, what)]
        if len(found) != 1:
            names = ", ".join(row["name"] for row in rows) or "nothing"
            raise UsageError(f"no single pause of {what!r} (paused: {names})")
        with engine.begin() as connection:
            connection.execute(_ended(found[0]["kind"], found[0]["name"], now))
    finally:
        engine.dispose()
    return found[0]


def listed(config: Config, warehouse: Warehouse) -> list[Row]:
    """Return the pauses that hold now."""
    engine = open_state(warehouse, config.state_dir)
    try:
        return current(engine, utc_now())
    finally:
        engine.dispose()


def resolve(config: Config, warehouse: Warehouse, what: str) -> tuple[str, str]:
    """Return the kind and the full name of what a person calls `what`."""
    sources = config.configured_sources()
    names = {
        "source": list(sources),
        "account": [f"{source}/{one.name}" for source in sources for one in config.sources.accounts(source)],
        "client": [client.id for client in config.clients],
    }
    for kind, known in names.items():
        if what in known:
            return kind, what
    found = _campaigns(config, warehouse, what)
    if len(found) == 1:
        source, name = found[0]
        if source not in BY_CAMPAIGN:
            raise UsageError(
                f"{source} lists what all campaigns of an account did at once, so one cannot be left out;"
                f" pause {name.rpartition('/')[0]}"
            )
        return "campaign", name
    if found:
        meant = ", ".join(name for _, name in found)
        raise UsageError(f"{what!r} is more than one campaign: {meant}; give one of these")
    every = ", ".join(name for known in names.values() for name in known)
    raise UsageError(f"{what!r} is no published campaign and none of {every}")


def _name(config: Config, warehouse: Warehouse, what: str) -> str | None:
    try:
        return resolve(config, warehouse, what)[1]
    except UsageError:
        return None


def _campaigns(config: Config, warehouse: Warehouse, what: str) -> list[tuple[str, str]]:
    """Return source and full name of the published campaigns with this id, provider's id or name."""
    try:
        with warehouse.published(config.state_dir) as connection:
            rows = connection.rows(
                "select source, source || '/' || account || '/' || source_id as full_name"
                " from analytics.campaigns"
                " where ? in (cast(campaign_id as varchar), source_id, name,"
                " source || '/' || account || '/' || source_id) order by 2",
                [what],
            )
    except WarehouseError:
        return []
    return [(row["source"], row["full_name"]) for row in rows]


def _ended(kind: str, name: str, now: datetime) -> sa.Update:
    mine = sa.and_(pauses.c.kind == kind, pauses.c.name == name, pauses.c.resumed_at.is_(None))
    return sa.update(pauses).where(mine).values(resumed_at=now, resumed_by=user())
