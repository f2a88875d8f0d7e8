"""Whatever a provider's answers turn into: once that is over, raw holds what it would hold without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.http import Timing
from ingestion.jobs import LoadReport
from pipeline.config import Config
from tests.ingestion.conftest import MemoryAnswers, loader, rows, served
from tests.ingestion.quick import QuickLanding, quick_count
from tests.ingestion.trouble import (
    CAUGHT_UP,
    CLEAN,
    MATRIX,
    NONSENSE,
    PAIRS,
    READ_BACK,
    TARGETS,
    Target,
    current,
)
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Server

Raw = dict[str, list[tuple[str, str]]]
SOURCES = tuple(dict.fromkeys(target.source for target in TARGETS.values()))
QUOTAS = ("the day's quota", "blocked by a gateway")
SKEWS = {"none": (0, 0), "ahead, then behind": (10, -10)}
"""Minutes by which the run's clock differs from the provider's, in the first night and in the second."""


@dataclass
class World:
    """One agency with an account at every provider, and what a load leaves without any trouble."""

    server: Server
    config: Config
    new_profile: Callable[[str, Path], Path]
    folder: Path
    whole: dict[tuple[str, str], Raw] = field(default_factory=dict)
    count: int = 0

    @property
    def end(self) -> Any:
        return self.server.agency.params.start + timedelta(days=self.server.agency.params.days)

    @property
    def beginning(self) -> Any:
        """Before the oldest record."""
        return self.server.agency.params.start - timedelta(days=2_000)

    def empty(self, engine: str = "duckdb") -> tuple[Warehouse, Callable[..., LoadReport]]:
        """Return an empty warehouse, and what loads into it."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        warehouse = open_warehouse(self.new_profile(engine, folder))
        load = loader(warehouse, folder, MemoryAnswers())
        return warehouse, lambda source, **options: load(source, self.config, **options)

    def undisturbed(self, source: str) -> Raw:
        """Return what a load at the end leaves."""
        if (source, "") not in self.whole:
            warehouse, load = self.empty()
            self.server.order()
            self.server.as_of = self.end
            assert load(source, run_at=self.end).failures == ()
            self.whole[source, ""] = current(warehouse, source)
        return self.whole[source, ""]


@pytest.fixture(scope="module")
def world(new_profile: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve it to quick loads that never sleep."""
    from sandbox import Params, simulate

    clients = ("brightpath", "nordwind", "harbour")
    agency = simulate(
        Params(
            leads=60,
            days=20,
            base_rate=0.5,
            clients=3,
            senders=tuple(zip(clients, ("smartlead", "instantly", "salesforge"), strict=True)),
            crms=tuple(zip(clients, ("hubspot", "pipedrive", "salesforce"), strict=True)),
        )
    )
    folder = tmp_path_factory.mktemp("faults")
    with served(agency, folder) as (server, config), pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.http.Timing", lambda: Timing(clock=lambda: 0.0, sleep=lambda _: None))
        yield World(server, config, new_profile, folder)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.load.Landing", QuickLanding)
    monkeypatch.setattr("ingestion.load.count", quick_count)


@contextmanager
def narrow(target: Target) -> Iterator[None]:
    """Make pages so small that there are several."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in target.sizes.items():
            patch.setattr(f"ingestion.{name}", size)
        yield


def test_every_pair_is_played_or_makes_no_sense() -> None:
    assert set(NONSENSE) | set(PAIRS) == {(name, fault) for name in TARGETS for fault in MATRIX}
    assert all(reason for reason in NONSENSE.values())


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(("name", "fault"), PAIRS, ids=lambda value: value)
def test_after_trouble_raw_is_what_it_would_be(
    world: World, name: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "timeout":
        monkeypatch.setattr("ingestion.http.TIMEOUT_SECONDS", 1.0)
    target, trouble = TARGETS[name], MATRIX[fault]
    source = target.source
    expected = world.undisturbed(source)
    warehouse, load = world.empty()
    world.server.order(*trouble.order(target))
    with narrow(target) if trouble.is_narrow else pytest.MonkeyPatch.context():
        report = load(source, run_at=world.end)
        check(report, world.server, name, fault)
        if (outcome := outcome_of(name, fault)) != CLEAN:
            if outcome == CAUGHT_UP:
                assert current(warehouse, source) == {table: [] for table in expected}, "nothing half read"
            elif fault != "poison in 10,000":
                assert current(warehouse, source) != expected, "the fault did something"
            if fault == "unknown fields":
                assert any(_kept(warehouse, source, table) for table in expected)
            world.server.order()
            since = world.beginning if outcome == READ_BACK else None
            assert load(source, run_at=world.end, since=since).failures == ()
    found = current(warehouse, source)
    if fault == "unknown events":  # what was told under a name that nobody knows stays told
        found = {table: [row for row in held if row in expected[table]] for table, held in found.items()}
    assert found == expected


def outcome_of(name: str, fault: str) -> str:
    """Return what is expected of a pair."""
    target, trouble = TARGETS[name], MATRIX[fault]
    if target.is_paid and trouble.is_refusal and fault != "429":
        return CAUGHT_UP
    return target.otherwise.get(fault, trouble.expected)


def check(report: LoadReport, server: Server, name: str, fault: str) -> None:
    """Expect that the fault was met, and that the load tells of it as it should."""
    target, trouble, met = TARGETS[name], MATRIX[fault], len(server.met)
    outcome = outcome_of(name, fault)
    assert met, "no request met the fault"
    assert bool(report.failures) == (outcome == CAUGHT_UP)
    assert not [failure for failure in report.failures if "sandbox-" in failure.error]
    assert sum(count.quarantined for count in report.counts) == (
        trouble.quarantined or (target.is_strict and fault == "unknown events")
    )
    retries = sum(item.usage.retries for item in report.usage)
    if trouble.is_asked_once:
        assert (met, retries) == (1, 0)
    elif outcome == CLEAN:
        assert retries == trouble.is_refusal
    throttled = sum(item.usage.throttled for item in report.usage)
    assert throttled == (fault in QUOTAS or (fault == "429" and target.throttled.status == 429))


def _kept(warehouse: Warehouse, source: str, table: str) -> bool:
    """Say whether a field that no contract names has landed."""
    found = f"select count(*) from raw_{source}.{table} where attributes like '%new_field%'"
    return bool(rows(warehouse, found)[0][0])


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("source", SOURCES)
def test_clocks_that_differ_lose_nothing(world: World, source: str) -> None:
    found = []
    for skews in SKEWS.values():
        warehouse, load = world.empty()
        world.server.order()
        for days, minutes in zip((3, 0), skews, strict=True):
            world.server.as_of = world.end - timedelta(days=days)
            run_at = world.server.as_of + timedelta(minutes=minutes)
            assert load(source, run_at=run_at).failures == ()
        found.append(current(warehouse, source))
    assert found[0] == found[1]


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("source", SOURCES)
def test_what_changes_while_it_is_read_is_there_the_next_night(world: World, source: str) -> None:
    from sandbox import Fault

    found = []
    target = TARGETS[source]
    for days in (1, 0):
        warehouse, load = world.empty()
        world.server.as_of = world.end - timedelta(days=1)
        meanwhile = Fault(source, path=target.path, status=None, skip=1, times=1, passes=timedelta(days=days))
        world.server.order(meanwhile)
        with narrow(target):
            assert load(source, run_at=world.end - timedelta(days=1)).failures == ()
            assert world.server.met
            world.server.as_of = world.end
            assert load(source, run_at=world.end).failures == ()
        held = current(warehouse, source)
        if source == "smartlead":  # a thread also carries up to when it was known
            held["message_history"] = [(row_key, "") for row_key, _ in held["message_history"]]
        found.append(held)
    assert found[0] == found[1]


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_account_is_no_failure(world: World, source: str) -> None:
    warehouse, load = world.empty()
    world.server.order()
    world.server.as_of = world.beginning
    report = load(source, run_at=world.beginning)
    assert report.failures == ()
    settings = {"pipelines", "pipeline_stages", "stages", "opportunity_stages", "workspaces", "labels"}
    settings |= {"lead_labels", "block_list", "dnc", "owners"}
    assert {name for name, held in current(warehouse, source).items() if held} <= settings
    world.server.as_of = world.end
    assert load(source, run_at=world.end).failures == ()
    assert current(warehouse, source) == world.undisturbed(source)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("source", ["instantly", "salesforge"])
def test_nights_without_enough_time_add_up_to_a_whole_one(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = world.undisturbed(source)
    warehouse, load = world.empty()
    world.server.order()
    world.server.as_of = world.end
    monkeypatch.setattr(f"ingestion.{source}.PAGE", 24)
    nights, found = 0, {}
    while found != expected:
        nights += 1
        report = load(source, run_at=world.end, seconds=0.0)
        assert report.failures == ()
        assert report.notes or nights > 1, "it says what it had no time for"
        assert nights < 12
        found = current(warehouse, source)
    assert nights > 2


def test_a_night_of_faults_lands_the_same_on_postgres(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {}
    with monkeypatch.context() as patch:
        patch.setattr("ingestion.load.Landing", QuickLanding)
        patch.setattr("ingestion.load.count", quick_count)
        expected = {source: world.undisturbed(source) for source in SOURCES}
    warehouse, load = world.empty("postgres")
    orders = [
        MATRIX[fault].order(TARGETS[source])
        for fault in ("429", "cut in the answer", "502")
        for source in SOURCES
    ]
    world.server.order(*(fault for order in orders for fault in order))
    for source in SOURCES:
        with narrow(TARGETS[source]):
            report = load(source, run_at=world.end)
        assert report.failures == ()
        assert sum(item.usage.retries for item in report.usage) == 3
        assert current(warehouse, source) == expected[source]
