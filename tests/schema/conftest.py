"""A small project made by hand: every kind of type, nested lists, nullable and not, a circle, restricted fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLNamedType,
    ValueNode,
    build_schema,
    is_enum_type,
    is_input_object_type,
    is_object_type,
    value_from_ast_untyped,
)
from graphql import GraphQLType as CoreType
from graphql.type import is_list_type, is_non_null_type

from tidegate.core.catalog import Auth, Catalog, Cors
from tidegate.core.json import MISSING, Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.operation import Kind, Live, Operation, Plan
from tidegate.core.types import (
    Argument,
    EnumType,
    Field,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
)
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api

ROLES = ("anonymous", "customer", "support", "admin")
AT = Location("project")

DESK = '''
scalar DateTime scalar Date scalar Time scalar Decimal scalar BigInt scalar UUID scalar JSON scalar Bytes

"""How far a ticket is."""
enum Status {
  """Nobody has begun."""
  Todo
  Doing
  Done
}

"""What a customer asked for."""
type Ticket {
  id: ID!
  """In a few words."""
  title: String
  status: Status!
  urgency: Int
  cost: Float!
  open: Boolean!
  filed: DateTime
  due: Date
  at: Time
  price: Decimal
  size: BigInt!
  token: UUID
  data: JSON
  file: Bytes
  tags: [String!]
  history: [[Status!]]!
  class: String @deprecated(reason: "Use title.")
  parent: Ticket
  comments(limit: Int = 10, offset: Int, where: Filter): [Comment!]!
  drafts(first: Int! = 3): [Comment]
}

type Comment {
  id: ID!
  text: String!
  likes: Int!
  ticket: Ticket!
  replies(limit: Int): [[Comment!]]
}

input Filter {
  and: [Filter!]
  status: Status = Todo
  ids: [Int!] = [1, 2]
  from: String
  range: Range
  data: JSON
}

input Range { low: Int! high: Int! = 9 }

type Query {
  """All that the caller may see."""
  tickets(status: Status, first: Int = 20, where: Filter, tags: [[String!]]): [Ticket!]!
  ticket(id: ID!): Ticket
  maybe(ids: [ID!]!): [Ticket]
  nested: [[Ticket!]]!
  count(since: DateTime, price: Decimal, size: BigInt, token: UUID, data: JSON, file: Bytes): Int!
  statuses(only: [Status!]! = [Todo, Done]): [Status!]
  name: String
}

type Mutation {
  """Files a ticket."""
  create(title: String!, status: Status! = Todo): Ticket!
  rename(id: ID!, title: String): Ticket
  remove(id: ID!): Boolean!
}
'''

Build: TypeAlias = Callable[..., Catalog]


def catalog_of(
    sdl: str,
    *,
    roles: dict[str, str] | None = None,
    ranks: dict[str, int] | None = None,
    timeouts: dict[str, float] | None = None,
    limits: Limits | None = None,
    deprecated: dict[str, str] | None = None,
) -> Catalog:
    """A catalog whose API is `sdl`. `roles` by operation, `ranks` by `Type.field`."""
    schema = build_schema(sdl)
    ranks = ranks or {}
    types: dict[str, TypeDefinition] = {}
    for name, type in schema.type_map.items():
        if not name.startswith("__") and name not in ("Query", "Mutation"):
            types.update((made.name, made) for made in _types(type, ranks))
    operations: dict[str, Operation] = {}
    for kind, root in ((Kind.QUERY, schema.query_type), (Kind.MUTATION, schema.mutation_type)):
        for name, field in (root.fields if root else {}).items():
            role = (roles or {}).get(name, "anonymous")
            operations[name] = Operation(
                name,
                kind,
                role,
                ROLES.index(role),
                _arguments(field.args.items()),
                type_of(field.type),
                Plan((), None),
                (timeouts or {}).get(name, 10.0),
                AT,
                field.description or "",
                (deprecated or {}).get(name),
                Live() if kind is Kind.QUERY else None,
            )
    return Catalog(
        "desk",
        Path("desk"),
        ROLES,
        Auth(None, {}, "anonymous", None),
        Cors(),
        limits or Limits(),
        {},
        {},
        types,
        {},
        operations,
    )


def type_of(type: CoreType) -> TypeRef:
    if is_non_null_type(type):
        inner = type_of(type.of_type)
        assert not isinstance(inner, NonNull)
        return NonNull(inner)
    if is_list_type(type):
        return ListOf(type_of(type.of_type))
    assert isinstance(type, GraphQLNamedType)
    return Named(type.name)


def _types(type: GraphQLNamedType, ranks: dict[str, int]) -> Iterable[TypeDefinition]:
    if is_enum_type(type):
        values = {name: value.description or "" for name, value in type.values.items()}
        yield EnumType(type.name, values, AT, type.description or "")
    elif is_input_object_type(type):
        yield InputType(type.name, _arguments(type.fields.items()), AT, type.description or "")
    elif is_object_type(type):
        fields = {
            name: Field(
                name,
                type_of(field.type),
                AT,
                field.description or "",
                ranks.get(f"{type.name}.{name}", 0),
                _arguments(field.args.items()),
                field.deprecation_reason,
            )
            for name, field in type.fields.items()
        }
        yield ObjectType(type.name, fields, AT, type.description or "")


def _arguments(arguments: Iterable[tuple[str, GraphQLArgument | GraphQLInputField]]) -> dict[str, Argument]:
    made: dict[str, Argument] = {}
    for name, argument in arguments:
        node = argument.ast_node.default_value if argument.ast_node else None
        default = MISSING if node is None else _value(node)
        made[name] = Argument(name, type_of(argument.type), AT, default, argument.description or "")
    return made


def _value(node: ValueNode) -> Json:
    value: Json = value_from_ast_untyped(node)
    return value


@pytest.fixture(scope="session")
def desk() -> Catalog:
    return catalog_of(DESK)


@pytest.fixture(scope="session")
def api(desk: Catalog) -> Api:
    return build_api(desk)


@pytest.fixture(scope="session")
def build() -> Build:
    return catalog_of


@pytest.fixture(scope="session")
def sdl() -> str:
    return DESK


@pytest.fixture(scope="session")
def nobody() -> CurrentUser:
    return CurrentUser("anonymous", 0, {}, None, verified=False)


@pytest.fixture(scope="session")
def support() -> CurrentUser:
    return CurrentUser("support", 2, {"id": "7"}, None, verified=True)
