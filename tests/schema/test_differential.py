"""The compiled path against graphql-core's own executor: the same documents, the same variables, the same data.

The data is a world without end, decided by a seed: what a field holds depends on nothing but its object, its name and
its arguments. graphql-core walks it field by field; the fake runner projects it through the selection that the compiled
path hands to it. Wrong values, nulls where there must be none and failing operations are part of it.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson
import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.core.call import Call
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import resolve
from tidegate.core.integration import Answer
from tidegate.core.json import MISSING, Json
from tidegate.core.limits import Limits
from tidegate.core.operation import Kind
from tidegate.core.scalar_forms import Invalid
from tidegate.core.selection import Selection
from tidegate.core.types import EnumType, ListOf, NonNull, ObjectType, TypeRef, named
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import Response, execute
from tidegate.schema.live import encode, open_subscription
from tidegate.schema.reference import Context
from tidegate.schema.scalars import SCALARS
from tidegate.testing.documents import SAMPLES, DocumentWriter, Written
from tidegate.testing.runner import FakeRunner

USER = CurrentUser("anonymous", 0, {}, None, verified=False)
DOCUMENTS = int(os.environ.get("TIDEGATE_TEST_DOCUMENTS", "400"))
"""For as long as one likes by hand."""
ROOMY = Limits(errors=10_000, fields=100_000, aliases=10_000, directives=10_000, rootFields=1000, tokens=100_000)
ODD: tuple[Json, ...] = (None, "odd", 2**40, 1.25, True, [], {}, [None], "7", float("nan"), 12.0)


@dataclass(frozen=True)
class Node:
    """An object of the world."""

    type: str
    key: str


@dataclass(frozen=True)
class World:
    """`wrong` is how often a value is not what the schema promises, `nulls` how often it is null where it may be."""

    catalog: Catalog
    seed: int
    wrong: float
    nulls: float

    def root(self, name: str, arguments: Mapping[str, Json]) -> object:
        random = self._random("root", name, arguments)
        if random.random() < self.wrong * 2:
            raise random.choice([OperationError(Code.NOT_FOUND, "Not there."), RuntimeError("secret")])
        return self._value(random, self.catalog.operations[name].returns, f"{name}({_text(arguments)})")

    def field(self, node: Node, name: str, arguments: Mapping[str, Json]) -> object:
        definition = self.catalog.types[node.type]
        assert isinstance(definition, ObjectType)
        key = f"{node.key}.{name}({_text(arguments)})"
        return self._value(self._random("field", key, {}), definition.fields[name].type, key)

    def _random(self, *parts: object) -> Random:
        return Random(f"{self.seed} {json.dumps(parts, sort_keys=True)}")

    def _value(self, random: Random, type: TypeRef, key: str) -> object:
        if random.random() < self.wrong:
            odd = random.choice(ODD)
            return 0 if named(type) == "JSON" and odd != odd else odd
        if isinstance(type, NonNull):
            type = type.of
        elif random.random() < self.nulls:
            return None
        if isinstance(type, ListOf):
            return [self._value(random, type.of, f"{key}[{index}]") for index in range(random.randint(0, 3))]
        match self.catalog.types.get(type.name):
            case ObjectType():
                return Node(type.name, key)
            case EnumType() as definition:
                return random.choice(list(definition.values))
        samples = [value for value in SAMPLES[type.name] if value is not None]
        return random.choice(samples)


def _text(arguments: Mapping[str, Json]) -> str:
    return json.dumps(arguments, sort_keys=True)


def project(world: World, value: object, selection: Selection | None, variables: Mapping[str, Json]) -> Json:
    """What an integration would make of the world for a selection: objects keyed by the client's names."""
    if isinstance(value, list):
        return [project(world, item, selection, variables) for item in value]
    if not isinstance(value, Node) or selection is None:
        return value  # type: ignore[return-value]
    answer: dict[str, Json] = {}
    for selected in selection.fields:
        if selected.field == "__typename":
            answer[selected.key] = value.type
            continue
        given = {name: resolve(expression, {"variables": variables}) for name, expression in selected.arguments.items()}
        arguments = {name: item for name, item in given.items() if item is not MISSING}
        answer[selected.key] = project(
            world, world.field(value, selected.field, arguments), selected.selection, variables
        )
    return answer


class Fields(Mapping[str, Json]):
    """An object of the world as a database row is: every field under its own name."""

    def __init__(self, world: World, node: Node) -> None:
        self._world = world
        self._node = node

    def __getitem__(self, name: str) -> Json:
        return rows(self._world, self._world.field(self._node, name, {}))

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("fields are asked for by their names")

    def __len__(self) -> int:
        raise AssertionError("fields are asked for by their names")


def rows(world: World, value: object) -> Json:
    if isinstance(value, list):
        return [rows(world, item) for item in value]
    return Fields(world, value) if isinstance(value, Node) else value  # type: ignore[return-value]


def runner_for(world: World, *, as_json: bool) -> FakeRunner:
    def answering(call: Call, selection: Selection | None) -> Answer:
        value = project(world, world.root(call.operation.name, call.arguments), selection, call.variables)
        return Answer(json=orjson.dumps(value)) if as_json else Answer(value=value, keyed=True)

    return FakeRunner(answering)


def plain_schema(sdl: str) -> GraphQLSchema:
    """The same API without anything of ours, but for what our scalars take and show."""
    schema = build_schema(sdl)

    def resolve_root(world: World, info: Any, **arguments: Json) -> object:
        return world.root(info.field_name, without_gaps(arguments))

    def resolve_field(node: Any, info: Any, **arguments: Json) -> object:
        if isinstance(node, Mapping):
            return node.get(info.field_name)
        return info.root_value.field(node, info.field_name, without_gaps(arguments))

    for type in schema.type_map.values():
        if isinstance(type, GraphQLScalarType) and type.name in SCALARS and type.name not in BUILT_IN:
            type.coerce_output_value = translated(SCALARS[type.name].show)
            type.coerce_input_value = translated(SCALARS[type.name].take)
        elif isinstance(type, GraphQLObjectType) and not type.name.startswith("__"):
            root = type.name in ("Query", "Mutation")
            type.is_type_of = lambda value, info: isinstance(value, (Node, Mapping))
            for field in type.fields.values():
                field.resolve = resolve_root if root else resolve_field
    return schema


def without_gaps(value: Any) -> Any:
    """A variable that was not given, inside a JSON literal: left out of an object, null in a list."""
    match value:
        case dict():
            return {key: without_gaps(inner) for key, inner in value.items() if inner is not Undefined}
        case list():
            return [None if inner is Undefined else without_gaps(inner) for inner in value]
    return value


BUILT_IN = ("Int", "Float", "String", "Boolean", "ID", "JSON")


def translated(coerce: Callable[[Json], Json]) -> Callable[[Any], Any]:
    def translate(value: Any) -> Any:
        try:
            return coerce(value)
        except Invalid as error:
            raise GraphQLError(error.message) from None

    return translate


def errors_of(result: ExecutionResult) -> list[tuple[list[str | int], str]]:
    return [
        (list(error.path or ()), str((error.extensions or {}).get("code", "INTERNAL"))) for error in result.errors or ()
    ]


def check(document: Written, response: Response, expected: ExecutionResult, keys: list[str]) -> None:
    body = orjson.loads(response.body)
    assert json.dumps(body["data"]) == json.dumps(expected.data)
    errors = [(error["path"], error["extensions"]["code"]) for error in body.get("errors", [])]
    wanted = errors_of(expected)
    if expected.data is None and wanted:
        # graphql-core stops at the first field at the top that is lost; we tell of all.
        last = keys.index(str(wanted[-1][0][0]))
        errors = [error for error in errors if keys.index(error[0][0]) <= last]
    assert errors == wanted
    assert b"secret" not in response.body


@pytest.fixture(scope="module")
def api(build: Callable[..., Catalog], sdl: str) -> Api:
    return build_api(build(sdl, limits=ROOMY))


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Operations fail by the thousand here, and each would be logged with its traceback."""
    log = logging.getLogger("tidegate.schema")
    log.disabled = True
    yield
    log.disabled = False


@pytest.fixture(scope="module")
def schema(sdl: str) -> GraphQLSchema:
    return plain_schema(sdl)


@pytest.fixture(scope="module")
def without_arguments(sdl: str) -> str:
    """The same API, but that fields of objects take no arguments: a row has one value for a field."""
    return re.sub(r"^(  (?:comments|drafts|replies))\(.*\)", r"\1", sdl, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def plain(build: Callable[..., Catalog], without_arguments: str) -> tuple[Api, GraphQLSchema]:
    return build_api(build(without_arguments, limits=ROOMY)), plain_schema(without_arguments)


worlds = st.tuples(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.1, 0.3]), st.sampled_from([0.05, 0.3]))


@settings(max_examples=DOCUMENTS, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 60), world=worlds, kind=st.sampled_from(list(Kind)))
async def test_the_compiled_path_answers_as_graphql_core_does(
    api: Api, schema: GraphQLSchema, seed: int, size: int, world: tuple[int, float, float], kind: Kind
) -> None:
    written = DocumentWriter(api.catalog, Random(seed), size=size, kind=kind).write()
    parsed = parse(written.text)
    assert validate(schema, parsed) == []
    data = World(api.catalog, *world)
    expected = execute_sync(
        schema, parsed, data, variable_values=dict(written.variables), operation_name=written.operation
    )
    document = compile_document(api, written.text, written.operation)
    response = await execute(document, written.variables, USER, runner_for(data, as_json=False))
    keys = [entry.key for entry in document.shape(document.coerce(written.variables)).entries]
    check(written, response, expected, keys)


@settings(max_examples=DOCUMENTS // 5, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 60), world=worlds)
async def test_results_keyed_by_field_are_projected(
    plain: tuple[Api, GraphQLSchema], seed: int, size: int, world: tuple[int, float, float]
) -> None:
    api, schema = plain
    written = DocumentWriter(api.catalog, Random(seed), size=size).write()
    data = World(api.catalog, *world)
    expected = execute_sync(
        schema, parse(written.text), data, variable_values=dict(written.variables), operation_name=written.operation
    )
    document = compile_document(api, written.text, written.operation)

    def answering(call: Call, selection: Selection | None) -> Answer:
        return Answer(value=rows(data, data.root(call.operation.name, call.arguments)))

    response = await execute(document, written.variables, USER, FakeRunner(answering))
    keys = [entry.key for entry in document.shape(document.coerce(written.variables)).entries]
    check(written, response, expected, keys)


@settings(max_examples=DOCUMENTS // 4, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 60), world=st.integers(0, 2**32))
async def test_json_in_the_clients_shape_is_passed_on_untouched(
    api: Api, schema: GraphQLSchema, seed: int, size: int, world: int
) -> None:
    written = DocumentWriter(api.catalog, Random(seed), size=size).write()
    data = World(api.catalog, world, 0.0, 0.2)
    expected = execute_sync(
        schema, parse(written.text), data, variable_values=dict(written.variables), operation_name=written.operation
    )
    document = compile_document(api, written.text, written.operation)
    response = await execute(document, written.variables, USER, runner_for(data, as_json=True))
    assert not response.errors
    # Whole floats and numbers for IDs are what an integration must write as the schema promises.
    assert loose(orjson.loads(response.body)["data"]) == loose(expected.data)


def loose(value: Any) -> Any:
    match value:
        case dict():
            return [(key, loose(inner)) for key, inner in value.items()]
        case list():
            return [loose(inner) for inner in value]
        case int() | float():
            return str(float(value))
        case str() if value.isdigit():
            return str(float(value))
    return value


@settings(max_examples=DOCUMENTS // 3, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 60), world=worlds, as_json=st.booleans())
async def test_a_subscription_gives_what_the_query_answers(
    api: Api, seed: int, size: int, world: tuple[int, float, float], as_json: bool
) -> None:
    written = DocumentWriter(api.catalog, Random(seed), size=size, live=True).write()
    # Of the same length: errors say where in the document they are.
    text = written.text.replace("subscription", "query       ").replace("on Subscription ", "on Query        ")
    data = World(api.catalog, world[0], 0.0 if as_json else world[1], world[2])
    runner = runner_for(data, as_json=as_json)
    query = await execute(compile_document(api, text, written.operation), written.variables, USER, runner)
    opened = open_subscription(compile_document(api, written.text, written.operation), written.variables)
    assert opened.call is not None
    call = Call(opened.call.operation, USER, opened.inputs.arguments, opened.inputs.variables, 0.0)
    answer: Answer | OperationError
    try:
        answer = await runner.run(opened.call.runnable(runner, USER), call)
    except OperationError as error:
        answer = error
    except RuntimeError:
        answer = OperationError(Code.INTERNAL, "Internal error.")
    result = encode(opened.call)(answer)
    expected = re.sub(rb'"callId":"\w+",', b"", query.body).replace(b"field Query.", b"field Subscription.")
    assert result.body == expected


@settings(max_examples=DOCUMENTS // 6, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 40), world=worlds)
async def test_strawberrys_executor_answers_the_same(
    api: Api, schema: GraphQLSchema, seed: int, size: int, world: tuple[int, float, float]
) -> None:
    written = DocumentWriter(api.catalog, Random(seed), size=size).write()
    data = World(api.catalog, *world)
    document = compile_document(api, written.text, written.operation)
    runner = runner_for(data, as_json=False)
    ours = await execute(document, written.variables, USER, runner)
    result = await api.schema.execute(
        written.text, dict(written.variables), Context(USER, runner), operation_name=written.operation
    )
    assert json.dumps(orjson.loads(ours.body)["data"]) == json.dumps(result.data)
    if result.data is not None:
        theirs = sorted(map(repr, errors_of(result)))  # type: ignore[arg-type]
        assert (
            sorted(repr((e["path"], e["extensions"]["code"])) for e in orjson.loads(ours.body).get("errors", ()))
            == theirs
        )
