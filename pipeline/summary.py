"""What a run did, as one value: printed by the command, kept in the ledger, drawn on the report page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ingestion.counts import ResourceCount


@dataclass(frozen=True)
class StepLine:
    """One step as the ledger holds it. rows: what it wrote or looked at; None where that means nothing."""

    stage: str
    step: str
    outcome: str
    seconds: float
    rows: int | None = None
    error: str | None = None
    retry_count: int = 0


@dataclass(frozen=True)
class RunSummary:
    """One run.

    outcome: done, failed, refused (by the gate), incomplete (published, but a source is missing).
    failures: one line a problem to look at; warnings: worth knowing; notes: what was special.
    tables: rows of each published table. replies: intent → count. tiers: tier → pairs of client and lead.
    figures: people in the pool, messages, replies, positive replies, won deals, actionable findings.
    findings: the actionable ones, strongest first, each with client, dimension, value, rate, baseline, q.
    """

    run_id: str
    run_at: datetime
    target: str
    command: str
    outcome: str
    exit_code: int
    seconds: float
    steps: tuple[StepLine, ...] = ()
    loads: tuple[ResourceCount, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    replies: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    report: str | None = None

    @property
    def quarantined(self) -> int:
        """Records that this run set aside."""
        return sum(line.quarantined for line in self.loads)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; times in ISO 8601."""
        return asdict(self) | {"run_at": self.run_at.isoformat(), "quarantined": self.quarantined}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> RunSummary:
        """Return the summary that `as_json` wrote."""
        values = {key: value for key, value in data.items() if key != "quarantined"}
        values["run_at"] = datetime.fromisoformat(values["run_at"])
        values["steps"] = tuple(StepLine(**item) for item in values["steps"])
        values["loads"] = tuple(ResourceCount(**item) for item in values["loads"])
        for name in ("findings", "notes", "warnings", "failures"):
            values[name] = tuple(values[name])
        return RunSummary(**values)
