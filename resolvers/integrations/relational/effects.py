"""What a write to one table changes in others, from the foreign keys with actions and from inheritance.

A table is named by its identity throughout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """A foreign key of `child` to `parent`. What it does to the child's rows: `removes` them or `resets` them when a
    row of the parent is deleted, `moves` them when its key is changed."""

    parent: str
    child: str
    removes: bool = False
    resets: bool = False
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """As in `ReflectedTable`: none is anything."""

    any: frozenset[str] | None
    removals: frozenset[str] | None
    moves: frozenset[str] | None


class Carrying:
    """Where writes are carried to. `kin` are the pairs of tables that share rows; what `wild` ones do nobody knows."""

    def __init__(self, actions: Iterable[Action], kin: Iterable[tuple[str, str]], wild: Collection[str]) -> None:
        self._actions: defaultdict[str, list[Action]] = defaultdict(list)
        for action in actions:
            self._actions[action.parent].append(action)
        self._kin: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in kin:
            self._kin[one].add(other)
            self._kin[other].add(one)
        self._wild = frozenset(wild)

    def of(self, table: str) -> Effects:
        family = self._family(table)
        return Effects(
            self._unless_wild(family - {table}, {table}),
            self._unless_wild(self._carried(family, removing=True)),
            self._unless_wild(self._carried(family, removing=False)),
        )

    def of_view(self, tables: Iterable[str]) -> Effects:
        """Of a view of these, whose writes are theirs."""
        each = [self.of(table) for table in tables]
        return Effects(
            _together([one.any for one in each]),
            _together([one.removals for one in each]),
            _together([one.moves for one in each]),
        )

    def _family(self, table: str) -> frozenset[str]:
        found, waiting = {table}, [table]
        while waiting:
            new = self._kin[waiting.pop()] - found
            found |= new
            waiting += new
        return frozenset(found)

    def _carried(self, tables: Iterable[str], *, removing: bool) -> frozenset[str]:
        """The tables that foreign keys carry it to, these ones only where they are come back to."""
        waiting = [(table, removing) for table in tables]
        seen, found = set(waiting), set[str]()
        while waiting:
            table, removed = waiting.pop()
            for action in self._actions[table]:
                if not (action.removes or action.resets if removed else action.moves):
                    continue
                for child in self._family(action.child):
                    found.add(child)
                    step = (child, removed and action.removes)
                    if step not in seen:
                        seen.add(step)
                        waiting.append(step)
        return frozenset(found)

    def _unless_wild(self, found: frozenset[str], besides: Collection[str] = ()) -> frozenset[str] | None:
        return found if self._wild.isdisjoint(found) and self._wild.isdisjoint(besides) else None


def _together(each: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    known = [found for found in each if found is not None]
    return frozenset[str]().union(*known) if len(known) == len(each) else None
