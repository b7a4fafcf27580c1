"""A validated selection set -> `Selection` trees, by the GraphQL specification's CollectFields.

Directives are applied and fragments are gone: what comes out is the answer's shape. All types are object types, so
that a type condition holds exactly where it names the type itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.language import Node

from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.core.json import MISSING
from tidegate.core.location import Location
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Argument, Named, NonNull, ObjectType, TypeDefinition, named
from tidegate.schema.coercion import Coercion
from tidegate.schema.document_literals import Bound, Constant

TYPENAME: Final = NonNull(Named("String"))

Flags: TypeAlias = Mapping[str, bool]
"""The variables that `@skip` and `@include` name."""
Positions: TypeAlias = tuple[tuple[int, int], ...]
"""Lines and columns in the document, of every place that asks for a field."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A field's selection, and what the compiled path must know of it: the highest rank among its fields, where each
    field stands, and the values that are worked out from the variables for each call under names of their own, which
    no variable can have."""

    selection: Selection | None
    rank: int
    positions: Mapping[Selected, Positions]
    derived: tuple[tuple[str, Bound], ...]
    arguments: Mapping[str, Expression]


@dataclass(slots=True)
class Collector:
    """Collects one document under one combination of flags."""

    types: Mapping[str, TypeDefinition]
    coercion: Coercion
    fragments: Mapping[str, FragmentDefinitionNode]
    flags: Flags
    _rank: int = 0
    _positions: dict[Selected, Positions] = field(default_factory=dict)
    _derived: list[tuple[str, Bound]] = field(default_factory=list)

    def groups(self, type: str, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """CollectFields: the fields wanted of one object, by response name, in the order of the answer."""
        groups: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()

        def visit(selections: Iterable[SelectionNode]) -> None:
            for node in selections:
                if node.directives and not included(node.directives, self.flags):
                    continue
                if isinstance(node, FieldNode):
                    groups.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    if node.type_condition is None or node.type_condition.name.value == type:
                        visit(node.selection_set.selections)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                    visited.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if fragment.type_condition.name.value == type:
                        visit(fragment.selection_set.selections)

        for selections in sets:
            visit(selections.selections)
        return groups

    def collect(self, nodes: list[FieldNode], type: str, arguments: Mapping[str, Argument]) -> Collected:
        """Of a root field that is asked for at `nodes`, has `arguments` and whose innermost type is `type`.
        Raises `Invalid`."""
        self._rank, self._positions, self._derived = 0, {}, []
        bound = self._arguments(nodes[0], arguments)
        selection = self._selection(type, nodes)
        return Collected(selection, self._rank, self._positions, tuple(self._derived), bound)

    def _selection(self, type: str, nodes: list[FieldNode]) -> Selection | None:
        definition = self.types.get(type)
        if not isinstance(definition, ObjectType):
            return None
        groups = self.groups(type, (node.selection_set for node in nodes if node.selection_set))
        return Selection(type, tuple(self._selected(definition, key, group) for key, group in groups.items()))

    def _selected(self, definition: ObjectType, key: str, nodes: list[FieldNode]) -> Selected:
        name = nodes[0].name.value
        if name == "__typename":
            return Selected(key, name, TYPENAME)
        declared = definition.fields[name]
        self._rank = max(self._rank, declared.rank)
        arguments = self._arguments(nodes[0], declared.arguments) if declared.arguments else {}
        selected = Selected(key, name, declared.type, arguments, self._selection(named(declared.type), nodes))
        self._positions[selected] = positions(nodes)
        return selected

    def _arguments(self, node: FieldNode, arguments: Mapping[str, Argument]) -> dict[str, Expression]:
        given = {argument.name.value: argument for argument in node.arguments or ()}
        literals = self.coercion.filled(arguments, {name: argument.value for name, argument in given.items()})
        expressions: dict[str, Expression] = {}
        for name, literal in literals.items():
            at = _place(given.get(name, node))
            if isinstance(literal, Constant):
                expressions[name] = Literal(literal.value, at)
            else:
                expressions[name] = Reference("variables", (self._variable(given[name], arguments[name], literal),), at)
        return expressions

    def _variable(self, given: ArgumentNode, argument: Argument, bound: Bound) -> str:
        """The name of the variable that is the argument's value."""
        value = given.value
        if isinstance(value, VariableNode) and argument.default is MISSING and not isinstance(argument.type, NonNull):
            return value.name.value
        self._derived.append((f"{len(self._derived)}", bound))
        return self._derived[-1][0]


def included(directives: Iterable[DirectiveNode], flags: Flags) -> bool:
    """What `@skip` and `@include` say; `@skip` wins."""
    for directive in directives:
        name = directive.name.value
        if name in ("skip", "include") and _condition(directive, flags) is (name == "skip"):
            return False
    return True


def flag_names(nodes: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> tuple[str, ...]:
    """The variables whose booleans decide what is selected, in the order they are met."""
    names: dict[str, None] = {}
    visited: set[str] = set()

    def visit(selections: SelectionSetNode) -> None:
        for node in selections.selections:
            for directive in node.directives or ():
                for argument in directive.arguments or ():
                    if isinstance(argument.value, VariableNode):
                        names[argument.value.name.value] = None
            if isinstance(node, FragmentSpreadNode):
                if node.name.value not in visited:
                    visited.add(node.name.value)
                    visit(fragments[node.name.value].selection_set)
            elif isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
                visit(node.selection_set)

    for node in nodes:
        visit(node)
    return tuple(names)


def positions(nodes: Iterable[Node]) -> Positions:
    """Where `nodes` stand, lines and columns from 1."""
    return tuple((node.loc.start_token.line, node.loc.start_token.column) for node in nodes if node.loc is not None)


def _place(node: Node) -> Location:
    ((line, column),) = positions([node]) or ((1, 1),)
    return Location("document", line, column)


def _condition(directive: DirectiveNode, flags: Flags) -> bool:
    (argument,) = directive.arguments or ()
    value = argument.value
    if isinstance(value, VariableNode):
        return flags[value.name.value]
    assert isinstance(value, BooleanValueNode)
    return value.value
