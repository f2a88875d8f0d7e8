"""dbt's profile is the one place that says where the warehouse is; this module reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROFILE_NAME = "winnow"
ENGINES = ("duckdb", "postgres")


class ProfileError(Exception):
    """The profile cannot be used; the message says what to change and where."""


@dataclass(frozen=True)
class Profile:
    """One target of the profile.

    outputs: the target's settings as dbt sees them, environment variables filled in.
    directory: the folder that relative paths in it start from (the folder of profiles.yml).
    """

    target: str
    kind: str
    outputs: dict[str, Any]
    directory: Path


def read_profile(profiles_dir: Path, target: str | None = None) -> Profile:
    """Read target `target` (default: the profile's own) of profile `winnow`; raises ProfileError."""
    path = profiles_dir / "profiles.yml"
    profile = _profile(path)
    outputs = profile.get("outputs") or {}
    name = target or profile.get("target") or "duckdb"
    if name not in outputs:
        known = ", ".join(sorted(outputs)) or "none"
        raise ProfileError(f"{path}: no target {name!r} (it has: {known}); add it or pass another --target")
    settings = _render(outputs[name], f"{path}: target {name}")
    kind = settings.get("type")
    if kind not in ENGINES:
        raise ProfileError(f"{path}: target {name} has type {kind!r}; winnow runs on {' and '.join(ENGINES)}")
    return Profile(name, kind, settings, profiles_dir.resolve())


def _profile(path: Path) -> dict[str, Any]:
    import yaml

    if not path.is_file():
        raise ProfileError(f"{path} is missing; `winnow init` writes one, or copy profiles.yml.example")
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ProfileError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(document, dict) or PROFILE_NAME not in document:
        raise ProfileError(f"{path}: no profile {PROFILE_NAME!r}; see profiles.yml.example")
    profile = document[PROFILE_NAME]
    if not isinstance(profile, dict):
        raise ProfileError(f"{path}: profile {PROFILE_NAME!r} is empty; see profiles.yml.example")
    return profile


def _render(value: Any, place: str) -> Any:
    """Fill in dbt's `{{ env_var('NAME', 'default') }}` in every string of `value`."""
    if isinstance(value, dict):
        return {key: _render(item, place) for key, item in value.items()}
    if not isinstance(value, str) or "{{" not in value:
        return value
    from jinja2 import Environment, StrictUndefined

    def env_var(name: str, default: str | None = None) -> str:
        found = os.environ.get(name, default)
        if found is None:
            raise ProfileError(f"{place}: environment variable {name} is not set")
        return found

    environment = Environment(undefined=StrictUndefined)
    environment.filters |= {"int": int, "as_number": int, "as_bool": lambda text: text.lower() == "true"}
    text = environment.from_string(value).render(env_var=env_var)
    return int(text) if text.isdigit() and "as_number" in value else text
