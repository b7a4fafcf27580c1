"""From the JSON form of a value to what a parameter takes.

PostgreSQL's driver converts by the parameter's own type, so hardly anything is done here for it. SQLite takes what it
is given, so values are brought here into the one form in which they are kept: date-times in UTC as SQLite's own
`strftime('%Y-%m-%dT%H:%M:%fZ')` writes them (to the millisecond, so that their order as text is their order in time),
decimals as their digits, booleans as 0 and 1, bytes as blobs, lists and JSON as JSON text. MySQL's columns convert what
they are given, and comparisons do not always: numbers are bound as numbers, date-times in UTC without a zone.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final, TypeAlias, cast
from uuid import UUID

import orjson

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import as_text
from tidegate.core.json import Json
from tidegate.core.types import EnumType, ListOf, TypeDefinition, TypeRef, nullable
from tidegate.resolvers.integrations.relational.dialects import ESCAPE, Dialect
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

Storing: TypeAlias = Callable[[Json], Json | bytes]
"""Null stays null. Raises `OperationError` (BAD_USER_INPUT)."""

_WHOLE: Final = {Family.SMALLINT, Family.INTEGER, Family.BIGINT}
_COUNTED: Final = _WHOLE | {Family.BOOLEAN}
"""Of MySQL's, whose booleans are numbers too."""
_NAMED: Final = ("Int", "BigInt", "ID", "String")


def stored(dialect: Dialect, type: TypeRef, column: ReflectedColumn, types: Mapping[str, TypeDefinition]) -> Storing:
    """How a value of a column is bound. The same function for equal needs, so that parameters can be shared."""
    type = nullable(type)
    if isinstance(type, ListOf):
        return _as_is if dialect.typed else _encoded
    name = "enum" if isinstance(types.get(type.name), EnumType) else type.name
    if dialect.typed:
        return _text if name in {"String", "ID", "enum"} and column.family is not Family.JSONB else _as_is
    if name == "ID" and column.family in _WHOLE:
        return _number
    if dialect.name == "mysql":
        return _stored_by_mysql(name, column)
    return _SQLITE.get(name, _as_is)


def _stored_by_mysql(name: str, column: ReflectedColumn) -> Storing:
    """By what the column is: of a text that is compared with a number MySQL makes a fraction, and takes 7b for 7."""
    if name == "JSON":
        return _encoded
    match column.family:
        case Family.NUMERIC if name in ("ID", "BigInt", "Decimal", "Int", "Float", "String"):
            return _exact
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            return _moment_of_mysql
        case Family.BYTEA:
            return _uuid_bytes if name == "UUID" else _blob
        case family if name == "Boolean" and family in _COUNTED:
            return _truth
        case family if family in _COUNTED and name in _NAMED:
            return _whole
        case Family.REAL | Family.FLOAT if name in _NAMED or name in ("Float", "Decimal"):
            return _fraction
        case Family.TEXT | Family.ENUM if name in ("Int", "Float", "Boolean"):
            return _text
    return _moment_of_mysql if name == "DateTime" else _SQLITE.get(name, _as_is)


def _as_is(value: Json) -> Json:
    return value


def _text(value: Json) -> Json:
    """What a token holds may be a number where a column holds text."""
    return value if value is None or isinstance(value, str) else as_text(value)


def _encoded(value: Json) -> Json:
    return None if value is None else orjson.dumps(value).decode()


def _number(value: Json) -> Json:
    if value is None or isinstance(value, int):
        return value
    text = str(value)
    digits = text.removeprefix("-")
    if len(digits) < 20 and digits.isascii() and digits.isdigit() and -(2**63) <= int(text) < 2**63:
        return int(text)
    raise OperationError(Code.BAD_USER_INPUT, "A whole number of 64 bits is wanted.")


def _whole(value: Json) -> Json:
    return _number(int(value) if isinstance(value, float) and value.is_integer() else value)


def _truth(value: Json) -> Json:
    if value is None or isinstance(value, int):
        return value
    raise OperationError(Code.BAD_USER_INPUT, "True or false is wanted.")


def _fraction(value: Json) -> Json:
    if value is None or isinstance(value, int | float):
        return value
    return float(str(_exact(value)))


def _exact(value: Json) -> Json:
    if value is None or isinstance(value, bool | int):
        return value
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        raise OperationError(Code.BAD_USER_INPUT, "A number is wanted.") from None
    if not number.is_finite():
        raise OperationError(Code.BAD_USER_INPUT, "A number is wanted.")
    # Not quite JSON: MySQL's driver takes it as it is.
    return cast("Json", number)


def _moment(value: Json) -> Json:
    return value if not isinstance(value, str) else _utc(value).isoformat(timespec="milliseconds") + "Z"


def _moment_of_mysql(value: Json) -> Json:
    """MySQL takes no `Z`, and before 8.0.19 no offsets."""
    return value if not isinstance(value, str) else _utc(value).isoformat(" ", timespec="microseconds")


def _utc(value: str) -> datetime:
    """Without its zone."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise OperationError(Code.BAD_USER_INPUT, "A date-time is not written as 2026-11-21T05:47:00Z.") from error
    return moment.replace(tzinfo=None)


def _uuid_bytes(value: Json) -> Json | bytes:
    if value is None:
        return None
    try:
        return UUID(as_text(value)).bytes
    except ValueError:
        raise OperationError(Code.BAD_USER_INPUT, "A UUID is wanted.") from None


def _blob(value: Json) -> Json | bytes:
    if not isinstance(value, str):
        return None
    try:
        return b64decode(value, validate=True)
    except NotBase64 as error:
        raise OperationError(Code.BAD_USER_INPUT, "Bytes are not written in base64.") from error


_SQLITE: Final[Mapping[str, Storing]] = {
    "String": _text,
    "ID": _text,
    "enum": _text,
    "UUID": _text,
    "DateTime": _moment,
    "Bytes": _blob,
    "JSON": _encoded,
    "BigInt": _number,
    "Decimal": _text,
    "Date": _text,
    "Time": _text,
}


@cache
def listed(dialect: Dialect, each: Storing) -> Storing:
    """A list to compare with: an array for PostgreSQL, a list for MySQL's `IN (…)`, JSON text for SQLite's `json_each`,
    blobs in hex there."""

    def storing(value: Json) -> Json:
        if value is None or isinstance(value, str) or not isinstance(value, Sequence):
            items: Sequence[Json] = [] if value is None else [value]
        else:
            items = value
        kept = [item for item in map(each, items) if item is not None]
        if dialect.name == "mysql":
            return cast("Json", kept)
        plain: list[Json] = [item.hex().upper() if isinstance(item, bytes) else item for item in kept]
        return plain if dialect.typed else orjson.dumps(plain).decode()

    return storing


def pattern(dialect: Dialect, *, before: bool, after: bool, any_case: bool) -> Storing:
    """Of a text that stands for itself, with anything `before` or `after` it: what `Dialect.matches` takes."""
    if dialect.name == "sqlite":
        return (_GLOB_LOWER if any_case else _GLOB)[before, after]
    return _LIKE[before, after]


def lowered(dialect: Dialect) -> Storing | None:
    """What `Dialect.lowered_parameter` takes. SQLite's own `lower` knows ASCII only."""
    return {"sqlite": _lower, "postgres": None, "mysql": _text}[dialect.name]


def _lower(value: Json) -> Json:
    return None if value is None else as_text(value).lower()


def _like(*, before: bool, after: bool) -> Storing:
    """For LIKE with `ESCAPE '!'`."""
    table = str.maketrans({sign: ESCAPE + sign for sign in (ESCAPE, "%", "_")})

    def storing(value: Json) -> Json:
        return None if value is None else f"{'%' * before}{as_text(value).translate(table)}{'%' * after}"

    return storing


def _glob(*, before: bool, after: bool, lowered: bool = False) -> Storing:
    """For SQLite's GLOB."""
    table = str.maketrans({sign: f"[{sign}]" for sign in "*?["})

    def storing(value: Json) -> Json:
        if value is None:
            return None
        text = as_text(value).lower() if lowered else as_text(value)
        return f"{'*' * before}{text.translate(table)}{'*' * after}"

    return storing


_ENDS: Final = ((True, True), (False, True), (True, False))
_LIKE: Final = {(before, after): _like(before=before, after=after) for before, after in _ENDS}
_GLOB: Final = {(before, after): _glob(before=before, after=after) for before, after in _ENDS}
_GLOB_LOWER: Final = {(before, after): _glob(before=before, after=after, lowered=True) for before, after in _ENDS}
