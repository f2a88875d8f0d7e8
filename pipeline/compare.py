"""Two schemas of one database compared table by table: every row that differs, with its key, by SQL alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.summarise import plain
from warehouse.scratch import translate

if TYPE_CHECKING:
    from warehouse import Connection

WAREHOUSE, REBUILD, BOTH = "warehouse", "rebuild", "both"
"""Which side has a row that differs; both: it is there twice, with other values."""


@dataclass(frozen=True)
class Table:
    """A table to compare.

    name: `schema.table` in the warehouse. key: columns that name a row; all of them when empty. ignored:
    columns that say when something was worked out, not what. scope: a condition on rows, in the warehouse's
    own names; empty: all rows.
    """

    name: str
    key: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    scope: str = ""


@dataclass(frozen=True)
class Difference:
    """A row that differs. key: its key as JSON values; side: see BOTH; columns: those that differ.

    count: how many rows of that key; more than one where a key is not unique. Without a key it is about the
    table as a whole.
    """

    table: str
    side: str
    key: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    count: int = 1

    @property
    def line(self) -> str:
        """Say it in one line."""
        named = ", ".join(f"{name} {value}" for name, value in self.key.items())
        which = f"{self.table}: {named}" if named else self.table
        more = f" ({self.count} rows)" if self.count > 1 else ""
        if self.side == BOTH:
            return f"{which}{more}: differs in {', '.join(self.columns)}"
        only = "the warehouse has it" if self.side == WAREHOUSE else "a rebuild has it"
        return f"{which}{more}: only {only}" + (f" ({', '.join(self.columns)})" if self.columns else "")


@dataclass(frozen=True)
class Compared:
    """One table compared. rows: of the warehouse; differing: rows that differ, all of them counted.

    differences: as many as were asked for.
    """

    table: str
    rows: int
    differing: int = 0
    differences: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def compare(connection: Connection, table: Table, prefix: str, limit: int | None) -> Compared:
    """Compare `table` with the one of the same name under `prefix`.

    connection: to the warehouse itself. limit: at most so many differences are returned, all where None.
    """
    other = translate(table.name, prefix)
    mine, theirs = connection.columns(table.name), connection.columns(other)
    if not mine or not theirs:
        side = WAREHOUSE if mine else REBUILD
        return Compared(table.name, 0, 1, (Difference(table.name, side),))
    if missing := tuple(sorted(mine.keys() ^ theirs.keys())):
        return Compared(table.name, 0, 1, (Difference(table.name, BOTH, columns=missing),))
    columns = [name for name in mine if name not in table.ignored]
    key = [name for name in table.key if name in columns] or columns
    where = f" where {table.scope}" if table.scope else ""
    names = ", ".join(f'"{name}"' for name in columns)
    here = f"select {names} from {table.name}{where}"
    there = f"select {names} from {other}{translate(where, prefix)}"
    rows = int(connection.scalar(f"select count(*) from {table.name}{where}"))
    connection.execute("drop table if exists winnow_differing")
    connection.execute(
        "create temporary table winnow_differing as"
        f" select '{WAREHOUSE}' as winnow_side, a.* from ({here} except all {there}) as a"
        f" union all select '{REBUILD}', b.* from ({there} except all {here}) as b"
    )
    grouped = _grouped(columns, key)
    differing = int(connection.scalar(f"select coalesce(sum(winnow_count), 0) from ({grouped}) as found"))
    shown = () if not differing or limit == 0 else _shown(connection, table.name, columns, key, limit)
    connection.execute("drop table winnow_differing")
    return Compared(table.name, rows, differing, shown)


def _grouped(columns: Sequence[str], key: Sequence[str]) -> str:
    """Return a query of one row a key: the rows of each side, and for each column whether it differs."""
    side = "case when winnow_side = '{}' then {} end"
    mine, theirs = f"count({side.format(WAREHOUSE, 1)})", f"count({side.format(REBUILD, 1)})"
    differs = [
        f"min({side.format(WAREHOUSE, text)}) is distinct from min({side.format(REBUILD, text)}) as d{number}"
        for number, text in enumerate(f'cast("{name}" as text)' for name in columns)
    ]
    keys = ", ".join(f'"{name}"' for name in key)
    return (
        f"select {keys}, {mine} as winnow_mine, {theirs} as winnow_theirs,"
        f" greatest({mine}, {theirs}) as winnow_count, {', '.join(differs)}"
        f" from winnow_differing group by {keys}"
    )


def _shown(
    connection: Connection, table: str, columns: Sequence[str], key: Sequence[str], limit: int | None
) -> tuple[Difference, ...]:
    order = ", ".join(f'cast("{name}" as text)' for name in key)
    cut = "" if limit is None else f" limit {int(limit)}"
    rows = connection.rows(
        f"select * from ({_grouped(columns, key)}) as found order by {order}, winnow_mine desc{cut}"
    )
    return tuple(_difference(table, row, columns, key) for row in rows)


def _difference(table: str, row: Mapping[str, Any], columns: Sequence[str], key: Sequence[str]) -> Difference:
    named = {name: plain(row[name]) for name in key}
    if not row["winnow_mine"] or not row["winnow_theirs"]:
        side = WAREHOUSE if row["winnow_mine"] else REBUILD
        return Difference(table, side, named, count=int(row["winnow_count"]))
    differ = tuple(name for number, name in enumerate(columns) if row[f"d{number}"])
    return Difference(table, BOTH, named, differ, int(row["winnow_count"]))
