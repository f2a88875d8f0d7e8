"""Readers see the old state or the new one, whole, on every engine."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from warehouse import Connection, Warehouse, WarehouseError
from warehouse.publication import UNPUBLISHED_KEYS, Published, PublishedTable, Stamp

COLUMNS = {"id": "integer", "owner": "uuid", "name": "text", "seen_at": "timestamptz"}
SEEN = datetime(2026, 3, 1, 2, tzinfo=UTC)
ADA = "11111111-1111-1111-1111-111111111111"
BOB = "22222222-2222-2222-2222-222222222222"
THINGS = PublishedTable("things", "facts.things", kind="touched_owners", key="owner")

Publish = Callable[..., Published]


def stamp(number: int) -> Stamp:
    at = datetime(2026, 3, number, 2, tzinfo=UTC)
    return Stamp(f"run-{number}", at, at)


def fill(warehouse: Warehouse, rows: list[tuple[Any, ...]], columns: dict[str, str] | None = None) -> None:
    with warehouse.connect() as connection:
        connection.replace("facts.things", columns or COLUMNS, rows)


def touch(warehouse: Warehouse, *owners: str) -> None:
    with warehouse.connect() as connection:
        connection.create_table(UNPUBLISHED_KEYS, {"kind": "text", "key": "uuid"})
        connection.insert(UNPUBLISHED_KEYS, ["kind", "key"], [("touched_owners", owner) for owner in owners])


def read(warehouse: Warehouse, state_dir: Path) -> tuple[list[tuple[int, str]], str]:
    with warehouse.published(state_dir) as connection:
        return _read(connection)


def _read(connection: Connection) -> tuple[list[tuple[int, str]], str]:
    rows = connection.rows("select id, name from analytics.things order by id")
    run_id = connection.scalar("select run_id from analytics.publication")
    return [(row["id"], row["name"]) for row in rows], run_id


@pytest.fixture
def first(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse that was published once."""
    fill(warehouse, [(1, ADA, "one", SEEN), (2, BOB, "two", None)])
    done = warehouse.publish(tmp_path, [THINGS], stamp(1), whole=True)
    assert done == Published({"things": 2})
    return warehouse


def test_what_was_published_can_be_read(first: Warehouse, tmp_path: Path) -> None:
    assert read(first, tmp_path) == ([(1, "one"), (2, "two")], "run-1")
    with first.published(tmp_path) as connection:
        row = connection.rows("select * from analytics.things where id = 1")[0]
        (publication,) = connection.rows("select * from analytics.publication")
    assert (str(row["owner"]), row["seen_at"]) == (ADA, SEEN)
    assert (publication["run_at"], publication["published_at"]) == (stamp(1).run_at, stamp(1).published_at)


def test_before_the_first_time_a_reader_is_told_what_to_do(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="winnow run"), warehouse.published(tmp_path):
        pass


def test_readers_cannot_write(first: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="read-only"), first.published(tmp_path) as connection:
        connection.execute("delete from analytics.things")


def test_a_second_publish_changes_all_together(first: Warehouse, tmp_path: Path) -> None:
    fill(first, [(1, ADA, "one", SEEN), (3, BOB, "three", None)])
    first.publish(tmp_path, [THINGS], stamp(2), whole=True)
    assert read(first, tmp_path) == ([(1, "one"), (3, "three")], "run-2")


def test_a_reader_keeps_the_state_it_opened(first: Warehouse, tmp_path: Path) -> None:
    with first.published(tmp_path) as connection:
        before = _read(connection)
        fill(first, [(9, ADA, "nine", None)])
        first.publish(tmp_path, [THINGS], stamp(2), whole=True)
        assert _read(connection) == before
    assert read(first, tmp_path) == ([(9, "nine")], "run-2")


def test_a_publish_that_fails_changes_nothing(first: Warehouse, tmp_path: Path) -> None:
    fill(first, [(9, ADA, "nine", None)])
    missing = PublishedTable("zebras", "facts.zebras")
    with pytest.raises(Exception, match="zebras"):
        first.publish(tmp_path, [THINGS, missing], stamp(2), whole=True)
    assert read(first, tmp_path) == ([(1, "one"), (2, "two")], "run-1")
    first.publish(tmp_path, [THINGS], stamp(3), whole=True)
    assert read(first, tmp_path) == ([(9, "nine")], "run-3")


def test_touched_keys_bring_everything_up_to_date(first: Warehouse, tmp_path: Path) -> None:
    fill(first, [(1, ADA, "one", SEEN), (4, BOB, "four", None)])
    touch(first, BOB, BOB)
    first.publish(tmp_path, [THINGS], stamp(2), whole=False)
    assert read(first, tmp_path) == ([(1, "one"), (4, "four")], "run-2")


def test_columns_that_change_are_published(first: Warehouse, tmp_path: Path) -> None:
    fill(first, [(1, "one", 7)], {"id": "integer", "name": "text", "size": "integer"})
    first.publish(tmp_path, [PublishedTable("things", "facts.things")], stamp(2), whole=False)
    with first.published(tmp_path) as connection:
        assert connection.rows("select * from analytics.things") == [{"id": 1, "name": "one", "size": 7}]


@pytest.mark.parametrize("engine", ["postgres"])
class TestPostgres:
    """What only tables that stay can get wrong."""

    def test_rows_of_untouched_keys_are_not_rewritten(self, first: Warehouse, tmp_path: Path) -> None:
        before = self._versions(first)
        fill(first, [(1, ADA, "one", SEEN), (2, BOB, "two again", None)])
        touch(first, BOB)
        first.publish(tmp_path, [THINGS], stamp(2), whole=False)
        after = self._versions(first)
        assert after[1] == before[1]
        assert after[2] != before[2]
        with first.connect() as connection:
            assert connection.scalar(f"select count(*) from {UNPUBLISHED_KEYS}") == 0

    def test_a_table_that_drifted_is_written_whole_and_said_so(
        self, first: Warehouse, tmp_path: Path
    ) -> None:
        with first.connect() as connection:
            connection.execute("delete from analytics.things where id = 1")
        touch(first)
        done = first.publish(tmp_path, [THINGS], stamp(2), whole=False)
        assert read(first, tmp_path)[0] == [(1, "one"), (2, "two")]
        assert done.notes == ("analytics.things had drifted from its source: written whole",)

    def test_grants_survive(self, first: Warehouse, tmp_path: Path) -> None:
        with first.connect() as connection:
            connection.execute("grant select on analytics.things to public")
        first.publish(tmp_path, [THINGS], stamp(2), whole=True)
        with first.connect() as connection:
            found = connection.scalar(
                "select count(*) from information_schema.role_table_grants"
                " where table_schema = 'analytics' and table_name = 'things' and grantee = 'PUBLIC'"
            )
        assert found == 1

    def test_a_table_with_other_columns_is_told(self, first: Warehouse, tmp_path: Path) -> None:
        fill(first, [(1, 7)], {"id": "integer", "name": "integer"})
        done = first.publish(tmp_path, [PublishedTable("things", "facts.things")], stamp(2), whole=False)
        assert done.notes == (
            "analytics.things has other columns now: it gained name and lost owner, name, seen_at;"
            " its grants stay",
        )
        with first.published(tmp_path) as connection:
            assert connection.rows("select * from analytics.things") == [{"id": 1, "name": 7}]

    def test_a_reader_keeps_its_rows_when_columns_change(self, first: Warehouse, tmp_path: Path) -> None:
        fill(first, [(9, "nine", 1)], {"id": "integer", "name": "text", "size": "integer"})
        with first.published(tmp_path) as connection:
            run_id = connection.scalar("select run_id from analytics.publication")
            first.publish(tmp_path, [PublishedTable("things", "facts.things")], stamp(2), whole=False)
            assert _read(connection) == ([(1, "one"), (2, "two")], run_id)
        assert read(first, tmp_path) == ([(9, "nine")], "run-2")

    def test_a_table_published_no_longer_is_told(self, first: Warehouse, tmp_path: Path) -> None:
        done = first.publish(tmp_path, [], stamp(2), whole=False)
        assert done.notes == (
            "analytics.things is published no longer and gets no new rows; drop it when nobody needs it",
        )

    @staticmethod
    def _versions(warehouse: Warehouse) -> dict[int, str]:
        with warehouse.connect() as connection:
            rows = connection.rows("select id, cast(xmin as text) as version from analytics.things")
        return {row["id"]: row["version"] for row in rows}


@pytest.mark.parametrize("engine", ["duckdb"])
def test_leftovers_of_a_killed_publish_are_removed(first: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "published.duckdb.new-killed").write_text("half a file")
    first.publish(tmp_path, [THINGS], stamp(2), whole=True)
    assert sorted(path.name for path in tmp_path.glob("published*")) == ["published.duckdb"]
