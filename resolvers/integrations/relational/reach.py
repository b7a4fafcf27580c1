"""Reads and touches of one table -> those of everything that is read and written with it.

The table is named as an author names it, columns as the database does. Views become the tables below them; writes bring
along what cascades; what is not known is anything in the database.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.footprint import UNKNOWN, Image, Key, Read, Touch
from tidegate.resolvers.integrations.relational.comparable import canonical, has_form
from tidegate.resolvers.integrations.relational.tables import ReflectedTable, Tables


def reads_of(
    tables: Tables, name: str, columns: Collection[str] | None, keys: Mapping[str, Collection[Hashable]]
) -> tuple[Read, ...]:
    """`keys`: of each column the values it must have one of, as they are sent to the database or in their canonical
    form. A column or a value that cannot be told apart by its form is no key."""
    table = tables.known.get(name)
    told = () if table is None else (_key(table, column, values) for column, values in keys.items())
    return keyed_reads(tables, name, columns, tuple(key for key in told if key is not None))


def keyed_reads(tables: Tables, name: str, columns: Collection[str] | None, keys: tuple[Key, ...]) -> tuple[Read, ...]:
    """The same for keys whose values have been brought into their form."""
    table = tables.known.get(name)
    if table is None or table.opaque:
        return (Read(tables.source, None),)
    if table.is_view:
        if table.sources is None:
            return (Read(tables.source, None),)
        return tuple(Read(tables.source, source) for source in sorted(table.sources))
    return (Read(tables.source, table.identity, _known(table, columns), keys),)


def _known(table: ReflectedTable, columns: Collection[str] | None) -> frozenset[str] | None:
    """None, which is every column, where one is written otherwise than the database writes it: SQLite does not mind."""
    named = None if columns is None else frozenset(columns)
    return named if named is not None and named <= table.columns.keys() else None


def _key(table: ReflectedTable, column: str, values: Collection[Hashable]) -> Key | None:
    reflected = table.columns.get(column)
    if reflected is None:
        return None
    forms = frozenset(canonical(reflected, value) for value in values)
    return None if UNKNOWN in forms or None in forms else Key(column, forms)


def touches_of(
    tables: Tables,
    name: str,
    columns: Collection[str] | None,
    images: Iterable[Mapping[str, Hashable]] | None,
    *,
    added: bool = False,
) -> tuple[Touch, ...]:
    """`columns` are those that were set, none where rows came or went. `images` hold values as the database gives
    them or is given them. `added`: rows came, and nothing else happened."""
    key = (name, None if columns is None else frozenset(columns), added)
    carried: Carried | None = tables.derived.get(key)
    if carried is None:
        if len(tables.derived) >= _MOST_DERIVED:
            tables.derived.clear()
        carried = tables.derived[key] = _carried(tables, name, columns, added=added)
    if carried.own is None:
        return carried.others
    told = None if images is None else tuple([image_of(carried.own, image) for image in images])
    return (Touch(tables.source, carried.own.identity, carried.columns, told), *carried.others)


_MOST_DERIVED: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Where writes of one kind are carried to, whatever the rows are. `own` none: the table has no rows of its own, or
    is not known."""

    own: ReflectedTable | None
    columns: frozenset[str] | None
    others: tuple[Touch, ...]


def _carried(tables: Tables, name: str, columns: Collection[str] | None, *, added: bool) -> Carried:
    table = tables.known.get(name)
    others = None if table is None else _others(table, columns, added=added)
    if table is None or others is None or (table.is_view and table.sources is None):
        return Carried(None, None, (Touch(tables.source, None),))
    if table.is_view:
        sources = sorted((table.sources or frozenset()) | others)
        return Carried(None, None, tuple(Touch(tables.source, source) for source in sources))
    changed = _known(table, columns)
    if changed is not None:
        changed |= table.stamped | _generated(table)
    # A table that refers to itself is among the others too.
    return Carried(table, changed, tuple(Touch(tables.source, other) for other in sorted(others)))


def _others(table: ReflectedTable, columns: Collection[str] | None, *, added: bool) -> frozenset[str] | None:
    """The tables that change with this one; none where it may be any."""
    others = [table.effects]
    if not added:
        if columns is None:
            others.append(table.removals)
        if columns is None or table.is_view or not table.referenced.isdisjoint({*columns, *table.stamped}):
            others.append(table.moves)
    known = [each for each in others if each is not None]
    return frozenset().union(*known) if len(known) == len(others) else None


def image_of(table: ReflectedTable, values: Mapping[str, Hashable]) -> Image:
    """What of a row's values has a form that can be compared, and stays as it was written."""
    forms = {
        column: canonical(table.columns[column], value)
        for column, value in values.items()
        if column in table.columns and column not in table.stamped
    }
    return {column: form for column, form in forms.items() if form is not UNKNOWN}


def compared(tables: Tables, name: str) -> tuple[str, ...]:
    """The columns that the images of a write to this table tell, sorted: those that some read is keyed by, and whose
    values have a form."""
    wanted = tables.compared.get(name)
    if not wanted:
        return ()
    # It only grows.
    key = (name, len(wanted))
    found: tuple[str, ...] | None = tables.derived.get(key)
    if found is None:
        found = tables.derived[key] = _told(tables.known.get(name), wanted)
    return found


def _told(table: ReflectedTable | None, wanted: Collection[str]) -> tuple[str, ...]:
    if table is None or table.is_view:
        return ()
    return tuple(sorted(name for name in wanted if name in table.columns and has_form(table.columns[name])))


def _generated(table: ReflectedTable) -> frozenset[str]:
    """Computed from others, and so changed with them."""
    return frozenset(column.name for column in table.columns.values() if column.generated)
