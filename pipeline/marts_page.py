"""docs/marts.md, written from the models' YAML by `python -m pipeline.marts_page`; a test finds it stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.dbt_tests import declared_keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "marts.md"

HEAD = """# Marts

<!-- Written by `python -m pipeline.marts_page` from the YAML beside the models; edit that. -->

The tables of schema `analytics`: what each row is, its columns, and three questions that it answers. Each
query runs as it stands on DuckDB and on PostgreSQL, and a test runs all of them.

- Times are UTC. Days and weeks of a client are those of its time zone, where the column says so.
- Rates are two columns, a count and what it is a count of: these can be added up and divided, rates cannot.
- **PII** marks what tells of a person: names, addresses, numbers, profiles and what people wrote.
- *The agency's alone* marks what a [client's reader](operate.md#what-a-client-may-read) does not get; of all
  other tables it reads its own rows.
- A key names the row: unique, never empty, and the same in every night and after a rebuild.
"""

FOLDERS = ("facts", "answers", "scoring")


@dataclass(frozen=True)
class Question:
    """What somebody asks of a mart. may_be_empty: a healthy agency can have no such rows."""

    ask: str
    sql: str
    may_be_empty: bool = False


@dataclass(frozen=True)
class Column:
    """A column as the YAML describes it; empty text where it says nothing."""

    name: str
    data_type: str
    description: str
    is_pii: bool
    is_withheld: bool


@dataclass(frozen=True)
class Mart:
    """A published table. folder: facts/pool, answers/leads, scoring. key: the columns that name its rows.

    is_withheld: no client reads it.
    """

    name: str
    folder: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    questions: tuple[Question, ...]
    is_withheld: bool


def marts(manifest: Any) -> tuple[Mart, ...]:
    """Return what dbt's manifest marks as published, facts first, by folder and name: models and scores."""
    keys = declared_keys(manifest)
    found = [
        _mart(node, "/".join(node.fqn[2:-1]), keys.get(node.name, ()))
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.config.meta.get("published")
    ]
    found += [
        _mart(source, source.source_name, tuple(source.config.meta["key"]))
        for source in manifest.sources.values()
        if source.config.meta.get("published")
    ]
    return tuple(sorted(found, key=lambda mart: (_order(mart.folder), mart.folder, mart.name)))


def lacking(mart: Mart) -> Iterator[str]:
    """Yield what the YAML of a mart does not say."""
    if not mart.description.startswith("One row "):
        yield f"{mart.name}: its description does not begin with what one row is"
    if not mart.key:
        yield f"{mart.name}: no column is tested to be unique and never null"
    for column in mart.columns:
        for what, said in (("description", column.description), ("data_type", column.data_type)):
            if not said:
                yield f"{mart.name}.{column.name}: no {what}"
    if len(mart.questions) != 3:
        yield f"{mart.name}: {len(mart.questions)} questions, not three"
    for question in mart.questions:
        if f"analytics.{mart.name}" not in question.sql:
            yield f"{mart.name}: {question.ask!r} is not asked of it"
        if len(question.sql.splitlines()) > 8:
            yield f"{mart.name}: the query of {question.ask!r} has more than eight lines"


def page(found: Iterable[Mart]) -> str:
    """Return the whole page."""
    folders = [(folder, list(group)) for folder, group in groupby(found, key=lambda mart: mart.folder)]
    contents = "\n".join(
        f"- {folder}: " + " · ".join(f"[{mart.name}](#{mart.name})" for mart in group)
        for folder, group in folders
    )
    sections = "\n".join(
        f"## {folder}\n\n" + "\n".join(_section(mart) for mart in group) for folder, group in folders
    )
    return f"{HEAD}\n{contents}\n\n{sections}"


def read() -> tuple[Mart, ...]:
    """Return the published marts of this project; dbt reads it against an empty warehouse."""
    from tempfile import TemporaryDirectory

    from pipeline.dbt import Project
    from warehouse import open_warehouse

    with TemporaryDirectory() as folder:
        settings = "{type: duckdb, path: empty.duckdb, schema: main, threads: 1}"
        profile = f"winnow:\n  target: duckdb\n  outputs:\n    duckdb: {settings}\n"
        (Path(folder) / "profiles.yml").write_text(profile, encoding="utf-8")
        return marts(Project(open_warehouse(Path(folder)), Path(folder), "").manifest())


def _mart(node: Any, folder: str, key: tuple[str, ...]) -> Mart:
    meta = node.config.meta
    columns = tuple(_column(column) for column in node.columns.values())
    is_a_clients = any(column.name == "client_id" and column.data_type == "uuid" for column in columns)
    return Mart(
        name=node.name,
        folder=folder,
        description=" ".join(node.description.split()),
        key=key,
        columns=columns,
        questions=tuple(
            Question(question["ask"], question["sql"].strip(), bool(question.get("may_be_empty")))
            for question in meta.get("questions", ())
        ),
        is_withheld=meta.get("client_visible") is False or not is_a_clients,
    )


def _column(column: Any) -> Column:
    meta = {**column.meta, **column.config.meta}
    return Column(
        name=column.name,
        data_type=column.data_type or "",
        description=" ".join(column.description.split()),
        is_pii=bool(meta.get("pii")),
        is_withheld=meta.get("client_visible") is False,
    )


def _order(folder: str) -> int:
    return FOLDERS.index(folder.split("/")[0])


def _section(mart: Mart) -> str:
    description = f"{mart.description.rstrip('.')}." if mart.description else ""
    key = ", ".join(f"`{name}`" for name in mart.key)
    alone = " *The agency's alone.*" if mart.is_withheld else ""
    rows = "\n".join(_row(column) for column in mart.columns)
    questions = "\n".join(f"{item.ask}\n\n```sql\n{item.sql}\n```\n" for item in mart.questions)
    return (
        f"### {mart.name}\n\n{description} Key: {key}.{alone}\n\n"
        f"| column | type | meaning | |\n| --- | --- | --- | --- |\n{rows}\n\n{questions}"
    )


def _row(column: Column) -> str:
    marks = [
        mark
        for mark, holds in (("**PII**", column.is_pii), ("*the agency's alone*", column.is_withheld))
        if holds
    ]
    meaning = column.description.replace("|", "\\|")
    return f"| `{column.name}` | {column.data_type} | {meaning} | {', '.join(marks)} |"


if __name__ == "__main__":
    PAGE.write_text(page(read()), encoding="utf-8")
