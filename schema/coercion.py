"""Client values -> JSON values of the declared types.

A type becomes a `Coercer` once: a function from a variable's JSON value to the canonical one. A literal in a document
becomes either a constant or, where it holds variables, a function of the variables (`Bound`). Both raise `Invalid`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    EnumValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    TypeNode,
    ValueNode,
    VariableNode,
)
from graphql.language import ListTypeNode, NamedTypeNode, NonNullTypeNode

from tidegate.core.json import MISSING, Given, Json
from tidegate.core.scalar_forms import Invalid
from tidegate.core.scalar_inputs import check_depth
from tidegate.core.types import Argument, EnumType, InputType, ListOf, Named, NonNull, TypeDefinition, TypeRef
from tidegate.schema.document_literals import (
    NULL,
    Constant,
    Literal,
    of_list,
    of_object,
    of_scalar,
    of_variable,
    with_default,
)
from tidegate.schema.scalars import SCALARS, Scalar

Coercer: TypeAlias = Callable[[Json], Json]


class Coercion:
    """The coercers of a project's input types, each made once."""

    def __init__(self, types: Mapping[str, TypeDefinition]) -> None:
        self._types = types
        self._coercers: dict[TypeRef, Coercer] = {}

    def coercer(self, type: TypeRef) -> Coercer:
        """Takes a variable's value of this type."""
        found = self._coercers.get(type)
        if found is None:
            found = self._coercers[type] = self._make(type)
        return found

    def literal(self, node: ValueNode, type: TypeRef) -> Literal:
        """Takes a literal of a validated document. A `Bound` one answers `MISSING` where it is, as a whole, a variable
        that was not given."""
        if isinstance(node, VariableNode):
            return of_variable(node.name.value, isinstance(type, NonNull))
        if isinstance(type, NonNull):
            if isinstance(node, NullValueNode):
                raise Invalid(NULL)
            type = type.of
        if isinstance(node, NullValueNode):
            return Constant(None)
        if isinstance(type, ListOf):
            return self._list(node, type.of)
        match definition := self._leaf(type.name):
            case Scalar():
                return of_scalar(node, definition)
            case EnumType():
                if not isinstance(node, EnumValueNode) or node.value not in definition.values:
                    raise Invalid(f"Expected a value of {definition.name}.")
                return Constant(node.value)
            case InputType():
                return self._input(node, definition)

    def filled(self, arguments: Mapping[str, Argument], given: Mapping[str, ValueNode]) -> dict[str, Literal]:
        """Literals and defaults for the arguments of a field, or the fields of an input type. What is neither given nor
        has a default is not there. Raises `Invalid` where it must be."""
        filled: dict[str, Literal] = {}
        for name, argument in arguments.items():
            try:
                if name in given:
                    filled[name] = with_default(self.literal(given[name], argument.type), argument)
                elif argument.default is not MISSING:
                    filled[name] = Constant(argument.default)
                elif argument.required:
                    raise Invalid(NULL)
            except Invalid as error:
                raise error.under(name) from None
        return filled

    def _leaf(self, name: str) -> Scalar | EnumType | InputType:
        if name in SCALARS:
            return SCALARS[name]
        definition = self._types[name]
        if not isinstance(definition, (EnumType, InputType)):
            raise TypeError(f"{name} is not an input type.")
        return definition

    def _make(self, type: TypeRef) -> Coercer:
        if isinstance(type, NonNull):
            return _not_null(self.coercer(type.of))
        if isinstance(type, ListOf):
            return _nullable(_list_of(self.coercer(type.of)))
        match definition := self._leaf(type.name):
            case Scalar():
                return _nullable(definition.take)
            case EnumType():
                return _nullable(_one_of(definition))
            case InputType():
                return _nullable(self._object(definition))

    def _object(self, definition: InputType) -> Coercer:
        coercers: dict[str, Coercer] = {}

        def coerce(value: Json) -> Json:
            if not isinstance(value, Mapping):
                raise Invalid(f"Expected an object of type {definition.name}.")
            if not coercers:  # Made late: an input type may hold itself.
                coercers.update((name, self.coercer(field.type)) for name, field in definition.fields.items())
            if not value.keys() <= coercers.keys():
                raise Invalid(f"Expected only fields of {definition.name}.")
            taken: dict[str, Json] = {}
            for name, field in definition.fields.items():
                try:
                    if name in value:
                        taken[name] = coercers[name](value[name])
                    elif field.default is not MISSING:
                        taken[name] = field.default
                    elif field.required:
                        raise Invalid(NULL)
                except Invalid as error:
                    raise error.under(name) from None
            return taken

        return coerce

    def _list(self, node: ValueNode, type: TypeRef) -> Literal:
        if not isinstance(node, ListValueNode):
            return of_list([self.literal(node, type)])
        literals: list[Literal] = []
        for index, item in enumerate(node.values):
            try:
                literals.append(self.literal(item, type))
            except Invalid as error:
                raise error.under(index) from None
        return of_list(literals)

    def _input(self, node: ValueNode, definition: InputType) -> Literal:
        if not isinstance(node, ObjectValueNode):
            raise Invalid(f"Expected an object of type {definition.name}.")
        return of_object(self.filled(definition.fields, {field.name.value: field.value for field in node.fields}))


def type_of(node: TypeNode) -> TypeRef:
    """A variable's type, as the document writes it."""
    match node:
        case NamedTypeNode():
            return Named(node.name.value)
        case ListTypeNode():
            return ListOf(type_of(node.type))
        case NonNullTypeNode():
            inner = type_of(node.type)
            if not isinstance(inner, NonNull):
                return NonNull(inner)
    raise TypeError(f"{node.kind} is not a type.")


def _not_null(coerce: Coercer) -> Coercer:
    def check(value: Json) -> Json:
        if value is None:
            raise Invalid(NULL)
        return coerce(value)

    return check


def _nullable(coerce: Coercer) -> Coercer:
    def check(value: Json) -> Json:
        return None if value is None else coerce(value)

    return check


def _list_of(coerce: Coercer) -> Coercer:
    def check(value: Json) -> Json:
        if not isinstance(value, list):
            return [coerce(value)]
        taken: list[Json] = []
        for index, item in enumerate(value):
            try:
                taken.append(coerce(item))
            except Invalid as error:
                raise error.under(index) from None
        return taken

    return check


def _one_of(definition: EnumType) -> Coercer:
    def check(value: Json) -> Json:
        if not isinstance(value, str) or value not in definition.values:
            raise Invalid(f"Expected a value of {definition.name}.")
        return value

    return check


@dataclass(frozen=True, slots=True)
class VariablePlan:
    """One declared variable. `default` is coerced."""

    name: str
    coerce: Coercer
    default: Given
    required: bool
    line: int
    column: int

    def take(self, raw: Mapping[str, Json], into: dict[str, Json]) -> None:
        """Raises `Invalid`."""
        value = raw.get(self.name, MISSING)
        if value is MISSING:
            if self.default is not MISSING:
                into[self.name] = self.default
            elif self.required:
                raise Invalid(NULL)
            return
        if isinstance(value, (dict, list)):
            check_depth(value)
        into[self.name] = self.coerce(value)
