"""A load that was cut off is finished, or, where that cannot be, read again; nothing of it is lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from dlt.common.storages import LoadStorage
from dlt.load.load import Load
from dlt.pipeline.pipeline import Pipeline

from ingestion.load import completed_loads
from tests.ingestion.conftest import Loader, rows, write
from warehouse import Warehouse
from warehouse.patience import Patience

RESTARTING = "server closed the connection unexpectedly"
PEOPLE = "id,title\n1,CEO\n2,CTO\n"
CURRENT = "select id, title from raw_files.people where _dlt_valid_to is null order by id"


@pytest.fixture
def cut_off(load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A load that was handed over and not taken; return the folder it came from."""
    folder = write(tmp_path / "in", people_csv=PEOPLE)
    load("files", files_dir=write(tmp_path / "before", people_csv="id,title\n1,Intern\n"))

    def broken(*_: Any, **__: Any) -> str:
        raise RuntimeError("no way")

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "load", broken)
        report = load("files", files_dir=folder)
    (failure,) = report.failures
    assert failure.transient
    assert "did not take the load (no way)" in failure.error
    return folder


def test_what_was_handed_over_is_finished_by_the_next_load(
    cut_off: Path, load: Loader, warehouse: Warehouse, tmp_path: Path
) -> None:
    report = load("files", files_dir=write(tmp_path / "next", people_csv="id,title\n3,CFO\n"))
    assert report.failures == ()
    assert len(report.load_ids) == 2
    assert rows(warehouse, CURRENT) == [("1", "CEO"), ("2", "CTO"), ("3", "CFO")]


def test_what_cannot_be_finished_is_dropped_and_read_again(
    cut_off: Path, load: Loader, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in (tmp_path / "state").rglob("*.parquet"):
        package.write_bytes(b"half a file")
    for package in (tmp_path / "state").rglob("*.csv*"):
        package.write_bytes(b"half a file")
    report = load("files", files_dir=cut_off)
    assert report.failures == ()
    assert report.notes[0].startswith("files: what an interrupted load left could not be finished")
    assert rows(warehouse, CURRENT) == [("1", "CEO"), ("2", "CTO")]


@pytest.mark.parametrize(
    "cut", [(Load, "complete_package"), (LoadStorage, "complete_load_package")], ids=["before", "after"]
)
def test_a_first_load_that_was_cut_off_around_its_end_counts_once(
    cut: tuple[type, str], load: Loader, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no way")

    folder = write(tmp_path / "in", people_csv=PEOPLE)
    with monkeypatch.context() as patch:
        patch.setattr(*cut, broken)
        assert load("files", files_dir=folder).failures
    report = load("files", files_dir=folder)
    assert (report.failures, report.notes) == ((), ())
    with warehouse.connect() as connection:
        found = completed_loads(connection)
    assert found == sorted(set(report.load_ids))
    assert rows(warehouse, CURRENT) == [("1", "CEO"), ("2", "CTO")]


def test_a_working_folder_that_is_gone_is_made_anew(
    cut_off: Path, load: Loader, warehouse: Warehouse, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "state")
    assert load("files", files_dir=cut_off).failures == ()
    assert rows(warehouse, CURRENT) == [("1", "CEO"), ("2", "CTO")]


def test_rows_of_a_load_that_nobody_can_finish_are_built_all_the_same(
    load: Loader, warehouse: Warehouse, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", people_csv=PEOPLE)
    load("files", files_dir=folder)
    with warehouse.connect() as connection:  # as if it had been killed before it was declared complete
        connection.execute("delete from raw_files._dlt_loads")
        assert completed_loads(connection) == []
    shutil.rmtree(tmp_path / "state")
    report = load("files", files_dir=folder)
    assert "loads that were cut off are taken as they are" in report.notes[0]
    with warehouse.connect() as connection:
        (load_id,) = {row[0] for row in rows(warehouse, "select distinct _dlt_load_id from raw_files.people")}
        assert load_id in completed_loads(connection)


def test_a_warehouse_that_restarts_is_waited_for(
    load: Loader, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Pipeline.load, []

    def restarting(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError(RESTARTING)
        return real(*arguments, **options)

    monkeypatch.setattr(Pipeline, "load", restarting)
    folder = write(tmp_path / "in", people_csv=PEOPLE)
    report = load("files", files_dir=folder, patience=Patience(3, 0, lambda _: None))
    assert (report.failures, report.retries) == ((), 2)
    assert rows(warehouse, CURRENT) == [("1", "CEO"), ("2", "CTO")]
