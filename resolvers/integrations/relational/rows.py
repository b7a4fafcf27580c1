"""A selection -> an SQL expression for the JSON object of one row, relations included.

The whole answer is one statement: every relation is a subquery that depends on the row around it. What was measured and
chosen is in docs/decisions/0001-json-in-the-database.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal
from tidegate.core.filters import Order
from tidegate.core.json import Given
from tidegate.core.objects import Access, Column, DataObject, Relation
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import NonNull
from tidegate.resolvers.integrations.relational.cells import FLAW, Cell
from tidegate.resolvers.integrations.relational.columns import cell_parts
from tidegate.resolvers.integrations.relational.comparisons import conjunction
from tidegate.resolvers.integrations.relational.dialects import Fragment, GatherPage, Sql, literal
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, require_readable
from tidegate.resolvers.integrations.relational.filters import rule
from tidegate.resolvers.integrations.relational.orders import ordering, resorted, sort_keys, sorting

TYPENAME: Final = "__typename"


@dataclass(frozen=True, slots=True)
class Owned:
    """Rows of an object's table: every field is a column of it or a relation from it."""

    item: DataObject

    def cell(self, draft: Draft, field: str, table: Rows) -> Cell:
        column = self.item.columns[field]
        require_readable(draft, column)
        return _cell(draft, self.item, column, table.c[column.column])

    def relation(self, field: str) -> Relation | None:
        return self.item.relations.get(field)

    def reach(self, field: str, table: Rows) -> Sql:
        return table.c[self.item.columns[field].column]


@dataclass(frozen=True, slots=True)
class Computed:
    """Rows of a result that is no table: of an aggregate, of an author's SQL. `cells` are by field."""

    cells: Mapping[str, Cell]
    item: DataObject | None = None

    def cell(self, draft: Draft, field: str, table: Rows) -> Cell:  # noqa: ARG002 - as `Owned` has it
        return self.cells[field]

    def relation(self, field: str) -> Relation | None:
        return self.item.relations.get(field) if self.item else None

    def reach(self, field: str, table: Rows) -> Sql:  # noqa: ARG002 - as `Owned` has it
        return self.cells[field].value


Kind = Owned | Computed


def _cell(draft: Draft, item: DataObject, column: Column, value: Sql) -> Cell:
    known = draft.setting.tables.known.get(item.table)
    return Cell(value, column.type, draft.setting.reflected(item, column), known.strict if known else False)


def object_json(draft: Draft, selection: Selection, kind: Kind, table: Rows) -> Sql:
    """The JSON text of a row of `table`, never null. Raises `OperationError` for what the role may not read."""
    parts: list[str | Sql] = ["{"]
    for index, selected in enumerate(selection.fields):
        parts.append(f'{"," if index else ""}"{selected.key}":')
        parts += _field(draft, selected, selection, kind, table)
    return draft.dialect.joined([*parts, "}"])


def _field(draft: Draft, selected: Selected, selection: Selection, kind: Kind, table: Rows) -> Sequence[str | Sql]:
    if selected.field == TYPENAME:
        return [f'"{selection.type}"']
    relation = kind.relation(selected.field)
    if relation is not None:
        return [_related(draft, selected, relation, kind, table)]
    cell = kind.cell(draft, selected.field, table)
    return cell_parts(cell, draft.dialect, draft.setting.surroundings.types)


def _related(draft: Draft, selected: Selected, relation: Relation, kind: Kind, table: Rows) -> Sql:
    assert selected.selection is not None, "a relation is never selected without fields"
    other = draft.setting.object(relation.target)
    target = draft.table(other)
    here = [target.c[other.columns[theirs].column] == kind.reach(ours, table) for theirs, ours in relation.on]
    where = conjunction([*here, rule(draft, Access.READ, other, target)])
    if relation.many:
        limit = Limit.of(draft, selected.arguments.get("limit"), relation.limit)
        offset = bounded_offset(draft, selected.arguments.get("offset"))
        if (gather := draft.dialect.gathers_pages(draft.setting.tables.release)) is not None:
            return _gathered(draft, gather, selected.selection, other, target, where, relation.order, limit, offset)
        page = page_of(draft, selected.selection, other, target, where, relation.order, limit, offset)
        order = resorted(draft, sort_keys(draft, tuple(relation.order), other), page)
        return list_json(draft, selected.selection, Owned(other), page, order)
    text = object_json(draft, selected.selection, Owned(other), target)
    one = sa.select(text).select_from(target).limit(_one())
    if where is not None:
        one = one.where(where)
    absent = "null" + FLAW if isinstance(selected.type, NonNull) else "null"
    return sa.func.coalesce(one.correlate_except(target).scalar_subquery(), literal(absent))


def _gathered(
    draft: Draft,
    gather: GatherPage,
    selection: Selection,
    item: DataObject,
    table: Rows,
    where: Sql | None,
    order: Sequence[Order],
    limit: Limit,
    offset: Sql | None,
) -> Sql:
    """MariaDB: the JSON array of rows that depend on the row around them, sorted and cut by GROUP_CONCAT itself."""
    keys = sort_keys(draft, tuple(order), item)
    text = gather(object_json(draft, selection, Owned(item), table), ordering(draft, keys, table), offset, limit.rows)
    query = sa.select(text).select_from(table)
    query = query if where is None else query.where(where)
    return draft.dialect.joined(["[", query.correlate_except(table).scalar_subquery(), "]"])


def list_json(draft: Draft, selection: Selection, kind: Kind, page: Rows, order: Sequence[Sql] = ()) -> Sql:
    """The JSON array of the rows of `page`, in their order; `order` as `Dialect.gathered` has it."""
    text = draft.dialect.gathered(object_json(draft, selection, kind, page), order)
    rows = sa.select(text).select_from(page).correlate_except(page).scalar_subquery()
    return draft.dialect.joined(["[", rows, "]"])


def page_of(
    draft: Draft,
    selection: Selection | None,
    item: DataObject,
    table: Rows,
    where: Sql | None,
    order: Sequence[Order],
    limit: Limit,
    offset: Sql | None,
) -> Rows:
    """The rows wanted of `table`, sorted, with the columns that the selection needs: a subquery that may depend on the
    rows around it."""
    keys = sort_keys(draft, tuple(order), item)
    columns = [table.c[name] for name in needed(selection, item)]
    query = sa.select(*columns, *sorting(draft, keys, table)).select_from(table)
    if where is not None:
        query = query.where(where)
    query = query.order_by(*ordering(draft, keys, table)).correlate_except(table)
    return limit.cut(draft, query, offset).subquery(draft.name())


def needed(selection: Selection | None, item: DataObject) -> list[str]:
    """The columns of `item` that the JSON of a selection is made of."""
    names = dict.fromkeys(item.columns[field].column for field in _fields(selection, item))
    return list(names) or [item.columns[item.key[0]].column]


def _fields(selection: Selection | None, item: DataObject) -> Iterator[str]:
    for selected in selection.fields if selection else ():
        if selected.field in item.columns:
            yield selected.field
        elif selected.field in item.relations:
            yield from (ours for _, ours in item.relations[selected.field].on)


def _one() -> Sql:
    return Fragment(("1",))


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rows: at most `rows`, and never more than `about` where that is known."""

    rows: Sql
    about: int | None
    longer: Sql | None = None
    """One more, where LIMIT takes no expression."""

    @classmethod
    def of(cls, draft: Draft, expression: Expression | None, fallback: int | None) -> Limit:
        """What is asked for, which may not be more than `limits.pageSize`; else `fallback`, else that."""
        most = draft.setting.surroundings.limits.pageSize
        if expression is None or not draft.given.present(expression):
            return cls._of(min(most, most if fallback is None else fallback))
        counted = Counted(most)
        if isinstance(expression, Literal):
            return cls._of(counted(expression.value))
        rows = draft.bind(expression, counted)
        if not draft.dialect.computes_limits:
            return cls(rows, None, draft.bind(expression, Counted(most, 1)))
        if not draft.dialect.plans_limits:
            return cls(rows, None)
        magnitude = Magnitude(most)
        return cls(rows, magnitude(draft.given.structure(expression, magnitude)))

    @classmethod
    def _of(cls, rows: int) -> Limit:
        return cls(Fragment((str(rows),)), None, Fragment((str(rows + 1),)))

    def cut(self, draft: Draft, query: sa.Select[Any], offset: Sql | None, *, more: bool = False) -> sa.Select[Any]:
        """The query's first rows after `offset`, one `more` than the limit.

        PostgreSQL plans a statement anew for each execution when it expects that knowing the limit pays, which it does
        of every LIMIT $1; for a short list that is half of its work. So a number near the limit is in the text too.
        """
        rows = self.rows
        if more:
            rows = (
                Fragment((self.rows, " + 1")) if draft.dialect.computes_limits or self.longer is None else self.longer
            )
        if offset is not None:
            return query.limit(rows).offset(offset)
        if self.about is None:
            return query.limit(rows)
        page = query.limit(Fragment((str(self.about + more),))).subquery(draft.name())
        return sa.select(*page.c).select_from(page).limit(rows).correlate_except(page)


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A limit, rounded up to one of few numbers."""

    most: int

    def __call__(self, value: Given) -> int:
        try:
            rows = _whole(value)
        except OperationError:
            # Refused when the statement's values are made.
            return self.most
        about = 16
        while about < rows:
            about *= 4
        return min(about, self.most)


def bounded_offset(draft: Draft, expression: Expression | None) -> Sql | None:
    if expression is None or not draft.given.present(expression):
        return None
    return draft.bind(expression, _whole)


@dataclass(frozen=True, slots=True)
class Counted:
    most: int
    more: int = 0

    def __call__(self, value: object) -> int:
        number = _whole(value)
        if number > self.most:
            raise OperationError(Code.LIMIT, f"A list has at most {self.most} rows.")
        return number + self.more


def _whole(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise OperationError(Code.BAD_USER_INPUT, "A limit or an offset is a whole number, 0 or more.")
    return value
