"""What every stage is given: configuration, warehouse, clock, ledger, and what this call asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ledger import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from pipeline.dbt import Project
    from warehouse import Warehouse

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is (None: nobody knows)."""


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Options:
    """What a call may ask of single stages; the defaults are those of a nightly run.

    sources: only these (none: every configured one). files_dir: a folder to import. since, until, limit: see
    LoadRequest. full_refresh: build every mart anew. select: only these dbt nodes. detectors: only these.
    """

    sources: tuple[str, ...] = ()
    files_dir: Path | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    full_refresh: bool = False
    select: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()


@dataclass
class Notes:
    """What a run has to tell beside its numbers. missing: sources or accounts that did not load."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    report: Path | None = None


@dataclass(frozen=True)
class Context:
    """One run. run_at: its clock, UTC. state: ledger, lock and decisions. notes: grows as the stages go."""

    config: Config
    warehouse: Warehouse
    state: Engine
    ledger: Ledger
    run_at: datetime
    options: Options = Options()
    progress: Progress = silent
    notes: Notes = field(default_factory=Notes)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.ledger.run_id

    @cached_property
    def project(self) -> Project:
        """The dbt project, parsed once a run."""
        from pipeline.dbt import Project

        return Project(self.warehouse, self.config.state_dir, self.config.agency.key_salt)
