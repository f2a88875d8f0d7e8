"""A server with roles of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from pipeline.grants import grant, revoke
from tests.conftest import NewProfile
from tests.warehouse.client_world import Role, Secrets, connected
from warehouse import open_warehouse
from warehouse.patience import Patience
from warehouse.postgres import PostgresWarehouse
from warehouse.row_security import quoted

PASSWORD = "reader"
ATTRIBUTES = "login nosuperuser nocreaterole"


class Server:
    """A published world on a server, with roles of the test's own."""

    def __init__(self, world: Secrets, superuser: Callable[[str], None]) -> None:
        self.world = world
        self.superuser = superuser
        self.roles: dict[str, str] = {}

    @property
    def address(self) -> dict[str, str]:
        assert isinstance(self.world.warehouse, PostgresWarehouse)
        settings = self.world.warehouse._settings()
        return {key: str(value) for key, value in settings.items()}

    def role(self, name: str, attributes: str = ATTRIBUTES) -> str:
        """Create a role, as the owner does; roles are the whole server's, so that its name gets a suffix."""
        full = f"{name} {uuid.uuid4().hex[:8]}"
        self.superuser(f"create role {quoted(full)} {attributes} password '{PASSWORD}'")
        self.roles[name] = full
        return full

    def grant(self, client: str | None, role: str) -> list[str]:
        return grant(self.world.config, self.world.warehouse, client, role)

    def revoke(self, client: str | None, role: str) -> None:
        revoke(self.world.config, self.world.warehouse, client, role)

    def as_role(self, role: str) -> AbstractContextManager[Role]:
        return connected(self.address, role, PASSWORD)

    def owners_seen(self, role: str) -> set[str]:
        with self.as_role(role) as reader:
            return reader.walk().owners


@contextmanager
def serving(world: Secrets, postgres_url: str) -> Iterator[Server]:
    """Let a test make roles; they and their grants are gone after it."""
    with ExitStack() as stack:
        database = Server(world, lambda sql: None).address["dbname"]
        raw = stack.enter_context(closing(psycopg2.connect(postgres_url, dbname=database)))
        raw.autocommit = True
        cursor = stack.enter_context(raw.cursor())
        made = Server(world, cursor.execute)
        yield made
        for role in made.roles.values():
            drop = f"drop owned by {quoted(role)} cascade"
            Patience(3, 0.1).attempt(partial(cursor.execute, drop))
            cursor.execute(f"drop role {quoted(role)}")
        cursor.execute("drop table if exists ops.grants")


def published_world(new_profile: NewProfile, folder: Path) -> Secrets:
    """Three clients' rows, published once in a database of PostgreSQL."""
    world = Secrets(open_warehouse(new_profile("postgres", folder)), folder)
    world.fill()
    assert world.publish() == ()
    return world


@pytest.fixture
def server(postgres_url: str, new_profile: NewProfile, tmp_path: Path) -> Iterator[Server]:
    """A published world with a database of its own, for what changes it."""
    with serving(published_world(new_profile, tmp_path), postgres_url) as made:
        yield made


@pytest.fixture(scope="module")
def one_world(new_profile: NewProfile, tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """A published world for all tests of a module: a database takes longer to make than most tests."""
    return published_world(new_profile, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def shared(one_world: Secrets, postgres_url: str) -> Iterator[Server]:
    """The module's world as it was first published; what a test does to it beside granting, it takes back."""
    one_world.publish()
    with serving(one_world, postgres_url) as made:
        yield made


def catalog(world: Secrets) -> list[dict[str, Any]]:
    """Everything that decides who reads what, with the versions of its rows."""
    with world.warehouse.connect() as connection:
        return [
            row
            for sql in (
                "select oid, cast(xmin as text), relname, cast(relacl as text), relrowsecurity from pg_class"
                " where relnamespace = to_regnamespace('analytics') and relkind = 'r'"
                " and relname <> 'publication' order by 1",
                "select oid, cast(xmin as text), polname, polrelid from pg_policy order by 1",
                "select oid, cast(xmin as text), cast(nspacl as text) from pg_namespace order by 1",
            )
            for row in connection.rows(sql)
        ]
