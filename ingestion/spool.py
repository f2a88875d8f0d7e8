"""The spool: one account's accepted rows as Arrow files, its refused records, and the count of both.

A source reads its provider into the spool; only when it has read all of it does the load begin, so that a
failure half-way lands nothing and moves no cursor. Memory holds one batch and eight bytes a row.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.contracts import Accepted, Contract, Record, Refused, arrow_type, row_key
from ingestion.values import Json

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000
MOST_FIELDS = 500
"""Undeclared fields that are counted a resource; people's own fields can be any number."""

QUARANTINE = "quarantine"
QUARANTINE_COLUMNS = (
    "account",
    "resource",
    "record_key",
    "place",
    "reason",
    "payload",
    "row_key",
    "row_hash",
)


@dataclass
class Tally:
    """What one resource got: received, refused, and what the provider says it has (None: it does not).

    undeclared: field that the contract does not name → accepted records that had it.
    gone, restored: versions of held records that were made here: of those that the provider has no more, and
    of those that it has again as they were.
    """

    received: int = 0
    quarantined: int = 0
    reported: int | None = None
    undeclared: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    restored: int = 0


@dataclass
class Listing:
    """What the provider says of which records there are. present, deleted: eight bytes a record.

    merged: id of a record that another one took in → id of that one.
    """

    present: array[int] = field(default_factory=lambda: array("Q"))
    deleted: array[int] = field(default_factory=lambda: array("Q"))
    merged: dict[str, str] = field(default_factory=dict)
    is_whole: bool = False


@dataclass
class _File:
    """Rows of one table on disk. keys: eight bytes a row, of its row_key."""

    path: Path
    schema: pa.Schema
    loaded_at: datetime
    keys: array[int] = field(default_factory=lambda: array("Q"))
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)
    writer: Any = None

    def add(self, key: str, values: tuple[Any, ...]) -> None:
        self.keys.append(digest(key))
        self.rows.append(values)
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        import pyarrow as pa

        columns = [*zip(*self.rows, strict=True), [self.loaded_at] * len(self.rows)]
        arrays = [pa.array(column, type=kind.type) for column, kind in zip(columns, self.schema, strict=True)]
        for kind, values in zip(self.schema, arrays, strict=True):
            self.filled[kind.name] += len(values) - values.null_count
        if self.writer is None:
            self.writer = pa.ipc.new_file(self.path, self.schema)
        self.writer.write_batch(pa.record_batch(arrays, schema=self.schema))
        self.rows.clear()

    def close(self) -> None:
        self.flush()
        if self.writer is not None:
            self.writer.close()

    def kept(self) -> Any:
        """Return which rows are the last of their key; those before them are duplicates."""
        import numpy as np

        keys = np.frombuffer(self.keys, dtype=np.uint64)[::-1]
        mask = np.zeros(len(keys), dtype=bool)
        mask[len(keys) - 1 - np.unique(keys, return_index=True)[1]] = True
        return mask


class Spool:
    """Takes records of one account, resource by resource."""

    def __init__(
        self,
        folder: Path,
        contracts: Mapping[str, Contract],
        account: str,
        loaded_at: datetime,
        progress: Callable[[str, int], None] | None = None,
    ) -> None:
        """Start empty; what an earlier, killed load left in `folder` is removed.

        progress: called with the resource and the number of records just taken.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.arrow"):
            leftover.unlink()
        self.account = account
        self.tallies = {name: Tally() for name in contracts}
        self.listings: dict[str, Listing] = {}
        self.contracts = contracts
        self._progress = progress
        schemas = {name: contract.schema() for name, contract in contracts.items()}
        schemas[QUARANTINE] = quarantine_schema()
        self._files = {
            name: _File(folder / f"{name}.arrow", schema, loaded_at) for name, schema in schemas.items()
        }

    def add(
        self,
        resource: str,
        records: Iterable[Json],
        context: Record | None = None,
        places: Callable[[int], str] | None = None,
    ) -> None:
        """Take records of `resource`.

        context: what the source knows beside them (`$…` paths). places: says where the record with this index
        stands, for the quarantine.
        """
        contract, tally, file = self.contracts[resource], self.tallies[resource], self._files[resource]
        count = 0
        for index, record in enumerate(records):
            count += 1
            row = contract.accept(self.account, record, context, places(index) if places else "")
            if isinstance(row, Accepted):
                file.add(row.row_key, row.values)
                tally.undeclared.update(row.undeclared)
            else:
                self._refuse(resource, row)
        tally.received += count
        self.note(resource, count)

    def note(self, what: str, count: int) -> None:
        """Tell a waiting person that `count` more of `what` are here."""
        if self._progress and count:
            self._progress(what, count)

    def add_refused(self, resource: str, refused: Refused) -> None:
        """Take a record that could not even be read, such as a line that is no JSON."""
        self.tallies[resource].received += 1
        self._refuse(resource, refused)

    def _refuse(self, resource: str, refused: Refused) -> None:
        """Put a record into quarantine; the same record with the same reason is kept there once."""
        self.tallies[resource].quarantined += 1
        parts = (self.account, resource, refused.record_key, refused.place)
        key = "|".join(part.replace("|", "\\|") for part in parts)
        content = json.dumps([*parts, refused.reason, refused.payload])
        row_hash = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
        values = (*parts, _holdable(refused.reason), refused.payload, key, row_hash)
        self._files[QUARANTINE].add(key, values)

    def holds_only(self, resource: str, ids: Iterable[int], deleted: Iterable[str] = ()) -> None:
        """Note that the provider has the records of `resource` whose keys have these digests, and no others.

        deleted: ids of those of which it is known how they were deleted; nothing is made of them.
        """
        listing = self.listings.setdefault(resource, Listing())
        listing.is_whole = True
        listing.present.extend(ids)
        listing.deleted.extend(digest(row_key(self.account, one)) for one in deleted)

    def merged(self, resource: str, into: str, ids: Iterable[str]) -> None:
        """Note that record `into` of `resource` has taken in others."""
        listing = self.listings.setdefault(resource, Listing())
        listing.merged |= dict.fromkeys((one for one in ids if one != into), into)

    def received_keys(self, resource: str) -> array[int]:
        """Return the digests of the keys of the rows that `resource` got so far."""
        return self._files[resource].keys

    def add_version(self, resource: str, row: Mapping[str, Any]) -> None:
        """Take a version of a held record that no answer brought; its values by the columns' names."""
        names = self.contracts[resource].names[:-1]  # the file adds loaded_at
        self._files[resource].add(row["row_key"], tuple(row[name] for name in names))

    def said(self, resource: str, total: int | None) -> None:
        """Note how many records the provider says there are; several questions add up."""
        tally = self.tallies[resource]
        if total is not None:
            tally.reported = (tally.reported or 0) + total

    def close(self) -> dict[str, int]:
        """Finish writing; return the number of duplicates a resource."""
        for file in self._files.values():
            file.close()
        return {name: int((~self._files[name].kept()).sum()) for name in self.contracts}

    def fields(self) -> Iterator[tuple[str, str, bool, int, int]]:
        """Yield resource, field, whether it is declared, records that had it, records; once closed."""
        for name, contract in self.contracts.items():
            accepted = len(self._files[name].keys)
            if not accepted:
                continue
            for column in contract.resource.columns:
                yield name, column.name, True, self._files[name].filled[column.name], accepted
            for other, count in self.tallies[name].undeclared.most_common(MOST_FIELDS):
                yield name, other, False, count, accepted

    def tables(self, name: str) -> Iterator[pa.Table]:
        """Yield the rows of table `name` without duplicates, in batches; at least one table, maybe empty."""
        import pyarrow as pa

        file = self._files[name]
        if file.writer is None:
            yield file.schema.empty_table()
            return
        mask, start = file.kept(), 0
        # not mapped: what was read of a mapped file stays in the process until the last row
        with pa.OSFile(str(file.path)) as source, pa.ipc.open_file(source) as reader:
            for index in range(reader.num_record_batches):
                batch = reader.get_batch(index)
                keep = pa.array(mask[start : start + batch.num_rows])
                start += batch.num_rows
                yield pa.Table.from_batches([batch.filter(keep)])

    def filled(self) -> list[str]:
        """Return the tables that got rows, quarantine last."""
        return [name for name, file in self._files.items() if file.keys]

    def remove(self) -> None:
        """Delete the files."""
        for file in self._files.values():
            file.path.unlink(missing_ok=True)


def digest(key: str) -> int:
    """Return eight bytes that stand for a row's key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


def quarantine_schema() -> pa.Schema:
    """Return the Arrow schema of `raw_<source>.quarantine`."""
    import pyarrow as pa

    fields = [pa.field(name, pa.string(), nullable=False) for name in QUARANTINE_COLUMNS]
    return pa.schema([*fields, pa.field("loaded_at", arrow_type("timestamp"), nullable=False)])


def _holdable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
