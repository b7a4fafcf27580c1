"""What the types of one database are: their families, labels and converters, by oid.

Read from pg_type when the integration opens and again when an unknown oid turns up, so that preparing a statement asks
nothing more of the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from tidegate.resolvers.integrations.postgres import conversion
from tidegate.resolvers.integrations.postgres.conversion import Convert, list_of
from tidegate.resolvers.integrations.relational.tables import Family

_FAMILIES: Final[Mapping[str, Family]] = {
    "text": Family.TEXT,
    "varchar": Family.TEXT,
    "bpchar": Family.TEXT,
    "name": Family.TEXT,
    "citext": Family.CITEXT,
    "int2": Family.SMALLINT,
    "int4": Family.INTEGER,
    "int8": Family.BIGINT,
    "numeric": Family.NUMERIC,
    "float4": Family.REAL,
    "float8": Family.FLOAT,
    "bool": Family.BOOLEAN,
    "timestamptz": Family.TIMESTAMPTZ,
    "timestamp": Family.TIMESTAMP,
    "date": Family.DATE,
    "time": Family.TIME,
    "timetz": Family.TIMETZ,
    "interval": Family.INTERVAL,
    "uuid": Family.UUID,
    "json": Family.JSON,
    "jsonb": Family.JSONB,
    "bytea": Family.BYTEA,
}

_BLIND: Final = frozenset({"bpchar", "name"})
"""The one ignores blanks at the end, the other cuts off what is too long."""

_ALL: Final = """
    select t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, t.typelem, t.typdefault is not null,
           (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
    from pg_type t
    where t.typtype = 'd'
       or t.typtype <> 'c' and (t.typcategory <> 'A' or t.typelem in (select oid from pg_type where typtype <> 'c'))
"""


@dataclass(frozen=True, slots=True)
class DatabaseType:
    """`labels` are an enum's; `element` is an array's, domains resolved. `has_default`: a domain's own default.
    `blind`: equal values may be written in different ways, whatever the collation."""

    family: Family
    convert: Convert
    labels: tuple[str, ...] = ()
    element: DatabaseType | None = None
    has_default: bool = False
    blind: bool = False


_UNKNOWN: Final = DatabaseType(Family.OTHER, conversion.text)


class Types:
    """The types of one database. Mutable: it learns."""

    def __init__(self) -> None:
        self._known: dict[int, DatabaseType] = {}

    def __getitem__(self, oid: int) -> DatabaseType:
        return self._known.get(oid, _UNKNOWN)

    async def cover(self, connection: asyncpg.Connection, oids: Iterable[int]) -> None:
        """Makes sure that each of `oids` is known."""
        if not self._known or any(oid not in self._known for oid in oids):
            await self._learn(connection)
            for oid in oids:
                # Row types and the like: asked for once, not each time.
                self._known.setdefault(oid, _UNKNOWN)

    async def _learn(self, connection: asyncpg.Connection) -> None:
        rows = {row[0]: row for row in await connection.fetch(_ALL)}
        known: dict[int, DatabaseType] = {}

        def find(oid: int) -> DatabaseType:
            if oid in known:
                return known[oid]
            if oid not in rows:
                return _UNKNOWN
            _, name, kind, category, base, element, has_default, labels = rows[oid]
            found: DatabaseType
            if kind == b"d":
                inner = find(base)
                default = has_default or inner.has_default
                found = DatabaseType(inner.family, inner.convert, inner.labels, inner.element, default, inner.blind)
            elif kind == b"e":
                found = DatabaseType(Family.ENUM, conversion.text, tuple(labels or ()))
            elif category == b"A" and element:
                inner = find(element)
                found = DatabaseType(Family.ARRAY, list_of(inner.convert), element=inner)
            else:
                family = _FAMILIES.get(name, Family.OTHER)
                found = DatabaseType(family, conversion.BY_NAME.get(name, conversion.text), blind=name in _BLIND)
            known[oid] = found
            return found

        for oid in rows:
            find(oid)
        self._known = known
