"""What a comparison in an author's SQL compares a column with: a value that is written there, or a hole.

Only what the database takes as it is counts: a hole that is part of a longer string is no value, and neither is one
that is cast to something else than its column.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from tidegate.core.expressions import Reference
from tidegate.core.footprint import UNKNOWN, Unknown
from tidegate.core.json import Given, Missing
from tidegate.resolvers.integrations.relational.comparable import canonical
from tidegate.resolvers.integrations.relational.equalities import MOST_VALUES
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.sql_words import Words
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

_LARGEST: Final = 2**63
"""Beyond it a whole number is stored as another number."""


@dataclass(frozen=True, slots=True)
class Constant:
    value: Hashable
    families: frozenset[Family] | None = None


@dataclass(frozen=True, slots=True)
class Hole:
    """`families`: of the columns whose form the value keeps in a cast; none where there is no cast. `many`: it is a
    list, of which a column equals one."""

    reference: Reference
    families: frozenset[Family] | None = None
    many: bool = False


Term: TypeAlias = Constant | Hole
Values: TypeAlias = Sequence[Given | Unknown]


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes terms of what stands in the tree. `holes` are the words that stand for values there."""

    holes: Mapping[str, Reference]
    words: Words

    def terms(self, node: exp.Expr) -> tuple[Term, ...] | None:
        """One of these is what the column equals; none where that cannot be known."""
        if isinstance(node, exp.Any):
            inner = node.this.unnest()
            term = self._term(inner)
            return (Hole(term.reference, term.families, many=True),) if isinstance(term, Hole) else None
        term = self._term(node)
        return None if term is None else (term,)

    def listed(self, node: exp.In) -> tuple[Term, ...] | None:
        if node.args.get("query") is not None or node.args.get("field") is not None or node.args.get("unnest"):
            return None
        terms = [self._term(each) for each in node.expressions]
        known = tuple(term for term in terms if term is not None)
        return known if len(known) == len(terms) and known else None

    def _term(self, node: exp.Expr) -> Term | None:
        node = node.unnest()
        match node:
            case exp.Cast():
                return self._cast(node)
            case exp.Column():
                return Hole(self.holes[node.name]) if self._is_hole(node) else None
            case exp.Literal():
                return self._literal(node)
            case exp.Neg(this=exp.Literal() as literal) if not literal.is_string and literal.this.isdecimal():
                return Constant(-int(literal.this))
            case exp.Boolean():
                return Constant(bool(node.this))
            case exp.Null():
                return Constant(None)
            case _:
                return None

    def _is_hole(self, node: exp.Column) -> bool:
        return len(node.parts) == 1 and node.name in self.holes

    def _cast(self, node: exp.Cast) -> Term | None:
        # TRY_CAST and the like are its kind too.
        if type(node) is not exp.Cast or node.to.expressions or node.args.get("format") is not None:
            return None
        inner, families = self._term(node.this), self.words.casts.get(node.to.this)
        if inner is None or inner.families is not None or families is None:
            return None
        return Constant(inner.value, families) if isinstance(inner, Constant) else Hole(inner.reference, families)

    def _literal(self, node: exp.Literal) -> Term | None:
        text = str(node.this)
        if text in self.holes and node.is_string:
            # A string that is nothing but a hole: the value itself is bound.
            return Hole(self.holes[text])
        if any(hole in text for hole in self.holes):
            return None
        if node.is_string:
            return Constant(text)
        return Constant(int(text)) if text.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The values of one call. `inputs` are those of the compiled request."""

    inputs: Inputs
    values: Values

    def forms(self, terms: Sequence[Term], column: ReflectedColumn) -> frozenset[Hashable] | None:
        """The forms that a column equal to one of `terms` can have; none where it may have any. Null equals nothing."""
        found = set[Hashable]()
        for term in terms:
            if term.families is not None and column.family not in term.families:
                return None
            for value in self._given(term):
                form = value if isinstance(value, Unknown) else form_of(column, value)
                if form is UNKNOWN:
                    return None
                if form is not None:
                    found.add(form)
        return frozenset(found) if len(found) <= MOST_VALUES else None

    def _given(self, term: Term) -> Iterator[object]:
        if isinstance(term, Constant):
            yield term.value
            return
        value = self.values[self.inputs.place(term.reference)]
        if isinstance(value, Missing):
            yield None
        elif not term.many or isinstance(value, Unknown):
            yield value
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from value
        elif value is None:
            yield None
        else:
            yield UNKNOWN


def form_of(column: ReflectedColumn, value: object) -> Hashable:
    """As `canonical`, of what the database is given."""
    if not isinstance(value, str | int | None):
        return UNKNOWN
    form = canonical(column, value)
    is_large = isinstance(form, int) and not isinstance(form, bool) and not -_LARGEST <= form < _LARGEST
    return UNKNOWN if is_large else form
