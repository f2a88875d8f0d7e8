"""The sources: every raw schema that exists, by name."""

from __future__ import annotations

from ingestion.contracts import Contract, Resource
from ingestion.jobs import FILES, Source
from ingestion.registry import PROVIDERS

ALL = (*PROVIDERS, FILES)


def provider(name: str) -> Source:
    """Return the provider `name`; raises KeyError for a name that is none."""
    from importlib import import_module

    if name not in PROVIDERS:
        raise KeyError(name)
    found: Source = import_module(f"ingestion.{name}").SOURCE
    return found


def resources(source: str) -> tuple[Resource, ...]:
    """Return the raw tables of `source`, files included."""
    if source == FILES:
        from ingestion.files import RESOURCES

        return RESOURCES
    from ingestion.webhook_records import READERS, WEBHOOKS

    return (*provider(source).resources, *([WEBHOOKS] if source in READERS else []))


def contracts(source: str) -> dict[str, Contract]:
    """Return the contracts of `source`, by resource."""
    return {resource.name: Contract(source, resource) for resource in resources(source)}
