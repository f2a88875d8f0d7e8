"""The records of a simulated agency, each with the time it comes to exist or changes (all times UTC)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from sandbox.params import Params

Intent = Literal[
    "meeting_request", "interested", "question", "objection", "referral", "wrong_person", "not_interested",
    "unsubscribe", "angry", "out_of_office", "auto_reply", "bounce_notice", "unclear",
]  # fmt: skip

NOT_HUMAN: frozenset[str] = frozenset({"out_of_office", "auto_reply", "bounce_notice"})


@dataclass(frozen=True, slots=True)
class Company:
    """A company as Apollo knows it. market: index of the client whose ideal profile it fits; -1: nobody's."""

    index: int
    market: int
    apollo_id: str
    name: str
    domain: str
    industry: str
    employees: int
    country: str
    state: str
    city: str
    time_zone: str
    postal_code: str
    founded_year: int
    phone: str | None
    revenue: int
    technologies: tuple[str, ...]
    keywords: tuple[str, ...]
    funding_stage: str | None
    funding_on: date | None
    funding_total: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """What Apollo says of a person's work from `known_at` on. email None: Apollo has none."""

    known_at: datetime
    company: int
    title: str
    title_group: str
    seniority: str
    email: str | None
    email_status: str
    started_on: date


@dataclass(frozen=True, slots=True)
class Person:
    """A person, or a role mailbox.

    market: client whose ideal profile the person fits. lead_email: the address used in campaigns and in the
    CRM (differs from Apollo's for people with two). in_apollo, jobs: what Apollo knows; the last job known
    counts. locked: Apollo gives a placeholder instead of the address. gateway: a scanner opens this
    person's mail. earlier: (organization, title, start, end) of the job before.
    """

    index: int
    market: int
    kind: Literal["person", "role_mailbox"]
    apollo_id: str
    in_apollo: bool
    first_name: str
    last_name: str | None
    lead_email: str
    linkedin: str | None
    phone: str | None
    jobs: tuple[Job, ...]
    locked: bool
    gateway: bool
    earlier: tuple[str, str, date, date] | None

    def job_at(self, moment: datetime) -> Job:
        """Return the job that is known at `moment`; the first one for any earlier time."""
        found = bisect_right(self.jobs, moment, key=lambda job: job.known_at)
        return self.jobs[max(found - 1, 0)]


@dataclass(frozen=True, slots=True)
class Template:
    """One variant of one step; variant_id None: the step has no variants."""

    variant_id: int | None
    label: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence, sent wait_days after the step before."""

    id: int
    number: int
    wait_days: int
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. account: workspace at `provider`. is_local: sends by the recipient's clock."""

    id: int
    client: int
    account: str
    provider_client_id: int | None
    name: str
    created_at: datetime
    started_at: datetime
    steps: tuple[Step, ...]
    mailboxes: tuple[str, ...]
    is_local: bool
    is_tracked: bool
    provider: str = "smartlead"


@dataclass(frozen=True, slots=True)
class Message:
    """An e-mail sent. known_at: when the statistics first show it. opens, clicks: (at, by a machine)."""

    enrolment: int
    step: int
    variant: int
    sent_at: datetime
    known_at: datetime
    bounce: Literal["hard", "soft"] | None
    bounced_at: datetime | None
    unsubscribed_at: datetime | None
    opens: tuple[tuple[datetime, bool], ...]
    clicks: tuple[tuple[datetime, bool], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """An inbound message on step `step` of an enrolment.

    known_at: when the provider first shows it. is_late: arrived after the reply window. style: picks wording,
    greeting, signature and quoted history. return_on: day given by an out-of-office reply.
    """

    enrolment: int
    step: int
    received_at: datetime
    known_at: datetime
    intent: Intent
    is_positive: bool
    objection_type: str | None
    is_late: bool
    style: int
    return_on: date | None
    stamps_all: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person in a campaign. map_id and lead_id: Smartlead's; arm: index of the variant given (0 = A)."""

    index: int
    person: int
    campaign: int
    map_id: int
    lead_id: int
    email: str
    added_at: datetime
    mailbox: str
    arm: int
    messages: tuple[Message, ...]
    replies: tuple[Reply, ...]
    completed_at: datetime | None
    category: str | None
    category_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a CRM record's properties, from `at` on."""

    at: datetime
    properties: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class CrmRecord:
    """A HubSpot record. `changes` starts with the creation; merged_into: id of the record that took it in.

    deleted_at: when it was deleted for good, without a trace.
    """

    kind: Literal["contacts", "companies", "deals", "meetings", "calls", "communications"]
    client: int
    id: int
    person: int | None
    changes: tuple[Change, ...]
    archived_at: datetime | None = None
    merged_at: datetime | None = None
    merged_into: int | None = None
    deleted_at: datetime | None = None

    @property
    def created_at(self) -> datetime:
        """When the record came to exist."""
        return self.changes[0].at

    def exists_at(self, moment: datetime) -> bool:
        """Whether the record is there, neither archived nor merged away, at `moment`."""
        if self.created_at > moment:
            return False
        gone = [at for at in (self.archived_at, self.merged_at, self.deleted_at) if at is not None]
        return all(at > moment for at in gone)

    def is_deleted_at(self, moment: datetime) -> bool:
        """Whether nothing is left of the record at `moment`."""
        return self.deleted_at is not None and self.deleted_at <= moment

    def is_archived_at(self, moment: datetime) -> bool:
        """Whether the record lies in the bin at `moment`."""
        return self.archived_at is not None and self.archived_at <= moment

    def updated_at(self, moment: datetime) -> datetime:
        """Return when the record last changed, as seen at `moment`."""
        times = [change.at for change in self.changes if change.at <= moment]
        if self.archived_at is not None and self.archived_at <= moment:
            times.append(self.archived_at)
        return max(times)

    def properties_at(self, moment: datetime) -> dict[str, str | None]:
        """Return the property values at `moment`."""
        values: dict[str, str | None] = {}
        for change in self.changes:
            if change.at <= moment:
                values.update(change.properties)
        return values

    def history_at(self, name: str, moment: datetime) -> list[tuple[datetime, str | None]]:
        """Return (when, value) of every value that property `name` was given until `moment`, newest first."""
        given = [(c.at, c.properties[name]) for c in self.changes if c.at <= moment and name in c.properties]
        return given[::-1]


@dataclass(frozen=True, slots=True)
class Association:
    """A link between two CRM records of one portal, there as long as both are, from `since` to `until`."""

    client: int
    left: tuple[str, int]
    right: tuple[str, int]
    since: datetime | None = None
    until: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the link is there at `moment`, if both records are."""
        return (self.since is None or self.since <= moment) and (self.until is None or self.until > moment)


@dataclass(frozen=True)
class Agency:
    """The whole timeline. What is there at a moment is a filter over it: a pure function of both."""

    params: Params
    companies: tuple[Company, ...]
    people: tuple[Person, ...]
    campaigns: tuple[Campaign, ...]
    enrolments: tuple[Enrolment, ...]
    crm: tuple[CrmRecord, ...]
    associations: tuple[Association, ...]

    @cached_property
    def campaign_by_id(self) -> dict[int, Campaign]:
        """Campaigns by Smartlead id."""
        return {campaign.id: campaign for campaign in self.campaigns}

    @cached_property
    def enrolments_by_campaign(self) -> dict[int, list[Enrolment]]:
        """Enrolments by campaign id, in the order in which they were added."""
        grouped: dict[int, list[Enrolment]] = {campaign.id: [] for campaign in self.campaigns}
        for enrolment in self.enrolments:
            grouped[enrolment.campaign].append(enrolment)
        return grouped

    @cached_property
    def smartlead_accounts(self) -> tuple[str, ...]:
        """Names of the Smartlead workspaces."""
        return self.sending_accounts("smartlead")

    def sending_accounts(self, provider: str) -> tuple[str, ...]:
        """Return the names of the workspaces at `provider` that send campaigns."""
        accounts = (campaign.account for campaign in self.campaigns if campaign.provider == provider)
        return tuple(dict.fromkeys(accounts))

    def client_of(self, enrolment: Enrolment) -> str:
        """Return the id of the client that the enrolment's campaign belongs to."""
        return self.params.profiles[self.campaign_by_id[enrolment.campaign].client].id


def iso(moment: datetime) -> str:
    """Write a UTC time as `2026-01-05T09:30:00.000Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


Json = dict[str, Any]
"""A JSON object."""
