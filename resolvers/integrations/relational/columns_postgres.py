"""PostgreSQL: the JSON text of a column's value, by what it is stored as and what the schema calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from tidegate.core.types import ListOf, NonNull, TypeDefinition, nullable
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
from tidegate.resolvers.integrations.relational.dialect_postgres import POSTGRES, ScalarJson
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql, literal
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

_UUID: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def shown_by_postgres(cell: Cell, types: Mapping[str, TypeDefinition]) -> Shown:
    value, family, type = cell.value, cell.reflected.family, nullable(cell.type)
    if isinstance(type, ListOf):
        return _list(cell, type, types)
    enum = enum_of(type, types)
    if enum is not None:
        labels = cell.reflected.values
        if family is Family.ENUM and set(labels) <= set(enum.values):
            return _quoted(value)
        words = Fragment((", ".join(f"'{word}'" for word in enum.values),))
        return Shown(_string(value, family), Fragment((POSTGRES.text(value), " NOT IN (", words, ")")))
    match type.name:
        case "ID" | "BigInt" if family in WHOLE:
            return _quoted(value)
        case "ID" | "UUID" if family is Family.UUID:
            return _quoted(value)
        case "Int" if family in WHOLE:
            out = sa.or_(value > INT_HIGHEST_SQL, value < INT_LOWEST_SQL) if family is Family.BIGINT else None
            return Shown(value, out)
        case "Int" | "BigInt" if family is Family.NUMERIC or family in FLOATING:
            whole = sa.func.trunc(value)
            if type.name == "BigInt":
                return _quoted(whole, sa.or_(value != whole, _infinite(value)))
            out = sa.or_(value > INT_HIGHEST_SQL, value < INT_LOWEST_SQL, value != whole)
            return Shown(ScalarJson(value), out)
        case "Float" if family in WHOLE:
            return Shown(value)
        case "Float" if family is Family.NUMERIC or family in FLOATING:
            return Shown(ScalarJson(value), _infinite(value))
        case "Decimal" if family in WHOLE:
            return _quoted(value)
        case "Decimal" if family is Family.NUMERIC or family in FLOATING:
            return _quoted(value, _infinite(value))
        case "Boolean" if family is Family.BOOLEAN:
            return Shown(POSTGRES.text(value))
        case "DateTime" if family in (Family.TIMESTAMPTZ, Family.TIMESTAMP):
            return _moment(value, family)
        case "Date" if family is Family.DATE:
            return Shown(ScalarJson(value), _outside(value, "date"))
        case "Time" if family in (Family.TIME, Family.TIMETZ):
            return Shown(ScalarJson(value), None)
        case "UUID" if family in (Family.TEXT, Family.CITEXT, Family.UNKNOWN):
            lower = sa.func.lower(POSTGRES.text(value))
            return Shown(ScalarJson(lower), Fragment((lower, f" !~ '{_UUID}'")))
        case name if name in ("JSON", AS_STORED):
            return Shown(value if family in (Family.JSON, Family.JSONB) else sa.func.to_json(value))
        case "Bytes" if family is Family.BYTEA:
            encoded = sa.func.encode(value, literal("base64"))
            return _quoted(sa.func.translate(encoded, literal("\n"), literal("")))
        case "String" | "ID":
            return Shown(_string(value, family))
        case _:
            # Nothing that we know how to show: GraphQL's own rules decide on each value.
            return Shown(sa.func.to_json(value), value.is_not(sa.null()))


INT_HIGHEST_SQL: Final = Fragment((str(INT_HIGHEST),))
INT_LOWEST_SQL: Final = Fragment((f"({INT_LOWEST})",))


def _quoted(value: Sql, flaw: Sql | None = None) -> Shown:
    """For what cannot hold a quote."""
    return Shown(value, flaw, '"', '"')


def _string(value: Sql, family: Family) -> Sql:
    return ScalarJson(value if family is Family.TEXT else POSTGRES.text(value))


def _infinite(value: Sql) -> Sql:
    """Of NaN and the infinities. NaN is not 0 here."""
    return Fragment(("(", value, " - ", value, ") <> 0"))


def _moment(value: Sql, family: Family) -> Shown:
    if family is Family.TIMESTAMP:
        utc, name, zone = value, "timestamp", ""
    else:
        utc, name, zone = Fragment(("(", value, " AT TIME ZONE 'UTC')")), "timestamptz", "+00"
    text = Fragment(("left(", POSTGRES.text(ScalarJson(utc)), ", -1)"))
    return Shown(text, _outside(value, name, zone), after='Z"')


def _outside(value: Sql, name: str, zone: str = "") -> Sql:
    """Years that have not four digits, and the infinities."""
    low, high = f"{name} '0001-01-01{zone}'", f"{name} '10000-01-01{zone}'"
    return Fragment(("NOT (", value, f" >= {low} AND ", value, f" < {high})"))


def _list(cell: Cell, type: ListOf, types: Mapping[str, TypeDefinition]) -> Shown:
    value, reflected = cell.value, cell.reflected
    if reflected.family in (Family.JSON, Family.JSONB):
        return Shown(value, value.is_not(sa.null()))
    if reflected.family is not Family.ARRAY or reflected.element is None:
        return Shown(sa.func.to_json(value), value.is_not(sa.null()))
    name = "e"  # arrays hold no arrays, so one name is enough
    element = ReflectedColumn(name, reflected.element, values=reflected.element_values)
    # A flaw inside an array would not be a member of an object: it is told outside, also of nulls.
    loose = nullable(type.of)
    shown = shown_by_postgres(replace(cell, value=Fragment((f"{name}.v",)), type=loose, reflected=element), types)
    inner = sa.func.coalesce(shown.whole(POSTGRES), literal("null"))
    rows: tuple[str | Sql, ...] = (" FROM unnest(", value, f") WITH ORDINALITY AS {name}(v, o)")
    gathered = ("concat('[', (SELECT string_agg(", inner, f", ',' ORDER BY {name}.o)", *rows, "), ']')")
    text = Fragment(("CASE WHEN ", value, " IS NOT NULL THEN ", *gathered, " END"))
    flaws: list[Sql] = [Fragment(("array_ndims(", value, ") > 1"))]
    if isinstance(type.of, NonNull):
        flaws.append(Fragment(("array_position(", value, ", NULL) IS NOT NULL")))
    if shown.flaw is not None:
        flaws.append(Fragment(("EXISTS (SELECT 1", *rows, " WHERE ", shown.flaw, ")")))
    return Shown(text, sa.or_(*flaws))
