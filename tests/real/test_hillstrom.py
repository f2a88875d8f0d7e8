"""The arms of a published test come out of file import and a whole run with their published rates."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.conftest import NewProfile
from tests.real.hillstrom import HOLDOUT, WINNOW_YML, write_files
from tests.winnow import winnow

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "hillstrom_email" / "hillstrom.csv"

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the published data set is not on this machine")

PUBLISHED = {"No E-Mail": "10.62", "Womens E-Mail": "15.14", "Mens E-Mail": "18.28"}
"""Visits in per cent of customers, by arm."""


def test_published_arms_show_the_known_rates_to_the_row(tmp_path: Path, new_profile: NewProfile) -> None:
    new_profile("duckdb", tmp_path)
    (tmp_path / "winnow.yml").write_text(WINNOW_YML)
    files = tmp_path / "files"
    files.mkdir()
    expected = write_files(DATA, files)

    winnow(tmp_path, "load", "files", str(files), "--at", "2026-03-01")
    winnow(tmp_path, "run", "--from", "build", "--at", "2026-03-01")

    with duckdb.connect(str(tmp_path / ".winnow" / "published.duckdb"), read_only=True) as published:
        rows = published.execute(
            "select arm, metric, lead_count, conversion_count, conversion_rate, is_holdout"
            " from analytics.experiment_arms"
        ).fetchall()
        pool = published.execute("select count(*) from analytics.lead_pool").fetchone()
    assert {(arm, metric): (count, hits) for arm, metric, count, hits, _, _ in rows} == expected
    visits = {arm: Decimal(rate) * 100 for arm, metric, _, _, rate, _ in rows if metric == "visit"}
    assert {arm: f"{rate:.2f}" for arm, rate in visits.items()} == PUBLISHED
    assert {arm for arm, *_, is_holdout in rows if is_holdout} == {HOLDOUT}
    assert pool == (64_000,)
