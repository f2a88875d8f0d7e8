"""The demo: a simulated agency, served on this machine, run for some nights, compared with the truth."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.config import config_yaml, environment
from sandbox.params import DEFAULT_EFFECTS, Params
from sandbox.postgres import create_database, postgres_server, profile_yaml
from sandbox.server import serve
from sandbox.simulate import simulate
from sandbox.truth import Truth, truth

if TYPE_CHECKING:
    from pipeline.context import Progress
    from pipeline.summary import RunSummary

SPEED = 600.0
"""How many times faster than in reality the providers' rate-limit windows pass."""

COMPARED = {
    "people": "people",
    "campaigns": "campaigns",
    "enrolments": "campaign_leads",
    "messages": "messages",
    "replies": "replies",
    "positive_replies": "positive_replies",
    "meetings": "meetings",
    "deals": "deals",
    "won_deals": "won_deals",
}
"""Figure of a run's summary → the number of the sandbox's truth that it has to equal."""


@dataclass(frozen=True)
class Line:
    """One comparison: what winnow says beside what is true."""

    name: str
    found: str
    true: str
    is_right: bool


@dataclass(frozen=True)
class Night:
    """One night of the demo."""

    number: int
    summary: RunSummary
    lines: tuple[Line, ...]

    @property
    def is_right(self) -> bool:
        """Whether the run was done and every number equals the truth."""
        return self.summary.exit_code == 0 and all(line.is_right for line in self.lines)


def nights(
    folder: Path,
    *,
    target: str,
    params: Params,
    count: int,
    progress: Progress,
    on_night: Callable[[Night], None],
) -> list[Night]:
    """Make `folder` anew, serve the agency that `params` give, run `count` nights; return how they went.

    target: duckdb or postgres; a PostgreSQL keeps its data in the folder `postgres` beside `folder`.
    """
    from pipeline.config import load_config
    from pipeline.run import run
    from warehouse import open_warehouse

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    progress("simulate", 0, None)
    agency = simulate(params)
    done: list[Night] = []
    with ExitStack() as stack:
        settings = {"path": "warehouse.duckdb", "schema": "main"}
        if target == "postgres":
            url = stack.enter_context(postgres_server(folder.parent / "postgres", is_kept=True))
            name = "winnow_" + folder.name.replace("-", "_")
            settings = create_database(url, name) | {"schema": "public"}
        (folder / "profiles.yml").write_text(profile_yaml(target, settings))
        (folder / "winnow.yml").write_text(config_yaml(agency, speed=SPEED))
        server = stack.enter_context(serve(agency, as_of=params.night(), speed=SPEED))
        stack.enter_context(_variables(environment(agency, server.url)))
        config = load_config(folder / "winnow.yml")
        warehouse = open_warehouse(folder, target)
        for number in range(count):
            server.as_of = params.night(number)
            summary = run(config, warehouse, at=params.night(number), progress=progress)
            night = Night(number, summary, compare(summary, truth(agency, params.night(number))))
            done.append(night)
            on_night(night)
            if summary.exit_code:
                break
    return done


def compare(summary: RunSummary, true: Truth) -> tuple[Line, ...]:
    """Return every number of the summary that the sandbox knows beside its truth, then the findings."""
    lines = []
    for figure, name in COMPARED.items():
        found, expected = summary.figures.get(figure), getattr(true.total, name)
        lines.append(Line(figure.replace("_", " "), _number(found), _number(expected), found == expected))
    return (*lines, *_findings(summary, true))


def _findings(summary: RunSummary, true: Truth) -> Iterator[Line]:
    """Compare findings with planted effects: each visible one is listed, and nothing that has no cause."""
    for item in true.planted:
        effect = item.effect
        listed = [
            finding
            for finding in summary.findings
            if finding["client"] == effect.client
            and finding["dimension"] in item.dimensions
            and float(finding["lift"]) > 1
        ]
        yield Line(
            f"{effect.client}: {effect.dimension} {effect.value}",
            f"{float(listed[0]['lift']):.1f} times as often" if listed else "not listed",
            f"{effect.multiplier:g} times as often" + ("" if item.is_visible else ", too few to see"),
            bool(listed) or not item.is_visible,
        )
    stray = [f for f in summary.findings if not true.explains(f["client"], f["dimension"])]
    yield Line("findings without a cause", str(len(stray)), "0", not stray)


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,}"


def effects_of(*, is_on: bool) -> tuple[Any, ...]:
    """Return the causes of conversion that the demo plants, or none."""
    return DEFAULT_EFFECTS if is_on else ()


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
