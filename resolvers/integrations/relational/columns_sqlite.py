"""SQLite: the JSON text of a column's value. A column may hold a value of any kind whatever was declared, so what the
value is decides; only STRICT tables spare the guard. Text that is not UTF-8 is not looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from tidegate.core.types import ListOf, TypeDefinition, nullable
from tidegate.resolvers.integrations.relational.columns import (
    INT_HIGHEST,
    INT_LOWEST,
    WHOLE,
    Cell,
    Shown,
    enum_of,
)
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql, literal

_DIGIT: Final = "[0-9]"
_DAY: Final = f"{_DIGIT * 4}-{_DIGIT * 2}-{_DIGIT * 2}"
_CLOCK: Final = f"{_DIGIT * 2}:{_DIGIT * 2}:{_DIGIT * 2}"
_DOUBLE: Final = "1.7976931348623157e308"


def shown_by_sqlite(cell: Cell, types: Mapping[str, TypeDefinition]) -> Shown:
    value, type = cell.value, nullable(cell.type)
    if isinstance(type, ListOf):
        return Shown(_json(value), sa.true())
    enum = enum_of(type, types)
    if enum is not None:
        words = ", ".join(f"'{word}'" for word in enum.values)
        return Shown(_string(value), Fragment((value, f" NOT IN ({words})")))
    match type.name:
        case "ID" if cell.strict and cell.reflected.family in WHOLE:
            return Shown(_quoted(value))
        case "String" | "ID":
            return Shown(_string(value), None if cell.strict else _is(value, "blob"))
        case "Int":
            other = Fragment(
                ("typeof(", value, ") <> 'integer' OR ", value, f" NOT BETWEEN {INT_LOWEST} AND {INT_HIGHEST}")
            )
            return Shown(_value(value), other)
        case "BigInt":
            return Shown(_string(value), _is_not(value, "integer"))
        case "Float":
            return Shown(
                _value(value),
                Fragment(("typeof(", value, ") NOT IN ('integer', 'real') OR abs(", value, f") > {_DOUBLE}")),
            )
        case "Decimal":
            number = Fragment(("CASE typeof(", value, ") WHEN 'real' THEN ", _float(value), " ELSE ", value, " END"))
            return Shown(_string(number), _not_decimal(value))
        case "Boolean":
            text = Fragment(("CASE ", value, " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE ", _value(value), " END"))
            return Shown(_null(value, text), Fragment((value, " NOT IN (0, 1)")))
        case "DateTime":
            return _moment(value)
        case "Date":
            return Shown(_string(value), Fragment((value, f" NOT GLOB '{_DAY}'")))
        case "Time":
            return Shown(_string(value), Fragment((value, f" NOT GLOB '{_CLOCK}*'")))
        case "UUID":
            return _uuid(value)
        case "JSON":
            return Shown(_json(value))
        case "Bytes":
            return Shown(_null(value, Fragment(("'\"' || tidegate_base64(", value, ") || '\"'"))))
        case _:
            return Shown(_value(value), sa.true())


def raw_json(value: Sql) -> Sql:
    """The value as JSON, as it is stored: what can be compared with it again. Never null."""
    return sa.func.coalesce(_value(value), literal("null"))


def _null(value: Sql, text: Sql) -> Sql:
    """`text`, but null where `value` is."""
    return Fragment(("CASE WHEN ", value, " IS NOT NULL THEN ", text, " END"))


def _quoted(value: Sql) -> Sql:
    return Fragment(("('\"' || ", value, " || '\"')"))


def _string(value: Sql) -> Sql:
    return _null(value, Fragment(("json_quote(CAST(", value, " AS TEXT))")))


def _float(value: Sql) -> Sql:
    """As few digits as will do: SQLite shows 15, and 17 are needed at times."""
    return Fragment(
        (
            "CASE WHEN CAST(",
            value,
            " || '' AS REAL) = ",
            value,
            " THEN ",
            value,
            " || '' ELSE printf('%!.17g', ",
            value,
            ") END",
        )
    )


def _value(value: Sql) -> Sql:
    """Any value as the JSON nearest to it; infinities as text, which no number is."""
    return Fragment(
        (
            *("CASE typeof(", value, ") WHEN 'integer' THEN ", value, " || ''"),
            *(
                " WHEN 'real' THEN CASE WHEN abs(",
                value,
                f") > {_DOUBLE} THEN '\"Infinity\"' ELSE ",
                _float(value),
                " END",
            ),
            *(" WHEN 'text' THEN json_quote(", value, ") WHEN 'blob' THEN json_quote(hex(", value, ")) END"),
        )
    )


def _json(value: Sql) -> Sql:
    """JSON as it is kept; what is not JSON, as a text."""
    return Fragment(("CASE WHEN json_valid(", value, ") THEN ", value, " || '' ELSE ", _value(value), " END"))


def _is(value: Sql, kind: str) -> Sql:
    return Fragment(("typeof(", value, f") = '{kind}'"))


def _is_not(value: Sql, kind: str) -> Sql:
    return Fragment(("typeof(", value, f") <> '{kind}'"))


def _not_decimal(value: Sql) -> Sql:
    return Fragment(
        (
            *("typeof(", value, ") = 'blob' OR (typeof(", value, ") = 'text' AND (", value, " GLOB '*[^-0-9.]*' OR "),
            *(value, " NOT GLOB '*[0-9]*' OR ", value, " GLOB '?*-*' OR ", value, " GLOB '*.*.*')) OR abs("),
            *(value, f") > {_DOUBLE}"),
        )
    )


def _moment(value: Sql) -> Shown:
    """As it is if it is ISO 8601 with an offset; UTC if it has none, as SQLite's own functions write it; whole numbers
    are seconds of the epoch."""
    iso = f" GLOB '{_DAY}T{_CLOCK}*"
    text = Fragment(
        (
            *("CASE WHEN ", value, iso, "Z' THEN json_quote(", value, ")"),
            *(" WHEN ", value, iso, "[-+][0-9][0-9]:[0-9][0-9]' THEN json_quote(", value, ")"),
            *(" WHEN length(", value, ") BETWEEN 19 AND 26 AND ", value, f" GLOB '{_DAY}[ T]{_CLOCK}*' AND substr("),
            *(value, ", 20) NOT GLOB '*[^.0-9]*' THEN '\"' || replace(", value, ", ' ', 'T') || 'Z\"'"),
            *(
                " WHEN typeof(",
                value,
                ") = 'integer' THEN strftime('\"%Y-%m-%dT%H:%M:%SZ\"', ",
                value,
                ", 'unixepoch')",
            ),
            *(" ELSE ", _value(value), " END"),
        )
    )
    known = f" GLOB '{_DAY}[ T]{_CLOCK}*"
    plain = Fragment(("substr(", value, ", 20)"))
    # The tail of digits, or an offset: any other tail is a flaw, and so are quotes in it.
    tails = (" GLOB '*[^-+:.0-9Z]*'",)
    flaw = Fragment(("typeof(", value, ") <> 'integer' AND (", value, " NOT", known, "' OR ", plain, *tails, ")"))
    return Shown(text, flaw)


def _uuid(value: Sql) -> Shown:
    hexed = Fragment(("lower(hex(", value, "))"))
    pieces: list[str | Sql] = []
    for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)):
        pieces += [" || '-' || " if pieces else "", "substr(", hexed, f", {start}, {length})"]
    text = Fragment(
        ("CASE WHEN typeof(", value, ") = 'blob' AND length(", value, ") = 16 THEN '\"' || ", *pieces, " || '\"' ELSE ")
        + (_string(Fragment(("lower(", value, ")"))), " END")
    )
    flaw = Fragment(
        ("CASE typeof(", value, ") WHEN 'blob' THEN length(", value, ") <> 16 ELSE length(", value, ") <> 36 OR ")
        + (value, " GLOB '*[^-0-9a-fA-F]*' END")
    )
    return Shown(text, flaw)
