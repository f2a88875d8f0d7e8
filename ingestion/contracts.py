"""Raw contracts: what a resource's records look like, and how one becomes a typed row or is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.entity_types import DERIVED_SUFFIX, NORMALISED_KINDS, Kind
from ingestion.normalise import is_placeholder_email, lead_key
from ingestion.values import NORMALISERS, PARSERS, Json, ValueRefusedError, to_json

if TYPE_CHECKING:
    import pyarrow as pa

_encode = json.JSONEncoder(default=str, separators=(",", ":")).encode

Record = Mapping[str, Any]
Shape = Callable[[dict[str, Any]], dict[str, Any]]

CONTEXT = "$"
"""Paths that begin with it read what the source knows beside the record, such as its campaign."""

BOOKKEEPING = ("attributes", "row_key", "row_hash", "loaded_at")
"""Every raw table ends with these; it starts with `account`."""


@dataclass(frozen=True)
class Column:
    """One typed column.

    paths: where the value stands in the record, dotted, the first that is not null counts; default: the name.
    required: a record without it is quarantined. values: all that is allowed, lower case; empty: anything.
    """

    name: str
    kind: Kind = "text"
    paths: tuple[str, ...] = ()
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One raw table: name, natural key within the account, columns.

    shape: makes a record readable before its columns are looked up (flattens, renames, derives); the
        quarantine keeps the record as it came. ignored: fields that land elsewhere, so not in `attributes`.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    shape: Shape | None = None
    ignored: tuple[str, ...] = ()
    deleted_by: str = ""
    """The column that says that the provider still shows a record as deleted; resources that a sweep looks
    at have one, and VANISHING_COLUMNS beside it."""


VANISHING_COLUMNS = (
    Column("is_gone", "boolean", paths=("$is_gone",)),
    Column("known_at", "timestamp", paths=("$known_at",)),
    Column("merged_into", paths=("$merged_into",)),
)
"""Whether the provider has a record no more, when its values had landed, and which record took it in. What a
provider sends has none of them; only the versions that `ingestion.sweeps` makes do."""


@dataclass(frozen=True)
class Refused:
    """A record that does not land, with the reason and the record untouched (JSON)."""

    record_key: str
    place: str
    reason: str
    payload: str


@dataclass(frozen=True)
class Accepted:
    """A typed row: `values` in the order of `Contract.names` without `loaded_at`.

    undeclared: names of the fields that are kept in `attributes`.
    """

    row_key: str
    row_hash: str
    values: tuple[Any, ...]
    undeclared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cell:
    column: Column
    paths: tuple[tuple[bool, tuple[str, ...]], ...]
    """Whether it is read from the context, and the steps of the path."""

    parse: Callable[[Any], Any]
    normalise: Callable[[str], str | None] | None
    is_lead: bool
    is_email: bool
    optional: str | None
    """The field that it is read from, where that is a single one that may be missing."""

    blank: tuple[None, ...]
    """What stands in the row when it is missing."""


@dataclass(frozen=True)
class Contract:
    """A resource of one source, ready to take records."""

    source: str
    resource: Resource
    _cells: tuple[_Cell, ...] = field(init=False, repr=False)
    _key: tuple[int, ...] = field(init=False, repr=False)
    _taken: dict[str, Any] = field(init=False, repr=False)
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Look up once what every record needs."""
        cells, names = [], ["account"]
        taken: dict[str, Any] = dict.fromkeys(self.resource.ignored, True)
        for column in self.resource.columns:
            steps = [tuple(path.split(".")) for path in column.paths or (column.name,)]
            paths = tuple((path[0].startswith(CONTEXT), path) for path in steps)
            cells.append(_cell(column, paths))
            names += [column.name] + (
                [column.name + DERIVED_SUFFIX] if column.kind in NORMALISED_KINDS else []
            )
            for is_context, path in paths:
                if not is_context:
                    _take(taken, path)
        object.__setattr__(self, "_cells", tuple(cells))
        object.__setattr__(self, "_taken", taken)
        object.__setattr__(self, "names", (*names, *BOOKKEEPING))
        object.__setattr__(self, "_key", (0, *(names.index(name) for name in self.resource.key)))

    def accept(
        self,
        account: str,
        record: Json,
        context: Record | None = None,
        place: str = "",
    ) -> Accepted | Refused:
        """Return the typed row of one record, or why it does not land; never raises on any JSON value.

        place: where the record stands, for a person; the column that is at fault is added to it.
        """
        try:
            if not isinstance(record, dict):
                raise ValueRefusedError(f"expected an object, got {type(record).__name__}")
            shaped = self.resource.shape(dict(record)) if self.resource.shape else record
            return self._row(account, shaped, context or {})
        except ValueRefusedError as refusal:
            where = ":".join(part for part in (place, refusal.column) if part)
            return Refused(self._name_of(record), where, str(refusal), json.dumps(record, default=str))

    def _row(self, account: str, record: Record, context: Record) -> Accepted:
        values: list[Any] = [account]
        for cell in self._cells:
            if cell.optional is not None and record.get(cell.optional) is None:
                values += cell.blank
                continue
            value = self._value(cell, record, context)
            values.append(value)
            if cell.normalise is not None:
                values.append(None if value is None else cell.normalise(value))
            elif cell.is_lead:
                key = lead_key(self.source, account, value)
                if key is None and cell.column.required:
                    raise ValueRefusedError(
                        f"{cell.column.name}: {value!r} refers to nobody", cell.column.name
                    )
                values.append(key)
        rest = _rest(record, self._taken)
        values.append(to_json(rest))
        key = row_key(*(values[index] for index in self._key))
        content = [pair for pair in zip(self.names, values, strict=False) if pair[1] is not None]
        row_hash = hashlib.blake2b(_encode(content).encode(), digest_size=16).hexdigest()
        return Accepted(key, row_hash, (*values, key, row_hash), tuple(rest or ()))

    def _value(self, cell: _Cell, record: Record, context: Record) -> Json:
        column = cell.column
        for is_context, path in cell.paths:
            found = _find(context if is_context else record, path)
            if found is None:
                continue
            try:
                value = cell.parse(found)
            except ValueRefusedError as refusal:
                raise ValueRefusedError(f"{column.name}: {refusal}", column.name) from None
            if value is None or (cell.is_email and is_placeholder_email(value)):
                continue
            if column.values:
                value = value.lower()
                if value not in column.values:
                    raise ValueRefusedError(
                        f"{column.name}: {value[:60]!r} is none of {', '.join(column.values)}", column.name
                    )
            return value
        if column.required:
            raise ValueRefusedError(f"{column.name}: is missing", column.name)
        return None

    def _name_of(self, record: Json) -> str:
        """Name a refused record: by its key where it has one, else by its content."""
        if isinstance(record, dict):
            parts = [
                next((found for _, path in cell.paths if (found := _find(record, path)) is not None), None)
                for cell in self._cells
                if cell.column.name in self.resource.key
            ]
            if parts and all(isinstance(part, str | int) for part in parts):
                return row_key(*parts)
        text = json.dumps(record, default=str, sort_keys=True)
        return "content:" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def schema(self) -> pa.Schema:
        """Return the Arrow schema of the raw table, `loaded_at` included."""
        import pyarrow as pa

        fields = [pa.field("account", pa.string(), nullable=False)]
        for cell in self._cells:
            column = cell.column
            fields.append(pa.field(column.name, arrow_type(column.kind)))
            if column.kind in NORMALISED_KINDS:
                fields.append(pa.field(column.name + DERIVED_SUFFIX, pa.string()))
        fields += [pa.field(name, pa.string(), nullable=name == "attributes") for name in BOOKKEEPING[:-1]]
        return pa.schema([*fields, pa.field("loaded_at", arrow_type("timestamp"), nullable=False)])


def _cell(column: Column, paths: tuple[tuple[bool, tuple[str, ...]], ...]) -> _Cell:
    kind = column.kind
    is_context, steps = paths[0]
    is_plain = len(paths) == len(steps) == 1 and not is_context and not column.required
    return _Cell(
        column=column,
        paths=paths,
        parse=PARSERS[kind],
        normalise=NORMALISERS.get(kind),
        is_lead=kind == "lead",
        is_email=kind == "email",
        optional=steps[0] if is_plain else None,
        blank=(None, None) if kind in NORMALISED_KINDS else (None,),
    )


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type in which `kind` lands: UTC microseconds, decimal(38, 9), JSON as text."""
    import pyarrow as pa

    types = {
        "integer": pa.int64(),
        "decimal": pa.decimal128(38, 9),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
    return types.get(kind, pa.string())


def _take(taken: dict[str, Any], path: Sequence[str]) -> None:
    """Mark `path` as named by the contract."""
    *parents, last = path
    for part in parents:
        step = taken.setdefault(part, {})
        if step is True:
            return
        taken = step
    taken[last] = True


def _rest(record: Record, taken: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the contract does not name, without nulls; None when nothing is left."""
    rest: dict[str, Any] = {}
    for name, value in record.items():
        mark = taken.get(name)
        if value is None or mark is True:
            continue
        if mark and isinstance(value, dict):
            value = _rest(value, mark)
            if value is None:
                continue
        rest[str(name)] = value
    return rest or None


def _find(record: Record, path: Sequence[str]) -> Json:
    """Return the value at `path`, None where it is missing."""
    if len(path) == 1:
        return record.get(path[0])
    found: Any = record
    for part in path:
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def row_key(*parts: object) -> str:
    """Return the key of a row: its account and its natural key there."""
    return "|".join([_escaped(part) for part in parts])


def _escaped(part: object) -> str:
    text = "" if part is None else str(part)
    return text.replace("\\", "\\\\").replace("|", "\\|") if "|" in text or "\\" in text else text
