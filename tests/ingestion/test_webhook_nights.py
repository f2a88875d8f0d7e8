"""The same agency by its APIs alone and with webhooks beside them: the same figures, with better times."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.counts import ResourceCount
from ingestion.webhooks import read_webhooks
from pipeline.config import Config, load_config
from tests.conftest import ENGINES
from tests.ingestion.conftest import SPEED, Loader, MemoryAnswers, loader, rows, stage
from tests.ingestion.fakes import job as fake_job
from tests.ingestion.fakes import spooled
from tests.sandboxed import sandboxed
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Agency

SENDERS = ("smartlead", "instantly", "salesforge")
FIGURES = {
    "messages": "select count(*) from staging.stg_{source}__messages",
    "replies": "select count(*), count(distinct body), count(message_id) from staging.stg_{source}__replies",
    "messages by event": "select event_type, count(distinct message_id)"
    " from staging.stg_{source}__message_events group by 1 order by 1",
    "first opens": "select message_id, min(occurred_at) from staging.stg_{source}__message_events"
    " where event_type in ('opened', 'clicked') group by event_type, message_id order by 1, 2",
}
"""What a funnel counts; webhooks must not change it."""


@dataclass
class World:
    """A simulated agency with a client at each sender, its winnow.yml, and where webhooks are received."""

    agency: Agency
    at: datetime
    folder: Path

    def config(self) -> Config:
        """Return the configuration; its folders of webhooks stand beside it."""
        from sandbox import config_yaml

        path = self.folder / "winnow.yml"
        path.write_text(config_yaml(self.agency, speed=SPEED, webhooks="hooks"), encoding="utf-8")
        return load_config(path)

    def receive(self, source: str, part: slice, folder: str = "") -> None:
        """Put a part of a sender's webhooks into the folders of their accounts."""
        for path in sorted((self.folder / "all" / source).rglob("*.*"))[part]:
            to = self.folder / "hooks" / path.relative_to(self.folder / "all").parent / folder
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve the agency at the end of its history."""
    from sandbox import Params, simulate
    from sandbox.view import View
    from sandbox.webhooks import write_webhooks

    base = simulate(Params(leads=90, days=30, clients=3, seed=17))
    senders = zip((profile.id for profile in base.params.profiles), SENDERS, strict=True)
    agency = simulate(replace(base.params, senders=tuple(senders)))
    at = agency.params.start + timedelta(days=33)
    folder = tmp_path_factory.mktemp("webhooks")
    view = View(agency, at)
    with sandboxed(agency, at, SPEED):
        made = World(agency, at, folder)
        for source in SENDERS:
            for account in made.config().sources.accounts(source):
                write_webhooks(view, source, account.name, folder / "all" / source / account.name)
        yield made


def figures(warehouse: Warehouse) -> dict[str, Any]:
    """Return what a funnel counts, by sender."""
    return {
        f"{source} {name}": rows(warehouse, sql.format(source=source))
        for source in SENDERS
        for name, sql in FIGURES.items()
    }


def told(load: Loader, config: Config, at: datetime, *sources: str) -> list[ResourceCount]:
    """Load senders (default: all); return what became of their webhooks."""
    reports = [load(source, config, run_at=at) for source in sources or SENDERS]
    assert [failure for report in reports for failure in report.failures] == []
    counts = [count for report in reports for count in report.counts if count.resource == "webhooks"]
    for count in counts:
        assert count.received == count.landed + count.known + count.quarantined + count.duplicates
        assert count.quarantined == 0
    return counts


def check_times(warehouse: Warehouse, world: World) -> None:
    """See every open, bounce and opt-out at its own time; the API counts the first and dates no other."""
    from sandbox.view import View

    view, profiles = View(world.agency, world.at), world.agency.params.profiles
    for client, source in world.agency.params.senders:
        own = [item.id for item in world.agency.campaigns if profiles[item.client].id == client]
        messages = [message for item in own for _, message in view.campaign_messages(item)]
        true = {
            "opened": [
                at + timedelta(milliseconds=n) for m in messages for n, (at, _) in enumerate(view.opens(m))
            ],
            "unsubscribed": [m.unsubscribed_at for m in messages if view.is_unsubscribed(m)],
            # Salesforge does not tell of soft bounces
            "bounced": [
                m.bounced_at
                for m in messages
                if view.is_bounced(m) and (source, m.bounce) != ("salesforge", "soft")
            ],
        }
        for kind, times in true.items():
            found = (
                f"select occurred_at from staging.stg_{source}__message_events where event_type = '{kind}'"
            )
            assert sorted(at for (at,) in rows(warehouse, found)) == sorted(times), (source, kind)


def check_deletions(warehouse: Warehouse) -> None:
    """See a deal deleted when a webhook says so, unless it changed after that, or came back."""
    deals = [("gone", 1), ("changed_since", 5), ("came_back", 1), ("untouched", 1)]
    said = [("gone", 2, "deleted"), ("changed_since", 2, "deleted"), ("came_back", 2, "deleted")]
    restored = [("came_back", 3, "restored")]
    with warehouse.connect() as connection:
        for source in ("hubspot", "pipedrive"):
            connection.insert(
                f"raw_{source}.deals",
                ["account", "id", "updated_at", "loaded_at", "_dlt_load_id"],
                [("main", name, moment(hour), moment(6), "1") for name, hour in deals],
            )
            connection.insert(
                f"raw_{source}.webhooks",
                [
                    "account",
                    "id",
                    "object_type",
                    "object_id",
                    "occurred_at",
                    "change",
                    "loaded_at",
                    "_dlt_load_id",
                ],
                [
                    ("main", f"{name}{hour}", "deal", name, moment(hour), change, moment(7), "2")
                    for name, hour, change in (*said, *restored)
                ],
            )
    for source in ("hubspot", "pipedrive"):
        found = rows(
            warehouse, f"select id, is_deleted, load_id from staging.stg_{source}__deals order by id"
        )
        assert found == [
            ("came_back", False, "1"),
            ("changed_since", False, "1"),
            ("gone", True, "2"),
            ("untouched", False, "1"),
        ]


def moment(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize("engine", ENGINES)
def test_webhooks_change_no_figure_and_make_times_exact(
    engine: str, world: World, tmp_path: Path, new_profile: Callable[[str, Path], Path]
) -> None:
    warehouse = open_warehouse(new_profile(engine, tmp_path))
    load, config = loader(warehouse, tmp_path, MemoryAnswers()), world.config()
    shutil.rmtree(world.folder / "hooks", ignore_errors=True)
    late = SENDERS[0]
    for source in SENDERS:
        world.receive(source, slice(0, None, 2 if source == late else None))
    assert sum(count.landed for count in told(load, config, world.at)) > 100
    world.receive(late, slice(1, None, 2))
    world.receive(late, slice(0, None, 2), "copies")
    (count,) = told(load, config, world.at + timedelta(days=1), late)
    assert count.landed > 50 < count.known, "half came late, the other half came again"
    stage(warehouse, tmp_path, config, *SENDERS, "hubspot", "pipedrive", "files")
    signed = "select distinct is_verified from raw_{}.webhooks"
    assert [rows(warehouse, signed.format(source)) for source in SENDERS] == [[(True,)], [(None,)], [(True,)]]
    check_times(warehouse, world)
    check_deletions(warehouse)
    found = figures(warehouse)
    with warehouse.connect() as connection:
        for source in SENDERS:
            connection.execute(f"delete from raw_{source}.webhooks")
    assert figures(warehouse) == found, "the APIs alone give the same"


def test_nothing_depends_on_when_a_webhook_is_read(world: World, tmp_path: Path) -> None:
    config, found = world.config(), []
    for number, parts in enumerate(([slice(0, None)], [slice(1, None, 2), slice(0, None, 2)])):
        shutil.rmtree(world.folder / "hooks", ignore_errors=True)
        landed: set[str] = set()
        cursor: dict[str, Any] = {}
        for part in parts:
            world.receive("smartlead", part)
            job, _ = fake_job(
                "smartlead", config, tmp_path / f"{number}{part.start}", lambda *_: None, cursor=cursor
            )
            cursor = {"webhooks": read_webhooks(job, str(job.account.webhooks))}
            landed |= {row["row_hash"] for row in spooled(job, "webhooks")}
        found.append(landed)
    assert found[0] == found[1]
    assert len(found[0]) > 100
