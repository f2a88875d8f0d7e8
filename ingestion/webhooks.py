"""Webhooks: what a receiver of your own has put into a folder, verified, typed and landed.

A receiver writes each webhook down as `{received_at, headers, raw_body}`, one a file (.json) or one a line
(.jsonl); a provider's bare body will do, but nothing verifies it. What was read before is passed over;
reading it again does no harm, because an event has the same key each time.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.contracts import Refused
from ingestion.errors import TerminalError
from ingestion.signatures import Receipt, WrongSignatureError, verify
from ingestion.values import Json, ValueRefusedError, parse_timestamp
from ingestion.webhook_files import (
    BadText,
    File,
    Folder,
    Lines,
    Progress,
    Reading,
    harmless,
    is_fresh,
    parsed,
)
from ingestion.webhook_records import WEBHOOKS, is_known, parts, row, without_secrets

if TYPE_CHECKING:
    from ingestion.jobs import Job
    from pipeline.accounts import Account

CURSOR = "webhooks"
RAW_BODY = "raw_body"
NAME = WEBHOOKS.name
SHOWN = 10
"""How many unknown types a note lists."""


def read_webhooks(job: Job, address: str) -> dict[str, Any]:
    """Put what is new in the account's folder into the spool; return the new cursor of its webhooks.

    address: of the folder. Raises LoadError when it cannot be read; what is wrong inside is quarantined.
    """
    taker = _Taker(job, _secrets(job.source, job.account))
    before = Progress.of(job.cursor.get(CURSOR, {}))
    folder = Folder(job.where, address)
    files, others = folder.files()
    fresh = [file for file in files if is_fresh(file, before)]
    if others:
        job.notes.append(f"{job.where}: {others:,} files among the webhooks are neither .json nor .jsonl")
    after = _held(files, before)
    tally, limit = job.spool.tallies[NAME], job.request.limit
    for number, file in enumerate(fresh):
        if job.is_late:
            job.postponed("files of webhooks", number, len(fresh) - number)
            break
        if limit is not None and tally.received >= limit:
            break
        reading = Reading(before.lines.get(file.name) or Lines())
        taker.take(folder, file, reading)
        if reading.is_done and file.has_lines:
            after.lines[file.name] = reading.lines
        elif reading.is_done:
            after.whole.add(file.digest)
    taker.note_unknown()
    return after.as_cursor() if limit is None else dict(job.cursor.get(CURSOR, {}))


def _held(files: list[File], before: Progress) -> Progress:
    """Return what was read before of the files that are still there."""
    whole = {file.digest for file in files if not file.has_lines} & before.whole
    names = {file.name for file in files}
    return Progress(whole, {name: lines for name, lines in before.lines.items() if name in names})


def _secrets(source: str, account: Account) -> tuple[str, ...]:
    """Return the account's secrets: one a webhook where each has its own, parted by commas or spaces."""
    name = account.webhook_secret_env
    if name is None:
        return ()
    found = tuple(os.environ.get(name, "").replace(",", " ").split())
    if not found:
        raise TerminalError(
            f"{source} account {account.name}: environment variable {name} is not set;"
            f" export it or take webhook_secret_env out of winnow.yml"
        )
    return found


@dataclass(frozen=True)
class _Taker:
    """Takes the records of files into a job's spool."""

    job: Job
    secrets: tuple[str, ...]
    unknown: Counter[str] = field(default_factory=Counter)
    """Types that the provider does not document, with how often they came."""

    def take(self, folder: Folder, file: File, reading: Reading) -> None:
        """Take what is new in a file."""
        for number, value in folder.read(file, reading):
            place = f"{file.name}:{number}" if number else file.name
            if isinstance(value, BadText):
                self._refuse(place, value.reason, value.text)
                continue
            for index, (record, is_one) in enumerate(self._records(value)):
                self._take(record, place if is_one else f"{place}[{index}]")

    def _records(self, value: Json) -> list[tuple[Json, bool]]:
        """Return the webhooks in a value: several in a list, unless the list is itself a body."""
        if not isinstance(value, list):
            return [(value, True)]
        are_envelopes = all(isinstance(item, dict) and RAW_BODY in item for item in value)
        if self.job.source == "hubspot" and not are_envelopes:
            return [(value, True)]
        return [(item, False) for item in value]

    def _take(self, record: Json, place: str) -> None:
        """Take one webhook; whatever is wrong with it is its own matter."""
        body: Json = None
        try:
            receipt, body = opened(record)
            is_verified = verify(self.job.source, receipt, body, self.secrets)
            found = parts(self.job.source, without_secrets(body))
        except (ValueRefusedError, WrongSignatureError) as error:
            self._refuse(place, str(error), without_secrets(body) if body is not None else _rest(record))
            return
        for index, part in enumerate(found):
            self._add(part, receipt, is_verified, place if len(found) == 1 else f"{place}[{index}]")

    def _add(self, part: Json, receipt: Receipt, is_verified: bool | None, place: str) -> None:
        try:
            typed = row(self.job.source, part, receipt.headers)
        except ValueRefusedError as error:
            self._refuse(place, str(error), part)
            return
        if not is_known(self.job.source, typed):
            self.unknown[repr(typed["event_type"])[:40]] += 1
        beside = {"received_at": receipt.received_at, "is_verified": is_verified}
        self.job.spool.add(NAME, [{**typed, **beside}], places=lambda _: place)

    def note_unknown(self) -> None:
        """List the types of webhooks that landed and that nothing reads."""
        if self.unknown:
            types = ", ".join(f"{name} ({count:,})" for name, count in self.unknown.most_common(SHOWN))
            self.job.notes.append(f"{self.job.where}: webhooks of types that winnow does not know: {types}")

    def _refuse(self, place: str, reason: str, payload: Json) -> None:
        self.job.spool.add_refused(NAME, Refused("", place, reason, json.dumps(payload)))


def opened(record: Json) -> tuple[Receipt, Json]:
    """Return the receipt and the body of an envelope, or of a bare body; raises ValueRefusedError."""
    if not isinstance(record, dict) or RAW_BODY not in record:
        return Receipt(), record
    raw = record[RAW_BODY]
    if not isinstance(raw, str):
        raise ValueRefusedError(f"{RAW_BODY}: expected text, got {type(raw).__name__}")
    try:
        content = base64.b64decode(raw, validate=True) if record.get("is_base64") is True else raw.encode()
    except (binascii.Error, ValueError):
        raise ValueRefusedError(f"{RAW_BODY}: is not what is_base64 says") from None
    body = parsed(content)
    if isinstance(body, BadText):
        raise ValueRefusedError(f"{RAW_BODY}: {body.reason}")
    try:
        received_at = parse_timestamp(record["received_at"]) if record.get("received_at") else None
    except ValueRefusedError as error:
        raise ValueRefusedError(f"received_at: {error}") from None
    method, uri = (record.get(name) for name in ("method", "uri"))
    return (
        Receipt(
            content,
            plain_headers(record.get("headers")),
            received_at,
            method if isinstance(method, str) else None,
            uri if isinstance(uri, str) else None,
        ),
        body,
    )


def _rest(record: Json) -> Json:
    """Return what of an envelope that cannot be opened may land: neither headers nor secrets."""
    if not isinstance(record, dict):
        return record
    raw = record.get(RAW_BODY)
    kept = {name: value for name, value in record.items() if name not in ("headers", RAW_BODY)}
    return without_secrets({**kept, RAW_BODY: harmless(raw) if isinstance(raw, str) else None})


def plain_headers(headers: Json) -> Mapping[str, str]:
    """Return headers by name in lower case; of several values, the first. Raises ValueRefusedError."""
    if headers is None:
        return {}
    if not isinstance(headers, dict):
        raise ValueRefusedError("headers: expected an object of names and values")
    firsts = {
        str(name).strip().lower(): value[0] if isinstance(value, list) and value else value
        for name, value in headers.items()
    }
    return {name: value.strip() for name, value in firsts.items() if isinstance(value, str)}
