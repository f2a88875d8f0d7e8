"""The winnow.yml of a simulated agency."""

from __future__ import annotations

from typing import Any

from sandbox.dealing import CANONICAL_STAGES
from sandbox.instantly_records import campaign_id as instantly_id
from sandbox.keys import (
    ANTHROPIC_KEY,
    APOLLO_KEY,
    SALESFORGE_KEY,
    WEBHOOK_SECRET,
    account_keys,
    environment_name,
    hubspot_key,
    instantly_key,
    pipedrive_key,
    salesforce_key,
    smartlead_key,
)
from sandbox.limits import (
    APOLLO_LIMITS,
    HUBSPOT_LIMIT,
    HUBSPOT_SEARCH_LIMIT,
    INSTANTLY_EMAILS_LIMIT,
    INSTANTLY_LIMITS,
    PIPEDRIVE_LIMIT,
    SMARTLEAD_LIMITS,
    Limit,
)
from sandbox.model import Agency, Campaign
from sandbox.params import REPLY_WINDOW_DAYS
from sandbox.pipedrive_records import PIPELINE, STAGE_NAMES
from sandbox.profiles import TITLES, ClientProfile, all_titles
from sandbox.salesforce_records import STAGE_NAMES as SALES_STAGES
from sandbox.salesforge_records import sequence_id, workspace_id

BASE_URL_ENV = "WINNOW_SANDBOX_URL"
CLAUDE_KEY_ENV = "ANTHROPIC_API_KEY"
"""Of the one who reads replies; winnow.yml has no name for it."""

HEADROOM = 0.9
"""Share of a provider's limit that a caller should use."""
MEETINGS_TARGET = 20
"""Meetings that every client is to have a month."""


def environment(agency: Agency, url: str, base_url_env: str = BASE_URL_ENV) -> dict[str, str]:
    """Return the environment variables of the agency's winnow.yml: the sandbox's URL and its keys."""
    return {base_url_env: url, CLAUDE_KEY_ENV: ANTHROPIC_KEY, **account_keys(agency)}


def config_yaml(
    agency: Agency, base_url_env: str = BASE_URL_ENV, speed: float = 1.0, webhooks: str | None = None
) -> str:
    """Return the text of a winnow.yml for `agency`, served at the URL in the variable `base_url_env`.

    speed: as given to `serve`; the rate limits stay 10 % below the provider's at that speed.
    webhooks: the folder with one folder a provider and account in it, where their webhooks are received.
    Secrets are only named; `environment` gives their values.
    """
    import yaml

    base = f"${{{base_url_env}}}"
    profiles = agency.params.profiles
    document: dict[str, Any] = {
        "agency": {
            "name": "Sandbox Agency",
            "time_zone": "Europe/London",
            "key_salt": "sandbox",
            "reply_window_days": REPLY_WINDOW_DAYS,
            "reporting_currency": "EUR",
            "exchange_rates": {"GBP": 1.17, "USD": 0.92},
        },
        "clients": [_client(profile) for profile in profiles],
        "sources": {
            "apollo": {"accounts": [_apollo(agency, base, speed)]},
            "smartlead": {"accounts": _smartlead(agency, base, speed)},
            **_instantly(agency, base, speed),
            **_salesforge(agency, base),
            **_crms(agency, base, speed),
        },
        "claude": _claude(base),
        "experiments": _experiments(agency),
        "costs": [
            {"name": "team", "amount": 1800, "currency": "GBP", "per": "month"},
            {"name": "sending", "amount": 0.004, "currency": "USD", "per": "message"},
            {"name": "data", "amount": 0.12, "currency": "USD", "per": "lead"},
        ],
    }
    if webhooks:
        _add_webhooks(document["sources"], webhooks)
    head = "# A simulated agency, served by the sandbox on this machine.\n"
    return head + str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))


def _add_webhooks(sources: dict[str, Any], folder: str) -> None:
    """Say where webhooks are received; those of Instantly and Pipedrive are not signed."""
    for provider in ("smartlead", "instantly", "salesforge", "hubspot", "pipedrive"):
        for account in sources.get(provider, {}).get("accounts", []):
            account["webhooks"] = f"{folder}/{provider}/{account['name']}"
            if provider in ("smartlead", "salesforge", "hubspot"):
                account["webhook_secret_env"] = environment_name(WEBHOOK_SECRET)


def _claude(base: str) -> dict[str, Any]:
    """Who reads what rules are unsure of; the sandbox's batches end at the second look."""
    return {
        "budget_per_night": 5,
        "budget_per_month": 50,
        "base_url": f"{base}/anthropic",
        "wait_minutes": 1,
        "poll_seconds": 0.05,
        "doubt_minutes": 0,
    }


def _client(profile: ClientProfile) -> dict[str, Any]:
    low, high = profile.employees
    return {
        "id": profile.id,
        "name": profile.name,
        "time_zone": profile.time_zone,
        "postal_address": profile.postal_address,
        "meetings_target": MEETINGS_TARGET,
        "icp": {
            "industries": list(profile.industries),
            "employees": {"min": low, "max": high},
            "countries": [country for country, _ in profile.countries],
            "titles": list(all_titles()),
            "seniorities": sorted({seniority for seniority, _ in TITLES.values()}),
            "technologies": list(profile.technologies),
        },
    }


def _apollo(agency: Agency, base: str, speed: float) -> dict[str, Any]:
    return {
        "name": "agency",
        "api_key_env": environment_name(APOLLO_KEY),
        "base_url": f"{base}/apollo/api/v1",
        "rate_limits": _rate_limits(APOLLO_LIMITS["mixed_people/api_search"][:2], speed),
        "enrich_cap": max(500, 2 * len(agency.people)),
    }


def _smartlead(agency: Agency, base: str, speed: float) -> list[dict[str, Any]]:
    """One entry a workspace: the shared one maps parts of it, the others are whole."""
    profiles = agency.params.profiles
    accounts: list[dict[str, Any]] = []
    for account in agency.smartlead_accounts:
        campaigns = [c for c in agency.campaigns if (c.provider, c.account) == ("smartlead", account)]
        clients = {campaign.client for campaign in campaigns}
        entry: dict[str, Any] = {
            "name": account,
            "api_key_env": environment_name(smartlead_key(account)),
            "base_url": f"{base}/smartlead/api/v1",
        }
        if len(clients) == 1 and profiles[min(clients)].provider_client_id is None:
            entry["client"] = profiles[min(clients)].id
        else:
            entry["provider_clients"] = {
                str(profiles[client].provider_client_id): profiles[client].id for client in sorted(clients)
            }
            entry["campaigns"] = {
                str(c.id): profiles[c.client].id for c in campaigns if c.provider_client_id is None
            }
        entry["rate_limits"] = _rate_limits(SMARTLEAD_LIMITS, speed)
        entry["lookback_days"] = 60
        accounts.append(entry)
    return accounts


def _instantly(agency: Agency, base: str, speed: float) -> dict[str, Any]:
    """One account a workspace, each of one client; listing e-mails has a limit of its own."""
    clients = {c.account: c.client for c in agency.campaigns if c.provider == "instantly"}
    accounts = [
        {
            "name": account,
            "api_key_env": environment_name(instantly_key(account)),
            "base_url": f"{base}/instantly/api/v2",
            "client": agency.params.profiles[client].id,
            "rate_limits": [
                *_rate_limits(INSTANTLY_LIMITS, speed),
                *({**limit, "path": "/emails"} for limit in _rate_limits(INSTANTLY_EMAILS_LIMIT, speed)),
            ],
            "lookback_days": 60,
        }
        for account, client in clients.items()
    ]
    return {"instantly": {"accounts": accounts}} if accounts else {}


def _crms(agency: Agency, base: str, speed: float) -> dict[str, Any]:
    """Return the accounts of every CRM that a client has, one a client."""
    params = agency.params
    makers = {"hubspot": _hubspot, "pipedrive": _pipedrive, "salesforce": _salesforce}
    return {
        provider: {"accounts": [make(params.profiles[index], base, speed) for index in clients.values()]}
        for provider, make in makers.items()
        if (clients := params.crm_clients(provider))
    }


def _pipedrive(profile: ClientProfile, base: str, speed: float) -> dict[str, Any]:
    return {
        "name": profile.id,
        "api_key_env": environment_name(pipedrive_key(profile.id)),
        "base_url": f"{base}/pipedrive",
        "client": profile.id,
        "stages": {PIPELINE: {name: CANONICAL_STAGES[stage] for stage, name in STAGE_NAMES.items()}},
        "rate_limits": _rate_limits((PIPEDRIVE_LIMIT,), speed),
    }


def _salesforge(agency: Agency, base: str) -> dict[str, Any]:
    """One account for all workspaces, each of one client."""
    campaigns = [c for c in agency.campaigns if c.provider == "salesforge"]
    account = {
        "name": "agency",
        "api_key_env": environment_name(SALESFORGE_KEY),
        "base_url": f"{base}/salesforge/public/v2",
        "provider_clients": {
            workspace_id(agency, c.account): agency.params.profiles[c.client].id for c in campaigns
        },
        "rate_limits": [{"calls": 1000, "seconds": 1}],
        "lookback_days": 60,
    }
    return {"salesforge": {"accounts": [account]}} if campaigns else {}


def _salesforce(profile: ClientProfile, base: str, speed: float) -> dict[str, Any]:
    return {
        "name": profile.id,
        "api_key_env": environment_name(salesforce_key(profile.id)),
        "base_url": f"{base}/salesforce",
        "client": profile.id,
        "stages": {"default": {name: CANONICAL_STAGES[stage] for stage, name in SALES_STAGES.items()}},
    }


def _hubspot(profile: ClientProfile, base: str, speed: float) -> dict[str, Any]:
    return {
        "name": profile.id,
        "api_key_env": environment_name(hubspot_key(profile.id)),
        "base_url": f"{base}/hubspot",
        "client": profile.id,
        "stages": {"default": dict(CANONICAL_STAGES)},
        "rate_limits": [
            *_rate_limits((HUBSPOT_LIMIT,), speed),
            *({**limit, "path": "/search"} for limit in _rate_limits((HUBSPOT_SEARCH_LIMIT,), speed)),
        ],
    }


def _campaign_id(agency: Agency, campaign: Campaign) -> str:
    """Return the id that a campaign has at its sender."""
    if campaign.provider == "instantly":
        return instantly_id(agency, campaign)
    return sequence_id(agency, campaign) if campaign.provider == "salesforge" else str(campaign.id)


def _rate_limits(limits: tuple[Limit, ...], speed: float) -> list[dict[str, Any]]:
    return [
        {"calls": int(limit.calls * HEADROOM), "seconds": round(limit.seconds / speed, 6)} for limit in limits
    ]


def _experiments(agency: Agency) -> list[dict[str, Any]]:
    """Each client's first campaign is a declared test of its two variants."""
    entries: list[dict[str, Any]] = []
    for client, profile in enumerate(agency.params.profiles):
        campaign = next(campaign for campaign in agency.campaigns if campaign.client == client)
        entries.append(
            {
                "id": f"{profile.id}-opening",
                "client": profile.id,
                "campaign": _campaign_id(agency, campaign),
                "metric": "positive_reply",
                "arms": {"A": 0.5, "B": 0.5},
            }
        )
    return entries
