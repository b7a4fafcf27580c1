"""What each scalar takes from a client: one function each, from a JSON value to the canonical one.

Nothing is guessed: a date without a zone, a number too big, text that is not Unicode are refused with a sentence that
names the form wanted and never repeats the value.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Final

from tidegate.core.json import Json
from tidegate.core.scalar_forms import (
    GREATEST_BIGINT,
    GREATEST_INT,
    SMALLEST_BIGINT,
    SMALLEST_INT,
    Invalid,
    is_date,
    is_decimal,
    is_integer,
    is_moment,
    is_time,
    is_uuid,
)

DEEPEST: Final = 100
"""How deep a JSON value from a client may be nested."""
DIGITS: Final = 1000
"""How many digits a Decimal may have, before and after the point together."""


def take_text(value: Json) -> str:
    if not isinstance(value, str):
        raise Invalid("Expected a String.")
    return _unicode(value)


def take_id(value: Json) -> str:
    match value:
        case str():
            return _unicode(value)
        case int() if not isinstance(value, bool) and -(10**100) < value < 10**100:
            return str(value)
    raise Invalid("Expected an ID: a String or an Int.")


def take_int(value: Json) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid("Expected an Int.")
    if not SMALLEST_INT <= value <= GREATEST_INT:
        raise Invalid("Expected an Int of 32 bits.")
    return value


def take_float(value: Json) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Invalid("Expected a Float.")
    try:
        number = float(value)
    except OverflowError:
        raise Invalid("Expected a Float of 64 bits.") from None
    if not isfinite(number):
        raise Invalid("Expected a finite Float.")
    return number


def take_boolean(value: Json) -> bool:
    if not isinstance(value, bool):
        raise Invalid("Expected a Boolean.")
    return value


def take_moment(value: Json) -> str:
    """In UTC, written `2026-11-21T05:47:00.123456Z`; the fraction only where there is one."""
    if isinstance(value, str) and len(value) <= 40 and is_moment(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            pass
    raise Invalid("Expected a DateTime with its offset, such as 2026-11-21T05:47:00Z, at most to the microsecond.")


def take_date(value: Json) -> str:
    if isinstance(value, str) and len(value) == 10 and is_date(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise Invalid("Expected a Date, such as 2026-11-21.")


def take_time(value: Json) -> str:
    if isinstance(value, str) and len(value) <= 15 and is_time(value):
        try:
            return time.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise Invalid("Expected a Time of the day, such as 05:47:00, at most to the microsecond.")


def take_decimal(value: Json) -> str:
    """Plain digits: no exponent, no plus sign, every digit that was sent."""
    if isinstance(value, float) and isfinite(value):
        value = repr(value)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**DIGITS:
        value = str(value)
    if not isinstance(value, str) or len(value) > DIGITS or not is_decimal(value):
        raise Invalid("Expected a Decimal, such as 12.50, as a String or a number.")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and len(number.as_tuple().digits) + abs(exponent) > DIGITS:
        raise Invalid(f"Expected a Decimal of at most {DIGITS} digits.")
    return format(number or abs(number), "f")


def take_bigint(value: Json) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if isinstance(value, str) and is_integer(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and SMALLEST_BIGINT <= value <= GREATEST_BIGINT:
        return str(value)
    raise Invalid("Expected a BigInt: a whole number of 64 bits, as a String of digits or a number.")


def take_uuid(value: Json) -> str:
    if isinstance(value, str) and len(value) == 36 and is_uuid(value):
        return value.lower()
    raise Invalid("Expected a UUID, such as 123e4567-e89b-42d3-a456-426614174000.")


def take_bytes(value: Json) -> str:
    if isinstance(value, str) and value.isascii():
        try:
            b64decode(value, validate=True)
        except ValueError:
            pass
        else:
            return value
    raise Invalid("Expected Bytes in base64, with padding.")


def take_json(value: Json) -> Json:
    check_depth(value)
    _check_json(value)
    return value


def check_depth(value: Json) -> None:
    """Raises `Invalid` if `value` is nested deeper than `DEEPEST`. Does not recurse."""
    level: list[Json] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level if isinstance(outer, (dict, list)) for inner in _inside(outer)]
        if not level:
            return
    if any(isinstance(inner, (dict, list)) for inner in level):
        raise Invalid(f"Expected a value nested at most {DEEPEST} levels deep.")


def _inside(value: dict[str, Json] | list[Json]) -> list[Json]:
    return list(value.values()) if isinstance(value, dict) else value


def _check_json(value: Json) -> None:
    match value:
        case None | bool():
            pass
        case str():
            _unicode(value)
        case float():
            if not isfinite(value):
                raise Invalid("Expected JSON: every number finite.")
        case int():
            if not SMALLEST_BIGINT <= value < 2**64:
                raise Invalid("Expected JSON with whole numbers of at most 64 bits.")
        case Mapping():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise Invalid("Expected JSON: every key a String.")
                _unicode(key)
                _check_json(inner)
        case list() | tuple():
            for inner in value:
                _check_json(inner)
        case _:
            raise Invalid("Expected JSON.")


def _unicode(value: str) -> str:
    """A lone surrogate is not a character: no encoding can carry it, and no database takes it."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Invalid("Expected Unicode text, without lone surrogates.") from None
    return value
