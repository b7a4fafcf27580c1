"""`__schema` and `__type`: answered by graphql-core from the schema alone, and only once where no variable matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    execute_sync,
    visit,
)
from graphql.language import Node

from tidegate.core.errors import Code
from tidegate.schema.document_literals import Variables
from tidegate.schema.request_errors import ErrorEntry, of_graphql

_MOST: Final = 8
"""How many answers are kept for one API: an answer may be as large as the schema."""


@dataclass(frozen=True, slots=True, eq=False)
class Introspection:
    """The introspection fields of one shape. `answers` are kept for all shapes of the API, the newest ones."""

    _schema: GraphQLSchema
    _document: DocumentNode
    _variables: frozenset[str]
    _answers: dict[Introspection, Mapping[str, bytes]]

    def answer(self, variables: Variables) -> tuple[Mapping[str, bytes], list[ErrorEntry]]:
        """The JSON of each field by response name. What could not be answered is not there."""
        kept = self._answers.get(self)
        if kept is not None:
            return kept, []
        used = {name: variables[name] for name in self._variables if name in variables}
        result = execute_sync(self._schema, self._document, variable_values=used)
        answer = {key: orjson.dumps(value) for key, value in (result.data or {}).items()}
        if not self._variables and not result.errors:
            if len(self._answers) >= _MOST:
                self._answers.pop(next(iter(self._answers)))
            self._answers[self] = answer
        return answer, of_graphql(result.errors or (), str(Code.BAD_USER_INPUT))


def make_introspection(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    nodes: Iterable[FieldNode],
    answers: dict[Introspection, Mapping[str, bytes]],
) -> Introspection:
    """`nodes` are all fields at the top that introspect, with their directives found to hold."""
    kept = tuple(nodes)
    reached: dict[str, FragmentDefinitionNode] = {}
    used: set[str] = set()
    for node in kept:
        for inner in _within(node, fragments, reached):
            if isinstance(inner, VariableNode):
                used.add(inner.name.value)
    document = DocumentNode(
        definitions=(
            OperationDefinitionNode(
                operation=OperationType.QUERY,
                variable_definitions=tuple(
                    node for node in operation.variable_definitions or () if node.variable.name.value in used
                ),
                directives=(),
                selection_set=SelectionSetNode(selections=kept),
            ),
            *reached.values(),
        )
    )
    return Introspection(schema, document, frozenset(used), answers)


def introspects(document: DocumentNode) -> GraphQLError | None:
    """An error at the first `__schema` or `__type` of a document, or none if it has none."""
    for node in _nodes(document):
        if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
            return GraphQLError("Introspection is not allowed here.", node)
    return None


def _within(
    node: Node, fragments: Mapping[str, FragmentDefinitionNode], reached: dict[str, FragmentDefinitionNode]
) -> Iterator[Node]:
    """Every node under `node`, fragments spread; each fragment once for all calls with one `reached`."""
    for inner in _nodes(node):
        yield inner
        if isinstance(inner, FragmentSpreadNode) and inner.name.value not in reached:
            reached[inner.name.value] = fragments[inner.name.value]
            yield from _within(fragments[inner.name.value], fragments, reached)


def _nodes(node: Node) -> list[Node]:
    seen: list[Node] = []

    class Every(Visitor):
        # Any: what graphql-core tells a visitor about where it is.
        def enter(self, inner: Node, *_: Any) -> None:
            seen.append(inner)

    visit(node, Every())
    return seen
