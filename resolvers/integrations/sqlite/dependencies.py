"""What SQLite's tables and views have to do with each other, as far as live queries must know it."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlglot import Dialect
from sqlglot.errors import SqlglotError

from tidegate.resolvers.integrations.relational.effects import Action, Carrying
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn, ReflectedTable
from tidegate.resolvers.integrations.sqlite.trigger_effects import stamped_columns

_SCHEMA: Final = "select type, name, tbl_name, coalesce(sql, '') from sqlite_schema"
_LINKS: Final = """
    select l.name, f."table", f.on_delete, f.on_update, f."to"
    from pragma_table_list l join pragma_foreign_key_list(l.name) f where l.schema = 'main'
"""
_VIRTUAL: Final = "select name from pragma_table_list where schema = 'main' and type in ('virtual', 'shadow')"
_CARRIES: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})

_COLLATES: Final = re.compile(r"\bcollate\b", re.IGNORECASE)
FUNCTIONS: Final = frozenset({"changes", "total_changes", "last_insert_rowid"})
"""Those of SQLite that look at more than their arguments."""

_BETWEEN: Final = r"(?:\s|/\*.*?\*/|--[^\n]*\n)+"
_REPLACES: Final = re.compile(rf"\bon{_BETWEEN}conflict{_BETWEEN}replace\b", re.IGNORECASE | re.DOTALL)

_SYSTEM: Final = re.compile(r"pragma_|sqlite_|dbstat$")
"""What SQLite says of itself: tables and functions."""


def identity_of(name: str) -> str:
    return name.lower()


def read_source(connection: sqlite3.Connection) -> str:
    """The database's name, the same for every path to one file. A database in memory is its connection's alone."""
    file = next((row[2] for row in connection.execute("pragma database_list") if row[1] == "main"), "")
    if not file:
        return f"sqlite:memory:{uuid4().hex}"
    path = Path(file).resolve()
    state = path.stat()
    return f"sqlite:{state.st_dev}:{state.st_ino}"


def connect_tables(connection: sqlite3.Connection, known: Mapping[str, ReflectedTable]) -> dict[str, ReflectedTable]:
    """The tables, by name, with what live queries must know of each."""
    tables = {identity_of(name): table for name, table in known.items()}
    texts, wild, stamped, folded = dict[str, str](), set[str](), defaultdict[str, set[str]](set), set[str]()
    for type, name, table, text in connection.execute(_SCHEMA):
        if type in ("table", "view"):
            texts[identity_of(name)] = text
        elif type == "index" and _COLLATES.search(text):
            folded.add(identity_of(table))
        elif type == "trigger":
            own = identity_of(table)
            columns = stamped_columns(text, own, tables[own].primary_key) if own in tables else None
            if columns is None:
                wild.add(own)
            else:
                stamped[own].update(name for name in tables[own].columns if name.lower() in columns)
    virtual = {identity_of(name) for (name,) in connection.execute(_VIRTUAL)}
    actions, referenced = _actions(connection, known)
    carrying = Carrying(actions, (), wild)
    sources = _Sources(tables, texts, virtual)
    return {
        name: replace(
            _connected(table, texts, carrying, sources, referenced[identity_of(name)], virtual),
            stamped=frozenset(stamped[identity_of(name)]),
            is_folded=identity_of(name) in folded,
        )
        for name, table in known.items()
    }


def _connected(
    table: ReflectedTable,
    texts: Mapping[str, str],
    carrying: Carrying,
    sources: _Sources,
    referenced: set[str],
    virtual: set[str],
) -> ReflectedTable:
    identity = identity_of(table.name)
    own = carrying.of(identity)
    if table.is_view:
        # Only a trigger can write to a view.
        return replace(table, identity=identity, sources=sources.of(identity), effects=None)
    any_write = None if identity in virtual else own.any
    if _REPLACES.search(texts.get(identity, "")):
        # Any write may delete other rows of the table.
        any_write = None if any_write is None or own.removals is None else any_write | own.removals | {identity}
    plain = identity not in virtual and not _COLLATES.search(texts.get(identity, ""))
    return replace(
        table,
        identity=identity,
        columns={name: replace(each, plain=plain and _is_plain(each)) for name, each in table.columns.items()},
        effects=any_write,
        removals=own.removals,
        moves=own.moves,
        referenced=frozenset(referenced),
        opaque=identity in virtual,
    )


def _is_plain(column: ReflectedColumn) -> bool:
    """Whether what the database makes of a value, by the affinity of its column, is what its family promises."""
    declared = column.declared.lower()
    if column.generated:
        return False
    match column.family:
        case Family.SMALLINT | Family.INTEGER | Family.BIGINT:
            return "int" in declared
        case Family.TEXT:
            # A column declared `string` takes '007' for a number.
            return "int" not in declared and any(word in declared for word in ("char", "clob", "text"))
        case Family.BOOLEAN | Family.UUID:
            return not any(word in declared for word in ("int", "char", "clob", "text", "blob", "real", "floa", "doub"))
        case _:
            return False


def _actions(
    connection: sqlite3.Connection, known: Mapping[str, ReflectedTable]
) -> tuple[list[Action], defaultdict[str, set[str]]]:
    """And the columns whose changes are carried on, by table."""
    keys = {identity_of(name): table.primary_key for name, table in known.items()}
    actions, referenced = [], defaultdict[str, set[str]](set)
    for child, target, deleted, updated, column in connection.execute(_LINKS):
        parent, moves = identity_of(target), updated in _CARRIES
        removes, resets = deleted == "CASCADE", deleted in _CARRIES
        actions.append(Action(parent, identity_of(child), removes=removes, resets=resets, moves=moves))
        if moves:
            referenced[parent].update(keys.get(parent, ()) if column is None else (column,))
    return actions, referenced


class _Sources:
    """The tables below each view."""

    def __init__(self, tables: Mapping[str, ReflectedTable], texts: Mapping[str, str], virtual: set[str]) -> None:
        self._tables = tables
        self._texts = texts
        self._virtual = virtual
        self._found: dict[str, frozenset[str] | None] = {}

    def of(self, view: str) -> frozenset[str] | None:
        if view not in self._found:
            # A view that reads itself cannot be used: SQLite says so.
            self._found[view] = None
            self._found[view] = self._below(view)
        return self._found[view]

    def _below(self, view: str) -> frozenset[str] | None:
        words = _words(self._texts.get(view, ""))
        if words is None or not words.isdisjoint(self._virtual):
            return None
        found = set[str]()
        for name in sorted(words & self._tables.keys() - {view}):
            below = self.of(name) if self._tables[name].is_view else frozenset({name})
            if below is None:
                return None
            found |= below
        return frozenset(found)


def _words(text: str) -> set[str] | None:
    """Everything in a view's text that may be the name of a table; SQLite takes strings for names too. None where it
    cannot be taken apart, or asks for what is no table of ours."""
    try:
        tokens = Dialect.get_or_raise("sqlite").tokenize(text)
    except SqlglotError:
        return None
    words = {identity_of(token.text) for token in tokens}
    return None if FUNCTIONS & words or any(map(_SYSTEM.match, words)) else words
