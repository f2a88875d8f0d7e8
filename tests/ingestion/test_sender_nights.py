"""The same agency sent by each of the senders: two nights of each, loaded, staged and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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

SENDERS = ("instantly", "salesforge")
ENTITIES = [
    "campaigns",
    "campaign_steps",
    "templates",
    "campaign_leads",
    "people",
    "messages",
    "message_events",
    "replies",
    "mailboxes",
    "suppressions",
]


@dataclass(frozen=True)
class Nights:
    """What two nights left behind."""

    warehouse: Warehouse
    reports: dict[str, list[LoadReport]]
    truth: Truth
    statuses: set[int]

    def number(self, what: str, table: str, where: str = "true") -> int:
        """Return a number from a table."""
        return int(rows(self.warehouse, f"select {what} from {table} where {where}")[0][0] or 0)

    def same(self, sender: str, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query over `{source}`, which must be those that Smartlead gives."""
        found = rows(self.warehouse, sql.format(source=sender))
        assert found == rows(self.warehouse, sql.format(source="smartlead"))
        return found


@pytest.fixture(scope="module", params=ENGINES)
def nights(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Nights:
    """Load two nights of each sender, and the last one again, then stage."""
    from sandbox import Params, simulate, truth

    # a seed with an opt-out, bounces of both kinds, clicks, and a reply in the second night
    simulated = simulate(Params(leads=90, days=30, clients=2, seed=17))
    folder = tmp_path_factory.mktemp("senders")
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    load = loader(warehouse, folder, MemoryAnswers())
    reports: dict[str, list[LoadReport]] = {}
    sources, statuses = {}, set()
    for sender in ("smartlead", *SENDERS):
        moved = tuple((profile.id, sender) for profile in simulated.params.profiles)
        agency = simulate(replace(simulated.params, senders=moved))
        with served(agency, folder) as (server, config):
            reports[sender] = []
            for days in (0, 3, 0):
                server.as_of += timedelta(days=days)
                reports[sender].append(load(sender, config, run_at=server.as_of))
            sources[sender] = config.model_dump()["sources"][sender]
            statuses |= {status for _, _, status in server.requests}
            known = truth(agency, server.as_of)
            assert known == truth(simulated, server.as_of), "who sends changes nothing that is true"
    every = Config.model_validate({**config.model_dump(), "sources": sources, "experiments": ()})
    stage(warehouse, folder, every, *sources, "files")
    return Nights(warehouse, reports, known, statuses)


def test_every_record_is_accounted_for(nights: Nights) -> None:
    for report in (report for reports in nights.reports.values() for report in reports):
        assert report.failures == ()
        for count in report.counts:
            assert count.received == count.landed + count.known + count.quarantined + count.duplicates
            assert count.quarantined == 0
            assert count.reported is None or count.reported <= count.received
    for sender in SENDERS:
        again = nights.reports[sender][2].counts
        assert sum(count.landed for count in again) == 0
        assert sum(count.received for count in again) > 0
    assert nights.statuses == {200}


def test_the_second_night_reads_no_old_mail_again(nights: Nights) -> None:
    for sender, resource in (("instantly", "emails"), ("salesforge", "thread_emails")):
        first, second = (
            sum(count.received for count in report.counts if count.resource == resource)
            for report in nights.reports[sender][:2]
        )
        assert 0 < second < first / 2


@pytest.mark.parametrize("sender", SENDERS)
def test_staging_shows_what_is_true(nights: Nights, sender: str) -> None:
    total = nights.truth.total

    def number(entity: str, where: str = "true", what: str = "count(*)") -> int:
        return nights.number(what, f"staging.stg_{sender}__{entity}", where)

    assert number("campaigns") == total.campaigns
    assert number("campaign_leads") == total.campaign_leads
    assert number("messages") == total.messages
    assert number("replies") == total.replies
    assert number("replies", "message_id is null") == 0
    assert number("message_events", "event_type = 'sent'") == total.messages
    assert number("message_events", "event_type = 'replied'") == total.replies
    assert number("message_events", "event_type = 'unsubscribed'") == total.unsubscribes
    opened = "event_type = 'opened'"
    assert number("message_events", opened, "count(distinct message_id)") == total.opened_messages > 0


def test_instantly_tells_of_every_open_click_and_bounce(nights: Nights) -> None:
    total, events = nights.truth.total, "staging.stg_instantly__message_events"
    assert nights.number("count(*)", events, "event_type = 'bounced'") == total.bounces > 0
    opens = nights.number("sum(event_count)", events, "event_type = 'opened'")
    assert opens == total.human_opens + total.machine_opens
    clicks = nights.number("sum(event_count)", events, "event_type = 'clicked'")
    assert clicks == total.human_clicks + total.machine_clicks


def test_salesforge_tells_of_bounces_that_end_a_sequence(nights: Nights) -> None:
    events = "staging.stg_salesforge__message_events"
    assert nights.number("count(*)", events, "event_type = 'bounced'") == nights.truth.total.hard_bounces > 0


@pytest.mark.parametrize("sender", SENDERS)
def test_every_record_belongs_to_its_client(nights: Nights, sender: str) -> None:
    for client, counts in nights.truth.by_client.items():
        mine = f"client = '{client}'"
        for entity, number in (("messages", counts.messages), ("replies", counts.replies)):
            assert nights.number("count(*)", f"staging.stg_{sender}__{entity}", mine) == number


@pytest.mark.parametrize("sender", SENDERS)
def test_messages_are_those_that_smartlead_would_have_sent(nights: Nights, sender: str) -> None:
    text = ", mailbox, variant, subject, body" if sender == "instantly" else ""
    found = nights.same(
        sender,
        f"select client, lead_key, step_number, sent_at{text}"
        " from staging.stg_{source}__messages order by sent_at, lead_key",
    )
    if text:
        assert {variant for *_, variant, _, _ in found} == {"A", "B", None}


@pytest.mark.parametrize("sender", SENDERS)
def test_replies_are_those_that_smartlead_would_have_received(nights: Nights, sender: str) -> None:
    # Salesforge does not name the message: the last one before the reply stands in
    message = ", messages.step_number, messages.sent_at" if sender == "instantly" else ""
    assert nights.same(
        sender,
        "select replies.client, replies.lead_key, replies.from_email, replies.body, replies.received_at"
        f"{message}"
        " from staging.stg_{source}__replies as replies"
        " inner join staging.stg_{source}__messages as messages on replies.message_id = messages.id"
        " order by replies.received_at, replies.lead_key",
    )


@pytest.mark.parametrize(
    ("sender", "event"),
    [
        ("instantly", "sent"),
        ("instantly", "bounced"),
        ("instantly", "unsubscribed"),
        ("salesforge", "sent"),
        ("salesforge", "unsubscribed"),
        ("salesforge", "opened"),
        ("salesforge", "clicked"),
    ],
)
def test_events_are_on_the_same_messages(nights: Nights, sender: str, event: str) -> None:
    assert nights.same(
        sender,
        "select messages.lead_key, messages.step_number"
        " from staging.stg_{source}__message_events as events"
        " inner join staging.stg_{source}__messages as messages on events.message_id = messages.id"
        f" where events.event_type = '{event}' order by messages.lead_key, messages.step_number",
    )


@pytest.mark.parametrize("event", ["opened", "clicked"])
def test_opens_and_clicks_are_counted_alike_and_begin_alike(nights: Nights, event: str) -> None:
    assert nights.same(
        "instantly",
        "select messages.lead_key, messages.step_number, min(events.occurred_at) as first_at,"
        " cast(sum(events.event_count) as bigint) as times"
        " from staging.stg_{source}__message_events as events"
        " inner join staging.stg_{source}__messages as messages on events.message_id = messages.id"
        f" where events.event_type = '{event}'"
        " group by 1, 2 order by 1, 2",
    )


@pytest.mark.parametrize("sender", SENDERS)
def test_people_steps_and_enrolments_are_alike(nights: Nights, sender: str) -> None:
    assert nights.same(
        sender,
        "select distinct email_key, linkedin_url_key, first_name, title, company_domain_key"
        " from staging.stg_{source}__people order by 1, 2, 3, 4",
    )
    assert nights.same(
        sender,
        "select campaigns.name, campaigns.status, steps.step_number, steps.wait_days"
        " from staging.stg_{source}__campaign_steps as steps"
        " inner join staging.stg_{source}__campaigns as campaigns on steps.campaign_id = campaigns.id"
        " order by 1, 3",
    )
    added_at = ", leads.added_at" if sender == "instantly" else ""
    assert nights.same(
        sender,
        f"select campaigns.name, leads.lead_key{added_at}"
        " from staging.stg_{source}__campaign_leads as leads"
        " inner join staging.stg_{source}__campaigns as campaigns on leads.campaign_id = campaigns.id"
        " order by 1, 2",
    )
    assert nights.same(
        sender,
        "select campaigns.name, templates.step_number, templates.subject, templates.body"
        " from staging.stg_{source}__templates as templates"
        " inner join staging.stg_{source}__campaigns as campaigns on templates.campaign_id = campaigns.id"
        " order by 1, 2, 3, 4",
    )


@pytest.mark.parametrize("sender", SENDERS)
def test_mailboxes_are_those_that_messages_are_sent_from(nights: Nights, sender: str) -> None:
    nights.same(sender, "select email, status from staging.stg_{source}__mailboxes order by email")
    if sender == "instantly":
        number, boxes = nights.number, "staging.stg_instantly__mailboxes"
        assert (
            number(
                "count(*)", "staging.stg_instantly__messages", f"mailbox not in (select email from {boxes})"
            )
            == 0
        )
        assert number("count(*)", boxes, "warmup_status <> 'active' or warmup_started_at is null") == 0


def test_instantlys_messages_name_their_templates(nights: Nights) -> None:
    assert nights.same(
        "instantly",
        "select templates.step_number, templates.variant, templates.subject, templates.body"
        " from staging.stg_{source}__messages as messages"
        " inner join staging.stg_{source}__templates as templates on messages.template_id = templates.id"
        " order by messages.sent_at, messages.lead_key",
    )


@pytest.mark.parametrize("sender", SENDERS)
def test_every_reference_leads_to_a_person(nights: Nights, sender: str) -> None:
    keys = f"(select person_key from staging.stg_{sender}__person_keys)"
    for entity in ("messages", "replies", "campaign_leads"):
        assert nights.number("count(*)", f"staging.stg_{sender}__{entity}", f"lead_key not in {keys}") == 0


@pytest.mark.parametrize("sender", SENDERS)
def test_whom_not_to_contact(nights: Nights, sender: str) -> None:
    table = f"staging.stg_{sender}__suppressions"
    reasons = f"select reason, count(*) from {table} group by 1 order by 1"
    clients = sorted(nights.truth.by_client)
    found = dict(rows(nights.warehouse, reasons))
    assert found["do_not_contact"] == 2 * len(clients)
    assert found.get("unsubscribed", 0) == nights.truth.total.unsubscribes
    domains = f"select client from {table} where domain_key is not null order by 1"
    assert rows(nights.warehouse, domains) == [(client,) for client in clients]


def test_a_delivery_that_was_repeated_is_one_event(nights: Nights) -> None:
    repeated = "select count(*) from raw_instantly.webhook_deliveries where retry_count > 0"
    assert rows(nights.warehouse, repeated)[0][0] > 0
    events = "raw_instantly.webhook_events"
    assert nights.number("count(*) - count(distinct id)", events) == 0
    assert nights.number("count(*)", events) < nights.number("count(*)", "raw_instantly.webhook_deliveries")


def test_totals_are_those_that_the_senders_count_themselves(nights: Nights) -> None:
    total, current = nights.truth.total, "_dlt_valid_to is null"
    sent = nights.number("sum(emails_sent_count)", "raw_instantly.campaign_analytics", current)
    leads = nights.number("sum(leads_count)", "raw_instantly.campaign_analytics", current)
    assert (sent, leads) == (total.messages, total.campaign_leads)
    for table in ("raw_instantly.campaign_analytics_daily", "raw_salesforge.sequence_days"):
        assert nights.number("sum(sent)", table, current) == total.messages


@pytest.mark.parametrize("sender", SENDERS)
def test_every_view_has_the_columns_of_the_contract(nights: Nights, sender: str) -> None:
    with nights.warehouse.connect() as connection:
        for entity in ENTITIES:
            types = connection.columns(f"staging.stg_{sender}__{entity}")
            assert list(types) == staging_columns(BY_NAME[entity])
            files = connection.columns(f"staging.stg_files__{entity}")
            assert _plain(types) == _plain(files), entity


def _plain(types: dict[str, str]) -> dict[str, str]:
    """Return the types with all names of text as one; a union of views takes them for each other."""
    texts = {"text", "varchar", "character varying"}
    return {name: "text" if kind in texts else kind for name, kind in types.items()}
