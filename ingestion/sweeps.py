"""Sweeps: once a week a source says which records there still are; those held beyond them are gone.

Providers tell of some deletions, and of some only for a while. A record that vanished otherwise gets one more
version, its last values with `is_gone`, and so goes the way of any changed record. What a merge took in is
gone, too, on the night on which the record that took it in is read.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion.contracts import Contract, row_key
from ingestion.jobs import SWEPT_AT, Cursor, Job
from ingestion.paging import batches, iso
from ingestion.spool import Listing, Spool, digest

Landed = Callable[[str, Sequence[Any]], list[dict[str, Any]]]
Ids = Callable[[], Iterator[Sequence[str]]]
"""Yields pages of the ids of all records of one resource."""


@dataclass
class _Compared:
    """How many records of a resource are held, and the keys of those that are gone, and that are back."""

    held: int = 0
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)


class PostponedError(Exception):
    """Raised by a source that may not go on with its listing tonight; the message says why."""


DONE = "sweep_done"
"""Where a cursor lists the resources that a sweep, cut short by the end of its time, has been through."""

KEYS_AT_ONCE = 50_000
ROWS_AT_ONCE = 500
FEW = 20
"""So many records may vanish between two sweeps however few there are."""


def sweep(
    job: Job,
    cursor: Cursor,
    resources: Mapping[str, Ids],
    deleted: Mapping[str, Collection[str]] | None = None,
) -> None:
    """When it is time, ask for the ids of everything, resource by resource; `cursor` keeps how far it got.

    The first load needs none: nothing is held that could be gone. deleted: see `Spool.holds_only`.
    """
    if not job.is_sweep:
        return
    done = list(job.cursor.get(DONE, []))
    for name, pages in resources.items() if job.cursor else ():
        if name in done:
            continue
        try:
            ids = _listed(job, pages())
        except PostponedError as reason:
            cursor[DONE] = done
            job.notes.append(f"{job.where}: {reason} for the sweep; the next run goes on")
            return
        job.spool.holds_only(name, ids, (deleted or {}).get(name, ()))
        done.append(name)
    cursor.pop(DONE, None)
    cursor[SWEPT_AT] = iso(job.request.run_at)


def _listed(job: Job, pages: Iterator[Sequence[str]]) -> array[int]:
    """Return the digests of the keys of all records."""
    found = array("Q")
    for page in pages:
        found.extend(digest(row_key(job.account.name, one)) for one in page)
        if job.is_late:
            raise PostponedError("the time did not last")
    return found


def settle(spool: Spool, landed: Landed, where: str, is_purged: bool) -> list[str]:
    """Make versions of the held records that are gone, or are back; return why that was left undone.

    landed: see Job. where: names the account. is_purged: more than half of a resource may be gone.
    """
    for name, listing in spool.listings.items():
        _take_in(spool, spool.contracts[name], listing, landed)
    found = {
        name: _compare(spool, spool.contracts[name], listing, landed)
        for name, listing in spool.listings.items()
        if listing.is_whole
    }
    doubts = [
        f"{where}: {name}: {len(one.gone):,} of {one.held:,} records that are held are in none of its lists;"
        " nothing of the account is taken for deleted. Check what the key may see; if they were deleted,"
        " set is_purged for one run"
        for name, one in found.items()
        if not is_purged and len(one.gone) > FEW and 2 * len(one.gone) > one.held
    ]
    for name, one in found.items() if not doubts else ():
        for chunk in batches(one.gone, ROWS_AT_ONCE):
            for row in _current(spool, spool.contracts[name], chunk, landed):
                _add_gone(spool, spool.contracts[name], row)
        for chunk in batches(one.back, ROWS_AT_ONCE):
            _restore(spool, spool.contracts[name], chunk, landed)
    return doubts


def _take_in(spool: Spool, contract: Contract, listing: Listing, landed: Landed) -> None:
    """Make versions of what merges took in."""
    if not listing.merged:
        return
    received = set(spool.received_keys(contract.resource.name))
    keys = {row_key(spool.account, one): into for one, into in listing.merged.items()}
    for chunk in batches([key for key in keys if digest(key) not in received], ROWS_AT_ONCE):
        for row in _current(spool, contract, chunk, landed):
            if not row["is_gone"] and not row[contract.resource.deleted_by]:
                _add_gone(spool, contract, row, keys[row["row_key"]])


def _compare(spool: Spool, contract: Contract, listing: Listing, landed: Landed) -> _Compared:
    """Find the held records that are in no list, and those that are back in one."""
    import numpy as np

    listed = np.unique(np.frombuffer(listing.present, dtype=np.uint64))
    received = np.unique(np.frombuffer(spool.received_keys(contract.resource.name)[:], dtype=np.uint64))
    known = np.union1d(np.union1d(listed, received), np.frombuffer(listing.deleted, dtype=np.uint64))
    found = _Compared()
    for rows in _held(spool, contract, landed):
        digests = np.fromiter((digest(row["row_key"]) for row in rows), dtype=np.uint64, count=len(rows))
        is_known = np.isin(digests, known)
        is_back = np.isin(digests, listed) & ~np.isin(digests, received)
        for row, one_known, one_back in zip(rows, is_known, is_back, strict=True):
            found.held += not row["is_gone"]
            if row["is_gone"] and one_back:
                found.back.append(row["row_key"])
            elif not row["is_gone"] and not one_known:
                found.gone.append(row["row_key"])
    return found


def _held(spool: Spool, contract: Contract, landed: Landed) -> Iterator[list[dict[str, Any]]]:
    """Yield keys of the account's records that the provider does not itself show as deleted."""
    sql = (
        f"select row_key, coalesce(is_gone, false) as is_gone from {_table(contract)}"
        " where account = ? and _dlt_valid_to is null"
        f" and not coalesce({contract.resource.deleted_by}, false)"
        f" and merged_into is null and row_key > ? order by row_key limit {KEYS_AT_ONCE}"
    )
    last = ""
    while rows := landed(sql, [spool.account, last]):
        yield rows
        last = rows[-1]["row_key"]


def _current(spool: Spool, contract: Contract, keys: Sequence[str], landed: Landed) -> list[dict[str, Any]]:
    marks = ", ".join("?" for _ in keys)
    sql = f"select * from {_table(contract)} where account = ? and _dlt_valid_to is null"
    return landed(f"{sql} and row_key in ({marks})", [spool.account, *keys])


def _restore(spool: Spool, contract: Contract, keys: Sequence[str], landed: Landed) -> None:
    """Bring back the last version before records were gone: no answer says that they are there again."""
    marks = ", ".join("?" for _ in keys)
    sql = (
        f"select * from {_table(contract)} where account = ? and not coalesce(is_gone, false)"
        f" and row_key in ({marks}) order by row_key, _dlt_valid_from desc"
    )
    last = None
    for row in landed(sql, [spool.account, *keys]):
        if row["row_key"] != last:
            last = row["row_key"]
            spool.add_version(contract.resource.name, row)
            spool.tallies[contract.resource.name].restored += 1


def _add_gone(spool: Spool, contract: Contract, row: dict[str, Any], into: str | None = None) -> None:
    content = f"{row['row_hash']}|gone|{into or ''}"
    changed = {
        "is_gone": True,
        "known_at": row["loaded_at"],
        "merged_into": into,
        "row_hash": hashlib.blake2b(content.encode(), digest_size=16).hexdigest(),
    }
    spool.add_version(contract.resource.name, row | changed)
    spool.tallies[contract.resource.name].gone += 1


def _table(contract: Contract) -> str:
    return f"raw_{contract.source}.{contract.resource.name}"
