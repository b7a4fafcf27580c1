"""A touch -> the live queries that it concerns, at the cost of those it finds and not of those there are.

What the index says is what `judge` says of each. It only has to look at fewer: a read that is keyed is filed under one
of its keys, and a touch that knows its rows looks up the values they hold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from tidegate.core.change import Change
from tidegate.core.footprint import Image, Key, Read, Touch, Verdict, judge


class Watched(Hashable, Protocol):
    """One who is found by what it reads. Equal only to itself, and never a `dict`."""

    @property
    def name(self) -> str:
        """The operation's."""
        ...

    @property
    def reads(self) -> tuple[Read, ...]:
        """Always the same."""
        ...


W = TypeVar("W", bound=Watched)

Reason: TypeAlias = tuple[Read, Touch] | str
"""Why a change concerns a query: what it read and what was touched, or that it is refreshed by name."""

_NEVER: Final = object()
"""Stands for the value of rows that no value passes: `in: []`."""


class Index(Generic[W]):
    """Mutable. Finds in the order of adding as far as it can; the same things in the same order find the same."""

    def __init__(self) -> None:
        self._names: dict[str, dict[W, None]] = {}
        self._sources: dict[str, _Source[W]] = {}

    def add(self, watched: W) -> None:
        self._names.setdefault(watched.name, {})[watched] = None
        for read in watched.reads:
            source = self._sources.get(read.source)
            if source is None:
                source = self._sources[read.source] = _Source()
            source.add(watched, read)

    def remove(self, watched: W) -> None:
        """Also of one that is not there."""
        named = self._names.get(watched.name)
        if named is not None:
            named.pop(watched, None)
            if not named:
                del self._names[watched.name]
        for read in watched.reads:
            source = self._sources.get(read.source)
            if source is not None and source.remove(watched, read):
                del self._sources[read.source]

    def find(self, change: Change) -> dict[W, Reason]:
        """Each that the change concerns, with the first reason found."""
        found: dict[W, Reason] = {}
        for touch in change.touches:
            source = self._sources.get(touch.source)
            if source is not None:
                source.find(touch, found)
        for name in sorted(change.queries):
            for watched in self._names.get(name, ()):
                found.setdefault(watched, name)
        return found


class _Source(Generic[W]):
    """One integration's database: what is filed under it and where."""

    __slots__ = ("_anything", "_tables")

    def __init__(self) -> None:
        self._anything: dict[W, None] = {}
        self._tables: dict[str, _Table[W]] = {}

    def add(self, watched: W, read: Read) -> None:
        if read.table is None:
            self._anything[watched] = None
            return
        table = self._tables.get(read.table)
        if table is None:
            table = self._tables[read.table] = _Table()
        table.add(watched, read.keys)

    def remove(self, watched: W, read: Read) -> bool:
        """Whether nothing is left."""
        if read.table is None:
            self._anything.pop(watched, None)
        else:
            table = self._tables.get(read.table)
            if table is not None and table.remove(watched, read.keys):
                del self._tables[read.table]
        return not self._anything and not self._tables

    def find(self, touch: Touch, found: dict[W, Reason]) -> None:
        _verify(self._anything, touch, touch, found)
        if touch.table is None:
            for table in self._tables.values():
                _verify(table.all(), touch, touch, found)
            return
        one = self._tables.get(touch.table)
        if one is None:
            return
        if touch.images is None:
            _verify(one.all(), touch, touch, found)
            return
        if touch.images:
            _verify(one.scans, touch, touch, found)
        for image in touch.images:
            # Held against this row alone, or a touch of many rows costs their square.
            row = touch if len(touch.images) == 1 else Touch(touch.source, touch.table, touch.columns, (image,))
            _verify(one.keyed_by(image), row, touch, found)


class _Table(Generic[W]):
    """`scans` are filed under the table itself, all others under a column and a value of it. A value has the watched
    themselves where there is one, and a `dict` of them where there are more: of many keys most have one."""

    __slots__ = ("_columns", "scans")

    def __init__(self) -> None:
        self.scans: dict[W, None] = {}
        self._columns: dict[str, dict[Hashable, W | dict[W, None]]] = {}

    def add(self, watched: W, keys: tuple[Key, ...]) -> None:
        if not keys:
            self.scans[watched] = None
            return
        # The key under which there are fewest: `email = ...` rather than `status = "open"`.
        key = keys[0] if len(keys) == 1 else min(keys, key=self._crowd)
        values = self._columns.setdefault(key.column, {})
        for value in key.values or (_NEVER,):
            held = values.get(value)
            if held is None:
                values[value] = watched
            elif isinstance(held, dict):
                held[watched] = None
            elif held is not watched:
                values[value] = {held: None, watched: None}

    def remove(self, watched: W, keys: tuple[Key, ...]) -> bool:
        """Whether nothing is left."""
        self.scans.pop(watched, None)
        # Where it was filed depends on what was there then, so it is looked for under each key.
        for key in keys:
            values = self._columns.get(key.column)
            if values is None:
                continue
            for value in key.values or (_NEVER,):
                held = values.get(value)
                if isinstance(held, dict):
                    held.pop(watched, None)
                    if not held:
                        del values[value]
                elif held is watched:
                    del values[value]
            if not values:
                del self._columns[key.column]
        return not self.scans and not self._columns

    def all(self) -> Iterator[W]:
        """Some more than once."""
        yield from self.scans
        for values in self._columns.values():
            yield from _each(values)

    def keyed_by(self, image: Image) -> Iterator[W]:
        """Those that may be keyed by what this row holds; some more than once."""
        for column, values in self._columns.items():
            if column not in image:
                yield from _each(values)
                continue
            held = values.get(image[column])
            if isinstance(held, dict):
                yield from held
            elif held is not None:
                yield held

    def _crowd(self, key: Key) -> int:
        values = self._columns.get(key.column)
        if values is None:
            return len(key.values)
        return sum(_size(values.get(value)) for value in key.values) + len(key.values)


def _each(values: dict[Hashable, W | dict[W, None]]) -> Iterator[W]:
    for held in values.values():
        if isinstance(held, dict):
            yield from held
        else:
            yield held


def _size(held: object) -> int:
    return len(held) if isinstance(held, dict) else held is not None


def _verify(candidates: Iterable[W], touch: Touch, whole: Touch, found: dict[W, Reason]) -> None:
    for watched in candidates:
        if watched in found:
            continue
        for read in watched.reads:
            if judge(read, touch) is Verdict.CONCERNED:
                found[watched] = (read, whole)
                break
