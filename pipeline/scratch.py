"""A scratch copy of the warehouse: every mart rebuilt from raw data as it stood, beside the real ones.

The copy's raw schemas hold the versions that count; the stages run on it as on the warehouse itself. Nothing
outside the prefix is written: no mart, no decision, nothing that readers see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ingestion.landing import DLT_COLUMNS
from ingestion.sources import ALL
from pipeline.context import Context, Notes, Options
from pipeline.operations import KEYS_TO_TOUCH
from warehouse.scratch import SCHEMAS

if TYPE_CHECKING:
    from warehouse import Connection, Warehouse

CHOSEN = "ops.chosen_loads"
"""In the scratch copy: (source, load_id) of the loads whose versions its raw schemas hold."""


def rebuild(
    context: Context,
    *,
    as_of: datetime | None = None,
    learns: bool = False,
    has_checks: bool = False,
    clocks: Mapping[str, datetime | None] | None = None,
) -> Warehouse:
    """Rebuild facts, scores and answers from raw data into a scratch copy, and return it.

    The stages' clock is `context.run_at`, or the one that `clocks` has for score or learn; steps go into its
    ledger. as_of: only what was loaded up to this moment of the runs' clock counts; None: the loads that the
    last build had. learns: run the detectors, too. has_checks: run dbt's tests on it. Call `drop` when the
    copy is not needed any more. Raises what the stages raise.
    """
    from pipeline.stages import build, learn, score

    copy = prepare(context, as_of=as_of, has_checks=has_checks)

    def at(stage: str) -> Context:
        return replace(copy, run_at=(clocks or {}).get(stage) or copy.run_at)

    build.build(copy)
    score.run(at("score"))
    build.answer(copy)
    if learns:
        learn.run(at("learn"))
    return copy.warehouse


def prepare(
    context: Context,
    *,
    as_of: datetime | None = None,
    has_checks: bool = False,
    notes: Notes | None = None,
) -> Context:
    """Drop the old scratch copy, lay out its raw schemas, and return the context to run stages on it with.

    as_of, has_checks: see rebuild. notes: where the stages' notes and warnings go; nowhere when None.
    """
    from ingestion.load import ensure_tables
    from pipeline import identity, judgements, lead_changes, told

    drop(context.warehouse)
    ensure_tables(context.warehouse)
    scratch = context.warehouse.scratch()
    with context.warehouse.connect() as real, real.transaction():
        _choose(real, scratch.schema_prefix, as_of)
        for source in ALL:
            _lay_out(real, scratch.schema_prefix, source)
        numbers = None if as_of else identity.built_numbers(real)
        judged = None if as_of else judgements.told_up_to(real)
        decided = {} if as_of else told.held(real)
    if not decided:
        target, at = context.warehouse.target, as_of or context.run_at
        decided = told.read(context.state, context.config, target, at, was=as_of is not None)
    with scratch.connect() as connection:
        connection.replace("ops.keys_to_touch", KEYS_TO_TOUCH, [])
        identity.write_links(context.state, connection, numbers, as_of)
        lead_changes.write_log(context.state, connection, as_of)
        judgements.tell(context.state, connection, up_to=judged, as_of=as_of)
        told.write(connection, decided)
    copy = replace(context, warehouse=scratch, options=Options(full_refresh=True), notes=notes or Notes())
    # a cached property: what is put here is what its readers get
    copy.__dict__["project"] = context.project.of_copy(scratch, has_checks=has_checks)
    return copy


def drop(warehouse: Warehouse) -> None:
    """Remove the scratch copy of `warehouse` (or the one that it is), if there is one."""
    prefix = warehouse.schema_prefix or warehouse.scratch().schema_prefix
    with warehouse.connect() as connection:
        for schema in (*SCHEMAS, *(f"raw_{source}" for source in ALL)):
            connection.execute(f'drop schema if exists "{prefix}{schema}" cascade')


def _choose(real: Connection, prefix: str, as_of: datetime | None) -> None:
    """Write down which loads count."""
    table = f"{prefix}{CHOSEN}"
    real.create_table(table, {"source": "text", "load_id": "text"})
    for source in ALL:
        if not real.table_exists(f"raw_{source}._dlt_loads"):
            continue
        done = f"select '{source}', load_id from raw_{source}._dlt_loads where status = 0"
        if as_of is None:
            if real.table_exists("ops.built_loads"):
                built = "select load_id from ops.built_loads"
                real.execute(f"insert into {table} {done} and load_id in ({built})")
            continue
        # A load has one loaded_at; one that brought nothing new has none, and changes nothing either way.
        later = " union all ".join(
            f'select _dlt_load_id as load_id from raw_{source}."{name}" where loaded_at > ?'
            for name in _versioned(real, source)
        )
        params = [as_of] * len(_versioned(real, source))
        real.execute(f"insert into {table} {done} and load_id not in ({later})", params)


def _lay_out(real: Connection, prefix: str, source: str) -> None:
    """Make the scratch copy's raw tables of `source`: views where all versions count, else tables."""
    raw, target = f"raw_{source}", f"{prefix}raw_{source}"
    chosen = f"select load_id from {prefix}{CHOSEN} where source = '{source}'"
    real.create_schema(target)
    tables = real.tables(raw)
    if "_dlt_loads" in tables:
        real.execute(
            f"create view {target}._dlt_loads as select * from {raw}._dlt_loads where load_id in ({chosen})"
        )
    for name in _versioned(real, source):
        left_out = f'select 1 from {raw}."{name}" where _dlt_load_id not in ({chosen}) limit 1'
        if not real.rows(left_out):
            real.execute(f'create view {target}."{name}" as select * from {raw}."{name}"')
            continue
        columns = [f'raw."{column}"' for column in real.columns(f"{raw}.{name}") if column != "_dlt_valid_to"]
        real.execute(_versions(f'{raw}."{name}"', f'{target}."{name}"', ", ".join(columns), chosen))


def _versioned(real: Connection, source: str) -> list[str]:
    """Return the tables of a raw schema that keep versions; dlt's own are not among them."""
    tables = real.tables(f"raw_{source}")
    return sorted(name for name, columns in tables.items() if columns.issuperset(DLT_COLUMNS))


def _versions(raw: str, target: str, columns: str, chosen: str) -> str:
    """Return the statement that makes `target` of the versions in `raw` whose load is `chosen`.

    A version is retired at the very moment at which its successor begins, so that versions form a chain. The
    chain is followed rather than the times compared: a clock that was set back puts them in another order. A
    version is current unless one that counts stands behind it in the chain.
    """
    return f"""
create table {target} as
with recursive versions as (
    select
        row_key, _dlt_valid_from, _dlt_valid_to,
        _dlt_load_id in ({chosen}) as counts
    from {raw}
),
walk as (
    select row_key, _dlt_valid_from as started, _dlt_valid_to as reached
    from versions
    where counts and _dlt_valid_to is not null
    union
    select walk.row_key, walk.started, behind._dlt_valid_to
    from walk
    inner join versions as behind
        on walk.row_key = behind.row_key and walk.reached = behind._dlt_valid_from
    where not behind.counts and behind._dlt_valid_to is not null
),
retired as (
    select distinct walk.row_key, walk.started
    from walk
    inner join versions as behind
        on walk.row_key = behind.row_key and walk.reached = behind._dlt_valid_from
    where behind.counts
)
select {columns}, case when retired.row_key is not null then raw._dlt_valid_to end as _dlt_valid_to
from {raw} as raw
left join retired on raw.row_key = retired.row_key and raw._dlt_valid_from = retired.started
where raw._dlt_load_id in ({chosen})
"""
