"""Client values -> JSON values of the declared types.

A type becomes a `Coercer` once: a function from a variable's JSON value to the canonical one. A literal in a document
becomes either a constant or, where it holds variables, a function of the variables (`Bound`). Both raise `Invalid`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    TypeNode,
    ValueNode,
    VariableNode,
)
from graphql.language import ListTypeNode, NamedTypeNode, NonNullTypeNode

from tidegate.core.json import MISSING, Given, Json
from tidegate.core.types import Argument, EnumType, InputType, ListOf, Named, NonNull, TypeDefinition, TypeRef
from tidegate.schema.scalars import SCALARS, Invalid, Scalar, check_depth

Coercer: TypeAlias = Callable[[Json], Json]
Variables: TypeAlias = Mapping[str, Json]
"""Coerced variables; what the client left out, and has no default, is not there."""
Bound: TypeAlias = Callable[[Variables], Given]

_NULL = "Expected a value, not null."


@dataclass(frozen=True, slots=True)
class Constant:
    value: Json


Literal: TypeAlias = Constant | Bound


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
            return _variable(node.name.value, isinstance(type, NonNull))
        if isinstance(type, NonNull):
            if isinstance(node, NullValueNode):
                raise Invalid(_NULL)
            type = type.of
        if isinstance(node, NullValueNode):
            return Constant(None)
        if isinstance(type, ListOf):
            return self._list(node, type.of)
        match definition := self._leaf(type.name):
            case Scalar():
                return _scalar(node, definition)
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
                    filled[name] = _defaulted(self.literal(given[name], argument.type), argument)
                elif argument.default is not MISSING:
                    filled[name] = Constant(argument.default)
                elif argument.required:
                    raise Invalid(_NULL)
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
                        raise Invalid(_NULL)
                except Invalid as error:
                    raise error.under(name) from None
            return taken

        return coerce

    def _list(self, node: ValueNode, type: TypeRef) -> Literal:
        if not isinstance(node, ListValueNode):
            return _together([self.literal(node, type)])
        literals: list[Literal] = []
        for index, item in enumerate(node.values):
            try:
                literals.append(self.literal(item, type))
            except Invalid as error:
                raise error.under(index) from None
        return _together(literals)

    def _input(self, node: ValueNode, definition: InputType) -> Literal:
        if not isinstance(node, ObjectValueNode):
            raise Invalid(f"Expected an object of type {definition.name}.")
        return _record(self.filled(definition.fields, {field.name.value: field.value for field in node.fields}))


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
            raise Invalid(_NULL)
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


def _variable(name: str, required: bool) -> Bound:
    def take(variables: Variables) -> Given:
        value = variables.get(name, MISSING)
        if required and value is None:
            raise Invalid(_NULL)
        return value

    return take


def _defaulted(literal: Literal, argument: Argument) -> Literal:
    """A variable that was not given is as if the argument had not been written."""
    if isinstance(literal, Constant) or (argument.default is MISSING and not argument.required):
        return literal
    bound = literal

    def take(variables: Variables) -> Given:
        value = bound(variables)
        if value is not MISSING:
            return value
        if argument.required:
            raise Invalid(_NULL)
        return argument.default

    return take


def _together(literals: list[Literal]) -> Literal:
    if all(isinstance(literal, Constant) for literal in literals):
        return Constant([literal.value for literal in literals if isinstance(literal, Constant)])

    def take(variables: Variables) -> Given:
        given = (literal.value if isinstance(literal, Constant) else literal(variables) for literal in literals)
        return [None if value is MISSING else value for value in given]

    return take


def _record(literals: dict[str, Literal]) -> Literal:
    if all(isinstance(literal, Constant) for literal in literals.values()):
        return Constant({name: value.value for name, value in literals.items() if isinstance(value, Constant)})

    def take(variables: Variables) -> Given:
        taken: dict[str, Json] = {}
        for name, literal in literals.items():
            value = literal.value if isinstance(literal, Constant) else literal(variables)
            if value is not MISSING:
                taken[name] = value
        return taken

    return take


def _scalar(node: ValueNode, scalar: Scalar) -> Literal:
    if scalar.name == "JSON":
        return _json(node)
    return Constant(take_literal(node, scalar))


def take_literal(node: ValueNode, scalar: Scalar) -> Json:
    """A literal without variables, of a scalar other than JSON. Raises `Invalid`."""
    match node:
        case StringValueNode() if scalar.name not in ("Int", "Float", "Boolean"):
            return scalar.take(node.value)
        case BooleanValueNode() if scalar.name == "Boolean":
            return node.value
        case IntValueNode() if scalar.name == "ID":
            return scalar.take(node.value)
        case IntValueNode() if scalar.exact or scalar.name in ("Int", "Float"):
            return scalar.take(node.value if scalar.exact else _whole(node.value))
        case FloatValueNode() if scalar.exact:
            return scalar.take(node.value)
        case FloatValueNode() if scalar.name == "Float":
            return scalar.take(float(node.value))
    # The scalar's own sentence says what was expected.
    return scalar.take({})


def _whole(text: str) -> Json:
    """Python converts whole numbers of thousands of digits slowly, or not at all; no scalar takes them."""
    return int(text) if len(text) < 400 else float("inf") if text[0] != "-" else float("-inf")


def _json(node: ValueNode) -> Literal:
    """A JSON literal may hold variables anywhere."""
    json = SCALARS["JSON"]
    match node:
        case VariableNode():
            return _variable(node.name.value, required=False)
        case ListValueNode():
            return _together([_json(item) for item in node.values])
        case ObjectValueNode():
            return _record({field.name.value: _json(field.value) for field in node.fields})
        case NullValueNode():
            return Constant(None)
        case IntValueNode():
            return Constant(json.take(_whole(node.value)))
        case FloatValueNode():
            return Constant(json.take(float(node.value)))
        case StringValueNode() | BooleanValueNode() | EnumValueNode():
            return Constant(json.take(node.value))
    raise Invalid("Expected JSON.")


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
                raise Invalid(_NULL)
            return
        if isinstance(value, (dict, list)):
            check_depth(value)
        into[self.name] = self.coerce(value)
