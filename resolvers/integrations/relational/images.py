"""What the statements of a write tell of its rows besides their keys: the values that live queries are keyed by.

A row's image is its compared columns (`reach.compared`) at one moment. An INSERT answers them as they are now, a DELETE
as they were. An UPDATE that sets none of them leaves them alone, so one image is both; otherwise those that it sets are
also wanted as they were before.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from tidegate.core.objects import DataObject
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.reach import compared
from tidegate.resolvers.integrations.relational.tables import ReflectedTable

MOST_IMAGES: Final = 1000
"""Rows of one write whose images are told. Of more, nobody knows which they were: telling would cost more memory and
time than the refreshes that it saves."""

Values: TypeAlias = Mapping[str, Hashable]


class Before(StrEnum):
    """How the values before an UPDATE are learnt."""

    RETURNED = "returned"
    """`RETURNING old.x`, from PostgreSQL 18 on."""
    JOINED = "joined"
    """From a subquery with the same condition that locks the rows, joined by key."""
    ASKED = "asked"
    """By a statement before, which is exact where nobody else can write: SQLite."""
    LOCKED = "locked"
    """With the keys of the rows, which are locked and then written by key: MySQL (locked_writes.py)."""
    UNKNOWN = "unknown"
    """Not at all, where a key does not name one row."""


@dataclass(frozen=True, slots=True)
class Told:
    """What each row tells: the columns `now`, and then, of an UPDATE, those of them that it changes as they were
    `before`."""

    now: tuple[str, ...]
    before: tuple[str, ...] = ()
    way: Before = Before.UNKNOWN


def told(setting: Setting, item: DataObject) -> Told:
    """By a write after which rows are there or gone."""
    return Told(compared(setting.tables, item.table))


def told_of_update(setting: Setting, item: DataObject, columns: Collection[str] | None) -> Told:
    """`columns` are those that are set, none where they may be any."""
    now = compared(setting.tables, item.table)
    if not now:
        return Told(now)
    table = setting.tables.known[item.table]
    before = tuple(name for name in now if columns is None or name in columns or table.columns[name].generated)
    return Told(now, before, _way(setting, item, table)) if before else Told(now)


def columns_of(setting: Setting, item: DataObject, fields: Collection[str]) -> frozenset[str] | None:
    """The columns of an object's fields; none, which is every column, where the author writes one otherwise than the
    database does."""
    columns = frozenset(item.columns[field].column for field in fields)
    table = setting.tables.known.get(item.table)
    return columns if table is not None and columns <= table.columns.keys() else None


def images_of(told: Told, rows: Sequence[Sequence[Any]], start: int = 1) -> list[Values] | None:
    """Of rows that hold, from the place `start` on, what is told. None for too many rows, or where nothing is told.
    Any: a row holds what the database does."""
    if not told.now or len(rows) > MOST_IMAGES:
        return None
    return list(_images(told, dict.fromkeys(tuple(row[start:]) for row in rows)))


def _images(told: Told, rows: Collection[tuple[Hashable, ...]]) -> Iterator[Values]:
    for row in rows:
        now = dict(zip(told.now, row, strict=False))
        yield now
        if not told.before:
            continue
        if told.way in (Before.RETURNED, Before.JOINED):
            yield {**now, **dict(zip(told.before, row[len(now) :], strict=True))}
        elif told.way is Before.UNKNOWN:
            yield {name: value for name, value in now.items() if name not in told.before}


def _way(setting: Setting, item: DataObject, table: ReflectedTable) -> Before:
    if not setting.dialect.updates_return:
        return Before.LOCKED
    if not setting.dialect.locks_rows:
        return Before.ASKED
    # A table of one of these names would be meant by `old.x`.
    if setting.tables.release >= 18 and item.table.rpartition(".")[2].lower() not in ("old", "new"):
        return Before.RETURNED
    return Before.JOINED if names_one_row(item, table) else Before.UNKNOWN


def names_one_row(item: DataObject, table: ReflectedTable) -> bool:
    key = {item.columns[field].column for field in item.key}
    never_null = all(name in table.columns and not table.columns[name].nullable for name in key)
    return never_null and any(rule and key.issuperset(rule) for rule in (table.primary_key, *table.unique))
