"""Sort keys -> ORDER BY, and cursors: "the rows after this one" as a condition.

Nulls are greater than every value, as PostgreSQL has it: last ascending, first descending. The key of the object is
always the last sort key, so an order is total and a cursor means one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Reference
from tidegate.core.filters import Order
from tidegate.core.json import Given, Json, Missing
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.query import OrderBy, sent_order
from tidegate.core.types import nullable
from tidegate.resolvers.integrations.relational.cells import Cell
from tidegate.resolvers.integrations.relational.columns import rebound, sorted_value, stored_json
from tidegate.resolvers.integrations.relational.dialects import Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, require_readable
from tidegate.resolvers.integrations.relational.storing import Storing
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn

_NOWHERE = Location("")


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by, of the object whose rows are sorted."""

    field: str
    column: str
    descending: bool
    reflected: ReflectedColumn
    storing: Storing


def sort_keys(draft: Draft, order: OrderBy, item: DataObject) -> list[SortKey]:
    """The keys of `order` and then those of the object's key that are not among them. An order that the client sends
    may only name what its role can read."""
    wanted = _sent(draft, order, item) if isinstance(order, Reference) else order
    named = {key.field: key for key in reversed(wanted)}
    kept = [key for index, key in enumerate(wanted) if named[key.field] is wanted[index]]
    kept += [Order(field, False, _NOWHERE) for field in item.key if field not in named]
    return [_sort_key(draft, key, item) for key in kept]


def _sent(draft: Draft, reference: Reference, item: DataObject) -> tuple[Order, ...]:
    value = draft.given.exact(reference)
    if isinstance(value, Missing) or value is None:
        return ()
    words: Sequence[Json] = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if len(words) > draft.setting.surroundings.limits.filterTerms:
        raise OperationError(Code.LIMIT, "There are too many sort keys.")
    orders = []
    for word in words:
        order = sent_order(str(word), _NOWHERE)
        column = item.columns.get(order.field)
        if column is None:
            raise OperationError(Code.BAD_USER_INPUT, f"Rows of {item.name} have no such order.")
        require_readable(draft, column)
        orders.append(order)
    return tuple(orders)


def _sort_key(draft: Draft, order: Order, item: DataObject) -> SortKey:
    column = item.columns[order.field]
    setting = draft.setting
    return SortKey(
        order.field, column.column, order.descending, setting.reflected(item, column), setting.storing(item, column)
    )


def ordering(draft: Draft, keys: Sequence[SortKey], table: Rows) -> list[Sql]:
    """For ORDER BY."""
    return [
        each
        for key in keys
        for each in draft.dialect.ordered(
            table.c[key.column], descending=key.descending, nullable=key.reflected.nullable
        )
    ]


def sorting(draft: Draft, keys: Sequence[SortKey], table: Rows) -> list[sa.Label[Any]]:
    """What a subquery of sorted rows has to hold besides, so that who reads it can sort them again (`resorted`)."""
    if draft.dialect.keeps_order:
        return []
    return [table.c[key.column].label(f"sort_{index}_") for index, key in enumerate(keys)]


def resorted(draft: Draft, keys: Sequence[SortKey], page: Rows) -> list[Sql]:
    """For the rows of a subquery, where it does not keep its order by itself."""
    if draft.dialect.keeps_order:
        return []
    return [
        each
        for index, key in enumerate(keys)
        for each in draft.dialect.ordered(
            page.c[f"sort_{index}_"], descending=key.descending, nullable=key.reflected.nullable
        )
    ]


def cursor(draft: Draft, keys: Sequence[SortKey], item: DataObject, table: Rows) -> Sql:
    """The cursor of a row: the JSON array of its sort values, in hex, so that everybody takes it for a token."""
    return draft.dialect.hex(key_json(draft, [key.field for key in keys], item, table))


def key_json(draft: Draft, fields: Sequence[str], item: DataObject, table: Rows) -> Sql:
    """The JSON array of some of a row's values, as they can be bound again (`rebound`)."""
    parts: list[str | Sql] = []
    for field in fields:
        column = item.columns[field]
        value = table.c[column.column]
        parts.append("," if parts else "[")
        cell = Cell(value, nullable(column.type), draft.setting.reflected(item, column))
        parts.append(stored_json(cell, draft.dialect, draft.setting.surroundings.types))
    return draft.dialect.joined([*parts, "]"])


def after(draft: Draft, expression: Expression, keys: Sequence[SortKey], table: Rows) -> Sql | None:
    """That a row comes after the cursor. None where there is no cursor. Raises `OperationError` for one that is not
    ours, or that belongs to another order."""
    text = draft.given.structure(expression, _cursor_nulls)
    if draft.given.values is None or isinstance(text, Missing) or text is None:
        return None
    nulls = _cursor_nulls(text)
    if not isinstance(nulls, tuple) or len(nulls) != len(keys):
        raise _bad_cursor()
    place = draft.given.operand(expression)
    bounds = [
        draft.bind(place, _At(index, rebound(draft.dialect, key.storing, key.reflected)))
        for index, key in enumerate(keys)
    ]
    columns = [sorted_value(draft.dialect, table.c[key.column], key.reflected) for key in keys]
    proven = not any(key.reflected.nullable for key in keys) and not any(nulls)
    if proven and len({key.descending for key in keys}) == 1:
        ours, theirs = sa.tuple_(*columns), sa.tuple_(*bounds)
        return ours < theirs if keys[0].descending else ours > theirs
    alternatives: list[Sql] = []
    for index, key in enumerate(keys):
        equal = [
            columns[before].is_(sa.null()) if nulls[before] else columns[before] == bounds[before]
            for before in range(index)
        ]
        beyond = _beyond(columns[index], bounds[index], key, null=nulls[index])
        if beyond is not None:
            alternatives.append(sa.and_(*equal, beyond))
    return sa.or_(sa.false(), *alternatives)


def _beyond(column: Sql, bound: Sql, key: SortKey, *, null: bool) -> Sql | None:
    if null:
        return column.is_not(sa.null()) if key.descending else None
    if key.descending:
        return column < bound
    return sa.or_(column > bound, column.is_(sa.null())) if key.reflected.nullable else column > bound


def _read(text: Given) -> list[Json] | None:
    if not isinstance(text, str) or len(text) > 8192:
        return None
    try:
        values = orjson.loads(bytes.fromhex(text))
    except ValueError:
        return None
    plain = isinstance(values, list) and not any(isinstance(value, list | dict) for value in values)
    return values if plain else None


def _cursor_nulls(text: Given) -> tuple[bool, ...] | str | None:
    """Which of a cursor's values are null; none without a cursor."""
    if isinstance(text, Missing) or text is None:
        return None
    values = _read(text)
    return "bad" if values is None else tuple(value is None for value in values)


def _bad_cursor() -> OperationError:
    return OperationError(Code.BAD_USER_INPUT, "The cursor is not one of this list.")


@dataclass(frozen=True, slots=True)
class _At:
    """One value of a cursor, as it is bound."""

    index: int
    storing: Storing

    def __call__(self, value: Json) -> Json | bytes:
        values = _read(value)
        if values is None or self.index >= len(values):
            raise _bad_cursor()
        return self.storing(values[self.index])
