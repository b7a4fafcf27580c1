"""From the JSON form of a value to what a parameter takes.

PostgreSQL's driver converts by the parameter's own type, so hardly anything is done here for it. SQLite takes what it
is given, so values are brought here into the one form in which they are kept: date-times in UTC as SQLite's own
`strftime('%Y-%m-%dT%H:%M:%fZ')` writes them (to the millisecond, so that their order as text is their order in time),
decimals as their digits, booleans as 0 and 1, bytes as blobs, lists and JSON as JSON text.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final, TypeAlias

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


def stored(dialect: Dialect, type: TypeRef, column: ReflectedColumn, types: Mapping[str, TypeDefinition]) -> Storing:
    """How a value of a column is bound. The same function for equal needs, so that parameters can be shared."""
    type = nullable(type)
    if isinstance(type, ListOf):
        return _as_is if dialect.is_postgres else _encoded
    name = "enum" if isinstance(types.get(type.name), EnumType) else type.name
    if dialect.is_postgres:
        return _text if name in {"String", "ID", "enum"} and column.family is not Family.JSONB else _as_is
    if name == "ID" and column.family in _WHOLE:
        return _number
    return _SQLITE.get(name, _as_is)


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


def _moment(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise OperationError(Code.BAD_USER_INPUT, "A date-time is not written as 2026-11-21T05:47:00Z.") from error
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


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
    """A list to compare with: an array for PostgreSQL, JSON text for SQLite's `json_each`, blobs in hex there."""

    def storing(value: Json) -> Json:
        if value is None or isinstance(value, str) or not isinstance(value, Sequence):
            items: Sequence[Json] = [] if value is None else [value]
        else:
            items = value
        kept = [item for item in map(each, items) if item is not None]
        plain: list[Json] = [item.hex().upper() if isinstance(item, bytes) else item for item in kept]
        return plain if dialect.is_postgres else orjson.dumps(plain).decode()

    return storing


def like(before: str, after: str) -> Storing:
    """A pattern for LIKE with `ESCAPE '!'`, of a text that stands for itself."""
    return _LIKE[before, after]


def glob(before: str, after: str) -> Storing:
    """A pattern for SQLite's GLOB, of a text that stands for itself."""
    return _GLOB[before, after]


def glob_lower(before: str, after: str) -> Storing:
    """The same, of the text in lower case."""
    return _GLOB_LOWER[before, after]


def lower(value: Json) -> Json:
    return None if value is None else as_text(value).lower()


def _like(before: str, after: str) -> Storing:
    table = str.maketrans({sign: ESCAPE + sign for sign in (ESCAPE, "%", "_")})

    def storing(value: Json) -> Json:
        return None if value is None else f"{before}{as_text(value).translate(table)}{after}"

    return storing


def _glob(before: str, after: str, *, lowered: bool = False) -> Storing:
    table = str.maketrans({sign: f"[{sign}]" for sign in "*?["})

    def storing(value: Json) -> Json:
        if value is None:
            return None
        text = as_text(value).lower() if lowered else as_text(value)
        return f"{before}{text.translate(table)}{after}"

    return storing


_LIKE: Final = {ends: _like(*ends) for ends in (("%", "%"), ("", "%"), ("%", ""))}
_GLOB: Final = {ends: _glob(*ends) for ends in (("*", "*"), ("", "*"), ("*", ""))}
_GLOB_LOWER: Final = {ends: _glob(*ends, lowered=True) for ends in (("*", "*"), ("", "*"), ("*", ""))}
