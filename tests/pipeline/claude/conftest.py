"""The sandbox's Claude for tests; most of them on DuckDB, since the engines differ in nothing here."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import pytest
from sqlalchemy.engine import Engine

from sandbox import Agency, ClaudeBehaviour, Params, Server, serve, simulate
from tests.pipeline.claude.world import World, answers
from warehouse import Warehouse


@pytest.fixture(params=["duckdb"])
def engine(request: pytest.FixtureRequest) -> str:
    """DuckDB; a test that is for both says so."""
    return str(request.param)


@pytest.fixture(scope="session")
def agency() -> Agency:
    """Somebody has to be simulated; nobody looks at them."""
    return simulate(Params(leads=40, days=20))


@pytest.fixture
def server(agency: Agency) -> Iterator[Server]:
    """A sandbox whose Claude is interested in everything and ends a batch at the first look."""
    with serve(agency, as_of=agency.params.night(), speed=inf) as running:
        running.claude.behaviour = ClaudeBehaviour(polls_until_ended=0, reader=answers)
        yield running


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own key is ever used."""
    for name in ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def world(warehouse: Warehouse, state: Engine, server: Server) -> World:
    """Nothing came in yet."""
    return World(warehouse, state, server)
