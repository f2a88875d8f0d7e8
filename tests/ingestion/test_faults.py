"""What goes wrong on the way, and that the next load puts it right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingestion.load import completed_loads
from tests.ingestion.conftest import Loader, MemoryAnswers, rows, served, write
from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Agency

DUCKDB = pytest.mark.parametrize("engine", ["duckdb"])


@DUCKDB
def test_an_account_that_fails_stops_no_other_and_is_caught_up_with(
    warehouse: Warehouse, load: Loader, simulated: Agency, tmp_path: Path
) -> None:
    from sandbox import Fault

    fault = Fault("hubspot", key="nordwind", status=401, skip=3, times=1)
    accounts = "select distinct account from raw_hubspot.contacts order by account"
    with served(simulated, tmp_path, faults=[fault]) as (server, config):
        (failure,) = load("hubspot", config, run_at=server.as_of).failures
        assert failure.account == "nordwind"
        assert not failure.transient
        assert failure.error.startswith("hubspot account nordwind: /crm/")
        assert failure.error.endswith("check the key that api_key_env names")
        assert "sandbox-hubspot" not in failure.error
        assert rows(warehouse, accounts) == [("brightpath",)]
        assert load("hubspot", config, run_at=server.as_of).failures == ()
        assert rows(warehouse, accounts) == [("brightpath",), ("nordwind",)]


@DUCKDB
def test_an_account_without_its_key_says_which_variable_to_set(
    load: Loader, simulated: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(simulated, tmp_path) as (server, config):
        name = config.sources.apollo.accounts[0].api_key_env
        monkeypatch.delenv(name)
        (failure,) = load("apollo", config, run_at=server.as_of).failures
    assert failure.error == (
        f"apollo account agency: environment variable {name} is not set;"
        " export it or name another one in api_key_env"
    )


@DUCKDB
def test_what_was_paid_for_is_kept_when_the_rest_fails_and_is_not_paid_again(
    warehouse: Warehouse, load: Loader, answers: MemoryAnswers, simulated: Agency, tmp_path: Path
) -> None:
    from sandbox import Fault

    fault = Fault("apollo", path="people/bulk_match", status=502, skip=2, times=1)
    with served(simulated, tmp_path, faults=[fault]) as (server, config):
        (failure,) = load("apollo", config, run_at=server.as_of).failures
        assert failure.transient
        assert len(answers.rows) == 20
        assert rows(warehouse, "select count(*) from raw_apollo.people") == [(0,)]
        assert load("apollo", config, run_at=server.as_of).failures == ()
        assert set(server.credits.values()) == {1}
        paid = len([answer for _, _, answer in answers.rows if answer[2] != "null"])
        assert rows(warehouse, "select count(*) from raw_apollo.people") == [(paid,)]


def test_a_load_that_was_killed_is_finished_by_the_next_one(
    warehouse: Warehouse, load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlt.pipeline.pipeline import Pipeline

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "normalize", killed)
        with pytest.raises(KeyboardInterrupt):
            load("files", files_dir=write(tmp_path / "in", people_csv="id\n1\n2\n"))
    assert rows(warehouse, "select count(*) from raw_files.people") == [(0,)]
    report = load("files", files_dir=write(tmp_path / "in", people_csv="id\n2\n3\n"))
    assert rows(warehouse, "select id from raw_files.people order by id") == [("1",), ("2",), ("3",)]
    (count,) = [count for count in report.counts if count.received]
    assert (count.landed, count.known) == (1, 1)
    assert len(report.load_ids) == 2
    with warehouse.connect() as connection:
        assert completed_loads(connection) == sorted(report.load_ids)


@DUCKDB
def test_a_warehouse_that_does_not_take_a_load_gets_it_the_next_time(
    warehouse: Warehouse, load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlt.pipeline.pipeline import Pipeline

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "load", full)
        (failure,) = load("files", files_dir=write(tmp_path / "in", people_csv="id\n1\n")).failures
    assert failure.transient
    assert "did not take the load (No space left on device); load again to finish it" in failure.error
    assert load("files", files_dir=tmp_path / "in").failures == ()
    assert rows(warehouse, "select count(*) from raw_files.people") == [(1,)]


@DUCKDB
def test_the_cursor_is_found_again_when_the_state_folder_is_lost(
    warehouse: Warehouse, load: Loader, simulated: Agency, tmp_path: Path
) -> None:
    import shutil

    with served(simulated, tmp_path) as (server, config):
        first = load("hubspot", config, run_at=server.as_of)
        shutil.rmtree(tmp_path / "state")
        second = load("hubspot", config, run_at=server.as_of)
    assert second.failures == ()
    before, after = (
        sum(c.received for c in report.counts if c.resource == "contacts") for report in (first, second)
    )
    assert after < before / 2
