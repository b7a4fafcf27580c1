"""What SQLite cannot do by itself: the functions that its driver registers on every connection.

Registered with `create_function(name, arity, function, deterministic=True)` for each item of `FUNCTIONS`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson

Kept: TypeAlias = int | float | str | bytes
"""What SQLite keeps, besides null."""

FLAW: Final = ',"!":1'
"""As in cells.py: follows a value that breaks its promise."""


def lower(value: Kept | None) -> str | None:
    """SQLite's own `lower` knows ASCII only."""
    return None if value is None else str(value).lower()


def shown(type: str, value: Kept | None) -> str | None:
    """The JSON text of any value that should be of the scalar `type`; with the flaw behind it where it cannot be."""
    if value is None:
        return None
    try:
        return _encoded(_SHOWN[type](value))
    except (KeyError, ValueError, TypeError, OverflowError, OSError, InvalidOperation):
        return _encoded(_nearest(value)) + FLAW


def _encoded(value: object) -> str:
    return orjson.dumps(value).decode()


def _nearest(value: Kept) -> str | int | float:
    """Something of the wrong type for everything: GraphQL's own rules then say what is wrong."""
    if isinstance(value, bytes):
        return "\ufffd" + value[:100].hex()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _string(value: Kept) -> str:
    if isinstance(value, bytes):
        raise ValueError
    return repr(value) if isinstance(value, float) else str(value)


def _id(value: Kept) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else _string(value)


def _float(value: Kept) -> float:
    if not isinstance(value, int | float) or not isfinite(value):
        raise ValueError
    return float(value)


def _decimal(value: Kept) -> str:
    if isinstance(value, bytes):
        raise ValueError
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        raise ValueError
    return format(number, "f")


def _moment(value: Kept) -> str:
    """A time without an offset is UTC, as SQLite's own functions write it; a whole number is seconds of the epoch, a
    fraction a Julian day, as they read it."""
    if isinstance(value, int):
        moment = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, float):
        moment = datetime.fromtimestamp(round((value - 2440587.5) * 86_400_000) / 1000, UTC)
    elif isinstance(value, str) and _A_MOMENT.fullmatch(value):
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    else:
        raise ValueError
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def _date(value: Kept) -> str:
    if not isinstance(value, str):
        raise ValueError
    # A date with midnight behind it is what some libraries write.
    return date.fromisoformat(re.sub(r"[ T]00:00(:00(\.0+)?)?Z?$", "", value)).isoformat()


def _time(value: Kept) -> str:
    if not isinstance(value, str) or ":" not in value:
        raise ValueError
    return time.fromisoformat(value).isoformat()


def _uuid(value: Kept) -> str:
    if isinstance(value, bytes):
        return str(UUID(bytes=value))
    return str(UUID(str(value)))


def _bytes(value: Kept) -> str:
    return b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()


def _json(value: Kept) -> object:
    """What is not JSON is a text."""
    if isinstance(value, bytes):
        raise ValueError
    return value


_A_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)

_SHOWN: Final[Mapping[str, Callable[[Kept], object]]] = {
    "String": _string,
    "ID": _id,
    "Float": _float,
    "Decimal": _decimal,
    "DateTime": _moment,
    "Date": _date,
    "Time": _time,
    "UUID": _uuid,
    "Bytes": _bytes,
    "JSON": _json,
    "raw": _nearest,
}


def as_json(type: str, value: Kept | None) -> str | None:
    """`shown`, and lists: kept as JSON, and held against the schema by GraphQL's own rules."""
    if type == "list" and isinstance(value, str):
        # Lists are kept as JSON.
        try:
            return _encoded(orjson.loads(value)) + FLAW
        except ValueError:
            pass
    return shown(type, value)


FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "tidegate_lower": (1, lower),
    "tidegate_json": (2, as_json),
}
"""Name to arity and function. Any: SQLite's values."""
