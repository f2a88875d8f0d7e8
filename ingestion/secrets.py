"""Secrets in what providers send: they are taken out before a record goes anywhere."""

from __future__ import annotations

import re

from ingestion.values import Json

SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey")
"""A field whose name holds one of these, whatever its case and punctuation, holds a secret."""

_QUOTED_FIELD = re.compile(r'"([^"\\]*)"\s*:\s*"(?:[^"\\]|\\.)*"?')
"""A field with a text in JSON; the text may be cut off."""


def is_secret(name: str) -> bool:
    """Say whether a field of this name holds a secret: `imap_password`, `refreshToken`, `API-Key`."""
    plain = "".join(filter(str.isalnum, name.lower()))
    return any(word in plain for word in SECRET_WORDS)


def without_secrets(value: Json) -> Json:
    """Return `value` without the fields, at any depth, whose names say that they hold a secret."""
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items() if not is_secret(str(name))}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def without_secret_fields(text: str) -> str:
    """Return `text`, such as an error that quotes JSON, with `***` for what secret fields hold."""

    def hidden(field: re.Match[str]) -> str:
        return f'"{field[1]}": "***"' if is_secret(field[1]) else field[0]

    return _QUOTED_FIELD.sub(hidden, text)
