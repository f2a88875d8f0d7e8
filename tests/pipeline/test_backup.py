"""What cannot be rebuilt comes back whole, on either engine, or not at all."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.backup import backup, restore
from pipeline.config import Config
from pipeline.decisions import PaidAnswerStore
from pipeline.errors import UsageError
from pipeline.ledger import Ledger, OpenStep, last_runs
from pipeline.state import locks, metadata, open_state
from tests.conftest import NewProfile
from warehouse import Warehouse, open_warehouse

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)


def config(folder: Path) -> Config:
    return Config.model_validate({"agency": {"name": "Test"}, "state_dir": folder / "state"})


def contents(engine: Engine) -> dict[str, list[dict[str, object]]]:
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in metadata.sorted_tables
            if table is not locks
        }


def fill(engine: Engine, target: str) -> None:
    """A run with a step, and a paid answer."""
    ledger = Ledger(engine, "one")
    ledger.start(target, "run", RUN_AT, is_whole=True)
    ledger.end(
        ledger.begin("load", "apollo", {"accounts": ["main"]}), "load", "apollo", 1.5, OpenStep(rows=3)
    )
    PaidAnswerStore(engine).commit("apollo", "main", [("p1", RUN_AT, '{"id": "p1", "ü": 1}', Decimal("1.5"))])


@pytest.fixture
def kept(warehouse: Warehouse, tmp_path: Path, state: Engine) -> Path:
    """A backup of a filled state database."""
    fill(state, warehouse.target)
    found = backup(config(tmp_path), warehouse, tmp_path / "b.zip")
    assert (found.rows["runs"], found.rows["steps"], found.rows["paid_answers"]) == (1, 1, 1)
    return tmp_path / "b.zip"


@pytest.mark.parametrize("other", ["duckdb", "postgres"])
def test_a_backup_comes_back_on_either_engine(
    kept: Path, state: Engine, other: str, warehouse: Warehouse, tmp_path: Path, new_profile: NewProfile
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    target = open_warehouse(new_profile(other, folder))
    restore(config(folder), target, kept)
    engine = open_state(target, folder / "state")
    wanted = contents(state)
    for row in wanted["runs"]:
        row["target"] = target.target
    assert contents(engine) == wanted
    assert last_runs(engine, target.target)[0]["run_id"] == "one"
    PaidAnswerStore(engine).commit("apollo", "main", [("p2", RUN_AT, "{}", Decimal(1))])  # numbers go on
    engine.dispose()


def test_a_backup_goes_into_an_empty_ledger_only(kept: Path, warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not empty \(.* has 1 rows\)"):
        restore(config(tmp_path), warehouse, kept)


def test_a_file_that_is_no_backup_is_told(warehouse: Warehouse, state: Engine, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no")
    with pytest.raises(UsageError, match="is no backup"):
        restore(config(tmp_path), warehouse, tmp_path / "x.zip")
    with pytest.raises(UsageError, match="is no backup"):
        restore(config(tmp_path), warehouse, tmp_path / "missing.zip")


def test_a_backup_that_lacks_rows_restores_nothing(
    kept: Path, tmp_path: Path, warehouse: Warehouse, new_profile: NewProfile
) -> None:
    cut = tmp_path / "cut.zip"
    with zipfile.ZipFile(kept) as whole, zipfile.ZipFile(cut, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, "" if name == "paid_answers.jsonl" else whole.read(name))
    folder = tmp_path / "empty"
    folder.mkdir()
    target = open_warehouse(new_profile(warehouse.name, folder))
    with pytest.raises(UsageError, match="paid_answers has 0 rows, its manifest says 1"):
        restore(config(folder), target, cut)
    engine = open_state(target, folder / "state")
    assert not any(contents(engine).values())
    engine.dispose()


def test_every_table_but_the_lock_is_in_it(kept: Path) -> None:
    with zipfile.ZipFile(kept) as archive:
        names = {name.removesuffix(".jsonl") for name in archive.namelist()} - {"manifest.json"}
        assert json.loads(archive.read("manifest.json"))["format"] == 1
    assert names == {table.name for table in metadata.sorted_tables} - {"locks"}


def test_a_place_that_cannot_be_written_is_told(warehouse: Warehouse, state: Engine, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        backup(config(tmp_path), warehouse, tmp_path / "missing" / "b.zip")
