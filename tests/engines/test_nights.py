"""Whatever the nights brought, the marts are those of one full rebuild, and the same on every engine."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import ENGINES, NewProfile
from tests.engines.marts import Marts, differences, snapshot
from tests.engines.nights import WINNOW_YML, write_nights
from tests.winnow import winnow
from warehouse import open_warehouse

NIGHTS = 5
SEED = 20260327


@pytest.fixture(scope="module")
def replayed(
    tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> dict[str, tuple[Marts, Marts]]:
    """Per engine: the marts after five nights, and after a full rebuild of the same raw data."""
    nights = list(write_nights(tmp_path_factory.mktemp("files"), NIGHTS, SEED))
    found = {}
    for engine in ENGINES:
        folder = new_profile(engine, tmp_path_factory.mktemp(engine))
        (folder / "winnow.yml").write_text(WINNOW_YML)
        for run_at, files in nights:
            winnow(folder, "load", "files", str(files), "--at", run_at.isoformat())
            _build(folder, run_at)
        winnow(folder, "answer", "--at", run_at.isoformat())
        warehouse = open_warehouse(folder)
        incremental = snapshot(warehouse)
        _build(folder, run_at, "--full-refresh")
        winnow(folder, "answer", "--at", run_at.isoformat())
        found[engine] = (incremental, snapshot(warehouse))
    return found


def _build(folder: Path, run_at: datetime, *options: str) -> None:
    winnow(folder, "build", "--at", run_at.isoformat(), *options)
    winnow(folder, "score", "--at", run_at.isoformat())


@pytest.mark.parametrize("engine", ENGINES)
def test_five_random_nights_equal_one_full_build(
    replayed: dict[str, tuple[Marts, Marts]], engine: str
) -> None:
    incremental, full = replayed[engine]
    assert differences(incremental, full, ("the nights", "the full build")) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_the_nights_fill_the_marts(replayed: dict[str, tuple[Marts, Marts]], engine: str) -> None:
    marts, _ = replayed[engine]
    assert [table for table, rows in marts.items() if not rows] == []


def test_the_engines_build_the_same_marts(replayed: dict[str, tuple[Marts, Marts]]) -> None:
    (duckdb, _), (postgres, _) = replayed["duckdb"], replayed["postgres"]
    assert differences(duckdb, postgres, ("DuckDB", "PostgreSQL")) == []
