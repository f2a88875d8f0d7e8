"""Public notices of a dozen mail systems: each is known as one, and types and codes are as labelled."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from scoring.bounces import Notice, read_notice

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "bounce_messages"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs ../shared/data/bounce_messages beside the clone"
)

OF_PEOPLE = {
    "tt_1234210666": "an absence note",
    "tt_1234211024": "an absence note",
    "tt_1234241664": "the mail of a person",
}
WITHOUT_ADDRESS = {"tt_bounce_11": "names the recipient without an address"}
DELAYED = {"tt_bounce_12_soft", "tt_bounce_18", "tt_bounce_19"}
TYPES = {"HARD_FAIL": "hard", "SOFT_FAIL": "soft"}


def notices() -> dict[str, Notice | None]:
    return {
        path.stem: read_notice(None, path.read_text(encoding="utf-8", errors="replace"), None)
        for path in sorted((FOLDER / "bounces").glob("*.txt"))
    }


def test_every_notice_is_known_as_one_with_its_recipient() -> None:
    found = notices()
    assert {name for name, notice in found.items() if notice is None} == set(OF_PEOPLE)
    assert {name for name, notice in found.items() if notice and not notice.email} == set(WITHOUT_ADDRESS)
    assert {notice.kind for notice in found.values() if notice} == {"bounce"}


def test_delays_are_soft_and_no_type_is_open() -> None:
    found = {name: notice.bounce_type for name, notice in notices().items() if notice}
    assert {name for name, bounce_type in found.items() if bounce_type == "soft"} == DELAYED | {
        "tt_bounce_10"
    }
    assert "unknown" not in found.values()


def test_labels() -> None:
    found = notices()
    with (FOLDER / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            notice = found[row["file"]]
            assert notice is not None, row
            assert notice.code == row["code"], row
            assert notice.bounce_type == TYPES.get(
                row["type"], "soft" if row["code"][0] == "4" else "hard"
            ), row
