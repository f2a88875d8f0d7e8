"""The small SQL database beside the warehouse: ledger, lock and decisions.

A SQLite file beside a DuckDB warehouse, because a second process cannot even read a DuckDB file that is being
written and people use the command while the night runs; schema `ops` on PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.types import TypeDecorator

from warehouse import Warehouse

SCHEMA = "ops"
BUSY_SECONDS = 30


class UtcTime(TypeDecorator[datetime]):
    """A moment, UTC. SQLite keeps no offset, so it is written without and put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write as UTC; a time without an offset is refused, since nobody knows what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(schema=SCHEMA)

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, **{"nullable": False} | options)


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("run_id", unique=True),
    sa.Column("run_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime),
    _text("target"),
    _text("command"),
    sa.Column("is_whole", sa.Boolean, nullable=False, default=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=1),
    _text("outcome"),
    sa.Column("exit_code", sa.Integer),
    _text("error", nullable=True),
    sa.Column("summary", sa.JSON),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("step_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("run_id", index=True),
    _text("stage"),
    _text("step"),
    sa.Column("inputs", sa.JSON, nullable=False),
    _text("outcome"),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("rows", sa.BigInteger),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("retry_count", sa.Integer, nullable=False, default=0),
    sa.Column("made", sa.JSON, nullable=False),
    sa.Column("notes", sa.JSON, nullable=False),
    _text("cost", nullable=True),
    _text("error", nullable=True),
)

load_counts = sa.Table(
    "load_counts",
    metadata,
    _text("run_id", primary_key=True),
    _text("source", primary_key=True),
    _text("account", primary_key=True),
    _text("resource", primary_key=True),
    sa.Column("reported", sa.BigInteger),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("received", "landed", "known", "quarantined", "duplicates", "gone")
    ),
    _text("load_id", nullable=True),
)

requests = sa.Table(
    "requests",
    metadata,
    _text("run_id", primary_key=True),
    _text("source", primary_key=True),
    _text("account", primary_key=True),
    _text("endpoint", primary_key=True),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("calls", "retries", "throttled", "refused", "failed", "unanswered", "bytes_received")
    ),
    sa.Column("seconds_waited", sa.Float, nullable=False),
)
"""What requests cost, by endpoint; empty: of all endpoints together, as earlier releases wrote it."""

metrics = sa.Table(
    "metrics",
    metadata,
    _text("run_id", primary_key=True),
    _text("metric", primary_key=True),
    sa.Column("run_at", UtcTime, nullable=False),
    _text("target"),
    sa.Column("value", sa.Float, nullable=False),
    sa.Index("metrics_by_night", "target", "run_at"),
)

accepted_checks = sa.Table(
    "accepted_checks",
    metadata,
    _text("run_id", primary_key=True),
    _text("check", primary_key=True),
    _text("reason"),
    _text("who"),
    sa.Column("accepted_at", UtcTime, nullable=False),
    _text("said"),
)

locks = sa.Table(
    "locks",
    metadata,
    _text("target", primary_key=True),
    _text("token"),
    _text("run_id"),
    _text("command"),
    _text("holder"),
    _text("host"),
    sa.Column("pid", sa.Integer, nullable=False),
    _text("born"),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("heartbeat", UtcTime, nullable=False),
)

paid_answers = sa.Table(
    "paid_answers",
    metadata,
    sa.Column("seq", _SERIAL, primary_key=True, autoincrement=True),
    _text("provider"),
    _text("account"),
    _text("key"),
    sa.Column("refreshed_at", UtcTime),
    _text("payload"),
    _text("credits"),
    sa.Column("committed_at", UtcTime, nullable=False),
    sa.Index("paid_answers_by_key", "provider", "key"),
    sa.Index("paid_answers_by_account", "provider", "account", "seq"),
)

scores_at_send = sa.Table(
    "scores_at_send",
    metadata,
    _text("message_id", primary_key=True),
    _text("lead_id"),
    _text("client_id"),
    sa.Column("sent_at", UtcTime, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    _text("tier"),
    _text("weights_version"),
    sa.Column("scored_at", UtcTime, nullable=False),
    _text("run_id"),
)

reply_judgements = sa.Table(
    "reply_judgements",
    metadata,
    sa.Column("number", _SERIAL, primary_key=True, autoincrement=True),
    _text("text_key", index=True),
    _text("method"),
    _text("model", nullable=True),
    _text("prompt_version", nullable=True),
    sa.Column("label", sa.JSON, nullable=False),
    _text("text", nullable=True),
    sa.Column("decided_at", UtcTime, nullable=False),
    _text("decided_by"),
)
"""What a model or a person said of a reply's text; a person's with the text, the evaluation set."""

reply_batches = sa.Table(
    "reply_batches",
    metadata,
    sa.Column("batch_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("token", unique=True),
    _text("batch_id", nullable=True),
    *(_text(name) for name in ("run_id", "model", "prompt_version", "status", "reserved")),
    _text("cost", nullable=True),
    sa.Column("price", sa.JSON, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    *(sa.Column(name, UtcTime, nullable=False) for name in ("run_at", "created_at")),
    *(sa.Column(name, UtcTime) for name in ("submitted_at", "ended_at")),
)
"""Batches of replies given to Claude, written before they are sent; see pipeline/claude/store.py."""

reply_requests = sa.Table(
    "reply_requests",
    metadata,
    _text("custom_id", primary_key=True),
    sa.Column("batch_number", sa.BigInteger, nullable=False, index=True),
    _text("text_key", index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    _text("status"),
    *(sa.Column(f"{kind}_tokens", sa.Integer) for kind in ("input", "output", "cache_write", "cache_read")),
    *(_text(name, nullable=True) for name in ("cost", "error")),
)

pool_requests = sa.Table(
    "pool_requests",
    metadata,
    sa.Column("request_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("request_id", unique=True),
    _text("kind"),
    _text("target"),
    _text("client"),
    _text("status"),
    _text("reason", nullable=True),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("company_target", sa.Integer),
    sa.Column("company_ready", sa.Integer),
    sa.Column("contact_target", sa.Integer, nullable=False),
    sa.Column("contact_ready", sa.Integer, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)
"""Calls that asked for people, how far each has come, and why it ended; see pipeline/pool_requests.py."""

pool_request_leads = sa.Table(
    "pool_request_leads",
    metadata,
    _text("request_id", primary_key=True),
    _text("lead_id", primary_key=True),
    sa.Column("is_ready", sa.Boolean, nullable=False),
)

identity_links = sa.Table(
    "identity_links",
    metadata,
    sa.Column("link_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("decision", index=True),
    _text("left_key", index=True),
    _text("right_key"),
    _text("kind"),
    _text("method"),
    sa.Column("score", sa.Float),
    _text("version", nullable=True),
    _text("reason", nullable=True),
    sa.Column("decided_at", UtcTime, nullable=False),
    _text("decided_by"),
)
"""Pairs of person keys decided to be the same person or different ones; see pipeline/identity.py."""

lead_changes = sa.Table(
    "lead_changes",
    metadata,
    _text("run_id", primary_key=True),
    _text("old_lead_id", primary_key=True),
    _text("new_lead_id", primary_key=True),
    _text("kind"),
    _text("person_key"),
    _text("reason"),
    _text("decided_by"),
    sa.Column("changed_at", UtcTime, nullable=False),
)
"""Which leads were merged and split, by which build: their ids are with people, in exports and reports."""

client_versions = sa.Table(
    "client_versions",
    metadata,
    sa.Column("version_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("client", index=True),
    _text("kind"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("content", sa.JSON(none_as_null=True)),
    sa.Column("valid_from", UtcTime, nullable=False),
)
"""What winnow.yml said of each client, and since when; no content: it says nothing any more."""

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("grant_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("client", nullable=True),
    _text("role"),
    sa.Column("granted_at", UtcTime, nullable=False),
    _text("granted_by"),
    sa.Column("revoked_at", UtcTime),
    _text("revoked_by", nullable=True),
)
"""Which role may read which client's rows, no client for everything; warehouse/row_security.py applies it."""

fields = sa.Table(
    "fields",
    metadata,
    _text("target", primary_key=True),
    _text("source", primary_key=True),
    _text("account", primary_key=True),
    _text("resource", primary_key=True),
    _text("field", primary_key=True),
    sa.Column("is_declared", sa.Boolean, primary_key=True),
    sa.Column("filled", sa.BigInteger, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("first_seen_at", UtcTime, nullable=False),
    sa.Column("last_seen_at", UtcTime, nullable=False),
    sa.Column("missing_since", UtcTime),
)
"""Which fields every resource's records had, over all loads; pipeline/drift.py tells what changed."""

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("pause_number", _SERIAL, primary_key=True, autoincrement=True),
    _text("kind"),
    _text("name"),
    sa.Column("until", UtcTime),
    sa.Column("paused_at", UtcTime, nullable=False),
    _text("paused_by"),
    sa.Column("resumed_at", UtcTime),
    _text("resumed_by", nullable=True),
)
"""What loads leave out, until it is resumed or its time is up."""


def open_state(warehouse: Warehouse, state_dir: Path) -> Engine:
    """Open the database that goes with `warehouse`, created where it is missing. Dispose of it after use.

    Raises WarehouseError when the server cannot be reached.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(warehouse.state_url(state_dir), pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        engine = engine.execution_options(schema_translate_map={SCHEMA: None})
    with warehouse.state_errors(), engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(sa.text(f"create schema if not exists {SCHEMA}"))
        for table in (load_counts, requests):
            _upgrade(connection, table)
        metadata.create_all(connection)
    return engine


def _upgrade(connection: sa.Connection, table: sa.Table) -> None:
    """Make a table anew that an earlier release made with fewer columns, with its rows."""
    schema = None if connection.dialect.name == "sqlite" else SCHEMA
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, schema):
        return
    held = {column["name"] for column in inspector.get_columns(table.name, schema)}
    if held >= set(table.columns.keys()):
        return
    kept = [column for column in table.columns if column.name in held]
    rows = [dict(row) for row in connection.execute(sa.select(*kept)).mappings()]
    table.drop(connection)
    table.create(connection)
    if rows:
        blanks = {column.name: blank(column) for column in table.columns}
        connection.execute(sa.insert(table), [{**blanks, **row} for row in rows])


def blank(column: sa.Column[Any]) -> Any:
    """Return what a column holds in rows that were written before it was there."""
    if column.nullable or isinstance(column.type, sa.JSON | UtcTime):
        return None
    return "" if isinstance(column.type, sa.Text) else 0


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    # WAL: people read while the night writes. FULL: a paid answer survives a power cut once it is committed.
    for pragma in ("journal_mode = wal", "synchronous = full", f"busy_timeout = {BUSY_SECONDS * 1000}"):
        raw.execute(f"pragma {pragma}")
