"""The tree of an author's SQL -> the places where it names a table, each with the conditions that hold around it.

    select … from tickets t join people p on p.id = t.author_id where p.email = hole_0_

has two places, `t` and `p`, in one scope; a subquery has a scope of its own, inside of this one. A row of `p` whose
email is another, or of `t` whose author is another, changes nothing: no row of the result is made of it. That is so for
WHERE whatever the joins are, for ON where they are inner, and for the table on the right of a LEFT JOIN. What holds in
a scope holds in those within it: what they answer for other rows around them is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from tidegate.resolvers.integrations.relational.comparable import share_forms
from tidegate.resolvers.integrations.relational.sql_values import Reader, Term
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn, ReflectedTable

_ONE_SIDED: Final = ("RIGHT", "FULL")


@dataclass(eq=False, slots=True)
class Place:
    """Where a table is named. `alias` is in lower case. `is_renamed`: its columns have other names here."""

    table: ReflectedTable
    alias: str
    is_renamed: bool = False
    own: list[exp.Expr] = field(default_factory=list)
    """Conditions that hold of this place alone: of a LEFT JOIN."""

    def column(self, name: str) -> ReflectedColumn | None:
        """By its name in lower case; none where there is none, or several that differ in case."""
        found = [column for column in self.table.columns.values() if column.name.lower() == name]
        return found[0] if len(found) == 1 else None


@dataclass(eq=False, slots=True)
class Scope:
    """`others`: rows come from something else too, a subquery say, whose columns nobody knows here."""

    parent: Scope | None
    select: exp.Select | None = None
    places: list[Place] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    conditions: list[exp.Expr] = field(default_factory=list)
    is_natural: bool = False

    def find(self, column: exp.Column) -> tuple[Place, ReflectedColumn] | None:
        """What a column's name means here, if that is certain."""
        parts = [part.name.lower() for part in column.parts]
        if len(parts) > 2:
            return None
        scope: Scope | None = self
        while scope is not None:
            if len(parts) == 2:
                named = [place for place in scope.places if place.alias == parts[0]]
                if named or parts[0] in scope.others:
                    return _certain([] if parts[0] in scope.others else named, parts[1])
            else:
                holding = [place for place in scope.places if place.is_renamed or place.column(parts[0]) is not None]
                if holding or scope.others:
                    return _certain([] if scope.others else holding, parts[0])
            scope = scope.parent
        return None


def _certain(places: Sequence[Place], name: str) -> tuple[Place, ReflectedColumn] | None:
    if len(places) != 1 or places[0].is_renamed or (column := places[0].column(name)) is None:
        return None
    return places[0], column


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """What must all be true."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.this)
        yield from conjuncts(condition.expression)
    else:
        yield condition


def join_conditions(scope: Scope, joins: Sequence[exp.Join], joined: Sequence[Place | None]) -> None:
    """Puts the ON of each join where it holds. `joined` is the place on its right, none where that is none."""
    if any(join.side in _ONE_SIDED or join.method for join in joins):
        return
    for join, place in zip(joins, joined, strict=True):
        on = join.args.get("on")
        if on is None:
            continue
        if not join.side and join.kind in ("", "INNER", "CROSS"):
            scope.conditions += conjuncts(on)
        elif join.side == "LEFT" and place is not None and join.kind in ("", "OUTER"):
            place.own += conjuncts(on)


Node = tuple[Place, str]
"""A column of a place."""


class Equalities:
    """What the columns of places are known to equal: each other, and terms."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._same: dict[Node, set[Node]] = {}
        self._terms: dict[Node, list[tuple[Term, ...]]] = {}

    def hold(self, scope: Scope, conditions: Sequence[exp.Expr]) -> None:
        for condition in conditions:
            self._hold(scope, condition)

    def around(self, scope: Scope) -> None:
        """What holds in a scope and in those around it."""
        each: Scope | None = scope
        while each is not None:
            self.hold(each, each.conditions)
            each = each.parent

    def of(self, place: Place) -> dict[str, list[tuple[Term, ...]]]:
        """By column: it equals one of each of these."""
        found: dict[str, list[tuple[Term, ...]]] = {}
        for column in place.table.columns:
            node = (place, column)
            terms = [each for other in self._same.get(node, {node}) for each in self._terms.get(other, ())]
            if terms:
                found[column] = terms
        return found

    def _hold(self, scope: Scope, condition: exp.Expr) -> None:
        match condition:
            case exp.EQ(this=exp.Tuple() as left, expression=exp.Tuple() as right):
                if len(left.expressions) == len(right.expressions):
                    for one, other in zip(left.expressions, right.expressions, strict=True):
                        self._equal(scope, one, other)
            case exp.EQ():
                self._equal(scope, condition.this, condition.expression)
            case exp.In():
                self._hold_terms(self._node(scope, condition.this), self._reader.listed(condition))
            case exp.Or():
                self._hold_terms(*self._either(scope, condition))

    def _equal(self, scope: Scope, one: exp.Expr, other: exp.Expr) -> None:
        left, right = self._node(scope, one), self._node(scope, other)
        if left is not None and right is not None:
            if share_forms(_column(left), _column(right)):
                together = self._same.get(left, {left}) | self._same.get(right, {right})
                for node in together:
                    self._same[node] = together
        elif left is not None:
            self._hold_terms(left, self._reader.terms(other))
        elif right is not None:
            self._hold_terms(right, self._reader.terms(one))

    def _hold_terms(self, node: Node | None, terms: tuple[Term, ...] | None) -> None:
        if node is not None and terms is not None:
            self._terms.setdefault(node, []).append(terms)

    def _either(self, scope: Scope, condition: exp.Or) -> tuple[Node | None, tuple[Term, ...] | None]:
        """One column that equals one of several terms, by one way of writing it or another."""
        nodes, terms = set[Node | None](), list[Term]()
        for part in condition.flatten():
            inner = Equalities(self._reader)
            inner._hold(scope, part.unnest())
            told = list(inner._terms.items())
            if len(told) != 1 or len(told[0][1]) != 1:
                return None, None
            nodes.add(told[0][0])
            terms += told[0][1][0]
        return (nodes.pop(), tuple(terms)) if len(nodes) == 1 else (None, None)

    def _node(self, scope: Scope, expression: exp.Expr) -> Node | None:
        expression = expression.unnest()
        if not isinstance(expression, exp.Column):
            return None
        found = scope.find(expression)
        return None if found is None else (found[0], found[1].name)


def _column(node: Node) -> ReflectedColumn:
    place, name = node
    return place.table.columns[name]
