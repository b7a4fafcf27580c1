"""A filter that a client sends, as footprints see it. It follows sent.py; what that refuses may pass here, for the
answer is then the same error whatever the rows are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidegate.core.filters import Operator
from tidegate.core.footprint import Unknown
from tidegate.core.json import Given, Json
from tidegate.core.objects import Access, DataObject
from tidegate.resolvers.integrations.relational.conditions import Condition, Values, join
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.equalities import EVERY, NO, Alternatives, both, either
from tidegate.resolvers.integrations.relational.inputs import DEEPEST, is_present
from tidegate.resolvers.integrations.relational.reachable import beyond
from tidegate.resolvers.integrations.relational.scans import Scan
from tidegate.resolvers.integrations.relational.subjects import Subjects, columns_of, compared_columns, every_column


@dataclass(frozen=True, slots=True, eq=False)
class SentRows:
    """The input at `place`: of rows of `item`. `readable` is the condition of the rows that the caller may read."""

    place: int
    item: DataObject
    setting: Setting
    rank: int
    subjects: Subjects
    readable: Callable[[DataObject], Condition]

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        value = values[self.place]
        if isinstance(value, Unknown):
            scan.mind(every_column(self.item))
            for item in beyond(self.setting.surroundings, self.item):
                join(scan, (), Scan(item.table, every_column(item)))
            return EVERY
        return _Walk(self, values).filter(value, self.item, scan, 0) if is_present(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    sent: SentRows
    values: Values

    def filter(self, value: Given, item: DataObject, scan: Scan, depth: int) -> Alternatives | None:
        if not isinstance(value, Mapping) or depth > DEEPEST:
            return EVERY
        found: Alternatives | None = None
        for name, inner in value.items():
            weighed = None if inner is None else self._entry(name, inner, item, scan, depth + 1)
            if weighed is not None:
                found = weighed if found is None else both(found, weighed)
        return found

    def _entry(self, name: str, value: Json, item: DataObject, scan: Scan, depth: int) -> Alternatives | None:
        if name == "and":
            return _all([self.filter(inner, item, scan, depth) for inner in _several(value)])
        if name == "or":
            return _any([self.filter(inner, item, scan, depth) for inner in _several(value)])
        if name == "not":
            return NO if self.filter(value, item, scan, depth) is None else EVERY
        if name in item.columns:
            return self._compared(name, value, item, scan)
        if name in item.relations:
            return self._related(name, value, item, scan, depth)
        return EVERY

    def _related(self, name: str, value: Json, item: DataObject, scan: Scan, depth: int) -> Alternatives:
        relation, subjects = item.relations[name], self.sent.subjects
        target = self.sent.setting.object(relation.target)
        ruled = compared_columns(target.rows(Access.READ, self.sent.rank), target)
        other = Scan(target.table, subjects.theirs(relation) | ruled)
        passing = self.filter(value, target, other, depth)
        scan.mind(columns_of(item, (ours for _, ours in relation.on)))
        join(scan, subjects.pairs(relation, item), other, passing, self.sent.readable(target).weigh(self.values, other))
        return EVERY

    def _compared(self, name: str, value: Json, item: DataObject, scan: Scan) -> Alternatives | None:
        subject = self.sent.subjects.of(item, name)
        scan.mind(frozenset((subject.column,)))
        if not isinstance(value, Mapping):
            return EVERY
        found: list[Alternatives | None] = []
        for word, operand in value.items():
            if operand is None:
                return EVERY
            match word:
                case Operator.EQ:
                    found.append(subject.equal(operand))
                case Operator.IN:
                    found.append(subject.one_of(operand))
                case _:
                    found.append(EVERY)
        return _all(found)


def _several(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _all(parts: Sequence[Alternatives | None]) -> Alternatives | None:
    found: Alternatives | None = None
    for part in parts:
        if part is not None:
            found = part if found is None else both(found, part)
    return found


def _any(parts: Sequence[Alternatives | None]) -> Alternatives | None:
    kept = [part for part in parts if part is not None]
    return either(kept) if len(kept) == len(parts) else None
