"""The marts as text that a person can read: ids by what they stand for, empty columns left out."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.engines.replay import Replay
from warehouse import Connection, Warehouse

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
WINNOW_YML = (HERE / "winnow.yml").read_text()
FIRST_NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
NIGHTS = 5
SALT = "golden"

MADE_OF_OTHERS = frozenset(
    {"assignment_id", "campaign_lead_id", "client_lead_id", "funnel_id", "who_segment_id", "finding_id"}
    | {"thread_message_id", "thread_id", "pipeline_count_id", "pipeline_value_id", "pool_stat_id"}
    | {"stuck_id", "activity_id", "client_week_id", "thread_alias_id"}
    | {"client_icp_id", "company_field_id", "lead_field_id", "lead_change_id"}
    | {"assignment_event_id", "suppression_id", "suppressed_lead_id", "send_eligibility_id"}
    | {"campaign_step_id", "mailbox_day_id", "sending_health_id"}
    | {"attribution_id", "client_cost_id", "client_month_id"}
)
"""Ids that are a hash of the ids beside them."""


def nights() -> Iterator[tuple[datetime, dict[str, Path]]]:
    """Yield the clock of each night and what is loaded in it; the first brings nothing."""
    for number in range(NIGHTS):
        folder = HERE / "nights" / str(number)
        yield FIRST_NIGHT + timedelta(days=number), {"files": folder} if folder.is_dir() else {}


def replay(target: Replay) -> None:
    """Run the five nights."""
    for run_at, files in nights():
        target.night(run_at, files)


def tables(warehouse: Warehouse) -> dict[str, str]:
    """Return every mart as CSV, by file name."""
    with warehouse.connect() as connection:
        names = _names(connection)
        return {
            f"{schema}.{table}.csv": _csv(connection, f"{schema}.{table}", names)
            for schema in ("facts", "answers", "scoring")
            for table in sorted(connection.tables(schema))
        }


def key(kind: str, *parts: str) -> str:
    """Return the id of a natural key, as macros/keys.sql makes it."""
    return str(UUID(hashlib.md5("\x1f".join((SALT, kind, *parts)).encode()).hexdigest()))


def _names(connection: Connection) -> dict[str, str]:
    """Return what each id stands for; a lead is named after the first key that it was seen with."""
    names = {key("client", "nordwind"): "nordwind"}
    kinds = {
        "message": ("m1", "m2", "m3", "m9"),
        "reply": ("r1", "r2"),
        "event": ("e1", "e2"),
        "meeting": ("n1", "n2"),
        "deal": ("d1",),
        "campaign": ("c1",),
        "template": ("t1",),
    }
    for kind, ids in kinds.items():
        names |= {key(kind, "files", "files", number): number for number in ids}
    names[key("mailbox", "ann@send.example")] = "ann@send.example"
    domains = ("x.example", "y.example")
    names |= {key("company", "domain", domain): domain for domain in domains}
    keys = {row["person_key"] for row in connection.rows("select person_key from intermediate.lead_keys")}
    return names | {key("lead", person_key): person_key for person_key in keys}


def _csv(connection: Connection, table: str, names: dict[str, str]) -> str:
    columns = [name for name in connection.columns(table) if name not in MADE_OF_OTHERS]
    rows = [
        [_cell(row[name], names) for name in columns] for row in connection.rows(f"select * from {table}")
    ]
    filled = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([columns[index] for index in filled])
    writer.writerows(sorted([row[index] for index in filled] for row in rows))
    return out.getvalue()


def _cell(value: Any, names: dict[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, UUID | str):  # PostgreSQL's driver returns ids as text
        return names.get(str(value), str(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
