"""Keys, checks and indexes of what PostgreSQL publishes: as declared, in the way of no row and no reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.warehouse.test_publish import ADA, BOB, SEEN, fill, stamp, touch
from warehouse import Warehouse, constraints
from warehouse.publication import Declared, PublishedTable

pytestmark = pytest.mark.parametrize("engine", ["postgres"])

DECLARED = Declared(
    primary_key=("id",), values=(("name", ("one", "two")),), indexes=(("owner", "seen_at"), ("seen_at",))
)
THINGS = PublishedTable("things", "facts.things", kind="touched_owners", key="owner", declared=DECLARED)
ROWS: list[tuple[Any, ...]] = [(1, ADA, "one", SEEN), (2, BOB, "two", None)]


@pytest.fixture
def first(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse that was published once."""
    fill(warehouse, ROWS)
    assert warehouse.publish(tmp_path, [THINGS], stamp(1), whole=True).notes == ()
    return warehouse


def has(warehouse: Warehouse) -> list[str]:
    """Return what analytics.things has, as the server writes it."""
    with warehouse.connect() as connection:
        rows = connection.rows(
            "select pg_get_constraintdef(oid) as definition from pg_constraint"
            " where conrelid = cast('analytics.things' as regclass) and contype in ('p', 'u', 'c')"
            " union all select substr(indexdef, position('USING' in indexdef)) from pg_indexes"
            " where schemaname = 'analytics' and indexname like 'winnow_index%' order by 1"
        )
    return [row["definition"] for row in rows]


CHECK = "CHECK ((name = ANY (ARRAY['one'::text, 'two'::text])))"
BY_OWNER, BY_TIME = "USING btree (owner, seen_at)", "USING btree (seen_at)"
KEY = "PRIMARY KEY (id)"


def test_a_published_table_has_what_is_declared(first: Warehouse, tmp_path: Path) -> None:
    """The index on owner and seen_at serves the touched key, which is owner, too."""
    assert has(first) == [CHECK, KEY, BY_OWNER, BY_TIME]
    with first.connect() as connection:
        for row in ((1, ADA, "one", None), (None, ADA, "one", None), (3, ADA, "three", None)):
            with pytest.raises(psycopg2.IntegrityError):
                connection.execute("insert into analytics.things values (?, ?, ?, ?)", row)


def test_what_is_declared_otherwise_is_changed_and_nothing_else(first: Warehouse, tmp_path: Path) -> None:
    before = _catalog(first)
    assert first.publish(tmp_path, [THINGS], stamp(2), whole=True).notes == ()
    assert _catalog(first) == before
    other = replace(DECLARED, values=(("name", ("three", "it's")),), indexes=(("seen_at", "owner"),))
    fill(first, [(1, ADA, "three", SEEN), (2, BOB, "it's", None)])
    done = first.publish(tmp_path, [replace(THINGS, declared=other)], stamp(3), whole=True)
    assert done.notes == ()
    check = "CHECK ((name = ANY (ARRAY['three'::text, 'it''s'::text])))"
    assert has(first) == [check, KEY, "USING btree (owner)", "USING btree (seen_at, owner)"]
    assert _catalog(first) & before == {name for name in before if "_key_" in name}


def test_a_column_that_changes_gets_its_check_anew(first: Warehouse, tmp_path: Path) -> None:
    fill(first, [(1, ADA, "one")], {"id": "integer", "owner": "uuid", "name": "varchar(5)"})
    first.publish(tmp_path, [THINGS], stamp(2), whole=False)
    check, *others = has(first)
    assert check.startswith("CHECK (((name)::text = ANY")
    assert others == [KEY, "USING btree (owner)"]


@pytest.mark.parametrize(
    ("row", "lost", "what"),
    [
        ((2, BOB, "three", None), CHECK, "the check of name"),
        ((1, BOB, "two", None), KEY, "its key id"),
        ((None, BOB, "two", None), KEY, "its key id"),
    ],
    ids=["a value", "a key twice", "a key that is missing"],
)
def test_rows_that_a_person_accepted_are_published_without_what_they_break(
    first: Warehouse, tmp_path: Path, row: tuple[Any, ...], lost: str, what: str
) -> None:
    note = f"analytics.things is without {what}, which rows break; it returns once none do"
    for night in (2, 3):
        fill(first, [ROWS[0], row])
        touch(first, BOB)
        assert first.publish(tmp_path, [THINGS], stamp(night), whole=night == 2).notes == (note,)
        assert set(has(first)) == {CHECK, KEY, BY_OWNER, BY_TIME} - {lost}
        with first.connect() as connection:
            assert connection.scalar("select name from analytics.things where owner = ?", [BOB]) == row[2]
    fill(first, ROWS)
    touch(first, BOB)
    assert first.publish(tmp_path, [THINGS], stamp(4), whole=False).notes == ()
    assert has(first) == [CHECK, KEY, BY_OWNER, BY_TIME]


def test_a_constraint_of_the_administrator_stands(first: Warehouse, tmp_path: Path) -> None:
    with first.connect() as connection:
        connection.execute("alter table analytics.things add constraint theirs check (id < 3)")
    fill(first, [(7, ADA, "one", SEEN)])
    with pytest.raises(psycopg2.errors.CheckViolation, match="theirs"):
        first.publish(tmp_path, [THINGS], stamp(2), whole=True)
    with first.connect() as connection:
        assert connection.scalar("select max(id) from analytics.things") == 2


def test_a_reader_is_waited_for_only_so_long(
    first: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constraints, "LOCK_TIMEOUT", "50ms")
    unchecked = replace(THINGS, declared=replace(DECLARED, values=()))
    first.publish(tmp_path, [unchecked], stamp(2), whole=True)
    with first.published(tmp_path) as reader:
        assert reader.scalar("select count(*) from analytics.things") == 2
        done = first.publish(tmp_path, [THINGS], stamp(3), whole=True)
        assert done.notes == ("analytics.things is being read: the check of name comes with a later publish",)
    assert first.publish(tmp_path, [THINGS], stamp(4), whole=True).notes == ()
    assert CHECK in has(first)


def test_a_key_that_may_be_null_is_unique(first: Warehouse, tmp_path: Path) -> None:
    unique = replace(DECLARED, primary_key=(), unique=("id", "owner"))
    done = first.publish(tmp_path, [replace(THINGS, declared=unique)], stamp(2), whole=True)
    assert done.notes == ()
    assert "UNIQUE NULLS NOT DISTINCT (id, owner)" in has(first)


def _catalog(warehouse: Warehouse) -> set[str]:
    """Return the names of what is ours, each with the version of its row."""
    with warehouse.connect() as connection:
        rows = connection.rows(
            "select relname || ' ' || cast(xmin as text) as version from pg_class"
            " where relname like 'winnow_%'"
            " union all select conname || ' ' || cast(xmin as text) from pg_constraint"
            " where conname like 'winnow_%'"
        )
    return {row["version"] for row in rows}
