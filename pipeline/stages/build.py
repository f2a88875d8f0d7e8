"""Build and answer: dbt builds the facts, later the answers, each with its tests.

Progress is the set of completed loads that no build has seen, marked after the facts succeeded. After a build
that did not finish, and when models, seeds or mappings have changed, the next one is a full one, and says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial

from pipeline import client_versions, identity, lead_changes, operations, told
from pipeline.context import Context
from pipeline.dbt import PROJECT_DIR, Model, NodeResult
from pipeline.errors import RunError
from pipeline.ledger import OpenStep
from warehouse import Connection
from warehouse.publication import UNPUBLISHED_KEYS

FACTS = ("path:seeds", "path:models/staging", "path:models/intermediate", "path:models/marts/facts")
ANSWERS = ("path:models/marts/answers",)
ANSWERS_FOLDER = "marts/answers"
STATE = "facts"
FACTS_RUN = "facts_run"
ANSWERS_RUN = "answers_run"
"""In ops.build_state: what the facts were built with, by which run, and whose facts the answers read."""

UNFINISHED = "unfinished"
EVERYTHING = "everything"
"""In ops.unpublished_keys: a full build happened since the last publish."""

CHECKS = "ops.checks"
CHECK_COLUMNS = {"stage": "text", "name": "text", "severity": "text", "message": "text", "run_id": "text"}

NEVER_EMPTY = {
    "facts.messages": "intermediate.int_messages",
    "facts.received_replies": "intermediate.int_replies",
    "facts.campaigns": "intermediate.int_campaigns",
    "facts.campaign_steps": "intermediate.int_campaign_steps",
    "facts.templates": "intermediate.int_templates",
    "facts.mailboxes": "intermediate.int_mailboxes",
    "facts.campaign_leads": "intermediate.int_campaign_leads",
    "facts.lead_pool": "intermediate.int_people",
    "facts.companies": "intermediate.int_companies",
    "facts.deals": "intermediate.int_deals",
    "facts.deal_stages": "intermediate.int_deal_stages",
    "facts.meetings": "intermediate.int_meetings",
    "facts.attribution": "intermediate.int_result_touches",
    "facts.outcomes": "intermediate.int_outcomes",
    "facts.message_events": "intermediate.int_message_events",
}
"""A table of facts and what it is made of: rows there and none here means that something was lost."""

WAITING = {
    "intermediate.int_messages": "origin.lead_key is not null",
    "intermediate.int_message_events": (
        "exists (select 1 from intermediate.int_messages as messages where messages.source = origin.source"
        " and messages.account = origin.account and messages.id = origin.message_id)"
    ),
    "intermediate.int_result_touches": "origin.takes_credit and not origin.is_deleted",
}
"""Which rows of an origin count; the others wait for what they belong to: a person, a message not loaded."""


def build(context: Context) -> None:
    """Build staging, intermediate and facts, then run their tests. Raises RunError."""
    from pipeline.steps import perform

    perform(
        context,
        "build",
        "facts",
        partial(_build_facts, context),
        inputs={"select": list(context.options.select)} if context.options.select else {},
        is_still_so=lambda _row: _stands(context, FACTS_RUN, context.run_id),
    )


def _build_facts(context: Context, step: OpenStep) -> None:
    options = context.options
    current = project_hash(context)
    facts = [model for model in context.project.models() if not model.folder.startswith(ANSWERS_FOLDER)]
    salt = context.config.agency.key_salt
    is_copy = bool(context.warehouse.schema_prefix)  # its decisions are laid out with its raw data
    step.rows = _prepare(context)
    with context.warehouse.connect() as connection:
        kept = [model.relation for model in facts if model.materialized == "incremental"]
        reason = refresh_reason(connection, current, kept, asked=options.full_refresh)
        _set_state(connection, STATE, UNFINISHED)
    if reason:
        context.notes.notes.append(f"facts are built in full: {reason}")
    standing = set() if reason else standing_views(facts) - context.project.tested_by(failed_checks(context))
    exclude = () if reason or options.select else ("resource_type:seed", *sorted(standing))
    results = _dbt(context, "build", options.select or FACTS, exclude=exclude, full_refresh=bool(reason))
    if options.select:
        context.notes.notes.append("only a part was built; the next build is a full one")
        return
    require_built([model for model in facts if model.name not in standing], results)
    with context.warehouse.connect() as connection, connection.transaction():
        require_rows(connection)
        if not is_copy:
            lead_changes.keep(context.state, connection, salt)
            lead_changes.write_log(context.state, connection)
            identity.mark_built(connection, context.run_id)
        connection.execute(
            "insert into ops.built_loads (load_id, run_id)"
            " select load_id, ? from ops.loads_to_build"
            " where load_id not in (select load_id from ops.built_loads)",
            [context.run_id],
        )
        if context.warehouse.publishes_changes:
            collect_touched(connection, facts, everything=bool(reason))
        _set_state(connection, STATE, current)
        _set_state(connection, FACTS_RUN, context.run_id)
        _set_state(connection, lead_changes.SALT, lead_changes.salt_hash(salt))


def _prepare(context: Context) -> int:
    """Write all that dbt reads and does not build itself; return how many loads are to be built."""
    from ingestion.load import completed_loads, ensure_tables

    ensure_tables(context.warehouse)
    state, config, salt = context.state, context.config, context.config.agency.key_salt
    is_copy = bool(context.warehouse.schema_prefix)
    with context.warehouse.connect() as connection:
        if not is_copy:
            is_unfinished = built_state(connection) == UNFINISHED
            lead_changes.begin(state, connection, salt, is_unfinished=is_unfinished)
            if lead_changes.is_resalted(connection, salt):
                context.notes.warnings.append(
                    "key_salt in winnow.yml has changed: all ids are others than before, in exports and"
                    " reports, too; put the old one back unless that is wanted"
                )
        operations.write_operations(connection, config, context.run_id, context.run_at)
        if not is_copy:
            identity.write_links(state, connection)
            client_versions.keep(state, config, context.run_at)
            told.write(connection, told.read(state, config, context.warehouse.target, context.run_at))
        connection.create_table(CHECKS, CHECK_COLUMNS)
        return operations.set_loads_to_build(connection, completed_loads(connection))


def prepare_by_hand(context: Context) -> None:
    """Make ready what dbt reads when somebody calls it by hand, unless the last build was the pipeline's own.

    That one left all that it takes, and its clock is the one that its answers and checks speak of.
    """
    from scoring import als, content, reply_table, titles

    if context.ask(built_state) not in (None, UNFINISHED):
        return
    _prepare(context)
    with context.warehouse.connect() as connection:
        als.ensure_tables(connection)
        reply_table.ensure_tables(connection)
        titles.ensure_table(connection)
        content.ensure_table(connection)
        lead_changes.write_log(context.state, connection)


def _stands(context: Context, scope: str, run_id: str) -> bool:
    """Say whether what this run built in an earlier attempt is what the warehouse holds."""
    if context.ask(built_state) != project_hash(context):
        return False
    return context.ask(lambda connection: state_of(connection, scope)) == run_id


def standing_views(models: Sequence[Model]) -> set[str]:
    """Return the views that only a full build has to build: those that read only views, seeds and sources.

    Their SQL is the same and they hold no data of their own. PostgreSQL drops a view together with a table
    that it reads, and tables are made anew each night, so that views over tables are, too.
    """
    by_id = {model.unique_id: model for model in models}

    def stands(model: Model) -> bool:
        parents = [by_id[parent] for parent in model.parents if parent in by_id]
        return model.materialized == "view" and all(stands(parent) for parent in parents)

    return {model.name for model in models if stands(model)}


def answer(context: Context) -> None:
    """Build the answers over facts and scores, then run their tests. Raises RunError."""
    from pipeline.steps import perform

    if context.ask(built_state) in (None, UNFINISHED):
        raise RunError("the facts are not built to the end; run `winnow build` first")
    perform(
        context,
        "answer",
        "answers",
        partial(_build_answers, context),
        is_still_so=lambda _row: _stands(context, ANSWERS_RUN, context.run_id),
    )


def _build_answers(context: Context, step: OpenStep) -> None:
    results = _dbt(context, "answer", ANSWERS, full_refresh=False)
    answers = [model for model in context.project.models() if model.folder.startswith(ANSWERS_FOLDER)]
    require_built(answers, results)
    step.rows = len(answers)
    with context.warehouse.connect() as connection, connection.transaction():
        _set_state(connection, ANSWERS_RUN, str(state_of(connection, FACTS_RUN)))


def state_of(connection: Connection, scope: str) -> str | None:
    """Return what ops.build_state says of `scope`, None where it says nothing."""
    if not connection.table_exists("ops.build_state"):
        return None
    found = connection.scalar("select hash from ops.build_state where scope = ?", [scope])
    return None if found is None else str(found)


def built_state(connection: Connection) -> str | None:
    """Return the hash of what the facts were built with, `unfinished`, or None before the first build."""
    return state_of(connection, STATE)


def refresh_reason(connection: Connection, current: str, kept: Sequence[str], *, asked: bool) -> str:
    """Return why the facts have to be built in full, or nothing.

    kept: the tables that a build of what is touched adds to; without one it would hold a part and be green.
    """
    if asked:
        return "asked for"
    before = built_state(connection)
    if before is None:
        return "nothing was built before"
    if before == UNFINISHED:
        return "the last build did not finish"
    if before != current:
        return "models, seeds, macros or mappings in winnow.yml have changed"
    gone = [table for table in kept if not connection.table_exists(table)]
    return f"{gone[0]} is gone" if gone else ""


def project_hash(context: Context) -> str:
    """Return a hash of all that decides how facts are built: models, macros, seeds, mappings, key salt."""
    digest = hashlib.sha256()
    paths = [PROJECT_DIR / "dbt_project.yml"]
    for folder in ("models", "macros", "seeds"):
        paths += sorted(path for path in (PROJECT_DIR / folder).rglob("*") if path.is_file())
    for path in paths:
        relative = path.relative_to(PROJECT_DIR).as_posix()
        if relative.startswith(f"models/{ANSWERS_FOLDER}") or path.suffix == ".md":
            continue
        digest.update(relative.encode() + b"\0" + path.read_bytes() + b"\0")
    config = context.config
    mappings = {
        "key_salt": config.agency.key_salt,
        "clients": [(client.id, client.name, client.time_zone) for client in config.clients],
        "accounts": operations.account_map(config),
        "stages": operations.stage_map(config),
        "icps": [client.icp.model_dump() if client.icp else None for client in config.clients],
    }
    digest.update(json.dumps(mappings, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _set_state(connection: Connection, scope: str, value: str) -> None:
    connection.execute("delete from ops.build_state where scope = ?", [scope])
    connection.execute("insert into ops.build_state (scope, hash) values (?, ?)", [scope, value])


def _dbt(
    context: Context, stage: str, select: Sequence[str], *, exclude: Sequence[str] = (), full_refresh: bool
) -> tuple[NodeResult, ...]:
    """Run dbt, the models and then their tests; keep the checks that did not pass for the gate.

    Raises RunError for a model. What failed a night before is looked at in full until it holds again.
    """

    def on_done(done: int, total: int) -> None:
        context.progress(stage, done, total)

    results = context.project.build(select, exclude=exclude, full_refresh=full_refresh, on_done=on_done)
    broken = [line(r) for r in results if r.status in ("error", "fail")]
    if broken:
        raise RunError(*broken)
    is_whole = full_refresh or bool(context.options.select)
    whole = None if is_whole else failed_checks(context)
    tests = context.project.test(select, exclude=exclude, whole=whole, on_done=on_done)
    unmet = [test for test in tests if test.status in ("fail", "warn", "error")]
    rows = [
        (stage, test.name, "warn" if test.status == "warn" else "error", line(test), context.run_id)
        for test in unmet
    ]
    with context.warehouse.connect() as connection, connection.transaction():
        is_all = not exclude and not context.options.select
        names = [] if is_all else [test.name for test in tests]
        only = "" if is_all else f" and name in ({', '.join('?' for _ in names) or 'null'})"
        connection.execute(f"delete from {CHECKS} where stage = ?{only}", [stage, *names])
        connection.insert(CHECKS, list(CHECK_COLUMNS), rows)
    context.notes.warnings += [line(test) for test in unmet]
    return results


def failed_checks(context: Context) -> set[str]:
    """Return the names of the tests that did not pass when they were last run."""
    with context.warehouse.connect() as connection:
        return {row["name"] for row in connection.rows(f"select name from {CHECKS}")}


def line(result: NodeResult) -> str:
    """Say in one line what is wrong with a node."""
    if result.kind == "test" and result.status in ("fail", "warn"):
        return f"check {result.name}: {result.rows} rows do not hold it"
    return f"{result.kind} {result.name}: {result.message}"


def require_built(models: Sequence[Model], results: Sequence[NodeResult]) -> None:
    """Raise RunError when a model of the project is missing from what dbt has built."""
    built = {result.unique_id for result in results if result.status == "success"}
    missing = sorted(
        model.name for model in models if model.unique_id not in built and model.materialized != "ephemeral"
    )
    if missing:
        raise RunError(
            *(f"model {name} was expected and not built; run `winnow build` again" for name in missing)
        )


def require_rows(connection: Connection) -> None:
    """Raise RunError when a table is empty although what it is made of has rows."""
    lost = []
    for table, origin in NEVER_EMPTY.items():
        if not (connection.table_exists(table) and connection.table_exists(origin)):
            continue
        if connection.scalar(f"select 1 from {table} limit 1"):
            continue
        count = connection.scalar(
            f"select count(*) from {origin} as origin where {WAITING.get(origin, 'true')}"
        )
        if count:
            lost.append(f"{table} is empty although {origin} has {count} rows; this is a fault in a model")
    if lost:
        raise RunError(*lost)


def collect_touched(connection: Connection, models: Sequence[Model], *, everything: bool) -> None:
    """Add this build's touched keys to those that the next publish has to write."""
    connection.create_table(UNPUBLISHED_KEYS, {"kind": "text", "key": "uuid"})
    if everything:
        connection.execute(f"insert into {UNPUBLISHED_KEYS} (kind) values ('{EVERYTHING}')")
        return
    pairs = {(m.touched, m.key) for m in models if m.touched and m.key and m.is_published}
    for touched, key in sorted((touched or "", key or "") for touched, key in pairs):
        connection.execute(
            f"insert into {UNPUBLISHED_KEYS} (kind, key)"
            f" select distinct '{touched}', {key} from intermediate.{touched} where {key} is not null"
        )
