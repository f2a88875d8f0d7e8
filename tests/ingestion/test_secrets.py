from __future__ import annotations

import json

import pytest

from ingestion.secrets import is_secret, without_secret_fields, without_secrets


@pytest.mark.parametrize(
    "name", ["password", "imap_password", "refreshToken", "Client-Secret", "api_key", "PRIVATE KEY", "passwd"]
)
def test_a_field_is_secret_by_its_name(name: str) -> None:
    assert is_secret(name)
    found = {"a": [{name: "s", "user": "u"}, 1], name: {"user": "u"}}
    assert without_secrets(found) == {"a": [{"user": "u"}, 1]}


@pytest.mark.parametrize("name", ["user", "warmup_key_id", "passed", "message", "from_email"])
def test_other_fields_stay(name: str) -> None:
    assert without_secrets({name: "s"}) == {name: "s"}


def test_a_text_that_quotes_json_keeps_no_secret_however_it_was_cut() -> None:
    body = json.dumps({"user": "u", "deep": {"smtp_password": 'se"cret\\'}, "b": 1})
    end = body.index('"b"')
    for cut in range(len(body)):
        shown = without_secret_fields(f"HTTP 400: {body[:cut]}")
        assert "se" not in shown.partition("password")[2]
        assert cut < end or shown.startswith('HTTP 400: {"user": "u", "deep": {"smtp_password": "***"}')
