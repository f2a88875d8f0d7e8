"""The server itself: time that passes, faults to order, limits, the command and the configuration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from math import inf
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sandbox import Agency, Fault, Params, Server, config_yaml, environment, serve, simulate
from sandbox.__main__ import main
from sandbox.keys import APOLLO_KEY, hubspot_key, smartlead_key
from sandbox.limits import FixedWindows, Limit, RollingWindows

OWNERS = "/hubspot/crm/v3/owners"


def owners(server: Server, client: str = "nordwind") -> int:
    headers = {"Authorization": f"Bearer {hubspot_key(client)}"}
    return httpx.get(f"{server.url}{OWNERS}", headers=headers).status_code


def test_requests_are_counted(server: Server) -> None:
    owners(server)
    owners(server)
    httpx.get(f"{server.url}{OWNERS}")
    assert server.requests == {("hubspot", "crm/v3/owners", 200): 2, ("hubspot", "", 401): 1}


def test_another_path_is_nobodys(server: Server) -> None:
    assert httpx.get(f"{server.url}/salesforce").status_code == 404


def test_time_passes_when_it_is_set(server: Server, agency: Agency) -> None:
    assert server.as_of == agency.params.night()
    server.as_of = agency.params.start
    params = {"api_key": smartlead_key("agency")}
    campaign = agency.campaigns[0].id
    answer = httpx.get(f"{server.url}/smartlead/api/v1/campaigns/{campaign}/statistics", params=params)
    assert answer.json()["total_stats"] == "0"


def test_an_account_can_be_out(agency: Agency) -> None:
    fault = Fault("hubspot", key=hubspot_key("nordwind"), status=502)
    with serve(agency, as_of=agency.params.night(), speed=inf, faults=[fault]) as server:
        assert [owners(server), owners(server, "harbour"), owners(server)] == [502, 200, 502]


def test_faults_can_come_late_and_pass(agency: Agency) -> None:
    fault = Fault("hubspot", path="owners", skip=1, times=2)
    with serve(agency, as_of=agency.params.night(), speed=inf, faults=[fault]) as server:
        assert [owners(server) for _ in range(4)] == [200, 503, 503, 200]


def test_a_connection_can_be_cut(agency: Agency) -> None:
    with serve(agency, as_of=agency.params.night(), faults=[Fault("hubspot", status=0)]) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            owners(server)
        assert server.requests["hubspot", "fault", 0] == 1


def test_a_closed_server_answers_no_more(agency: Agency) -> None:
    with serve(agency, as_of=agency.params.night()) as server:
        assert owners(server) == 200
    with pytest.raises(httpx.ConnectError):
        owners(server)


def test_fixed_windows_start_anew_and_rolling_ones_roll() -> None:
    now = [0.0]
    fixed = FixedWindows([Limit("minute", 2, 60)], 1.0, lambda: now[0])
    rolling = RollingWindows([Limit("minute", 2, 60)], 1.0, lambda: now[0])
    results = []
    for moment in (50.0, 51.0, 52.0, 61.0, 110.0):
        now[0] = moment
        results.append((fixed.take().broken is None, rolling.take().broken is None))
    assert results == [(True, True), (True, True), (False, False), (True, False), (True, True)]


def test_faster_time_shrinks_the_windows() -> None:
    now = [0.0]
    windows = RollingWindows([Limit("minute", 1, 60)], 60.0, lambda: now[0])
    assert windows.take().broken is None
    refused = windows.take()
    assert refused.broken is not None
    assert refused.wait == pytest.approx(1.0)
    now[0] = 1.0
    assert windows.take().broken is None


def test_the_configuration_is_one_that_winnow_takes(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.config import load_config

    for name, value in environment(agency, "http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "winnow.yml"
    path.write_text(config_yaml(agency, speed=60))
    config = load_config(path)
    assert [client.id for client in config.clients] == ["brightpath", "nordwind", "harbour"]
    shared, single = config.sources.smartlead.accounts
    assert shared.base_url == "http://127.0.0.1:1/smartlead/api/v1"
    assert shared.provider_clients == {"4101": "brightpath", "4102": "nordwind"}
    assert set(shared.campaigns.values()) == {"brightpath", "nordwind"}
    assert single.client == "harbour"
    assert [(limit.calls, limit.seconds) for limit in shared.rate_limits] == [(9, 0.033333), (54, 1.0)]
    assert len(config.sources.hubspot.accounts) == 3
    keys = [os.environ[account.api_key_env] for account in config.sources.apollo.accounts]
    assert keys == [APOLLO_KEY]


def test_every_campaign_is_mapped_to_its_client(agency: Agency) -> None:
    from yaml import safe_load

    accounts = {a["name"]: a for a in safe_load(config_yaml(agency))["sources"]["smartlead"]["accounts"]}
    for campaign in agency.campaigns:
        account = accounts[campaign.account]
        client = account.get("campaigns", {}).get(str(campaign.id)) or account.get(
            "provider_clients", {}
        ).get(str(campaign.provider_client_id), account.get("client"))
        assert client == agency.params.profiles[campaign.client].id


def test_no_secret_stands_in_the_configuration(agency: Agency) -> None:
    text = config_yaml(agency)
    assert all(key not in text for name, key in environment(agency, "x").items() if name.endswith("KEY"))


def test_the_command_refuses_a_bad_moment() -> None:
    result = CliRunner().invoke(main, ["--leads", "5", "--at", "yesterday"])
    assert result.exit_code == 2
    assert "'yesterday' is no time such as" in result.output


def test_the_command_serves_until_interrupted() -> None:
    command = [sys.executable, "-m", "sandbox", "--leads", "10", "--no-effects", "--at", "2026-02-01T02:00"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = httpx.get(f"{url}/smartlead/api/v1/campaigns/", params={"api_key": smartlead_key("agency")})
        assert len(answer.json()) == 6
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_apis_answer_many_callers_at_once(server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    headers = {"Authorization": f"Bearer {hubspot_key('nordwind')}"}
    with httpx.Client(base_url=server.url, headers=headers) as http, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: http.get(OWNERS).status_code, range(40)))
    assert statuses == [200] * 40
    assert server.requests["hubspot", "crm/v3/owners", 200] == 40


def test_a_small_agency_is_quick_to_make() -> None:
    assert len(simulate(Params(leads=1, clients=1)).campaigns) == 4
