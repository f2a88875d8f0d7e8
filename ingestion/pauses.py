"""Pauses: what is not to be loaded for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.accounts import Account

BY_CAMPAIGN = ("smartlead",)
"""Sources that are read campaign by campaign; the others list all that happened in an account at once."""


@dataclass(frozen=True)
class Pauses:
    """What is paused; values say until when, for a person.

    sources, accounts ("hubspot/acme"), clients (ids), campaigns ("smartlead/main/123"; the provider's id).
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)

    def of_account(self, source: str, account: Account) -> str | None:
        """Return why an account is not loaded, None where it is: it, its source or all its clients pause."""
        name = f"{source}/{account.name}"
        if source in self.sources:
            return f"{source} is paused {self.sources[source]}"
        if name in self.accounts:
            return f"{name} is paused {self.accounts[name]}"
        clients = account.mapped_clients()
        if clients and clients <= set(self.clients):
            paused = ", ".join(sorted(clients))
            return f"{name} is not loaded: {paused} paused {self.clients[min(clients)]}"
        return None

    def of_campaign(self, source: str, account: Account, campaign_id: str, provider_client: object) -> bool:
        """Say whether one of an account's campaigns is not loaded: it or its client pauses."""
        client = account.client_of(campaign_id, provider_client)
        return f"{source}/{account.name}/{campaign_id}" in self.campaigns or client in self.clients

    def still_loaded(self, source: str, account: Account) -> str | None:
        """Return why a paused client's records still come in, None where they do not."""
        paused = sorted(account.mapped_clients() & set(self.clients))
        if not paused or source in BY_CAMPAIGN or self.of_account(source, account):
            return None
        return f"{source}/{account.name} is loaded for its other clients, {', '.join(paused)} included"


NO_PAUSES = Pauses()
