"""The winnow.yml of a simulated agency."""

from __future__ import annotations

from typing import Any

from sandbox.dealing import CANONICAL_STAGES
from sandbox.keys import APOLLO_KEY, account_keys, environment_name, hubspot_key, smartlead_key
from sandbox.limits import APOLLO_LIMITS, HUBSPOT_SEARCH_LIMIT, SMARTLEAD_LIMITS, Limit
from sandbox.model import Agency
from sandbox.params import REPLY_WINDOW_DAYS
from sandbox.profiles import TITLES, ClientProfile, all_titles

BASE_URL_ENV = "WINNOW_SANDBOX_URL"
HEADROOM = 0.9
"""Share of a provider's limit that a caller should use."""


def environment(agency: Agency, url: str, base_url_env: str = BASE_URL_ENV) -> dict[str, str]:
    """Return the environment variables that the agency's winnow.yml names: the sandbox's URL and its keys."""
    return {base_url_env: url, **account_keys(agency)}


def config_yaml(agency: Agency, base_url_env: str = BASE_URL_ENV, speed: float = 1.0) -> str:
    """Return the text of a winnow.yml for `agency`, served at the URL in the variable `base_url_env`.

    speed: as given to `serve`; the rate limits stay 10 % below the provider's at that speed.
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
        },
        "clients": [_client(profile) for profile in profiles],
        "sources": {
            "apollo": {"accounts": [_apollo(agency, base, speed)]},
            "smartlead": {"accounts": _smartlead(agency, base, speed)},
            "hubspot": {"accounts": [_hubspot(profile, base, speed) for profile in profiles]},
        },
        "experiments": _experiments(agency),
    }
    head = "# A simulated agency, served by the sandbox on this machine.\n"
    return head + str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))


def _client(profile: ClientProfile) -> dict[str, Any]:
    low, high = profile.employees
    return {
        "id": profile.id,
        "name": profile.name,
        "time_zone": profile.time_zone,
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
        campaigns = [campaign for campaign in agency.campaigns if campaign.account == account]
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


def _hubspot(profile: ClientProfile, base: str, speed: float) -> dict[str, Any]:
    return {
        "name": profile.id,
        "api_key_env": environment_name(hubspot_key(profile.id)),
        "base_url": f"{base}/hubspot",
        "client": profile.id,
        "stages": {"default": dict(CANONICAL_STAGES)},
        "rate_limits": _rate_limits((HUBSPOT_SEARCH_LIMIT,), speed),
    }


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
                "campaign": str(campaign.id),
                "metric": "positive_reply",
                "arms": {"A": 0.5, "B": 0.5},
            }
        )
    return entries
