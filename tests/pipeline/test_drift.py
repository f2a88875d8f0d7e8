"""Fields that come and go are told once, kept, and listed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from ingestion.counts import FieldCount
from pipeline import drift
from tests.conftest import NewProfile
from tests.winnow import winnow

NIGHT = datetime(2026, 3, 6, 2, tzinfo=UTC)
CONFIG = "agency: {name: Test}\nclients:\n  - {id: acme, name: Acme}\n"


def counts(records: int, filled: dict[str, int], extra: dict[str, int] | None = None) -> list[FieldCount]:
    place = ("smartlead", "main", "leads")
    return [
        *(FieldCount(*place, name, True, count, records) for name, count in filled.items()),
        *(FieldCount(*place, name, False, count, records) for name, count in (extra or {}).items()),
    ]


def keep(state: Engine, night: int, *args: object) -> list[str]:
    return drift.keep(state, "t", NIGHT + timedelta(days=night), counts(*args))  # type: ignore[arg-type]


def test_a_new_field_is_told_once(state: Engine) -> None:
    assert keep(state, 0, 50, {"email": 50}, {"note": 3}) == []
    (line,) = keep(state, 1, 5, {"email": 5}, {"note": 0, "score": 2, "mood": 1})
    assert line == "smartlead account main: leads has new fields, kept in attributes: mood, score"
    assert keep(state, 2, 5, {"email": 5}, {"score": 2}) == []


@pytest.mark.parametrize(
    ("before", "records", "is_told"),
    [(50, 20, True), (45, 20, True), (44, 20, False), (50, 19, False)],
)
def test_a_field_that_nearly_all_had_and_none_has(
    state: Engine, before: int, records: int, is_told: bool
) -> None:
    keep(state, 0, 50, {"email": before, "id": 50})
    lines = keep(state, 1, records, {"email": 0, "id": records})
    assert lines == (["smartlead account main: leads no longer has email; was it renamed?"] * is_told)
    assert keep(state, 2, 50, {"email": 0, "id": 50}) == []
    assert keep(state, 3, 50, {"email": 1, "id": 50}) == []


def test_many_new_fields_are_counted(state: Engine) -> None:
    keep(state, 0, 5, {"email": 5})
    (line,) = keep(state, 1, 5, {"email": 5}, {f"f{i}": 1 for i in range(8)})
    assert line.endswith(": f0, f1, f2, f3, f4 and 3 more (`winnow drift`)")


def test_the_command_lists_what_changed(tmp_path: Path, new_profile: NewProfile) -> None:
    new_profile("duckdb", tmp_path)
    (tmp_path / "winnow.yml").write_text(CONFIG)
    people = tmp_path / "in" / "people.csv"
    people.parent.mkdir()

    def load(at: str, header: str, row: str) -> str:
        people.write_text("\n".join([header, *(row.replace("#", str(i)) for i in range(25))]) + "\n")
        return winnow(tmp_path, "load", "files", str(people.parent), "--at", at).stdout

    assert "new fields" not in load("2026-03-06", "id,email,first_name,hobby", "#,p#@a.example,Ada,chess")
    assert "no field has changed" in winnow(tmp_path, "drift").stdout
    shown = load("2026-03-07", "id,email,given,hobby", "#,p#@a.example,Ada,chess")
    assert "people has new fields, kept in attributes: given" in shown
    assert "people no longer has first_name; was it renamed?" in shown
    found = json.loads(winnow(tmp_path, "drift", "--json").stdout)
    changes = {
        (row["field"], row["change"], row["since"][:10], row["filled"], row["records"]) for row in found
    }
    assert changes == {("first_name", "gone", "2026-03-07", 25, 25), ("given", "new", "2026-03-07", 25, 25)}
    every = json.loads(winnow(tmp_path, "drift", "--all", "--json").stdout)
    assert ("hobby", "kept") in {(row["field"], row["change"]) for row in every}
