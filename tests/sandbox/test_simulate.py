"""The timeline is the same every time, in order, and only ever grows."""

from __future__ import annotations

import itertools
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from sandbox import Agency, Params, simulate, truth
from sandbox.model import NOT_HUMAN
from sandbox.params import REPLY_WINDOW_DAYS, SEQUENCE_DAYS
from sandbox.view import View


def test_equal_parameters_give_equal_agencies() -> None:
    params = Params(leads=60, seed=3)
    assert simulate(params) == simulate(Params(leads=60, seed=3))


def test_another_seed_gives_another_agency() -> None:
    assert simulate(Params(leads=60, seed=3)).people != simulate(Params(leads=60, seed=4)).people


@pytest.mark.parametrize("sizes", [{"clients": 0}, {"clients": 6}, {"leads": 0}, {"days": 0}])
def test_impossible_sizes_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Params(**sizes)  # type: ignore[arg-type]  # only integers are given


def test_one_lead_and_one_day_are_enough() -> None:
    params = Params(leads=1, days=1, clients=1)
    assert truth(simulate(params), params.night()).total.campaign_leads == 1


def test_all_five_clients_can_take_part() -> None:
    params = Params(leads=100, clients=5)
    assert list(truth(simulate(params), params.night()).by_client) == [
        "brightpath",
        "nordwind",
        "harbour",
        "solstice",
        "kestrel",
    ]


def test_nothing_that_was_known_is_forgotten(agency: Agency) -> None:
    earlier = View(agency, agency.params.start + timedelta(days=20))
    later = View(agency, agency.params.start + timedelta(days=21))
    assert {p.index for p in earlier.apollo_people} <= {p.index for p in later.apollo_people}
    for enrolment in earlier.enrolments:
        assert set(earlier.messages(enrolment)) <= set(later.messages(enrolment))
        assert set(earlier.replies(enrolment)) <= set(later.replies(enrolment))
    assert {r.id for r in earlier.records} <= {r.id for r in later.records}


def test_every_night_after_the_history_brings_something_new(agency: Agency) -> None:
    counts = [truth(agency, agency.params.night(night)).total for night in range(31)]
    for before, after in itertools.pairwise(counts):
        assert after.messages >= before.messages
        assert after.people >= before.people
    assert sum(after.messages > before.messages for before, after in itertools.pairwise(counts)) >= 18
    assert counts[30].campaigns > counts[0].campaigns
    assert counts[30].won_deals > counts[0].won_deals


def test_old_rows_change_in_later_nights(agency: Agency) -> None:
    night, next_night = (View(agency, agency.params.night(number)) for number in (0, 1))
    known = [m for e in night.enrolments for m in night.messages(e)]
    assert any(night.opens(message) != next_night.opens(message) for message in known)


def test_some_records_come_to_light_late(agency: Agency) -> None:
    messages = [m for e in agency.enrolments for m in e.messages]
    replies = [r for e in agency.enrolments for r in e.replies]
    assert any(message.known_at > message.sent_at + timedelta(hours=5) for message in messages)
    assert any(reply.known_at > reply.received_at + timedelta(hours=15) for reply in replies)


def test_mails_go_out_in_working_hours_of_the_recipient(agency: Agency) -> None:
    for enrolment in agency.enrolments:
        campaign = agency.campaign_by_id[enrolment.campaign]
        if not campaign.is_local:
            continue
        job = agency.people[enrolment.person].job_at(enrolment.added_at)
        zone = ZoneInfo(agency.companies[job.company].time_zone)
        for message in enrolment.messages:
            local = message.sent_at.astimezone(zone)
            assert local.weekday() < 5
            assert 8 <= local.hour < 17


def test_events_follow_what_caused_them(agency: Agency) -> None:
    for enrolment in agency.enrolments:
        sent = enrolment.added_at
        for message in enrolment.messages:
            assert message.sent_at > sent
            sent = message.sent_at
            machine = [at for at, is_machine in message.opens if is_machine]
            assert all(timedelta(seconds=1) <= at - sent <= timedelta(seconds=3) for at in machine)
            human = [at for at, is_machine in message.opens if not is_machine]
            assert all(at - sent >= timedelta(seconds=60) for at in human)
        for reply in enrolment.replies:
            assert reply.received_at > enrolment.messages[reply.step - 1].sent_at
            assert reply.known_at >= reply.received_at


def test_a_row_changes_with_every_reply_that_comes_to_light(agency: Agency) -> None:
    """A loader that rereads threads whose reply time changed must miss none."""
    several = 0
    for enrolment in agency.enrolments:
        known = [reply.known_at for reply in sorted(enrolment.replies, key=lambda reply: reply.received_at)]
        assert known == sorted(known)
        several += len(known) > 1
    assert several


def test_a_human_reply_ends_the_sequence(agency: Agency) -> None:
    for enrolment in agency.enrolments:
        answers = [reply.received_at for reply in enrolment.replies if reply.intent not in NOT_HUMAN]
        if answers:
            assert all(message.sent_at < min(answers) for message in enrolment.messages)


def test_positive_replies_lie_in_the_window_unless_late(agency: Agency) -> None:
    window = timedelta(days=SEQUENCE_DAYS + REPLY_WINDOW_DAYS)
    late = 0
    for enrolment in agency.enrolments:
        for reply in enrolment.replies:
            if reply.is_positive:
                in_time = reply.received_at <= enrolment.messages[0].sent_at + window
                assert in_time != reply.is_late
                late += reply.is_late
    assert late < 10


def test_the_awkward_cases_exist(agency: Agency) -> None:
    people = agency.people
    names = [(p.first_name, p.last_name, p.jobs[0].company) for p in people if p.kind == "person"]
    assert len(set(names)) < len(names), "namesakes"
    assert any(p.kind == "role_mailbox" for p in people)
    assert any(len({job.company for job in p.jobs}) > 1 for p in people), "job changes"
    assert any(p.in_apollo and p.jobs[0].email and p.lead_email != p.jobs[0].email for p in people), (
        "two e-mails"
    )
    assert any(p.locked for p in people)
    assert any(p.in_apollo and p.jobs[0].email is None for p in people)
    contacts = [(r.client, r.person) for r in agency.crm if r.kind == "contacts"]
    assert len(set(contacts)) < len(contacts), "CRM duplicates"
    assert any(r.merged_at for r in agency.crm if r.kind == "contacts")
    assert any(r.merged_at for r in agency.crm if r.kind == "deals")
    assert any(r.archived_at for r in agency.crm)


def test_variants_are_split_evenly_and_answered_alike_by_default() -> None:
    agency = simulate(Params(effects=(), leads=3000))
    arms = [sum(enrolment.arm == arm for enrolment in agency.enrolments) for arm in (0, 1)]
    assert abs(arms[0] - arms[1]) < 0.08 * sum(arms)


def test_a_better_variant_is_answered_more() -> None:
    agency = simulate(Params(effects=(), leads=2000, variant_effect=4.0))
    rates = []
    for arm in (0, 1):
        own = [enrolment for enrolment in agency.enrolments if enrolment.arm == arm]
        rates.append(sum(any(r.is_positive for r in e.replies) for e in own) / len(own))
    assert rates[1] > 2.5 * rates[0]
