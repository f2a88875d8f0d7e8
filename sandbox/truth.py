"""What is true of the agency at a moment: the numbers that the marts must equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import exp, lgamma

from sandbox.model import NOT_HUMAN, Agency, Campaign, Enrolment, Person
from sandbox.params import REPLY_WINDOW_DAYS, SEQUENCE_DAYS, Effect
from sandbox.profiles import employee_band
from sandbox.view import View


@dataclass(frozen=True)
class Counts:
    """Exact counts of what the providers show, of one client or of the whole agency.

    people: distinct persons and role mailboxes. For the agency: those in Apollo and in some client's ideal
    profile,
        enrolled in a campaign, or a contact in a CRM, each once however many records there are of it. For a
        client: those in its ideal profile in Apollo or enrolled in one of its campaigns (contacts of its
        CRM that are neither do not count).
    campaigns: created. campaign_leads: enrolments (a person in two campaigns counts twice).
    contacted: distinct people × client pairs with a message. messages: rows of the statistics.
    replies: inbound messages of every intent, automatic ones and bounce notices included.
    replies_by_intent: the same by true intent. positive_replies: human replies that are positive.
    positive_leads: distinct people × client pairs with one. bounces: messages bounced, hard and soft.
    bounce_notices: bounces that also came as an inbound notice (part of replies).
    unsubscribes: messages whose link was used to leave. opens, clicks: events, of machines and of people;
    opened_messages: messages with at least one open, machine_first_opens: those whose first open is a
    machine's. meetings, deals: records that are neither archived nor merged away. held_meetings: with
    outcome COMPLETED. deals_by_stage: HubSpot's stage. won_deals, won_value: in closedwon; value by
    currency.
    """

    people: int
    campaigns: int
    campaign_leads: int
    contacted: int
    messages: int
    replies: int
    replies_by_intent: Mapping[str, int]
    positive_replies: int
    positive_leads: int
    bounces: int
    hard_bounces: int
    bounce_notices: int
    unsubscribes: int
    machine_opens: int
    human_opens: int
    opened_messages: int
    machine_first_opens: int
    machine_clicks: int
    human_clicks: int
    meetings: int
    held_meetings: int
    deals: int
    deals_by_stage: Mapping[str, int]
    won_deals: int
    won_value: Mapping[str, Decimal]


@dataclass(frozen=True)
class Planted:
    """An effect and what of it is in the data: settled leads of the client inside and outside the segment.

    A lead is settled when first contact + sequence + reply window have passed; conversions are positive
    replies within that time. p: one-sided exact test of inside against outside. is_visible: whether WHO has
    to list it (at least 30 leads inside, 10 conversions in all, and p below 0.0001). also: other names
    under which the same people can be found, as (dimension, value).
    """

    effect: Effect
    leads_in: int
    conversions_in: int
    leads_out: int
    conversions_out: int
    p: float
    is_visible: bool

    @property
    def dimensions(self) -> frozenset[str]:
        """Dimensions in which the effect shows: its own, and those that say the same in other words."""
        if self.effect.dimension == "title_group":
            return frozenset({"title_group", "title", "seniority"})
        return frozenset({self.effect.dimension})


@dataclass(frozen=True)
class Truth:
    """The agency at `as_of`: in all, by client id, and the planted effects."""

    as_of: datetime
    total: Counts
    by_client: Mapping[str, Counts]
    planted: tuple[Planted, ...]

    @property
    def visible(self) -> tuple[Effect, ...]:
        """Effects that WHO has to list, and no others."""
        return tuple(item.effect for item in self.planted if item.is_visible)

    def explains(self, client: str, dimension: str) -> bool:
        """Whether a finding on any value of `dimension` for `client` may come from a planted effect.

        Where one value converts more often, the others of its dimension convert less often than the rest.
        """
        return any(item.effect.client == client and dimension in item.dimensions for item in self.planted)


def truth(agency: Agency, as_of: datetime) -> Truth:
    """Count everything that the providers show at `as_of`."""
    view = View(agency, as_of)
    profiles = agency.params.profiles
    by_client = {profile.id: _count(view, {client}) for client, profile in enumerate(profiles)}
    total = _count(view, set(range(len(profiles))))
    planted = tuple(_planted(view, effect) for effect in agency.params.effects if effect.client in by_client)
    return Truth(as_of=as_of, total=total, by_client=by_client, planted=planted)


def _count(view: View, clients: set[int]) -> Counts:
    """Count what belongs to `clients` (indices); all of them: the agency."""
    campaigns = [campaign for campaign in view.campaigns if campaign.client in clients]
    pairs = [(campaign, e) for campaign in campaigns for e in view.campaign_enrolments(campaign.id)]
    messages = [message for _, enrolment in pairs for message in view.messages(enrolment)]
    replies = [(c.client, e.person, reply) for c, e in pairs for reply in view.replies(e)]
    positive = [(client, person) for client, person, reply in replies if reply.is_positive]
    opens = [view.opens(message) for message in messages]
    clicked = [machine for message in messages for _, machine in view.clicks(message)]
    live = [r for r in view.records if r.client in clients and r.exists_at(view.as_of)]
    meetings = [r.properties_at(view.as_of) for r in live if r.kind == "meetings"]
    deals = [r.properties_at(view.as_of) for r in live if r.kind == "deals"]
    won = [deal for deal in deals if deal["dealstage"] == "closedwon"]
    intents = Counter(str(reply.intent) for _, _, reply in replies)
    contacted = {(c.client, enrolment.person) for c, enrolment in pairs if view.messages(enrolment)}
    everyone = len(clients) == len(view.agency.params.profiles)
    return Counts(
        people=len(_people(view, pairs, clients, with_crm=everyone)),
        campaigns=len(campaigns),
        campaign_leads=len(pairs),
        contacted=len(contacted),
        messages=len(messages),
        replies=len(replies),
        replies_by_intent=dict(sorted(intents.items())),
        positive_replies=len(positive),
        positive_leads=len(set(positive)),
        bounces=sum(view.is_bounced(message) for message in messages),
        hard_bounces=sum(view.is_bounced(m) and m.bounce == "hard" for m in messages),
        bounce_notices=intents["bounce_notice"],
        unsubscribes=sum(view.is_unsubscribed(message) for message in messages),
        machine_opens=sum(machine for opened in opens for _, machine in opened),
        human_opens=sum(not machine for opened in opens for _, machine in opened),
        opened_messages=sum(bool(opened) for opened in opens),
        machine_first_opens=sum(bool(opened) and opened[0][1] for opened in opens),
        machine_clicks=sum(clicked),
        human_clicks=len(clicked) - sum(clicked),
        meetings=len(meetings),
        held_meetings=sum(meeting["hs_meeting_outcome"] == "COMPLETED" for meeting in meetings),
        deals=len(deals),
        deals_by_stage=dict(sorted(Counter(str(deal["dealstage"]) for deal in deals).items())),
        won_deals=len(won),
        won_value=_by_currency(won),
    )


def _people(
    view: View, pairs: Iterable[tuple[Campaign, Enrolment]], clients: set[int], *, with_crm: bool
) -> set[int]:
    known = {person.index for person in view.apollo_people if person.market in clients}
    known |= {enrolment.person for _, enrolment in pairs}
    if with_crm:
        known |= {r.person for r in view.records if r.kind == "contacts" and r.person is not None}
    return known


def _by_currency(deals: Iterable[Mapping[str, str | None]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for deal in deals:
        currency = str(deal["deal_currency_code"])
        sums[currency] = sums.get(currency, Decimal(0)) + Decimal(deal["amount"] or "0")
    return dict(sorted(sums.items()))


def _planted(view: View, effect: Effect) -> Planted:
    """Count conversions of settled leads inside and outside the effect's segment."""
    inside: list[bool] = []
    outside: list[bool] = []
    client = next(i for i, profile in enumerate(view.agency.params.profiles) if profile.id == effect.client)
    for person, (first_at, converted) in settled_leads(view, client).items():
        (inside if _is_in(view, person, first_at, effect) else outside).append(converted)
    p = _upper_tail(sum(inside), len(inside), sum(inside) + sum(outside), len(inside) + len(outside))
    return Planted(
        effect=effect,
        leads_in=len(inside),
        conversions_in=sum(inside),
        leads_out=len(outside),
        conversions_out=sum(outside),
        p=p,
        is_visible=len(inside) >= 30 and sum(inside) + sum(outside) >= 10 and p < 1e-4,
    )


def settled_leads(view: View, client: int) -> dict[int, tuple[datetime, bool]]:
    """Return person → (first contact, replied positively in the window) of a client's settled leads."""
    window = timedelta(days=SEQUENCE_DAYS + REPLY_WINDOW_DAYS)
    first: dict[int, datetime] = {}
    positive: dict[int, list[datetime]] = {}
    for campaign in view.campaigns:
        for enrolment in view.campaign_enrolments(campaign.id) if campaign.client == client else ():
            sent = [message.sent_at for message in view.messages(enrolment)]
            if sent:
                first[enrolment.person] = min(sent[0], first.get(enrolment.person, sent[0]))
            answers = [r for r in view.replies(enrolment) if r.is_positive and r.intent not in NOT_HUMAN]
            positive.setdefault(enrolment.person, []).extend(r.received_at for r in answers)
    return {
        person: (at, any(answered <= at + window for answered in positive.get(person, ())))
        for person, at in first.items()
        if at + window <= view.as_of
    }


def _is_in(view: View, index: int, first_at: datetime, effect: Effect) -> bool:
    person: Person = view.agency.people[index]
    job = person.job_at(first_at)
    company = view.agency.companies[job.company]
    values = {
        "title_group": job.title_group,
        "industry": company.industry,
        "employee_band": employee_band(company.employees),
        "country": company.country,
        "new_role": "yes" if (first_at.date() - job.started_on).days < 182 else "no",
    }
    return values[effect.dimension] == effect.value


def _upper_tail(hits: int, drawn: int, marked: int, total: int) -> float:
    """Return P(at least `hits` of `marked` among `drawn` of `total`): Fisher's one-sided exact test."""

    def log_choose(n: int, k: int) -> float:
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

    most = min(drawn, marked)
    base = log_choose(total, drawn)
    terms = (
        exp(log_choose(marked, k) + log_choose(total - marked, drawn - k) - base)
        for k in range(max(hits, drawn + marked - total, 0), most + 1)
    )
    return min(1.0, sum(terms))
