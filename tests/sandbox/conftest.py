"""One small agency for all tests of the sandbox, and a server for it without rate limits."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import httpx
import pytest

from sandbox import Agency, Params, Server, serve, simulate
from sandbox.keys import APOLLO_KEY

SMALL = Params(leads=360, days=60, seed=11)


@pytest.fixture(scope="session")
def agency() -> Agency:
    """A small agency; nobody may change it, and nobody can."""
    return simulate(SMALL)


@pytest.fixture
def server(agency: Agency) -> Iterator[Server]:
    """A server that shows the first night's state and has no rate limits."""
    with serve(agency, as_of=agency.params.night(), speed=inf) as running:
        yield running


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


@pytest.fixture
def apollo(server: Server) -> Iterator[httpx.Client]:
    """A client of the server's Apollo."""
    with httpx.Client(base_url=f"{server.url}/apollo/api/v1", headers={"x-api-key": APOLLO_KEY}) as client:
        yield client
