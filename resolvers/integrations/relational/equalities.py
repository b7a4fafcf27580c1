"""What the values of some columns must be for a row to matter: the keys of footprints, in the making.

    ({"id": {5}}, {"author_id": {7}, "open": {True}})        id = 5, or author_id = 7 and open

Everything here may let more rows pass than the filter does, and never fewer. Values have their canonical form.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tidegate.core.errors import OperationError
from tidegate.core.footprint import UNKNOWN
from tidegate.core.json import MISSING, Given, Json, Missing
from tidegate.resolvers.integrations.relational.comparable import canonical
from tidegate.resolvers.integrations.relational.storing import Storing
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn

Equalities: TypeAlias = Mapping[str, frozenset[Hashable]]
"""Each of the columns holds one of its values. Of no columns: any row."""

Alternatives: TypeAlias = tuple[Equalities, ...]
"""A row passes one of them at least. Of none: no row does."""

EVERY: Final[Alternatives] = ({},)
NO: Final[Alternatives] = ()

MOST_ALTERNATIVES: Final = 16
"""How many reads one filter becomes at most. Beyond that they are made coarser."""

MOST_VALUES: Final = 256
"""How many values a key has at most. With more, it is no key."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A column, as conditions compare it. `keyed`: its values can be told apart by their forms."""

    column: str
    reflected: ReflectedColumn
    storing: Storing
    keyed: bool

    def equal(self, value: Given) -> Alternatives:
        """With nothing, nothing is equal."""
        if value is None or value is MISSING:
            return NO
        form = self._form(value)
        if form is None:
            return NO
        return EVERY if form is UNKNOWN else ({self.column: frozenset((form,))},)

    def one_of(self, value: Given) -> Alternatives:
        """`value` is a list, or stands for a list of itself. The nulls in it are equal to nothing."""
        forms: set[Hashable] = set()
        for item in listed_values(value):
            if item is not None and (form := self._form(item)) is not None:
                forms.add(form)
                if form is UNKNOWN or len(forms) > MOST_VALUES:
                    return EVERY
        return ({self.column: frozenset(forms)},) if forms else NO

    def _form(self, value: Json) -> Hashable:
        if not self.keyed:
            return UNKNOWN
        try:
            stored = self.storing(value)
        except (OperationError, TypeError, ValueError):
            # The statement cannot take it either.
            return UNKNOWN
        return canonical(self.reflected, stored) if isinstance(stored, str | int | bytes | None) else UNKNOWN


def listed_values(value: Given) -> Sequence[Json]:
    """The values that `in` compares with."""
    if value is None or isinstance(value, Missing):
        return ()
    return [value] if isinstance(value, str) or not isinstance(value, Sequence) else value


def both(one: Alternatives, other: Alternatives) -> Alternatives:
    """The rows that pass one and the other."""
    if one == EVERY:
        return other
    if other == EVERY:
        return one
    if len(one) * len(other) > MOST_ALTERNATIVES:
        return min(one, other, key=len)
    return tuple(met for each in one for more in other if (met := _met(each, more)) is not None)


def _met(one: Equalities, other: Equalities) -> Equalities | None:
    met = {**one, **other}
    for column in one.keys() & other.keys():
        met[column] = one[column] & other[column]
        if not met[column]:
            return None
    return met


def either(parts: Iterable[Alternatives]) -> Alternatives:
    """The rows that pass one of `parts`, or several."""
    found = [each for part in parts for each in part]
    if not all(found):
        return EVERY
    return tuple(found) if len(found) <= MOST_ALTERNATIVES else _widened(found)


def _widened(alternatives: Sequence[Equalities]) -> Alternatives:
    """What all of them say, as one."""
    columns = set.intersection(*(set(each) for each in alternatives))
    values = {column: narrowed(alternatives, column) for column in sorted(columns)}
    return ({column: each for column, each in values.items() if each is not None},)


def narrowed(alternatives: Sequence[Equalities], column: str) -> frozenset[Hashable] | None:
    """The values that `column` can have in a row that passes; none where it may have any."""
    found: set[Hashable] = set()
    for each in alternatives:
        if column not in each:
            return None
        found |= each[column]
    return frozenset(found) if len(found) <= MOST_VALUES else None
