"""Two nights of the sandbox's providers, and files: loaded and staged once an engine, then looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingestion.entities import BY_NAME, staging_columns
from ingestion.jobs import LoadReport
from tests.conftest import ENGINES
from tests.ingestion.conftest import NIGHT, MemoryAnswers, loader, rows, served, stage, write
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Agency, Truth

PROVIDERS = ("apollo", "smartlead", "hubspot")
PERSON_KEYS = ["source", "account", "id", "person_key", "key_kind", "loaded_at", "load_id"]
PERSON_VERSIONS = [
    "source",
    "account",
    "id",
    "title",
    "company_name",
    "company_domain_key",
    "email",
    "email_key",
    "email_status",
    "loaded_at",
    "landed_at",
    "load_id",
]
PROVIDES = {
    "apollo": {"people", "companies"},
    "smartlead": {
        "people",
        "campaigns",
        "campaign_steps",
        "templates",
        "campaign_leads",
        "messages",
        "message_events",
        "replies",
        "mailboxes",
    },
    "hubspot": {"people", "companies", "deals", "deal_stages", "meetings", "messages"},
    "files": set(BY_NAME),
}


@dataclass(frozen=True)
class Nights:
    """What two nights and one repetition left behind."""

    warehouse: Warehouse
    reports: list[LoadReport]
    again: LoadReport
    truth: Truth
    credits: Counter[str]
    paid: int
    statuses: set[int]

    def number(self, what: str, table: str, where: str = "true") -> int:
        """Return a number from a table."""
        return int(rows(self.warehouse, f"select {what} from {table} where {where}")[0][0] or 0)


@pytest.fixture(scope="module", params=ENGINES)
def nights(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
    simulated: Agency,
) -> Nights:
    """Load two nights of the providers, and three of a file, then stage."""
    from sandbox import truth

    folder = tmp_path_factory.mktemp("nights")
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    answers = MemoryAnswers()
    load = loader(warehouse, folder, answers)
    reports = []
    with served(simulated, folder) as (server, config):
        for night in range(2):
            server.as_of += timedelta(days=3 * night)
            reports += [load(source, config, run_at=server.as_of) for source in PROVIDERS]
        again = load("hubspot", config, run_at=server.as_of)
        known, charged = truth(simulated, server.as_of), server.credits
        statuses = {status for _, _, status in server.requests}
    for night, address in enumerate(["old@x.com", "new@x.com", "new@x.com"]):
        files = write(folder / "in", people_csv=f"id,email,title\n1,{address},night {night}\n")
        reports.append(load("files", files_dir=files, run_at=NIGHT + timedelta(days=night)))
    stage(warehouse, folder, config)
    paid = len({answer[0] for _, _, answer in answers.rows})
    return Nights(warehouse, reports, again, known, charged, paid, statuses)


def test_every_record_is_accounted_for(nights: Nights) -> None:
    for report in [*nights.reports, nights.again]:
        assert report.failures == ()
        for count in report.counts:
            assert count.received == count.landed + count.known + count.quarantined + count.duplicates
            assert count.quarantined == 0
            assert count.reported is None or count.reported <= count.received
    assert sum(count.landed for count in nights.again.counts) == 0
    assert sum(count.received for count in nights.again.counts) > 0
    assert nights.statuses <= {200, 207}


def test_nobody_is_paid_for_twice(nights: Nights) -> None:
    assert set(nights.credits.values()) == {1}
    assert len(nights.credits) == nights.paid


def test_raw_holds_what_the_providers_show(nights: Nights) -> None:
    total, current = nights.truth.total, "_dlt_valid_to is null"
    assert nights.number("count(*)", "raw_smartlead.statistics", current) == total.messages
    assert nights.number("count(*)", "raw_smartlead.campaigns", current) == total.campaigns
    assert nights.number("count(*)", "raw_hubspot.deals", f"{current} and not is_archived") == total.deals
    versions = "raw_smartlead.statistics"
    assert nights.number("count(*)", versions) > total.messages, "rows that changed have two versions"
    assert nights.number("count(*) - count(distinct row_hash)", versions) == 0


def test_staging_shows_what_the_providers_show(nights: Nights) -> None:
    total, number = nights.truth.total, nights.number
    events, deals = "staging.stg_smartlead__message_events", "staging.stg_hubspot__deals"
    meetings = "staging.stg_hubspot__meetings"
    assert number("count(*)", "staging.stg_smartlead__messages") == total.messages
    assert number("count(*)", "staging.stg_smartlead__campaign_leads") == total.campaign_leads
    assert number("count(*)", "staging.stg_smartlead__replies") == total.replies
    assert number("count(*)", events, "event_type = 'bounced'") == total.bounces
    assert number("count(*)", events, "event_type = 'unsubscribed'") == total.unsubscribes
    opens = number("sum(event_count)", events, "event_type = 'opened'")
    assert opens == total.human_opens + total.machine_opens
    assert number("count(*)", meetings, "not is_deleted") == total.meetings
    assert number("count(*)", meetings, "outcome = 'completed' and not is_deleted") == total.held_meetings
    won = "stage = 'closed_won' and closed_at is not null and not is_deleted"
    assert number("count(*)", deals, won) == total.won_deals


def test_every_record_belongs_to_its_client(nights: Nights) -> None:
    for client, counts in nights.truth.by_client.items():
        mine = f"client = '{client}'"
        assert nights.number("count(*)", "staging.stg_smartlead__messages", mine) == counts.messages
        assert (
            nights.number("count(*)", "staging.stg_hubspot__deals", f"{mine} and not is_deleted")
            == counts.deals
        )


def test_people_are_readable_and_every_reference_leads_to_one(nights: Nights) -> None:
    number, people = nights.number, "staging.stg_apollo__people"
    assert number("count(*)", people, "email like 'email_not_unlocked%'") == 0
    assert number("count(*)", people, "email is null and email_status is not null") == 0
    assert number("count(*)", people, "current_role_started_on is not null and client is not null") > 0
    assert number("count(*)", "staging.stg_smartlead__messages", "template_id is null") == 0
    keys = "(select person_key from staging.stg_hubspot__person_keys)"
    assert number("count(*)", "staging.stg_hubspot__deals", f"lead_key not in {keys}") == 0
    keys = "(select person_key from staging.stg_smartlead__person_keys)"
    assert number("count(*)", "staging.stg_smartlead__messages", f"lead_key not in {keys}") == 0


def test_every_view_has_the_columns_and_types_of_the_contract(nights: Nights) -> None:
    with nights.warehouse.connect() as connection:
        for source, entities in PROVIDES.items():
            assert list(connection.columns(f"staging.stg_{source}__person_keys")) == PERSON_KEYS
            assert list(connection.columns(f"staging.stg_{source}__person_versions")) == PERSON_VERSIONS
            for entity in sorted(entities):
                types = connection.columns(f"staging.stg_{source}__{entity}")
                assert list(types) == staging_columns(BY_NAME[entity]), (source, entity)
                files = connection.columns(f"staging.stg_files__{entity}")
                assert _plain_types(types) == _plain_types(files), (source, entity)


def test_every_record_says_when_it_first_landed(nights: Nights) -> None:
    """Whatever came later; an event that a state tells of, when a version first told of it."""
    for source, entities in PROVIDES.items():
        for entity in sorted(entities):
            view = f"staging.stg_{source}__{entity}"
            assert nights.number("count(*)", view, "not coalesce(first_loaded_at <= loaded_at, false)") == 0
    statistics, replied = "raw_smartlead.statistics", "reply_time is not null"
    for view, raw, is_same, says in (
        ("stg_files__people", "raw_files.people", "staged.id = raw.id", "true"),
        ("stg_hubspot__deals", "raw_hubspot.deals", "staged.id = raw.id", "true"),
        ("stg_smartlead__messages", statistics, "staged.id = raw.id", "sent_time is not null"),
        ("stg_smartlead__message_events", statistics, "staged.id = raw.id || ':replied'", replied),
    ):
        versions = f"staging.{view} as staged inner join {raw} as raw on {is_same} where {says}"
        firsts = f"select min(staged.first_loaded_at) as said, min(raw.loaded_at) as first from {versions}"
        moments = rows(nights.warehouse, f"{firsts} group by staged.id")
        assert {said == first for said, first in moments} == {True}, view
        assert nights.number("count(*)", f"staging.{view}", "first_loaded_at < loaded_at") > 0, view


def test_an_old_address_still_leads_to_its_person(nights: Nights) -> None:
    loads = rows(nights.warehouse, "select _dlt_load_id from raw_files.people order by loaded_at")
    keys = (
        "select person_key, loaded_at, load_id from staging.stg_files__person_keys where key_kind = 'email'"
    )
    assert sorted(rows(nights.warehouse, keys)) == [
        ("email:new@x.com", NIGHT + timedelta(days=1), loads[2][0]),
        ("email:old@x.com", NIGHT, loads[0][0]),
    ]
    shown = rows(nights.warehouse, "select email, title from staging.stg_files__people")
    assert shown == [("new@x.com", "night 2")]


def _plain_types(types: dict[str, str]) -> dict[str, str]:
    """Return the types with all names of text as one; a union of views takes them for each other."""
    texts = {"text", "varchar", "character varying"}
    return {name: "text" if kind in texts else kind for name, kind in types.items()}
