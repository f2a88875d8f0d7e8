"""Delivery notices and complaints: what bounced, whether for good, why, and whose address it is.

The evidence in its order: the type of the report, the fields of a delivery status (RFC 3464), an enhanced
status code in the text (RFC 3463), a reply code of SMTP (RFC 5321), and the words of
`scoring/lexicons/bounces.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scoring.lexicons import read_lexicon
from scoring.notice_parts import Fields, NoticeParts, read_parts
from scoring.text import answers

MAX_TEXT = 8_000
"""Characters of a notice's own words that are looked at."""

MAX_START = 300
"""Characters above the words by which a notice begins; a person who forwards one says more, or says "Re:"."""

_DELIVERED = frozenset({"delivered", "relayed", "expanded"})
_TYPES = {"5": "hard", "4": "soft"}
_SEVERITY = ("hard", "unknown", "soft")
_NO_COMPLAINTS = frozenset({"not-spam", "auth-failure"})
_DAEMON = re.compile(r"mailer-daemon|mail delivery (?:sub)?system|mailerdaemon|maildaemon", re.IGNORECASE)
_POSTMASTER = re.compile(r"postmaster@|microsoftexchange[0-9a-f]+@", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"'`|=*{}]{1,64}@(?:[^\s<>()\[\],;:\"'`|=*{}@.]+\.)+"
    r"(?:xn--[\w-]+|[^\s<>()\[\],;:\"'`|=*{}@.\d]{2,24})"
)
_ENHANCED = re.compile(
    r"\b[245]\d\d[ -]+\(?#?([245]\.\d{1,3}\.\d{1,3})\b"  # 550 5.1.1
    r"|#[< ]?([245]\.\d{1,3}\.\d{1,3})\b"
    r"|\b(?:status|code|dsn)\W{1,4}([245]\.\d{1,3}\.\d{1,3})\b"
    r"|(?:^|(?<!version)(?<!exim)(?<!postfix)(?<!smtp)[\s(\[<>])([245]\.[0-7]\.\d{1,3})(?=[\s)\]>:;,-]|$)",
    re.IGNORECASE,
)
_MAIL_SYSTEMS = ("postmaster@", "mailer-daemon@")
_FOREIGN_LINE = re.compile(r"^[ \t]*(?:message-id|from|sender|reply-to)\s*:.*$", re.IGNORECASE | re.MULTILINE)
"""Lines with addresses that are no recipients."""

_REPLY = re.compile(
    r"(?:^|[\s:(\"'])([45][0-5]\d)(?=[ )-])(?![ -]\d+[ -.]?\d* ?(?:kb|mb|bytes|days|hours)\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Notice:
    """What a delivery notice or a complaint says.

    kind: 'bounce' or 'complaint'. bounce_type: 'hard', 'soft' or 'unknown', which blocks like hard elsewhere;
    None of a complaint. code: enhanced status code, such as '5.1.1'. reason: of the lexicon's `codes`.
    email: the recipient as the sender addressed it where that is told, in small letters.
    """

    kind: str
    bounce_type: str | None
    code: str | None
    reason: str | None
    email: str | None


def read_notice(subject: str | None, body: str | None, headers: Mapping[str, Any] | None) -> Notice | None:
    """Return what a mail says as a delivery notice or complaint; None where it is neither.

    body: the notice's text, its MIME parts, or the whole message as received. headers: name to value, or to a
    list of values. Of several recipients the one that failed worst is returned. Answers of people, answering
    machines and notices of success are None.
    """
    parts = read_parts(subject, body, headers)
    text = _own_words(parts.text)
    if parts.report_type == "feedback-report" or parts.feedback is not None or _is_complaint(text):
        return _complaint(parts)
    if parts.report_type == "disposition-notification":
        return None
    if parts.recipients and not (answers(parts.subject) and not _is_by_machine(parts)):
        notices = [_reported(parts, fields, text) for fields in parts.recipients]
        return min(
            filter(None, notices), key=lambda told: _SEVERITY.index(str(told.bounce_type)), default=None
        )
    return _told(parts, text) if _is_notice(parts, text) else None


@dataclass(frozen=True)
class _Words:
    """A group of words by which a reason is known."""

    reason: str
    code: str
    bounce_type: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class _Rules:
    """The lexicon, compiled."""

    reasons: Mapping[str, str]
    vague: frozenset[str]
    replies: Mapping[str, str]
    words: tuple[_Words, ...]
    temporary: re.Pattern[str]
    permanent: re.Pattern[str]
    delivered: re.Pattern[str]
    starts: re.Pattern[str]
    subjects: re.Pattern[str]
    complaints: re.Pattern[str]
    automatic: re.Pattern[str]
    copies: re.Pattern[str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    document = read_lexicon("bounces").document
    groups = document["words"]
    return _Rules(
        reasons={code: reason for reason, codes in document["codes"].items() for code in codes},
        vague=frozenset(document["vague"]),
        replies={str(reply): reason for reply, reason in document["replies"].items()},
        words=tuple(_Words(g["reason"], g["code"], g["type"], _any(g["any"])) for g in groups),
        temporary=_any(document["temporary"]),
        permanent=_any(document["permanent"]),
        delivered=_any(document["delivered"]),
        starts=_any(document["starts"], r"\W*"),
        subjects=_any(document["subjects"]),
        complaints=_any(document["complaints"]),
        automatic=_any(document["automatic"]),
        copies=_any(document["copies"], r"^[ \t]*"),
    )


def _any(expressions: list[str], start: str = "") -> re.Pattern[str]:
    return re.compile(f"{start}(?:{'|'.join(expressions)})", re.IGNORECASE | re.MULTILINE)


def _complaint(parts: NoticeParts) -> Notice | None:
    feedback = parts.feedback or {}
    if feedback.get("feedback-type", "abuse").strip().lower() in _NO_COMPLAINTS:
        return None
    told = (feedback.get(name) for name in ("original-rcpt-to", "removal-recipient"))
    email = next((found for found in map(_address, [*told, parts.returned.get("to")]) if found), None)
    return Notice("complaint", None, None, None, email)


def _is_complaint(text: str) -> bool:
    return _rules().complaints.match(_spaced(text[:MAX_START])) is not None


def _reported(parts: NoticeParts, fields: Fields, text: str) -> Notice | None:
    """Read what a delivery status says of one recipient; None of one that was reached."""
    action = re.sub(r"\W.*", "", fields.get("action", "failed").strip().lower())
    if action in _DELIVERED:
        return None
    diagnostic = _spaced(fields.get("diagnostic-code", ""))
    status = re.match(r"\s*([45]\.\d{1,3}\.\d{1,3})\b", fields.get("status", ""))
    found = _evidence(status[1] if status else None, [diagnostic, _spaced(text)], mood="hard")
    email = _address(fields.get("original-recipient")) or _address(fields.get("final-recipient"))
    return Notice(
        kind="bounce",
        bounce_type="soft" if action == "delayed" else found.bounce_type,
        code=found.code,
        reason=found.reason,
        email=email or _recipient(parts, text),
    )


def _told(parts: NoticeParts, text: str) -> Notice | None:
    """Read what the words of a notice say; None where they tell of success."""
    rules = _rules()
    words = _spaced(text)
    said = f"{parts.subject} {words}"
    if rules.delivered.search(said):
        return None
    is_temporary, is_permanent = rules.temporary.search(said), rules.permanent.search(said)
    mood = "soft" if is_temporary and not is_permanent else "hard" if is_permanent else None
    found = _evidence(None, [words, parts.subject], mood)
    return Notice("bounce", found.bounce_type, found.code, found.reason, _recipient(parts, text))


@dataclass(frozen=True)
class _Evidence:
    code: str | None
    bounce_type: str
    reason: str


def _evidence(code: str | None, texts: list[str], mood: str | None = None) -> _Evidence:
    """Weigh a code that is known, else one in `texts`, the reply of SMTP, and words.

    texts: the most trustworthy first. mood: hard or soft, as the words say of the delivery as a whole.
    """
    rules = _rules()
    code = code or next((found for found in map(_enhanced, texts) if found), None)
    reply = next((found[1] for found in map(_REPLY.search, texts) if found), None)
    group = next(
        (group for text in texts if text for group in rules.words if group.pattern.search(text)), None
    )
    given = code or reply
    bounce_type = _TYPES[given[0]] if given else mood or (group.bounce_type if group else "unknown")
    number = code.partition(".")[2] if code else None
    if group and (number is None or number in rules.vague):
        reason = group.reason
    elif number:
        reason = rules.reasons.get(number) or rules.reasons.get(number.partition(".")[0], "other")
    else:
        reason = rules.replies.get(reply or "", "other")
    if code is None and group and bounce_type != "unknown":
        code = f"{'5' if bounce_type == 'hard' else '4'}.{group.code}"
    return _Evidence(code, bounce_type, reason)


def _enhanced(text: str) -> str | None:
    found = (next(filter(None, match.groups())) for match in _ENHANCED.finditer(text))
    return next((code for code in found if code[0] in _TYPES), None)


def _is_by_machine(parts: NoticeParts) -> bool:
    """Say whether only a mail system sends such headers."""
    sender = parts.headers.get("from", "")
    return (
        parts.report_type == "delivery-status"
        or "x-failed-recipients" in parts.headers
        or _DAEMON.search(sender) is not None
    )


def _is_notice(parts: NoticeParts, text: str) -> bool:
    """Say whether a mail system wrote this, and not a person or an answering machine."""
    rules = _rules()
    if _is_by_machine(parts):
        return True
    if rules.automatic.match(parts.subject):
        return False
    words = _spaced(text)
    is_answer = answers(parts.subject)
    has_words = any(group.pattern.search(words) for group in rules.words)
    has_code = _enhanced(words) is not None or (has_words and _REPLY.search(words) is not None)
    has_address = _ADDRESS.search(words) is not None
    if (has_code or has_address) and _starts(text, 0 if is_answer else MAX_START):
        return True
    is_named = rules.subjects.match(parts.subject) or _POSTMASTER.search(parts.headers.get("from", ""))
    return not is_answer and bool(is_named) and (has_code or (has_words and has_address))


def _starts(text: str, furthest: int) -> bool:
    """Say whether one of the first paragraphs begins like a notice, at most `furthest` characters down."""
    paragraphs = [_spaced(block) for block in re.split(r"\n[ \t]*\n", text.strip()[: 4 * MAX_START])]
    above = 0
    for number, paragraph in enumerate(paragraphs):
        if above > furthest or paragraph.startswith(">"):
            return False
        if _rules().starts.match(" ".join(paragraphs[number:])):
            return True
        above += len(paragraph)
    return False


def _own_words(text: str) -> str:
    """Return a notice's own words, before the copy of the mail that it is about."""
    text = text[:MAX_TEXT]
    copy = _rules().copies.search(text)
    return text[: copy.start()] if copy and copy.start() else text


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _address(value: str | None) -> str | None:
    """Return the first address in a field's value, such as "rfc822; <jane@x.example>", in small letters."""
    plain = re.sub(r"\\x\{([0-9A-Fa-f]{2,5})\}", lambda mark: chr(int(mark[1], 16)), value or "")  # RFC 6533
    found = _ADDRESS.search(plain)
    return found[0].strip(".").lower() if found else None


def _recipient(parts: NoticeParts, text: str) -> str | None:
    """Return the address that failed: of the header, else the first in the text that is not of the notice."""
    failed = _address(parts.headers.get("x-failed-recipients"))
    if failed:
        return failed
    own = {_address(parts.headers.get(name)) for name in ("from", "to", "reply-to", "delivered-to")}
    named = [found[0].strip(".").lower() for found in _ADDRESS.finditer(_FOREIGN_LINE.sub("", text))]
    for address in (*named, _address(parts.returned.get("to"))):
        if address and address not in own and not address.startswith(_MAIL_SYSTEMS):
            return address
    return None
