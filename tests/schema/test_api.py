from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from graphql import build_schema, get_introspection_query, graphql_sync
from strawberry import Schema

from tidegate.core.catalog import Catalog
from tidegate.core.integration import Answer
from tidegate.core.limits import Limits
from tidegate.core.types import SCALARS as NAMES
from tidegate.core.user import CurrentUser
from tidegate.schema.api import build_api
from tidegate.schema.reference import Context
from tidegate.schema.scalars import SCALARS
from tidegate.testing.runner import FakeRunner

Build = Callable[..., Catalog]

GOLDEN = '''\
"""
The lowest role that may use this. Roles are ordered: a higher role may do all that a lower one may.
"""
directive @minRole(role: String!) on FIELD_DEFINITION

"""How long this may take, where it is not the project's usual limit."""
directive @timeout(seconds: Float!) on FIELD_DEFINITION

"""
A moment: `2026-11-21T05:47:00.123456Z`, always with its offset from UTC.
"""
scalar DateTime @specifiedBy(url: "https://datatracker.ietf.org/doc/html/rfc3339")

input Filter {
  and: [Filter!]
  from: String = "a \\"quoted\\" word"
  status: Status! = Todo
  ids: [Int!] = [1, 2]
  data: JSON
}

"""Any JSON value."""
scalar JSON @specifiedBy(url: "https://datatracker.ietf.org/doc/html/rfc8259")

type Mutation {
  create(title: String!, status: Status! = Todo): None! @minRole(role: "customer") @timeout(seconds: 2.5)
}

"""A type may have any name."""
type None {
  """May be asked for by staff."""
  class(limit: Int = 5, in: Filter): [None!]! @minRole(role: "support")
  snake_case: Status
  pass: DateTime @deprecated(reason: "Gone.")
}

type Query {
  """All of them."""
  list(
    """Which ones."""
    status: Status = Doing
    where: Filter
  ): [None!]! @minRole(role: "support")
  old: Int @minRole(role: "anonymous") @deprecated(reason: "Use list.")
}

"""A query that may answer otherwise than before."""
type Refreshed {
  """The name of one of the queries given, which may answer otherwise now."""
  query: String!
}

"""How far."""
enum Status {
  """Nobody has begun."""
  Todo
  Doing
}

type Subscription {
  """All of them."""
  list(
    """Which ones."""
    status: Status = Doing
    where: Filter
  ): [None!]! @minRole(role: "support")
  old: Int @minRole(role: "anonymous") @deprecated(reason: "Use list.")

  """
  Tells when one of these queries may answer otherwise than before, for whatever arguments.
  """
  refreshed(
    """Names of fields of Query."""
    queries: [String!]!
  ): Refreshed! @minRole(role: "anonymous")
}
'''

SDL = '''
scalar DateTime scalar JSON
"""How far."""
enum Status {
  """Nobody has begun."""
  Todo
  Doing
}
"""A type may have any name."""
type None {
  """May be asked for by staff."""
  class(limit: Int = 5, in: Filter): [None!]!
  snake_case: Status
  pass: DateTime @deprecated(reason: "Gone.")
}
input Filter {
  and: [Filter!]
  from: String = "a \\"quoted\\" word"
  status: Status! = Todo
  ids: [Int!] = [1, 2]
  data: JSON
}
type Query {
  """All of them."""
  list(
    """Which ones."""
    status: Status = Doing
    where: Filter
  ): [None!]!
  old: Int
}
type Mutation { create(title: String!, status: Status! = Todo): None! }
'''


def test_the_printed_schema(build: Build) -> None:
    catalog = build(
        SDL,
        roles={"list": "support", "create": "customer"},
        ranks={"None.class": 2},
        timeouts={"create": 2.5},
        deprecated={"old": "Use list."},
    )
    api = build_api(catalog)
    assert isinstance(api.schema, Schema)
    assert api.sdl == GOLDEN


def test_the_printed_schema_can_be_read_again_and_introspected(build: Build, sdl: str) -> None:
    api = build_api(build(sdl))
    again = build_schema(api.sdl)
    theirs = graphql_sync(again, get_introspection_query()).data
    ours = api.schema.introspect()
    assert theirs is not None
    names = {type["name"]: type for type in ours["__schema"]["types"]}
    for type in theirs["__schema"]["types"]:
        if not type["name"].startswith("__"):
            assert names[type["name"]] == type


def test_a_project_without_mutations(build: Build) -> None:
    api = build_api(build("type Query { a: Int }"))
    assert "Mutation" not in api.sdl
    assert api.graphql.mutation_type is None


def test_a_project_without_queries(build: Build) -> None:
    sdl = "type Query { a: Int } type Mutation { b: Int }"
    catalog = build(sdl)
    operations = {"b": catalog.operations["b"]}
    api = build_api(replace(catalog, operations=operations))
    assert 'type Query {\n  """This project has no queries."""\n  _empty: Boolean\n}' in api.sdl
    assert "b: Int" in api.sdl
    # Nothing could be refreshed.
    assert api.graphql.subscription_type is None
    assert "Refreshed" not in api.sdl


def test_a_project_without_live_queries_still_tells_when_to_ask_again(build: Build) -> None:
    catalog = build("type Query { a: Int b: Int }")
    operations = {name: replace(query, live=None) for name, query in catalog.operations.items()}
    api = build_api(replace(catalog, operations=operations))
    assert api.graphql.subscription_type is not None
    assert list(api.graphql.subscription_type.fields) == ["refreshed"]


def test_only_live_queries_are_subscriptions(build: Build) -> None:
    catalog = build("type Query { a: Int b: Int } type Mutation { c: Int }")
    operations = {**catalog.operations, "b": replace(catalog.operations["b"], live=None)}
    api = build_api(replace(catalog, operations=operations))
    assert list(api.subscriptions) == ["a", "refreshed"]
    assert list(api.queries) == ["a", "b"]


def test_a_project_without_operations(build: Build) -> None:
    api = build_api(replace(build("type Query { a: Int }"), operations={}))
    assert "_empty: Boolean" in api.sdl


def test_every_scalar_of_the_project_is_known() -> None:
    assert set(SCALARS) == NAMES


@pytest.mark.parametrize("name", sorted(set(SCALARS) - {"Int", "Float", "String", "Boolean", "ID"}))
def test_scalars_are_printed_with_their_specification(build: Build, name: str) -> None:
    api = build_api(build(f"scalar {name} type Query {{ a: {name} }}"))
    link = SCALARS[name].specified_by
    line = f'scalar {name} @specifiedBy(url: "{link}")' if link else f"scalar {name}"
    assert line in api.sdl.splitlines()


def test_types_that_nothing_uses_are_shown(build: Build) -> None:
    api = build_api(build("type Query { a: Int } type Lonely { b: Int } input Alone { c: Int } enum Single { D }"))
    assert {"Lonely", "Alone", "Single"} <= set(api.graphql.type_map)


def test_a_timeout_that_is_the_projects_own_is_not_repeated(build: Build) -> None:
    catalog = build("type Query { a: Int b: Int }", timeouts={"a": 3.0, "b": 4.0}, limits=Limits(timeout=3.0))
    sdl = build_api(catalog).sdl
    assert 'a: Int @minRole(role: "anonymous")\n' in sdl
    assert 'b: Int @minRole(role: "anonymous") @timeout(seconds: 4)\n' in sdl


ODD_NAMES = "_ self class None from is_type_of fields args kwargs type input List Optional a__b"


def test_names_that_python_keeps_for_itself(build: Build) -> None:
    fields = " ".join(f"{name}(in: Int = 1, self: Int, info: Int): Int" for name in ODD_NAMES.split())
    inputs = " ".join(f"{name}: Int" for name in ODD_NAMES.split())
    types = " ".join(f"type {name} {{ id: Int }}" for name in ("Optional", "List", "int", "Info", "Field", "Api"))
    api = build_api(build(f"type Query {{ o: O {fields} }} type O {{ {fields} }} input I {{ {inputs} }} {types}"))
    printed = build_schema(api.sdl)
    for type in ("Query", "O", "I"):
        assert set(ODD_NAMES.split()) <= set(printed.type_map[type].fields)  # type: ignore[attr-defined]


async def test_strawberrys_executor_with_odd_names(build: Build, nobody: CurrentUser) -> None:
    fields = " ".join(f"{name}(self: Int, info: Int): Int" for name in ODD_NAMES.split())
    api = build_api(build(f"type Query {{ o: O {fields} }} type O {{ {fields} }}"))
    runner = FakeRunner(lambda call, selection: Answer(value=call.arguments.get("self")))
    text = "{" + " ".join(f"{name}(self: 1, info: 2)" for name in ODD_NAMES.split()) + "}"
    result = await api.schema.execute(text, context_value=Context(nobody, runner))
    assert not result.errors
    assert result.data == dict.fromkeys(ODD_NAMES.split(), 1)
