"""Keys of the sandbox's accounts: obviously fake, valid nowhere else."""

from __future__ import annotations

from sandbox.model import Agency

APOLLO_KEY = "sandbox-apollo-key"
APOLLO_SCOPED_KEY = "sandbox-apollo-key-without-search"
"""A key that is valid, but not for the search (403)."""

ANTHROPIC_KEY = "sandbox-anthropic-key"
"""In no winnow.yml: it is found under the name that Anthropic gave it."""

WEBHOOK_SECRET = "sandbox-webhook-secret"
"""What signs the webhooks of all accounts whose provider signs them."""


def smartlead_key(account: str) -> str:
    """Return the key of a Smartlead workspace."""
    return f"sandbox-smartlead-{account}-key"


SALESFORGE_KEY = "sandbox-salesforge-key"


def instantly_key(account: str) -> str:
    """Return the key of an Instantly workspace."""
    return f"sandbox-instantly-{account}-key"


def hubspot_key(client: str) -> str:
    """Return the token of a client's HubSpot portal."""
    return f"sandbox-hubspot-{client}-key"


def pipedrive_key(client: str) -> str:
    """Return the API token of a client's Pipedrive company."""
    return f"sandbox-pipedrive-{client}-key"


def salesforce_key(client: str) -> str:
    """Return the access token of a client's Salesforce organization."""
    return f"sandbox-salesforce-{client}-key"


def environment_name(key: str) -> str:
    """Return the environment variable that holds `key`: sandbox-apollo-key → WINNOW_SANDBOX_APOLLO_KEY."""
    return f"WINNOW_{key.upper().replace('-', '_')}"


def account_keys(agency: Agency) -> dict[str, str]:
    """Return environment variable → key of every account of `agency`, as its winnow.yml names them."""
    keys = [
        APOLLO_KEY,
        WEBHOOK_SECRET,
        *(smartlead_key(account) for account in agency.smartlead_accounts),
        *(instantly_key(account) for account in agency.sending_accounts("instantly")),
        *([SALESFORGE_KEY] if agency.sending_accounts("salesforge") else []),
        *(hubspot_key(client) for client in agency.params.crm_clients("hubspot")),
        *(pipedrive_key(client) for client in agency.params.crm_clients("pipedrive")),
        *(salesforce_key(client) for client in agency.params.crm_clients("salesforce")),
    ]
    return {environment_name(key): key for key in keys}
