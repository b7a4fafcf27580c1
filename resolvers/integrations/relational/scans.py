"""The rows that one call's answer depends on, in the shape of a tree -> reads.

What is looked for in the rows of one table depends on the rows of another where they are joined: comments of tickets
whose id is 5 are comments whose ticket is 5. So equalities travel from the rows around to the rows that hang on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.core.footprint import Key, Read
from tidegate.resolvers.integrations.relational.equalities import EVERY, Alternatives, both, narrowed
from tidegate.resolvers.integrations.relational.reach import keyed_reads
from tidegate.resolvers.integrations.relational.tables import Tables

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Columns of another table with the columns here that they equal: of a relation, those whose values have the same
forms."""


@dataclass(slots=True, eq=False)
class Scan:
    """The rows of `table` that pass one of `alternatives`, as far as `columns` of them matter. `table` none: the rows
    of something that is not ours to tell. `joined` are rows of others that matter only where they belong to these.
    Mutable, made for one call."""

    table: str | None
    columns: frozenset[str] | None
    alternatives: Alternatives = EVERY
    joined: list[tuple[Pairs, Scan]] = field(default_factory=list)

    def keep(self, alternatives: Alternatives | None) -> None:
        """Only rows that pass these too. None: whatever they are."""
        if alternatives is not None:
            self.alternatives = both(self.alternatives, alternatives)

    def mind(self, columns: frozenset[str]) -> None:
        if self.columns is not None:
            self.columns |= columns


def reads_of_scan(tables: Tables, scan: Scan) -> Sequence[Read]:
    """Each once. None of rows that cannot be there, nor of what hangs on them. Uses the scan up."""
    reads: dict[Read, None] = {}
    waiting = [scan]
    while waiting:
        scan = waiting.pop()
        if not scan.alternatives:
            continue
        if scan.table is not None:
            for alternative in scan.alternatives:
                keys = tuple([Key(column, values) for column, values in alternative.items()])
                reads |= dict.fromkeys(keyed_reads(tables, scan.table, scan.columns, keys))
        for pairs, other in scan.joined:
            for theirs, ours in pairs:
                values = narrowed(scan.alternatives, ours)
                if values is not None:
                    other.keep(({theirs: values},))
            waiting.append(other)
    return tuple(reads)
