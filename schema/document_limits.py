"""What a document would cost, found before it is validated and without spreading its fragments.

Each fragment is measured once. The numbers grow exponentially with nested fragments, the work does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)

from tidegate.core.limits import Limits

NESTING: Final = 100
"""How deep selection sets may stand in each other, inline fragments and spreads included."""
VALUES: Final = 50
"""How deep lists and objects of a literal may stand in each other."""
OPERATIONS: Final = 10
"""How many times `limits.fields` all operations of a document may have together."""
INTROSPECTION_DEPTH: Final = 16
"""As deep as the standard introspection query goes."""
INTROSPECTION_FIELDS: Final = 400
"""Twice what the standard introspection query has. Lists of types within lists are validated elsewhere."""


class TooMuch(Exception):
    """A limit is passed. The message says which."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Of a selection set with its fragments spread: fields directly in it, fields in all, and how deep they are nested;
    fields under `__schema` and `__type` are counted apart."""

    width: int = 0
    fields: int = 0
    depth: int = 0
    introspection_fields: int = 0
    introspection_depth: int = 0


_NOTHING = Measure()


def check_limits(document: DocumentNode, limits: Limits) -> None:
    """Raises `TooMuch`."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    meter = _Meter(fragments)
    total = 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            measure = meter.measure(node.selection_set, 0)
            _hold(measure.width, limits.rootFields, "fields at the top of an operation")
            _hold(measure.depth, limits.depth, "levels of fields")
            _hold(measure.fields, limits.fields, "fields, with fragments spread")
            _hold(measure.introspection_depth, max(INTROSPECTION_DEPTH, limits.depth), "levels of introspection")
            _hold(measure.introspection_fields, INTROSPECTION_FIELDS, "fields of introspection")
            total += measure.fields + measure.introspection_fields
            meter.directives += len(node.directives or ())
            for variable in node.variable_definitions or ():
                _check_value(variable.default_value)
        elif isinstance(node, FragmentDefinitionNode):
            meter.fragment(node.name.value, 0)
            meter.directives += len(node.directives or ())
    _hold(
        total, max(limits.fields, INTROSPECTION_FIELDS) * OPERATIONS, "fields in all operations, with fragments spread"
    )
    _hold(meter.aliases, limits.aliases, "aliases")
    _hold(meter.directives, limits.directives, "directives")


def _hold(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise TooMuch(f"The document has more than {limit} {what}.")


def _check_value(node: ValueNode | None) -> None:
    level = [node]
    for _ in range(VALUES):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    if any(isinstance(inner, (ListValueNode, ObjectValueNode)) for inner in level):
        raise TooMuch(f"The document has values of more than {VALUES} levels.")


def _inside(node: ValueNode | None) -> Sequence[ValueNode | None]:
    match node:
        case ListValueNode():
            return node.values
        case ObjectValueNode():
            return [field.value for field in node.fields]
    return ()


class _Meter:
    """Also counts the aliases and directives it meets, each once."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Measure] = {}
        self.aliases = 0
        self.directives = 0

    def fragment(self, name: str, level: int) -> Measure:
        found = self._measured.get(name)
        if found is None:
            definition = self._fragments.get(name)
            if definition is None:
                return _NOTHING
            # A fragment that spreads itself counts as nothing there: validation will refuse it.
            self._measured[name] = _NOTHING
            found = self._measured[name] = self.measure(definition.selection_set, level)
        return found

    def measure(self, selections: SelectionSetNode, level: int) -> Measure:
        if level > NESTING:
            raise TooMuch(f"The document has more than {NESTING} levels of selections.")
        width = fields = depth = introspection_fields = introspection_depth = 0
        for node in selections.selections:
            self.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                for argument in node.arguments or ():
                    _check_value(argument.value)
                inner = self.measure(node.selection_set, level + 1) if node.selection_set else _NOTHING
                width += 1
                if node.name.value in ("__schema", "__type"):
                    introspection_fields += 1 + inner.fields + inner.introspection_fields
                    introspection_depth = max(introspection_depth, 1 + max(inner.depth, inner.introspection_depth))
                    continue
                fields += 1 + inner.fields
                depth = max(depth, 1 + inner.depth)
            else:
                if isinstance(node, FragmentSpreadNode):
                    inner = self.fragment(node.name.value, level + 1)
                else:
                    assert isinstance(node, InlineFragmentNode)
                    inner = self.measure(node.selection_set, level + 1)
                width += inner.width
                fields += inner.fields
                depth = max(depth, inner.depth)
            introspection_fields += inner.introspection_fields
            introspection_depth = max(introspection_depth, inner.introspection_depth)
        return Measure(width, fields, depth, introspection_fields, introspection_depth)
