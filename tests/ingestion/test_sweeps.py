"""From API to mart: what vanished from a CRM, was merged, changed hands, or happened beside e-mail."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.jobs import LoadReport
from pipeline.config import Config
from pipeline.context import Context, Options
from pipeline.dbt import Project
from pipeline.ledger import Ledger
from pipeline.stages import build
from pipeline.state import open_state
from tests.conftest import ENGINES
from tests.ingestion.conftest import Loader, MemoryAnswers, loader, rows, served
from tests.ingestion.trouble import current
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Agency, Server

CRMS = ("hubspot", "pipedrive", "salesforce")
KEPT = ("persons", "organizations", "deals", "activities")
SWEPT = {
    "hubspot": ("contacts", "deals", "meetings"),
    "pipedrive": ("persons", "deals", "activities"),
    "salesforce": ("opportunities", "events"),
}
"""What records are deleted of for good between the first and the second night."""

FIRST, SECOND = 20, 30
"""Days after the start; the deletions are on day 24."""


@dataclass
class World:
    """Agencies with a CRM each, what two nights loaded of them, and the facts after the second."""

    warehouse: Warehouse
    folder: Path
    load: Loader
    agency: Agency
    server: Server
    config: Config
    project: Project
    reports: dict[tuple[str, int], LoadReport] = field(default_factory=dict)

    def night(
        self, day: int, *, shown: int | None = None, crms: tuple[str, ...] = CRMS
    ) -> dict[str, LoadReport]:
        """Load CRMs on a day, as they were on day `shown`."""
        run_at = self.at(day)
        self.server.as_of = self.at(day if shown is None else shown)
        found = {crm: self.load(crm, self.config, run_at=run_at) for crm in crms}
        self.reports |= {(crm, day): report for crm, report in found.items()}
        return found

    def at(self, day: int) -> datetime:
        """Return the hour of a day's night."""
        return self.agency.params.start + timedelta(days=day, hours=2)

    def build(self, day: int, *, is_full: bool = False) -> None:
        """Build the facts."""
        state_dir = self.folder / "state"
        engine = open_state(self.warehouse, state_dir)
        try:
            context = Context(
                self.config,
                self.warehouse,
                engine,
                Ledger(engine, str(uuid.uuid4())),
                self.at(day),
                Options(full_refresh=is_full),
            )
            context.__dict__["project"] = self.project
            build.build(context)
        finally:
            engine.dispose()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in order."""
        return sorted(rows(self.warehouse, sql), key=str)

    def counts(self, crm: str, day: int) -> Counter[str]:
        """Return resource → records that a night found to be gone."""
        found: Counter[str] = Counter()
        for count in self.reports[crm, day].counts:
            assert count.received == count.landed + count.known + count.quarantined + count.duplicates
            found[count.resource] += count.gone
        return +found


@pytest.fixture(scope="module", params=ENGINES)
def world(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Two nights, eleven days apart."""
    from sandbox import Params, simulate

    folder = tmp_path_factory.mktemp("sweeps")
    crms = (("nordwind", "pipedrive"), ("harbour", "salesforce"))
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    agency = simulate(
        Params(leads=120, days=30, seed=7, clients=3, crms=crms, base_rate=0.3, has_crm_extras=True)
    )
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("ingestion.salesforce.POLLS", (0.0,) * 5)
        server, config = stack.enter_context(served(agency, folder))
        load = loader(warehouse, folder, MemoryAnswers())
        project = Project(warehouse, folder / "state", "salt", has_checks=False)
        made = World(warehouse, folder, load, agency, server, config, project)
        for day in (FIRST, SECOND):
            assert all(report.failures == () for report in made.night(day).values())
            if day == SECOND or request.param == "duckdb":
                made.build(day)
        yield made


def test_what_vanished_is_gone_and_the_facts_are_true(world: World) -> None:
    from sandbox import truth

    for crm in CRMS:
        assert world.counts(crm, FIRST) == {}
        found = world.counts(crm, SECOND)
        assert set(found) >= set(SWEPT[crm]), crm
    known = truth(world.agency, world.at(SECOND))
    for client, true in known.by_client.items():
        where = f"client_id = (select client_id from facts.clients where client = '{client}')"
        for table, expected in (("deals", true.deals), ("meetings", true.meetings)):
            live = f"select count(*) from facts.{table} where deleted_at is null and {where}"
            assert world.rows(live) == [(expected,)], (client, table)
    gone = world.rows("select deleted_at from facts.deals where deleted_at is not null")
    assert world.at(SECOND) in {row[0] for row in gone}


def test_a_merged_deal_is_deleted_and_names_the_one_that_took_it_in(world: World) -> None:
    merged = {
        str(record.id): str(record.merged_into)
        for record in world.agency.crm
        if record.kind == "deals"
        and record.client == 0
        and record.merged_at is not None
        and record.created_at <= world.at(FIRST) < record.merged_at <= world.at(SECOND)
    }
    assert merged
    into = "select id, merged_into from raw_hubspot.deals where merged_into is not null"
    assert dict(world.rows(f"{into} and _dlt_valid_to is null")) == merged
    staged = "select id from staging.stg_hubspot__deals where is_deleted"
    assert {row[0] for row in world.rows(staged)} >= set(merged)


def test_a_deal_that_changed_hands_without_being_changed_is_the_other_leads(world: World) -> None:
    re_hung = {
        str(link.left[1]): str(link.right[1])
        for link in world.agency.associations
        if link.since is not None and link.client == 0
    }
    assert re_hung
    for deal, contact in re_hung.items():
        leads = (
            "select deals.lead_id = keys.lead_id as is_theirs"
            " from raw_hubspot.deals as held"
            " join staging.stg_hubspot__deals as staged on held.id = staged.id and held._dlt_valid_to is null"
            " join facts.deals as deals on deals.name = staged.name and deals.created_at = staged.created_at"
            f" join intermediate.lead_keys as keys on keys.person_key = 'hubspot:brightpath:{contact}'"
            f" where held.id = '{deal}'"
        )
        assert world.rows(leads) == [(True,)]
        versions = f"select count(distinct updated_at) from raw_hubspot.deals where id = '{deal}'"
        seen = f"select count(*) from raw_hubspot.deals where id = '{deal}'"
        assert world.rows(seen) > world.rows(versions), "HubSpot does not date such a change"


def test_calls_and_messages_of_other_channels_are_touches(world: World) -> None:
    expected: Counter[str] = Counter()
    names = {"LINKEDIN_MESSAGE": "linkedin", "SMS": "sms", "WHATS_APP": "whatsapp"}
    for record in world.agency.crm:
        if record.created_at > world.at(SECOND) or record.kind not in ("calls", "communications"):
            continue
        values = record.changes[0].properties
        if record.kind == "communications":
            expected[names[str(values["hs_communication_channel_type"])]] += 1
        elif values["hs_call_direction"] == "OUTBOUND":
            expected["voice"] += 1
    assert len(expected) == 4
    found = world.rows(
        "select channel, count(*) from facts.messages where source = 'hubspot' group by channel"
    )
    assert dict(found) == expected
    owners = "select id, is_archived from raw_hubspot.owners where _dlt_valid_to is null"
    assert world.rows(owners) == [("51128100", True), ("51128101", False), ("51128102", False)]


@pytest.mark.parametrize("world", ["duckdb"], indirect=True)
def test_facts_are_those_of_a_full_build(world: World) -> None:
    tables = ("deals", "meetings", "messages", "lead_pool", "companies", "deal_stages")
    before = [world.rows(f"select * from facts.{table}") for table in tables]
    world.build(SECOND, is_full=True)
    assert [world.rows(f"select * from facts.{table}") for table in tables] == before


@pytest.mark.parametrize("world", ["duckdb"], indirect=True)
def test_what_comes_back_is_as_it_was_and_nothing_is_no_proof(world: World) -> None:
    def held() -> Any:
        return {name: kept for name, kept in current(world.warehouse, "pipedrive").items() if name in KEPT}

    crm = ("pipedrive",)
    before = held()
    (again,) = world.night(SECOND, crms=crm).values()
    assert sum(count.landed + count.gone for count in again.counts) == 0
    # as if rights had been taken away: what came since is gone, and what had been deleted is back
    (earlier,) = world.night(SECOND + 8, shown=FIRST, crms=crm).values()
    assert earlier.failures == ()
    assert held() != before
    (later,) = world.night(SECOND + 16, shown=SECOND, crms=crm).values()
    assert later.failures == ()
    assert held() == before
    (nothing,) = world.night(SECOND + 24, shown=-900, crms=crm).values()
    assert nothing.failures
    for failure in nothing.failures:
        assert "records that are held are in none of its lists; nothing of the account" in failure.error
        assert failure.error.endswith("set is_purged for one run")
        assert not failure.transient
    assert held() == before
    (accounts,) = (world.config.sources.pipedrive.accounts,)
    purged = tuple(account.model_copy(update={"is_purged": True}) for account in accounts)
    section = world.config.sources.pipedrive.model_copy(update={"accounts": purged})
    config = world.config.model_copy(
        update={"sources": world.config.sources.model_copy(update={"pipedrive": section})}
    )
    report = world.load("pipedrive", config, run_at=world.at(SECOND + 25))
    assert report.failures == ()
    left = "select count(*) from raw_pipedrive.persons where _dlt_valid_to is null and is_gone is null"
    assert world.rows(left) == [(0,)]
