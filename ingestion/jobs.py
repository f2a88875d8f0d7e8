"""What a load is asked for, what it reports, and what a source is given to do its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.contracts import Resource
from ingestion.counts import FieldCount, ResourceCount
from ingestion.http import ProviderClient
from ingestion.paging import moment
from ingestion.pauses import NO_PAUSES, Pauses
from ingestion.usage import Usage
from warehouse.patience import Patience

if TYPE_CHECKING:
    from ingestion.answers import PaidAnswers
    from ingestion.orders import PoolOrder
    from ingestion.spool import Spool
    from pipeline.accounts import Account
    from pipeline.config import Config

Cursor = dict[str, Any]
"""Where an account's last completed load ended; JSON in dlt's state, moves only with a committed load."""

Progress = Callable[[str, int], None]

FILES = "files"

NO_PATIENCE = Patience(retries=0)

SWEPT_AT = "swept_at"
"""Where an account's cursor says when it was last asked for the ids of everything."""

SWEEP_EVERY = timedelta(days=7)


@dataclass(frozen=True)
class LoadRequest:
    """One load.

    run_at: the run's clock, UTC; becomes `loaded_at`. since, until: an explicit period instead of the cursor.
    limit: at most so many records a resource. files_dir: the folder of a file import. state_dir: durable.
    files_account: the account under which files land; imports of different tools can be told apart by it.
    pauses: what is left out.
    patience: with a warehouse that restarts. seconds: how long the load may take; None: as long as it needs.
    order: people wanted for a client's pool, in place of the night's reading.
    """

    run_at: datetime
    state_dir: Path
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    files_dir: Path | None = None
    files_account: str = FILES
    patience: Patience = NO_PATIENCE
    seconds: float | None = None
    pauses: Pauses = NO_PAUSES
    order: PoolOrder | None = None


@dataclass(frozen=True)
class AccountFailure:
    """An account that did not load; error: one line without secrets; transient: the next run may pass."""

    source: str
    account: str
    error: str
    transient: bool


@dataclass(frozen=True)
class AccountUsage:
    """What one account's requests cost."""

    source: str
    account: str
    usage: Usage


@dataclass(frozen=True)
class LoadReport:
    """The outcome of a source's load.

    load_ids: what was committed, loads that were finished included. retries: how often the warehouse was
    tried again. notes: what a person should know. fields: how many records had which field.
    """

    counts: tuple[ResourceCount, ...] = ()
    failures: tuple[AccountFailure, ...] = ()
    usage: tuple[AccountUsage, ...] = ()
    load_ids: tuple[str, ...] = ()
    retries: int = 0
    notes: tuple[str, ...] = ()
    fields: tuple[FieldCount, ...] = ()


@dataclass(frozen=True)
class Job:
    """What a source gets to load one account.

    cursor: where the last completed load ended, empty at first. landed: reads what the raw tables hold, by
    SQL with `?` parameters. notes: take what a person should know. seconds_left: until the
    next account's turn.
    """

    source: str
    account: Account
    config: Config
    request: LoadRequest
    spool: Spool
    cursor: Cursor
    answers: PaidAnswers
    client: ProviderClient
    landed: Callable[[str, Sequence[Any]], list[dict[str, Any]]]
    notes: list[str] = field(default_factory=list)
    seconds_left: Callable[[], float] = lambda: inf

    @property
    def where(self) -> str:
        """Name the account in messages."""
        return f"{self.source} account {self.account.name}"

    def is_paused(self, campaign_id: str, provider_client: object) -> bool:
        """Say whether a campaign is left out of loads for now."""
        return self.request.pauses.of_campaign(self.source, self.account, campaign_id, provider_client)

    @property
    def is_late(self) -> bool:
        """Say whether the time for this account is up; what is not read by then is left to the next run."""
        return self.seconds_left() <= 0

    @property
    def is_sweep(self) -> bool:
        """Say whether it is time to ask which records there still are; never in a load of a part."""
        request = self.request
        if request.since is not None or request.until is not None or request.limit is not None:
            return False
        swept_at = moment(self.cursor.get(SWEPT_AT))
        return swept_at is None or request.run_at - swept_at >= SWEEP_EVERY

    def postponed(self, what: str, done: int, left: int) -> None:
        """Note that only `done` of the records could be read now, and how many nights the rest will take."""
        if left:
            nights = -(-left // done) if done else None
            rest = f"{left:,} are left, about {nights} more {'night' if nights == 1 else 'nights'}"
            self.notes.append(
                f"{self.where}: {done:,} {what} read; {rest if nights else f'{left:,} are left'}"
            )


@dataclass(frozen=True)
class Source:
    """A provider: its raw tables, how to open a client for an account, how to read one into the spool.

    read: returns the new cursor. connect: given the account and its key.
    """

    name: str
    resources: tuple[Resource, ...]
    connect: Callable[[Account, str], ProviderClient]
    read: Callable[[Job], Cursor]
