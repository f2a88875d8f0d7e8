"""What staging makes of things that the simulated agency never does: reopened, restored, long past."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ingestion.values import Json
from pipeline.config import Config
from tests.conftest import ENGINES
from tests.ingestion.conftest import NIGHT, MemoryAnswers, agency, loader, rows, stage
from tests.local_server import QuietHandler, serving
from warehouse import Warehouse, open_warehouse

ADDED, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
STAGES = {"Pipeline": {"One": "qualification", "Two": "proposal", "30": "negotiation"}}


class Crm:
    """A Pipedrive company and a Salesforce organization in one: what they show, for a test to change."""

    def __init__(self) -> None:
        """Start with a company of one pipeline, and an organization of one field more than all have."""
        self.lists: dict[str, list[Json]] = {
            "/api/v2/pipelines": [{"id": 1, "name": "Pipeline"}],
            "/api/v2/stages": [
                {"id": 10 * number, "name": name, "pipeline_id": 1}
                for number, name in enumerate(("One", "Two", "Three"), start=1)
            ],
        }
        self.events: list[Json] = []

    def answer(self, url: str) -> Json:
        """Answer a request."""
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if path.endswith("/describe"):
            names = ("Id", "CreatedDate", "SystemModstamp", "IsDeleted", "EndDateTime")
            return {"fields": [{"name": name, "type": "string"} for name in names]}
        if path.endswith("/results"):
            return ",".join(self.events[0]) + "\n" + ",".join(self.events[0].values()) + "\n"
        if "/jobs/query" in path:
            return {"id": "750", "state": "JobComplete"}
        if path.startswith("/services"):
            records = self.events if "FROM Event" in query["q"][0] else []
            return {"totalSize": len(records), "done": True, "records": records}
        gone = "status" in query
        return {"success": True, "data": [] if gone else self.lists.get(path, [])}


@pytest.fixture(scope="module", params=ENGINES)
def staged(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Warehouse, list[list[tuple[Any, ...]]]]]:
    """Four nights; return the warehouse and what each night said of the meetings."""
    folder = tmp_path_factory.mktemp("crm_staging")
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    load, crm = loader(warehouse, folder, MemoryAnswers()), Crm()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            found = crm.answer(self.path)
            body = (found if isinstance(found, str) else json.dumps(found)).encode()
            self.send_response(200)
            kind = "text/csv" if isinstance(found, str) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_KEY", "secret")
        account = {"name": "acme", "api_key_env": "CRM_KEY", "client": "acme", "base_url": url}
        config = agency(pipedrive=[account | {"stages": STAGES}], salesforce=[account])
        yield warehouse, list(_nights(crm, load, warehouse, folder, config))


def _nights(
    crm: Crm, load: Callable[..., Any], warehouse: Warehouse, folder: Path, config: Config
) -> Iterator[list[tuple[Any, ...]]]:
    deal = {"add_time": ADDED, "stage_id": 30, "pipeline_id": 1, "status": "open"}
    moved = {"update_time": LATER, "stage_change_time": LATER}
    meeting = {"id": 9, "type": "meeting", "add_time": ADDED, "update_time": ADDED}
    crm.lists["/api/v2/deals"] = [
        {**deal, **moved, "id": 1},
        {**deal, "id": 2, "update_time": ADDED},
        {**deal, **moved, "id": 3},
    ]
    crm.lists["/api/v2/activities"] = [meeting]
    crm.lists["/api/v1/deals/1/changelog"] = [
        _change(5, "stage_id", "20", "30"),
        _change(4, "status", "lost", "open"),
        _change(3, "status", "open", "lost"),
        _change(2, "stage_id", "10", "20"),
    ]
    ends = NIGHT + timedelta(hours=5)
    event = {"Id": "e", "CreatedDate": ADDED, "SystemModstamp": ADDED, "EndDateTime": ends.isoformat()}
    crm.events = [event]
    for night in range(4):
        crm.lists["/api/v1/recents"] = [{"item": "activity", "id": 9, "data": None}] if night % 2 else []
        restored = {**meeting, "update_time": LATER}
        crm.lists["/api/v2/activities"] = [meeting if night == 0 else restored] if night % 2 == 0 else []
        at = NIGHT + timedelta(days=night)
        assert load("pipedrive", config, run_at=at).failures == ()
        assert load("salesforce", config, run_at=at).failures == ()
        if night == 0:
            stage(warehouse, folder, config, "pipedrive", "salesforce", "files")
        yield rows(
            warehouse,
            "select id, outcome, is_deleted from staging.stg_pipedrive__meetings union all"
            " select id, outcome, is_deleted from staging.stg_salesforce__meetings order by 1",
        )


def _change(day: int, field: str, old: str, new: str) -> Json:
    return {"field_key": field, "old_value": old, "new_value": new, "time": f"2026-01-{day:02} 00:00:00"}


def test_a_meeting_that_comes_back_is_there_and_one_that_is_over_was_held(staged: Any) -> None:
    _, nights = staged
    assert nights == [
        [("9", "pending", False), ("e", "pending", False)],
        [("9", "pending", True), ("e", "completed", False)],
        [("9", "pending", False), ("e", "completed", False)],
        [("9", "pending", True), ("e", "completed", False)],
    ]


def test_a_reopened_deal_goes_on_from_the_stage_it_was_in(staged: Any) -> None:
    warehouse, _ = staged
    stages = "select deal_id, provider_stage, stage, entered_at from staging.stg_pipedrive__deal_stages"
    found = [
        (*row[:3], f"{row[3]:%m-%d}") for row in rows(warehouse, f"{stages} order by deal_id, entered_at")
    ]
    assert found == [
        ("1", "One", "qualification", "01-01"),
        ("1", "Two", "proposal", "01-02"),
        ("1", "lost", "closed_lost", "01-03"),
        ("1", "Two", "proposal", "01-04"),
        ("1", "Three", "negotiation", "01-05"),
        ("2", "Three", "negotiation", "01-01"),
    ], "deal 3 has moved, and its changes are still to be read"
