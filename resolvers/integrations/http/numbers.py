"""Big integers travel as texts here; in the JSON that others read they are numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from tidegate.core.expressions import Expression, Items, Record, Reference
from tidegate.core.fitting import Sendable
from tidegate.core.json import Json
from tidegate.core.types import InputType, ListOf, Named, TypeDefinition, TypeRef, named, nullable

Known = Callable[[Reference], Sendable | None]
"""The declared type of a reference."""


def with_numbers(expression: Expression, known: Known, types: Mapping[str, TypeDefinition]) -> Expression:
    """The expression, whose references of type BigInt, or that hold such, give numbers."""
    match expression:
        case Reference(hold=hold):
            sent = known(expression)
            if sent is None or not _has_any(sent.type, types, set()):
                return expression
            return replace(expression, hold=partial(_held, hold, sent.type, types))
        case Record(fields=fields):
            return replace(expression, fields={name: with_numbers(each, known, types) for name, each in fields.items()})
        case Items(items=items):
            return replace(expression, items=tuple(with_numbers(each, known, types) for each in items))
        case _:
            return expression


def _has_any(type: TypeRef, types: Mapping[str, TypeDefinition], seen: set[str]) -> bool:
    name = named(type)
    if name == "BigInt":
        return True
    definition = types.get(name)
    if name in seen or not isinstance(definition, InputType):
        return False
    seen.add(name)
    return any(_has_any(field.type, types, seen) for field in definition.fields.values())


def _held(
    before: Callable[[Json], Json] | None, type: TypeRef, types: Mapping[str, TypeDefinition], value: Json
) -> Json:
    return _numbered(value if before is None else before(value), type, types)


def _numbered(value: Json, type: TypeRef, types: Mapping[str, TypeDefinition]) -> Json:
    inner = nullable(type)
    if isinstance(inner, ListOf):
        return [_numbered(item, inner.of, types) for item in value] if isinstance(value, list) else value
    if inner == Named("BigInt"):
        return int(value) if isinstance(value, str) else value
    definition = types.get(inner.name)
    if not isinstance(definition, InputType) or not isinstance(value, Mapping):
        return value
    fields = definition.fields
    return {name: _numbered(each, fields[name].type, types) if name in fields else each for name, each in value.items()}
