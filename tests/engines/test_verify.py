"""`winnow verify` on a night's warehouse: silent while nothing differs, and not when something does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ENGINES, NewProfile
from tests.engines.known import FROM_AFAR
from tests.engines.nights import FIRST_NIGHT, SETTINGS, Night
from tests.winnow import winnow
from warehouse import Warehouse, open_warehouse

FIRST = "where {key} = (select min({key}) from {table})"
TAMPERED = {
    "facts.messages": f"update {{table}} set step_number = 9, subject = 'x' {FIRST}",
    "facts.lead_pool": f"delete from {{table}} {FIRST}",
    "facts.companies": f"insert into {{table}} select * from {{table}} {FIRST}",
    "answers.leads": f"update {{table}} set next_contact_on = date '2020-01-01' {FIRST}",
    "scoring.als_scores": f"update {{table}} set score = score + 1 {FIRST}",
    "scoring.title_groups": f"update {{table}} set title_group = 'x' {FIRST}",
}
"""By hand, one row a table: changed, gone, or there twice."""

KEYS = {
    "facts.messages": "message_id",
    "facts.lead_pool": "lead_id",
    "facts.companies": "company_id",
    "answers.leads": "client_lead_id",
    "scoring.als_scores": "lead_id",
    "scoring.title_groups": "title",
}


@pytest.fixture(scope="module", params=ENGINES)
def night(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_profile: NewProfile
) -> Path:
    """A folder whose warehouse holds one night, built by the command."""
    folder = new_profile(request.param, tmp_path_factory.mktemp(request.param))
    (folder / "winnow.yml").write_text(SETTINGS[0])
    result = winnow(folder, "verify", code=1)
    assert "error: the facts are not built to the end; run `winnow build` first" in result.output
    records = FROM_AFAR[0].records["files"]
    titled = [person | {"title": "CEO"} for person in records["people"]]
    files = Night(0, 0, {"files": records | {"people": titled}}).write(folder / "night")["files"]
    at = ("--at", FIRST_NIGHT.isoformat())
    winnow(folder, "load", "files", str(files), *at)
    for stage in ("build", "score", "answer", "learn"):
        winnow(folder, stage, *at)
    return folder


def scratch_schemas(warehouse: Warehouse) -> list[str]:
    with warehouse.connect() as connection:
        found = connection.rows(
            "select schema_name from information_schema.schemata where schema_name like 'scratch%'"
        )
    return [row["schema_name"] for row in found]


def test_people_are_merged_and_split_by_hand(night: Path) -> None:
    line = winnow(night, "pool", "merge", "Ada@X.example", "bo@y.example", "--reason", "she said so").stdout
    assert line.endswith("are one person; the next `winnow run` (or `winnow build`) acts on it\n")
    found = json.loads(winnow(night, "pool", "split", "ada@x.example", "email:bo@y.example", "--json").stdout)
    assert "email:ada@x.example" in found["stays"]
    assert "email:bo@y.example" in found["other"]
    lead = found["left_lead_id"]
    for arguments, error in {
        ("merge", "ada@x.example", lead): f"are one lead already ({lead})",
        ("merge", "ada@x.example", "cy@x.example"): "'cy@x.example' is no lead id, e-mail address or person",
        ("split", lead): f"nothing in lead {lead} was joined by a decision; name the address that goes",
        ("split", "ada@x.example", lead): f"{lead} is the whole lead; name the address or key that goes",
    }.items():
        assert error in winnow(night, "pool", *arguments, code=2).output


def test_an_honest_night_is_one_line(night: Path) -> None:
    result = winnow(night, "verify")
    assert result.output.count("\n") == 1
    assert "all equal to a rebuild: answers." in result.output
    assert "answers.crm_credits 0," in result.output
    assert "facts.messages 2" in result.output
    assert scratch_schemas(open_warehouse(night)) == []
    runs = json.loads(winnow(night, "runs", "--json").output)
    assert [(run["command"], run["outcome"]) for run in runs[:2]] == [("verify", "done"), ("learn", "done")]


def test_another_configuration_is_told_before_anything_is_compared(night: Path) -> None:
    path = night / "winnow.yml"
    for settings, line in (
        (SETTINGS[1], "models, seeds, macros or mappings in winnow.yml have changed since the last build"),
        (
            SETTINGS[0].replace("reply_window_days: 14", "reply_window_days: 7"),
            "(ops.current_run holds other",
        ),
    ):
        path.write_text(settings)
        assert line in winnow(night, "verify", code=1).output
    path.write_text(SETTINGS[0])


def test_every_row_changed_by_hand_is_listed_with_its_key(night: Path) -> None:
    warehouse = open_warehouse(night)
    with warehouse.connect() as connection:
        before = {
            table: {
                str(row["key"])
                for row in connection.rows(
                    f"select cast({key} as text) as key from {table} order by 1 limit 1"
                )
            }
            for table, key in KEYS.items()
        }
        for table, sql in TAMPERED.items():
            where = f"cast({KEYS[table]} as text)"
            connection.execute(sql.format(table=table, key=where))
    found = json.loads(winnow(night, "verify", "--json", "--keep", code=1).stdout)
    listed = {item["table"]: item for item in found["differences"]}
    assert set(listed) == set(TAMPERED)
    assert {table: {listed[table]["key"][KEYS[table]]} for table in KEYS} == before
    assert listed["facts.messages"]["columns"] == ["step_number", "subject"]
    assert listed["scoring.als_scores"]["columns"] == ["score"]
    sides = {
        table: listed[table]["side"] for table in ("facts.lead_pool", "facts.companies", "answers.leads")
    }
    assert sides == {"facts.lead_pool": "rebuild", "facts.companies": "warehouse", "answers.leads": "both"}
    assert found["differing"] == sum(item["count"] for item in found["differences"])
    assert "scratch_facts" in scratch_schemas(warehouse)

    sample = json.loads(winnow(night, "verify", "--sample", "100", "--json", code=1).stdout)
    # the company that is there twice doubles what is rebuilt of its people
    differing = {"facts.messages", "facts.lead_pool", "facts.lead_fields"}
    assert {item["table"] for item in sample["differences"]} == differing
    assert sample["leads"] == 3
    assert sample["tables"]["facts.message_events"] == {"rows": 1, "differing": 0}
    assert scratch_schemas(warehouse) == []
    assert sample["differing"] == sum(item["count"] for item in sample["differences"]), sample

    text = winnow(night, "verify", "--sample", "100", "--limit", "1", code=1).output
    assert f"{sample['differing']} differ from a rebuild" in text, sample
    assert f"… and {sample['differing'] - 1} more" in text
