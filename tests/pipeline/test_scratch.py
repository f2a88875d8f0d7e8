"""A scratch copy's raw data: the versions that count, and which of them is current."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import Engine

from ingestion.load import completed_loads, ensure_tables
from pipeline import scratch
from pipeline.config import Config
from pipeline.context import Context
from pipeline.ledger import Ledger
from warehouse import Warehouse

START = datetime(2026, 3, 6, 2, tzinfo=UTC)
CONFIG = Config.model_validate({"agency": {"name": "Test", "time_zone": "Europe/Berlin"}, "clients": []})
RAW = ("row_key", "row_hash", "name", "loaded_at", "_dlt_load_id", "_dlt_valid_from", "_dlt_valid_to")


def hour(number: float | None) -> datetime | None:
    return None if number is None else START + timedelta(hours=number)


@pytest.fixture
def context(warehouse: Warehouse, state: Engine) -> Context:
    return Context(CONFIG, warehouse, state, Ledger(state, "run"), START)


def landed(
    warehouse: Warehouse, versions: Iterable[tuple[str, str, float, str, float, float | None]], built: str
) -> None:
    """Write versions (key, content, hour of the run's clock, load, valid from, valid to) as dlt keeps them.

    built: the loads that were built, one letter each.
    """
    ensure_tables(warehouse, ("files",))
    rows = list(versions)
    with warehouse.connect() as connection:
        connection.replace(
            "raw_files._dlt_loads",
            {"load_id": "varchar", "status": "bigint"},
            [(load, 0) for load in sorted({row[3] for row in rows})],
        )
        connection.insert(
            "raw_files.campaigns",
            RAW,
            [
                (key, f"{key}{content}", content, hour(at), load, hour(start), hour(end))
                for key, content, at, load, start, end in rows
            ],
        )
        connection.replace(
            "ops.built_loads", {"load_id": "text", "run_id": "text"}, [(load, "run") for load in built]
        )


def versions(context: Context, as_of: float | None = None) -> list[str]:
    """Return load and content of the copy's versions in the order of loads; the current one with a star."""
    copy = scratch.prepare(context, as_of=hour(as_of))
    with copy.warehouse.connect() as connection:
        found = connection.rows(
            "select row_key, name, _dlt_load_id, _dlt_valid_to from raw_files.campaigns order by 1, 3"
        )
    return [
        f"{row['row_key']}{row['_dlt_load_id']}{row['name']}{'' if row['_dlt_valid_to'] else '*'}"
        for row in found
    ]


CORRECTED = [
    ("k", "A", 0, "1", 0, 24),
    ("k", "B", 24, "2", 24, 48),
    ("k", "A", 48, "3", 48, None),
    ("m", "C", 24, "2", 24, None),
]


def test_the_built_loads_are_the_warehouse_as_it_is_when_all_are(
    warehouse: Warehouse, context: Context
) -> None:
    landed(warehouse, CORRECTED, "123")
    assert versions(context) == ["k1A", "k2B", "k3A*", "m2C*"]


def test_a_load_that_was_not_built_is_not_there(warehouse: Warehouse, context: Context) -> None:
    landed(warehouse, CORRECTED, "12")
    assert versions(context) == ["k1A", "k2B*", "m2C*"]
    with warehouse.scratch().connect() as connection:
        assert completed_loads(connection) == ["1", "2"]
    landed(warehouse, [], "1")
    assert versions(context) == []


def test_a_past_night_has_nothing_that_was_loaded_later(warehouse: Warehouse, context: Context) -> None:
    landed(warehouse, CORRECTED, "123")
    assert versions(context, as_of=48) == ["k1A", "k2B", "k3A*", "m2C*"]
    assert versions(context, as_of=47) == ["k1A", "k2B*", "m2C*"]
    assert versions(context, as_of=0) == ["k1A*"]
    assert versions(context, as_of=-1) == []


def test_a_clock_set_back_does_not_change_which_version_is_current(
    warehouse: Warehouse, context: Context
) -> None:
    set_back = [
        ("k", "A", 10, "1", 10, 20),
        ("k", "B", 20, "2", 20, 5),
        ("k", "C", 5, "3", 5, 6),
        ("k", "D", 6, "4", 6, None),
    ]
    landed(warehouse, set_back, "123")
    assert versions(context) == ["k1A", "k2B", "k3C*"]
    assert versions(context, as_of=11) == ["k1A", "k3C", "k4D*"]
    assert versions(context, as_of=5) == ["k3C*"]
    landed(warehouse, [], "1")


def test_dropping_leaves_what_is_real(warehouse: Warehouse, context: Context) -> None:
    landed(warehouse, CORRECTED, "12")
    scratch.prepare(context)
    scratch.drop(warehouse)
    with warehouse.connect() as connection:
        left = connection.rows(
            "select schema_name from information_schema.schemata where schema_name like 'scratch%'"
        )
        assert left == []
        assert connection.scalar("select count(*) from raw_files.campaigns") == 4
        assert connection.scalar("select count(*) from ops.built_loads") == 2
