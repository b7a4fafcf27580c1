"""What PostgreSQL's tables, views and functions have to do with each other, as far as live queries must know it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg

from tidegate.resolvers.integrations.postgres.trigger_effects import stamped_columns
from tidegate.resolvers.integrations.relational.effects import Action, Carrying
from tidegate.resolvers.integrations.relational.reflection import OWN_TRIGGERS
from tidegate.resolvers.integrations.relational.tables import ReflectedTable

# The system's own tables are not among them; a partition is its topmost parent. `wild`: rules other than the one that
# makes a view.
_RELATIONS: Final = """
    select c.oid, coalesce(pg_partition_root(c.oid)::oid, c.oid), n.nspname || '.' || c.relname, c.relkind::text,
           c.relrowsecurity or c.relkind = 'f',
           exists (select from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
"""

# Other than the system's and ours. Those of a view stand in for its writes.
_TRIGGERS: Final = """
    select t.tgrelid, c.relkind = 'v', l.lanname, p.proname, p.prosrc,
           string_to_array(encode(t.tgargs, 'escape'), '\\000')
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    join pg_proc p on p.oid = t.tgfoid join pg_language l on l.oid = p.prolang
    where not t.tgisinternal and not starts_with(t.tgname, $1)
"""

_LINKS: Final = """
    select confrelid, conrelid, confdeltype::text, confupdtype::text,
           array(select attname::text from pg_attribute where attrelid = confrelid and attnum = any(confkey))
    from pg_constraint where contype = 'f'
"""

_KIN: Final = "select inhrelid, inhparent from pg_inherits"

# The tree of a view names every relation and every function in it by oid, the system's too, which pg_depend leaves out.
_VIEWS: Final = """
    select ev_class, ev_action::text from pg_rewrite where rulename = '_RETURN' and ev_class = any($1::oid[])
"""

# A default may call a function that writes. Domains have defaults too.
_DEFAULTS: Final = """
    select d.adrelid, p.refobjid from pg_attrdef d
    join pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid and p.refclassid = 'pg_proc'::regclass
    union all
    select a.attrelid, p.refobjid from pg_attribute a
    join pg_depend p on p.classid = 'pg_type'::regclass and p.objid = a.atttypid and p.refclassid = 'pg_proc'::regclass
    join pg_type t on t.oid = a.atttypid and t.typtype = 'd'
    where a.attnum > 0
"""

_FUNCTIONS: Final = """
    select p.oid, lower(p.proname), p.pronamespace = 'pg_catalog'::regnamespace, p.provolatile = 'i',
           l.lanname in ('c', 'internal') and p.prokind <> 'a'
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace <> 'information_schema'::regnamespace
"""

# Functions are behind these too, and nothing in a statement's text says so.
_OPERATORS: Final = """
    select lower(oprname), oprcode::oid from pg_operator where oprnamespace <> 'pg_catalog'::regnamespace
    union all
    select '::', castfunc from pg_cast where castfunc <> 0 and oid >= 16384
"""

_SOURCE: Final = """
    select case when has_function_privilege('public', 'pg_control_system()', 'execute')
                then (select system_identifier::text from pg_control_system()) else '' end, oid, datname
    from pg_database where datname = current_database()
"""

_NOSY: Final = re.compile(
    r"pg_(?!advisory_|try_advisory_|sleep|typeof|column_size|collation_for|input_|notify|basetype)|lo_|lo(read|write)$"
    r"|(query|table|cursor|schema|database)_to_xml|ts_(stat|rewrite|debug|parse|token_type)|txid_|mxid_|has_|inet_"
    r"|to_reg|current_setting$|set_config$|current_schema|currval$|lastval$|setval$|(col|obj|shobj)_description$"
    r"|row_security_active$|binary_upgrade_|brin_|gin_|currtid|setseed$|plpgsql_|fmgr_|.*_handler$"
)
"""Functions of pg_catalog that look at more than their arguments, or do more than answer, unless they are immutable."""

_HARMLESS: Final = re.compile(r"uuid_|gen_random_|gen_salt$|unaccent$|random")
"""Functions of well-known extensions that are not immutable and read no table."""

_RELATION_IN_TREE: Final = re.compile(r":relid (\d+)")
_FUNCTION_IN_TREE: Final = re.compile(r":(?:\w*func\w*id|aggfnoid|winfnoid) (\d+)")

_CARRIES: Final = frozenset("cnd")
"""CASCADE, SET NULL, SET DEFAULT."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """`functions` are the oids of those that may read or write anything; `names` are their names, and the operators
    and casts (`::`) that call one."""

    functions: frozenset[int]
    names: frozenset[str]


async def read_source(connection: asyncpg.Connection) -> str:
    """The database's name, the same for every address and every role. Where the server does not tell everybody who it
    is, databases of several servers may share one, at the price of refreshes."""
    system, oid, name = await connection.fetchrow(_SOURCE)
    return f"postgresql:{system}:{oid}:{name}"


async def read_strangers(connection: asyncpg.Connection) -> Strangers:
    functions, names = set(), set()
    for oid, name, is_system, is_immutable, is_compiled in await connection.fetch(_FUNCTIONS):
        if is_system:
            strange = not is_immutable and _NOSY.match(name) is not None
        else:
            strange = not (is_compiled and (is_immutable or _HARMLESS.match(name)))
        if strange:
            functions.add(oid)
            names.add(name)
    for name, oid in await connection.fetch(_OPERATORS):
        if oid in functions:
            names.add(name)
    return Strangers(frozenset(functions), frozenset(names))


async def connect_tables(
    connection: asyncpg.Connection, known: Mapping[int, ReflectedTable], strangers: Strangers
) -> dict[int, ReflectedTable]:
    """The tables, by oid, with what live queries must know of each."""
    relations = {row[0]: row for row in await connection.fetch(_RELATIONS)}
    identities = {oid: relations[row[1]][2] for oid, row in relations.items() if row[1] in relations}
    opaque = {identities[oid] for oid, row in relations.items() if row[4] and oid in identities}
    wild = {identities[oid] for oid, row in relations.items() if row[5] and oid in identities}
    for oid, function in await connection.fetch(_DEFAULTS):
        if function in strangers.functions and oid in identities:
            wild.add(identities[oid])
    stamped: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for oid, is_view, language, name, body, arguments in await connection.fetch(_TRIGGERS, OWN_TRIGGERS):
        if oid in identities:
            columns = None if is_view else stamped_columns(language, name, body, arguments or (), strangers.names)
            if columns is None:
                wild.add(identities[oid])
            else:
                stamped[identities[oid]] |= columns
    actions, referenced = _actions(await connection.fetch(_LINKS), identities)
    kin = [
        (identities[one], identities[other])
        for one, other in await connection.fetch(_KIN)
        if one in identities and other in identities and identities[one] != identities[other]
    ]
    carrying = Carrying(actions, kin, wild)
    sources = _Sources(await _trees(connection, known), identities, opaque, strangers)
    return {
        oid: replace(
            _connected(oid, table, identities[oid], carrying, sources, referenced[identities[oid]]),
            stamped=stamped[identities[oid]],
        )
        for oid, table in known.items()
    }


def _connected(
    oid: int, table: ReflectedTable, identity: str, carrying: Carrying, sources: _Sources, referenced: set[str]
) -> ReflectedTable:
    own = carrying.of(identity)
    if not table.is_view:
        return replace(
            table,
            identity=identity,
            effects=own.any,
            removals=own.removals,
            moves=own.moves,
            referenced=frozenset(referenced),
            opaque=identity in sources.opaque,
        )
    below = sources.of(oid)
    if below is None or own.any is None:
        return replace(table, identity=identity, sources=below, effects=None)
    carried = carrying.of_view(below)
    return replace(
        table,
        identity=identity,
        sources=below,
        effects=carried.any,
        removals=carried.removals,
        moves=carried.moves,
    )


def _actions(links: list[Any], identities: Mapping[int, str]) -> tuple[list[Action], defaultdict[str, set[str]]]:
    """`links` are rows of `_LINKS`. And the columns whose changes are carried on, by table."""
    actions, referenced = [], defaultdict[str, set[str]](set)
    for target, own, deleted, updated, columns in links:
        if target in identities and own in identities:
            parent, moves = identities[target], updated in _CARRIES
            removes, resets = deleted == "c", deleted in _CARRIES
            actions.append(Action(parent, identities[own], removes=removes, resets=resets, moves=moves))
            if moves:
                referenced[parent].update(columns)
    return actions, referenced


async def _trees(connection: asyncpg.Connection, known: Mapping[int, ReflectedTable]) -> dict[int, str]:
    views = [oid for oid, table in known.items() if table.is_view]
    return {row[0]: row[1] for row in await connection.fetch(_VIEWS, views)}


class _Sources:
    """The tables below each view."""

    def __init__(
        self, trees: Mapping[int, str], identities: Mapping[int, str], opaque: set[str], strangers: Strangers
    ) -> None:
        self.opaque = opaque
        self._trees = trees
        self._identities = identities
        self._strangers = strangers
        self._found: dict[int, frozenset[str] | None] = {}

    def of(self, view: int) -> frozenset[str] | None:
        """Views cannot be circular: each is found once."""
        if view not in self._found:
            self._found[view] = self._below(view)
        return self._found[view]

    def _below(self, view: int) -> frozenset[str] | None:
        tree: Any = self._trees.get(view)
        if tree is None or not self._strangers.functions.isdisjoint(map(int, _FUNCTION_IN_TREE.findall(tree))):
            return None
        found = set[str]()
        # 0 stands for what has no relation; a view's tree may name the view itself.
        for oid in set(map(int, _RELATION_IN_TREE.findall(tree))) - {0, view}:
            if oid in self._trees:
                below = self.of(oid)
                if below is None:
                    return None
                found |= below
            elif oid not in self._identities or self._identities[oid] in self.opaque:
                return None
            else:
                found.add(self._identities[oid])
        return frozenset(found)
