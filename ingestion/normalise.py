"""Normalisation: one written form for e-mail addresses, domains, LinkedIn profiles and references to people.

Every function here is total (any text in, text or None out) and idempotent, and runs once, when a record
lands: SQL only compares.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

import idna

PLACEHOLDER_LOCAL_PARTS = frozenset({"email_not_unlocked", "domain_catch_all"})
"""Local parts that Apollo writes where it has, or shows, no address."""

_ASCII_DOMAIN = re.compile(r"(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_PORT = re.compile(r":\d*$")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_LINKEDIN_HOST = re.compile(r"^([a-z0-9-]+\.)*linkedin\.[a-z.]+$")
_LINKEDIN_KINDS = frozenset({"in", "pub", "company", "school", "showcase"})


def clean_text(value: str) -> str | None:
    """Return `value` trimmed, without what no engine holds (NUL, lone surrogates); None when empty."""
    text = value.strip()
    if "\x00" in text:
        text = text.replace("\x00", "").strip()
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text or None


def email_key(value: str | None) -> str | None:
    """Return the identity of an e-mail address, None when `value` is none or is Apollo's placeholder.

    Lower case, NFC, domain in punycode, plus-tag stripped, dots stripped at Gmail. `Jane <a@b.c>` is a@b.c.
    """
    text = clean_text(value) if value else None
    if text is None or "@" not in text:
        return None
    text = _folded(text)
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    local, _, domain = text.removeprefix("mailto:").strip().rpartition("@")
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None or not local or any(c.isspace() or c in '<>@,;:"' for c in local):
        return None
    if local in PLACEHOLDER_LOCAL_PARTS:
        return None
    local = local.split("+", 1)[0] or local
    if ascii_domain in _GMAIL:
        local, ascii_domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{ascii_domain}" if local else None


def is_placeholder_email(value: str | None) -> bool:
    """Say whether `value` is Apollo's stand-in for an address that it does not show."""
    return bool(value) and str(value).strip().lower().partition("@")[0] in PLACEHOLDER_LOCAL_PARTS


def domain_key(value: str | None) -> str | None:
    """Return the bare domain of a URL or an address: lower case, punycode, no scheme, www, path, port."""
    text = clean_text(value) if value else None
    if text is None:
        return None
    text = _SCHEME.sub("", _folded(text)).removeprefix("//")
    host = re.split(r"[/?#\\]", text, maxsplit=1)[0].rpartition("@")[2]
    domain = _ascii_domain(_PORT.sub("", host))
    while domain and domain.startswith("www.") and "." in domain[4:]:
        domain = domain[4:]
    return domain


def linkedin_key(value: str | None) -> str | None:
    """Return the host-less path of a LinkedIn profile or page (`in/jane-doe`); None when it is not one."""
    text = clean_text(value) if value else None
    if text is None:
        return None
    text = _SCHEME.sub("", _decoded(text)).removeprefix("//")
    segments = [part.strip() for part in re.split(r"[?#]", text, maxsplit=1)[0].split("/")]
    segments = [part for part in segments if part]
    if segments and "." in segments[0]:
        if not _LINKEDIN_HOST.match(segments[0]):
            return None
        segments = segments[1:]
    if len(segments) < 2 or segments[0] not in _LINKEDIN_KINDS:
        return None
    # /pub/ is the old form, whose number parts are what tells namesakes apart
    return "/".join(segments) if segments[0] == "pub" else "/".join(segments[:2])


def record_key(source: str, account: str, record_id: str) -> str:
    """Return the key of a person record: ids are unique within source and account."""
    return f"{source}:{account}:{record_id}"


def lead_key(source: str, account: str, reference: str | None) -> str | None:
    """Return the namespaced reference to a person: `email:…` for an address, else the key of its record."""
    text = clean_text(reference) if reference else None
    if text is None or is_placeholder_email(text):
        return None
    address = email_key(text)
    return f"email:{address}" if address else record_key(source, account, text)


def _folded(text: str) -> str:
    """Return `text` in lower case and NFC; compatible forms that lower-casing opens up are closed again."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def _decoded(text: str) -> str:
    """Return `text` folded, with percent-escapes read until none is left."""
    while True:
        step = clean_text(_folded(unquote(text))) or ""
        if step == text:
            return step
        text = step


@lru_cache(maxsize=65_536)
def _ascii_domain(domain: str) -> str | None:
    """Return a lower-case host name with at least one dot as ASCII (punycode); None when it is not one."""
    name = domain.strip().strip(".").strip()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii").lower().strip(".")
        except (idna.IDNAError, UnicodeError):
            return None
    return name if len(name) <= 253 and _ASCII_DOMAIN.fullmatch(name) else None
