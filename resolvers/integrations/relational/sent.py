"""A filter that a client sends (`where: $args.where`, of the generated input type) -> an SQL condition.

It may name the fields that the caller's role may read, and the relations from there on; it is bounded by
`limits.filterTerms`; in a write it must say something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Reference
from tidegate.core.filters import Operator
from tidegate.core.json import Json, Missing
from tidegate.core.objects import DataObject
from tidegate.core.types import nullable
from tidegate.resolvers.integrations.relational.comparisons import Use, compare, conjunction, exists
from tidegate.resolvers.integrations.relational.dialects import Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows, require_readable
from tidegate.resolvers.integrations.relational.inputs import Operand, outline

Readable: TypeAlias = Callable[[Draft, DataObject, Rows], Sql | None]


def sent_condition(
    draft: Draft, reference: Reference, item: DataObject, table: Rows, use: Use, readable: Readable
) -> Sql | None:
    """None where the client asks for every row: not in a write, where that is refused. `readable` gives the rows of a
    relation that the caller may see. Raises `OperationError`."""
    value = draft.given.structure(reference, outline)
    if draft.given.values is None:
        return None
    if isinstance(value, Missing) or value is None:
        if use is Use.WRITE:
            raise OperationError(Code.BAD_USER_INPUT, "A filter must be given: it says which rows.")
        return None
    walk = _Walk(draft, use, readable)
    return walk.filter(value, draft.given.operand(reference), item, table)


class _Walk:
    def __init__(self, draft: Draft, use: Use, readable: Readable) -> None:
        self.draft = draft
        self.readable = readable
        self.use = use
        self.left = draft.setting.surroundings.limits.filterTerms

    def filter(self, value: Json, place: Operand, item: DataObject, table: Rows) -> Sql | None:
        if not isinstance(value, Mapping):
            raise OperationError(Code.BAD_USER_INPUT, "A filter is an object.")
        parts: list[Sql | None] = []
        said = False
        for name, inner in value.items():
            if inner is None:
                continue  # an optional variable that was sent as null: nothing is asked
            said = True
            self._count()
            parts.append(self._entry(name, inner, place.within(name), item, table))
        if not said and self.use is Use.WRITE:
            raise OperationError(Code.BAD_USER_INPUT, "The filter is empty somewhere: a write must say which rows.")
        return conjunction(parts)

    def _entry(self, name: str, value: Json, place: Operand, item: DataObject, table: Rows) -> Sql | None:
        if name in ("and", "or"):
            return self._several(name, value, place, item, table)
        if name == "not":
            part = self.filter(value, place, item, table)
            return sa.false() if part is None else sa.not_(part)
        if name in item.columns:
            return self._comparisons(name, value, place, item, table)
        if name in item.relations:
            relation = item.relations[name]
            other = self.draft.setting.object(relation.target)
            target = self.draft.table(other)
            inner = self.filter(value, place, other, target)
            inner = conjunction([inner, self.readable(self.draft, other, target)])
            return exists(self.draft, relation, item, table, target, inner)
        raise OperationError(Code.BAD_USER_INPUT, f'"{name}" is not a field of {item.type}.')

    def _several(self, name: str, value: Json, place: Operand, item: DataObject, table: Rows) -> Sql | None:
        items: Sequence[Json] = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not items and self.use is Use.WRITE:
            raise OperationError(Code.BAD_USER_INPUT, "The filter is empty somewhere: a write must say which rows.")
        parts = []
        for index, inner in enumerate(items):
            self._count()
            within = place.within(index) if items is value else place
            parts.append(self.filter(inner, within, item, table))
        if name == "and":
            return conjunction(parts)
        if any(part is None for part in parts):
            return None
        return sa.or_(sa.false(), *(part for part in parts if part is not None))

    def _comparisons(self, field: str, value: Json, place: Operand, item: DataObject, table: Rows) -> Sql | None:
        column = item.columns[field]
        require_readable(self.draft, column)
        if not isinstance(value, Mapping):
            raise OperationError(Code.BAD_USER_INPUT, f'"{field}" takes an object of operators.')
        setting = self.draft.setting
        storing, reflected = setting.storing(item, column), setting.reflected(item, column)
        subject = table.c[column.column]
        parts: list[Sql | None] = []
        for word, operand in value.items():
            self._count()
            if operand is None:
                raise OperationError(
                    Code.BAD_USER_INPUT, f'"{word}" of "{field}" takes a value, not null. Use isNull: true.'
                )
            operator, within = Operator(word), place.within(word)
            match operator:
                case Operator.IS_NULL | Operator.IS_NOT_NULL:
                    wanted = bool(operand) == (operator is Operator.IS_NULL)
                    parts.append(subject.is_(sa.null()) if wanted else subject.is_not(sa.null()))
                case Operator.BETWEEN:
                    if not isinstance(operand, Sequence) or len(operand) != 2:
                        raise OperationError(Code.BAD_USER_INPUT, f'"between" of "{field}" takes two values.')
                    parts.append(subject >= self.draft.bind(within.within(0), storing))
                    parts.append(subject <= self.draft.bind(within.within(1), storing))
                case _:
                    type = nullable(column.type)
                    parts.append(compare(self.draft, operator, within, subject, storing, reflected, type))
        if not parts and self.use is Use.WRITE:
            sentence = f'"{field}" is compared with nothing: a write must say which rows.'
            raise OperationError(Code.BAD_USER_INPUT, sentence)
        return conjunction(parts)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            limit = self.draft.setting.surroundings.limits.filterTerms
            raise OperationError(Code.LIMIT, f"A filter has at most {limit} terms.")
