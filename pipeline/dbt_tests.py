"""dbt's tests as its manifest holds them: the keys that they declare, and the rows that a night looks at."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

from warehouse.publication import Declared

ROW_BY_ROW = frozenset({"not_null", "accepted_values", "holds"})
"""Tests that look at one row at a time: where a row was not touched, they say what they said before."""


def declared_keys(manifest: Any) -> dict[str, tuple[str, ...]]:
    """Return model → the columns that name its rows: the first unique one that is never null, else the first
    columns that are unique together, else the first unique one."""
    unique: dict[str, list[str]] = {}
    together: dict[str, tuple[str, ...]] = {}
    filled: set[tuple[str, str]] = set()
    for node in manifest.nodes.values():
        kind = _kind(node)
        model = (getattr(node, "attached_node", None) or "").rsplit(".", 1)[-1]
        if not model:
            continue
        if kind == "unique":
            unique.setdefault(model, []).append(node.column_name)
        elif kind == "unique_together":
            together.setdefault(model, tuple(node.test_metadata.kwargs["columns"]))
        elif kind == "not_null":
            filled.add((model, node.column_name))
    keys = {model: (columns[0],) for model, columns in unique.items()} | together
    return keys | {
        model: (column,)
        for model, columns in unique.items()
        for column in reversed(columns)
        if (model, column) in filled
    }


def declared(manifest: Any) -> dict[str, Declared]:
    """Return model → what its tests and its `meta.reader_indexes` declare of all its rows.

    Tests that only warn, or look at some rows, declare nothing.
    """
    keys, filled, values = declared_keys(manifest), set(), {}
    for node in manifest.nodes.values():
        kind = _kind(node)
        model = (getattr(node, "attached_node", None) or "").rsplit(".", 1)[-1]
        if not model or node.config.where or str(node.config.severity).lower() != "error":
            continue
        if kind == "not_null":
            filled.add((model, node.column_name))
        elif kind == "accepted_values" and node.test_metadata.kwargs.get("quote", True):
            allowed = tuple(str(value) for value in node.test_metadata.kwargs["values"])
            values[model, node.column_name] = allowed
    found = {}
    for node in manifest.nodes.values():
        if node.resource_type != "model":
            continue
        key = keys.get(node.name, ())
        is_primary = all((node.name, column) in filled for column in key)
        found[node.name] = Declared(
            key if is_primary else (),
            () if is_primary else key,
            tuple(
                sorted((column, allowed) for (model, column), allowed in values.items() if model == node.name)
            ),
            tuple(tuple(columns) for columns in (node.config.meta or {}).get("reader_indexes", [])),
        )
    return found


@contextmanager
def touched_rows_only(manifest: Any, whole: Container[str]) -> Iterator[None]:
    """While it lasts, tests that look at one row at a time see only what this build has touched.

    Only of incremental models, since every other table is made anew; not those whose name is in `whole`.
    """
    changed = []
    models = {node.unique_id: node for node in manifest.nodes.values() if node.resource_type == "model"}
    relations = {node.name: f"{node.schema}.{node.alias}" for node in models.values()}
    for node in manifest.nodes.values():
        model = models.get(getattr(node, "attached_node", None) or "")
        if model is None or _kind(node) not in ROW_BY_ROW or node.name in whole or node.config.where:
            continue
        touched, key = model.config.get("touched"), model.config.unique_key
        if model.config.materialized == "incremental" and touched and isinstance(key, str):
            node.config.where = f"({key} is null or {key} in (select {key} from {relations[touched]}))"
            changed.append(node)
    try:
        yield
    finally:
        for node in changed:
            node.config.where = None


def _kind(node: Any) -> str:
    """Return which generic test a node is, nothing for a model or a singular test."""
    metadata = getattr(node, "test_metadata", None)
    return str(metadata.name) if metadata is not None else ""
