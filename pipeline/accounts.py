"""The accounts at providers, as winnow.yml names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from ingestion.entity_types import DEAL_STAGES
from ingestion.registry import PROVIDERS

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError(f"{text!r} is no id: lower-case letters, digits, - and _ only")
    return text


Slug = Annotated[str, AfterValidator(_slug)]


class Section(BaseModel):
    """A part of winnow.yml: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class RateLimit(Section):
    """At most `calls` requests in any `seconds` seconds, kept on our side.

    path: only for requests whose path ends so, and for them instead of the limits without a path.
    """

    calls: int = Field(ge=1)
    seconds: float = Field(gt=0)
    path: str = ""


class Account(Section):
    """One account at a provider.

    api_key_env: name of the environment variable that holds its key. client: whose the whole account is;
    campaigns and provider_clients map parts of it (the more special wins). stages: pipeline → stage → ours.
    enrich_cap: people bought per run; organization_cap and phone_cap: companies bought and phones asked for,
    none unless they are set. search: Apollo's present search or its legacy one. phone_from_tier: the lowest
    tier whose phones are bought; webhook_url: where Apollo may send them besides, it demands one; waterfall:
    what other vendors are asked for with them. lookback_days: how far back rows that change later are read
    again. daily_tokens: what a day's loads may spend of a provider's daily budget, in its unit: tokens
    (Pipedrive), requests (Salesforce). currency: of amounts, where the provider does not say which.
    is_purged: most of its records were deleted on purpose, so that a sweep may take them for deleted.
    webhooks: the folder, or the URL of one, where webhooks are received; relative to the file.
    webhook_secret_env: name of the environment variable with the secret, or secrets, that sign them.
    """

    name: Slug
    api_key_env: str
    base_url: str | None = None
    client: Slug | None = None
    campaigns: dict[str, Slug] = {}
    provider_clients: dict[str, Slug] = {}
    stages: dict[str, dict[str, Literal[DEAL_STAGES]]] = {}  # type: ignore[valid-type]  # a tuple of literals
    rate_limits: tuple[RateLimit, ...] = ()
    enrich_cap: int = Field(default=500, ge=0)
    organization_cap: int = Field(default=0, ge=0)
    search: Literal["api", "legacy"] = "api"
    phone_cap: int = Field(default=0, ge=0)
    phone_from_tier: Literal["hot", "warm", "cool", "cold", "dead"] = "hot"
    webhook_url: str | None = None
    waterfall: tuple[Literal["email", "phone"], ...] = ()
    lookback_days: int = Field(default=30, ge=1)
    daily_tokens: int | None = Field(default=None, ge=1)
    currency: str | None = None
    is_purged: bool = False
    webhooks: str | None = None
    webhook_secret_env: str | None = None

    def client_of(self, campaign_id: str, provider_client: object = None) -> str | None:
        """Return the client of one of the account's campaigns; the more special mapping wins."""
        own = self.campaigns.get(campaign_id) or self.provider_clients.get(str(provider_client))
        return own or self.client

    @model_validator(mode="after")
    def _phones(self) -> Account:
        if self.phone_cap and not self.webhook_url:
            raise ValueError("phone_cap needs webhook_url: Apollo demands an https address to send phones to")
        return self

    def mapped_clients(self) -> set[str]:
        """Return every client that this account names."""
        named = {*self.campaigns.values(), *self.provider_clients.values()}
        return named | {self.client} if self.client else named


class SourceConfig(Section):
    """The accounts of one provider."""

    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> SourceConfig:
        names = [account.name for account in self.accounts]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"account names must differ: {', '.join(sorted(repeated))}")
        return self


class ProviderSections(Section):
    """Where data comes from: a section a provider. Files need no entry: `winnow load files DIR`."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> SourceConfig:
            """Return the section of provider `name`."""

    def accounts(self, source: str) -> tuple[Account, ...]:
        """Return the accounts of provider `source`."""
        section: SourceConfig = getattr(self, source)
        return section.accounts


if TYPE_CHECKING:
    Sources = ProviderSections
else:
    Sources = create_model(
        "Sources", __base__=ProviderSections, **{name: (SourceConfig, SourceConfig()) for name in PROVIDERS}
    )
