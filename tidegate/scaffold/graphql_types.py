"""Types of another GraphQL server -> those of types.graphql, as far as these go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tidegate.core.types import SCALARS
from tidegate.scaffold.text import description

_OURS: Final = frozenset({*SCALARS, "Query", "Mutation", "Subscription", "Refreshed", "PageInfo"})


class UpstreamTypes:
    """What is named by `output` and `sent` is what is written. `notes`: what is left out, and why."""

    def __init__(self, schema: GraphQLSchema, notes: list[str]) -> None:
        self._notes = notes
        self._full = _with_fields(schema)
        self._wanted: dict[str, GraphQLObjectType | GraphQLEnumType | GraphQLInputObjectType] = {}

    def output(self, field: GraphQLField, where: str) -> str | None:
        """The type of a field as it is written; none, and a note, where it is left out."""
        why = self._hindrance(field)
        if why:
            self._notes.append(f"{where} is left out: {why}.")
            return None
        return self.returned(field)

    def returned(self, field: GraphQLField) -> str:
        """The type of a field whose arguments are given; `unusable` says nothing of it."""
        self._want(get_named_type(field.type))
        return _shown(field.type)

    def sent(self, type: GraphQLInputType, *, required: bool) -> str:
        """What has a default over there may be left out here."""
        self._want(get_named_type(type))
        return _shown(type.of_type if not required and isinstance(type, GraphQLNonNull) else type)

    def text(self) -> str:
        """Of all that is named, and of what it names."""
        parts: list[str] = []
        done: set[str] = set()
        while waiting := [type for name, type in self._wanted.items() if name not in done]:
            for type in waiting:
                done.add(type.name)
                parts.append(self._written(type))
        return "\n".join(parts)

    def _want(self, type: GraphQLType) -> None:
        if isinstance(type, GraphQLObjectType | GraphQLEnumType | GraphQLInputObjectType):
            self._wanted[type.name] = type

    def _written(self, type: GraphQLObjectType | GraphQLEnumType | GraphQLInputObjectType) -> str:
        name = _name(type.name)
        head = description(type.description or "")
        match type:
            case GraphQLEnumType():
                values = "".join(
                    f"{description(value.description or '', 2)}  {each}\n" for each, value in type.values.items()
                )
                return f"{head}enum {name} {{\n{values}}}\n"
            case GraphQLInputObjectType():
                return f"{head}input {name} {{\n{''.join(self._inputs(type))}}}\n"
            case _:
                return f"{head}type {name} {{\n{''.join(self._fields(type))}}}\n"

    def _inputs(self, type: GraphQLInputObjectType) -> Iterator[str]:
        for name, field in type.fields.items():
            shown = self.sent(field.type, required=is_required_input_field(field))
            yield f"{description(field.description or '', 2)}  {name}: {shown}\n"

    def _fields(self, type: GraphQLObjectType) -> Iterator[str]:
        for name, field in type.fields.items():
            shown = self.output(field, f"{type.name}.{name}")
            if shown is None:
                continue
            reason = f" @deprecated(reason: {json.dumps(field.deprecation_reason)})" if field.deprecation_reason else ""
            yield f"{description(field.description or '', 2)}  {name}: {shown}{reason}\n"

    def _hindrance(self, field: GraphQLField) -> str:
        """Why a field of a type cannot be had; nothing where it can."""
        needed = [name for name, argument in field.args.items() if is_required_argument(argument)]
        if needed:
            return f"it needs the argument {needed[0]}"
        return self.unusable(field.type)

    def unusable(self, type: GraphQLOutputType) -> str:
        """Why nothing of this type can be had; nothing where it can."""
        inner = get_named_type(type)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return ""
        if not isinstance(inner, GraphQLObjectType):
            return f"{inner.name} is an interface or a union"
        return "" if inner.name in self._full else f"{inner.name} has no field that can be had"


def _with_fields(schema: GraphQLSchema) -> set[str]:
    """The object types of which something can be had: a leaf, or one of these types."""
    objects = [type for type in schema.type_map.values() if isinstance(type, GraphQLObjectType)]
    targets = {
        type.name: {
            "" if is_leaf_type(inner := get_named_type(field.type)) else inner.name
            for field in type.fields.values()
            if not any(map(is_required_argument, field.args.values()))
        }
        for type in objects
    }
    found: set[str] = set()
    while more := {name for name, inner in targets.items() if name not in found and ("" in inner or inner & found)}:
        found |= more
    return found


def _shown(type: GraphQLType) -> str:
    match type:
        case GraphQLNonNull(of_type=of):
            return f"{_shown(of)}!"
        case GraphQLList(of_type=of):
            return f"[{_shown(of)}]"
        case GraphQLScalarType():
            return type.name if type.name in SCALARS else "JSON"
        case _:
            return _name(get_named_type(type).name)


def _name(name: str) -> str:
    return f"{name}Type" if name in _OURS else name
