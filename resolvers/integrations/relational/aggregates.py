"""Groups of rows and the values over them -> one statement whose single value is the JSON of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from tidegate.core.filters import Order
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.cells import Cell
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, require_readable
from tidegate.resolvers.integrations.relational.reads import readable
from tidegate.resolvers.integrations.relational.rows import Computed, Limit, object_json
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn
from tidegate.resolvers.integrations.relational.verbs import Aggregating, Function, Measure, Shape

_SUMS: Final[Mapping[Family, Family]] = {
    Family.SMALLINT: Family.BIGINT,
    Family.INTEGER: Family.BIGINT,
    Family.BIGINT: Family.NUMERIC,
    Family.NUMERIC: Family.NUMERIC,
    Family.REAL: Family.REAL,
    Family.FLOAT: Family.FLOAT,
}
"""What PostgreSQL's `sum` of a family is."""

_FLOATING: Final = (Family.REAL, Family.FLOAT)


def aggregate_statement(draft: Draft, verb: Aggregating, selection: Selection) -> sa.Select[Any]:
    """Without groups there is one row, also of no rows."""
    item = verb.target
    table = draft.table(item)
    reflected: dict[str, ReflectedColumn] = {}
    values: dict[str, Sql] = {}
    for field in verb.group_by:
        column = item.columns[field]
        require_readable(draft, column)
        values[field] = table.c[column.column]
        reflected[field] = draft.setting.reflected(item, column)
    for name, measure in verb.measures.items():
        values[name], reflected[name] = _measured(draft, verb, measure, table)
    query = sa.select(*(value.label(name) for name, value in values.items())).select_from(table)
    where = readable(draft, item, table, verb.where)
    if where is not None:
        query = query.where(where)
    query = query.group_by(*(values[field] for field in verb.group_by))
    groups = query.subquery(draft.name())
    keys = _keys(verb)
    ordered = _ordered(draft, keys, reflected, groups)
    limit = Limit.of(draft, verb.limit, None)
    page = limit.cut(draft, sa.select(groups).order_by(*ordered), None).subquery(draft.name())
    known = draft.setting.tables.known.get(item.table)
    strict = known is not None and known.strict
    cells = {
        selected.field: Cell(page.c[selected.field], selected.type, reflected[selected.field], strict)
        for selected in selection.fields
        if selected.field in values
    }
    text = object_json(draft, selection, Computed(cells), page)
    if verb.outcome.shape is Shape.ROWS:
        text = draft.dialect.joined(["[", draft.dialect.gathered(text, _ordered(draft, keys, reflected, page)), "]"])
        return sa.select(draft.dialect.bytes(text)).select_from(page)
    return sa.select(draft.dialect.bytes(text)).select_from(page).limit(Fragment(("1",)))


def _ordered(draft: Draft, keys: Sequence[Order], reflected: Mapping[str, ReflectedColumn], rows: Rows) -> list[Sql]:
    return [
        each
        for key in keys
        for each in draft.dialect.ordered(
            rows.c[key.field], descending=key.descending, nullable=reflected[key.field].nullable
        )
    ]


def _keys(verb: Aggregating) -> Sequence[Order]:
    """The sort keys asked for and then the groups, so that the order is always the same."""
    asked = verb.order if isinstance(verb.order, tuple) else ()
    named = {key.field for key in asked}
    at = verb.target.at
    return (*asked, *(Order(field, False, at) for field in verb.group_by if field not in named))


def _measured(draft: Draft, verb: Aggregating, measure: Measure, table: Rows) -> tuple[Sql, ReflectedColumn]:
    """The value over the rows of a group, and what the database promises of it."""
    counted = ReflectedColumn("", Family.BIGINT, nullable=False)
    if measure.field is None:
        return sa.func.count(), counted
    column = verb.target.columns[measure.field]
    require_readable(draft, column)
    value: Sql = table.c[column.column]
    found = draft.setting.reflected(verb.target, column)
    absent = found.nullable or not verb.group_by
    match measure.function:
        case Function.COUNT:
            return sa.func.count(value), counted
        case Function.COUNT_DISTINCT:
            return sa.func.count(sa.distinct(value)), counted
        case Function.SUM:
            return sa.func.sum(value), ReflectedColumn("", _SUMS.get(found.family, Family.UNKNOWN), nullable=absent)
        case Function.AVG:
            family = Family.NUMERIC if draft.dialect.typed and found.family not in _FLOATING else Family.FLOAT
            return draft.dialect.average(value), ReflectedColumn("", family, nullable=absent)
        case Function.MIN | Function.MAX:
            if draft.dialect.typed and found.family in (Family.UUID, Family.BOOLEAN):
                # PostgreSQL knows no least one of these; as text both are ordered the same way.
                value = Fragment((value, "::text"))
                found = replace(found, family=Family.TEXT)
            return getattr(sa.func, measure.function)(value), replace(found, nullable=absent)
