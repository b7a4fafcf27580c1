"""Filter trees -> SQL conditions.

    condition(draft, filter, item, table, Use.READ) -> an expression, or None where nothing is left of the filter

A filter keeps SQL's three values: a comparison with nothing (an identity that has no e-mail address) is unknown, so
neither it nor its negation finds a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.filters import All, AnyOf, Comparison, Filter, Not, Operator, Related, Sent
from tidegate.core.json import MISSING
from tidegate.core.objects import Access, DataObject, Relation
from tidegate.core.types import nullable
from tidegate.resolvers.integrations.relational.comparisons import Use, compare, conjunction, exists, to_the_letter
from tidegate.resolvers.integrations.relational.dialects import Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows
from tidegate.resolvers.integrations.relational.sent import sent_condition
from tidegate.resolvers.integrations.relational.storing import (
    Storing,
)


def condition(draft: Draft, filter: Filter, item: DataObject, table: Rows, use: Use) -> Sql | None:
    """None where every row passes because nothing was asked. Raises `OperationError`."""
    match filter:
        case All(filters=filters):
            parts = [condition(draft, part, item, table, use) for part in filters]
            return conjunction(parts)
        case AnyOf(filters=filters):
            if not filters:
                return sa.false()
            parts = [condition(draft, part, item, table, use) for part in filters]
            kept = [part for part, given in zip(parts, filters, strict=True) if part is not None or _is_all(given)]
            if any(part is None for part in kept):
                return None
            return sa.or_(*(part for part in kept if part is not None)) if kept else None
        case Not(filter=inner):
            part = condition(draft, inner, item, table, use)
            if part is None:
                return sa.false() if _is_all(inner) else None
            return sa.not_(part)
        case Related(relation=name, filter=inner):
            return _related(draft, item.relations[name], inner, item, table, use)
        case Comparison():
            return _comparison(draft, filter, item, table, use)
        case Sent(value=reference):
            return sent_condition(draft, reference, item, table, use, readable)


def rule(draft: Draft, access: Access, item: DataObject, table: Rows) -> Sql | None:
    """The access rule of the caller's role, for rows of `table`. None where it may touch every row."""
    return condition(draft, item.rows(access, draft.rank), item, table, Use.RULE)


def readable(draft: Draft, item: DataObject, table: Rows) -> Sql | None:
    """The rows of a relation that the caller may see: what a condition on them, by whomever, is held to."""
    return rule(draft, Access.READ, item, table)


def _is_all(filter: Filter) -> bool:
    return isinstance(filter, All) and not filter.filters


def _related(draft: Draft, relation: Relation, inner: Filter, item: DataObject, table: Rows, use: Use) -> Sql | None:
    other = draft.setting.object(relation.target)
    target = draft.table(other)
    part = condition(draft, inner, other, target, use)
    if part is None and not _is_all(inner):
        return None
    if use is not Use.RULE:
        part = conjunction([part, rule(draft, Access.READ, other, target)])
    return exists(draft, relation, item, table, target, part)


def _comparison(draft: Draft, comparison: Comparison, item: DataObject, table: Rows, use: Use) -> Sql | None:
    operator, value = comparison.operator, comparison.value
    if comparison.optional and not draft.given.present(value):
        if use is Use.WRITE:
            raise OperationError(Code.BAD_USER_INPUT, f'"{comparison.field}" must be given: it says which rows.')
        return None
    column = item.columns[comparison.field]
    storing = draft.setting.storing(item, column)
    reflected = draft.setting.reflected(item, column)
    subject = table.c[column.column]
    if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        found = draft.given.exact(value)
        if found is None:
            return sa.null()
        wanted = (found is MISSING or bool(found)) == (operator is Operator.IS_NULL)
        return subject.is_(sa.null()) if wanted else subject.is_not(sa.null())
    if operator in (Operator.NE, Operator.NE_ANY_CASE) and not draft.given.present(value):
        return sa.null()
    if operator is Operator.NOT_IN and not draft.given.without_nulls(value):
        return sa.null()
    if operator is Operator.BETWEEN:
        return _whole_between(draft, value, subject, storing)
    compared = compare(draft, operator, value, subject, storing, reflected, nullable(column.type))
    exact = to_the_letter(draft, operator, value, subject, storing, reflected)
    return compared if exact is None else sa.and_(compared, exact)


def _whole_between(draft: Draft, value: Expression, subject: Sql, storing: Storing) -> Sql:
    """`between` with both ends in one value. Of anything but two ends nothing is found."""
    ends = draft.given.operand(value)
    low, high = (draft.bind(ends.within(place), storing) for place in (0, 1))
    counted = draft.given.structure(value, _count)
    if isinstance(counted, Sequence) and not isinstance(counted, str) and len(counted) != 2:
        raise OperationError(Code.BAD_USER_INPUT, '"between" takes two values: the lowest and the highest.')
    return sa.and_(subject >= low, subject <= high)


def _count(value: object) -> int | None:
    return len(value) if isinstance(value, Sequence) else None


def has_related(filter: Filter) -> bool:
    match filter:
        case Related():
            return True
        case All(filters=filters) | AnyOf(filters=filters):
            return any(has_related(inner) for inner in filters)
        case Not(filter=inner):
            return has_related(inner)
        case _:
            return False


def has_sent(filter: Filter) -> bool:
    match filter:
        case Sent():
            return True
        case All(filters=filters) | AnyOf(filters=filters):
            return any(has_sent(inner) for inner in filters)
        case Not(filter=inner) | Related(filter=inner):
            return has_sent(inner)
        case _:
            return False
