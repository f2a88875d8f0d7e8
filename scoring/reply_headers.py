"""Mail headers and subjects by which a machine says that it wrote the mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scoring.reply_rules import Signal, rules
from scoring.text import answers

_AUTOMATED_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "bulk", "junk"})
"""What only machines write; "list" stands in every mail of a mailing list, people's too."""

_AUTOMATED_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")
"""X-Auto-Response-Suppress is none of them: Exchange writes it into people's mail."""

_NO = frozenset({"", "no", "none", "false", "0"})
_REPORTS = {
    "delivery-status": "bounce_notice",
    "feedback-report": "auto_reply",
    "disposition-notification": "auto_reply",
}
_REPORT_TYPE = re.compile(r"report-type\s*=\s*[\"']?([\w-]+)")
_COMMENT = re.compile(r"\([^)]*\)")
_MAILER = re.compile(r"mailer-daemon|(?:^|<)\s*postmaster@")
_TOLD_BY_TEXT = frozenset({"out_of_office", "bounce_notice"})


def automation(subject: str | None, headers: Mapping[str, Any] | None, found: Sequence[Signal]) -> str | None:
    """Return the automated intent that headers or subject prove, None when they say nothing.

    headers: name to value (text, or a list of them), names in any case.
    found: what the text speaks for; it tells an absence note from another automatic answer.
    """
    by_header = _by_headers(_lower(headers or {}), found)
    return by_header or _by_subject((subject or "").strip().lower())


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    lower = {}
    for name, value in headers.items():
        text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
        lower[str(name).strip().lower()] = text.strip().lower()
    return lower


def _by_headers(headers: Mapping[str, str], found: Sequence[Signal]) -> str | None:
    """Return what headers prove: of a report its type, of other machines' mail what the text adds."""
    if not headers:
        return None
    content_type = headers.get("content-type", "")
    if "multipart/report" in content_type:
        report = _REPORT_TYPE.search(content_type)
        return _REPORTS.get(report[1] if report else "", "auto_reply")
    if not _is_automated(headers):
        return None
    if headers.get("x-failed-recipients") or _MAILER.search(headers.get("from", "")):
        return "bounce_notice"
    told = next((signal.group.intent for signal in found if signal.group.intent in _TOLD_BY_TEXT), None)
    return told or _by_subject(headers.get("subject", "")) or "auto_reply"


def _is_automated(headers: Mapping[str, str]) -> bool:
    """Say whether a machine wrote the mail; Auto-Submitted decides before all others, "no" too (RFC 3834)."""
    submitted = _COMMENT.sub("", headers.get("auto-submitted", "")).split(";")[0].strip()
    if submitted:
        return submitted != "no"
    return (
        any(headers.get(name, "") not in _NO for name in _AUTOMATED_HEADERS)
        or headers.get("precedence", "") in _AUTOMATED_PRECEDENCE
        or headers.get("return-path", "").replace(" ", "") == "<>"
        or bool(headers.get("x-failed-recipients"))
        or _MAILER.search(headers.get("from", "")) is not None
    )


def _by_subject(subject: str) -> str | None:
    """Return what a subject says that a mailer wrote; one that answers ours ("Re: …") says nothing."""
    if not subject or answers(subject):
        return None
    for intent, starts in rules().subjects.items():
        if subject.startswith(starts):
            return intent
    return None
