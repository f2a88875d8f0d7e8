"""What is paused is left out of loads, said, and caught up with afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from ingestion.pauses import Pauses
from pipeline import pauses, told
from pipeline.accounts import Account
from pipeline.clock import utc_now
from pipeline.config import Config
from pipeline.state import pauses as table
from sandbox import Agency, Params, Server, simulate
from tests.conftest import NewProfile
from tests.ingestion.conftest import rows, served
from tests.winnow import winnow
from warehouse import Warehouse, open_warehouse

World = tuple[Path, Server, Config]
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def test_a_pause_lasts_until_its_end_or_until_it_is_resumed(state: Engine) -> None:
    now = utc_now()
    row = {"kind": "source", "paused_at": now, "paused_by": "somebody"}
    with state.begin() as connection:
        for name, until, resumed in (
            ("hubspot", None, None),
            ("apollo", now + timedelta(days=1), None),
            ("smartlead", None, now),
        ):
            connection.execute(
                table.insert().values({**row, "name": name, "until": until, "resumed_at": resumed})
            )
    assert set(pauses.of_load(state, now).sources) == {"hubspot", "apollo"}
    assert set(pauses.of_load(state, now + timedelta(days=2)).sources) == {"hubspot"}


def test_dbt_is_told_what_is_paused_and_a_past_night_what_was(state: Engine, warehouse: Warehouse) -> None:
    """Paused sources are their accounts; whose clients all pause does too."""
    config = Config.model_validate(
        {
            "agency": {"name": "Test", "time_zone": "UTC"},
            "clients": [{"id": "acme", "name": "Acme"}, {"id": "beta", "name": "Beta"}],
            "sources": {
                "hubspot": {
                    "accounts": [
                        {"name": "crm", "api_key_env": "K", "client": "acme"},
                        {"name": "other", "api_key_env": "K", "client": "beta"},
                    ]
                },
                "smartlead": {"accounts": [{"name": "main", "api_key_env": "K", "client": "acme"}]},
            },
        }
    )
    day = datetime(2026, 3, 1, tzinfo=UTC)
    with state.begin() as connection:
        for number, kind, name, until, resumed in (
            (0, "source", "hubspot", None, 10),
            (1, "client", "acme", 5, None),
            (8, "campaign", "smartlead/main/7", None, None),
        ):
            row = {"kind": kind, "name": name, "paused_at": day + timedelta(days=number), "paused_by": "me"}
            row |= {"until": until and day + timedelta(days=until)}
            row |= {"resumed_at": resumed and day + timedelta(days=resumed)}
            connection.execute(table.insert().values(row))

    def at(number: int, *, was: bool) -> list[str]:
        found = pauses.of_night(state, config, day + timedelta(days=number), was=was)
        return [" ".join(row) for row in found]

    both = ["account hubspot/crm", "account hubspot/other"]
    assert at(0, was=True) == both
    assert at(4, was=True) == [*both, "account smartlead/main", "client acme"]
    assert at(9, was=True) == [*both, "campaign smartlead/main/7"]
    assert at(10, was=True) == ["campaign smartlead/main/7"]
    assert at(4, was=False) == [
        "account hubspot/crm",
        "account smartlead/main",
        "client acme",
        "campaign smartlead/main/7",
    ]
    with warehouse.connect() as connection:
        told.write(connection, {pauses.PAUSED: [("client", "acme")]})
        assert told.held(connection)[pauses.PAUSED] == [("client", "acme")]
    assert at(0, was=True) == both, "on PostgreSQL decisions stand in schema ops, too"


ACME = Account(
    name="main", api_key_env="K", client="acme", campaigns={"7": "rival"}, provider_clients={"9": "beta"}
)


@pytest.mark.parametrize(
    ("paused", "is_paused"),
    [
        ({"sources": {"smartlead": "for ever"}}, True),
        ({"sources": {"hubspot": "for ever"}}, False),
        ({"accounts": {"smartlead/main": "for ever"}}, True),
        ({"accounts": {"smartlead/other": "for ever"}}, False),
        ({"clients": dict.fromkeys(("acme", "rival", "beta"), "for ever")}, True),
        ({"clients": {"acme": "for ever"}}, False),
    ],
)
def test_which_accounts_pause(paused: dict[str, dict[str, str]], is_paused: bool) -> None:
    assert bool(Pauses(**paused).of_account("smartlead", ACME)) is is_paused


@pytest.mark.parametrize(
    ("campaign", "provider_client", "is_paused"),
    [("1", None, False), ("2", None, True), ("7", None, True), ("7", 9, True), ("3", 9, False)],
)
def test_which_campaigns_pause(campaign: str, provider_client: object, is_paused: bool) -> None:
    found = Pauses(clients={"rival": "for ever"}, campaigns={"smartlead/main/2": "for ever"})
    assert found.of_campaign("smartlead", ACME, campaign, provider_client) is is_paused


def test_a_client_in_an_account_of_many_goes_on_and_that_is_said() -> None:
    found = Pauses(clients={"rival": "for ever"})
    assert found.still_loaded("smartlead", ACME) is None
    line = found.still_loaded("instantly", ACME)
    assert line == "instantly/main is loaded for its other clients, rival included"


@pytest.fixture(scope="module")
def simulated() -> Agency:
    return simulate(Params(leads=40, days=20, clients=2))


@pytest.fixture
def world(simulated: Agency, tmp_path: Path, new_profile: NewProfile) -> Iterator[World]:
    with served(simulated, tmp_path) as (server, config):
        new_profile("duckdb", tmp_path)
        yield tmp_path, server, config


def asked(server: Server, provider: str) -> int:
    return sum(count for (name, _, _), count in server.requests.items() if name == provider)


def test_pausing_and_catching_up(world: World, simulated: Agency) -> None:
    folder, server, config = world
    night = simulated.params.night().isoformat()
    client = config.clients[0].id
    warehouse = open_warehouse(folder)

    assert "nothing is paused" in winnow(folder, "pause").stdout
    winnow(folder, "pause", "hubspot", "--until", LATER.isoformat())
    winnow(folder, "pause", client)
    shown = winnow(folder, "load", "--at", night).stdout
    assert asked(server, "hubspot") == 0
    assert "note: hubspot is paused until 2100-01-01 00:00 UTC" in shown
    assert client not in {row[0] for row in rows(warehouse, "select client from raw_apollo.people_search")}
    assert "paused: hubspot until 2100-01-01" in winnow(folder, "status").stdout

    winnow(folder, "resume", "hubspot")
    winnow(folder, "resume", client)
    assert (
        "no single pause of 'hubspot' (paused: nothing)" in winnow(folder, "resume", "hubspot", code=2).stderr
    )
    winnow(folder, "load", "--at", night)
    assert asked(server, "hubspot") > 0
    assert client in {row[0] for row in rows(warehouse, "select client from raw_apollo.people_search")}


def test_what_cannot_be_paused(world: World) -> None:
    folder = world[0]
    assert (
        "'nothing' is no published campaign and none of apollo"
        in winnow(folder, "pause", "nothing", code=2).stderr
    )
    line = winnow(folder, "pause", "hubspot", "--until", "2026-01-01", code=2).stderr
    assert "--until 2026-01-01T00:00 has passed already" in line
