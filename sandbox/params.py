"""What a simulation is made from: its size, its seed, and the causes of conversion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.profiles import PROFILES, ClientProfile

START = datetime(2026, 1, 5, tzinfo=UTC)
"""Monday on which the first campaigns start."""

SEQUENCE_DAYS = 8
REPLY_WINDOW_DAYS = 14
SENDERS = ("smartlead", "instantly", "salesforge")
"""Providers that can send a client's campaigns; the first does unless Params.senders says otherwise."""

CRMS = ("hubspot", "pipedrive", "salesforce")
"""Providers that can be a client's CRM; the first is unless Params.crms says otherwise."""

DIMENSIONS = ("title_group", "industry", "employee_band", "country", "new_role")


@dataclass(frozen=True)
class Effect:
    """One cause: people of `client` with this `value` reply positively `multiplier` times as often.

    dimension: title_group, industry, employee_band (such as 51-100), country, or new_role (value `yes`).
    Effects on one person multiply; the chance of a positive reply never exceeds 0.75.
    """

    client: str
    dimension: str
    value: str
    multiplier: float

    def __post_init__(self) -> None:
        """Refuse a dimension that the simulation does not know."""
        if self.dimension not in DIMENSIONS:
            raise ValueError(f"unknown dimension {self.dimension!r}; known: {', '.join(DIMENSIONS)}")


DEFAULT_EFFECTS: tuple[Effect, ...] = (
    Effect("brightpath", "title_group", "founder_owner", 5.0),
    Effect("nordwind", "industry", "logistics & supply chain", 5.0),
    Effect("nordwind", "employee_band", "51-100", 3.0),
)
"""Two clients with strong segments, each about a quarter of their people; the third client has none."""


@dataclass(frozen=True)
class Params:
    """All that determines an agency; two equal Params give equal agencies, byte for byte.

    leads: people and role mailboxes enrolled within the first `days`; 8 % more are enrolled in the nights
    after. days: length of the history, from `start`. clients: how many of the five profiles take part.
    effects: causes of conversion; empty = none. variant_effect: how many times as often variant B of every
    campaign is answered positively. base_rate: chance that a contacted lead without an effect answers
    positively. nights_after: nights that are simulated beyond `days`. senders: (client, provider) of clients
    whose campaigns are not Smartlead's but, for example, instantly's; what happens in them is the same.
    crms: (client, provider) of clients whose CRM is not HubSpot; it holds the same. has_crm_extras: whether
    CRMs also see calls, messages of other channels, deletions for good and links that change.
    """

    leads: int = 2000
    days: int = 60
    seed: int = 7
    clients: int = 3
    effects: tuple[Effect, ...] = DEFAULT_EFFECTS
    variant_effect: float = 1.0
    base_rate: float = 0.04
    start: datetime = START
    nights_after: int = 45
    senders: tuple[tuple[str, str], ...] = ()
    crms: tuple[tuple[str, str], ...] = ()
    has_crm_extras: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be simulated."""
        if not 1 <= self.clients <= len(PROFILES):
            raise ValueError(f"clients must be 1 to {len(PROFILES)}, not {self.clients}")
        if self.leads < 1 or self.days < 1:
            raise ValueError(f"leads and days must be at least 1, not {self.leads} and {self.days}")
        if unknown := {provider for _, provider in self.senders} - set(SENDERS):
            raise ValueError(f"no sender {', '.join(sorted(unknown))}; known: {', '.join(SENDERS)}")
        if unknown := {provider for _, provider in self.crms} - set(CRMS):
            raise ValueError(f"no CRM {', '.join(sorted(unknown))}; known: {', '.join(CRMS)}")
        if self.start.utcoffset() != timedelta(0):
            raise ValueError("start must be a UTC time")

    @property
    def profiles(self) -> tuple[ClientProfile, ...]:
        """Clients that take part."""
        return PROFILES[: self.clients]

    @property
    def horizon(self) -> datetime:
        """Nothing happens after this moment."""
        return self.start + timedelta(days=self.days + self.nights_after)

    def night(self, number: int = 0) -> datetime:
        """Return the moment (02:00 UTC) of a nightly run: 0 is the night after the last of `days`."""
        return self.start + timedelta(days=self.days + number, hours=2)

    def sender(self, client: str) -> str:
        """Return the provider that sends the campaigns of `client`."""
        return dict(self.senders).get(client, SENDERS[0])

    def crm(self, client: str) -> str:
        """Return the provider of the CRM of `client`."""
        return dict(self.crms).get(client, CRMS[0])

    def crm_clients(self, provider: str) -> dict[str, int]:
        """Return id → index of the clients whose CRM is at `provider`."""
        every = enumerate(self.profiles)
        return {profile.id: index for index, profile in every if self.crm(profile.id) == provider}

    def multiplier(self, client: str, segments: dict[str, str]) -> float:
        """Return the product of all effects that hold for a person of `client` with these segment values."""
        product = 1.0
        for effect in self.effects:
            if effect.client == client and segments.get(effect.dimension) == effect.value:
                product *= effect.multiplier
        return product
