"""Rows found again by their keys, within one transaction: what a write answers with, and what its rules are held to.

The keys of the rows that a statement wrote come back as one JSON array each (`orders.key_json`). They go into the next
statement as one parameter, whatever their number: PostgreSQL makes rows of the table's own type of them
(`json_populate_recordset`), SQLite takes them apart with `json_each`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from tidegate.core.json import Json
from tidegate.core.objects import Access, DataObject
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.dialects import Fragment, Source, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, Setting
from tidegate.resolvers.integrations.relational.filters import rule
from tidegate.resolvers.integrations.relational.inputs import Operand
from tidegate.resolvers.integrations.relational.orders import ordering, sort_keys
from tidegate.resolvers.integrations.relational.rows import Owned, needed, object_json

EXTRA: Final = Operand(-1)
"""A value that comes from the statement before, not from the call: it is appended to the call's values."""


def read_keys(setting: Setting, item: DataObject, rows: Sequence[Sequence[Any]]) -> Json:
    """The parameter for `by_keys`, of the rows that a RETURNING answered. Any: a row holds what the database does."""
    keys: list[list[Json]] = [orjson.loads(row[0]) for row in rows]
    if not setting.dialect.is_postgres:
        return orjson.dumps(keys).decode()
    names = [item.columns[field].column for field in item.key]
    return [dict(zip(names, key, strict=True)) for key in keys]


def recordset(draft: Draft, item: DataObject) -> Fragment:
    """PostgreSQL: rows of the table's own type, made of a JSON parameter."""
    schema, _, name = item.table.rpartition(".")
    table = ".".join(map(draft.dialect.quoted, filter(None, (schema, name))))
    return Fragment((f"json_populate_recordset(NULL::{table}, ", draft.bind(EXTRA), ")"))


def by_keys(draft: Draft, item: DataObject, table: Rows) -> tuple[Rows, Sql, Sql]:
    """The table joined with the keys, the condition that joins them, and the place of each key in their order."""
    name = draft.name()
    keys: Rows
    if draft.dialect.is_postgres:
        keys = Source((recordset(draft, item), f" WITH ORDINALITY AS {name}"))
        place: Sql = Fragment((f"{name}.ordinality",))
    else:
        keys = Source(("json_each(", draft.bind(EXTRA), f") AS {name}"))
        place = Fragment((f"{name}.key",))
    same = [
        table.c[item.columns[field].column] == _part(draft, name, item, index) for index, field in enumerate(item.key)
    ]
    return keys, sa.and_(*same), place


def among_keys(draft: Draft, item: DataObject, table: Rows) -> Sql:
    """That the key of a row of `table` is one of the keys."""
    name = draft.name()
    columns: list[str | Sql] = []
    parts: list[str | Sql] = []
    for index, field in enumerate(item.key):
        columns += [", ", table.c[item.columns[field].column]] if columns else [table.c[item.columns[field].column]]
        parts += [", ", _part(draft, name, item, index)] if parts else [_part(draft, name, item, index)]
    if draft.dialect.is_postgres:
        source: tuple[str | Sql, ...] = (recordset(draft, item), f" AS {name}")
    else:
        source = ("json_each(", draft.bind(EXTRA), f") AS {name}")
    return Fragment(("(", *columns, ") IN (SELECT ", *parts, " FROM ", *source, ")"))


def _part(draft: Draft, name: str, item: DataObject, index: int) -> Sql:
    if draft.dialect.is_postgres:
        return Fragment((f"{name}.{draft.dialect.quoted(item.columns[item.key[index]].column)}",))
    return Fragment((f"json_extract({name}.value, '$[{index}]')",))


def passing_statement(draft: Draft, item: DataObject, access: Access) -> sa.Select[Any]:
    """How many rows of the keys pass an access rule."""
    table = draft.table(item)
    keys, same, _ = by_keys(draft, item, table)
    passing = rule(draft, access, item, table)
    query = sa.select(sa.func.count()).select_from(keys).select_from(table).where(same)
    return query if passing is None else query.where(passing)


def rows_statement(
    draft: Draft, item: DataObject, selection: Selection, *, many: bool, as_given: bool
) -> sa.Select[Any]:
    """The JSON of the rows of the keys that the caller may read: an array, or the only row's object. `as_given`: in the
    order of the keys as they were given, else sorted by key, because an UPDATE answers in no order at all."""
    table = draft.table(item)
    keys, same, place = by_keys(draft, item, table)
    visible = rule(draft, Access.READ, item, table)
    names = needed(selection, item)
    query = sa.select(*(table.c[name] for name in names)).select_from(keys).select_from(table).where(same)
    if visible is not None:
        query = query.where(visible)
    # SQLite keeps the order of a subquery that has a limit, and so does PostgreSQL.
    order = [place] if as_given else ordering(draft, sort_keys(draft, (), item), table)
    page = query.order_by(*order).limit(Fragment(("1000000000",))).subquery(draft.name())
    text = object_json(draft, selection, Owned(item), page)
    if many:
        text = draft.dialect.joined(["[", draft.dialect.gathered(text), "]"])
    return sa.select(draft.dialect.bytes(text)).select_from(page)
