"""The same agency with another CRM: what is read and staged says the same of deals, stages and meetings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.entities import BY_NAME, staging_columns
from ingestion.jobs import LoadReport
from pipeline.config import Config
from tests.conftest import ENGINES
from tests.ingestion.conftest import MemoryAnswers, loader, rows, served, stage
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Truth

CRMS = ("hubspot", "pipedrive", "salesforce")
CLIENTS = ("brightpath", "nordwind")
SEED, NIGHTS = 13, (18, 33, 35, 46)
"""Days after the start on which a load is made: what one of them saw is deleted or merged before the next,
a meeting, deals and a contact among it."""


@dataclass(frozen=True)
class Nights:
    """The same nights of the same agency at every CRM, staged together."""

    warehouse: Warehouse
    reports: dict[str, list[LoadReport]]
    truth: Truth

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in order."""
        return sorted(rows(self.warehouse, sql), key=str)


@pytest.fixture(scope="module")
def _no_polling() -> Iterator[None]:
    """Ask for Bulk jobs without waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.salesforce.POLLS", (0.0,) * 5)
        yield


@pytest.fixture(scope="module", params=ENGINES)
def nights(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
    _no_polling: None,
) -> Nights:
    """Load the nights of every CRM into one warehouse, and the last night twice."""
    from sandbox import Params, simulate, truth

    folder = tmp_path_factory.mktemp("crms")
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    load = loader(warehouse, folder, MemoryAnswers())
    reports: dict[str, list[LoadReport]] = {}
    configs: dict[str, Config] = {}
    for crm in CRMS:
        crms = tuple((client, crm) for client in CLIENTS)
        agency = simulate(Params(leads=260, days=45, seed=SEED, clients=2, crms=crms))
        with served(agency, folder) as (server, configs[crm]):
            reports[crm] = []
            # the first is what the others are held against: it sees the last night alone, and that as it is
            for days in (*NIGHTS, NIGHTS[-1]) if crm != CRMS[0] else NIGHTS[-1:]:
                server.as_of = agency.params.start + timedelta(days=days, hours=2)
                reports[crm].append(load(crm, configs[crm], run_at=server.as_of))
            known = truth(agency, server.as_of)
    sources = configs["hubspot"].sources.model_copy(
        update={crm: getattr(configs[crm].sources, crm) for crm in CRMS}
    )
    stage(warehouse, folder, configs["hubspot"].model_copy(update={"sources": sources}), *CRMS, "files")
    return Nights(warehouse, reports, known)


@pytest.fixture(params=CRMS[1:])
def crm(request: pytest.FixtureRequest) -> str:
    """A CRM that is not HubSpot."""
    return str(request.param)


def test_every_record_is_accounted_for(nights: Nights, crm: str) -> None:
    for report in nights.reports[crm]:
        assert report.failures == ()
        for count in report.counts:
            assert count.received == count.landed + count.known + count.quarantined + count.duplicates
            assert count.quarantined == 0
    *_, again = nights.reports[crm]
    assert sum(count.landed for count in again.counts) == 0
    assert sum(count.received for count in again.counts) > 0


def test_every_view_has_the_columns_and_types_of_the_contract(nights: Nights, crm: str) -> None:
    with nights.warehouse.connect() as connection:
        for entity in ("people", "companies", "deals", "deal_stages", "meetings"):
            found = connection.columns(f"staging.stg_{crm}__{entity}")
            assert list(found) == staging_columns(BY_NAME[entity])
            files = connection.columns(f"staging.stg_files__{entity}")
            assert _plain(found) == _plain(files), entity


def _plain(types: dict[str, str]) -> dict[str, str]:
    texts = {"text", "varchar", "character varying"}
    return {name: "text" if kind in texts else kind for name, kind in types.items()}


def test_counts_are_true(nights: Nights, crm: str) -> None:
    total = nights.truth.total
    deals, meetings = f"staging.stg_{crm}__deals", f"staging.stg_{crm}__meetings"
    live = f"select count(*) from {deals} where not is_deleted"
    assert nights.rows(live) == [(total.deals,)]
    assert nights.rows(f"{live} and stage = 'closed_won' and closed_at is not null") == [(total.won_deals,)]
    assert nights.rows(f"select count(*) from {meetings} where not is_deleted") == [(total.meetings,)]
    held = f"select count(*) from {meetings} where outcome = 'completed' and not is_deleted"
    assert nights.rows(held) == [(total.held_meetings,)]
    for client, counts in nights.truth.by_client.items():
        assert nights.rows(f"{live} and client = '{client}'") == [(counts.deals,)]


def test_deals_are_those_of_the_other_crm(nights: Nights, crm: str) -> None:
    deals = (
        "select account, client, name, value, currency, stage, lost_reason, owner, created_at, closed_at"
        " from staging.stg_{crm}__deals where not is_deleted"
    )
    same(nights, crm, deals)
    deleted = f"select count(*) from staging.stg_{crm}__deals where is_deleted"
    assert nights.rows(deleted) > [(0,)]


def test_stages_are_those_of_the_other_crm(nights: Nights, crm: str) -> None:
    stages = (
        "select deals.account, deals.name, deals.created_at, stages.stage, stages.entered_at"
        " from staging.stg_{crm}__deal_stages as stages join staging.stg_{crm}__deals as deals"
        " on stages.account = deals.account and stages.deal_id = deals.id where not deals.is_deleted"
    )
    assert len(same(nights, crm, stages)) > nights.truth.total.deals


def test_meetings_are_those_of_the_other_crm(nights: Nights, crm: str) -> None:
    meetings = (
        "select account, client, title, coalesce(meeting_type, 'other'), booked_at, scheduled_at, owner,"
        " outcome in ('no_show', 'rescheduled', 'pending') as is_open, outcome = 'completed' as is_held"
        " from staging.stg_{crm}__meetings where not is_deleted"
    )
    same(nights, crm, meetings)
    deleted = f"select count(*) from staging.stg_{crm}__meetings where is_deleted"
    assert nights.rows(deleted) > [(0,)], "a deleted meeting was seen before it was deleted"


def test_every_reference_leads_to_the_same_person(nights: Nights, crm: str) -> None:
    for entity, moment in (("deals", "created_at"), ("meetings", "booked_at")):
        found = {}
        for one in (CRMS[0], crm):
            keys = f"select account || ':' || id, person_key from staging.stg_{one}__person_keys"
            people = _people(nights.rows(keys))
            sql = f"select account, {moment}, lead_key from staging.stg_{one}__{entity} where not is_deleted"
            found[one] = sorted(
                ((account, at, people[key]) for account, at, key in nights.rows(sql)), key=str
            )
        assert [row[:2] for row in found[crm]] == [row[:2] for row in found[CRMS[0]]]
        for one, other in zip(found[crm], found[CRMS[0]], strict=True):
            assert one[2]
            assert one[2] <= other[2], "an address that nobody knows any more need not be known"
        assert found[crm]


def _people(pairs: list[tuple[Any, ...]]) -> dict[str, set[str]]:
    """Return key → the addresses of its person, whichever records a merge has made one."""
    groups: list[set[str]] = []
    for record in {record for record, _ in pairs}:
        keys = {key for one, key in pairs if one == record}
        joined = [group for group in groups if group & keys]
        groups = [group for group in groups if not group & keys] + [keys.union(*joined)]
    return {key: {one for one in group if one.startswith("email:")} for group in groups for key in group}


def test_people_have_the_keys_that_they_have_in_the_other_crm(nights: Nights, crm: str) -> None:
    keys = (
        "select distinct account, person_key from staging.stg_{crm}__person_keys where key_kind <> 'record'"
    )
    found = {row[1] for row in nights.rows(keys.format(crm=crm))}
    expected = {row[1] for row in nights.rows(keys.format(crm="hubspot"))}
    assert found <= expected
    # HubSpot shows archived contacts for three months, also those that were archived before the first load
    archived = "select email_key from raw_hubspot.contacts where is_archived"
    assert {key.removeprefix("email:") for key in expected - found if key.startswith("email:")} <= {
        row[0] for row in nights.rows(archived)
    }


def test_companies_are_those_of_the_other_crm(nights: Nights, crm: str) -> None:
    same(
        nights,
        crm,
        "select account, name, domain_key, employee_count, country, state, city, postal_code"
        " from staging.stg_{crm}__companies",
    )


def same(nights: Nights, crm: str, sql: str) -> list[tuple[Any, ...]]:
    """Ask the same of both CRMs, expect the same, and return it."""
    found, expected = nights.rows(sql.format(crm=crm)), nights.rows(sql.format(crm="hubspot"))
    assert expected
    assert found == expected
    return found
