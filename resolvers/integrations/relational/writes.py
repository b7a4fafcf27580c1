"""Creating, updating, deleting -> the statements of each step.

Every write goes the same way, in one transaction: write and learn the keys of the rows written; hold those rows against
the access rule, as they are now; read them back through the client's selection, as far as the caller may read them. A
delete reads before it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.filters import Filter
from tidegate.core.objects import Access, DataObject
from tidegate.resolvers.integrations.relational.comparisons import Use, conjunction
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows
from tidegate.resolvers.integrations.relational.filters import condition, rule
from tidegate.resolvers.integrations.relational.images import (
    MOST_IMAGES,
    Before,
    Told,
    columns_of,
    names_one_row,
    told,
    told_of_update,
)
from tidegate.resolvers.integrations.relational.inputs import Operand
from tidegate.resolvers.integrations.relational.keyed import EXTRA, among_keys, recordset
from tidegate.resolvers.integrations.relational.orders import key_json, ordering, sort_keys
from tidegate.resolvers.integrations.relational.verbs import Deleting, Updating


def create_statement(draft: Draft, item: DataObject, row: Mapping[str, Expression]) -> sa.ClauseElement:
    """One row of what was sent. Answers its key and what is told of it."""
    table = draft.table(item, alias=False)
    values = {
        item.columns[field].column: draft.bind(value, draft.setting.storing(item, item.columns[field]))
        for field, value in row.items()
        if draft.given.sent(value)
    }
    return _insert(draft, item, table, values)


def insert_statement(draft: Draft, item: DataObject, fields: Iterable[str]) -> sa.ClauseElement:
    """SQLite and MySQL: one row of `fields`, whose values are the extra one. Answers its key and what is told of it."""
    table = draft.table(item, alias=False)
    values = {
        item.columns[field].column: draft.bind(EXTRA.within(field), draft.setting.storing(item, item.columns[field]))
        for field in fields
    }
    return _insert(draft, item, table, values)


def insert_many_statement(draft: Draft, item: DataObject, fields: Iterable[str]) -> sa.ClauseElement:
    """PostgreSQL: all rows that have `fields`, in one statement of one parameter. Answers their keys, and what is told
    of them, in order."""
    table = draft.table(item, alias=False)
    name = draft.name()
    columns = ", ".join(draft.dialect.quoted(item.columns[field].column) for field in fields)
    values = ", ".join(f"{name}.{draft.dialect.quoted(item.columns[field].column)}" for field in fields)
    return Fragment(
        (
            *("INSERT INTO ", _target(draft, item), f" ({columns}) SELECT {values} FROM ", recordset(draft, item)),
            f" WITH ORDINALITY AS {name} ORDER BY {name}.ordinality RETURNING ",
            *_separated(_answered(draft, item, table)),
        )
    )


def insert_rows_statement(draft: Draft, item: DataObject, fields: Iterable[str]) -> sa.ClauseElement:
    """MariaDB: several rows that have `fields`, which are the extra value. Answers their keys, and what is told of
    them, in order."""
    setting, table = draft.setting, draft.table(item, alias=False)
    columns = [(field, item.columns[field]) for field in fields]
    storing = [(field, setting.storing(item, column)) for field, column in columns]

    def stored(rows: Any) -> Any:
        """Any: a list of rows, and a list of lists of what is bound, which is not quite JSON."""
        return [[store(row[field]) for field, store in storing] for row in rows]

    names = ", ".join(draft.dialect.quoted(column.column) for _, column in columns)
    return Fragment(
        (
            *("INSERT INTO ", _target(draft, item), f" ({names}) VALUES ", draft.bind(EXTRA, stored)),
            *(" RETURNING ", *_separated(_answered(draft, item, table))),
        )
    )


def inserted_statement(draft: Draft, item: DataObject, given: Mapping[str, Expression | Operand]) -> sa.ClauseElement:
    """MySQL without RETURNING: the key of the row that was just inserted, and what is told of it. Found by what was
    given for its key, and by the number that was counted up."""
    table = draft.table(item)
    same = []
    for field in item.key:
        column = item.columns[field]
        key: list[str | Sql] = ["LAST_INSERT_ID()"]
        if field in given:
            key = ["coalesce(", draft.bind(given[field], draft.setting.storing(item, column)), ", LAST_INSERT_ID())"]
        same.append(Fragment((table.c[column.column], " = ", *key)))
    return sa.select(*_answered(draft, item, table)).select_from(table).where(*same)


def _insert(draft: Draft, item: DataObject, table: Rows, values: Mapping[str, Sql]) -> sa.ClauseElement:
    answered = _answered(draft, item, table)
    if not draft.dialect.returns_inserted(draft.setting.tables.release):
        if values:
            assert isinstance(table, sa.TableClause)
            return sa.insert(table).values(dict(values))
        return Fragment(("INSERT INTO ", _target(draft, item), draft.dialect.empty_row()))
    if not values:
        nothing = f"{draft.dialect.empty_row()} RETURNING "
        return Fragment(("INSERT INTO ", _target(draft, item), nothing, *_separated(answered)))
    assert isinstance(table, sa.TableClause)
    return sa.insert(table).values(dict(values)).returning(*answered)


def _answered(draft: Draft, item: DataObject, table: Rows) -> list[Sql]:
    return [
        key_json(draft, item.key, item, table),
        *(table.c[name] for name in told(draft.setting, item).now),
    ]


def _separated(columns: Sequence[Sql]) -> list[str | Sql]:
    parts: list[str | Sql] = []
    for column in columns:
        parts += [", ", column] if parts else [column]
    return parts


def _target(draft: Draft, item: DataObject) -> str:
    schema, _, name = item.table.rpartition(".")
    return ".".join(map(draft.dialect.quoted, filter(None, (schema, name))))


def update_statement(draft: Draft, verb: Updating, *, keys: bool) -> sa.ClauseElement:
    """Answers the keys of the rows as they are now, if `keys`, and what is told of them. With nothing to set the rows
    are only found."""
    item = verb.target
    changes = {field: value for field, value in verb.set.items() if draft.given.sent(value)}
    if not changes:
        return keys_statement(draft, item, verb.where, Access.UPDATE)
    tells = told_of_update(draft.setting, item, columns_of(draft.setting, item, changes))
    table = draft.table(item, alias=False)
    assert isinstance(table, sa.TableClause)
    values = {
        item.columns[field].column: draft.bind(value, draft.setting.storing(item, item.columns[field]))
        for field, value in changes.items()
    }
    query = sa.update(table).values(values)
    answered: list[Sql] = [key_json(draft, item.key, item, table)] if keys else []
    answered += [table.c[name] for name in tells.now]
    if tells.before and tells.way is Before.JOINED:
        found = _rows_before(draft, verb, tells)
        names = [item.columns[field].column for field in item.key]
        query = query.where(*(table.c[name] == found.c[name] for name in names))
        answered += [found.c[name] for name in tells.before]
    else:
        where = writable(draft, item, table, verb.where, Access.UPDATE)
        query = query if where is None else query.where(where)
        if tells.before and tells.way is Before.RETURNED:
            answered += [Fragment((f"old.{draft.dialect.quoted(name)}",)) for name in tells.before]
    return query.returning(*answered) if answered else query


def update_keys_statement(draft: Draft, verb: Updating, *, among: bool) -> sa.ClauseElement:
    """MySQL: the rows of the keys; or, if not `among`, those asked for."""
    item = verb.target
    table = draft.table(item, alias=False)
    assert isinstance(table, sa.TableClause)
    values = {
        item.columns[field].column: draft.bind(value, draft.setting.storing(item, item.columns[field]))
        for field, value in verb.set.items()
        if draft.given.sent(value)
    }
    return _among(draft, sa.update(table).values(values), verb, Access.UPDATE, table, among=among)


def delete_locked_statement(draft: Draft, verb: Deleting, *, among: bool) -> sa.ClauseElement:
    """The same, to be deleted."""
    table = draft.table(verb.target, alias=False)
    assert isinstance(table, sa.TableClause)
    return _among(draft, sa.delete(table), verb, Access.DELETE, table, among=among)


def _among(
    draft: Draft,
    query: sa.Update | sa.Delete,
    verb: Updating | Deleting,
    access: Access,
    table: sa.TableClause,
    *,
    among: bool,
) -> sa.ClauseElement:
    item = verb.target
    known = draft.setting.tables.known.get(item.table)
    conditions = [among_keys(draft, item, table)] if among else []
    if not among or known is None or not names_one_row(item, known):
        where = writable(draft, item, table, verb.where, access)
        conditions += [] if where is None else [where]
    return query.where(*conditions)


def locked_statement(draft: Draft, verb: Updating | Deleting, *, few: bool) -> sa.ClauseElement:
    """MySQL: the keys of the rows that would be written, and what is told of them, which nobody else can change from
    now on. `few`: one more than are told of, at most, if they are written at all."""
    item = verb.target
    table = draft.table(item)
    access = Access.UPDATE if isinstance(verb, Updating) else Access.DELETE
    answered = [key_json(draft, item.key, item, table), *(table.c[name] for name in told(draft.setting, item).now)]
    query = sa.select(*answered).select_from(table)
    where = writable(draft, item, table, verb.where, access)
    query = query if where is None else query.where(where)
    query = query.order_by(*ordering(draft, sort_keys(draft, (), item), table)).with_for_update()
    few = few and (isinstance(verb, Deleting) or any(draft.given.sent(value) for value in verb.set.values()))
    return query.limit(Fragment((str(MOST_IMAGES + 1),))) if few else query


def told_statement(draft: Draft, item: DataObject) -> sa.ClauseElement:
    """What is told of the rows of the keys, as they are now."""
    table = draft.table(item)
    names = told(draft.setting, item).now or [item.columns[item.key[0]].column]
    return sa.select(*(table.c[name] for name in names)).select_from(table).where(among_keys(draft, item, table))


def _rows_before(draft: Draft, verb: Updating, tells: Told) -> Rows:
    """The rows that an update would write, by key, which nobody else can change from now on."""
    item = verb.target
    table = draft.table(item)
    names = dict.fromkeys([*(item.columns[field].column for field in item.key), *tells.before])
    query = sa.select(*(table.c[name] for name in names)).select_from(table)
    where = writable(draft, item, table, verb.where, Access.UPDATE)
    query = query if where is None else query.where(where)
    return query.with_for_update(of=table, key_share=True).subquery(draft.name())


def before_statement(draft: Draft, verb: Updating) -> sa.ClauseElement:
    """SQLite: what is told of the rows that an update would write, as they are before it."""
    table = draft.table(verb.target)
    query = sa.select(*(table.c[name] for name in told(draft.setting, verb.target).now)).select_from(table)
    where = writable(draft, verb.target, table, verb.where, Access.UPDATE)
    query = query if where is None else query.where(where)
    return query.limit(Fragment((str(MOST_IMAGES + 1),)))


def delete_statement(draft: Draft, verb: Deleting) -> sa.ClauseElement:
    """Answers what is told of the rows."""
    table = draft.table(verb.target, alias=False)
    assert isinstance(table, sa.TableClause)
    where = writable(draft, verb.target, table, verb.where, Access.DELETE)
    query = sa.delete(table)
    query = query if where is None else query.where(where)
    answered = [table.c[name] for name in told(draft.setting, verb.target).now]
    return query.returning(*answered) if answered else query


def delete_keys_statement(draft: Draft, item: DataObject) -> sa.ClauseElement:
    table = draft.table(item, alias=False)
    assert isinstance(table, sa.TableClause)
    return sa.delete(table).where(among_keys(draft, item, table))


def keys_statement(draft: Draft, item: DataObject, where: Filter, access: Access) -> sa.ClauseElement:
    """The keys of the rows that the request would write, which nobody else can change from now on; of those that it
    would delete, also what is told of them."""
    table = draft.table(item)
    wanted = writable(draft, item, table, where, access)
    tells = told(draft.setting, item).now if access is Access.DELETE else ()
    answered = [key_json(draft, item.key, item, table), *(table.c[name] for name in tells)]
    query = sa.select(*answered).select_from(table)
    if wanted is not None:
        query = query.where(wanted)
    query = query.order_by(*ordering(draft, sort_keys(draft, (), item), table))
    return query.with_for_update(of=table) if draft.dialect.locks_rows else query


def writable(draft: Draft, item: DataObject, table: Rows, where: Filter, access: Access) -> Sql | None:
    """The rows asked for that pass the rule of the write and the rule of reading."""
    asked = condition(draft, where, item, table, Use.WRITE)
    if asked is None and draft.given.values is not None:
        raise OperationError(Code.BAD_USER_INPUT, "The filter is empty: a write must say which rows.")
    return conjunction(
        [
            asked,
            rule(draft, access, item, table),
            rule(draft, Access.READ, item, table),
        ]
    )
