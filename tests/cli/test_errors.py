"""Wrong use and wrong configuration end in one line that says what to do, and the right exit code."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from cli import main
from ingestion.jobs import AccountFailure, LoadReport
from pipeline import state
from pipeline.clock import utc_now
from pipeline.state import locks, open_state
from tests.conftest import NewProfile
from warehouse import open_warehouse

CONFIG = """\
agency: {name: Test}
clients:
  - {id: acme, name: Acme}
sources:
  smartlead:
    accounts:
      - {name: main, api_key_env: WINNOW_TEST_NOT_SET, client: acme}
"""


@pytest.fixture
def folder(tmp_path: Path, new_profile: NewProfile) -> Path:
    """A folder with a configuration for DuckDB whose one account has no key."""
    (tmp_path / "winnow.yml").write_text(CONFIG)
    new_profile("duckdb", tmp_path)
    return tmp_path


def winnow(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(folder / "winnow.yml")])


def errors(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_a_missing_configuration(tmp_path: Path) -> None:
    done = winnow(tmp_path, "run")
    assert (done.exit_code, len(errors(done))) == (2, 1)
    assert "winnow init" in done.stderr


def test_a_wrong_key_is_named_with_its_line(folder: Path) -> None:
    (folder / "winnow.yml").write_text(CONFIG.replace("{name: Test}", "{name: Test, tz: UTC}"))
    done = winnow(folder, "status")
    assert done.exit_code == 2
    assert errors(done) == [f"error: {folder / 'winnow.yml'}:1: agency.tz: unknown key"]


def test_an_unknown_target(folder: Path) -> None:
    done = winnow(folder, "run", "--target", "snowflake")
    assert done.exit_code == 2
    assert "no target 'snowflake' (it has: duckdb)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("load", "salesforce"), "winnow.yml has no account of 'salesforce' (it has: smartlead)"),
        (("load", "hubspot"), "winnow.yml has no account of 'hubspot' (it has: smartlead)"),
        (("load", "files"), "winnow load files DIR"),
        (("load", "files", "no/such/folder"), "no/such/folder is no folder"),
        (("load", "--since", "2026-03-02", "--until", "2026-03-01"), "--since must lie before --until"),
        (("load", "--limit", "0"), "--limit"),
        (("run", "--at", "yesterday"), "'yesterday' is no time"),
        (("run", "--only", "cook"), "'cook' is not one of"),
        (("run", "--only", "load", "--from", "build"), "exclude each other"),
        (("detect", "why"), "no detector 'why' (known: who)"),
        (("leads", "--client", "nobody"), "no client 'nobody' in winnow.yml (known: acme)"),
        (("leads",), "--client"),
        (("export", "leads", "--client", "nobody", "--out", "x.csv"), "no client 'nobody'"),
        (("pool", "populate", "--client", "nobody"), "no client 'nobody'"),
        (("pool", "populate", "--client", "acme"), "client acme has no icp in winnow.yml"),
        (("pool", "populate", "--client", "acme", "--target", "501"), "--target"),
        (("list", "build", "--client", "acme", "--companies", "9", "--out-dir", "."), "has no icp"),
        (("export", "everything", "--client", "acme", "--out", "x.csv"), "everything"),
        (("publsih",), "publsih"),
    ],
)
def test_wrong_use_is_exit_code_2(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = winnow(folder, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (folder / ".winnow" / "state.sqlite").exists(), "nothing may be written"


@pytest.mark.parametrize("command", [("leads", "--client", "acme"), ("replies",), ("lead", "a@b.example")])
def test_reading_before_the_first_publish(folder: Path, command: tuple[str, ...]) -> None:
    done = winnow(folder, *command)
    assert done.exit_code == 1
    assert len(errors(done)) == 1
    assert "nothing is published yet" in done.stderr
    assert "winnow run" in done.stderr


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("score", "run `winnow build` first"),
        ("answer", "run `winnow build` first"),
        ("learn", "run `winnow answer` first"),
        ("publish", "run `winnow build` first"),
    ],
)
def test_a_stage_without_what_it_reads(folder: Path, stage: str, message: str) -> None:
    done = winnow(folder, stage)
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_held_warehouse_is_exit_code_75(folder: Path) -> None:
    engine = open_state(open_warehouse(folder), folder / ".winnow")
    now = utc_now()
    row = {
        "target": "duckdb",
        "token": "theirs",
        "run_id": "x",
        "command": "run",
        "holder": "ada",
        "host": "elsewhere",
        "pid": 1,
        "born": "",
    }
    with engine.begin() as connection:
        connection.execute(sa.insert(locks).values(**row, since=now - timedelta(hours=2), heartbeat=now))
    engine.dispose()
    done = winnow(folder, "build")
    assert done.exit_code == 75
    assert "`winnow run` by ada on elsewhere (process 1) runs since" in done.stderr
    assert "runs since" in winnow(folder, "status").output


def test_a_run_without_any_source_that_loads_has_failed(folder: Path) -> None:
    done = winnow(folder, "run", "--json", "--at", "2026-03-06T02:00")
    assert done.exit_code == 1
    assert "environment variable WINNOW_TEST_NOT_SET is not set" in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["outcome"], summary["exit_code"]) == ("failed", 1)
    assert summary["run_at"] == "2026-03-06T02:00:00+00:00"
    status = json.loads(winnow(folder, "status", "--json").stdout)
    assert [(run["command"], run["outcome"]) for run in status["runs"]] == [("run", "failed")]
    assert status["running"] is None


def test_a_full_disk_under_the_ledger_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = state._prepare_sqlite

    def prepared(pragma: str) -> Callable[[Any, Any], None]:
        return lambda raw, record: (raw.execute(f"pragma {pragma}"), prepare(raw, record))[1]

    with monkeypatch.context() as patch:
        patch.setattr(state, "_prepare_sqlite", prepared("page_size = 512"))
        winnow(folder, "status")  # makes the database; its pages hold no summary
        patch.setattr(state, "_prepare_sqlite", prepared("max_page_count = 1"))  # none more than there are
        done = winnow(folder, "run")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        "error: (sqlite3.OperationalError) database or disk is full; free some space and run again:"
        " it goes on from the last finished step"
    )
    assert "WINNOW_TEST_NOT_SET" in winnow(folder, "run").stderr


def test_a_full_disk_ends_the_load_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = (
        AccountFailure("smartlead", "main", "smartlead: nothing took it (No space left on device)", True),
        AccountFailure("smartlead", "other", "smartlead: nothing took it (No space left on device)", True),
    )
    report = LoadReport((), failures, (), ())
    monkeypatch.setattr("ingestion.load.load_source", lambda *_: report)
    done = winnow(folder, "run")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("free some space and run again: it goes on from the last finished step")
    assert json.loads(winnow(folder, "status", "--json").stdout)["runs"][0]["outcome"] == "failed"


def test_doctor_finds_the_missing_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = winnow(folder, "doctor", "--offline")
    assert done.exit_code == 1
    assert "smartlead account main: environment variable WINNOW_TEST_NOT_SET is not set" in done.stdout
    monkeypatch.setenv("WINNOW_TEST_NOT_SET", "a key")
    done = winnow(folder, "doctor", "--offline", "--json")
    assert done.exit_code == 0
    assert {finding["level"] for finding in json.loads(done.stdout)} == {"ok", "warning"}


def test_doctor_warns_of_a_client_without_a_postal_address(folder: Path) -> None:
    warning = "client acme has no postal_address: no lead of it is eligible"
    assert f"warning {warning}" in winnow(folder, "doctor", "--offline").stdout
    with_address = CONFIG.replace("name: Acme", "name: Acme, postal_address: 1 High Street")
    (folder / "winnow.yml").write_text(with_address)
    assert warning not in winnow(folder, "doctor", "--offline").stdout


def test_a_dry_run_says_what_it_would_do_and_does_nothing(folder: Path) -> None:
    done = winnow(folder, "run", "--dry-run", "--from", "build", "--at", "2026-03-06")
    assert done.exit_code == 0
    assert "build → score → answer → learn → publish → act" in done.output
    assert "2026-03-06T00:00:00+00:00" in done.output
    assert sorted(path.name for path in folder.iterdir()) == ["profiles.yml", "winnow.yml"]


def test_init_writes_what_doctor_can_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["init", "--folder", str(tmp_path)])
    assert done.exit_code == 0
    assert "winnow.yml: 1 clients, 3 accounts" in winnow(tmp_path, "doctor", "--offline").stdout
    again = CliRunner().invoke(main, ["init", "--folder", str(tmp_path)])
    assert again.exit_code == 1
    assert "--force writes over it" in again.stderr
