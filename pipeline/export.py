"""Exports: what is published about one client's leads, contacts and companies, as CSV.

UTF-8 with a header, RFC 4180 (CRLF, quotes where needed, line breaks kept inside); times are ISO 8601, UTC.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipeline.errors import UsageError
from pipeline.export_columns import (
    COMPANY_COLUMNS,
    CONTACT_COLUMNS,
    LEAD_COLUMNS,
    company_row,
    contact_row,
    lead_row,
)
from pipeline.export_sql import companies_sql, contacts_sql, leads_sql

if TYPE_CHECKING:
    from scoring.als_points import ClientPoints
    from warehouse import Connection

Row = Mapping[str, Any]

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b\"'`´‘’“”«»]*[=+\-@＝＋－＠]")
_RUNS_ALONE = ("\t", "\r", "\n")


def export_leads(reader: Connection, client: str, out: Path) -> int:
    """Write `client`'s leads, the best score first, to `out`; return how many. Raises UsageError.

    failing_codes: why a campaign that the lead is not in yet may not write to it, see `send_eligibility`.
    """
    rows = _stream(reader, leads_sql(_client_id(reader, client)))
    return write_csv(out, LEAD_COLUMNS, map(lead_row, rows))


def export_contacts(
    reader: Connection, client: str, out: Path, *, only: Collection[str] | None = None
) -> int:
    """Write the people behind `client`'s leads, the best known first, to `out`; return how many.

    Who bounced, opted out, is suppressed, refused, is away or cooling is left out. quality_score is the
    enrichment confidence, 0–100. only: these lead ids. Raises UsageError.
    """
    rows = _stream(reader, contacts_sql(_client_id(reader, client)))
    chosen = (row for row in rows if only is None or row["lead_id"] in only)
    return write_csv(out, CONTACT_COLUMNS, map(contact_row, chosen))


def export_companies(
    reader: Connection,
    client: str,
    out: Path,
    *,
    points: ClientPoints | None = None,
    only: Collection[str] | None = None,
) -> int:
    """Write the companies of `client`'s leads, the best fit first, to `out`; return how many.

    points: the client's scoring points, whose tier bounds make icp_tier; the defaults when None. only: these
    company ids.
    Raises UsageError.
    """
    from scoring.als_points import load_points

    bounds = points or load_points().of(client)
    rows = _stream(reader, companies_sql(_client_id(reader, client)))
    chosen = (row for row in rows if only is None or str(row["company_id"]) in only)
    return write_csv(out, COMPANY_COLUMNS, (company_row(row, bounds.tier) for row in chosen))


def cell(value: object) -> str:
    """Return a value as the text of a CSV cell; nothing that a spreadsheet would run as a formula.

    Text that begins like a formula, also behind blanks or quotes, gets an apostrophe before it, by which a
    spreadsheet takes it as text. Plain numbers stay numbers. (OWASP, "CSV Injection".)
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    is_formula = text.startswith(_RUNS_ALONE) or _FORMULA.match(text)
    return f"'{text}" if is_formula and not _PLAIN_NUMBER.fullmatch(text) else text


def uncell(text: str) -> str:
    """Return the text that `cell` made a cell of: without the apostrophe that it may have set before it."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def _client_id(reader: Connection, client: str) -> str:
    """Return the key of `client`; raises UsageError naming the known ones."""
    found = reader.scalar("select client_id from analytics.clients where client = ?", [client])
    if found is not None:
        return str(found)
    names = [row["client"] for row in reader.rows("select client from analytics.clients")]
    known = ", ".join(sorted(names)) or "none"
    raise UsageError(f"nothing is published of a client {client!r} (known: {known})")


def _stream(reader: Connection, sql: str) -> Iterator[Row]:
    for batch in reader.stream(sql):
        yield from batch


def write_csv(out: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write beside `out`, then rename over it: a reader sees the old file or the whole new one.

    Returns how many rows. Raises UsageError where nothing can be written.
    """
    if not out.parent.is_dir():
        raise UsageError(f"folder {out.parent} does not exist; create it or name another --out")
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            count = write_rows(file, columns, rows)
        draft.replace(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return count


def write_rows(file: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a header and rows as CSV; return how many rows."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([cell(row[name]) for name in columns])
        count += 1
    return count
