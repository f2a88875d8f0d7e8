"""Keys are tried at the sandbox: what works, what is refused, what cannot be said now."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.http import ProviderClient
from ingestion.probes import PROBES, Verdict, probe
from ingestion.sources import PROVIDERS, provider
from pipeline.config import Config
from sandbox import Agency, Fault, Params, Server, simulate
from sandbox.keys import APOLLO_SCOPED_KEY
from sandbox.profiles import PROFILES
from tests.ingestion.conftest import served

FIRST, SECOND = PROFILES[0].id, PROFILES[1].id
World = tuple[Server, Config]


@pytest.fixture(scope="module")
def agency() -> Agency:
    """Every provider has an account."""
    senders = ((FIRST, "instantly"), (SECOND, "salesforge"))
    crms = ((FIRST, "pipedrive"), (SECOND, "salesforce"))
    return simulate(Params(leads=40, days=15, clients=3, senders=senders, crms=crms))


@pytest.fixture(scope="module")
def world(agency: Agency, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with served(agency, tmp_path_factory.mktemp("probes")) as found:
        yield found


def tried(config: Config, source: str, key: str | None = None) -> Verdict:
    account = config.sources.accounts(source)[0]
    with provider(source).connect(account, key or os.environ[account.api_key_env]) as client:
        client.attempts = 1
        return probe(source, client)


@pytest.mark.parametrize("source", PROVIDERS)
def test_a_key_that_may_do_everything_costs_nothing_to_try(source: str, world: World) -> None:
    server, config = world
    verdict = tried(config, source)
    assert verdict.level == "ok", verdict.text
    assert all(item.what in verdict.text for item in PROBES[source]())
    assert sum(server.credits.values()) == 0


@pytest.mark.parametrize("source", PROVIDERS)
def test_a_key_that_is_refused(source: str, world: World) -> None:
    verdict = tried(world[1], source, "no-such-key")
    assert verdict.level == "error"
    assert "HTTP 401" in verdict.text
    assert "no-such-key" not in verdict.text


def test_a_key_that_may_do_a_part(world: World) -> None:
    verdict = tried(world[1], "apollo", APOLLO_SCOPED_KEY)
    assert verdict.level == "warning"
    assert "does not work for search" in verdict.text


def test_a_key_that_may_do_nothing(agency: Agency, tmp_path: Path) -> None:
    with served(agency, tmp_path, faults=[Fault("hubspot", status=402)]) as (_, config):
        verdict = tried(config, "hubspot")
    assert verdict.level == "error"
    assert "HTTP 402" in verdict.text


def test_a_provider_that_is_down_says_nothing_about_the_key(agency: Agency, tmp_path: Path) -> None:
    with served(agency, tmp_path, faults=[Fault("hubspot", status=503)]) as (server, config):
        verdict = tried(config, "hubspot")
        assert sum(server.requests.values()) == 1
    assert verdict.level == "warning"
    assert "could not be checked now" in verdict.text
    with ProviderClient("hubspot account gone", "http://127.0.0.1:1", secret="k") as client:
        client.attempts = 1
        assert "cannot connect" in probe("hubspot", client).text
