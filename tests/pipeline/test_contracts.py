"""Contracts of marts: what is built has the columns and types that its YAML declares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.dbt import Project
from pipeline.errors import RunError
from warehouse import Warehouse

SQL = """
select
    cast('{{ var("key_salt") }}' as text) as label,
    cast(1 as bigint) as lead_count,
    cast(2.5 as decimal(9, 4)) as rate,
    current_timestamp as updated_at
"""
TYPES = {"label": "text", "lead_count": "bigint", "rate": "decimal(9, 4)", "updated_at": "timestamptz"}


def build(project: Project, types: dict[str, str]) -> None:
    """Build a mart of SQL in the place of `clients`, with `types` as its contract."""
    from dbt.artifacts.resources.v1.components import ColumnInfo

    node: Any = project.manifest().nodes["model.winnow.clients"]
    node.raw_code, node.depends_on.nodes = SQL, []
    node.config.contract.enforced = True
    node.columns = {name: ColumnInfo(name=name, data_type=kind) for name, kind in types.items()}
    project.build(["clients"])


def test_a_mart_that_breaks_its_contract_stops_the_build(warehouse: Warehouse, tmp_path: Path) -> None:
    project = Project(warehouse, tmp_path / "state", "salt")
    build(project, TYPES)
    with warehouse.connect() as connection:
        assert connection.rows("select label, lead_count from facts.clients") == [
            {"label": "salt", "lead_count": 1}
        ]
    for changed, line in (
        ({"rate": "decimal(9, 2)"}, r"facts.clients.rate is decimal\(9, 4\), declared decimal\(9, 2\)"),
        ({"lead_count": "integer"}, "facts.clients.lead_count is bigint, declared integer"),
        ({"owner": "text"}, "facts.clients.owner is missing, declared text"),
    ):
        with pytest.raises(RunError, match=line):
            build(project, TYPES | changed)
    with pytest.raises(RunError, match=r"facts.clients.rate is not declared"):
        build(project, {name: kind for name, kind in TYPES.items() if name != "rate"})


TYPE = re.compile(
    r"uuid|text|boolean|integer|bigint|date|timestamptz|double precision|decimal\([0-9]+, [0-9]+\)"
)
NAMED = {"_id": "uuid", "_at": "timestamptz", "_on": "date", "is_": "boolean", "has_": "boolean"}
"""The type of a column by how its name begins or ends."""

OF_A_PROVIDER = {"source_id", "apollo_id", "provider_thread_id"}
"""Ids that are a provider's own text."""


@pytest.mark.parametrize("engine", ["duckdb"])
def test_every_mart_has_a_contract(warehouse: Warehouse, tmp_path: Path) -> None:
    """All its columns, with type and meaning; those of keys and indexes are among them."""
    project = Project(warehouse, tmp_path / "state", "salt")
    declared = project.declared()
    for node in project.manifest().nodes.values():
        if node.resource_type != "model" or not (node.config.meta or {}).get("published"):
            continue
        types = {column.name: column.data_type for column in node.columns.values()}
        assert node.config.contract.enforced, node.name
        rules = declared[node.name]
        named = {*rules.primary_key, *rules.unique, *(column for index in rules.indexes for column in index)}
        assert rules.primary_key or rules.unique, node.name
        assert named <= set(types), node.name
        for column in node.columns.values():
            place = f"{node.name}.{column.name}"
            assert TYPE.fullmatch(column.data_type or ""), f"{place}: {column.data_type}"
            assert column.description.strip(), place
            for part, kind in NAMED.items():
                is_named = column.name.startswith(part) or (part[0] == "_" and column.name.endswith(part))
                if is_named and column.name not in OF_A_PROVIDER:
                    assert column.data_type == kind, f"{place}: {column.data_type}"
