"""MIME undone by the standard library: encoded subjects, whole mails, loose parts, leftovers of encodings."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

MAX_RAW = 200_000
"""Characters of a body that are looked at for a text: encodings, styles and tags take room."""

MAX_SUBJECT = 2_000
"""Characters of a subject that are looked at."""

MAX_NESTED = 50
"""Multiparts of a message that are looked into; parsing takes time by the square of their depth."""

_HEAD = 20_000
_HEADER_BLOCK = re.compile(r"(?:>?From [^\n]*\n)?((?:[!-9;-~]+:[^\n]*\n|[ \t]+\S[^\n]*\n)+)(?:[ \t]*\n|\Z)")
_OF_A_MAIL = re.compile(
    r"^(?:content-(?:type|transfer-encoding)|mime-version|received|return-path|message-id|delivered-to)"
    r"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
"""Header fields that no person types above a text."""

_PART = re.compile(
    r"(?:[^\n]{0,200}\bMIME\b[^\n]{0,200}\n(?:[^\n]{1,200}\n)?\n?)?--([^\s\"]{1,70})[ \t]*\n"
    r"(?:[\w-]+:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*)*?content-(?:type|transfer-encoding)[ \t]*:",
    re.IGNORECASE,
)
"""The first part of several, below nothing but the line for mailers that do not know MIME."""

_ENCODED_WORD = re.compile(r"=\?[\w*-]+\?[bq]\?[^?]*\?=", re.IGNORECASE)
_QUOTED_PRINTABLE = re.compile(
    r"(?<=\w)=\r?\n(?=\w)|^[^\n]{60,75}=$|=[CD][0-9A-F]=[89AB][0-9A-F]|=E[0-9A-F](?:=[89AB][0-9A-F]){2}",
    re.MULTILINE,
)
"""What tells quoted-printable from a text with equals signs: lines broken by them, letters in UTF-8."""


def plain_subject(subject: str | None) -> str:
    """Return a subject with its encoded words (RFC 2047) decoded; one that cannot be stays as it is."""
    text = (subject or "").strip()[:MAX_SUBJECT]
    if "=?" not in text or not _ENCODED_WORD.search(text):
        return text
    from email.policy import default

    try:
        return str(default.header_factory("subject", re.sub(r"\s*\r?\n\s*", " ", text))).strip() or text
    except Exception:  # the standard parser has its own errors for some broken headers, of many types
        return text


def decoded(body: str) -> str:
    """Undo MIME, or what is left of quoted-printable; a body with neither is returned as it is."""
    if "ontent-" in body or "eceived:" in body or "ONTENT-" in body:
        message = read_message(body)
        if message is not None:
            return message_text(message)
    if "=" in body and _QUOTED_PRINTABLE.search(body):
        return _text_of(quopri.decodestring(body.encode("utf-8", "surrogatepass")), "utf-8")
    return body


def read_message(body: str, content_type: str | None = None) -> EmailMessage | None:
    """Parse a body that is a whole mail or its parts; return None where it begins like neither.

    content_type: the value of that header where it came apart from the body; else the first boundary counts.
    """
    body = body[:MAX_RAW].replace("\r\n", "\n").lstrip()
    if body.lower().count("multipart/") > MAX_NESTED:
        return None
    header = _HEADER_BLOCK.match(body, 0, _HEAD)
    if not header or not _OF_A_MAIL.search(header[1]):
        part = _PART.match(body, 0, _HEAD)
        if not part:
            return None
        is_whole = "boundary" in (content_type or "").lower()
        own = content_type if is_whole else f'multipart/mixed; boundary="{part[1]}"'
        body = f"Content-Type: {own}\n\n{body}"
    from email import message_from_bytes
    from email.policy import default

    try:
        return message_from_bytes(body.encode("utf-8", "surrogatepass"), policy=default)
    except Exception:  # of a broken message; the standard parser has errors of its own, of many types
        return None


def message_text(message: EmailMessage) -> str:
    """Return the text of a message, plain before HTML; attached mails are none. A broken one never raises."""
    try:
        return next(text for text in _texts(message) if text.strip())
    except StopIteration:
        return ""
    except Exception:  # see read_message
        return str(message.get_payload())


def _texts(message: EmailMessage) -> Iterator[str]:
    for kind in ("plain", "html"):
        part = message.get_body(preferencelist=(kind,))
        if part is not None:
            yield part_text(part)
    below = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(below, str):
        yield below


def part_text(part: MIMEPart) -> str:
    """Return the text of one part, its encoding undone."""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    is_encoded = str(part.get("content-transfer-encoding", "")).strip().lower() not in _AS_THEY_ARE
    return _text_of(content, (part.get_content_charset() if is_encoded else None) or "utf-8")


_AS_THEY_ARE = frozenset({"", "7bit", "8bit", "binary"})
"""Encodings of parts that are text already; whoever gave us a string has decoded them."""


def _text_of(content: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("cp1252", "replace")
