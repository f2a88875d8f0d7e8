"""The parts of a delivery notice or complaint, whole or in the pieces that providers hand on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.mime import MAX_RAW, message_text, part_text, plain_subject, read_message
from scoring.plain_text import html_to_text, is_html

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_TYPES = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_HEADER_LENGTH = 20_000
_BEGINNING = 500
MAX_STATUS = 50_000
"""Characters of a delivery status that are looked at."""

_RECIPIENT = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_OUTCOME = re.compile(r"^(?:action|status)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")

Fields = Mapping[str, str]
"""Names in small letters to values without line breaks."""


@dataclass(frozen=True)
class NoticeParts:
    """What a mail that may be a notice consists of.

    headers: the mail's own, names in small letters. report_type: of a multipart/report. text: what it says,
    before any copy of the mail that it is about. recipients: the fields of each in a delivery status
    (RFC 3464). feedback: the fields of a complaint (RFC 5965). returned: the header of the mail it is about.
    """

    subject: str
    headers: Fields
    report_type: str | None
    text: str
    recipients: tuple[Fields, ...]
    feedback: Fields | None
    returned: Fields


def read_parts(subject: str | None, body: str | None, headers: Mapping[str, Any] | None) -> NoticeParts:
    """Take a mail apart.

    body: text, HTML, loose MIME parts or a whole message, whose header then counts as well.
    """
    given = {str(name).strip().lower(): _one_line(value) for name, value in (headers or {}).items()}
    body = (body or "")[:MAX_RAW]
    message = read_message(body, given.get("content-type"))
    if message is None:
        text = _plain(body)
        return NoticeParts(
            subject=plain_subject(subject) or given.get("subject", ""),
            headers=given,
            report_type=_report_type(given.get("content-type", "")),
            text=text,
            recipients=_recipients(text),
            feedback=None,
            returned={},
        )
    try:
        return _of_message(subject, message, given)
    except Exception:  # of a broken message; the standard parser has errors of its own, of many types
        return NoticeParts(plain_subject(subject), given, None, _plain(body), (), None, {})


def _of_message(subject: str | None, message: EmailMessage, given: Fields) -> NoticeParts:
    own = {name.lower(): _one_line(value) for name, value in message.raw_items()} | dict(given)
    recipients: tuple[Fields, ...] = ()
    feedback: Fields | None = None
    returned: Fields = {}
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind in _STATUS_TYPES:
            recipients += _recipients(_raw(part))
        elif kind == "message/feedback-report" and feedback is None:
            feedback = _fields(_raw(part).split("\n"))
        elif kind in _RETURNED_TYPES and not returned:
            returned = _fields(_raw(part)[:_HEADER_LENGTH].lstrip("\n").partition("\n\n")[0].split("\n"))
    text = _plain(message_text(message) or _first_text(message))
    return NoticeParts(
        subject=plain_subject(subject) or plain_subject(own.get("subject")),
        headers=own,
        report_type=_report_type(own.get("content-type", "")),
        text=text,
        recipients=recipients or _recipients(text),
        feedback=feedback,
        returned=returned,
    )


def _one_line(value: Any) -> str:
    """Return a header's value, or several of them, as one line."""
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join(" ".join(str(item) for item in values if item is not None).split())


def _report_type(content_type: str) -> str | None:
    if "multipart/report" not in content_type.lower():
        return None
    found = re.search(r"report-type\s*=\s*\"?([\w-]+)", content_type, re.IGNORECASE)
    return found[1].lower() if found else None


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that are not multiparts; mails that are attached are not looked into."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from _leaves(inner)
    else:
        yield part


def _raw(part: MIMEPart) -> str:
    """Return what stands below a part's own header, as it was sent where it holds messages."""
    if not part.is_multipart():
        return part_text(part)
    from email.policy import default

    as_sent = default.clone(refold_source="none")
    inner = (message.as_bytes(policy=as_sent) for message in part.iter_parts())
    return "\n\n".join(content.decode("utf-8", "replace") for content in inner)


def _first_text(message: EmailMessage) -> str:
    texts = (part_text(part) for part in _leaves(message) if part.get_content_maintype() == "text")
    return next((text for text in texts if text.strip()), "")


def _plain(text: str) -> str:
    """Return a text without tags if it begins with one; the copy of a mail below a notice may hold more."""
    return html_to_text(text) if is_html(text[:_BEGINNING]) else text.replace("\r\n", "\n")


def _recipients(text: str) -> tuple[Fields, ...]:
    """Return the fields of each recipient: groups between empty lines, or up to a field that comes again."""
    text = text[:MAX_STATUS]
    if not (_RECIPIENT.search(text) and _OUTCOME.search(text)):
        return ()
    blocks = [block.split("\n") for block in re.split(r"\n[ \t]*\n", text)]
    groups = [group for block in blocks for group in _groups(block)]
    complete = tuple(group for group in groups if _is_recipient(group) and {"action", "status"} & set(group))
    return complete or tuple(filter(_is_recipient, _groups(text.split("\n"))))


def _is_recipient(fields: Fields) -> bool:
    return "final-recipient" in fields or "original-recipient" in fields


def _groups(lines: list[str]) -> Iterator[Fields]:
    """Yield the fields of one recipient after the other, where nothing but a repeated name parts them."""
    group: list[str] = []
    names: set[str] = set()
    for line in lines:
        name = line.partition(":")[0].strip().lower()
        if name in names:
            yield _fields(group)
            group, names = [], set()
        group.append(line)
        names |= {name} if name.endswith("-recipient") else set()
    yield _fields(group)


def _fields(lines: list[str]) -> Fields:
    """Return the fields that begin lines, the first of each name; indented lines go on with the one above."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if name:
                fields[name] = f"{fields[name]} {line.strip()}"
            continue
        field = _FIELD.match(line)
        name = field[1].lower() if field and field[1].lower() not in fields else ""
        if name and field:
            fields[name] = field[2].strip()
    return fields
