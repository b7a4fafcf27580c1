"""What MySQL's tables, views and triggers have to do with each other, as far as live queries must know it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from logging import getLogger
from typing import Any, Final

from sqlglot import errors, exp, parse_one

from tidegate.resolvers.integrations.mysql.session import Session
from tidegate.resolvers.integrations.mysql.trigger_effects import stamped_columns
from tidegate.resolvers.integrations.relational.effects import Action, Carrying
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE
from tidegate.resolvers.integrations.relational.tables import ReflectedTable

log = getLogger(__name__)

_TRIGGERS: Final = """
    select event_object_table, action_statement from information_schema.triggers
    where event_object_schema = database()
"""

# Also those of tables in other databases of the server, as far as they are shown.
_LINKS: Final = """
    select r.unique_constraint_schema, r.referenced_table_name, r.constraint_schema, r.table_name, r.delete_rule,
           r.update_rule, k.referenced_column_name
    from information_schema.referential_constraints r join information_schema.key_column_usage k
      on k.constraint_schema = r.constraint_schema and k.constraint_name = r.constraint_name
     and k.table_name = r.table_name
    where r.unique_constraint_schema = database() or r.constraint_schema = database()
"""

# Empty for those that the account may not see the text of.
_VIEWS: Final = "select table_name, view_definition from information_schema.views where table_schema = database()"

_FUNCTIONS: Final = "select lower(routine_name) from information_schema.routines where routine_type = 'FUNCTION'"

# Who may not make triggers on a table is not shown those that it has.
_RIGHTS: Final = """
    select '%', '%' from information_schema.user_privileges where privilege_type = 'TRIGGER' and {0}
    union all
    select table_schema, '%' from information_schema.schema_privileges where privilege_type = 'TRIGGER' and {0}
    union all
    select table_schema, table_name from information_schema.table_privileges where privilege_type = 'TRIGGER' and {0}
"""

_GRANTEES: Final = """
    grantee in (select concat("'", replace(current_user(), '@', "'@'"), "'")
                union all select concat("'", role_name, "'@'", {}, "'") from information_schema.enabled_roles
                where role_name is not null)
"""

_NOSY: Final = frozenset(
    {
        "found_rows", "get_lock", "is_free_lock", "is_used_lock", "last_insert_id", "lastval", "load_file", "nextval",
        "release_all_locks", "release_lock", "row_count", "setval",
    }
)  # fmt: skip
"""The server's own functions that look at more than their arguments, or do more than answer."""

_WILD: Final = re.compile(r"\\.|.", re.DOTALL)

_CARRIES: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def identity_of(schema: str, table: str) -> str:
    return f"{schema}.{table}"


async def read_strangers(session: Session) -> frozenset[str]:
    """The functions of which nobody knows what they read and write, in lower case."""
    return _NOSY | {name for (name,) in await session.ask(_FUNCTIONS) or ()}


async def connect_tables(
    session: Session, schema: str, known: Mapping[str, ReflectedTable], strangers: Collection[str]
) -> dict[str, ReflectedTable]:
    """The tables, by name, with what live queries must know of each."""
    hidden = await _hidden(session, schema, [name for name, table in known.items() if not table.is_view])
    wild = {identity_of(schema, name) for name in hidden}
    stamped: defaultdict[str, set[str]] = defaultdict(set)
    for name, body in await session.ask(_TRIGGERS) or ():
        columns = stamped_columns(body, strangers)
        if columns is None or name not in known:
            wild.add(identity_of(schema, name))
        else:
            stamped[name].update(column for column in known[name].columns if column.lower() in columns)
    actions, referenced = _actions(await session.ask(_LINKS) or ())
    carrying = Carrying(actions, (), wild)
    views = dict(await session.ask(_VIEWS) or ())
    opaque = {table.identity for table in known.values() if table.opaque} | {identity_of(schema, OWN_TABLE)}
    sources = _Sources(schema, views, opaque, strangers)
    return {
        name: replace(
            _connected(table, carrying, sources, referenced[table.identity]),
            stamped=table.stamped | frozenset(stamped[name]),
        )
        for name, table in known.items()
    }


def _connected(table: ReflectedTable, carrying: Carrying, sources: _Sources, referenced: set[str]) -> ReflectedTable:
    if not table.is_view:
        own = carrying.of(table.identity)
        return replace(
            table,
            effects=own.any,
            removals=own.removals,
            moves=own.moves,
            referenced=frozenset(referenced),
        )
    below = sources.of(table.name)
    if below is None:
        return replace(table, sources=None, effects=None)
    carried = carrying.of_view(below)
    return replace(table, sources=below, effects=carried.any, removals=carried.removals, moves=carried.moves)


async def _hidden(session: Session, schema: str, tables: Collection[str]) -> frozenset[str]:
    """The tables whose triggers the account is not shown: they may do anything."""
    # A role has no host with MariaDB; with MySQL it has one.
    is_mariadb = "mariadb" in session.server_version.lower()
    grantees = _GRANTEES.format("''" if is_mariadb else "role_host")
    shown = [*(await session.ask(_RIGHTS.format(grantees)) or ())]
    found = frozenset(
        name
        for name in tables
        if not any(_fits(schema, database) and table in ("%", name) for database, table in shown)
    )
    if found:
        log.warning(
            "The account may not see the triggers of %s, so any write there is taken for one to every table. "
            "The right TRIGGER shows them.",
            ", ".join(sorted(found)),
        )
    return found


def _fits(schema: str, pattern: str) -> bool:
    """A database in GRANT may be a pattern."""
    return bool(re.fullmatch(_WILD.sub(_in_regex, pattern), schema, re.IGNORECASE | re.DOTALL))


def _in_regex(found: re.Match[str]) -> str:
    return {"%": ".*", "_": "."}.get(found[0]) or re.escape(found[0][-1])


def _actions(links: Iterable[Any]) -> tuple[list[Action], defaultdict[str, set[str]]]:
    """`links` are rows of `_LINKS`. And the columns whose changes are carried on, by table."""
    actions, referenced = [], defaultdict[str, set[str]](set)
    for target_schema, target, schema, table, deleted, updated, column in links:
        parent, moves = identity_of(target_schema, target), updated in _CARRIES
        removes, resets = deleted == "CASCADE", deleted in _CARRIES
        actions.append(Action(parent, identity_of(schema, table), removes=removes, resets=resets, moves=moves))
        if moves:
            referenced[parent].add(column)
    return actions, referenced


class _Sources:
    """The tables below each view."""

    def __init__(
        self, schema: str, views: Mapping[str, str], opaque: Collection[str], strangers: Collection[str]
    ) -> None:
        self._schema = schema
        self._views = views
        self._opaque = opaque
        self._strangers = strangers
        self._found: dict[str, frozenset[str] | None] = {}

    def of(self, view: str) -> frozenset[str] | None:
        if view not in self._found:
            # Views cannot be circular; one whose text names it by itself cannot be used.
            self._found[view] = None
            self._found[view] = self._below(view)
        return self._found[view]

    def _below(self, view: str) -> frozenset[str] | None:
        text = self._views.get(view)
        try:
            tree = parse_one(text, dialect="mysql") if text else None
        except (errors.SqlglotError, RecursionError):
            return None
        if tree is None or self._calls_strangers(tree):
            return None
        names = {cte.alias for cte in tree.find_all(exp.CTE)}
        found = set[str]()
        for table in tree.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier):
                return None
            # The server writes the database before every table; what has none is a name of WITH.
            if not table.db and table.name in names:
                continue
            if table.db == self._schema and table.name in self._views:
                below = self.of(table.name)
                if below is None:
                    return None
                found |= below
            else:
                found.add(identity_of(table.db or self._schema, table.name))
        return None if any(self._is_opaque(each) for each in found) else frozenset(found)

    def _calls_strangers(self, tree: exp.Expr) -> bool:
        """A function of somebody's own is written with its database before it."""
        if any(isinstance(dot.expression, exp.Func) for dot in tree.find_all(exp.Dot)):
            return True
        return any(call.name.lower() in self._strangers for call in tree.find_all(exp.Anonymous))

    def _is_opaque(self, identity: str) -> bool:
        """What is in another database may be a view there."""
        return identity in self._opaque or not identity.startswith(f"{self._schema}.")
