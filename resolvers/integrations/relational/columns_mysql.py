"""MySQL and MariaDB: the JSON text of a column's value, by what it is stored as and what the schema calls it.

CONCAT writes numbers as JSON does. Texts are taken to utf8mb4 before they are quoted, whatever their column has.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, cast

import sqlalchemy as sa

from tidegate.core.json import Json
from tidegate.core.types import ListOf, TypeDefinition, nullable
from tidegate.resolvers.integrations.relational.cells import (
    AS_STORED,
    FLOATING,
    INT_HIGHEST,
    INT_LOWEST,
    WHOLE,
    Cell,
    Shown,
    enum_of,
)
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql, literal
from tidegate.resolvers.integrations.relational.storing import Storing
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

_UUID: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_MOMENTS: Final = frozenset({Family.TIMESTAMP, Family.TIMESTAMPTZ})
_NUMBERS: Final = WHOLE | FLOATING | {Family.NUMERIC}
_TEXTS: Final = frozenset({Family.TEXT, Family.ENUM, Family.UUID, Family.UNKNOWN, Family.OTHER, Family.CITEXT})
_LISTED: Final = ("enum(", "set(")


def shown_by_mysql(cell: Cell, types: Mapping[str, TypeDefinition]) -> Shown:
    value, family, type = cell.value, cell.reflected.family, nullable(cell.type)
    if isinstance(type, ListOf):
        # Lists are kept as JSON.
        return Shown(_json(value, cell.reflected), value.is_not(sa.null()))
    enum = enum_of(type, types)
    if enum is not None:
        if family is Family.ENUM and set(cell.reflected.values) <= set(enum.values):
            return _quoted(value)
        words = ", ".join(f"'{word}'" for word in enum.values)
        return Shown(_string(value), Fragment(("CAST(", value, f" AS BINARY) NOT IN ({words})")))
    match type.name:
        case "ID" | "BigInt" | "Decimal" if family in WHOLE:
            return _quoted(value)
        case "ID" if family is Family.UUID:
            return _quoted(value)
        case "Int" if family in WHOLE:
            return Shown(_written(value), _beyond(value) if family is Family.BIGINT else None)
        case "Int" | "BigInt" if family in _NUMBERS:
            whole, broken = Fragment(("truncate(", value, ", 0)")), Fragment((value, " <> truncate(", value, ", 0)"))
            if type.name == "BigInt":
                return _quoted(whole, broken)
            return Shown(_written(whole), sa.or_(_beyond(value), broken))
        case "Float" if family in _NUMBERS:
            return Shown(_number(value, family))
        case "Decimal" if family in _NUMBERS:
            return _quoted(_number(value, family))
        case "Boolean" if family is Family.BOOLEAN or family in WHOLE:
            return Shown(_boolean(value), Fragment((value, " NOT IN (0, 1)")))
        case "DateTime" if family in _MOMENTS:
            return _moment(value)
        case "Date" if family is Family.DATE:
            return _quoted(_formed(value, "%Y-%m-%d"), _zero(value))
        case "Time" if family is Family.TIME:
            outside = Fragment((value, " NOT BETWEEN '00:00:00' AND '23:59:59.999999'"))
            return _quoted(_trimmed(_formed(value, "%H:%i:%s.%f", "time")), outside)
        case "UUID" if family is Family.BYTEA:
            return _quoted(_dashed(value), Fragment(("length(", value, ") <> 16")))
        case "UUID" if family in _TEXTS:
            lower = Fragment(("lower(", _written(value), ")"))
            return Shown(_string(lower), Fragment((lower, f" NOT REGEXP '{_UUID}'")))
        case "JSON":
            return Shown((_json if family in _TEXTS else _any)(value, cell.reflected))
        case name if name == AS_STORED:
            return Shown(_any(value, cell.reflected))
        case "Bytes" if family is Family.BYTEA:
            return _quoted(_base64(value))
        case "String" | "ID" if family in _NUMBERS:
            return _quoted(_number(value, family))
        case "String" | "ID" if family is not Family.BYTEA:
            return Shown(_string(value))
        case _:
            # Nothing that we know how to show: GraphQL's own rules decide on each value.
            return Shown(_any(value, cell.reflected), value.is_not(sa.null()))


def raw_json(value: Sql, reflected: ReflectedColumn) -> Sql:
    """As `stored_json` says: exact, and whole numbers for what MySQL sorts by its number."""
    family = reflected.family
    if family in WHOLE or family is Family.BOOLEAN or family in FLOATING or _is_listed(reflected):
        text: Sql = _written(sorted_by_mysql(value, reflected))
    elif family is Family.BYTEA:
        text = Fragment(("concat('\"', hex(", value, "), '\"')"))
    else:
        text = _string(value)
    return sa.func.coalesce(text, literal("null"))


def rebound_by_mysql(reflected: ReflectedColumn) -> Storing:
    match reflected.family:
        case Family.NUMERIC:
            return _decimal
        case Family.BYTEA:
            return _bytes
        case _:
            return _same


def sorted_by_mysql(value: Sql, reflected: ReflectedColumn) -> Sql:
    """An ENUM is sorted by the place of its label, and compared by its letters. A FLOAT is written with fewer digits
    than it has."""
    if reflected.family is Family.REAL:
        return Fragment(("(", value, " + 0e0)"))
    if reflected.family is Family.BOOLEAN or _is_listed(reflected):
        return Fragment(("(", value, " + 0)"))
    return value


def _is_listed(reflected: ReflectedColumn) -> bool:
    return reflected.family is Family.ENUM or reflected.declared.lower().startswith(_LISTED)


def _same(value: Json) -> Json:
    return value


def _decimal(value: Json) -> Json:
    # Not quite JSON: the driver takes it as it is.
    return cast("Json", Decimal(value)) if isinstance(value, str) else None


def _bytes(value: Json) -> Json | bytes:
    return bytes.fromhex(value) if isinstance(value, str) else None


def _written(value: Sql) -> Sql:
    return Fragment(("concat(", value, ")"))


def _string(value: Sql) -> Sql:
    return Fragment(("json_quote(CONVERT(", value, " USING utf8mb4))"))


def _quoted(value: Sql, flaw: Sql | None = None) -> Shown:
    """For what cannot hold a quote."""
    return Shown(value, flaw, '"', '"')


def _number(value: Sql, family: Family) -> Sql:
    """A FLOAT in its six digits if these are all that it has."""
    if family is not Family.REAL:
        return _written(value)
    is_short = ("CAST(concat(", value, ") AS FLOAT) = ", value)
    return Fragment(("CASE WHEN ", *is_short, " THEN concat(", value, ") ELSE concat(", value, " + 0e0) END"))


def _boolean(value: Sql) -> Sql:
    """With any other number as it is."""
    return Fragment(("CASE ", value, " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE ", _written(value), " END"))


def _beyond(value: Sql) -> Sql:
    return Fragment((value, f" NOT BETWEEN {INT_LOWEST} AND {INT_HIGHEST}"))


def _formed(value: Sql, form: str, kind: str = "date") -> Sql:
    return Fragment((f"{kind}_format(", value, f", '{form}')"))


def _trimmed(text: Sql) -> Sql:
    """Without the zeros at the end of the fraction, as PostgreSQL writes it."""
    return Fragment(("TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM ", text, "))"))


def _zero(value: Sql) -> Sql:
    """What MySQL has for a date where NO_ZERO_DATE was not set."""
    return Fragment((value, " < '0001-01-01'"))


def _moment(value: Sql) -> Shown:
    return Shown(_trimmed(_formed(value, "%Y-%m-%dT%H:%i:%s.%f")), _zero(value), '"', 'Z"')


def _dashed(value: Sql) -> Sql:
    """A UUID kept as 16 bytes. Of null null, as everything here."""
    pieces: list[str | Sql] = []
    for part in ("1, 8", "9, 4", "13, 4", "17, 4", "21"):
        pieces += [", '-', " if pieces else "concat(", "substr(lower(hex(", value, f")), {part})"]
    return Fragment((*pieces, ")"))


def _base64(value: Sql) -> Sql:
    return Fragment(("replace(to_base64(", value, "), '\\n', '')"))


def _json(value: Sql, reflected: ReflectedColumn) -> Sql:
    """What is not JSON is a text."""
    if reflected.family in (Family.JSON, Family.JSONB):
        return value
    plain = ("json_valid(", value, ") THEN CONVERT(", value, " USING utf8mb4)")
    return Fragment(("CASE WHEN ", *plain, " ELSE ", _string(value), " END"))


def _any(value: Sql, reflected: ReflectedColumn) -> Sql:
    """As near to JSON as a value of any family comes."""
    match reflected.family:
        case family if family in _NUMBERS:
            return _number(value, family)
        case Family.BOOLEAN:
            return _boolean(value)
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            shown = _moment(value)
            return Fragment(("concat('\"', ", shown.text, ", 'Z\"')"))
        case Family.BYTEA:
            return Fragment(("concat('\"', ", _base64(value), ", '\"')"))
        case Family.JSON | Family.JSONB:
            return value
        case _:
            return _string(value)
