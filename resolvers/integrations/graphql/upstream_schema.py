"""The schema of another server, as the project keeps it: what documents are held against, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from graphql import GraphQLArgument as GraphQLArgumentDefinition
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLType,
    OperationType,
    build_schema,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from tidegate.core.json import MISSING
from tidegate.core.location import Location
from tidegate.core.types import (
    SCALARS,
    Argument,
    EnumType,
    InputType,
    ListOf,
    Named,
    NonNull,
    TypeDefinition,
    TypeRef,
)

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file."""


class Unreadable(Exception):
    """Why a schema cannot be read: a sentence, with the line where it is known."""

    def __init__(self, sentence: str, line: int = 1, column: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.column = column


class UpstreamSchema:
    """`inputs` are its enums and input types in our words; a scalar that we do not know is JSON there."""

    def __init__(self, schema: GraphQLSchema, at: Location) -> None:
        self.schema = schema
        self.at = at
        self.inputs: dict[str, TypeDefinition] = {}
        self.compared: set[tuple[str, str]] = set()
        """Types of ours that were held against its own."""
        for name, type in schema.type_map.items():
            if name.startswith("__"):
                continue
            if isinstance(type, GraphQLEnumType):
                self.inputs[name] = EnumType(name, dict.fromkeys(type.values, ""), at)
            elif isinstance(type, GraphQLInputObjectType):
                fields = {
                    each: self._argument(each, field.type, required=is_required_input_field(field))
                    for each, field in type.fields.items()
                }
                self.inputs[name] = InputType(name, fields, at)

    def root(self, type: OperationType) -> Mapping[str, GraphQLField]:
        found = self.schema.get_root_type(type)
        return found.fields if found is not None else {}

    def arguments(self, given: Mapping[str, GraphQLArgumentDefinition]) -> Mapping[str, Argument]:
        return {
            name: self._argument(name, each.type, required=is_required_argument(each)) for name, each in given.items()
        }

    def _argument(self, name: str, type: GraphQLType, *, required: bool) -> Argument:
        # Which default it has, if any, is the other server's business.
        return Argument(name, type_ref(type), self.at, MISSING if required else None)


def read_schema(path: Path) -> GraphQLSchema:
    """Raises `Unreadable`."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"This file has more than {LARGEST} bytes.")
        return parse_schema(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable("This file cannot be read.") from error


def parse_schema(text: str) -> GraphQLSchema:
    """Raises `Unreadable`."""
    try:
        return build_schema(text, no_location=False)
    except (GraphQLError, TypeError) as error:
        locations = error.locations if isinstance(error, GraphQLError) else None
        first = locations[0] if locations else None
        message = error.message if isinstance(error, GraphQLError) else str(error)
        sentence = "This is not the schema of a GraphQL server: " + (message.splitlines() or [""])[0].rstrip(".") + "."
        raise Unreadable(sentence, first.line if first else 1, first.column if first else 1) from error


def type_ref(type: GraphQLType) -> TypeRef:
    """In our words; a scalar that we do not know is JSON."""
    match type:
        case GraphQLNonNull(of_type=of):
            inner = type_ref(of)
            assert not isinstance(inner, NonNull)
            return NonNull(inner)
        case GraphQLList(of_type=of):
            return ListOf(type_ref(of))
        case GraphQLEnumType() | GraphQLInputObjectType():
            return Named(type.name)
        case _:
            name = get_named_type(type).name
            return Named(name if name in SCALARS else "JSON")


def fields_of(type: GraphQLOutputType) -> Mapping[str, GraphQLField] | None:
    """None where what is there has no fields that can be named: a leaf, or a union."""
    inner = get_named_type(type)
    return inner.fields if isinstance(inner, GraphQLObjectType | GraphQLInterfaceType) else None


def list_depth(type: GraphQLType) -> int:
    depth = 0
    while isinstance(type, GraphQLNonNull | GraphQLList):
        depth += isinstance(type, GraphQLList)
        type = type.of_type
    return depth


def needs_arguments(field: GraphQLField) -> bool:
    return any(is_required_argument(argument) for argument in field.args.values())
