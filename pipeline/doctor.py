"""The doctor: everything that can be said about a set-up without loading anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.status import status
from warehouse import WarehouseError

if TYPE_CHECKING:
    from pipeline.accounts import Account
    from pipeline.config import Config
    from warehouse import Connection, Warehouse

Level = Literal["ok", "warning", "error"]

UNMAPPED = {
    "campaigns": "select source, account, count(*) as n from analytics.campaigns where client_id is null"
    " group by 1, 2 order by 1, 2",
    "deals": "select 'crm' as source, pipeline as account, count(*) as n from analytics.deals"
    " where client_id is null group by 1, 2 order by 1, 2",
}
UNMAPPED_STAGES = (
    "select pipeline, provider_stage, count(*) as n from analytics.deals"
    " where stage is null and provider_stage is not null group by 1, 2 order by 1, 2"
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. level: ok, warning or error; text: one line that says what to do."""

    level: Level
    text: str


def examine(config: Config, warehouse: Warehouse, *, is_offline: bool = False) -> list[Finding]:
    """Look at everything; what could be read from winnow.yml and profiles.yml is in order by now.

    Every key is tried with requests that cost nothing. is_offline: ask no provider.
    """
    findings = [Finding("ok", f"winnow.yml: {len(config.clients)} clients, {_accounts(config)} accounts")]
    findings += _keys(config, is_offline=is_offline)
    findings += _claude(config, is_offline=is_offline)
    findings += _senders(config)
    findings += _warehouse(warehouse)
    findings += _mappings(config, warehouse)
    findings += _reach(config)
    return findings


def _accounts(config: Config) -> int:
    return sum(len(config.sources.accounts(source)) for source in config.configured_sources())


def _keys(config: Config, *, is_offline: bool) -> Iterator[Finding]:
    if not config.clients:
        yield Finding("error", "winnow.yml: clients is empty; list at least one, with its icp")
    for source in config.configured_sources():
        for account in config.sources.accounts(source):
            where = f"{source} account {account.name}"
            key = os.environ.get(account.api_key_env, "").strip()
            if not key:
                yield Finding("error", f"{where}: environment variable {account.api_key_env} is not set")
            elif is_offline:
                yield Finding("ok", f"{where}: its key is set")
            else:
                yield _tried(source, account, key)
            secret = account.webhook_secret_env
            if secret and not os.environ.get(secret, "").strip():
                yield Finding("error", f"{where}: environment variable {secret} is not set")
            if source != "apollo" and not account.mapped_clients():
                yield Finding("error", f"{where}: belongs to no client; set its `client`")


def _claude(config: Config, *, is_offline: bool) -> Iterator[Finding]:
    settings = config.claude
    if settings is None:
        return
    from pipeline.claude.client import BusyError, Claude, ClaudeError, RefusedError
    from pipeline.claude.settings import KEY_VARIABLES, api_key

    key = api_key()
    if key is None:
        names = " nor ".join(KEY_VARIABLES)
        yield Finding("warning", f"claude: neither {names} is set; unsure replies are left to the rules")
        return
    budget = f"{settings.budget_per_night:f} USD a night and {settings.budget_per_month:f} a month"
    if is_offline:
        yield Finding("ok", f"claude: its key is set; {settings.model}, at most {budget}")
        return
    try:
        with Claude(settings, key) as claude:
            claude.check()
        yield Finding("ok", f"claude: its key works; {settings.model}, at most {budget}")
    except ClaudeError as error:
        is_refused = isinstance(error, RefusedError) and not isinstance(error, BusyError)
        yield Finding("error" if is_refused else "warning", f"claude: {error}")


def _senders(config: Config) -> Iterator[Finding]:
    for client in config.clients:
        if client.postal_address is None:
            yield Finding("warning", f"client {client.id} has no postal_address: no lead of it is eligible")


def _tried(source: str, account: Account, key: str) -> Finding:
    """Try a key at its provider, once: a person is waiting."""
    from ingestion.errors import LoadError
    from ingestion.probes import probe
    from ingestion.sources import provider

    try:
        with provider(source).connect(account, key) as client:
            client.attempts = 1
            verdict = probe(source, client)
    except LoadError as error:
        return Finding("warning" if error.transient else "error", str(error))
    return Finding(verdict.level, verdict.text)


def _warehouse(warehouse: Warehouse) -> Iterator[Finding]:
    if not warehouse.exists():
        yield Finding("ok", f"{warehouse.where()}: will be made by the first run")
        return
    try:
        with warehouse.connect(read_only=True) as connection:
            connection.scalar("select 1")
        yield Finding("ok", f"{warehouse.where()}: can be reached")
    except WarehouseError as error:
        yield Finding("warning" if "another process" in str(error) else "error", str(error))


def _mappings(config: Config, warehouse: Warehouse) -> Iterator[Finding]:
    try:
        found = status(config, warehouse, limit=1)
        yield Finding("ok", found.published_line)
        if found.publication is None:
            return
        with warehouse.published(config.state_dir) as connection:
            yield from _unmapped(connection)
    except WarehouseError as error:
        yield Finding("error", str(error))


def _unmapped(connection: Connection) -> Iterator[Finding]:
    for what, sql in UNMAPPED.items():
        for row in connection.rows(sql):
            where = f"{row['source']} {row['account'] or ''}".strip()
            yield Finding("error", f"{where}: {row['n']} {what} belong to no client; map them in winnow.yml")
    for row in connection.rows(UNMAPPED_STAGES):
        place = f"pipeline {row['pipeline']}, stage {row['provider_stage']}"
        yield Finding("error", f"{place}: {row['n']} deals have no known stage; map it")


def _reach(config: Config) -> Iterator[Finding]:
    from scoring.als import reach_of

    for client in config.clients:
        reach = reach_of(config, client, config.connected(client.id))
        text = f"client {reach.client}: its sources can give {reach.highest} points ({reach.tier})"
        if reach.tier == "hot":
            yield Finding("ok", text)
            continue
        wanted = ", ".join(f"{item.signal} (+{item.lost})" for item in reach.missing[:3])
        yield Finding("warning", f"{text}; what lacks most: {wanted}")
