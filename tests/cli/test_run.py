"""Whole nights through the command, against the sandbox, on every engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.config import config_yaml, environment
from sandbox.demo import COMPARED, SPEED
from sandbox.params import Params
from sandbox.server import Server, serve
from sandbox.simulate import simulate
from sandbox.truth import truth
from tests.conftest import ENGINES, NewProfile
from tests.winnow import winnow
from warehouse import Warehouse, open_warehouse

PARAMS = Params(leads=150, days=40)
SECOND_NIGHT = 3  # the history ends on a Saturday: the nights before this one bring nothing

Summary = dict[str, Any]


@dataclass
class History:
    """What nights of one agency came to."""

    folder: Path
    server: Server
    nights: dict[str, Summary] = field(default_factory=dict)
    published: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    credits: dict[str, int] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.folder)

    @property
    def state_dir(self) -> Path:
        return self.folder / ".winnow"

    def run(self, name: str, night: int, *arguments: str, code: int = 0) -> Summary:
        """Run the night and remember what it said and what was then published."""
        self.server.as_of = PARAMS.night(night)
        at = PARAMS.night(night).isoformat()
        done = winnow(self.folder, "run", "--json", "--at", at, *arguments, code=code)
        self.nights[name] = json.loads(done.stdout)
        self.published[name] = self.keys()
        self.credits[name] = sum(self.server.credits.values())
        return self.nights[name]

    def keys(self) -> dict[str, list[str]]:
        """Return the keys of published facts, by table."""
        columns = {
            "messages": "message_id",
            "replies": "reply_id",
            "lead_pool": "lead_id",
            "deals": "deal_id",
        }
        with self.warehouse.published(self.state_dir) as connection:
            return {
                table: [
                    row["key"]
                    for row in connection.rows(
                        f"select cast({column} as text) as key from analytics.{table} order by 1"
                    )
                ]
                for table, column in columns.items()
            }


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"run-{name}")) for name in ENGINES],
)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Iterator[History]:
    """A first night, the same night again but for one account whose key is gone, and a later night."""
    folder = new_profile(request.param, tmp_path_factory.mktemp("agency"))
    agency = simulate(PARAMS)
    (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
    with (
        serve(agency, as_of=PARAMS.night(), speed=SPEED) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in environment(agency, server.url).items():
            patch.setenv(name, value)
        history = History(folder, server)
        history.run("first", 0)
        with pytest.MonkeyPatch.context() as broken:
            broken.delenv("WINNOW_SANDBOX_HUBSPOT_BRIGHTPATH_KEY")
            history.run("again", 0, code=5)
        history.run("second", SECOND_NIGHT)
        yield history


def expected(night: int) -> dict[str, int]:
    total = truth(simulate(PARAMS), PARAMS.night(night)).total
    return {figure: getattr(total, name) for figure, name in COMPARED.items()}


def shown(summary: Summary) -> dict[str, int]:
    return {figure: summary["figures"][figure] for figure in COMPARED}


def test_the_first_night_shows_the_truth(history: History) -> None:
    summary = history.nights["first"]
    assert shown(summary) == expected(0)
    assert (summary["outcome"], summary["failures"], summary["quarantined"]) == ("done", [], 0)
    assert summary["notes"] == ["facts are built in full: nothing was built before"]


def test_the_ledger_knows_every_stage_and_every_record(history: History) -> None:
    summary = history.nights["first"]
    assert list(dict.fromkeys(step["stage"] for step in summary["steps"])) == [
        "load",
        "build",
        "score",
        "answer",
        "learn",
        "publish",
        "act",
    ]
    assert {line["source"] for line in summary["loads"]} == {"apollo", "smartlead", "hubspot"}
    for line in summary["loads"]:
        accounted = line["landed"] + line["known"] + line["quarantined"] + line["duplicates"]
        assert line["received"] == accounted, line


def test_the_same_night_again_adds_nothing(history: History) -> None:
    first, again = history.nights["first"], history.nights["again"]
    assert sum(line["landed"] for line in again["loads"]) == 0
    assert shown(again) == shown(first)
    assert history.published["again"] == history.published["first"]
    assert again["notes"] == []
    assert again["run_id"] != first["run_id"]


def test_a_later_night_adds_exactly_what_happened_since(history: History) -> None:
    summary = history.nights["second"]
    assert shown(summary) == expected(SECOND_NIGHT)
    assert summary["figures"]["messages"] > history.nights["first"]["figures"]["messages"]
    for table in ("messages", "replies", "deals"):
        assert set(history.published["first"][table]) <= set(history.published["second"][table])


def test_nothing_is_paid_for_twice(history: History) -> None:
    assert history.credits["again"] == history.credits["first"] > 0


def test_a_missing_source_is_told_and_the_rest_is_published(history: History) -> None:
    summary = history.nights["again"]
    assert (summary["outcome"], summary["exit_code"]) == ("incomplete", 5)
    assert len(summary["failures"]) == 1
    assert summary["failures"][0].startswith("hubspot account brightpath: environment variable")
    assert shown(summary) == expected(0)


def test_scores_are_explained_to_the_point(history: History) -> None:
    leads = json.loads(winnow(history.folder, "leads", "--client", "nordwind", "--json").stdout)
    view = json.loads(winnow(history.folder, "lead", leads[0]["email"].upper(), "--json").stdout)
    (mine,) = [row for row in view["clients"] if row["client"] == "nordwind"]
    assert mine["score"] == leads[0]["score"] == max(lead["score"] for lead in leads)
    assert sum(points for _, points in mine["waterfall"]) == mine["score"]
    assert len(view["touches"]) == sum(row["touch_count"] for row in view["clients"])
    text = winnow(history.folder, "lead", leads[0]["email"]).stdout
    assert f"{mine['score']:4d}  in all" in text


def test_replies_can_be_read_by_client_and_intent(history: History) -> None:
    found = json.loads(
        winnow(history.folder, "replies", "--client", "nordwind", "--intent", "interested", "--json").stdout
    )
    assert found
    assert {(reply["client"], reply["intent"]) for reply in found} == {("nordwind", "interested")}
    assert winnow(history.folder, "replies", "--limit", "1").stdout.count("\n") == 2


def test_a_list_can_be_exported(history: History, tmp_path: Path) -> None:
    out = tmp_path / "contacts.csv"
    done = winnow(history.folder, "export", "contacts", "--client", "nordwind", "--out", str(out), "--json")
    rows = json.loads(done.stdout)["rows"]
    lines = out.read_text().splitlines()
    assert lines[0].startswith("full_name,title,email,")
    assert len(lines) == rows + 1


def test_status_shows_what_is_published_and_the_runs(history: History) -> None:
    status = json.loads(winnow(history.folder, "status", "--json").stdout)
    assert status["publication"]["run_at"] == PARAMS.night(SECOND_NIGHT).isoformat()
    assert status["running"] is None
    outcomes = [run["outcome"] for run in status["runs"] if run["command"] == "run"]
    assert outcomes == ["done", "incomplete", "done"]


def test_doctor_is_content(history: History) -> None:
    found = json.loads(winnow(history.folder, "doctor", "--json").stdout)
    assert [finding for finding in found if finding["level"] == "error"] == []


def test_the_report_page_is_there(history: History) -> None:
    page = history.state_dir / "report.html"
    assert history.nights["second"]["report"] == str(page)
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")


def test_the_gate_refuses_scores_that_are_none(history: History) -> None:
    before = history.keys()
    with history.warehouse.connect() as connection:
        connection.execute("create table scoring.kept as select * from scoring.als_scores")
        connection.execute("update scoring.als_scores set score = 150")
    done = winnow(history.folder, "publish", code=3)
    with history.warehouse.connect() as connection:
        connection.execute("delete from scoring.als_scores")
        connection.execute("insert into scoring.als_scores select * from scoring.kept")
        connection.execute("drop table scoring.kept")
    assert "error: check scores.outside_0_100:" in done.stderr
    assert history.keys() == before
    winnow(history.folder, "publish")
