"""Mail headers and subjects by which a machine says that it wrote the mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scoring.reply_rules import Signal, rules
from scoring.text import answers

_AUTOMATED_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "bulk", "junk"})
_AUTOMATED_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")


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
    if not headers:
        return None
    content_type = headers.get("content-type", "")
    if "multipart/report" in content_type:
        return "bounce_notice" if "delivery-status" in content_type else "auto_reply"
    sender = headers.get("from", "")
    if "x-failed-recipients" in headers or "mailer-daemon" in sender or sender.startswith("postmaster@"):
        return "bounce_notice"
    if _is_automated(headers):
        is_absence = any(signal.group.intent == "out_of_office" for signal in found)
        by_subject = _by_subject(headers.get("subject", ""))
        return "out_of_office" if is_absence else by_subject or "auto_reply"
    return None


def _is_automated(headers: Mapping[str, str]) -> bool:
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip()
    if submitted not in {"", "no"}:
        return True
    if any(headers.get(name, "no") not in {"", "no"} for name in _AUTOMATED_HEADERS):
        return True
    return headers.get("precedence", "") in _AUTOMATED_PRECEDENCE or headers.get("return-path") == "<>"


def _by_subject(subject: str) -> str | None:
    """Return what a subject says that a mailer wrote; one that answers ours ("Re: …") says nothing."""
    if not subject or answers(subject):
        return None
    for intent, starts in rules().subjects.items():
        if subject.startswith(starts):
            return intent
    return None
