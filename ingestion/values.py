"""Values: one parser a kind, from what JSON, CSV or Parquet hold to the typed value, or to a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, DecimalException
from typing import Any, TypeAlias

from ingestion.entity_types import Kind
from ingestion.normalise import clean_text, domain_key, email_key, linkedin_key

Json: TypeAlias = Any
"""Whatever JSON, CSV or Parquet hold: text, numbers, booleans, moments, lists, objects, nothing."""

_canonical = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode

INTEGER_LIMIT = 2**63
DECIMAL_PLACES = Decimal("1e-9")
WIDE = Context(prec=60)
DECIMAL_LIMIT = Decimal(10) ** 29
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TRUE = frozenset({"true", "t", "yes", "y", "1"})
FALSE = frozenset({"false", "f", "no", "n", "0"})


class ValueRefusedError(Exception):
    """A value that its column cannot take; column: its name, where it is known."""

    def __init__(self, message: str, column: str = "") -> None:
        """Keep the reason and the column."""
        super().__init__(message)
        self.column = column


def parse_text(value: Json) -> str | None:
    """Return text, trimmed, None when empty; whole numbers become their digits (ids come as both)."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise _refused(value, "text")


def parse_integer(value: Json) -> int | None:
    """Return a 64-bit whole number from a number or its digits."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        try:
            value = Decimal(text)
        except DecimalException:
            raise _refused(value, "a whole number") from None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused(value, "a whole number")
    number = _number(value, "a whole number")
    if number != number.to_integral_value() or not -INTEGER_LIMIT <= number < INTEGER_LIMIT:
        raise _refused(value, "a whole number")
    return int(number)


def parse_decimal(value: Json) -> Decimal | None:
    """Return a decimal with nine places, rounded half to even."""
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _refused(value, "a number")
    number = _number(value, "a number")
    if abs(number) >= DECIMAL_LIMIT:
        raise _refused(value, "a number below 1e29")
    return WIDE.add(number.quantize(DECIMAL_PLACES, context=WIDE).normalize(WIDE), Decimal(0))


def parse_boolean(value: Json) -> bool | None:
    """Return yes or no from a JSON boolean, 1 and 0, or the words true, false, yes, no."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else None
    if text == "":
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise _refused(value, "true or false")


def parse_timestamp(value: Json) -> datetime | None:
    """Return a UTC moment from ISO 8601 (no offset: UTC; a date: midnight) or seconds or ms since 1970."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if text.lstrip("-").isdigit() and len(text) > 8:
            return _since_1970(int(text), value)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise _refused(value, "a moment such as 2026-01-31T09:30:00Z") from None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value, value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise _refused(value, "a moment such as 2026-01-31T09:30:00Z")
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise _refused(value, "a moment between the years 1 and 9999") from None


def parse_date(value: Json) -> date | None:
    """Return a day from ISO 8601; a month or a year stands for its first day, a moment for its day."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        text += {4: "-01-01", 7: "-01"}.get(len(text), "")
        try:
            return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text).date()
        except ValueError:
            pass
    raise _refused(value, "a day such as 2026-01-31")


def parse_json(value: Json) -> str | None:
    """Return a list or an object as JSON text; other text is a list whose items `;` parts."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if text[0] in "[{":
            try:
                value = json.loads(text, parse_constant=lambda _: None)
            except (ValueError, RecursionError):
                raise _refused(text, "JSON") from None
        else:
            value = [part for part in (item.strip() for item in text.split(";")) if part]
    if not isinstance(value, list | dict | tuple):
        raise _refused(value, "a list or an object")
    return to_json(value) if value else None


def to_json(value: Json) -> str | None:
    """Return canonical JSON that every engine can read (no NUL, lone surrogate or NaN); None for None."""
    if value is None:
        return None
    try:
        text = _canonical(value)
        if "\\u0000" not in text and (text.isascii() or _is_encodable(text)):
            return text
    except (TypeError, ValueError):
        pass
    return _canonical(_plain(value))


def _plain(value: Json) -> Json:
    """Return `value` with only what JSON and the engines can hold."""
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if value is None or isinstance(value, bool | int):
        return value
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _number(value: Json, wanted: str) -> Decimal:
    try:
        number = Decimal(str(value) if isinstance(value, float) else value)
    except (DecimalException, ValueError):
        raise _refused(value, wanted) from None
    if not number.is_finite() or number.adjusted() > 40:
        raise _refused(value, wanted)
    return number


def _since_1970(value: float, given: Json) -> datetime:
    try:
        return (
            EPOCH + timedelta(milliseconds=value) if abs(value) > 1e11 else EPOCH + timedelta(seconds=value)
        )
    except (OverflowError, ValueError):
        raise _refused(given, "a moment between the years 1 and 9999") from None


def _refused(value: Json, wanted: str) -> ValueRefusedError:
    return ValueRefusedError(f"expected {wanted}, got {type(value).__name__} {str(value)[:60]!r}")


PARSERS: dict[Kind, Callable[[Any], Any]] = {
    "text": parse_text,
    "integer": parse_integer,
    "decimal": parse_decimal,
    "boolean": parse_boolean,
    "timestamp": parse_timestamp,
    "date": parse_date,
    "json": parse_json,
    "email": parse_text,
    "linkedin": parse_text,
    "domain": parse_text,
    "lead": parse_text,
}

NORMALISERS: dict[Kind, Callable[[str], str | None]] = {
    "email": email_key,
    "linkedin": linkedin_key,
    "domain": domain_key,
}
