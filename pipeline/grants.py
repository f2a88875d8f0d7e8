"""Grants: which role of the server reads for which client; recorded, and applied in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.clock import utc_now
from pipeline.errors import RunError, UsageError
from pipeline.whoami import user
from warehouse.patience import Patience

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Connection, Warehouse

LOCK_TIMEOUT = "15s"

Row = dict[str, Any]


def grant(config: Config, warehouse: Warehouse, client: str | None, role: str) -> list[str]:
    """Let `role` read the published rows of `client`, of all tables when None; return the tables.

    Granting again changes nothing. Raises ConfigError for an unknown client, UsageError for a role that does
    not exist, that policies do not bind or that may do more than it is granted.
    """
    if client is not None:
        config.client(client)
    return _patience(config).attempt(lambda: _grant(config, warehouse, client, role))


def _grant(config: Config, warehouse: Warehouse, client: str | None, role: str) -> list[str]:
    from warehouse import reader_audit, row_security
    from warehouse.publication import GRANTS

    with _server(config, warehouse) as connection:
        if missing := reader_audit.missing(connection, role):
            raise UsageError(missing)
        tables = row_security.published(connection)
        if client is not None:
            tables = [table for table in tables if table.visible]
            _require_published(connection, client)
        if not _active(connection, client, role):
            connection.execute(
                f"insert into {GRANTS} (client, role, granted_at, granted_by) values (?, ?, ?, ?)",
                [client, role, utc_now(), user()],
            )
        row_security.apply(connection)
        _close_public(connection)
        if excess := _problems(connection, role):
            raise UsageError(*(f"{line}; nothing was granted" for line in excess[:3]))
    return [table.name for table in tables]


def revoke(config: Config, warehouse: Warehouse, client: str | None, role: str) -> None:
    """Take the grant back. Raises UsageError when there is none; the client may be gone from winnow.yml."""
    _patience(config).attempt(lambda: _revoke(config, warehouse, client, role))


def _revoke(config: Config, warehouse: Warehouse, client: str | None, role: str) -> None:
    from warehouse import row_security
    from warehouse.publication import GRANTS

    with _server(config, warehouse) as connection:
        if not _active(connection, client, role):
            raise UsageError(f"role {role} has no such grant; `winnow grant --list` shows which there are")
        connection.execute(
            f"update {GRANTS} set revoked_at = ?, revoked_by = ? where role = ? and {_of(client)}"
            " and revoked_at is null",
            [utc_now(), user(), role, *([client] if client is not None else [])],
        )
        exists = connection.scalar("select count(*) from pg_roles where rolname = ?", [role])
        row_security.apply(connection, also=[role] if exists else [])


def listed(config: Config, warehouse: Warehouse) -> list[Row]:
    """Return the grants that stand: client (None for all), role, granted_at, granted_by and a problem."""
    from warehouse import reader_audit
    from warehouse.publication import GRANTS

    with _server(config, warehouse) as connection:
        rows = connection.rows(
            f"select client, role, granted_at, granted_by from {GRANTS} where revoked_at is null"
            " order by role, client"
        )
        problems = {role: reader_audit.problems(connection, role) for role in {row["role"] for row in rows}}
    return [row | {"problem": next(iter(problems[row["role"]]), None)} for row in rows]


def _patience(config: Config) -> Patience:
    """Try again after a deadlock: autovacuum analyses what a publish has just written."""
    return Patience(config.run.retries, config.run.retry_wait_seconds)


@contextmanager
def _server(config: Config, warehouse: Warehouse) -> Iterator[Connection]:
    """Open a transaction that waits for a publish under way, but not for long."""
    import psycopg2.errors

    from pipeline.state import open_state
    from warehouse import row_security
    from warehouse.publication import CLIENT_COLUMNS

    if warehouse.name != "postgres":
        raise UsageError(
            f"{warehouse.where()} has no roles; `winnow publish --client CLIENT` writes a client's file"
        )
    open_state(warehouse, config.state_dir).dispose()
    with warehouse.connect() as connection:
        if not connection.table_exists(CLIENT_COLUMNS):
            raise RunError(f"nothing is published yet in {warehouse.where()}; run `winnow publish` first")
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                row_security.lock(connection)
                yield connection
        except psycopg2.errors.LockNotAvailable as error:
            raise RunError(
                f"schema analytics is being published or read for longer than {LOCK_TIMEOUT}; try again"
            ) from error


def _require_published(connection: Connection, client: str) -> None:
    if not connection.scalar("select count(*) from analytics.clients where client = ?", [client]):
        raise RunError(f"nothing is published of client {client} yet; run `winnow run` first")


def _active(connection: Connection, client: str | None, role: str) -> bool:
    from warehouse.publication import GRANTS

    found = connection.scalar(
        f"select count(*) from {GRANTS} where role = ? and {_of(client)} and revoked_at is null",
        [role, *([client] if client is not None else [])],
    )
    return bool(found)


def _of(client: str | None) -> str:
    return "client is null" if client is None else "client = ?"


def _close_public(connection: Connection) -> None:
    """Take from everybody what older servers give: to create in schema public."""
    connection.execute(
        "do $$ begin if exists (select 1 from pg_namespace n where n.nspname = 'public'"
        " and has_schema_privilege('public', n.oid, 'create')"
        " and pg_has_role(current_user, n.nspowner, 'usage'))"
        " then revoke create on schema public from public; end if; end $$"
    )


def _problems(connection: Connection, role: str) -> list[str]:
    """Return what any reader may do beyond its grants after this one; `role` first."""
    from warehouse import reader_audit
    from warehouse.publication import GRANTS

    others = connection.rows(
        f"select distinct g.role from {GRANTS} g join pg_roles r on r.rolname = g.role"
        " where g.revoked_at is null and g.role <> ? and pg_has_role(g.role, ?, 'member') order by 1",
        [role, role],
    )
    lines = reader_audit.problems(connection, role)
    for row in others:
        lines += reader_audit.problems(connection, row["role"])
    return lines
