"""What each scalar takes from a client, and what it lets out.

Values come in as JSON and stay JSON: every scalar turns what the client may write into one canonical form, the strings
that `core.json` speaks of. Nothing is guessed: a date without a zone, a number too big, text that is not Unicode are
refused with a sentence that names the form wanted and never repeats the value.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Final

from tidegate.core.json import Json

DEEPEST: Final = 100
"""How deep a JSON value from a client may be nested."""
DIGITS: Final = 1000
"""How many digits a Decimal may have, before and after the point together."""
SMALLEST_INT: Final = -(2**31)
GREATEST_INT: Final = 2**31 - 1
SMALLEST_BIGINT: Final = -(2**63)
GREATEST_BIGINT: Final = 2**63 - 1


class Invalid(ValueError):
    """A client's value does not fit. `path` says where inside the value, outermost first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: tuple[str | int, ...] = ()

    def under(self, key: str | int) -> Invalid:
        """The same, seen from one level further out."""
        self.path = (key, *self.path)
        return self


@dataclass(frozen=True, slots=True)
class Scalar:
    """`take` turns a client's JSON value into the canonical one, `show` holds a result against the scalar; both raise
    `Invalid`. `exact` scalars are given a number literal of a document as its text, so that no digit is lost."""

    name: str
    description: str
    specified_by: str | None
    take: Callable[[Json], Json]
    show: Callable[[Json], Json]
    exact: bool = False


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


_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?"
_OFFSET = r"(?:[zZ]|[+-]\d\d:\d\d)"
_date = re.compile(_DATE, re.ASCII).fullmatch
_time = re.compile(_TIME, re.ASCII).fullmatch
_time_shown = re.compile(_TIME + _OFFSET + "?", re.ASCII).fullmatch
_moment = re.compile(rf"{_DATE}[Tt]{_TIME}{_OFFSET}", re.ASCII).fullmatch
_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE).fullmatch
_integer = re.compile(r"-?\d{1,19}", re.ASCII).fullmatch
_decimal = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch


def take_moment(value: Json) -> str:
    """In UTC, written `2026-11-21T05:47:00.123456Z`; the fraction only where there is one."""
    if isinstance(value, str) and len(value) <= 40 and _moment(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            pass
    raise Invalid("Expected a DateTime with its offset, such as 2026-11-21T05:47:00Z, at most to the microsecond.")


def take_date(value: Json) -> str:
    if isinstance(value, str) and len(value) == 10 and _date(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise Invalid("Expected a Date, such as 2026-11-21.")


def take_time(value: Json) -> str:
    if isinstance(value, str) and len(value) <= 15 and _time(value):
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
    if not isinstance(value, str) or len(value) > DIGITS or not _decimal(value):
        raise Invalid("Expected a Decimal, such as 12.50, as a String or a number.")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and len(number.as_tuple().digits) + abs(exponent) > DIGITS:
        raise Invalid(f"Expected a Decimal of at most {DIGITS} digits.")
    return format(number or abs(number), "f")


def take_bigint(value: Json) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if isinstance(value, str) and _integer(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and SMALLEST_BIGINT <= value <= GREATEST_BIGINT:
        return str(value)
    raise Invalid("Expected a BigInt: a whole number of 64 bits, as a String of digits or a number.")


def take_uuid(value: Json) -> str:
    if isinstance(value, str) and len(value) == 36 and _uuid(value):
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


def _shown(fits: Callable[[str], object], name: str) -> Callable[[Json], Json]:
    """Results are held against the form and passed on as they are: what an integration wrote is what clients see,
    by whichever path it went."""

    def show(value: Json) -> Json:
        if isinstance(value, str) and fits(value):
            return value
        raise Invalid(f"Not a {name}.")

    return show


def _show_text(value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() if isfinite(value):
            return str(value)
    raise Invalid("Not a String.")


def _show_id(value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            pass
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
    raise Invalid("Not an ID.")


def _show_int(value: Json) -> int:
    number: Json = value
    if isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            number = None
    elif isinstance(value, bool):
        return int(value)
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, int) and SMALLEST_INT <= number <= GREATEST_INT:
        return number
    raise Invalid("Not an Int.")


def _show_float(value: Json) -> float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise Invalid("Not a Float.") from None
        if isfinite(number) and not (isinstance(value, int) and int(number) != value):
            return number
    raise Invalid("Not a Float.")


def _show_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and isfinite(value):
        return value != 0
    raise Invalid("Not a Boolean.")


def _show_decimal(value: Json) -> Json:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, str) and _decimal(value):
        return value
    raise Invalid("Not a Decimal.")


def _show_bigint(value: Json) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value, re.ASCII):
        return value
    raise Invalid("Not a BigInt.")


def _show_json(value: Json) -> Json:
    return value


_RFC3339: Final = "https://datatracker.ietf.org/doc/html/rfc3339"

SCALARS: Final[Mapping[str, Scalar]] = {
    scalar.name: scalar
    for scalar in (
        Scalar("Int", "", None, take_int, _show_int),
        Scalar("Float", "", None, take_float, _show_float),
        Scalar("String", "", None, take_text, _show_text),
        Scalar("Boolean", "", None, take_boolean, _show_boolean),
        Scalar("ID", "", None, take_id, _show_id),
        Scalar(
            "DateTime",
            "A moment: `2026-11-21T05:47:00.123456Z`, always with its offset from UTC.",
            _RFC3339,
            take_moment,
            _shown(_moment, "DateTime"),
        ),
        Scalar("Date", "A day: `2026-11-21`.", _RFC3339, take_date, _shown(_date, "Date")),
        Scalar("Time", "A time of the day: `05:47:00`.", _RFC3339, take_time, _shown(_time_shown, "Time")),
        Scalar(
            "Decimal",
            'An exact decimal number as a string: `"12.50"`. Numbers are accepted too.',
            None,
            take_decimal,
            _show_decimal,
            exact=True,
        ),
        Scalar(
            "BigInt",
            'A whole number of 64 bits as a string: `"9007199254740993"`. Numbers are accepted too.',
            None,
            take_bigint,
            _show_bigint,
            exact=True,
        ),
        Scalar(
            "UUID",
            "A universally unique identifier, in lower case.",
            "https://datatracker.ietf.org/doc/html/rfc9562",
            take_uuid,
            _shown(_uuid, "UUID"),
        ),
        Scalar("JSON", "Any JSON value.", "https://datatracker.ietf.org/doc/html/rfc8259", take_json, _show_json),
        Scalar(
            "Bytes",
            "Bytes in base64.",
            "https://datatracker.ietf.org/doc/html/rfc4648#section-4",
            take_bytes,
            _shown(str.isascii, "Bytes"),
        ),
    )
}
"""Every scalar of `core.types.SCALARS`."""
