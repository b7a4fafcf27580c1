"""Reads SQLite's catalogue into `Reflection`: as many queries, whatever the number of tables."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from typing import Any, Final

from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE, Reflection
from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey, ReflectedColumn, ReflectedTable
from tidegate.resolvers.integrations.sqlite.dependencies import FUNCTIONS, connect_tables, read_source

_TABLES: Final = """
    select name, type = 'view', wr, strict from pragma_table_list
    where schema = 'main' and type <> 'shadow' and name not like 'sqlite\\_%' escape '\\' and name <> ?
    order by name
"""

_COLUMNS: Final = """
    select l.name, c.name, c.type, c."notnull", c.dflt_value is not null, c.pk, c.hidden
    from pragma_table_list l join pragma_table_xinfo(l.name) c
    where l.schema = 'main' and c.hidden <> 1 order by l.name, c.cid
"""

_FOREIGN_KEYS: Final = """
    select l.name, f.id, f."table", f."from", f."to"
    from pragma_table_list l join pragma_foreign_key_list(l.name) f
    where l.schema = 'main' order by l.name, f.id desc, f.seq
"""

_UNIQUE: Final = """
    select l.name, i.name, c.name
    from pragma_table_list l join pragma_index_list(l.name) i join pragma_index_info(i.name) c
    where l.schema = 'main' and i."unique" and not i.partial and i.origin <> 'pk' order by l.name, i.seq desc, c.seqno
"""

_FAMILIES: Final = (
    ("timestamptz|timestamp with time zone", Family.TIMESTAMPTZ),
    ("timestamp|datetime", Family.TIMESTAMP),
    ("date", Family.DATE),
    ("time", Family.TIME),
    ("interval", Family.INTERVAL),
    ("bool", Family.BOOLEAN),
    ("uuid", Family.UUID),
    ("json", Family.JSON),
    ("bigint|int8|unsigned big int", Family.BIGINT),
    ("smallint|int2|tinyint", Family.SMALLINT),
    ("int", Family.INTEGER),
    ("char|clob|text|string|enum", Family.TEXT),
    ("blob|bytea|binary", Family.BYTEA),
    ("real|floa|doub", Family.FLOAT),
    ("numeric|decimal|number|money", Family.NUMERIC),
)
"""By what the declared type holds, the first that fits."""


def reflect(connection: sqlite3.Connection) -> Reflection:
    """Every table and view of the main database. SQLite names no rules, so there are none in `constraints`."""
    columns: defaultdict[str, list[Any]] = defaultdict(list)
    for table, *column in connection.execute(_COLUMNS):
        columns[table].append(column)
    unique: defaultdict[str, defaultdict[str, list[str | None]]] = defaultdict(lambda: defaultdict(list))
    for table, index, name in connection.execute(_UNIQUE):
        unique[table][index].append(name)
    foreign: defaultdict[str, defaultdict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for table, number, target, here, there in connection.execute(_FOREIGN_KEYS):
        foreign[table][number].append((target, here, there))
    tables = connection.execute(_TABLES, (OWN_TABLE,)).fetchall()
    names = {name.lower(): name for name, *_ in tables}
    keys = {name: _primary_key(columns[name]) for name, *_ in tables}
    known = {}
    for name, is_view, without_rowid, strict in tables:
        links = [
            ForeignKey(
                tuple(here for _, here, _ in pairs),
                target,
                # A link that names no columns points at the primary key.
                tuple(there for _, _, there in pairs) if pairs[0][2] is not None else keys[target],
            )
            for pairs in foreign[name].values()
            if (target := names.get(pairs[0][0].lower())) is not None
        ]
        rules = (
            tuple(column for column in index if column is not None) for index in unique[name].values() if all(index)
        )
        known[name] = ReflectedTable(
            name,
            {
                column.name: column
                for column in _columns(columns[name], keys[name], never_null=bool(without_rowid or strict))
            },
            keys[name],
            tuple(rules),
            tuple(links),
            bool(is_view),
            bool(strict),
        )
    return Reflection(connect_tables(connection, known), source=read_source(connection), functions=FUNCTIONS)


def family_of(declared: str) -> Family:
    """What a declared type means; `UNKNOWN` where none is declared."""
    words = declared.lower()
    if not words:
        return Family.UNKNOWN
    return next((family for pattern, family in _FAMILIES if re.search(pattern, words)), Family.OTHER)


def _primary_key(columns: list[Any]) -> tuple[str, ...]:
    """Any: rows of `_COLUMNS`, after the table's name."""
    return tuple(name for _, name in sorted((column[4], column[0]) for column in columns if column[4]))


def _columns(columns: list[Any], key: tuple[str, ...], *, never_null: bool) -> list[ReflectedColumn]:
    """`never_null`: the key's columns cannot be null. Only in tables WITHOUT ROWID or STRICT is that so, and for the
    one `integer primary key`, which is the row's number and given by itself. Any: rows of `_COLUMNS`."""
    found = []
    for name, declared, not_null, has_default, in_key, hidden in columns:
        is_row_number = key == (name,) and declared.lower() == "integer"
        found.append(
            ReflectedColumn(
                name,
                family_of(declared),
                nullable=not (not_null or is_row_number or (in_key and never_null)),
                has_default=bool(has_default) or is_row_number,
                generated=hidden in (2, 3),
                declared=declared,
            )
        )
    return found
