"""What every stage is given: configuration, warehouse, clock, ledger, and what this call asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline.ledger import Ledger
from warehouse.patience import Patience

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ingestion.orders import PoolOrder
    from pipeline.config import Config
    from pipeline.dbt import Project
    from pipeline.summarise import Numbers
    from warehouse import Connection, Warehouse

Answer = TypeVar("Answer")

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is (None: nobody knows)."""


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Options:
    """What a call may ask of single stages; the defaults are those of a nightly run.

    sources: only these (none: every configured one). files_dir: a folder to import, known as account
    files_account. since, until, limit: see LoadRequest. full_refresh: build every mart anew. select: only
    these dbt nodes. detectors: only these. accept: failed checks that this publish passes over; reason: why.
    is_new_ledger: go on though the ledger of a filled warehouse is empty. order: people wanted for a pool.
    """

    sources: tuple[str, ...] = ()
    files_dir: Path | None = None
    files_account: str = "files"
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    full_refresh: bool = False
    select: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    reason: str = ""
    is_new_ledger: bool = False
    order: PoolOrder | None = None


@dataclass
class Notes:
    """What a run has to tell beside its numbers.

    missing: sources or accounts that did not load. numbers: of a repeated night, not of what is published.
    """

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    report: Path | None = None
    numbers: Numbers | None = None

    def add(self, told: Mapping[str, list[str]]) -> None:
        """Take in what an earlier attempt's step had to tell."""
        self.notes += told["notes"]
        self.warnings += told["warnings"]
        self.missing += told["missing"]

    def copy(self) -> Notes:
        """Return a copy of what was told so far."""
        return Notes([*self.notes], [*self.warnings], [*self.missing], self.report)

    def reset(self, before: Notes) -> None:
        """Forget what was told since `before`, because it is done again."""
        self.notes[:], self.warnings[:], self.missing[:] = before.notes, before.warnings, before.missing


@dataclass(frozen=True)
class Context:
    """One run. run_at: its clock, UTC. state: ledger, lock and decisions. notes: grows as the stages go.

    begun: the stages in which this attempt has done something.
    """

    config: Config
    warehouse: Warehouse
    state: Engine
    ledger: Ledger
    run_at: datetime
    options: Options = Options()
    progress: Progress = silent
    notes: Notes = field(default_factory=Notes)
    begun: set[str] = field(default_factory=set)

    @cached_property
    def patience(self) -> Patience:
        """How long transient trouble of the warehouse is waited out."""
        return Patience(self.config.run.retries, self.config.run.retry_wait_seconds)

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Return what `question` reads from the warehouse, over trouble that passes."""

        def once() -> Answer:
            with self.warehouse.connect(read_only=True) as connection:
                return question(connection)

        return self.patience.attempt(once)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.ledger.run_id

    @cached_property
    def project(self) -> Project:
        """The dbt project, parsed once a run."""
        from pipeline.dbt import Project

        return Project(self.warehouse, self.config.state_dir, self.config.agency.key_salt)
