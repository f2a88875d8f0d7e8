from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.load import completed_loads
from tests.ingestion.conftest import NIGHT, Loader, rows, write
from warehouse import Warehouse

PEOPLE = "\ufeffID;E-Mail;First Name;Title;Shoe Size\n1;Jane+x@Example.com;Jane;CEO;38\n2;;Bob;;\n"
CURRENT = (
    "select id, email, email_key, first_name, attributes from raw_files.people"
    " where _dlt_valid_to is null order by id"
)


def test_a_folder_lands_typed_with_extra_columns_as_attributes(
    warehouse: Warehouse, load: Loader, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "in",
        people_csv=PEOPLE.replace("E-Mail", "email"),
        outcomes_jsonl='{"email": "JANE@example.com", "client": "acme", "outcome": "visit",'
        ' "time": "2026-01-31", "value": 1}\n',
    )
    pq.write_table(pa.table({"id": ["acme"], "name": ["Acme"]}), folder / "clients.parquet")
    report = load("files", files_dir=folder)
    assert report.failures == ()
    assert {c.resource: (c.reported, c.received, c.landed) for c in report.counts if c.received} == {
        "clients": (1, 1, 1),
        "people": (2, 2, 2),
        "outcomes": (1, 1, 1),
    }
    assert rows(warehouse, CURRENT) == [
        ("1", "Jane+x@Example.com", "jane@example.com", "Jane", '{"Shoe Size":"38"}'),
        ("2", None, None, "Bob", None),
    ]
    assert rows(
        warehouse, "select lead_key, name, value, occurred_at, loaded_at from raw_files.outcomes"
    ) == [("email:jane@example.com", "visit", 1, NIGHT.replace(month=1, day=31, hour=0), NIGHT)]
    with warehouse.connect() as connection:
        assert set(report.load_ids) <= set(completed_loads(connection))


def test_every_version_is_kept_once_and_a_b_a_ends_in_a(
    warehouse: Warehouse, load: Loader, tmp_path: Path
) -> None:
    for title, landed, known in [("CEO", 1, 0), ("CEO", 0, 1), ("CTO", 1, 0), ("CEO", 1, 0)]:
        folder = write(tmp_path / "in", people_csv=f"id,title\n1,{title}\n")
        (count,) = [c for c in load("files", files_dir=folder).counts if c.resource == "people"]
        assert (count.landed, count.known) == (landed, known)
    assert rows(warehouse, "select title from raw_files.people where _dlt_valid_to is null") == [("CEO",)]
    assert rows(warehouse, "select count(*) from raw_files.people") == [(3,)]


def test_bad_rows_are_quarantined_with_file_line_column_and_reason(
    warehouse: Warehouse, load: Loader, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "in",
        messages_csv='id,lead,sent_at,body\nm1,j@x.com,2026-01-01,"two\nlines"\nm2,j@x.com,yesterday,\nm3,j@x.com,\nm4,,2026-01-01,\n',
        people_jsonl='{"id": 1}\n{"id": \n[1]\n{"name": "no id"}\n',
    )
    report = load("files", files_dir=folder)
    assert report.failures == ()
    counts = {c.resource: (c.received, c.landed, c.quarantined) for c in report.counts if c.received}
    assert counts == {"messages": (4, 1, 3), "people": (4, 1, 3)}
    places = rows(warehouse, "select place, reason from raw_files.quarantine order by place")
    assert [place for place, _ in places] == [
        "messages.csv:4:sent_at",
        "messages.csv:5",
        "messages.csv:6:lead",
        "people.jsonl:2",
        "people.jsonl:3",
        "people.jsonl:4",
    ]
    assert places[0][1] == "sent_at: expected a moment such as 2026-01-31T09:30:00Z, got str 'yesterday'"
    assert places[1][1] == "has 3 cells where the header has 4"
    assert places[2][1] == "lead: is missing"


def test_a_repeated_key_lands_once_as_it_was_last(warehouse: Warehouse, load: Loader, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", people_csv="id,title\n1,old\n2,x\n1,new\n")
    (count,) = [c for c in load("files", files_dir=folder).counts if c.received]
    assert (count.received, count.landed, count.duplicates) == (3, 2, 1)
    assert rows(warehouse, "select id, title from raw_files.people order by id") == [("1", "new"), ("2", "x")]


@pytest.mark.parametrize("engine", ["duckdb"])
@pytest.mark.parametrize(
    ("files", "error"),
    [
        (
            {"persons_csv": "id\n1\n"},
            "persons.csv is named after no entity; known names are clients, companies, people",
        ),
        ({"people_xlsx": "x"}, "people.xlsx is no CSV, JSONL or Parquet file"),
        ({"people_csv": "name\nJane\n"}, "people.csv:1: no column id, which people require"),
        ({"people_csv": "id,id\n1,2\n"}, "people.csv:1: the column 'id' stands there twice"),
        ({"people_csv": ""}, "people.csv: is empty"),
        ({}, "in is empty"),
    ],
)
def test_a_file_that_cannot_be_an_import_is_an_error_that_says_why(
    load: Loader, tmp_path: Path, files: dict[str, str], error: str
) -> None:
    (failure,) = load("files", files_dir=write(tmp_path / "in", **files)).failures
    assert error in failure.error
    assert not failure.transient


@pytest.mark.parametrize("engine", ["duckdb"])
def test_a_source_of_which_nothing_arrives_is_a_failure(load: Loader, tmp_path: Path) -> None:
    report = load("files", files_dir=write(tmp_path / "in", deals_csv="id,created_at\n1,soon\n"))
    (failure,) = report.failures
    assert failure.error == (
        "files account files: deals: the source says it has 1, all 1 were quarantined;"
        " see raw_files.quarantine"
    )


@pytest.mark.parametrize("engine", ["duckdb"])
def test_only_the_row_that_is_not_utf_8_is_refused(
    warehouse: Warehouse, load: Loader, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", people_csv="")
    (folder / "people.csv").write_bytes("id,first_name\n1,Jörg\n".encode() + "2,Jörg\n".encode("latin-1"))
    load("files", files_dir=folder)
    assert rows(warehouse, "select first_name from raw_files.people") == [("Jörg",)]
    assert rows(warehouse, "select place, reason from raw_files.quarantine") == [
        ("people.csv:3", "is not UTF-8; save the file as UTF-8")
    ]
