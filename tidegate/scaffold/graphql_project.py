"""The schema of another GraphQL server -> a project with an operation for each of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from graphql import GraphQLField, GraphQLSchema, OperationType, is_required_argument, print_schema

from tidegate.scaffold.graphql_types import UpstreamTypes
from tidegate.scaffold.identifiers import Names
from tidegate.scaffold.openapi_document import NoDocument
from tidegate.scaffold.openapi_project import Made
from tidegate.scaffold.project import Source, assemble
from tidegate.scaffold.text import Yaml, block, flow, scalar
from tidegate.scaffold.words import words
from tidegate.scaffold.yaml_text import Opening

INTEGRATION: Final = "api"
SCHEMA: Final = "upstream.graphql"
_FILES: Final = {OperationType.QUERY: "queries", OperationType.MUTATION: "mutations"}


def graphql_project(
    folder: Path, schema: GraphQLSchema, address: str, headers: Mapping[str, str], skip: Iterable[str], opening: Opening
) -> Made:
    """`headers` go with every request; what they hold goes into .env. `skip`: names of fields. Raises `NoDocument`."""
    notes: list[str] = []
    types = UpstreamTypes(schema, notes)
    names = Names(("refreshed",))
    skipped = frozenset(skip)
    made: dict[str, str] = {}
    count = 0
    for kind, file in _FILES.items():
        root = schema.get_root_type(kind)
        texts = [
            text
            for name, field in (root.fields.items() if root is not None else ())
            if name not in skipped and (text := _operation_text(kind, name, field, types, names, opening, notes))
        ]
        if texts:
            made[f"operations/{file}.yaml"] = "\n".join(texts)
        count += len(texts)
    if "operations/queries.yaml" not in made:
        raise NoDocument("This server has no query that can be taken over, and GraphQL needs one.")
    written = types.text()
    if written:
        made["types.graphql"] = written
    made[SCHEMA] = print_schema(schema).rstrip("\n") + "\n"
    if schema.subscription_type is not None:
        known = ", ".join(list(schema.subscription_type.fields)[:5])
        notes.append(f"Its subscriptions ({known}) can tell of changes: write refreshOn under integrations.")
    environment = {_variable(name): value for name, value in headers.items()}
    settings: dict[str, Yaml] = {"url": address, "schema": SCHEMA}
    if headers:
        settings["headers"] = {name: f"${{{_variable(name)}}}" for name in headers}
    source = Source("graphql", settings, environment)
    return Made(assemble(folder, made, INTEGRATION, source), tuple(dict.fromkeys(notes)), count)


def _variable(header: str) -> str:
    return "_".join(("API", *(word.upper() for word in words(header))))


def _operation_text(
    kind: OperationType,
    name: str,
    field: GraphQLField,
    types: UpstreamTypes,
    names: Names,
    opening: Opening,
    notes: list[str],
) -> str:
    """Empty where the field is left out."""
    why = types.unusable(field.type)
    if why:
        notes.append(f"The {kind.value} {name} is left out: {why}.")
        return ""
    called = names.take(name, f"{name}{kind.value.capitalize()}")
    if called != name:
        notes.append(f"The {kind.value} {name} is called {called} here.")
    returns = types.returned(field)
    arguments = {
        each: types.sent(argument.type, required=is_required_argument(argument))
        for each, argument in field.args.items()
    }
    role = opening.read if kind is OperationType.QUERY else opening.write
    lines = [f"{scalar(called)}:\n", block({"kind": kind.value, "minRole": scalar(role)}, 2)]
    if field.description:
        lines.append(block({"description": scalar(field.description.replace("${", "$ {"))}, 2))
    if field.deprecation_reason:
        lines.append(block({"deprecated": scalar(field.deprecation_reason)}, 2))
    if arguments:
        pairs = ", ".join(f"{scalar(each)}: {scalar(type)}" for each, type in arguments.items())
        short = f"  args: {{ {pairs} }}\n"
        written = block({each: scalar(type) for each, type in arguments.items()}, 4)
        lines += [short] if len(short) <= 110 else ["  args:\n", written]
    body: dict[str, Yaml] = {"field": name}
    if arguments:
        body["args"] = {each: f"$args.{each}" for each in arguments}
    lines.append(block({"returns": scalar(returns)}, 2))
    line = f"  run: {flow({'use': INTEGRATION, kind.value: body})}\n"
    if len(line) > 110:
        inner = block({key: flow(value) for key, value in body.items()}, 6)
        line = f"  run:\n    use: {INTEGRATION}\n    {kind.value}:\n{inner}"
    lines.append(line)
    return "".join(lines)
