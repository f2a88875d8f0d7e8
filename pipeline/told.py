"""Decisions that the models read as sources: written to schema `ops` of the warehouse before a build."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline import client_versions, pauses, pool_requests

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from warehouse import Connection

COLUMNS = {
    client_versions.CLIENT_LOG: client_versions.CLIENT_COLUMNS,
    client_versions.ICP_LOG: client_versions.ICP_COLUMNS,
    pool_requests.LOG: pool_requests.COLUMNS,
    pauses.PAUSED: pauses.PAUSED_COLUMNS,
}

Tables = dict[str, list[tuple[Any, ...]]]
"""Rows by table, each in the order of its columns."""


def read(engine: Engine, config: Config, target: str, at: datetime, *, was: bool = False) -> Tables:
    """Return what was decided, for a run at a moment; was: one that is past, which knew nothing later."""
    before = at if was else None
    return {
        client_versions.CLIENT_LOG: client_versions.clients_told(engine, before),
        client_versions.ICP_LOG: client_versions.icps_told(engine, before),
        pool_requests.LOG: pool_requests.told(engine, target, before),
        pauses.PAUSED: pauses.of_night(engine, config, at, was=was),
    }


def held(connection: Connection) -> Tables:
    """Return what the last build was told; more may have been decided since."""
    return {
        table: [tuple(row.values()) for row in connection.rows(f"select {', '.join(columns)} from {table}")]
        for table, columns in COLUMNS.items()
        if connection.table_exists(table)
    }


def write(connection: Connection, tables: Tables) -> None:
    """Tell dbt."""
    with connection.transaction():
        for table, columns in COLUMNS.items():
            connection.replace(table, columns, tables.get(table, []))
