"""A scratch copy takes the same SQL to other schemas, and never reaches the real ones."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse import Warehouse, WarehouseError
from warehouse.publication import Stamp
from warehouse.scratch import translate


@pytest.mark.parametrize(
    ("sql", "translated"),
    [
        ("select * from facts.messages", "select * from s_facts.messages"),
        ('insert into scoring."tests" select 1', 'insert into s_scoring."tests" select 1'),
        ("select 1 from raw_files._dlt_loads", "select 1 from s_raw_files._dlt_loads"),
        ("select 1 from raw_files_staging.people", "select 1 from s_raw_files_staging.people"),
        ("select facts.x from facts.y as facts", "select s_facts.x from s_facts.y as facts"),
        ("select 'facts.messages', 'it''s ops.runs'", "select 'facts.messages', 'it''s ops.runs'"),
        ('select "facts"."x", a."ops.y"', 'select "facts"."x", a."ops.y"'),
        ("select 1 -- ops.runs\nfrom ops.x", "select 1 -- ops.runs\nfrom s_ops.x"),
        ("/* ops.a\nops.b */ select ops.c", "/* ops.a\nops.b */ select s_ops.c"),
        ("select * from analytics.leads", "select * from analytics.leads"),
        ("select my_facts.x, db.facts.y, artefacts.z", "select my_facts.x, db.facts.y, artefacts.z"),
        ("select facts, ops from x where seeds > 1", "select facts, ops from x where seeds > 1"),
    ],
)
def test_only_schemas_that_qualify_a_name_are_translated(sql: str, translated: str) -> None:
    assert translate(sql, "s_") == translated
    assert translate(translated, "s_") == translated


def test_a_scratch_copy_has_tables_of_its_own(warehouse: Warehouse) -> None:
    scratch = warehouse.scratch()
    with warehouse.connect() as real:
        real.replace("facts.things", {"n": "integer"}, [(1,)])
    with scratch.connect() as copy:
        assert not copy.table_exists("facts.things")
        copy.create_table("facts.things", {"n": "integer", "word": "text"}, primary_key=["n"])
        assert copy.insert("facts.things", ["n", "word"], [(2, "ops.runs"), (3, None)]) == 2
        assert copy.replace("ops.numbers", {"n": "integer"}, [(4,)]) == 1
        assert list(copy.columns("facts.things")) == ["n", "word"]
        assert copy.tables("facts") == {"things": frozenset({"n", "word"})}
        assert [
            row["n"] for page in copy.stream("select n from facts.things order by n") for row in page
        ] == [
            2,
            3,
        ]
        with copy.transaction():
            copy.execute("delete from facts.things where word = ?", ["ops.runs"])
    with warehouse.connect() as real:
        assert real.rows("select * from facts.things") == [{"n": 1}]
        assert real.rows("select * from scratch_facts.things") == [{"n": 3, "word": None}]
        assert not real.table_exists("ops.numbers")
        assert real.table_exists("scratch_ops.numbers")


def test_a_scratch_copy_is_neither_loaded_nor_published(warehouse: Warehouse, tmp_path: Path) -> None:
    scratch, now = warehouse.scratch(), datetime(2026, 3, 6, tzinfo=UTC)
    with pytest.raises(WarehouseError, match="never published"):
        scratch.publish(tmp_path, [], Stamp("run", now, now), whole=True)
    with pytest.raises(WarehouseError, match="nothing is loaded into a scratch copy"):
        scratch.dlt_destination()
    assert not scratch.publishes_changes
    assert scratch.state_url(tmp_path) == warehouse.state_url(tmp_path)


def test_a_prefix_is_a_plain_name(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="is no prefix"):
        warehouse.scratch('x"; drop schema facts; --')
