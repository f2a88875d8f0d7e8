"""What a load counts; apart, so that whoever reads the ledger imports no loader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourceCount:
    """One resource of one account: received = landed + known + quarantined + duplicates.

    reported: how many the provider says there are, None where it does not. known: held already, unchanged.
    gone: held records that the provider has no more. load_id: the load that brought them.
    """

    source: str
    account: str
    resource: str
    reported: int | None
    received: int
    landed: int
    known: int
    quarantined: int
    duplicates: int
    load_id: str | None = None
    gone: int = 0


@dataclass(frozen=True)
class FieldCount:
    """How many accepted records of one resource had a field. is_declared: a column of the contract."""

    source: str
    account: str
    resource: str
    field: str
    is_declared: bool
    filled: int
    records: int
