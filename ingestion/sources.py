"""The sources: every raw schema that exists, by name."""

from __future__ import annotations

from ingestion.contracts import Contract, Resource
from ingestion.jobs import FILES, Source

PROVIDERS = ("apollo", "smartlead", "instantly", "salesforge", "hubspot", "pipedrive", "salesforce")
ALL = (*PROVIDERS, FILES)


def provider(name: str) -> Source:
    """Return the provider `name`; raises KeyError for a name that is none."""
    from ingestion import apollo, hubspot, instantly, pipedrive, salesforce, salesforge, smartlead

    modules = (apollo, smartlead, instantly, salesforge, hubspot, pipedrive, salesforce)
    known: dict[str, Source] = {module.SOURCE.name: module.SOURCE for module in modules}
    return known[name]


def resources(source: str) -> tuple[Resource, ...]:
    """Return the raw tables of `source`, files included."""
    if source == FILES:
        from ingestion.files import RESOURCES

        return RESOURCES
    return provider(source).resources


def contracts(source: str) -> dict[str, Contract]:
    """Return the contracts of `source`, by resource."""
    return {resource.name: Contract(source, resource) for resource in resources(source)}
