"""Listing, getting, counting -> one statement each, whose single value is the JSON of the answer.

`Any` is SQLAlchemy's word for what a statement answers, which is one column of bytes, or a number.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tidegate.core.filters import Filter
from tidegate.core.objects import Access, DataObject
from tidegate.core.selection import Selected, Selection
from tidegate.resolvers.integrations.relational.comparisons import Use, conjunction
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql, literal
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, require_readable
from tidegate.resolvers.integrations.relational.filters import condition, rule
from tidegate.resolvers.integrations.relational.orders import (
    SortKey,
    after,
    cursor,
    ordering,
    resorted,
    sort_keys,
    sorting,
)
from tidegate.resolvers.integrations.relational.rows import (
    TYPENAME,
    Limit,
    Owned,
    bounded_offset,
    list_json,
    needed,
    object_json,
)
from tidegate.resolvers.integrations.relational.verbs import Counting, Getting, Listing

_ROW = "row_"
_CURSOR = "cursor_"


def readable(draft: Draft, item: DataObject, table: Rows, where: Filter, use: Use = Use.READ) -> Sql | None:
    """The rows that the request asks for and the caller may read."""
    return conjunction([condition(draft, where, item, table, use), rule(draft, Access.READ, item, table)])


def list_statement(draft: Draft, verb: Listing, selection: Selection) -> sa.Select[Any]:
    item = verb.target
    table = draft.table(item)
    keys = sort_keys(draft, verb.order, item)
    columns = [table.c[name] for name in needed(selection, item)]
    query = sa.select(*columns, *sorting(draft, keys, table)).select_from(table)
    where = readable(draft, item, table, verb.where)
    if where is not None:
        query = query.where(where)
    query = query.order_by(*ordering(draft, keys, table))
    if verb.claims:
        query = query.with_for_update()
    limit = Limit.of(draft, verb.limit, None)
    page = limit.cut(draft, query, bounded_offset(draft, verb.offset)).subquery(draft.name())
    order = resorted(draft, keys, page)
    text = draft.dialect.gathered(object_json(draft, selection, Owned(item), page), order)
    return sa.select(draft.dialect.bytes(draft.dialect.joined(["[", text, "]"]))).select_from(page)


def get_statement(draft: Draft, verb: Getting, selection: Selection) -> sa.Select[Any]:
    item = verb.target
    table = draft.table(item)
    text = draft.dialect.bytes(object_json(draft, selection, Owned(item), table))
    query = sa.select(text).select_from(table)
    where = readable(draft, item, table, verb.where)
    if where is not None:
        query = query.where(where)
    return query.order_by(*ordering(draft, sort_keys(draft, (), item), table)).limit(Fragment(("1",)))


def count_statement(draft: Draft, verb: Counting) -> sa.Select[Any]:
    table = draft.table(verb.target)
    return _counted(table, readable(draft, verb.target, table, verb.where))


def _counted(table: Rows, where: Sql | None) -> sa.Select[Any]:
    query = sa.select(sa.func.count()).select_from(table)
    return query if where is None else query.where(where)


def page_statement(draft: Draft, verb: Listing, selection: Selection) -> sa.Select[Any]:
    """A connection. One row more than asked for is looked at, to know whether there is a next page; what is not
    selected is not computed."""
    item = verb.target
    table = draft.table(item)
    keys = sort_keys(draft, verb.order, item)
    for key in keys:
        # A cursor holds the values that rows are sorted by, and one made up by a client could feel for them.
        require_readable(draft, item.columns[key.field])
    where = readable(draft, item, table, verb.where)
    page = _Page(draft, verb, selection, keys, table, where)
    parts: list[str | Sql] = ["{"]
    for index, selected in enumerate(selection.fields):
        parts.append(f'{"," if index else ""}"{selected.key}":')
        parts.append(page.field(selected, selection))
    text = draft.dialect.bytes(draft.dialect.joined([*parts, "}"]))
    return sa.select(text)


class _Page:
    """The rows of one page, as a named subquery that the parts of the answer read from."""

    def __init__(
        self, draft: Draft, verb: Listing, selection: Selection, keys: list[SortKey], table: Rows, where: Sql | None
    ) -> None:
        self.draft = draft
        self.item = verb.target
        self.table = table
        self.where = where
        self.after = verb.after
        limit = Limit.of(draft, verb.limit, None)
        names = dict.fromkeys(
            name
            for selected in selection.fields
            for inner in node_selections(selected)
            for name in needed(inner, self.item)
        )
        columns = [table.c[name] for name in names or needed(None, self.item)]
        shown = cursor(draft, keys, self.item, table).label(_CURSOR)
        query = sa.select(*columns, shown, *sorting(draft, keys, table)).select_from(table)
        beyond = None if verb.after is None else after(draft, verb.after, keys, table)
        wanted = conjunction([where, beyond])
        if wanted is not None:
            query = query.where(wanted)
        query = query.order_by(*ordering(draft, keys, table))
        inner = limit.cut(draft, query, bounded_offset(draft, verb.offset), more=True).subquery(draft.name())
        number = draft.dialect.numbered(resorted(draft, keys, inner)).label(_ROW)
        self.rows = sa.select(*inner.c, number).select_from(inner).cte(draft.name())
        self.within = Fragment((self.rows.c[_ROW], " <= ", limit.rows))

    def field(self, selected: Selected, selection: Selection) -> str | Sql:
        match selected.field:
            case "nodes" if selected.selection is not None:
                page = self._rows_within()
                return list_json(self.draft, selected.selection, Owned(self.item), page, self._order(page))
            case "edges" if selected.selection is not None:
                return self._edges(selected.selection)
            case "pageInfo" if selected.selection is not None:
                return self._info(selected.selection)
            case "totalCount":
                table = self.table
                return _counted(table, self.where).scalar_subquery()
            case _:
                return f'"{selection.type}"'

    def _rows_within(self) -> Rows:
        # The limit changes nothing but this: no database drops the order of a subquery that has one.
        most = Fragment((str(self.draft.setting.surroundings.limits.pageSize),))
        query = sa.select(self.rows).where(self.within).order_by(self.rows.c[_ROW]).limit(most)
        return query.subquery(self.draft.name())

    def _order(self, page: Rows) -> list[Sql]:
        return [] if self.draft.dialect.keeps_order else [page.c[_ROW]]

    def _edges(self, selection: Selection) -> Sql:
        page = self._rows_within()
        parts: list[str | Sql] = ["{"]
        for index, selected in enumerate(selection.fields):
            parts.append(f'{"," if index else ""}"{selected.key}":')
            if selected.field == "node" and selected.selection is not None:
                parts.append(object_json(self.draft, selected.selection, Owned(self.item), page))
            elif selected.field == TYPENAME:
                parts.append(f'"{selection.type}"')
            else:
                parts += ['"', page.c[_CURSOR], '"']
        text = self.draft.dialect.gathered(self.draft.dialect.joined([*parts, "}"]), self._order(page))
        rows = sa.select(text).select_from(page).scalar_subquery()
        return self.draft.dialect.joined(["[", rows, "]"])

    def _info(self, selection: Selection) -> Sql:
        parts: list[str | Sql] = ["{"]
        for index, selected in enumerate(selection.fields):
            parts.append(f'{"," if index else ""}"{selected.key}":')
            parts.append(self._information(selected.field, selection))
        return self.draft.dialect.joined([*parts, "}"])

    def _information(self, field: str, selection: Selection) -> str | Sql:
        rows = self.rows
        match field:
            case "hasNextPage":
                more = sa.exists(sa.select(Fragment(("1",))).select_from(rows).where(sa.not_(self.within)))
                return _boolean(more)
            case "hasPreviousPage":
                # Where a cursor was sent, its row at least comes before.
                given = self.after is not None and self.draft.given.present(self.after)
                return "true" if given else "false"
            case "startCursor":
                return self._cursor(sa.select(rows.c[_CURSOR]).where(rows.c[_ROW] == Fragment(("1",))))
            case "endCursor":
                last = sa.select(rows.c[_CURSOR]).where(self.within).order_by(rows.c[_ROW].desc())
                return self._cursor(last.limit(Fragment(("1",))))
            case _:
                return f'"{selection.type}"'

    def _cursor(self, query: sa.Select[Any]) -> Sql:
        quoted = self.draft.dialect.framed('"', query.scalar_subquery(), '"')
        return sa.func.coalesce(quoted, literal("null"))


def node_selections(selected: Selected) -> list[Selection]:
    """What is selected of the rows of a connection by one of its fields."""
    if selected.selection is None:
        return []
    if selected.field == "nodes":
        return [selected.selection]
    if selected.field == "edges":
        return [each.selection for each in selected.selection.fields if each.field == "node" and each.selection]
    return []


def _boolean(condition: Sql) -> Sql:
    return sa.case((condition, literal("true")), else_=literal("false"))
