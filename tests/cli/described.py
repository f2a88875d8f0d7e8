"""What the YAML of the marts says, against the tables that readers see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.marts_page import Mart, lacking
from warehouse import Connection

NAMES = {
    "varchar": "text",
    "character varying": "text",
    "timestamp with time zone": "timestamptz",
    "double": "double precision",
}
"""An engine's word for a type: the one that the YAML has."""


def undescribed(found: Iterable[Mart], reader: Connection) -> Iterator[str]:
    """Yield what is missing from the YAML of each mart, and where a published table is another one."""
    for mart in found:
        yield from lacking(mart)
        said = {column.name: column.data_type for column in mart.columns}
        there = {name: _type(kind) for name, kind in reader.columns(f"analytics.{mart.name}").items()}
        for name in said.keys() | there.keys():
            if said.get(name) != there.get(name):
                yield f"{mart.name}.{name}: described as {said.get(name)}, published as {there.get(name)}"


def unanswered(found: Iterable[Mart], reader: Connection) -> Iterator[str]:
    """Yield the questions whose query fails, or finds nothing although it should."""
    for mart in found:
        for question in mart.questions:
            try:
                rows = reader.rows(question.sql)
            except Exception as error:
                yield f"{mart.name}: {question.ask} {error}"
                continue
            if not rows and not question.may_be_empty:
                yield f"{mart.name}: {question.ask} has no answer"


def _type(kind: str) -> str:
    name = NAMES.get(kind, kind).replace("numeric(", "decimal(")
    return name.replace(", ", ",").replace(",", ", ")
