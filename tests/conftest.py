"""Engines for tests: DuckDB files and one real PostgreSQL, started from its wheel and shared by a session."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.postgres import create_database, drop_database, postgres_server, profile_yaml
from tests.parsed_once import parsed_once
from warehouse import Warehouse, open_warehouse

ENGINES = ("duckdb", "postgres")

NewProfile = Callable[[str, Path], Path]


@pytest.fixture(scope="session", autouse=True)
def _one_parse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    workers = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with parsed_once(workers / "parsed"):
        yield


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a superuser connection: WINNOW_TEST_POSTGRES_URL, else a server of our own."""
    given = os.environ.get("WINNOW_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with postgres_server(tmp_path_factory.mktemp("pg"), is_kept=False) as url:
        yield url


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Iterator[Callable[[], dict[str, str]]]:
    """Make an empty database owned by a role that is no superuser.

    All are dropped at the end, one by one and slowly, unless the whole server goes.
    """
    with ExitStack() as stack:

        def create() -> dict[str, str]:
            name = f"winnow_{uuid.uuid4().hex[:12]}"
            if "WINNOW_TEST_POSTGRES_URL" in os.environ:
                stack.callback(drop_database, postgres_url, name)
            return create_database(postgres_url, name)

        yield create


@pytest.fixture(scope="session")
def new_profile(request: pytest.FixtureRequest) -> NewProfile:
    """Write a profiles.yml for an empty warehouse of an engine into a folder."""

    def write(engine: str, folder: Path) -> Path:
        if engine == "duckdb":
            settings = {"path": str(folder / "warehouse.duckdb"), "schema": "main"}
        else:
            settings = {"schema": "public", **request.getfixturevalue("new_database")()}
        (folder / "profiles.yml").write_text(profile_yaml(engine, settings))
        return folder

    return write


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Run the test once an engine."""
    return str(request.param)


@pytest.fixture
def profiles_dir(engine: str, tmp_path: Path, new_profile: NewProfile) -> Path:
    """A folder with a profiles.yml whose only target is the engine."""
    return new_profile(engine, tmp_path)


@pytest.fixture
def warehouse(profiles_dir: Path) -> Warehouse:
    """An empty warehouse of the engine under test."""
    return open_warehouse(profiles_dir)
