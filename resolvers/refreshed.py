"""A change -> the names of the queries that may answer otherwise now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.footprint import Read, Touch, Verdict, judge
from tidegate.core.operation import Kind
from tidegate.core.reach import reach_of

MOST_KNOWN: Final = 1000
"""Kinds of touches, by table and columns, of which it is known whom they concern."""


class Refreshed:
    """For one catalog, whose integrations are open when `by` is first called."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._reach: dict[str, tuple[Read, ...]] | None = None
        self._known: dict[Hashable, tuple[frozenset[str], Mapping[str, Sequence[Read]]]] = {}
        self._latest: tuple[Change, Sequence[str]] = (Change(""), ())

    def by(self, change: Change, rank: int) -> Sequence[str]:
        """The queries that a role of this rank may call, sorted."""
        if change.is_empty:
            return ()
        if self._latest[0] is not change:
            # Everybody who listens for names asks about the same change.
            self._latest = (
                change,
                self._names(change),
            )
        operations = self._catalog.operations
        return [name for name in self._latest[1] if operations[name].rank <= rank]

    def _names(self, change: Change) -> Sequence[str]:
        found = {name for name in change.queries if name in self._reaches()}
        for touch in change.touches:
            always, sometimes = self._concerned(touch)
            found |= always
            for name, reads in sometimes.items():
                if name not in found and any(judge(read, touch) is Verdict.CONCERNED for read in reads):
                    found.add(name)
        return sorted(found)

    def _concerned(self, touch: Touch) -> tuple[frozenset[str], Mapping[str, Sequence[Read]]]:
        """The queries that such a touch concerns whatever its rows are, and the reads of others, which depend on
        them."""
        key = (touch.source, touch.table, touch.columns, touch.images == ())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            # Of no rows at all, or of one that may be any.
            one = replace(touch, images=touch.images if touch.images == () else ({},))
            met = {name: _met(reads, one) for name, reads in self._reaches().items()}
            always = frozenset(name for name, reads in met.items() if any(not read.keys for read in reads))
            rest = {name: reads for name, reads in met.items() if reads and name not in always}
            known = self._known[key] = (always, rest)
        return known

    def _reaches(self) -> dict[str, tuple[Read, ...]]:
        if self._reach is None:
            self._reach = {
                name: reach_of(operation, self._catalog)
                for name, operation in sorted(self._catalog.operations.items())
                if operation.kind is Kind.QUERY
            }
        return self._reach


def _met(reads: Sequence[Read], touch: Touch) -> Sequence[Read]:
    return [read for read in reads if judge(read, touch) is Verdict.CONCERNED]
