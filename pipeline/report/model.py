"""What the page shows, as values; no query, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pipeline.report.numbers import Rate
from pipeline.summary import RunSummary

TIERS = ("hot", "warm", "cool", "cold", "dead")


@dataclass(frozen=True)
class Won:
    """Won deals of one currency. value: the sum of those that have one."""

    currency: str | None
    deals: int
    priced: int
    value: Decimal | None


@dataclass(frozen=True)
class Headline:
    """The agency as a whole. contacted, positive: people; positive_replies: messages."""

    people: int
    companies: int
    contacted: int
    messages: int
    bounced: int
    replies: int
    human_replies: int
    positive_replies: int
    positive: Rate
    meetings: int
    open_deals: int
    won_deals: int
    won: tuple[Won, ...]


@dataclass(frozen=True)
class Step:
    """One step of a client's funnel, or a series beside it. rate: on those contacted; the first has none."""

    name: str
    observed: int
    leads: int
    on_previous: float | None
    rate: Rate | None
    is_beside: bool


@dataclass(frozen=True)
class Funnel:
    """A client's funnel: its enrolments in campaigns, holdouts left out."""

    client: str
    steps: tuple[Step, ...]

    @property
    def contacted(self) -> int:
        """How many were contacted."""
        return next((step.leads for step in self.steps if step.name == "contacted"), 0)


@dataclass(frozen=True)
class Tiers:
    """A client's leads by tier.

    highest: the best score there is. reachable: the best that its sources can give, None for a client that
    winnow.yml does not list. missing: (signal, points, what would fill it), the most costly first.
    """

    client: str
    counts: Mapping[str, int]
    unscored: int
    highest: int | None
    reachable: int | None
    reachable_tier: str | None
    missing: tuple[tuple[str, int, str], ...]

    @property
    def total(self) -> int:
        """All leads of the client."""
        return sum(self.counts.values()) + self.unscored


@dataclass(frozen=True)
class Intent:
    """Replies of one intent. kind: positive, human or automatic."""

    name: str
    kind: str
    replies: int


@dataclass(frozen=True)
class Week:
    """Enrolments of all clients first contacted in a week. open: those that may still answer."""

    monday: date
    positive: Rate
    open: int


@dataclass(frozen=True)
class Arm:
    """One arm of a test. mean: value per lead, of a metric that is an amount. planned: configured share."""

    client: str
    campaign: str
    experiment: str | None
    metric: str
    is_primary: bool
    name: str
    is_holdout: bool
    rate: Rate
    mean: Decimal | None
    planned: float | None


@dataclass(frozen=True)
class Experiment:
    """One campaign and metric with its arms. split_p: chance of a split as uneven as this, None: no plan."""

    client: str
    campaign: str
    experiment: str | None
    metric: str
    is_primary: bool
    arms: tuple[Arm, ...]
    split_p: float | None


@dataclass(frozen=True)
class Finding:
    """A segment that converts differently. lift: adjusted for campaign and period where that is possible."""

    client: str
    outcome: str
    dimension: str
    value: str
    claim: str
    segment: Rate
    rest_conversions: int
    rest_n: int
    lift: float | None
    low: float | None
    high: float | None
    crude: float | None
    disagrees: bool
    holds: bool | None
    q: float | None
    is_actionable: bool
    is_from_earlier: bool

    @property
    def segment_name(self) -> str:
        """The segment in words."""
        return f"{self.dimension.replace('_', ' ')}: {self.value.replace('_', ' ')}"


@dataclass(frozen=True)
class Tested:
    """What was tested for a client and outcome. lowest_q: of its segments, before any counts as a finding."""

    client: str
    outcome: str
    segments: int
    lowest_q: float | None


@dataclass(frozen=True)
class Lacking:
    """A client and outcome with too little data; claim says what is missing."""

    client: str
    outcome: str
    claim: str
    conversions: int
    n: int


@dataclass(frozen=True)
class Learned:
    """What WHO says: findings (actionable first), what was tested, where data lacks. did_run: it ever ran."""

    did_run: bool
    findings: tuple[Finding, ...]
    tested: tuple[Tested, ...]
    lacking: tuple[Lacking, ...]

    @property
    def actionable(self) -> int:
        """How many findings are worth acting on."""
        return sum(finding.is_actionable for finding in self.findings)

    @property
    def segments(self) -> int:
        """How many segments were tested."""
        return sum(item.segments for item in self.tested)


@dataclass(frozen=True)
class SourceState:
    """One account of a provider, or the file import, in this run. state: loaded, failed, or not loaded."""

    name: str
    state: str
    received: int
    landed: int
    note: str


@dataclass(frozen=True)
class Report:
    """All of the page."""

    agency: str
    published_at: datetime | None
    data_from_run: datetime | None
    newest_message: datetime | None
    newest_reply: datetime | None
    sources: tuple[SourceState, ...]
    headline: Headline
    unmapped_messages: int
    funnels: tuple[Funnel, ...]
    tiers: tuple[Tiers, ...]
    intents: tuple[Intent, ...]
    learned: Learned
    experiments: tuple[Experiment, ...]
    weeks: tuple[Week, ...]
    summary: RunSummary
