"""The rule that fields of one response name must be one field.

graphql-core's own rule compares every two fields of a name, which a hostile document makes as slow as it likes.
Here all types are object types, so that fields of one name stand on one type, and "can be merged" is transitive:
comparing each with the first of its name is enough, and the work is the number of fields with fragments spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    print_ast,
)
from graphql.utilities.sort_value_node import sort_value_node


def find_conflicts(document: DocumentNode, most: int) -> list[GraphQLError]:
    """At most `most` errors. For a document that breaks no other rule: its fragments end somewhere."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    errors: list[GraphQLError] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _compare((node.selection_set,), fragments, errors, most)
    return errors


def group(
    sets: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, list[FieldNode]]:
    """The fields of one object by response name, whatever their directives say."""
    groups: dict[str, list[FieldNode]] = {}
    visited: set[str] = set()

    def visit(selections: SelectionSetNode) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                groups.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                visit(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                visit(fragments[node.name.value].selection_set)

    for selections in sets:
        visit(selections)
    return groups


def _compare(
    sets: tuple[SelectionSetNode, ...],
    fragments: Mapping[str, FragmentDefinitionNode],
    errors: list[GraphQLError],
    most: int,
) -> None:
    for key, nodes in group(sets, fragments).items():
        if len(errors) >= most:
            return
        first = nodes[0]
        arguments = _arguments(first) if len(nodes) > 1 else {}
        for node in nodes[1:]:
            if problem := _difference(first, arguments, node):
                errors.append(
                    GraphQLError(
                        f"Fields '{key}' conflict because {problem}. "
                        "Use different aliases on the fields to fetch both if this was intentional.",
                        [first, node],
                    )
                )
                break
        else:
            inner = tuple(node.selection_set for node in nodes if node.selection_set)
            if inner:
                _compare(inner, fragments, errors, most)


def _difference(first: FieldNode, arguments: Mapping[str, str], node: FieldNode) -> str | None:
    if first.name.value != node.name.value:
        return f"'{first.name.value}' and '{node.name.value}' are different fields"
    if arguments != _arguments(node):
        return "they have differing arguments"
    return None


def _arguments(node: FieldNode) -> dict[str, str]:
    return {argument.name.value: print_ast(sort_value_node(argument.value)) for argument in node.arguments or ()}
