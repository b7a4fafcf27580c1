"""Rows found again by their keys, within one transaction: what a write answers with, and what its rules are held to.

The keys of the rows that a statement wrote come back as one JSON array each (`orders.key_json`). They go into the next
statement as one parameter, whatever their number: PostgreSQL makes rows of the table's own type of them
(`json_populate_recordset`), SQLite takes them apart with `json_each`, MySQL gets a list of them for `IN (…)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import sqlalchemy as sa

from tidegate.core.json import Json
from tidegate.core.objects import Access, DataObject
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.columns import rebound
from tidegate.resolvers.integrations.relational.dialects import Fragment, Source, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, Setting
from tidegate.resolvers.integrations.relational.filters import rule
from tidegate.resolvers.integrations.relational.inputs import Operand
from tidegate.resolvers.integrations.relational.orders import key_json, ordering, resorted, sort_keys, sorting
from tidegate.resolvers.integrations.relational.rows import Owned, needed, object_json
from tidegate.resolvers.integrations.relational.storing import Storing

EXTRA: Final = Operand(-1)
"""A value that comes from the statement before, not from the call: it is appended to the call's values."""

_PLACED: Final = "place_"


def read_keys(setting: Setting, item: DataObject, rows: Sequence[Sequence[Any]]) -> Json:
    """The parameter for `by_keys`, of the rows that a RETURNING answered. Any: a row holds what the database does."""
    keys: list[list[Json]] = [orjson.loads(row[0]) for row in rows]
    if setting.dialect.recordsets:
        names = [item.columns[field].column for field in item.key]
        return [dict(zip(names, key, strict=True)) for key in keys]
    return keys if setting.dialect.name == "mysql" else orjson.dumps(keys).decode()


def recordset(draft: Draft, item: DataObject) -> Fragment:
    """PostgreSQL: rows of the table's own type, made of a JSON parameter."""
    schema, _, name = item.table.rpartition(".")
    table = ".".join(map(draft.dialect.quoted, filter(None, (schema, name))))
    return Fragment((f"json_populate_recordset(NULL::{table}, ", draft.bind(EXTRA), ")"))


def by_keys(draft: Draft, item: DataObject, table: Rows) -> tuple[Rows | None, Sql, Sql]:
    """What the table is joined with to find the rows of the keys, where it is anything; the condition that finds them;
    and the place of each key in their order."""
    if draft.dialect.name == "mysql":
        return None, among_keys(draft, item, table), _place(draft, item, table)
    name = draft.name()
    keys: Rows
    if draft.dialect.recordsets:
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
    columns = _separated(table.c[item.columns[field].column] for field in item.key)
    if draft.dialect.name == "mysql":
        return Fragment(("(", *columns, ") IN (", draft.bind(EXTRA, _bound_keys(draft, item)), ")"))
    name = draft.name()
    parts = _separated(_part(draft, name, item, index) for index in range(len(item.key)))
    if draft.dialect.recordsets:
        source: tuple[str | Sql, ...] = (recordset(draft, item), f" AS {name}")
    else:
        source = ("json_each(", draft.bind(EXTRA), f") AS {name}")
    return Fragment(("(", *columns, ") IN (SELECT ", *parts, " FROM ", *source, ")"))


def _separated(parts: Iterable[Sql]) -> list[str | Sql]:
    return [each for part in parts for each in (", ", part)][1:]


def _part(draft: Draft, name: str, item: DataObject, index: int) -> Sql:
    if draft.dialect.recordsets:
        return Fragment((f"{name}.{draft.dialect.quoted(item.columns[item.key[index]].column)}",))
    return Fragment((f"json_extract({name}.value, '$[{index}]')",))


@dataclass(frozen=True, slots=True)
class _BoundKeys:
    """MySQL: the keys as a list of values, or of lists of values where a key has several."""

    rebound: tuple[Storing, ...]

    def __call__(self, keys: Json) -> Json:
        assert isinstance(keys, list)
        bound = [[make(part) for make, part in zip(self.rebound, key, strict=True)] for key in keys]
        # Not quite JSON: the driver takes them as they are.
        return cast("Json", bound if len(self.rebound) > 1 else [key[0] for key in bound])


def _bound_keys(draft: Draft, item: DataObject) -> Storing:
    columns, setting = [item.columns[field] for field in item.key], draft.setting
    return _BoundKeys(
        tuple(
            rebound(draft.dialect, setting.storing(item, column), setting.reflected(item, column)) for column in columns
        )
    )


def _place(draft: Draft, item: DataObject, table: Rows) -> Sql:
    """MySQL: where the key of a row stands in the text of all of them. A quote within a text stands behind a backslash,
    so no part of a key looks like another."""
    key = draft.dialect.bytes(key_json(draft, item.key, item, table))
    return Fragment(("locate(", key, ", ", draft.dialect.bytes(draft.bind(EXTRA, _keys_text)), ")"))


def _keys_text(keys: Json) -> Json:
    return orjson.dumps(keys).decode()


def passing_statement(draft: Draft, item: DataObject, access: Access) -> sa.Select[Any]:
    """How many rows of the keys pass an access rule."""
    table = draft.table(item)
    keys, same, _ = by_keys(draft, item, table)
    passing = rule(draft, access, item, table)
    query = _keyed(sa.select(sa.func.count()), keys, table).where(same)
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
    sorts = sort_keys(draft, (), item)
    besides: list[sa.Label[Any]] = sorting(draft, sorts, table)
    if as_given and besides:
        besides = [place.label(_PLACED)]
    query = _keyed(sa.select(*(table.c[name] for name in names), *besides), keys, table).where(same)
    if visible is not None:
        query = query.where(visible)
    # SQLite keeps the order of a subquery that has a limit, and so does PostgreSQL.
    order = [place] if as_given else ordering(draft, sorts, table)
    page = query.order_by(*order).limit(Fragment(("1000000000",))).subquery(draft.name())
    text = object_json(draft, selection, Owned(item), page)
    if many:
        again = [page.c[_PLACED]] if as_given and besides else resorted(draft, sorts, page)
        text = draft.dialect.joined(["[", draft.dialect.gathered(text, again), "]"])
    return sa.select(draft.dialect.bytes(text)).select_from(page)


def _keyed(query: sa.Select[Any], keys: Rows | None, table: Rows) -> sa.Select[Any]:
    return (query if keys is None else query.select_from(keys)).select_from(table)
