"""`[Ticket!]!` and `Int = 20` -> types and defaults, in GraphQL's own notation."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLSyntaxError,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectValueNode,
    Source,
    StringValueNode,
    TokenKind,
    TypeNode,
    ValueNode,
)
from graphql.language.parser import Parser

from tidegate.core.json import MISSING, Given, Json
from tidegate.core.problems import Problems
from tidegate.core.types import ListOf, Named, NonNull, TypeRef
from tidegate.schema.tree import ListNode, Node, ScalarNode, kind_of


@dataclass(frozen=True, slots=True)
class TypeExpression:
    """`default` is as written, not yet held against the type."""

    type: TypeRef
    default: Given
    node: ScalarNode


def parse_type(node: Node, what: str, problems: Problems, *, default_allowed: bool = False) -> TypeExpression | None:
    """The type that a text says, or none; then `problems` says why. `what` names the place: `"returns" of ...`."""
    if isinstance(node, ListNode):
        inside = node.items[0] if len(node.items) == 1 else None
        shown = inside.value if isinstance(inside, ScalarNode) and isinstance(inside.value, str) else "Ticket!"
        problems.add(
            node.at, f"{what} is a list type without quotes: YAML takes it for a list.", f'Write "[{shown}]!".'
        )
        return None
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        problems.add(node.at, f"{what} is a type such as String! or Int; {kind_of(node)} is not.")
        return None
    text = node.value
    try:
        parser = Parser(Source(text), no_location=False)
        parser.expect_token(TokenKind.SOF)
        type = convert_type(parser.parse_type_reference())
        default: Given = MISSING
        if default_allowed and parser.expect_optional_token(TokenKind.EQUALS):
            default = convert_value(parser.parse_const_value_literal())
        parser.expect_token(TokenKind.EOF)
    except (GraphQLSyntaxError, RecursionError) as error:
        positions = error.positions if isinstance(error, GraphQLSyntaxError) else None
        offset = next(iter(positions or ()), 0)
        sentence, hint = f'"{text}" is not a type.', "Types are written like Int, String! and [Ticket!]!."
        if default_allowed and "=" in text:
            sentence = f'"{text}" is not a type with a default.'
            hint = 'Defaults are fixed values: Int = 20, String = "none", Status = Todo.'
        problems.add(node.place(min(offset, len(text))), sentence, hint)
        return None
    return TypeExpression(type, default, node)


def convert_type(node: TypeNode) -> TypeRef:
    """graphql-core's type reference in our words."""
    match node:
        case NonNullTypeNode(type=inner):
            of = convert_type(inner)
            return of if isinstance(of, NonNull) else NonNull(of)
        case ListTypeNode(type=inner):
            return ListOf(convert_type(inner))
        case NamedTypeNode(name=name):
            return Named(name.value)
    raise TypeError(node)


def convert_value(node: ValueNode) -> Json:
    """A literal in GraphQL's notation as JSON; the name of an enum value is a text."""
    match node:
        case NullValueNode():
            return None
        case IntValueNode(value=value):
            return int(value) if len(value) <= 1000 else value
        case FloatValueNode(value=value):
            return float(value)
        case BooleanValueNode(value=flag):
            return flag
        case StringValueNode(value=value):
            return value
        case EnumValueNode(value=value):
            return value
        case ListValueNode(values=values):
            return [convert_value(value) for value in values]
        case ObjectValueNode(fields=fields):
            return {field.name.value: convert_value(field.value) for field in fields}
    raise TypeError(node)
