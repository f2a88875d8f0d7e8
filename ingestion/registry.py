"""The providers with a loader: each is a module of this package with a SOURCE, and a key in winnow.yml."""

PROVIDERS = (
    "apollo",
    "smartlead",
    "instantly",
    "salesforge",
    "hubspot",
    "pipedrive",
    "salesforce",
)
"""In the order in which a run loads them."""
