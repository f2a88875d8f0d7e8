"""Verify a sample: what a night adds to, rebuilt for some leads; other tables are made anew each night."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipeline import operations, scratch
from pipeline.compare import Table
from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.stages.build import ANSWERS_FOLDER
from warehouse.scratch import translate

if TYPE_CHECKING:
    from pipeline.dbt import Model
    from pipeline.ledger import OpenStep

SAMPLED = "ops.sampled_leads"
COMPARED = "ops.compared_leads"
"""In the scratch copy: the leads that were drawn, and those that their keys lead to, before and after."""

LEAD = "lead_id"


def rebuild_sample(context: Context, count: int) -> tuple[int, list[Table]]:
    """Rebuild what a night adds to for `count` random leads; return how many there were, and what to compare.

    The leads are drawn by the id of the run that built them, so that the same night gives the same leads.
    """
    from pipeline.steps import perform

    copy = scratch.prepare(context)
    kept = [model for model in context.project.models() if model.materialized == "incremental"]
    drawn = _draw(context, copy, [model for model in kept if model.name != "lead_keys"], count)
    perform(copy, "build", f"{drawn} leads", partial(_build, context, copy))
    _mark_compared(context, copy)
    keys = context.project.keys()
    scope = f"{LEAD} in (select {LEAD} from {copy.warehouse.schema_prefix}{COMPARED})"
    return drawn, [Table(model.relation, keys.get(model.name, ()), scope=scope) for model in kept]


def _draw(context: Context, copy: Context, marts: Sequence[Model], count: int) -> int:
    """Write down `count` leads of all that any mart holds, and the keys that lead to them."""
    prefix = copy.warehouse.schema_prefix
    with copy.warehouse.connect() as connection:
        operations.write_operations(connection, context.config, context.run_id, context.run_at)
        connection.replace("ops.loads_to_build", {"load_id": "text"}, [])
    everyone = " union ".join(
        f"select {LEAD} from {table}" for table in ["intermediate.lead_keys", *(m.relation for m in marts)]
    )
    with context.warehouse.connect() as connection:
        run_id = connection.scalar("select run_id from ops.current_run")
        connection.execute(
            f"create table {prefix}{SAMPLED} as select {LEAD} from ({everyone}) as everyone"
            f" where {LEAD} is not null"
            f" order by md5('{run_id}' || cast({LEAD} as text)), {LEAD} limit {int(count)}"
        )
        connection.execute(
            f"insert into {prefix}ops.keys_to_touch select person_key from intermediate.lead_keys"
            f" where {LEAD} in (select {LEAD} from {prefix}{SAMPLED})"
        )
        return int(connection.scalar(f"select count(*) from {prefix}{SAMPLED}"))


def _build(context: Context, copy: Context, step: OpenStep) -> None:
    """Build the facts of the keys to touch; tables that every night makes anew are read where they stand."""
    models = [m for m in copy.project.models() if not m.folder.startswith(ANSWERS_FOLDER)]
    sliced = [m for m in models if m.materialized == "incremental" or m.name.startswith("touched_")]
    standing = [m for m in models if m.materialized == "table" and m not in sliced]
    prefix = copy.warehouse.schema_prefix
    with context.warehouse.connect() as connection:
        for model in standing:
            connection.create_schema(model.relation.split(".")[0])
            original = model.relation.removeprefix(prefix)
            connection.execute(f"create view {model.relation} as select * from {original}")
    names = [model.name for model in models if model not in standing]
    results = copy.project.build([*names, "path:seeds"])
    if broken := [f"{r.kind} {r.name}: {r.message}" for r in results if not r.is_good]:
        raise RunError(*broken)
    step.rows = len(sliced)


def _mark_compared(context: Context, copy: Context) -> None:
    """Write down whose rows are compared: also those whom the sampled keys lead to now, or led to before."""
    prefix = copy.warehouse.schema_prefix
    touched = translate("intermediate.touched_people", prefix)
    with context.warehouse.connect() as connection:
        connection.execute(
            f"create table {prefix}{COMPARED} as select {LEAD} from {prefix}{SAMPLED}"
            f" union select {LEAD} from {translate('intermediate.touched_leads', prefix)}"
            f" union select {LEAD} from intermediate.lead_keys"
            f" where person_key in (select person_key from {touched})"
        )
