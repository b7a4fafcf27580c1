"""SQLite: the JSON text of a column's value.

A column may hold a value of any kind, whatever was declared. What a value usually looks like is made into JSON by SQL;
everything else goes through `tidegate_json` (functions.py), which also says when it is not what the schema promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from tidegate.core.types import ListOf, TypeDefinition, nullable
from tidegate.resolvers.integrations.relational.cells import AS_STORED, INT_HIGHEST, INT_LOWEST, Cell, Shown, enum_of
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql, literal
from tidegate.resolvers.integrations.relational.tables import Family

_DIGIT: Final = "[0-9]"
_DAY: Final = f"{_DIGIT * 4}-{_DIGIT * 2}-{_DIGIT * 2}"
_CLOCK: Final = f"{_DIGIT * 2}:{_DIGIT * 2}:{_DIGIT * 2}"
_MOMENT: Final = f"{_DAY}T{_CLOCK}"


def shown_by_sqlite(cell: Cell, types: Mapping[str, TypeDefinition]) -> Shown:
    value, type = cell.value, nullable(cell.type)
    if isinstance(type, ListOf):
        return Shown(_otherwise("list", value))
    enum = enum_of(type, types)
    if enum is not None:
        words = ", ".join(f"'{word}'" for word in enum.values)
        return Shown(_usually("enum", value, f" IN ({words})", _quoted(value)))
    match type.name:
        case "String" if cell.strict and cell.reflected.family is Family.TEXT:
            # What it makes of null is not null.
            return Shown(Fragment(("json_quote(", value, ")")))
        case "String":
            return Shown(_usually("String", value, _Kind("text"), Fragment(("json_quote(", value, ")"))))
        case "ID":
            quoted = {"integer": _quoted(value), "text": Fragment(("json_quote(", value, ")"))}
            return Shown(_by_kind("ID", value, quoted))
        case "Int":
            return Shown(_usually("Int", value, _Kind("integer", INT_LOWEST, INT_HIGHEST), _plain(value)))
        case "BigInt":
            return Shown(_usually("BigInt", value, _Kind("integer"), _quoted(value)))
        case "Decimal":
            return Shown(_usually("Decimal", value, _Kind("integer"), _quoted(value)))
        case "Float":
            return Shown(_usually("Float", value, _Kind("integer"), _plain(value)))
        case "Boolean":
            known = (
                "CASE ",
                value,
                " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE ",
                _otherwise("Boolean", value),
                " END",
            )
            return Shown(Fragment(known))
        case "DateTime":
            kinds = f" GLOB '{_MOMENT}.{_DIGIT * 3}Z'"
            # Without the zeros at the end of the fraction, as PostgreSQL writes it.
            trimmed = ("'\"' || rtrim(rtrim(substr(", value, ", 1, 23), '0'), '.') || 'Z\"'")
            return Shown(_usually("DateTime", value, kinds, Fragment(trimmed)))
        case "Date":
            return Shown(_usually("Date", value, f" GLOB '{_DAY}'", _quoted(value)))
        case "Time":
            return Shown(_usually("Time", value, f" GLOB '{_CLOCK}'", _quoted(value)))
        case "JSON":
            valid = Fragment(("CASE WHEN typeof(", value, ") = 'text' THEN json_valid(", value, ") END"))
            text = Fragment(("CASE WHEN ", valid, " THEN ", value, " ELSE ", _otherwise("JSON", value), " END"))
            return Shown(text)
        case name if name == AS_STORED:
            return Shown(_raw(value))
        case name:
            return Shown(_otherwise(name, value))


def raw_json(value: Sql) -> Sql:
    """The value as JSON, as it is stored: what can be compared with it again. Never null."""
    return sa.func.coalesce(_raw(value), literal("null"))


def _raw(value: Sql) -> Sql:
    """Null for null."""
    kinds = {"integer": _plain(value), "text": Fragment(("json_quote(", value, ")"))}
    return _by_kind("raw", value, kinds)


class _Kind:
    """A condition on what kind of value it is, and its range."""

    def __init__(self, name: str, low: int | None = None, high: int | None = None) -> None:
        self.name = name
        self.range = None if low is None else (low, high)

    def of(self, value: Sql) -> tuple[str | Sql, ...]:
        within = (" AND ", value, f" BETWEEN {self.range[0]} AND {self.range[1]}") if self.range else ()
        return ("typeof(", value, f") = '{self.name}'", *within)


def _usually(type: str, value: Sql, usual: str | _Kind, text: Sql) -> Sql:
    condition = usual.of(value) if isinstance(usual, _Kind) else (value, usual)
    return Fragment(("CASE WHEN ", *condition, " THEN ", text, " ELSE ", _otherwise(type, value), " END"))


def _by_kind(type: str, value: Sql, texts: Mapping[str, Sql]) -> Sql:
    cases: list[str | Sql] = []
    for kind, text in texts.items():
        cases += [f" WHEN '{kind}' THEN ", text]
    return Fragment(("CASE typeof(", value, ")", *cases, " ELSE ", _otherwise(type, value), " END"))


def _otherwise(type: str, value: Sql) -> Sql:
    """Null for null."""
    return Fragment((f"tidegate_json('{type}', ", value, ")"))


def _quoted(value: Sql) -> Sql:
    """For what cannot hold a quote."""
    return Fragment(("'\"' || ", value, " || '\"'"))


def _plain(value: Sql) -> Sql:
    return Fragment((value, " || ''"))
