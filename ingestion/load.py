"""Loading: from a provider or a folder into `raw_<source>`, every version once, every record counted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from ingestion.counts import FieldCount, ResourceCount
from ingestion.errors import LoadError, TerminalError
from ingestion.jobs import (
    FILES,
    SWEPT_AT,
    AccountFailure,
    AccountUsage,
    Cursor,
    Job,
    LoadReport,
    LoadRequest,
    Progress,
)
from ingestion.landing import Landing, count, create_tables
from ingestion.sources import ALL, contracts, provider
from ingestion.spool import Spool, Tally
from ingestion.sweeps import DONE, settle

if TYPE_CHECKING:
    from ingestion.answers import PaidAnswers
    from pipeline.accounts import Account
    from pipeline.config import Config
    from warehouse import Connection, Warehouse

__all__ = ["LoadReport", "LoadRequest", "ResourceCount", "completed_loads", "ensure_tables", "load_source"]


@dataclass(frozen=True)
class _Load:
    """One source's load while it runs; the lists become the report."""

    source: str
    warehouse: Warehouse
    request: LoadRequest
    progress: Progress | None
    landing: Landing
    counts: list[ResourceCount] = field(default_factory=list)
    failures: list[AccountFailure] = field(default_factory=list)
    usage: list[AccountUsage] = field(default_factory=list)
    fields: list[FieldCount] = field(default_factory=list)

    def report(self) -> LoadReport:
        return LoadReport(
            counts=tuple(self.counts),
            failures=tuple(self.failures),
            usage=tuple(self.usage),
            load_ids=tuple(self.landing.load_ids),
            retries=self.landing.retries,
            notes=(*self.landing.notes, *self.throttled()),
            fields=tuple(self.fields),
        )

    def throttled(self) -> Iterator[str]:
        """Yield a line for every account whose requests were often refused for their rate."""
        for item in self.usage:
            usage = item.usage
            if usage.is_throttled:
                share = f"{usage.throttled:,} of {usage.requests:,} requests"
                yield (
                    f"{item.source} account {item.account}: {share} ({usage.throttled / usage.requests:.1%})"
                    " were refused for their rate or a quota; where others use the key too, lower rate_limits"
                )

    def fail(self, account: str, error: LoadError) -> None:
        self.failures.append(AccountFailure(self.source, account, str(error), error.transient))


def load_source(
    source: str,
    config: Config,
    warehouse: Warehouse,
    answers: PaidAnswers,
    request: LoadRequest,
    progress: Progress | None = None,
) -> LoadReport:
    """Load every account of `source` (apollo, smartlead, hubspot, files); a failed one stops no other.

    What a killed load left behind is finished first. Raises nothing for a provider's faults: they are
    failures in the report. progress: called with resource and number of records whenever some were taken.
    """
    ensure_tables(warehouse, (source,))
    landing = Landing(source, warehouse, request.state_dir, request.patience)
    load = _Load(source, warehouse, request, progress, landing)
    accounts = () if source == FILES else _chosen(load, config)
    try:
        load.landing.finish_pending()
    except LoadError as error:
        for name in [request.files_account] if source == FILES else [account.name for account in accounts]:
            load.fail(name, error)
        return load.report()
    if source == FILES:
        _load_account(load, request.files_account, lambda spool: _read_files(request, spool))
    end = inf if request.seconds is None else time.monotonic() + request.seconds
    for number, account in enumerate(accounts):
        now = time.monotonic()
        deadline = now + (end - now) / (len(accounts) - number)
        _load_account(load, account.name, _reader(load, account, config, answers, deadline))
    return load.report()


def _chosen(load: _Load, config: Config) -> tuple[Account, ...]:
    """Return the accounts that are not paused; notes say which are, and what pauses have no effect."""
    every, pauses = config.sources.accounts(load.source), load.request.pauses
    paused = {account.name: pauses.of_account(load.source, account) for account in every}
    said = [paused[account.name] or pauses.still_loaded(load.source, account) for account in every]
    load.landing.notes += dict.fromkeys(line for line in said if line)
    return tuple(account for account in every if not paused[account.name])


def ensure_tables(warehouse: Warehouse, sources: Sequence[str] = ALL) -> None:
    """Create the raw tables of `sources` that are missing, and the columns that contracts have gained."""
    with warehouse.connect() as connection:
        for source in sources:
            create_tables(connection, source, contracts(source))


def completed_loads(connection: Connection) -> list[str]:
    """Return the ids of all loads that were committed, over all raw schemas."""
    found: list[str] = []
    for source in ALL:
        if connection.table_exists(f"raw_{source}._dlt_loads"):
            # dlt says it twice of a load that was killed between saying so and putting its files away
            rows = connection.rows(f"select distinct load_id from raw_{source}._dlt_loads where status = 0")
            found += [row["load_id"] for row in rows]
    return sorted(found)


def _load_account(load: _Load, account: str, read: Callable[[Spool], Cursor]) -> None:
    """Read one account into a spool, land it, count it; what goes wrong goes into the report."""
    folder = load.request.state_dir / "dlt" / load.warehouse.target / "spool" / load.source / account
    spool = Spool(folder, contracts(load.source), account, load.request.run_at, load.progress)
    try:
        cursor = read(spool)
        duplicates = spool.close()
        load_id = load.landing.land(spool, cursor)
    except LoadError as error:
        load.fail(account, error)
        return
    finally:
        spool.remove()
    counts = load.request.patience.attempt(
        lambda: _counts(load, spool, duplicates, load_id), load.landing.count_retry
    )
    load.counts.extend(counts)
    load.fields.extend(FieldCount(load.source, account, *row) for row in spool.fields())
    load.failures.extend(_faults(counts))


def _counts(load: _Load, spool: Spool, duplicates: dict[str, int], load_id: str) -> list[ResourceCount]:
    with load.warehouse.connect(read_only=True) as connection:
        return [
            _count(load, spool, name, tally, duplicates[name], load_id, connection)
            for name, tally in spool.tallies.items()
        ]


def _count(
    load: _Load,
    spool: Spool,
    name: str,
    tally: Tally,
    duplicates: int,
    load_id: str,
    connection: Connection,
) -> ResourceCount:
    received = tally.received + tally.restored  # a list named those that are back
    has_rows = received - tally.quarantined + tally.gone > 0
    landed, known = count(connection, load.source, name, load_id) if has_rows else (0, 0)
    return ResourceCount(
        source=load.source,
        account=spool.account,
        resource=name,
        reported=tally.reported,
        received=received,
        landed=landed - tally.gone,
        known=known,
        quarantined=tally.quarantined,
        duplicates=duplicates,
        load_id=load_id,
        gone=tally.gone,
    )


def _faults(counts: Sequence[ResourceCount]) -> Iterator[AccountFailure]:
    """Yield what the counts prove to be wrong: vanished records, and sources of which nothing arrived."""
    for item in counts:
        arrived = item.landed + item.known
        lost = item.received - arrived - item.quarantined - item.duplicates
        where = f"{item.source} account {item.account}: {item.resource}"
        if lost:
            line = (
                f"{where}: {lost} of {item.received} records were lost on the way; load again and report it"
            )
            yield AccountFailure(item.source, item.account, line, transient=False)
        elif item.reported and not arrived:
            reason = f"all {item.quarantined} were quarantined" if item.quarantined else "none arrived"
            line = f"{where}: the source says it has {item.reported}, {reason}"
            hint = f"see raw_{item.source}.quarantine" if item.quarantined else "check the account's rights"
            yield AccountFailure(item.source, item.account, f"{line}; {hint}", transient=False)


def _read_files(request: LoadRequest, spool: Spool) -> Cursor:
    from ingestion.files import read_folder

    if request.files_dir is None:
        raise TerminalError("files: no folder given; use `winnow load files DIR`")
    read_folder(request.files_dir, spool, request.limit)
    return {}


def _reader(
    load: _Load, account: Account, config: Config, answers: PaidAnswers, deadline: float
) -> Callable[[Spool], Cursor]:
    def landed(sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with load.warehouse.connect(read_only=True) as connection:
            return connection.rows(sql, params)

    def read(spool: Spool) -> Cursor:
        source = provider(load.source)
        cursor = load.landing.cursor(account.name)
        with source.connect(account, _secret(load.source, account)) as client:
            load.usage.append(AccountUsage(load.source, account.name, client.usage))
            job = Job(
                load.source,
                account,
                config,
                load.request,
                spool,
                cursor,
                answers,
                client,
                landed,
                load.landing.notes,
                lambda: deadline - time.monotonic(),
            )
            cursor = source.read(job)
        for doubt in settle(spool, landed, job.where, account.is_purged):
            load.failures.append(AccountFailure(load.source, account.name, doubt, transient=False))
            for name in (SWEPT_AT, DONE):  # the next run asks again
                cursor.pop(name, None)
        return _with_webhooks(load, job, cursor)

    return read


def _with_webhooks(load: _Load, job: Job, cursor: Cursor) -> Cursor:
    """Read the account's webhooks after all else; when they cannot be read, what the API gave still lands."""
    from ingestion.webhooks import CURSOR, read_webhooks

    if job.account.webhooks is None:
        return cursor
    try:
        return {**cursor, CURSOR: read_webhooks(job, job.account.webhooks)}
    except LoadError as error:
        load.fail(job.account.name, error)
        return {**cursor, CURSOR: job.cursor.get(CURSOR, {})}


def _secret(source: str, account: Account) -> str:
    found = os.environ.get(account.api_key_env, "").strip()
    if not found:
        raise TerminalError(
            f"{source} account {account.name}: environment variable {account.api_key_env} is not set;"
            f" export it or name another one in api_key_env"
        )
    return found
