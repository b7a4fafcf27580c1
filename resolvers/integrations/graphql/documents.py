"""An author's GraphQL document, read and held against the other server's schema where the project keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    VariableDefinitionNode,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)

from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.types import Named, NonNull, TypeRef
from tidegate.resolvers.integrations.graphql.upstream_schema import UpstreamSchema, type_ref

MOST_TOKENS: Final = 20000


@dataclass(frozen=True, slots=True)
class Variable:
    """`type` is JSON where the schema is not known. `required`: it has no default and cannot be null."""

    type: TypeRef
    required: bool


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """`roots`: the names under which its fields are answered."""

    text: str
    variables: Mapping[str, Variable]
    roots: tuple[str, ...]


def read_document(
    text: str, at: Location, verb: str, schema: UpstreamSchema | None, problems: Problems
) -> Document | None:
    """`verb`: what the document must be. None where something is wrong."""
    before = len(problems.found)
    try:
        parsed = parse(text, max_tokens=MOST_TOKENS)
    except GraphQLError as error:
        _tell(error, at, problems, "Values are variables: write variables: { id: $args.id }." if "{{" in text else "")
        return None
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or any(
        not isinstance(node, OperationDefinitionNode | FragmentDefinitionNode) for node in parsed.definitions
    ):
        problems.add(at, "A document has one operation, with its fragments.", "Put another one into another file.")
        return None
    (operation,) = operations
    if operation.operation.value != verb:
        problems.add(at, f'This document is a {operation.operation.value}, and "{verb}" is asked.', "")
        return None
    if schema is not None:
        for found in validate(schema.schema, parsed, specified_rules, max_errors=20):
            _tell(found, at, problems)
    if len(problems.found) > before:
        return None
    return Document(text, _variables(operation, schema), tuple(_roots(operation)))


def check_subscription(text: str, at: Location, schema: UpstreamSchema | None, problems: Problems) -> None:
    read_document(text, at, "subscription", schema, problems)


def _variables(operation: OperationDefinitionNode, schema: UpstreamSchema | None) -> dict[str, Variable]:
    return {node.variable.name.value: _variable(node, schema) for node in operation.variable_definitions or ()}


def _variable(node: VariableDefinitionNode, schema: UpstreamSchema | None) -> Variable:
    found = _known(node.type, schema) if schema is not None else None
    required = isinstance(node.type, NonNullTypeNode) and node.default_value is None
    return Variable(found or (NonNull(Named("JSON")) if required else Named("JSON")), required)


def _known(node: TypeNode, schema: UpstreamSchema) -> TypeRef | None:
    found = type_from_ast(schema.schema, node)
    return None if found is None else type_ref(found)


def _roots(operation: OperationDefinitionNode) -> list[str]:
    """Those that are written there themselves; a fragment at the top is none of them."""
    names: list[str] = []
    for node in operation.selection_set.selections:
        if not isinstance(node, FieldNode):
            return []
        names.append(node.alias.value if node.alias is not None else node.name.value)
    return list(dict.fromkeys(names))


def _tell(error: GraphQLError, at: Location, problems: Problems, hint: str = "") -> None:
    """In a file of its own at the place; else at the text, with its line."""
    first = error.locations[0] if error.locations else None
    sentence = error.message.splitlines()[0]
    if not sentence.endswith(("?", ".")):
        sentence += "."
    if first is None:
        problems.add(at, sentence, hint)
    elif at.file.endswith(".graphql"):
        problems.add(Location(at.file, first.line, first.column), sentence, hint)
    else:
        where = f" (line {first.line} of the document)" if first.line > 1 else ""
        problems.add(at, f"{sentence}{where}", hint)
