"""What conditions are made of: one comparison with one bound value, rows that belong together, and so on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, references
from tidegate.core.filters import Operator
from tidegate.core.objects import DataObject, Relation
from tidegate.resolvers.integrations.relational.dialects import Fragment, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Rows
from tidegate.resolvers.integrations.relational.inputs import Operand
from tidegate.resolvers.integrations.relational.storing import Storing, listed, lowered, pattern
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn


class Use(StrEnum):
    """What a filter is for. A read drops the comparisons whose argument was not sent, a write refuses them, and an
    access rule sees the rows of other tables as they are, whoever asks."""

    READ = "read"
    WRITE = "write"
    RULE = "rule"


_TEXT_ENDS: Final = {
    Operator.CONTAINS: (True, True),
    Operator.STARTS_WITH: (False, True),
    Operator.ENDS_WITH: (True, False),
    Operator.CONTAINS_ANY_CASE: (True, True),
    Operator.STARTS_WITH_ANY_CASE: (False, True),
    Operator.ENDS_WITH_ANY_CASE: (True, False),
}
_ANY_CASE: Final = (Operator.CONTAINS_ANY_CASE, Operator.STARTS_WITH_ANY_CASE, Operator.ENDS_WITH_ANY_CASE)


def conjunction(parts: Sequence[Sql | None]) -> Sql | None:
    kept = [part for part in parts if part is not None]
    return sa.and_(*kept) if kept else None


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


def to_the_letter(
    draft: Draft, operator: Operator, value: Expression, subject: Sql, storing: Storing, reflected: ReflectedColumn
) -> Sql | None:
    """What is added to a comparison with who is asking, where the database takes other letters for the same: somebody
    who is called àda@… is not ada@…. The comparison itself stays, for the sake of an index."""
    if operator not in (Operator.EQ, Operator.IN) or all(each.root != "currentUser" for each in references(value)):
        return None
    letters = draft.dialect.letters(subject, reflected)
    if letters is None:
        return None
    if operator is Operator.EQ:
        return letters == draft.bind(value, storing)
    return draft.dialect.member(letters, draft.bind(value, listed(draft.dialect, storing)), is_bytes=False)


def _equal_value(draft: Draft, value: Operand | Expression, storing: Storing, reflected: ReflectedColumn) -> Sql:
    if reflected.family is Family.JSON and not draft.dialect.compares_json:
        raise OperationError(Code.BAD_USER_INPUT, "A JSON column cannot be compared.")
    return draft.bind(value, storing)


def _member(draft: Draft, value: Operand | Expression, subject: Sql, storing: Storing, type: str) -> Sql:
    bound = draft.bind(value, listed(draft.dialect, storing))
    return draft.dialect.member(subject, bound, is_bytes=type == "Bytes")


def _lowered(draft: Draft, value: Operand | Expression, subject: Sql) -> tuple[Sql, Sql]:
    dialect = draft.dialect
    return dialect.lowered(subject), dialect.lowered_parameter(draft.bind(value, lowered(dialect)))


def _pattern(
    draft: Draft, operator: Operator, value: Operand | Expression, subject: Sql, reflected: ReflectedColumn
) -> Sql:
    dialect = draft.dialect
    before, after = _TEXT_ENDS[operator]
    any_case = operator in _ANY_CASE
    bound = draft.bind(value, pattern(dialect, before=before, after=after, any_case=any_case))
    is_text = reflected.family is Family.TEXT
    return dialect.matches(subject, bound, any_case=any_case, is_text=is_text, is_plain=reflected.plain)
