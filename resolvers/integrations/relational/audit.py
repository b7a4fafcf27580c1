"""Holds the objects of a project against the tables that are really there: what `tidegate check --online` says.

A nullable column behind a non-null field is allowed: the statement watches for nulls, and a null that turns up is a
field error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tidegate.core.expressions import Expression, Record, Reference
from tidegate.core.fitting import is_of_step, sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.objects import Column, DataObject
from tidegate.core.problems import Problem, did_you_mean
from tidegate.core.types import EnumType, InputType, ListOf, TypeDefinition, TypeRef, named, nullable
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn, ReflectedTable

_TEXTS: Final = frozenset({Family.TEXT, Family.CITEXT})
_WHOLE: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
_NUMBERS: Final = _WHOLE | {Family.NUMERIC, Family.REAL, Family.FLOAT}

_FITS: Final[Mapping[str, frozenset[Family]]] = {
    "Int": _WHOLE,
    "Float": _NUMBERS,
    "Decimal": _NUMBERS,
    "BigInt": _WHOLE | {Family.NUMERIC},
    "String": _TEXTS | {Family.ENUM, Family.UUID, Family.INTERVAL, Family.OTHER},
    "ID": _TEXTS | _WHOLE | {Family.UUID, Family.NUMERIC, Family.ENUM, Family.OTHER},
    "Boolean": frozenset({Family.BOOLEAN}),
    "DateTime": frozenset({Family.TIMESTAMPTZ, Family.TIMESTAMP}),
    "Date": frozenset({Family.DATE}),
    "Time": frozenset({Family.TIME, Family.TIMETZ}),
    "UUID": frozenset({Family.UUID}),
    "JSON": frozenset(Family),
    "Bytes": frozenset({Family.BYTEA}),
}

_AS_TEXT: Final = frozenset({"DateTime", "Date", "Time", "Decimal", "BigInt", "UUID", "JSON", "Bytes"})
"""What SQLite, which has no types of its own for these, can keep as text."""


def audit_objects(
    objects: Iterable[DataObject], types: Mapping[str, TypeDefinition], tables: Mapping[str, ReflectedTable]
) -> Iterator[Problem]:
    """Tables and columns that do not exist, columns of types that do not fit, keys that are not unique."""
    for item in objects:
        table = tables.get(item.table)
        if table is None:
            yield Problem(item.at, f'There is no table "{item.table}" for "{item.name}".', _near(item.table, tables))
            continue
        for column in item.columns.values():
            yield from _audit_column(item, column, table, types)
        yield from _audit_key(item, table)


def audit_create(
    declaration: Declaration, tables: Mapping[str, ReflectedTable], surroundings: Surroundings
) -> Iterator[Problem]:
    """Columns that a `create` must fill, but never does."""
    target = declaration.target
    table = tables.get(target.table) if target is not None else None
    if target is None or table is None or declaration.verb not in ("create", "createMany"):
        return
    given = set(_filled(declaration, declaration.body, surroundings.types))
    filled = {target.columns[field].column for field in given if field in target.columns}
    names = {column.column: column.field for column in target.columns.values()}
    for column in table.columns.values():
        if column.nullable or column.has_default or column.generated or column.name in filled:
            continue
        name = names.get(column.name)
        yield Problem(
            declaration.at,
            f'"{declaration.operation}" never fills the column "{column.name}" of "{table.name}", which must have a '
            "value and has no default.",
            f'Set "{name}".' if name else f'Give "{target.name}" a field for it, or the column a default.',
        )


def _audit_column(
    item: DataObject, column: Column, table: ReflectedTable, types: Mapping[str, TypeDefinition]
) -> Iterator[Problem]:
    known = table.columns.get(column.column)
    if known is None:
        sentence = f'The table "{table.name}" has no column "{column.column}" for "{item.type}.{column.field}".'
        hint = did_you_mean(column.column, table.columns)
        yield Problem(column.at, sentence, hint or f'Name it under "columns" of "{item.name}".')
        return
    if not _fits(column.type, known, types, strict=table.strict):
        declared = known.declared or known.family.value
        yield Problem(
            column.at,
            f'"{item.type}.{column.field}" is {column.type}; the column "{column.column}" of "{table.name}" is '
            f"{declared}.",
            "Give the field a type that fits the column.",
        )
    labels = known.values or known.element_values
    definition = types.get(named(column.type))
    if labels and isinstance(definition, EnumType):
        strange = [value for value in definition.values if value not in labels]
        if strange:
            yield Problem(
                definition.at,
                f'The column "{column.column}" of "{table.name}" cannot hold {definition.name} {", ".join(strange)}.',
                f"It holds {', '.join(labels)}.",
            )


def _audit_key(item: DataObject, table: ReflectedTable) -> Iterator[Problem]:
    key = {item.columns[field].column for field in item.key if field in item.columns}
    rules = [rule for rule in (table.primary_key, *table.unique) if rule]
    # A view has no rules; its key is taken on trust.
    if not table.is_view and not any(set(rule) <= key for rule in rules):
        yield Problem(
            item.at,
            f'The key of "{item.name}" is not unique in "{table.name}": there is neither a primary key nor a unique '
            f"rule for {', '.join(sorted(key))}.",
            f"The primary key is {', '.join(table.primary_key)}." if table.primary_key else "",
        )


def _fits(type: TypeRef, column: ReflectedColumn, types: Mapping[str, TypeDefinition], *, strict: bool) -> bool:
    """`strict`: the database has types of its own, and holds to them."""
    leaf = nullable(type)
    family = column.family
    if family is Family.UNKNOWN:
        return True
    if isinstance(leaf, ListOf):
        if family is Family.ARRAY and column.element is not None:
            inner = ReflectedColumn(column.name, column.element, values=column.element_values)
            return _fits(leaf.of, inner, types, strict=strict)
        return family in (Family.JSON, Family.JSONB) or (not strict and family in _TEXTS)
    if isinstance(types.get(leaf.name), EnumType):
        return family in _TEXTS or family is Family.ENUM
    if family in _FITS.get(leaf.name, frozenset()):
        return True
    return not strict and _fits_loosely(leaf.name, family)


def _fits_loosely(name: str, family: Family) -> bool:
    if family in _TEXTS:
        return name in _AS_TEXT
    if name == "Boolean":
        return family in _WHOLE or family is Family.NUMERIC
    return family is Family.OTHER


def _filled(declaration: Declaration, body: Expression, types: Mapping[str, TypeDefinition]) -> Iterator[str]:
    """The fields that a `create` or a `createMany` writes."""
    if not isinstance(body, Record):
        yield from _sent(declaration, body, types)
    elif declaration.verb == "create":
        yield from body.fields
    else:
        fixed = body.fields.get("set")
        if isinstance(fixed, Record):
            yield from fixed.fields
        if isinstance(rows := body.fields.get("rows"), Reference) and is_of_step(rows):
            yield from declaration.target.columns if declaration.target is not None else ()
        elif rows is not None:
            yield from _sent(declaration, rows, types)


def _sent(declaration: Declaration, value: Expression, types: Mapping[str, TypeDefinition]) -> Iterator[str]:
    if isinstance(value, Reference) and (sent := sendable(value, declaration.arguments, types)) is not None:
        definition = types.get(named(sent.type))
        if isinstance(definition, InputType):
            yield from definition.fields


def _near(table: str, tables: Mapping[str, ReflectedTable]) -> str:
    bare = table.rpartition(".")[2]
    if bare != table and bare in tables:
        return f'It is in the default schema: write "{bare}".'
    return did_you_mean(table, tables)
