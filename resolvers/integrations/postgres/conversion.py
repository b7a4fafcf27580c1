"""JSON values to what asyncpg sends for each PostgreSQL type.

asyncpg is strict: a `timestamptz` wants an aware datetime, an `int4` an int. Each converter takes a value that is not
null and raises `Misfit`. Text that cannot be encoded (lone surrogates) is left to asyncpg, which refuses it: looking at
every character here would cost more than the query.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar

import orjson

T = TypeVar("T")

Convert: TypeAlias = Callable[[Any], Any]
"""From a JSON value that is not null. Any: the one end is JSON, the other whatever asyncpg wants."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,1000}(?:\.[0-9]{0,1000})?|\.[0-9]{1,1000})(?:[eE][+-]?[0-9]{1,4})?")


class Misfit(Exception):
    """A value that a parameter cannot take. `wanted` says what it takes instead, as part of a sentence."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


def _whole(bits: int) -> Convert:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1

    def convert(value: Any) -> int:
        if type(value) is not int:
            if not (isinstance(value, str) and _WHOLE.fullmatch(value)) and not (
                isinstance(value, float) and value.is_integer()
            ):
                raise Misfit(f"a whole number from {low} to {high}")
            value = int(value)
        if low <= value <= high:
            return int(value)
        raise Misfit(f"a whole number from {low} to {high}")

    return convert


def _oid(value: Any) -> int:
    if type(value) is int and 0 <= value < 1 << 32:
        return value
    raise Misfit("a whole number from 0 to 4294967295")


def _numeric(value: Any) -> Decimal:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    raise Misfit("a decimal number")


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    is_number = _NUMBER.fullmatch(value) if isinstance(value, str) else type(value) is int
    if is_number:
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if math.isfinite(found):
            return found
    raise Misfit("a number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Misfit("true or false")


def _text(value: Any) -> str:
    if isinstance(value, str):
        if "\x00" in value:
            raise Misfit("a text without NUL characters")
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise Misfit("a text")


def _uuid(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Misfit("a UUID")


def _timestamptz(value: Any) -> datetime:
    found = _parsed(datetime.fromisoformat, value, "a date and time such as 2026-11-21T05:47:00Z")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _timestamp(value: Any) -> datetime:
    found = _parsed(datetime.fromisoformat, value, "a date and time such as 2026-11-21T05:47:00Z")
    try:
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except OverflowError:
        raise Misfit("a date and time in the years 1 to 9999") from None


def _date(value: Any) -> date:
    return _parsed(date.fromisoformat, value, "a date such as 2026-11-21")


def _time(value: Any) -> time:
    found = _parsed(time.fromisoformat, value, "a time of day such as 05:47:00")
    if found.tzinfo:
        raise Misfit("a time of day without an offset")
    return found


def _timetz(value: Any) -> time:
    found = _parsed(time.fromisoformat, value, "a time of day such as 05:47:00Z")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parsed(parse: Callable[[str], T], value: Any, wanted: str) -> T:
    if isinstance(value, str):
        try:
            return parse(value)
        except ValueError:
            pass
    raise Misfit(wanted)


def _bytea(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return b64decode(value, validate=True)
        except (NotBase64, ValueError):
            pass
    raise Misfit("base64")


def _json(value: Any) -> bytes:
    try:
        encoded = orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits are JSON too. What the standard library cannot encode either is no text at all.
        try:
            encoded = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError):
            raise Misfit("JSON") from None
    if b"\\u0000" in encoded and _holds_nul(value):
        raise Misfit("JSON without NUL characters")
    return encoded


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any("\x00" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, Sequence) and any(_holds_nul(item) for item in value)


def list_of(element: Convert) -> Convert:
    """A converter of arrays, of any number of dimensions; of JSON values one dimension, because they can be lists
    themselves."""
    deep = element is not _json

    def convert(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise Misfit("a list")
        return [
            None if item is None else convert(item) if deep and isinstance(item, list | tuple) else element(item)
            for item in value
        ]

    return convert


text: Final[Convert] = _text
"""For texts, enums, and every type whose text form PostgreSQL reads itself."""

BY_NAME: Final[Mapping[str, Convert]] = {
    "int2": _whole(16),
    "int4": _whole(32),
    "int8": _whole(64),
    "oid": _oid,
    "numeric": _numeric,
    "float4": _float,
    "float8": _float,
    "bool": _boolean,
    "uuid": _uuid,
    "timestamptz": _timestamptz,
    "timestamp": _timestamp,
    "date": _date,
    "time": _time,
    "timetz": _timetz,
    "bytea": _bytea,
    "json": _json,
    "jsonb": _json,
}
"""By the name in pg_type; everything else is sent as text."""
