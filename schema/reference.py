"""The same operations through graphql-core's own executor: for people who embed strawberry's views, and as the
reference that the compiled path is held against. Subscriptions are not among them: what keeps a query live is the
gateway, and a stream that ends after its first result would look like one that works.

A root field asks the runner for a canonical selection: each field under its own name, or, where it has arguments,
under its name and a digest of their values; fragments, aliases and directives are gone. graphql-core then does
everything else: aliases, order, merging, `__typename`, null propagation.
"""

from __future__ import annotations

import logging
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, TypeAlias

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from tidegate.core.call import Call, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Literal
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.operation import Operation
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Named, NonNull, ObjectType, TypeDefinition, named
from tidegate.core.user import CurrentUser

_log = logging.getLogger("tidegate.schema")

# Any: the context, a source and a result of graphql-core's may be anything.
Info: TypeAlias = GraphQLResolveInfo[Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What `context_value` must be."""

    user: CurrentUser
    runner: Runner


def root(operation: Operation, types: Mapping[str, TypeDefinition]) -> Callable[[Any, Info], Awaitable[Any]]:
    """The resolver of an operation's field."""
    is_object = isinstance(types.get(named(operation.returns)), ObjectType)

    async def resolve(_: Any, info: Info) -> Any:
        context = info.context
        if not isinstance(context, Context):
            raise TypeError("The context value must be a tidegate.schema.reference.Context.")
        user, runner = context.user, context.runner
        arguments = _arguments(info, operation.name)
        call = Call(operation, user, arguments, {}, get_running_loop().time() + operation.timeout)
        try:
            selection, rank = _canonical(info, info.field_nodes, types) if is_object else (None, 0)
            if operation.rank <= user.rank < rank:
                raise OperationError(Code.FORBIDDEN, "A field that was selected needs a higher role.")
            answer = await runner.run(runner.compile(operation, selection, user.rank), call)
            return answer.value if answer.json is None else orjson.loads(answer.json)
        except OperationError:
            raise
        except Exception:  # noqa: BLE001 (the last line of defence)
            _log.exception("Call %s of %s failed.", call.id, operation.name)
            raise OperationError(Code.INTERNAL, "Internal error.", {"callId": call.id}) from None

    return resolve


async def refuse_stream(_: Any, __: Info) -> Any:
    """The resolver of every subscription."""
    raise OperationError(Code.BAD_USER_INPUT, "This executor keeps nothing live: subscribe through the gateway.")


def child(source: Any, info: Info) -> Any:
    """The resolver of every other field."""
    if not info.parent_type.fields[info.field_name].args:
        return source.get(info.field_name)
    key = _key(info.field_name, _arguments(info, info.field_name))
    return source[key] if key in source else source.get(info.field_name)


def is_object(value: Any, _: Info) -> bool:
    return isinstance(value, Mapping)


def _canonical(info: Info, nodes: Sequence[FieldNode], types: Mapping[str, TypeDefinition]) -> tuple[Selection, int]:
    """The canonical selection, and the highest rank among its fields."""
    fragments = {name: FragmentDetails(fragment) for name, fragment in info.fragments.items()}
    variables = _variables(info)
    highest = 0

    def select(type: GraphQLObjectType, details: list[FieldDetails]) -> Selection:
        nonlocal highest
        definition = types[type.name]
        if not isinstance(definition, ObjectType):
            raise TypeError(f"{type.name} is not an object type.")
        collected = collect_subfields(info.schema, fragments, variables, info.operation, type, details)
        groups: dict[str, tuple[str, dict[str, Json], list[FieldDetails]]] = {}
        for group in collected.grouped_field_set.values():
            name = group[0].node.name.value
            if name == "__typename":
                continue
            arguments = _values(type.fields[name], group[0].node, variables)
            key = _key(name, arguments) if type.fields[name].args else name
            groups.setdefault(key, (name, arguments, []))[2].extend(group)
        fields: list[Selected] = []
        for key, (name, arguments, group) in groups.items():
            inner = get_named_type(type.fields[name].type)
            highest = max(highest, definition.fields[name].rank)
            fields.append(
                Selected(
                    key,
                    name,
                    definition.fields[name].type,
                    {argument: Literal(value, _HERE) for argument, value in arguments.items()},
                    select(inner, group) if isinstance(inner, GraphQLObjectType) else None,
                )
            )
        return Selection(type.name, tuple(fields) or (_TYPENAME,))

    returned = get_named_type(info.return_type)
    if not isinstance(returned, GraphQLObjectType):
        raise TypeError(f"{returned} is not an object type.")
    return select(returned, [FieldDetails(node, None) for node in nodes]), highest


def _variables(info: Info) -> VariableValues:
    """Under strawberry, resolvers get the coerced values alone; literals are worked out with their types as well."""
    given: object = info.variable_values
    if isinstance(given, VariableValues):
        return given
    values = get_variable_values(info.schema, info.operation.variable_definitions or (), _plain(given))
    if not isinstance(values, VariableValues):
        raise values[0]
    return values


def rename_arguments(schema: GraphQLSchema) -> None:
    """graphql-core passes arguments by name, beside parameters of its own and strawberry's."""
    for type in schema.type_map.values():
        # The types of introspection belong to graphql-core, and to every schema there is.
        if isinstance(type, GraphQLObjectType) and not type.name.startswith("__"):
            for field in type.fields.values():
                for name, argument in field.args.items():
                    argument.out_name = f"{name}_"


def _arguments(info: Info, name: str) -> dict[str, Json]:
    return _values(info.parent_type.fields[name], info.field_nodes[0], _variables(info))


def _values(field: GraphQLField, node: FieldNode, variables: VariableValues) -> dict[str, Json]:
    values = get_argument_values(field, node, variables)
    return {
        name: _plain(values[argument.out_name or name])
        for name, argument in field.args.items()
        if (argument.out_name or name) in values
    }


def _plain(value: Any) -> Any:
    """Strawberry's enum members become the texts they stand for."""
    match value:
        case Enum():
            return value.value
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
    return value


def _key(name: str, arguments: Mapping[str, Json]) -> str:
    if not arguments:
        return name
    digest = sha256(orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{name}_{digest[:16]}"


_HERE = Location("document")
_TYPENAME = Selected("__typename", "__typename", NonNull(Named("String")))
