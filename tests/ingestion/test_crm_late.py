"""CRMs whose reading, or whose sweep, one night does not last for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipedrive, salesforce
from ingestion.values import Json
from tests.ingestion import test_pipedrive as crm
from tests.ingestion import test_salesforce as org
from tests.ingestion.conftest import NIGHT
from tests.ingestion.fakes import hurried, job


def test_pipedrives_lists_go_on_each_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipedrive, "PAGE", 2)
    pages = [[crm.deal(1), crm.deal(2)], [crm.deal(3), crm.deal(4)], []]
    answer = crm.company(deals=pages, deals_archived=[[crm.deal(5)]])
    made, _ = job("pipedrive", crm.CONFIG, tmp_path, answer)
    after = pipedrive.read(hurried(made, 2))
    assert "deals" not in after
    assert after["places"] == {"/api/v2/deals": "2026-02-01T04:00:00.000Z"}
    assert (
        made.notes[0] == "pipedrive account acme: 4 deals read by the end of the time; the next run goes on"
    )
    assert after["changes_from"] == "2026-02-01T01:00:00.000Z"
    made, client = job("pipedrive", crm.CONFIG, tmp_path / "next", answer, cursor=after)
    after = pipedrive.read(made)
    since = [params["updated_since"] for path, params in client.asked if path.startswith("/api/v2/deals")]
    assert since[:1] + since[-2:] == ["2026-02-01T04:00:00Z", None, None], "each list goes on where it was"
    assert (after["deals"], "places" in after) == ("2026-02-01T05:00:00.000Z", False)


def test_a_sweep_stops_where_the_tokens_end(tmp_path: Path) -> None:
    before = {"swept_at": (NIGHT - timedelta(days=8)).isoformat()}
    made, client, after = crm.read(tmp_path, crm.company(), allowed=9, cursor=before)
    assert [note for note in made.notes if "sweep" in note] == [
        "pipedrive account acme: the day's tokens did not last for the sweep; the next run goes on"
    ]
    assert after["swept_at"] == before["swept_at"]
    made, client, after = crm.read(tmp_path / "rich", crm.company(), allowed=900, cursor=after)
    assert datetime.fromisoformat(after["swept_at"]) == NIGHT
    assert client.asked[-1] == ("/api/v2/activities", {"limit": 500, "cursor": None})


def test_salesforces_query_goes_on_where_it_was(tmp_path: Path) -> None:
    days = [f"2026-01-{day:02}T00:00:00.000+0000" for day in (1, 2, 3)]
    contacts = [org.record(Id=str(number), SystemModstamp=day) for number, day in enumerate(days)]
    plain = org.org(Contact=contacts)

    def answer(method: str, path: str, params: Mapping[str, Any]) -> Json:
        if path.endswith("-1"):
            return {"done": True, "records": contacts[1:]}
        found = plain(method, path, params)
        if "SELECT Id, " in str(params.get("q")) and "FROM Contact" in params["q"]:
            return {
                "done": False,
                "records": contacts[:1],
                "nextRecordsUrl": "/services/data/v60.0/query/1-1",
            }
        return found

    cursor = {"swept_at": NIGHT.isoformat(), "Contact": "2025-12-31T00:00:00.000Z"}
    made, client = job("salesforce", org.CONFIG, tmp_path, answer, cursor=cursor)
    made = hurried(made, 1)
    after = salesforce.read(made)
    assert made.notes == ["salesforce account acme: 1 contacts read; 2 are left, about 2 more nights"]
    assert (after["Contact"], after["places"]) == (cursor["Contact"], {"Contact": "2026-01-01T00:00:00.000Z"})
    made, client = job("salesforce", org.CONFIG, tmp_path / "next", answer, cursor=after)
    after = salesforce.read(made)
    assert "SystemModstamp >= 2026-01-01T00:00:00.000Z" in org.queries(client, "Contact")[0]
    assert (after["Contact"], "places" in after) == ("2026-01-03T00:00:00.000Z", False)
