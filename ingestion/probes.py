"""Probes: the cheapest requests that show whether a key works and what it may do; none costs a credit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ingestion.errors import LoadError, TerminalError
from ingestion.http import ProviderClient

FORBIDDEN = (402, 403)
"""The key works, but not for this: a scope, a right or the plan is missing."""


@dataclass(frozen=True)
class Probe:
    """One request. what: the right that it shows. passes: refusals that only an accepted key gets."""

    what: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    passes: tuple[int, ...] = ()

    def send(self, client: ProviderClient) -> None:
        """Ask; raises LoadError where the provider refuses."""
        try:
            if self.body is None:
                client.get(self.path, self.params)
            else:
                client.post(self.path, dict(self.body), idempotent=False)
        except TerminalError as error:
            if error.status not in self.passes:
                raise


@dataclass(frozen=True)
class Verdict:
    """What the probes of one account showed, in one line."""

    level: Literal["ok", "warning", "error"]
    text: str


def probe(source: str, client: ProviderClient) -> Verdict:
    """Send the probes of `source`, at most until one shows that the key is refused or nobody answers."""
    allowed: list[str] = []
    refused: list[tuple[str, LoadError]] = []
    for item in PROBES[source]():
        try:
            item.send(client)
        except TerminalError as error:
            if error.status not in FORBIDDEN:
                return Verdict("error", str(error))
            refused.append((item.what, error))
        except LoadError as error:
            return Verdict("warning", f"{error}; its key could not be checked now")
        else:
            allowed.append(item.what)
    if not refused:
        return Verdict("ok", f"{client.name}: its key works for {', '.join(allowed)}")
    if not allowed:
        return Verdict("error", str(refused[0][1]))
    names = ", ".join(what for what, _ in refused)
    return Verdict("warning", f"{client.name}: its key does not work for {names}: {refused[0][1]}")


def _apollo() -> Iterator[Probe]:
    yield Probe("search", "/mixed_people/api_search", body={"page": 1, "per_page": 1})
    # nobody is asked for, which is refused at no cost, but only after the key's scope was checked
    yield Probe("buying people", "/people/bulk_match", body={"details": []}, passes=(400, 422))


def _smartlead() -> Iterator[Probe]:
    yield Probe("campaigns", "/campaigns/")


def _instantly() -> Iterator[Probe]:
    one = {"limit": 1}
    yield Probe("campaigns", "/campaigns", one)
    yield Probe("leads", "/leads/list", body=one)
    yield Probe("e-mails", "/emails", one)
    yield Probe("accounts", "/accounts", one)
    yield Probe("webhook events", "/webhook-events", one)
    yield Probe("labels", "/lead-labels", one)
    yield Probe("block list", "/block-lists-entries", one)


def _salesforge() -> Iterator[Probe]:
    yield Probe("workspaces", "/workspaces", {"limit": 1})


def _hubspot() -> Iterator[Probe]:
    from ingestion.hubspot_records import OBJECTS

    for kind in OBJECTS:
        yield Probe(kind.name, kind.path, {"limit": 1})
    yield Probe("pipelines", "/crm/v3/pipelines/deals")


def _pipedrive() -> Iterator[Probe]:
    yield Probe("its user's records", "/api/v1/users/me")


def _salesforce() -> Iterator[Probe]:
    from ingestion.salesforce_records import OBJECTS

    yield Probe("the API", "/services/data/v60.0/limits")
    for kind in OBJECTS:
        yield Probe(kind.name, f"/services/data/v60.0/sobjects/{kind.name}/describe")


PROBES: Mapping[str, Callable[[], Iterator[Probe]]] = {
    "apollo": _apollo,
    "smartlead": _smartlead,
    "instantly": _instantly,
    "salesforge": _salesforge,
    "hubspot": _hubspot,
    "pipedrive": _pipedrive,
    "salesforce": _salesforce,
}
