"""Pieces for tests of the report page: its configuration, a run's summary, rows, and a reader of pages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ingestion.counts import ResourceCount
from pipeline.accounts import Account, SourceConfig, Sources
from pipeline.config import Agency, Client, Config, Employees, Icp
from pipeline.report.numbers import Rate
from pipeline.summary import RunSummary, StepLine
from tests.pipeline.published_world import RUN_AT, World, uid

MONDAY = date(2026, 1, 5)
STEPS = ("leads", "contacted", "delivered", "replied", "positive", "meeting_booked", "showed", "deal", "won")


class Page(HTMLParser):
    """What a browser would find in the page: tags with attributes, scripts, styles, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles = ""
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._inside == "style":
            self.styles += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The visible text, every white space as one blank."""
        return " ".join(" ".join(self.words).split())

    @property
    def charts(self) -> dict[str, Any]:
        """The specifications, by the id of their place."""
        return {
            str(attributes["data-chart"]): json.loads(text)
            for attributes, text in self.scripts
            if attributes.get("type") == "application/json"
        }


def values(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a specification's largest data set."""
    data_sets = spec.get("datasets", {}).values()
    inline = [spec.get("data", {}), *(layer.get("data", {}) for layer in spec.get("layer", []))]
    found = [*data_sets, *(item["values"] for item in inline if "values" in item)]
    largest: list[dict[str, Any]] = max(found, key=len)
    return largest


def config(tmp_path: Path, **values: Any) -> Config:
    icp = Icp(industries=("software",), countries=("US",), employees=Employees(min=1, max=50))
    settings: dict[str, Any] = {
        "agency": Agency(name="Test & Agency"),
        "state_dir": tmp_path / "state",
        "clients": (Client(id="alpha", name="Alpha", icp=icp),),
        "sources": Sources(
            apollo=SourceConfig(accounts=(Account(name="main", api_key_env="A"),)),
            smartlead=SourceConfig(accounts=(Account(name="one", api_key_env="S"),)),
        ),
    }
    return Config(**(settings | values))


def summary(**values: Any) -> RunSummary:
    done = RunSummary(
        run_id="run-1",
        run_at=RUN_AT,
        target="duckdb",
        command="run",
        outcome="done",
        exit_code=0,
        seconds=61.5,
        steps=(
            StepLine("load", "apollo", "done", 3.25, 1200),
            StepLine("load", "smartlead", "done", 2.5, 900),
            StepLine("publish", "gate", "done", 1.5, 118),
        ),
        loads=(
            ResourceCount("apollo", "main", "people", 1300, 1300, 1200, 90, 4, 6),
            ResourceCount("smartlead", "one", "leads", None, 900, 900, 0, 0, 0),
        ),
        tables={"leads": 1234},
    )
    return replace(done, **values)


def _share(value: float | None) -> Decimal:
    return Decimal(f"{value or 0:.4f}")


def funnel_rows(world: World, client_id: str, counts: dict[str, int], week: date | None = None) -> None:
    contacted = counts["contacted"]
    for number, step in enumerate(STEPS, start=1):
        rate = Rate.of(min(counts[step], contacted), contacted)
        world.add(
            "funnel",
            client_id=client_id,
            dimension="all",
            cohort_week=week,
            step_number=number,
            step=step,
            is_series=False,
            observed_count=counts[step],
            lead_count=counts[step],
            previous_count=counts[STEPS[number - 2]] if number > 1 else None,
            contacted_count=contacted,
            rate_on_previous=_share(counts[step] / counts[STEPS[number - 2]]) if number > 1 else None,
            rate_on_contacted=_share(rate.value) if number > 1 else None,
            rate_low=_share(rate.low) if number > 1 else None,
            rate_high=_share(rate.high) if number > 1 else None,
        )


def add_finding(world: World, number: int, **values: Any) -> None:
    finding: dict[str, Any] = {
        "finding_id": uid(number),
        "detector": "who",
        "kind": "segment",
        "status": "found",
        "client_id": uid(1),
        "outcome": "positive_reply",
        "dimension": "title_group",
        "value": "founder_owner",
        "claim": "Leads with title group founder_owner reach a positive reply more often",
        "n": 40,
        "conversions": 12,
        "rate": 0.3,
        "rate_low": 0.18,
        "rate_high": 0.45,
        "rest_n": 160,
        "rest_conversions": 10,
        "crude_lift": 4.9,
        "adjusted_lift": 4.8,
        "lift_low": 2.2,
        "lift_high": 10.4,
        "lifts_disagree": False,
        "q": 0.0004,
        "is_actionable": True,
        "found_at": RUN_AT,
        "valid_until": RUN_AT + timedelta(days=14),
    }
    world.add("findings", **(finding | values))


def add_arm(world: World, arm: str, n: int, conversions: int, **values: Any) -> None:
    columns: dict[str, Any] = {
        "client_id": uid(1),
        "campaign_id": uid(60),
        "metric": "positive_reply",
        "arm": arm,
        "is_primary": False,
        "is_holdout": False,
        "lead_count": n,
        "conversion_count": conversions,
        "rate_low": Decimal("0.01"),
        "rate_high": Decimal("0.20"),
        "value_sum": Decimal(conversions),
        "value_mean": Decimal("0.05"),
    }
    world.add("experiment_arms", **(columns | values))
