"""What winnow.yml said of each client, and since when: a version a change, kept as decisions."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.state import client_versions

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Client, Config, Icp

CLIENT, ICP = "client", "icp"
"""Kinds of versions: of the client itself, and of its ideal customer profile."""

LISTS = ("industries", "countries", "titles", "seniorities", "technologies", "keywords")

CLIENT_LOG = "ops.client_log"
CLIENT_COLUMNS = {"client": "text", "first_loaded_at": "timestamptz", "updated_at": "timestamptz"}
ICP_LOG = "ops.client_icp_log"
ICP_COLUMNS = {
    "client": "text",
    "version": "integer",
    **dict.fromkeys(LISTS, "text"),
    "employees_min": "integer",
    "employees_max": "integer",
    "valid_from": "timestamptz",
    "valid_to": "timestamptz",
}


def keep(engine: Engine, config: Config, run_at: datetime) -> int:
    """Append a version of whatever winnow.yml says differently than before; return how many are new.

    A version never begins before the one that it ends, however the clock was set.
    """
    said = {(client.id, CLIENT): _client(client) for client in config.clients}
    said |= {(client.id, ICP): _icp(client.icp) for client in config.clients if client.icp}
    with engine.begin() as connection:
        latest = {(row.client, row.kind): row for row in _ordered(connection)}
        new = [
            _next(name, said.get(name), latest.get(name), run_at)
            for name in sorted(said.keys() | latest.keys())
            if said.get(name) != (latest[name].content if name in latest else None)
        ]
        if new:
            connection.execute(sa.insert(client_versions), new)
    return len(new)


def clients_told(engine: Engine, before: datetime | None) -> list[tuple[Any, ...]]:
    """Return rows of CLIENT_LOG: when each client was first listed, and when its last version came."""
    found = _by_client(engine, CLIENT, before)
    return [(client, rows[0].valid_from, rows[-1].valid_from) for client, rows in sorted(found.items())]


def icps_told(engine: Engine, before: datetime | None) -> list[tuple[Any, ...]]:
    """Return rows of ICP_LOG: every version of every profile, the present one without an end."""
    told = []
    for client, rows in sorted(_by_client(engine, ICP, before).items()):
        ends = [row.valid_from for row in rows[1:]] + [None]
        for row, valid_to in zip(rows, ends, strict=True):
            if row.content is None:
                continue
            lists = [json.dumps(row.content[name], ensure_ascii=False) for name in LISTS]
            sizes = (row.content["employees_min"], row.content["employees_max"])
            told.append((client, row.version, *lists, *sizes, row.valid_from, valid_to))
    return told


def _ordered(connection: sa.Connection) -> list[Any]:
    return list(connection.execute(sa.select(client_versions).order_by(client_versions.c.version_number)))


def _by_client(engine: Engine, kind: str, before: datetime | None) -> dict[str, list[Any]]:
    found = defaultdict(list)
    with engine.connect() as connection:
        for row in _ordered(connection):
            if row.kind == kind and (before is None or row.valid_from <= before):
                found[row.client].append(row)
    return found


def _next(name: tuple[str, str], content: Any, last: Any, run_at: datetime) -> dict[str, Any]:
    client, kind = name
    return {
        "client": client,
        "kind": kind,
        "version": last.version + 1 if last else 1,
        "content": content,
        "valid_from": max(run_at, last.valid_from) if last else run_at,
    }


def _client(client: Client) -> dict[str, Any]:
    return {"name": client.name, "time_zone": client.time_zone}


def _icp(icp: Icp) -> dict[str, Any]:
    """Return a profile in one written form: its lists in lower case and in order, since both mean nothing."""
    lists = {name: sorted({value.strip().lower() for value in getattr(icp, name)}) for name in LISTS}
    sizes = icp.employees
    return {
        **lists,
        "employees_min": sizes.min if sizes else None,
        "employees_max": sizes.max if sizes else None,
    }
