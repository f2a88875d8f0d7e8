"""Every body that somebody else's connector recorded of Smartlead is loaded, or refused for a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingestion.conftest import MemoryAnswers, loader, rows
from tests.real.test_payloads import configured, replay
from warehouse import Warehouse

FIXTURES = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "provider_fixtures" / "smartlead" / "test"
)

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="needs ../shared/data/provider_fixtures beside the clone"
)
DUCKDB = pytest.mark.parametrize("engine", ["duckdb"])

LOADED = {"read-campaign.json", "read-campaign-empty.json"}
REFUSED = {
    "delete-not-found-resource.json": (404, "Campaign not found - Invalid campaign_id."),
    "read-invalid-path.html": (404, "an HTML page; check base_url"),
    "write-invalid-field.json": (400, '"clinet_id" is not allowed; the request was refused'),
}
NOT_READ = {
    "delete-campaign.json": "the answer to a deletion, and nothing deletes in Smartlead",
    "write-account-missing.json": "the answer to a write, and nothing writes to Smartlead",
    "write-account-new.json": "the answer to a write, and nothing writes to Smartlead",
    "write-campaign-new.json": "the answer to a write, and nothing writes to Smartlead",
    "write-client-duplicate.json": "the answer to a write, and nothing writes to Smartlead",
    "write-client-new.json": "the answer to a write, and nothing writes to Smartlead",
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_KEY", "replayed-secret")
    monkeypatch.setattr("ingestion.http.ATTEMPTS", 1)


def test_every_fixture_is_accounted_for() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == LOADED | set(REFUSED) | set(NOT_READ)


@DUCKDB
def test_campaigns_load_although_all_else_of_them_is_gone(warehouse: Warehouse, tmp_path: Path) -> None:
    load = loader(warehouse, tmp_path, MemoryAnswers())
    campaigns = json.loads((FIXTURES / "read-campaign.json").read_text())
    routes: dict[str, list[Any]] = {"GET /email-accounts/": [[]], "GET /campaigns/": [campaigns]}
    for campaign in campaigns:
        routes[f"GET /campaigns/{campaign['id']}/sequences"] = [{}]
    with replay(routes) as url:
        report = load("smartlead", configured("smartlead", url))
        assert report.failures == ()
        assert len(report.notes) == len(campaigns)
        routes["GET /campaigns/"] = [(FIXTURES / "read-campaign-empty.json").read_bytes()]
        assert load("smartlead", configured("smartlead", url)).failures == ()
    found = rows(warehouse, "select id, name, status from raw_smartlead.campaigns order by id")
    assert found == [(str(item["id"]), item["name"], item["status"]) for item in campaigns]
    assert rows(warehouse, "select count(*) from raw_smartlead.quarantine") == [(0,)]


@DUCKDB
@pytest.mark.parametrize("name", REFUSED)
def test_errors_are_refused_with_what_they_say(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    load = loader(warehouse, tmp_path, MemoryAnswers())
    status, said = REFUSED[name]
    with replay({"*": [(FIXTURES / name).read_bytes()]}, status) as url:
        (failure,) = load("smartlead", configured("smartlead", url)).failures
    assert f"HTTP {status}: {said}" in failure.error
    assert not failure.transient
