"""Puts the triggers of trigger_text.py into a database, and takes them out again.

What is there already is left alone, so that a role which may not make triggers can serve a database in which somebody
else made them. Several gateways may watch one database: none takes away what another put there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from tidegate.resolvers.integrations.postgres.trigger_text import (
    CHANNEL,
    EVENTS,
    PREFIX,
    SCHEMA,
    VERSION,
    Watched,
    create_function,
    create_trigger,
    function_body,
    keys_of,
    quoted,
)

_LOCK: Final = 0x7469_6465_7761_7463
"""`tidewatc` in ASCII: gateways that start together wait for each other."""

_RELATIONS: Final = """
    select c.oid, n.nspname, c.relname, c.relispartition, pg_has_role(c.relowner, 'USAGE'),
           has_table_privilege(c.oid, 'TRIGGER'),
           exists (select from pg_depend d
                   where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'),
           array(select i.inhparent from pg_inherits i where i.inhrelid = c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
"""

_TRIGGERS: Final = f"""
    select t.tgrelid, t.tgname, t.tgenabled, p.proname, p.prosrc
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = '{SCHEMA}' and t.tgname like 'tidegate\\_watch\\_%' and not t.tgisinternal
"""

_FUNCTIONS: Final = f"""
    select p.proname, p.prosrc, pg_has_role(p.proowner, 'USAGE')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = '{SCHEMA}'
"""

_SCHEMA: Final = f"select has_schema_privilege(oid, 'CREATE') from pg_namespace where nspname = '{SCHEMA}'"

_HOLDS: Final = f"""
    select exists (select from pg_depend
                   where refclassid = 'pg_namespace'::regclass and refobjid = '{SCHEMA}'::regnamespace)
"""

GONE: Final = json.dumps({"v": VERSION, "gone": True})
"""What is sent when the triggers are taken out."""


class MissingRight(Exception):
    """Says what is missing, and what somebody who may has to run."""


@dataclass(frozen=True, slots=True)
class _Relation:
    """`parents` are those it is a partition of or inherits from. `is_extension`: belongs to one."""

    schema: str
    name: str
    is_partition: bool
    owned: bool
    may_trigger: bool
    is_extension: bool
    parents: tuple[int, ...]

    @property
    def identity(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class _Installed:
    """`functions` are the bodies by quoted name; `triggers` the function of each event that is on, by relation."""

    relations: Mapping[int, _Relation]
    functions: Mapping[str, str]
    owned: frozenset[str]
    triggers: Mapping[int, Mapping[str, str]]


async def install(connection: asyncpg.Connection, wanted: Iterable[Watched], patience: float) -> Mapping[str, set[str]]:
    """Makes every table of `wanted` tell of writes, with its partitions and what it inherits from and to. `patience`:
    seconds to wait for others who hold locks. Answers which tables share their rows with which, by identity: a write
    to one of them tells its own name only. Raises `MissingRight`."""
    watched = {table.identity: table for table in wanted}
    found = await _read(connection)
    if _todo(found, watched):
        await connection.execute(f"set lock_timeout = {int(patience * 1000)}")
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        try:
            found = await _read(connection)
            await _apply(connection, found, _todo(found, watched))
        finally:
            if not connection.is_closed():
                await connection.execute("select pg_advisory_unlock($1)", _LOCK)
                await connection.execute("reset lock_timeout")
    return _shared(found.relations)


async def remove(connection: asyncpg.Connection, patience: float) -> Sequence[str]:
    """Takes everything out again and tells whoever listens. Answers the tables that were watched."""
    if await connection.fetchval(_SCHEMA) is None:
        return ()
    await connection.execute(f"set lock_timeout = {int(patience * 1000)}")
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            found = await _read(connection)
            for oid, name, *_ in await connection.fetch(_TRIGGERS):
                await connection.execute(f"drop trigger {quoted(name)} on {found.relations[oid].sql}")
            for function in found.functions:
                await connection.execute(f"drop function {function}()")
            if not await connection.fetchval(_HOLDS):
                await connection.execute(f"drop schema {SCHEMA}")
            await connection.execute("select pg_notify($1, $2)", CHANNEL, GONE)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MissingRight(
            f"the triggers {PREFIX}* may not be removed ({error}): the tables' owner can do it"
        ) from error
    finally:
        if not connection.is_closed():
            await connection.execute("reset lock_timeout")
    return sorted(found.relations[relation].identity for relation in found.triggers)


async def _read(connection: asyncpg.Connection) -> _Installed:
    relations = {
        oid: _Relation(schema, name, is_partition, owned, may_trigger, is_extension, tuple(parents))
        for oid, schema, name, is_partition, owned, may_trigger, is_extension, parents in await connection.fetch(
            _RELATIONS
        )
    }
    functions: dict[str, str] = {}
    owned = set()
    for name, body, is_owned in await connection.fetch(_FUNCTIONS):
        function = f"{SCHEMA}.{quoted(name)}"
        functions[function] = body
        if is_owned:
            owned.add(function)
    triggers: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for relation, name, enabled, function, _ in await connection.fetch(_TRIGGERS):
        if enabled != b"D" and relation in relations:
            triggers[relation][name.removeprefix(PREFIX)] = f"{SCHEMA}.{quoted(function)}"
    return _Installed(relations, functions, frozenset(owned), triggers)


@dataclass(frozen=True, slots=True)
class _Step:
    """A relation, and the table whose function its triggers call."""

    oid: int
    table: Watched
    new_function: bool
    events: tuple[str, ...]


def _todo(found: _Installed, watched: Mapping[str, Watched]) -> Sequence[_Step]:
    steps = []
    for oid, table in sorted(_targets(found.relations, watched).items()):
        version, keys = keys_of(found.functions.get(table.function, ""))
        # What another gateway needs to know stays; what a newer one made is left alone.
        merged = replace(table, keys=tuple(sorted({*table.keys, *(key for key in keys if key in table.columns)})))
        stale = version <= VERSION and found.functions.get(table.function) != function_body(merged)
        there = found.triggers.get(oid, {})
        events = tuple(event for event in EVENTS if there.get(event) != table.function)
        if stale or events:
            steps.append(_Step(oid, merged, stale, events))
    return steps


def _targets(relations: Mapping[int, _Relation], watched: Mapping[str, Watched]) -> Mapping[int, Watched]:
    """The relations to put triggers on. A partition's writes are its table's; a table that inherits has its own name,
    and tells no images: what its rows are to the other is its columns' business."""
    targets: dict[int, Watched] = {}
    family = _families(relations)
    for oid, relation in relations.items():
        if relation.is_partition or relation.identity not in watched:
            continue
        table = watched[relation.identity]
        if relation.is_extension and not table.named:
            continue
        for member in family.get(oid, {oid}):
            other = relations[member]
            root = relations[_root(relations, member)]
            if root.identity == relation.identity:
                targets[member] = table
            elif not other.is_partition and other.identity not in watched:
                targets[member] = Watched(other.identity, (), (), ())
    return targets


def _root(relations: Mapping[int, _Relation], oid: int) -> int:
    """The table that a partition, or a partition of one, is part of."""
    while relations[oid].is_partition and relations[oid].parents[0] in relations:
        oid = relations[oid].parents[0]
    return oid


def _families(relations: Mapping[int, _Relation]) -> Mapping[int, Collection[int]]:
    """Everything that is joined by inheritance or partitioning, whichever way, by each member."""
    family: dict[int, set[int]] = {}
    for oid, relation in relations.items():
        for parent in relation.parents:
            if parent in relations:
                merged = family.get(oid, {oid}) | family.get(parent, {parent})
                for member in merged:
                    family[member] = merged
    return family


def _shared(relations: Mapping[int, _Relation]) -> Mapping[str, set[str]]:
    shared: dict[str, set[str]] = {}
    for oid, family in _families(relations).items():
        own = relations[_root(relations, oid)].identity
        others = {relations[_root(relations, member)].identity for member in family} - {own}
        if others:
            shared[own] = others
    return shared


async def _apply(connection: asyncpg.Connection, found: _Installed, steps: Sequence[_Step]) -> None:
    await _demand(connection, found, steps)
    if steps and await connection.fetchval(_SCHEMA) is None:
        await connection.execute(f"create schema {SCHEMA}")
    made = set()
    for step in steps:
        relation, table = found.relations[step.oid], step.table
        try:
            # Each table for itself: whoever writes to one waits for that one only.
            async with connection.transaction():
                if step.new_function and table.function not in made:
                    await connection.execute(create_function(function_body(table), table.function))
                for event in step.events:
                    await connection.execute(create_trigger(event, relation.sql, table.function))
                    if relation.owned:
                        # Also for those who replicate or load with session_replication_role.
                        await connection.execute(f"alter table {relation.sql} enable always trigger {PREFIX}{event}")
        except asyncpg.InsufficientPrivilegeError as error:
            raise MissingRight(f"{relation.identity} cannot be watched ({error})") from error
        except asyncpg.LockNotAvailableError as error:
            raise MissingRight(
                f"{relation.identity} cannot be watched, for a transaction of somebody else holds it. Try again"
            ) from error
        made.add(table.function)


async def _demand(connection: asyncpg.Connection, found: _Installed, steps: Sequence[_Step]) -> None:
    """Everything that is missing at once, before anything is made."""
    role, database, may_create = await connection.fetchrow(
        "select current_user::text, current_database()::text, has_database_privilege(current_database(), 'CREATE')"
    )
    in_schema = await connection.fetchval(_SCHEMA)
    grants = []
    if steps and in_schema is None and not may_create:
        grants.append(f"grant create on database {quoted(database)} to {quoted(role)};")
    if in_schema is False:
        grants.append(f"grant usage, create on schema {SCHEMA} to {quoted(role)};")
    tables = [found.relations[step.oid] for step in steps if step.events]
    if refused := [relation.sql for relation in tables if not relation.may_trigger]:
        grants.append(f"grant trigger on {', '.join(refused)} to {quoted(role)};")
    foreign = {step.table.function for step in steps if step.new_function} & set(found.functions) - found.owned
    grants += [f"alter function {function}() owner to {quoted(role)};" for function in sorted(foreign)]
    if grants:
        raise MissingRight(
            f'"{role}" may not make the triggers that `watch: true` needs. '
            f"Somebody who may has to run: {' '.join(grants)}"
        )
