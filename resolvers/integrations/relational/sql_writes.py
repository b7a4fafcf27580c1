"""What one INSERT, UPDATE, DELETE or MERGE of an author's SQL touches: the columns, and what is known of the rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from sqlglot import exp

from tidegate.core.footprint import UNKNOWN, Touch
from tidegate.resolvers.integrations.relational.reach import touches_of
from tidegate.resolvers.integrations.relational.sql_scopes import Equalities, Place, Scope
from tidegate.resolvers.integrations.relational.sql_values import Constant, Evaluation, Reader, Term
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn, ReflectedTable, Tables

_MOST_IMAGES: Final = 64
"""Of the rows of one statement. With more, nobody knows which rows."""

Given: TypeAlias = Mapping[str, tuple[Term, ...]]
"""What columns are given: one of these terms. Those that are not there may be given anything."""

Image: TypeAlias = dict[str, Hashable]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Rows at one moment: columns that equal one of each of their terms, others that are `given` a value."""

    equal: Mapping[str, Sequence[tuple[Term, ...]]]
    given: Given

    def images(self, table: ReflectedTable, evaluation: Evaluation) -> list[Image] | None:
        """None where they are too many."""
        choices: dict[str, list[Hashable]] = {}
        for column, conditions in self.equal.items():
            told = [evaluation.forms(terms, table.columns[column]) for terms in conditions]
            known = [forms for forms in told if forms is not None]
            if known:
                choices[column] = list(frozenset.intersection(*known))
        for column, terms in self.given.items():
            value = _given(evaluation, terms, table.columns[column])
            if value is not UNKNOWN:
                choices[column] = [value]
        count = 1
        for values in choices.values():
            count *= len(values)
        if count > _MOST_IMAGES:
            return None
        return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """`columns` and `pictures` as in `Touch`; `added` as in `touches_of`."""

    table: ReflectedTable
    columns: frozenset[str] | None = None
    pictures: tuple[Picture, ...] | None = None
    added: bool = False

    def touches(self, tables: Tables, evaluation: Evaluation) -> tuple[Touch, ...]:
        return touches_of(tables, self.table.name, self.columns, self._images(evaluation), added=self.added)

    def _images(self, evaluation: Evaluation) -> list[Image] | None:
        if self.pictures is None or len(self.pictures) > _MOST_IMAGES:
            return None
        images: list[Image] = []
        for picture in self.pictures:
            found = picture.images(self.table, evaluation)
            if found is None or not all(found):
                # Of one row nothing is known: it may be any.
                return None
            images += found
        return images


def writes_of(node: exp.Expr, scope: Scope, place: Place, reader: Reader) -> tuple[Write, ...]:
    """All that one statement may do: one that inserts may also update."""
    if (
        reader.words.writes_joined
        and not isinstance(node, exp.Insert)
        and (len(scope.places) > 1 or node.args.get("tables"))
    ):
        return (Write(place.table),)
    making = _Making(scope, place, reader)
    match node:
        case exp.Insert():
            return tuple(making.insert(node))
        case exp.Update():
            return (making.update(node),)
        case exp.Delete():
            return (Write(place.table, pictures=(Picture(making.equal(), {}),)),)
        case _:
            return (Write(place.table),)


@dataclass(frozen=True, slots=True, eq=False)
class _Making:
    scope: Scope
    place: Place
    reader: Reader

    def equal(self) -> Mapping[str, Sequence[tuple[Term, ...]]]:
        """What is known of the rows that pass the condition, as they were before."""
        equalities = Equalities(self.reader)
        equalities.around(self.scope)
        return equalities.of(self.place)

    def update(self, node: exp.Update) -> Write:
        table = self.place.table
        if node.args.get("or_") or self.place.is_renamed:
            return Write(table)
        assigned = list(self._assigned(node.expressions))
        columns = [column for column, _ in assigned]
        known = [column for column in columns if column is not None]
        equal = self.equal()
        # What is generated is generated anew.
        kept = {
            column: terms
            for column, terms in equal.items()
            if column not in known and not table.columns[column].generated
        }
        if len(known) != len(columns):
            return Write(table, None, (Picture(equal, {}), Picture({}, {})))
        pictures = (Picture(equal, {}), Picture(kept, self._given(assigned)))
        return Write(table, frozenset(known), pictures)

    def insert(self, node: exp.Insert) -> Iterator[Write]:
        table, conflict = self.place.table, node.args.get("conflict")
        alternative = str(node.args.get("alternative") or "").lower()
        if alternative == "replace" or node.args.get("overwrite"):
            yield Write(table)
            return
        # With MySQL's IGNORE, values that do not fit are made to.
        pictures = None if node.args.get("ignore") else self._rows(node)
        yield Write(table, pictures=pictures, added=True)
        if isinstance(conflict, exp.OnConflict) and "UPDATE" in str(conflict.args.get("action") or "").upper():
            yield self._conflicting(conflict, pictures)

    def _rows(self, node: exp.Insert) -> tuple[Picture, ...] | None:
        table, values = self.place.table, node.expression
        if not isinstance(values, exp.Values) or node.find(exp.Command) is not None:
            return None
        if isinstance(node.this, exp.Schema):
            names = [self._named(each) for each in node.this.expressions]
        else:
            names = list[str | None](table.columns)
            if any(column.generated for column in table.columns.values()):
                return None
        if None in names:
            return None
        pictures = []
        for row in values.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            if len(cells) > len(names) or (len(cells) < len(names) and isinstance(node.this, exp.Schema)):
                return None
            pairs = list(zip(names[: len(cells)], cells, strict=True))
            left_out = set(table.columns) - {name for name, _ in pairs}
            nothing = {name: (Constant(None),) for name in left_out if _is_null_by_itself(table.columns[name])}
            pictures.append(Picture({}, {**nothing, **self._given(pairs)}))
        return tuple(pictures)

    def _conflicting(self, conflict: exp.OnConflict, pictures: Sequence[Picture] | None) -> Write:
        """The rows that were there already hold what was to be inserted, in the columns that conflict."""
        keys = [
            self._named(each.this if isinstance(each, exp.Ordered) else each)
            for each in conflict.args.get("conflict_keys") or ()
        ]
        assigned = [column for column, _ in self._assigned(conflict.expressions)]
        known = frozenset(column for column in assigned if column is not None)
        columns = known if len(known) == len(assigned) else None
        if pictures is None or not keys or None in keys or columns is None or self.place.table.is_folded:
            return Write(self.place.table, columns)
        met = []
        for picture in pictures:
            same = {name: picture.given[name] for name in keys if name is not None and name in picture.given}
            met.append(Picture({}, same))
            met.append(Picture({}, {name: terms for name, terms in same.items() if name not in known}))
        return Write(self.place.table, columns, tuple(met))

    def _assigned(self, expressions: Sequence[exp.Expr]) -> Iterator[tuple[str | None, exp.Expr | None]]:
        """The columns that are set, none where that is unclear, with what they are set to, where that is one thing."""
        for each in expressions:
            if not isinstance(each, exp.EQ):
                yield None, None
            elif isinstance(each.this, exp.Tuple):
                right = each.expression.expressions if isinstance(each.expression, exp.Tuple) else []
                left = each.this.expressions
                for index, part in enumerate(left):
                    yield self._named(part), right[index] if len(right) == len(left) else None
            elif isinstance(each.this, exp.Column) and len(each.this.parts) == 1:
                yield self._named(each.this), each.expression
            elif self.reader.words.writes_joined and each.this.table.lower() == self.place.alias:
                yield self._named(each.this.this), each.expression
            else:
                # A part of a column: of an array, of a row.
                inner = each.this.find(exp.Column)
                yield None if inner is None else self._named(inner.parts[0]), None

    def _named(self, node: exp.Expr) -> str | None:
        if isinstance(node, exp.Column) and len(node.parts) == 1:
            node = node.this
        if not isinstance(node, exp.Identifier):
            return None
        found = self.place.column(node.name.lower())
        return None if found is None else found.name

    def _given(self, pairs: Sequence[tuple[str | None, exp.Expr | None]]) -> Given:
        given = {}
        for name, node in pairs:
            if name is None or node is None or not self.reader.words.takes(self.place.table.columns[name]):
                continue
            terms = self.reader.terms(node)
            if terms is not None:
                given[name] = terms
        return given


def _is_null_by_itself(column: ReflectedColumn) -> bool:
    return column.nullable and not column.has_default and not column.generated


def _given(evaluation: Evaluation, terms: tuple[Term, ...], column: ReflectedColumn) -> Hashable:
    """The form of the one value; none for null, where the column can hold it."""
    forms = evaluation.forms(terms, column)
    if forms is None or len(forms) > 1 or len(terms) != 1 or getattr(terms[0], "many", False):
        return UNKNOWN
    if forms:
        return next(iter(forms))
    return None if column.nullable else UNKNOWN
