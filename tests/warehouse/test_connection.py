"""Both engines keep the one interface."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from warehouse import Connection, Warehouse

COLUMNS = {
    "id": "integer",
    "name": "text",
    "amount": "decimal(18, 2)",
    "seen_at": "timestamptz",
    "seen_on": "date",
    "is_new": "boolean",
}
ROWS = [
    (
        1,
        "tab\tnew\nline \\ and 'quote'",
        Decimal("12.50"),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        date(2026, 3, 29),
        True,
    ),
    (2, None, None, None, None, False),
    (
        3,
        "",
        Decimal("-0.01"),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        date(1999, 12, 31),
        None,
    ),
]


def test_rows_come_back_as_they_were_inserted(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.create_table("lab.things", COLUMNS, primary_key=["id"])
        assert connection.insert("lab.things", list(COLUMNS), ROWS) == 3
        found = connection.rows("select * from lab.things order by id")
    assert [tuple(row.values()) for row in found] == ROWS


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.create_table("lab.things", COLUMNS)
        with pytest.raises(ZeroDivisionError):
            _insert_and_fail(connection)
        assert connection.scalar("select count(*) from lab.things") == 0


def test_replace_changes_content_and_shape(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.replace("ops.numbers", {"n": "integer"}, [(1,), (2,)])
        connection.replace("ops.numbers", {"n": "integer"}, [(3,)])
        assert connection.rows("select n from ops.numbers") == [{"n": 3}]
        connection.replace("ops.numbers", {"n": "integer", "word": "text"}, [(4, "four")])
        assert connection.rows("select * from ops.numbers") == [{"n": 4, "word": "four"}]


def test_table_exists_and_columns_name_what_is_there(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert not connection.table_exists("lab.things")
        assert connection.columns("lab.things") == {}
        connection.create_table("lab.things", {"id": "uuid", "label": "text"})
        assert connection.table_exists("lab.things")
        assert list(connection.columns("lab.things")) == ["id", "label"]


def test_stream_yields_every_row_in_bounded_lists(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.replace("lab.numbers", {"n": "integer"}, [(n,) for n in range(25)])
        batches = list(connection.stream("select n from lab.numbers order by n", batch=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [row["n"] for batch in batches for row in batch] == list(range(25))


def test_parameters_may_hold_percent_signs(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar("select ? || '%'", ["50"]) == "50%"


def test_execute_counts_changed_rows(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.replace("lab.numbers", {"n": "integer"}, [(n,) for n in range(5)])
        assert connection.execute("delete from lab.numbers where n > ?", [2]) == 2


def _insert_and_fail(connection: Connection) -> None:
    with connection.transaction():
        connection.insert("lab.things", list(COLUMNS), ROWS)
        _ = 1 / 0
