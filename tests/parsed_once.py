"""dbt reads the project once a process of tests, instead of once a warehouse: it takes seven seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pipeline.dbt import PROJECT_DIR, Project

Kind = tuple[str, ...]


@contextmanager
def parsed_once() -> Iterator[None]:
    """Let every project of this process start from the same parse, where all but the database is the same."""
    parse = Project._parse
    kept: dict[Kind, tuple[str, bytes]] = {}

    def once(project: Project) -> Any:
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

        settings = project._warehouse.profile.outputs
        database = str(settings.get("dbname", ""))
        kind = (
            project._warehouse.name,
            project._warehouse.target,
            str(settings["schema"]),
            str(settings.get("path", "")).rpartition("/")[2],
            str(len(database)),
            json.dumps(project._vars),
            _written(),
        )
        if kind not in kept:
            kept[kind] = (database, parse(project).to_msgpack(extended_mashumaro_encoder))
        known, manifest = kept[kind]
        if known:  # names of equal length, so that they can be exchanged in the bytes
            manifest = manifest.replace(known.encode(), database.encode())
        found = Manifest.from_msgpack(manifest, decoder=extended_mashumuro_decoder)
        found.build_flat_graph()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Project, "_parse", once)
        yield


def _written() -> str:
    """Return when the project was last written: a test that changes it wants it parsed anew."""
    folders = ("models", "macros", "seeds", "tests/dbt")
    paths = [path for folder in folders for path in (PROJECT_DIR / folder).rglob("*") if path.is_file()]
    return str(max(path.stat().st_mtime_ns for path in paths))
