"""Whole nights through the command, against the sandbox, on every engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import accepted
from pipeline import history as nights
from pipeline.dbt import Project
from pipeline.ledger import Ledger
from pipeline.marts_page import PAGE, marts, page
from pipeline.state import open_state
from sandbox.config import config_yaml
from sandbox.demo import COMPARED, SPEED
from sandbox.simulate import simulate
from sandbox.truth import truth
from tests.cli.by_hand import ByHand
from tests.cli.client_reader import client_sees, words_of
from tests.cli.described import unanswered, undescribed
from tests.cli.history import PARAMS, SECOND_NIGHT, History, Summary
from tests.conftest import ENGINES, NewProfile
from tests.engines.marts import differences, snapshot
from tests.engines.metrics import both_ways
from tests.sandboxed import sandboxed
from tests.winnow import winnow
from warehouse.duckdb import DuckDBWarehouse

MORE = "duckdb"
"""The engine on which nights are run that say nothing of the engine; they take half a minute each."""

ON_ONE = pytest.mark.parametrize("history", [MORE], indirect=True)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"run-{name}")) for name in ENGINES],
)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Iterator[History]:
    """A first night and a later one.

    On one engine also the first one again, without an account's key, and once more beside the later one.
    """
    folder = new_profile(request.param, tmp_path_factory.mktemp("agency"))
    agency = simulate(PARAMS)
    (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
    with sandboxed(agency, PARAMS.night(), SPEED) as server:
        history = History(folder, server)
        history.run("first", 0)
        if request.param == MORE:
            with pytest.MonkeyPatch.context() as broken:
                broken.delenv("WINNOW_SANDBOX_HUBSPOT_BRIGHTPATH_KEY")
                history.run("again", 0, code=5)
        history.run("second", SECOND_NIGHT)
        if request.param == MORE:
            history.run("repeated", 0)
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


def test_the_reports_add_up_to_the_truth(history: History) -> None:
    total = truth(simulate(PARAMS), PARAMS.night(SECOND_NIGHT)).total
    with history.warehouse.published(history.state_dir) as connection:

        def scalar(select: str) -> int:
            return int(connection.scalar(f"select {select}") or 0)

        for measure, expected_count in (
            ("message", total.messages),
            ("positive_reply", total.positive_replies),
            ("new_lead", total.contacted),
            ("meeting_booked", total.meetings),
            ("deal_won", total.won_deals),
        ):
            assert scalar(f"sum({measure}_count) from analytics.weekly_report") == expected_count, measure
        assert scalar("sum(message_count) from analytics.campaign_scorecard") == total.messages
        assert scalar("sum(theirs_count) from analytics.threads") == total.replies
        assert scalar("count(*) from analytics.thread_messages") == total.messages + total.replies
        assert scalar("max(pool_count) from analytics.pool_stats") == total.people
        won = connection.rows(
            "select currency, sum(won_value) as value from analytics.pipeline_value group by currency"
        )
    assert {row["currency"]: row["value"] for row in won if row["value"]} == {
        currency: value for currency, value in total.won_value.items() if value
    }


def test_unit_tests_of_models_pass(history: History, tmp_path: Path) -> None:
    """They want the tables there that models read, for the types of their columns."""
    project = Project(history.warehouse, tmp_path, "unit")
    results = project._results(["test", "--select", "test_type:unit"], None)
    assert len(results) >= 12
    assert {result.name: result.message for result in results if result.status != "pass"} == {}


def test_a_metric_is_the_same_in_yaml_and_in_sql(history: History, tmp_path: Path) -> None:
    yaml, macro = both_ways(Project(history.warehouse, tmp_path, "unit"), history.warehouse)
    assert yaml == macro
    assert None not in yaml.values()


def test_every_mart_is_described_as_it_is_and_answers_its_questions(history: History, tmp_path: Path) -> None:
    found = marts(Project(history.warehouse, tmp_path, "unit").manifest())
    with history.warehouse.published(history.state_dir) as reader:
        assert len(found) > 30
        assert list(undescribed(found, reader)) == []
        assert list(unanswered(found, reader)) == []
    assert PAGE.read_text() == page(found), "stale: run `python -m pipeline.marts_page`"


@ON_ONE
def test_dbt_works_without_winnow_and_winnow_knows(history: History, tmp_path: Path) -> None:
    """Keys are the pipeline's, everything is built in full, and the next run builds in full, too."""
    assert isinstance(history.warehouse, DuckDBWarehouse)
    hand = ByHand(history.warehouse.path, tmp_path)
    kept = "select * from facts.campaigns order by campaign_id", "select * from facts.lead_pool order by 1"
    before = [hand.rows(sql) for sql in kept]
    hand.execute("delete from facts.lead_pool")
    folders = ("path:models/intermediate", "path:models/marts/facts/pool")
    built, said = hand.dbt("build", "--select", *folders, "campaigns", "stuck")
    assert (built.success, said) == (True, [])
    assert [hand.rows(sql) for sql in kept] == before
    assert hand.rows("select hash from ops.build_state where scope = 'facts'") == [{"hash": "unfinished"}]
    written, said = hand.dbt("docs", "generate")
    assert (written.success, said) == (True, [])
    hand.execute("drop schema ops cascade")
    refused, _ = hand.dbt("build", "--select", "clients")
    assert "this warehouse is not prepared: run `winnow load`" in str(refused.exception)


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


@ON_ONE
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


def test_missed_nights_are_caught_up_in_one_run(history: History) -> None:
    assert f"nights missed and caught up: {SECOND_NIGHT - 1}" in history.nights["second"]["notes"]


@ON_ONE
def test_a_past_night_is_repeated_beside_the_present_one(history: History) -> None:
    first, repeated = history.nights["first"], history.nights["repeated"]
    assert repeated["command"] == "repeat"
    for what in ("figures", "tables", "replies", "tiers"):
        assert repeated[what] == first[what]
    assert history.published["repeated"] == history.published["second"] != history.published["first"]


@ON_ONE
def test_nothing_is_paid_for_twice(history: History) -> None:
    assert history.credits["again"] == history.credits["first"] > 0


@ON_ONE
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
    more = history.warehouse.name == MORE
    assert outcomes == (["done", "incomplete", "done"] if more else ["done", "done"])


def test_doctor_is_content(history: History) -> None:
    found = json.loads(winnow(history.folder, "doctor", "--json").stdout)
    assert [finding for finding in found if finding["level"] == "error"] == []


def test_a_published_campaign_can_be_paused(history: History) -> None:
    with history.warehouse.published(history.state_dir) as connection:
        row = connection.rows("select source, account, source_id, name from analytics.campaigns limit 1")[0]
    full_name = "/".join((row["source"], row["account"], row["source_id"]))
    assert f"campaign {full_name} is paused" in winnow(history.folder, "pause", row["name"]).stdout
    assert [found["name"] for found in json.loads(winnow(history.folder, "pause", "--json").stdout)] == [
        full_name
    ]
    assert "is loaded again" in winnow(history.folder, "resume", row["source_id"]).stdout


def test_the_report_page_is_there(history: History) -> None:
    page = history.state_dir / "report.html"
    assert history.nights["second"]["report"] == str(page)
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")


def test_a_client_reads_its_own_rows_of_every_mart(history: History) -> None:
    """A role on PostgreSQL, a file on DuckDB: nothing is in it that is another client's alone."""
    with history.warehouse.published(history.state_dir) as connection:
        mine = words_of(connection, "clients.client = 'nordwind'")
        others = words_of(connection, "clients.client <> 'nordwind'") - mine
        keys = {row["client"]: str(row["client_id"]) for row in connection.rows("table analytics.clients")}
        leads = set(connection.columns("analytics.leads"))
    mine_key = keys.pop("nordwind")
    assert len(others) > 20
    with client_sees(history.folder, history.warehouse, "nordwind") as seen:
        assert {"publication", "leads", "messages", "replies", "funnel"} <= set(seen)
        assert not {"lead_pool", "companies"} & set(seen)
        assert {key for cells in seen.values() for key in cells.get("client_id", ())} == {mine_key}
        assert leads - set(seen["leads"]) == {"owner_client", "pool_status"}
        text = "\n".join(cell for cells in seen.values() for texts in cells.values() for cell in texts)
    assert mine & set(text.split("\n"))
    assert [word for word in sorted(others | set(keys.values())) if word in text] == []


def seeded_night(history: History, run_id: str, run_at: datetime, **found: float) -> None:
    """Put a published night into the state database."""
    target = history.warehouse.target
    engine = open_state(history.warehouse, history.state_dir)
    try:
        Ledger(engine, run_id).start(target, "run", run_at)
        nights.keep(engine, run_id, run_at, target, {"rows.facts.messages": found["messages"]})
        nights.mark_published(engine, run_id, run_at, target)
    finally:
        engine.dispose()


@ON_ONE
def test_lost_marts_and_ledger_come_back_from_raw_data_and_a_backup(history: History, tmp_path: Path) -> None:
    before = snapshot(history.warehouse)
    winnow(history.folder, "backup", str(tmp_path / "kept.zip"))
    (history.state_dir / "state.sqlite").unlink(missing_ok=True)
    with history.warehouse.connect() as connection:
        for schema in ("facts", "answers", "scoring", "intermediate", "staging", "ops"):
            connection.execute(f"drop schema {schema} cascade")
    refused = winnow(history.folder, "run", code=4)
    assert "bring them back with `winnow restore FILE`" in refused.stderr
    winnow(history.folder, "restore", str(tmp_path / "kept.zip"))
    winnow(history.folder, "run", "--from", "build", "--at", PARAMS.night(SECOND_NIGHT).isoformat())
    assert differences(snapshot(history.warehouse), before, ("the rebuilt", "the lost")) == []
    runs = json.loads(winnow(history.folder, "runs", "--json").stdout)
    assert history.nights["first"]["run_id"] in {run["run_id"] for run in runs}


def test_what_fails_is_published_only_when_somebody_accepts_it(history: History) -> None:
    night, before = PARAMS.night(SECOND_NIGHT), history.keys()
    at = ("--at", night.isoformat())
    seeded_night(history, "a night with more messages", night - timedelta(days=1), messages=1e6)
    with history.warehouse.connect() as connection:
        connection.execute("create table facts.twice as select * from facts.received_replies limit 1")
        connection.execute("insert into facts.received_replies select * from facts.twice")
        connection.execute("drop table facts.twice")
        connection.execute("update scoring.als_scores set score = 150")
    built = winnow(history.folder, "answer", *at).stdout
    assert "warning: check unique_replies_reply_id: 1 rows do not hold it" in built

    def refused(*arguments: str, code: int = 3) -> str:
        said = winnow(history.folder, "publish", *at, *arguments, code=code).stderr
        assert history.keys() == before
        return said

    said = refused()
    names = re.findall(r"winnow publish --accept (\S+) --reason", said)
    assert {
        "rows.facts.messages",
        "scores.outside_0_100",
        "repeated.answers.replies",
        "unique_replies_reply_id",
    } <= set(names)
    assert "go together" in refused("--accept", "rows.facts.messages", code=2)
    why = ("--reason", "they are right")
    wrong = refused("--accept", "rows.facts.deals", *why, code=2)
    assert f"--accept rows.facts.deals: this check did not fail; failed: {', '.join(names)}" in wrong
    assert "rows.facts.messages" not in refused("--accept", "rows.facts.messages", *why)

    everything = [part for name in names for part in ("--accept", name)]
    summary = json.loads(winnow(history.folder, "publish", "--json", *at, *everything, *why).stdout)
    assert len(history.keys()["replies"]) == len(before["replies"]) + 1
    for name in names:
        (note,) = [note for note in summary["notes"] if note.startswith(f"accepted: check {name}: ")]
        assert note.endswith(" – they are right")
    engine = open_state(history.warehouse, history.state_dir)
    kept = accepted.of_run(engine, summary["run_id"])
    engine.dispose()
    assert {row["check"] for row in kept} == set(names)
    before = history.keys()
    assert re.findall(r"winnow publish --accept (\S+) --reason", refused()) == names
    docs = json.loads(winnow(history.folder, "status", "--json").stdout)["data_docs"]
    assert summary["run_id"] in Path(docs).read_text()
