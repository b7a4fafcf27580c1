"""Filter trees -> SQL conditions.

    condition(draft, filter, item, table, Use.READ) -> an expression, or None where nothing is left of the filter

A filter keeps SQL's three values: a comparison with nothing (an identity that has no e-mail address) is unknown, so
neither it nor its negation finds a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.filters import All, AnyOf, Comparison, Filter, Not, Operator, Related, Sent
from tidegate.core.json import MISSING
from tidegate.core.objects import Access, DataObject, Relation
from tidegate.core.types import nullable
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows
from tidegate.resolvers.integrations.relational.inputs import Operand
from tidegate.resolvers.integrations.relational.storing import (
    Storing,
    glob,
    glob_lower,
    like,
    listed,
    lower,
)
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn


class Use(StrEnum):
    """What a filter is for. A read drops the comparisons whose argument was not sent, a write refuses them, and an
    access rule sees the rows of other tables as they are, whoever asks."""

    READ = "read"
    WRITE = "write"
    RULE = "rule"


_TEXT_ENDS = {
    Operator.CONTAINS: (True, True),
    Operator.STARTS_WITH: (False, True),
    Operator.ENDS_WITH: (True, False),
    Operator.CONTAINS_ANY_CASE: (True, True),
    Operator.STARTS_WITH_ANY_CASE: (False, True),
    Operator.ENDS_WITH_ANY_CASE: (True, False),
}
_ANY_CASE = (Operator.CONTAINS_ANY_CASE, Operator.STARTS_WITH_ANY_CASE, Operator.ENDS_WITH_ANY_CASE)


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
            from tidegate.resolvers.integrations.relational.sent import sent_condition

            return sent_condition(draft, reference, item, table, use)


def conjunction(parts: Sequence[Sql | None]) -> Sql | None:
    kept = [part for part in parts if part is not None]
    return sa.and_(*kept) if kept else None


def rule(draft: Draft, access: Access, item: DataObject, table: Rows) -> Sql | None:
    """The access rule of the caller's role, for rows of `table`. None where it may touch every row."""
    return condition(draft, item.rows(access, draft.rank), item, table, Use.RULE)


def joins(draft: Draft, relation: Relation, item: DataObject, table: Rows, target: Rows) -> list[Sql]:
    """That a row of `target` belongs to the row of `table`."""
    other = draft.setting.object(relation.target)
    return [
        target.c[other.columns[theirs].column] == table.c[item.columns[ours].column] for theirs, ours in relation.on
    ]


def exists(draft: Draft, relation: Relation, item: DataObject, table: Rows, target: Rows, inner: Sql | None) -> Sql:
    matching = [*joins(draft, relation, item, table, target), *([] if inner is None else [inner])]
    return sa.exists(sa.select(literal_one()).select_from(target).where(*matching).correlate_except(target))


def literal_one() -> Sql:
    return Fragment(("1",))


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
    return compare(draft, operator, value, subject, storing, reflected, nullable(column.type))


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


def compare(
    draft: Draft,
    operator: Operator,
    value: Operand | Expression,
    subject: Sql,
    storing: Storing,
    reflected: ReflectedColumn,
    type: object,
) -> Sql:
    """One comparison with one bound value that is not null (or, for `eq` and its like, may be: then it is unknown)."""
    match operator:
        case Operator.EQ:
            return subject == _equal_value(draft, value, storing, reflected)
        case Operator.NE:
            bound = _equal_value(draft, value, storing, reflected)
            if not reflected.nullable:
                return subject != bound
            return subject.is_distinct_from(bound)
        case Operator.GT:
            return subject > draft.bind(value, storing)
        case Operator.GTE:
            return subject >= draft.bind(value, storing)
        case Operator.LT:
            return subject < draft.bind(value, storing)
        case Operator.LTE:
            return subject <= draft.bind(value, storing)
        case Operator.IN:
            return _member(draft, value, subject, storing, str(type))
        case Operator.NOT_IN:
            outside = sa.not_(_member(draft, value, subject, storing, str(type)))
            return sa.or_(outside, subject.is_(sa.null())) if reflected.nullable else outside
        case Operator.EQ_ANY_CASE | Operator.NE_ANY_CASE:
            lowered, bound = _lowered(draft, value, subject)
            if operator is Operator.EQ_ANY_CASE:
                return lowered == bound
            return lowered.is_distinct_from(bound)
        case _:
            return _pattern(draft, operator, value, subject, reflected)


def _equal_value(draft: Draft, value: Operand | Expression, storing: Storing, reflected: ReflectedColumn) -> Sql:
    if reflected.family is Family.JSON and draft.dialect.is_postgres:
        raise OperationError(Code.BAD_USER_INPUT, "A JSON column cannot be compared.")
    return draft.bind(value, storing)


def _member(draft: Draft, value: Operand | Expression, subject: Sql, storing: Storing, type: str) -> Sql:
    bound = draft.bind(value, listed(draft.dialect, storing))
    if draft.dialect.is_postgres:
        return Fragment((subject, " = ANY (", bound, ")"))
    subject = Fragment(("hex(", subject, ")")) if type == "Bytes" else subject
    return Fragment((subject, " IN (SELECT value FROM json_each(", bound, "))"))


def _lowered(draft: Draft, value: Operand | Expression, subject: Sql) -> tuple[Sql, Sql]:
    dialect = draft.dialect
    if dialect.is_postgres:
        return sa.func.lower(dialect.text(subject)), sa.func.lower(dialect.text(draft.bind(value)))
    return Fragment(("tidegate_lower(", subject, ")")), draft.bind(value, lower)


def _pattern(
    draft: Draft, operator: Operator, value: Operand | Expression, subject: Sql, reflected: ReflectedColumn
) -> Sql:
    dialect = draft.dialect
    before, after = _TEXT_ENDS[operator]
    any_case = operator in _ANY_CASE
    if not dialect.is_postgres:
        ends = ("*" if before else "", "*" if after else "")
        if any_case:
            return Fragment(("tidegate_lower(", subject, ") GLOB ", draft.bind(value, glob_lower(*ends))))
        return Fragment((subject, " GLOB ", draft.bind(value, glob(*ends))))
    pattern = draft.bind(value, like("%" if before else "", "%" if after else ""))
    text = subject if reflected.family is Family.TEXT else dialect.text(subject)
    if any_case:
        return Fragment(("lower(", text, ") LIKE lower(", dialect.text(pattern), ") ESCAPE '!'"))
    return Fragment((text, " LIKE ", pattern, " ESCAPE '!'"))


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
