"""What of a filter decides which rows can pass at all: trees made once, weighed for the values of each call.

They follow filters.py in what is dropped where an argument was not sent: none then, where it has no condition. What
else a condition depends on, the rows of a relation say, is added to the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.core.footprint import Unknown
from tidegate.core.json import Given
from tidegate.resolvers.integrations.relational.equalities import EVERY, NO, Alternatives, both, either
from tidegate.resolvers.integrations.relational.inputs import is_present
from tidegate.resolvers.integrations.relational.scans import Pairs, Scan

Values: TypeAlias = Sequence[Given | Unknown]


class Condition(Protocol):
    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        """What rows of `scan` must be to pass; none where nothing is asked of them. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Operand:
    """Where the value of a comparison comes from: the input at `place`, or a `literal`."""

    place: int | None
    literal: Given = None

    def of(self, values: Values) -> Given | Unknown:
        return self.literal if self.place is None else values[self.place]


@dataclass(frozen=True, slots=True, eq=False)
class Equality:
    """A comparison with one value, or with several. `alternatives` are those of a value."""

    alternatives: Callable[[Given], Alternatives]
    operand: Operand
    optional: bool

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:  # noqa: ARG002 - its column is known
        value = self.operand.of(values)
        if isinstance(value, Unknown):
            return EVERY
        if self.optional and not is_present(value):
            return None
        return self.alternatives(value)


@dataclass(frozen=True, slots=True, eq=False)
class Inequality:
    """Any other comparison: whatever a row holds, it may pass."""

    operand: Operand
    optional: bool

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:  # noqa: ARG002 - its column is known
        value = self.operand.of(values)
        if self.optional and not isinstance(value, Unknown) and not is_present(value):
            return None
        return EVERY


@dataclass(frozen=True, slots=True, eq=False)
class Conjunction:
    parts: tuple[Condition, ...]

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        found: Alternatives | None = None
        for part in self.parts:
            weighed = part.weigh(values, scan)
            if weighed is not None:
                found = weighed if found is None else both(found, weighed)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Disjunction:
    """`parts` come with whether they were written as `{}`, which every row passes. Others of which nothing is left are
    as if they had not been written."""

    parts: tuple[tuple[Condition, bool], ...]

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        if not self.parts:
            return NO
        # All are weighed, for what they add to the scan.
        weighed = [(part.weigh(values, scan), is_empty) for part, is_empty in self.parts]
        kept = [found for found, _ in weighed if found is not None]
        if not kept or any(found is None and is_empty for found, is_empty in weighed):
            return None
        return either(kept)


@dataclass(frozen=True, slots=True, eq=False)
class Negation:
    """`is_empty`: of `{}`, so that no row passes."""

    part: Condition
    is_empty: bool

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        if self.part.weigh(values, scan) is not None:
            return EVERY
        return NO if self.is_empty else None


@dataclass(frozen=True, slots=True, eq=False)
class RelatedRow:
    """Some row of another table passes `part`, and `rule` where there is one. Which rows of that table pass is all that
    it depends on, so it narrows those, and not the rows around it: not even under a negation. `is_empty`: `part` is
    `{}`."""

    table: str
    columns: frozenset[str]
    pairs: Pairs
    part: Condition
    rule: Condition | None
    is_empty: bool

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        other = Scan(self.table, self.columns)
        passing = self.part.weigh(values, other)
        if passing is None and not self.is_empty:
            return None
        join(scan, self.pairs, other, passing, None if self.rule is None else self.rule.weigh(values, other))
        return EVERY


def join(scan: Scan, pairs: Pairs, other: Scan, *passing: Alternatives | None) -> None:
    """`other` holds rows that are `passing` all of these, and belong to rows of `scan`."""
    for alternatives in passing:
        other.keep(alternatives)
    scan.joined.append((pairs, other))
