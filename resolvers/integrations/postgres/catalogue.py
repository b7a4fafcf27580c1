"""Reads PostgreSQL's catalogue into `Reflection`: as many queries, whatever the number of tables."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import asyncpg

from tidegate.resolvers.integrations.postgres.dependencies import connect_tables, read_source, read_strangers
from tidegate.resolvers.integrations.postgres.types import Types
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE, Reflection
from tidegate.resolvers.integrations.relational.tables import ForeignKey, ReflectedColumn, ReflectedTable

_TABLES: Final = """
    select c.oid, n.nspname, c.relname, c.relkind in ('v', 'm'), coalesce(obj_description(c.oid, 'pg_class'), '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
      and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%' and c.relname <> $1
    order by n.nspname, c.relname
"""

_COLUMNS: Final = """
    select a.attrelid, a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod),
           a.attnotnull, a.atthasdef, a.attidentity <> '', a.attgenerated <> '', a.attidentity = 'a',
           coalesce(col_description(a.attrelid, a.attnum), ''), coalesce(l.collisdeterministic, true)
    from pg_attribute a left join pg_collation l on l.oid = a.attcollation
    where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attnum
"""

# Rules of tables, and unique indexes that are no rules: `kind` is `i` for those on whole tables and plain columns,
# `j` for those with a condition, which promise nothing about a key but break with a name like the others.
_RULES: Final = """
    select conrelid, conname, contype::text, conkey::int2[], confrelid, confkey::int2[]
    from pg_constraint where conrelid = any($1::oid[]) and contype in ('p', 'u', 'f', 'c', 'x')
    union all
    select x.indrelid, c.relname, case when x.indpred is null and x.indimmediate then 'i' else 'j' end,
           (x.indkey::int2[])[0 : x.indnkeyatts - 1], 0, null
    from pg_index x join pg_class c on c.oid = x.indexrelid
    where x.indrelid = any($1::oid[]) and x.indisunique and x.indisvalid and x.indexprs is null
      and not exists (select from pg_constraint p where p.conindid = x.indexrelid and p.conrelid = x.indrelid)
    order by 1, 2
"""


async def reflect(connection: asyncpg.Connection, types: Types, default_schema: str) -> Reflection:
    """Every table, view, materialised view and foreign table that is not the system's. Partitions are left out: their
    parent stands for them."""
    tables = await connection.fetch(_TABLES, OWN_TABLE)
    oids = [row[0] for row in tables]
    columns: defaultdict[int, dict[int, ReflectedColumn]] = defaultdict(dict)
    found = await connection.fetch(_COLUMNS, oids)
    await types.cover(connection, {row[3] for row in found})
    for row in found:
        columns[row[0]][row[1]] = _column(row, types)
    names = {oid: table if schema == default_schema else f"{schema}.{table}" for oid, schema, table, _, _ in tables}
    rules: defaultdict[int, list[Any]] = defaultdict(list)
    for row in await connection.fetch(_RULES, oids):
        rules[row[0]].append(row)
    constraints = {
        (names[oid], row[1]): _names(columns[oid], row[3]) for oid, listed in rules.items() for row in listed
    }
    known = {
        oid: _table(names[oid], columns, rules[oid], names, oid, is_view=is_view, comment=comment)
        for oid, _, _, is_view, comment in tables
    }
    strangers = await read_strangers(connection)
    connected = await connect_tables(connection, known, strangers)
    return Reflection(
        {table.name: table for table in connected.values()},
        constraints,
        connection.get_server_version().major,
        await read_source(connection),
        strangers.names,
    )


def _column(row: Any, types: Types) -> ReflectedColumn:
    """Any: a row of `_COLUMNS`."""
    _, _, name, oid, declared, not_null, has_default, identity, generated, always, comment, is_plain = row
    type = types[oid]
    return ReflectedColumn(
        name,
        type.family,
        nullable=not not_null,
        has_default=has_default or identity or type.has_default,
        generated=generated or always,
        values=type.labels,
        element=type.element.family if type.element else None,
        element_values=type.element.labels if type.element else (),
        declared=declared,
        comment=comment,
        plain=is_plain and not type.blind,
    )


def _table(
    name: str,
    columns: dict[int, dict[int, ReflectedColumn]],
    rules: list[Any],
    names: dict[int, str],
    oid: int,
    *,
    is_view: bool,
    comment: str,
) -> ReflectedTable:
    """`rules` are rows of `_RULES`. Any: rows."""
    own = columns[oid]
    primary: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = []
    foreign: list[ForeignKey] = []
    for _, _, kind, here, target, there in rules:
        if kind == "p":
            primary = _names(own, here)
        elif kind in "ui":
            unique.append(_names(own, here))
        elif kind == "f" and target in names:
            foreign.append(ForeignKey(_names(own, here), names[target], _names(columns[target], there)))
    by_name = {column.name: column for column in own.values()}
    return ReflectedTable(name, by_name, primary, tuple(unique), tuple(foreign), is_view, comment=comment)


def _names(columns: dict[int, ReflectedColumn], numbers: list[int] | None) -> tuple[str, ...]:
    return tuple(columns[number].name for number in numbers or () if number in columns)
