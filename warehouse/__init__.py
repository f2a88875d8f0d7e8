"""The warehouse: one small interface, one module an engine. Engine differences live here and in `macros/`."""

from __future__ import annotations

from pathlib import Path

from warehouse.base import Connection, Warehouse, WarehouseError
from warehouse.profile import Profile, ProfileError, read_profile

__all__ = ["Connection", "Profile", "ProfileError", "Warehouse", "WarehouseError", "open_warehouse"]


def open_warehouse(profiles_dir: Path, target: str | None = None) -> Warehouse:
    """Return the warehouse that dbt's profile `winnow` names in `profiles_dir`/profiles.yml.

    target: a dbt target; the profile's default when None. No connection is made yet.
    Raises ProfileError when the file, the profile or the target is missing or its type is not supported.
    """
    profile = read_profile(profiles_dir, target)
    if profile.kind == "duckdb":
        from warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(profile)
    from warehouse.postgres import PostgresWarehouse

    return PostgresWarehouse(profile)
