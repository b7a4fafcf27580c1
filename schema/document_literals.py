"""Literals of a document -> JSON values, or functions of the variables where they hold some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from tidegate.core.json import MISSING, Given, Json
from tidegate.core.scalar_forms import Invalid
from tidegate.core.types import Argument
from tidegate.schema.scalars import SCALARS, Scalar

Variables: TypeAlias = Mapping[str, Json]
"""Coerced variables; what the client left out, and has no default, is not there."""
Bound: TypeAlias = Callable[[Variables], Given]
"""Works a literal out. `MISSING` where it is, as a whole, a variable that was not given. Raises `Invalid`."""

NULL: Final = "Expected a value, not null."


@dataclass(frozen=True, slots=True)
class Constant:
    value: Json


Literal: TypeAlias = Constant | Bound


def of_variable(name: str, required: bool) -> Bound:
    def take(variables: Variables) -> Given:
        value = variables.get(name, MISSING)
        if required and value is None:
            raise Invalid(NULL)
        return value

    return take


def with_default(literal: Literal, argument: Argument) -> Literal:
    """A variable that was not given is as if the argument had not been written."""
    if isinstance(literal, Constant) or (argument.default is MISSING and not argument.required):
        return literal
    bound = literal

    def take(variables: Variables) -> Given:
        value = bound(variables)
        if value is not MISSING:
            return value
        if argument.required:
            raise Invalid(NULL)
        return argument.default

    return take


def of_list(literals: list[Literal]) -> Literal:
    if all(isinstance(literal, Constant) for literal in literals):
        return Constant([literal.value for literal in literals if isinstance(literal, Constant)])

    def take(variables: Variables) -> Given:
        given = (literal.value if isinstance(literal, Constant) else literal(variables) for literal in literals)
        return [None if value is MISSING else value for value in given]

    return take


def of_object(literals: dict[str, Literal]) -> Literal:
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


def of_scalar(node: ValueNode, scalar: Scalar) -> Literal:
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
            return of_variable(node.name.value, required=False)
        case ListValueNode():
            return of_list([_json(item) for item in node.values])
        case ObjectValueNode():
            return of_object({field.name.value: _json(field.value) for field in node.fields})
        case NullValueNode():
            return Constant(None)
        case IntValueNode():
            return Constant(json.take(_whole(node.value)))
        case FloatValueNode():
            return Constant(json.take(float(node.value)))
        case StringValueNode() | BooleanValueNode() | EnumValueNode():
            return Constant(json.take(node.value))
    raise Invalid("Expected JSON.")
