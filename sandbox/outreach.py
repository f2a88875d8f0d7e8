"""Campaigns and what happens in them: enrolments, e-mails sent, opens, clicks, bounces and replies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox.mails import STEP_WAITS, make_templates
from sandbox.model import NOT_HUMAN, Campaign, Enrolment, Message, Person, Reply, Step
from sandbox.params import REPLY_WINDOW_DAYS, SEQUENCE_DAYS, Params
from sandbox.people import Population, seeded
from sandbox.profiles import employee_band
from sandbox.replying import CATEGORY, Plan, make_plan, make_replies

SHARED_ACCOUNT = "agency"
WAVES = ("Q1 outreach", "Leaders", "Referral angle", "Wave 2")
FIRST_CAMPAIGN_ID = 549_768
SHARE_SECOND_CAMPAIGN = 0.01
"""Share of enrolled people whom another client (or the same one, later) enrols as well."""


@dataclass(frozen=True)
class Place:
    """Where and when one person is enrolled."""

    person: int
    campaign: Campaign
    added_at: datetime


def make_campaigns(params: Params) -> tuple[Campaign, ...]:
    """Create each client's campaigns: three from the start, and a late one that starts after `days`."""
    campaigns: list[Campaign] = []
    for client, profile in enumerate(params.profiles):
        sender = params.sender(profile.id)
        is_shared = sender == "smartlead" and profile.provider_client_id is not None
        account = SHARED_ACCOUNT if is_shared else f"{profile.id}-workspace"
        for wave, title in enumerate(WAVES):
            number = client * len(WAVES) + wave
            is_late = wave == len(WAVES) - 1
            started_at = params.start + timedelta(days=params.days + 3 if is_late else 0)
            # one campaign of the shared workspace has no client id, and is mapped by its own id
            provider_client = None if wave == 1 or not is_shared else profile.provider_client_id
            campaigns.append(
                Campaign(
                    id=FIRST_CAMPAIGN_ID + 4 * number,
                    client=client,
                    account=account,
                    provider_client_id=provider_client,
                    name=f"{profile.name} – {title}",
                    created_at=started_at - timedelta(days=3 if not is_late else 1, hours=-9),
                    started_at=started_at,
                    steps=_make_steps(params, client, number, wave),
                    mailboxes=tuple(
                        f"{profile.sender[0].lower()}{box}@{profile.mail_domain}" for box in ("", ".m", "2")
                    ),
                    is_local=wave != 2,
                    is_tracked=not (client == 2 and wave == 2),
                    provider=sender,
                )
            )
    return tuple(campaigns)


def _make_steps(params: Params, client: int, number: int, wave: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    for step, wait in enumerate(STEP_WAITS, start=1):
        step_id = 2_738_050 + 10 * number + step
        variants = (900_100 + 20 * number + 2 * step, 900_101 + 20 * number + 2 * step) if step < 3 else None
        templates = make_templates(params.profiles[client], wave, step, variants)
        steps.append(Step(step_id, step, wait, templates))
    return tuple(steps)


def make_enrolments(
    params: Params, population: Population, campaigns: tuple[Campaign, ...]
) -> tuple[Enrolment, ...]:
    """Enrol people and let the campaigns run until the horizon."""
    places = sorted(_places(params, population, campaigns), key=lambda place: (place.added_at, place.person))
    lead_ids: dict[tuple[str, str], int] = {}
    busy_until: dict[int, datetime] = {}
    enrolments: list[Enrolment] = []
    for index, place in enumerate(places):
        person = population.people[place.person]
        free_at = busy_until.get(place.person)
        if free_at is not None and free_at > place.added_at:
            place = replace(place, added_at=free_at)
        lead_key = (place.campaign.account, person.lead_email)
        lead_id = lead_ids.setdefault(lead_key, 2_995_276_000 + 7 * len(lead_ids))
        enrolment = _run(params, population, person, place, index, lead_id)
        busy_until[place.person] = place.added_at + timedelta(days=SEQUENCE_DAYS + REPLY_WINDOW_DAYS + 6)
        enrolments.append(enrolment)
    return tuple(enrolments)


def _places(params: Params, population: Population, campaigns: tuple[Campaign, ...]) -> list[Place]:
    """Decide who is enrolled where and when, independently of everything else about the person."""
    places: list[Place] = []
    for client, members in enumerate(population.enrolled):
        own = [campaign for campaign in campaigns if campaign.client == client]
        rng = seeded(params, "places", client)
        within = round(len(members) / 1.08)
        for number, person in enumerate(members):
            added_at = _enrolment_time(params, rng, is_after=number >= within)
            running = [campaign for campaign in own if campaign.started_at <= added_at]
            places.append(Place(person, rng.choice(running), added_at))
            if rng.random() < SHARE_SECOND_CAMPAIGN:
                again_at = added_at + timedelta(days=SEQUENCE_DAYS + REPLY_WINDOW_DAYS + 6)
                others = [c for c in campaigns if c.client != client and c.started_at <= again_at] or running
                places.append(Place(person, rng.choice(others), again_at))
    return places


def _enrolment_time(params: Params, rng: Random, *, is_after: bool) -> datetime:
    """Most people are enrolled in the first half of the history, some later, all in the agency's morning."""
    half = max(1, params.days // 2)
    if is_after:
        day = params.days + rng.randrange(min(30, params.nights_after))
    elif rng.random() < 0.82 or half >= params.days:
        day = rng.randrange(half)
    else:
        day = rng.randrange(half, params.days)
    return params.start + timedelta(days=day, seconds=6 * 3600 + rng.randrange(7200))


def send_time(rng: Random, earliest: datetime, wait_days: int, zone: ZoneInfo) -> datetime:
    """Return a moment in working hours of `zone`, Monday to Friday, `wait_days` or a bit more later."""
    day = (earliest + timedelta(days=wait_days)).astimezone(zone).date()
    for _ in range(8):
        if day.weekday() < 5:
            local = datetime(day.year, day.month, day.day, 8, 30, tzinfo=zone)
            moment = local.astimezone(earliest.tzinfo) + timedelta(seconds=rng.randrange(8 * 3600))
            if moment > earliest + timedelta(minutes=20):
                return moment
        day += timedelta(days=1)
    raise AssertionError("eight days hold a working day")


def _run(
    params: Params, population: Population, person: Person, place: Place, index: int, lead_id: int
) -> Enrolment:
    """Let one person go through one campaign."""
    rng = seeded(params, "run", index)
    campaign = place.campaign
    job = person.job_at(place.added_at)
    company = population.companies[job.company]
    segments = {
        "title_group": job.title_group,
        "industry": company.industry,
        "employee_band": employee_band(company.employees),
        "country": company.country,
        "new_role": "yes" if (place.added_at.date() - job.started_on).days < 182 else "no",
    }
    arm = rng.randrange(2)
    chance = params.base_rate * params.multiplier(params.profiles[campaign.client].id, segments)
    plan = make_plan(rng, person, min(0.75, chance * (params.variant_effect if arm else 1.0)))
    zone = ZoneInfo(company.time_zone if campaign.is_local else params.profiles[campaign.client].time_zone)
    messages, replies, is_over = _exchange(params, rng, person, place, plan, zone, index, arm)
    replies = _in_order(replies)
    human = [reply for reply in replies if reply.intent != "bounce_notice"]
    label = CATEGORY.get(human[0].intent) if human and rng.random() < 0.92 else None
    return Enrolment(
        index=index,
        person=person.index,
        campaign=campaign.id,
        map_id=2_433_664_000 + 3 * index,
        lead_id=lead_id,
        email=_spelling(rng, person.lead_email),
        added_at=place.added_at,
        mailbox=rng.choice(campaign.mailboxes),
        arm=arm,
        messages=tuple(messages),
        replies=tuple(replies),
        completed_at=messages[-1].sent_at + timedelta(hours=1) if is_over and messages else None,
        category=label,
        category_at=human[0].known_at + timedelta(hours=1) if label else None,
    )


def _exchange(
    params: Params,
    rng: Random,
    person: Person,
    place: Place,
    plan: Plan,
    zone: ZoneInfo,
    index: int,
    arm: int,
) -> tuple[list[Message], list[Reply], bool]:
    """Send the steps one after the other until something ends the sequence or the horizon is reached.

    Returns messages, replies, and whether the whole sequence was sent.
    """
    messages: list[Message] = []
    replies: list[Reply] = []
    earliest, stopped_at = place.added_at, params.horizon
    for step in place.campaign.steps:
        sent_at = send_time(rng, earliest, step.wait_days, zone)
        if sent_at >= min(stopped_at, params.horizon):
            return messages, replies, False
        message = _send(rng, person, place, plan, index, step.number, arm, sent_at)
        answers = make_replies(rng, plan, index, message, params.horizon)
        replies.extend(answers)
        human = [reply.received_at for reply in answers if reply.intent not in NOT_HUMAN]
        messages.append(_with_opens(rng, person, place, message, min(human, default=None)))
        ends = [at for at in (message.unsubscribed_at, *human) if at is not None]
        if message.bounce == "hard" and message.bounced_at is not None:
            ends.append(message.bounced_at)
        stopped_at = min([stopped_at, *ends])
        earliest = sent_at
    return messages, replies, True


def _in_order(replies: list[Reply]) -> list[Reply]:
    """Return replies by time, none known before an earlier one, so that each shows in a row."""
    ordered: list[Reply] = []
    for reply in sorted(replies, key=lambda reply: reply.received_at):
        known_at = max(reply.known_at, ordered[-1].known_at) if ordered else reply.known_at
        ordered.append(replace(reply, known_at=known_at))
    return ordered


def _send(
    rng: Random, person: Person, place: Place, plan: Plan, index: int, step: int, arm: int, sent_at: datetime
) -> Message:
    bounce: Literal["hard", "soft"] | None = None
    if step == 1 and plan.is_bad_address:
        bounce = "hard"
    elif rng.random() < 0.004 and plan.step != step:
        bounce = "soft"
    leaves = plan.step == 0 and bounce is None and rng.random() < 0.003
    late_hours = rng.randrange(6, 40) if rng.random() < 0.005 and plan.step != step else 0
    return Message(
        enrolment=index,
        step=step,
        variant=arm,
        sent_at=sent_at,
        known_at=sent_at + timedelta(hours=late_hours),
        bounce=bounce,
        bounced_at=sent_at + timedelta(seconds=rng.randrange(20, 4000)) if bounce else None,
        unsubscribed_at=sent_at + timedelta(seconds=rng.randrange(600, 90_000)) if leaves else None,
        opens=(),
        clicks=(),
    )


def _with_opens(
    rng: Random, person: Person, place: Place, message: Message, answered_at: datetime | None
) -> Message:
    """Add opens and clicks, of scanners (1–3 s after sending) and of the person (minutes to days after)."""
    if message.bounce or not place.campaign.is_tracked:
        return message
    sent_at = message.sent_at
    opens: list[tuple[datetime, bool]] = []
    clicks: list[tuple[datetime, bool]] = []
    if person.gateway and rng.random() < 0.9:
        opens.append((sent_at + timedelta(seconds=rng.randrange(1, 4)), True))
        if message.step == 2 and message.variant == 1 and rng.random() < 0.5:
            clicks.append((sent_at + timedelta(seconds=rng.randrange(3, 7)), True))
    if answered_at is not None and rng.random() < 0.85:
        read_after = max(60, int((answered_at - sent_at).total_seconds() * rng.uniform(0.3, 0.95)))
        opens.append((sent_at + timedelta(seconds=read_after), False))
    elif rng.random() < 0.34:
        first = sent_at + timedelta(seconds=int(min(500_000, 90 + rng.lognormvariate(8.6, 1.3))))
        opens.append((first, False))
        while rng.random() < 0.35:
            opens.append((first + timedelta(seconds=rng.randrange(600, 300_000)), False))
        if message.step == 2 and message.variant == 1 and rng.random() < 0.12:
            clicks.append((first + timedelta(seconds=rng.randrange(5, 400)), False))
    return replace(message, opens=tuple(sorted(opens)), clicks=tuple(sorted(clicks)))


def _spelling(rng: Random, email: str) -> str:
    """Return the address as somebody typed it into the campaign: now and then with capitals."""
    return email.title() if rng.random() < 0.03 else email
