"""`if:` -> a condition: one reference that is true, or comparisons of which all hold.

if: $verdict.urgent
if: { $ticket.status: Done, $args.level: { gte: 3 } }
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Reference
from tidegate.core.filters import Operator
from tidegate.core.fitting import fit
from tidegate.core.flow import Check, Condition
from tidegate.core.literals import article
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import operators_for
from tidegate.core.types import ListOf, Named, NonNull, TypeRef, nullable
from tidegate.schema.expressions import build_expression
from tidegate.schema.step_scope import StepScope
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, kind_of

_FORMS: Final = "Write $step.field, or { $step.field: value }, or { $step.field: { gt: value } }."
_LISTS: Final = (Operator.IN, Operator.NOT_IN, Operator.BETWEEN)
_NULLS: Final = (Operator.IS_NULL, Operator.IS_NOT_NULL)


def read_condition(node: Node | None, known: StepScope, problems: Problems) -> Condition:
    """Nothing where there is none that can be used."""
    match node:
        case None:
            return ()
        case ScalarNode(value=str() as text, at=at) if text.startswith("$") and not text.startswith("$$"):
            subject = build_expression(node, known.scope, problems)
            return (Check(subject, None, None, at),)
        case MapNode(entries=entries) if entries:
            return tuple(_Comparisons(node, known, problems).checks())
        case MapNode(at=at):
            problems.add(at, "This condition compares nothing.", _FORMS)
        case ScalarNode(value=str() as text, at=at) if text.split(".")[0] in known.scope.roots:
            problems.add(at, "A condition is a reference or comparisons; a text is not.", f'Write "${text}"?')
        case _:
            problems.add(node.at, f"A condition is a reference or comparisons; {kind_of(node)} is not.", _FORMS)
    return ()


class _Comparisons:
    def __init__(self, node: MapNode, known: StepScope, problems: Problems) -> None:
        self._node = node
        self._known = known
        self._problems = problems

    def checks(self) -> Iterator[Check]:
        for key, value in self._node.entries.items():
            at = self._node.keys[key]
            subject = self._subject(key, at)
            if subject is not None:
                yield from self._compared(subject, key, value, at)

    def _subject(self, key: str, at: Location) -> Expression | None:
        if not key.startswith("$"):
            known = key.split(".", maxsplit=1)[0] in self._known.scope.roots
            hint = f"Write ${key}." if known else _FORMS
            self._problems.add(at, f'"{key}" is not a reference, and a condition compares references.', hint)
            return None
        before = len(self._problems.found)
        subject = build_expression(ScalarNode(key, at, key), self._known.scope, self._problems)
        return subject if len(self._problems.found) == before else None

    def _compared(self, subject: Expression, key: str, value: Node, at: Location) -> Iterator[Check]:
        shape = self._known.shape_of(subject)
        type = shape if isinstance(shape, NonNull | ListOf | Named) else Named("JSON")
        if not isinstance(value, MapNode):
            if isinstance(value, ListNode):
                self._problems.add(
                    value.at, f'"{key}" is compared with a list.', f"Write {{ {key}: {{ in: [ … ] }} }}."
                )
                return
            yield from self._check(subject, key, Operator.EQ, value, type, at)
            return
        if not value.entries:
            self._problems.add(value.at, f'"{key}" is compared with nothing.', "Write { gt: value }.")
        for word, operand in value.entries.items():
            place = value.keys[word]
            if word not in list(Operator):
                self._problems.add(place, f'"{word}" is not an operator.', did_you_mean(word, Operator))
                continue
            permitted = operators_for(type, self._known.base.types)
            if nullable(type) != Named("JSON") and word not in permitted:
                sentence = f'"{word}" cannot compare "{key}": it is {article(nullable(type))}.'
                self._problems.add(place, sentence, did_you_mean("", permitted))
                continue
            yield from self._check(subject, key, Operator(word), operand, type, place)

    def _check(
        self, subject: Expression, key: str, operator: Operator, node: Node, type: TypeRef, at: Location
    ) -> Iterator[Check]:
        if isinstance(node, ScalarNode) and node.value is None:
            word = "isNotNull" if operator in (Operator.NE, Operator.NOT_IN) else "isNull"
            hint = f"Write {key}: {{ {word}: true }}."
            self._problems.add(node.at, "A comparison with null never holds.", hint)
            return
        value = build_expression(node, self._known.scope, self._problems)
        leaf = nullable(type)
        if operator in _LISTS and isinstance(value, Literal):
            self._problems.add(value.at, f'"{operator}" takes a list.', f"Write {operator}: [ … ].")
            return
        wanted: TypeRef = ListOf(NonNull(leaf)) if operator in _LISTS else leaf
        if operator in _NULLS:
            wanted = Named("Boolean")
        if operator is Operator.BETWEEN and isinstance(value, Items) and len(value.items) != 2:
            self._problems.add(value.at, '"between" takes two values: the lowest and the highest.')
            return
        arguments = self._known.base.arguments or {}
        value = fit(value, wanted, f'"{key}"', self._known.base.types, self._problems, arguments)
        if isinstance(subject, Reference | Literal):
            yield Check(subject, operator, value, at)
