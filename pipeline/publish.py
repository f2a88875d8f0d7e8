"""Publish: which tables readers see, and from where."""

from __future__ import annotations

from dataclasses import replace

from pipeline.context import Context
from pipeline.dbt import Model, Project
from pipeline.metrics import SCORING_KEYS
from pipeline.stages.build import EVERYTHING
from warehouse import Connection
from warehouse.publication import UNPUBLISHED_KEYS, Declared, Published, PublishedTable, Stamp

SCORING_TABLES = ("als_scores", "findings", "tests")
"""Tables of schema scoring that are published beside the marts."""


def publish(context: Context, tables: list[PublishedTable]) -> Published:
    """Make `tables` what readers see, all together, then the clients' files; return what was written."""
    from pipeline import client_files
    from pipeline.clock import utc_now

    with context.warehouse.connect() as connection:
        whole = needs_whole(connection)
        built_at = connection.scalar("select run_at from ops.current_run")
    stamp = Stamp(context.run_id, built_at, utc_now())
    published = context.warehouse.publish(context.config.state_dir, tables, stamp, whole=whole)
    told = client_files.refresh(context.config, context.warehouse)
    return replace(published, notes=(*published.notes, *told))


def published_tables(project: Project, connection: Connection) -> list[PublishedTable]:
    """Return the marts that the project marks as published (views never), and the scoring tables."""
    declared = project.declared()
    tables = [
        PublishedTable(
            model.name,
            model.relation,
            *_touched(model),
            withheld=model.withheld,
            declared=declared[model.name],
        )
        for model in project.models()
        if model.is_published and model.materialized in ("table", "incremental")
    ]
    tables += [
        PublishedTable(name, f"scoring.{name}", declared=Declared(unique=SCORING_KEYS[name]))
        for name in SCORING_TABLES
        if connection.table_exists(f"scoring.{name}")
    ]
    return sorted(tables, key=lambda table: table.name)


def needs_whole(connection: Connection) -> bool:
    """Say whether a full build happened since the last publish."""
    if not connection.table_exists(UNPUBLISHED_KEYS):
        return True
    return bool(connection.scalar(f"select count(*) from {UNPUBLISHED_KEYS} where kind = '{EVERYTHING}'"))


def _touched(model: Model) -> tuple[str | None, str | None]:
    if model.materialized == "incremental" and model.touched and model.key:
        return model.touched, model.key
    return None, None
