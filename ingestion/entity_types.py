"""What an entity is made of: kinds of columns, and the words that a column may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text",
    "integer",
    "decimal",
    "boolean",
    "timestamp",
    "date",
    "json",
    "email",
    "linkedin",
    "domain",
    "lead",
]

DERIVED_SUFFIX = "_key"
"""A column of these kinds (NORMALISED_KINDS) has a normalised twin with this suffix, made at landing."""

NORMALISED_KINDS: frozenset[Kind] = frozenset({"email", "linkedin", "domain", "lead"})


@dataclass(frozen=True)
class Field:
    """One column of an entity.

    kind: how the value is typed. `email`, `linkedin`, `domain` and `lead` land as text beside a
        normalised `<name>_key`; a `lead` refers to a person, by an id of the same source and account or by
        e-mail address.
    aliases: other headers that a file may use for the column.
    values: the only values allowed (lower case); empty means any.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    pii: bool = False


@dataclass(frozen=True)
class Entity:
    """One canonical entity: its grain, its natural key (within source and account) and its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return the column `name`; raises KeyError when the entity has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name} has no column {name}")


CHANNELS = ("email", "linkedin", "sms", "whatsapp", "voice", "mail")
EVENT_TYPES = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "replied",
    "bounced",
    "complained",
    "unsubscribed",
    "dropped",
    "other",
)
EMAIL_STATUSES = ("verified", "catch_all", "guessed", "unknown", "invalid")
MAIL_PROVIDERS = ("google", "microsoft", "smtp", "other")
MAILBOX_STATUSES = ("active", "paused", "error")
WARMUP_STATUSES = ("active", "paused", "blocked")
BOUNCE_TYPES = ("hard", "soft", "unknown")
MEETING_TYPES = ("discovery", "demo", "follow_up", "close", "onboarding", "other")
MEETING_OUTCOMES = ("good", "bad", "rescheduled", "no_show", "cancelled", "completed", "pending")
DEAL_STAGES = (
    "qualification",
    "proposal",
    "negotiation",
    "verbal_commit",
    "contract_sent",
    "closed_won",
    "closed_lost",
)
SUPPRESSION_REASONS = (
    "existing_customer",
    "past_customer",
    "open_deal",
    "competitor",
    "do_not_contact",
    "unsubscribed",
    "bounced",
    "erased",
    "other",
)
