from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.entity_types import Kind
from ingestion.values import PARSERS, Json, ValueRefusedError, to_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", sorted(PARSERS))
@given(value=JSON)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_value_is_taken_or_refused_with_a_reason(kind: Kind, value: Json) -> None:
    try:
        PARSERS[kind](value)
        reason = "expected nothing else"
    except ValueRefusedError as refusal:
        reason = str(refusal)
    assert reason.startswith("expected ")


@pytest.mark.parametrize(
    ("kind", "given_value", "value"),
    [
        ("text", " x ", "x"),
        ("text", "  ", None),
        ("text", 29022297485, "29022297485"),
        ("text", 12.0, "12"),
        ("text", True, "true"),
        ("integer", "42", 42),
        ("integer", "30.0", 30),
        ("integer", "", None),
        ("decimal", "50000", Decimal(50000)),
        ("decimal", 0.1, Decimal("0.1")),
        ("decimal", "12345678901234567890.1234567894", Decimal("12345678901234567890.123456789")),
        ("decimal", "1E+5", Decimal(100000)),
        ("boolean", "False", False),
        ("boolean", 1, True),
        ("timestamp", "2026-01-31T10:30:00+01:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("timestamp", "2026-01-31 09:30:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("timestamp", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("timestamp", "20260131", datetime(2026, 1, 31, tzinfo=UTC)),
        ("timestamp", "1769851800000", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("timestamp", 1769851800, datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("date", "2016-01-01", date(2016, 1, 1)),
        ("date", "2016-02", date(2016, 2, 1)),
        ("date", "2016", date(2016, 1, 1)),
        ("date", "2024-05-01T00:00:00.000+00:00", date(2024, 5, 1)),
        ("json", ["b", "a"], '["b","a"]'),
        ("json", '{"b": 1, "a": "ü"}', '{"a":"ü","b":1}'),
        ("json", "crm; e-mail ;", '["crm","e-mail"]'),
        ("json", [], None),
    ],
)
def test_a_value_gets_its_type(kind: Kind, given_value: Json, value: Json) -> None:
    assert PARSERS[kind](given_value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", ["x"]),
        ("text", {"a": 1}),
        ("integer", "4.5"),
        ("integer", "1,000"),
        ("integer", True),
        ("integer", 2**63),
        ("integer", "1e999999999"),
        ("decimal", "NaN"),
        ("decimal", float("inf")),
        ("decimal", "1e30"),
        ("decimal", "12 €"),
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("timestamp", "yesterday"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
        ("timestamp", True),
        ("timestamp", 10**30),
        ("date", "31.01.2026"),
        ("json", 7),
        ("json", "[1, 2"),
    ],
)
def test_what_is_of_another_type_is_refused(kind: Kind, value: Json) -> None:
    with pytest.raises(ValueRefusedError):
        PARSERS[kind](value)


@given(value=JSON)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_json_is_readable_by_every_engine(value: Json) -> None:
    text = to_json(value)
    assert (text is None) == (value is None)
    if text is not None:
        json.loads(text, parse_constant=_refuse)
        assert "\x00" not in text
        assert "\\u0000" not in text.replace("\\\\", "")
        text.encode("utf-8")


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
