"""Conditions, values and times of a step, in words. Names are told, values are not: a diagram may hang on a wall."""

from __future__ import annotations

from typing import Final

from tidegate.core.expressions import Expression, Literal, Record, Reference, Text
from tidegate.core.filters import Operator
from tidegate.core.flow import Check, Condition, Retry

UNSAID: Final = "…"
"""Stands for a value."""

MOST_NAMES: Final = 6

_COMPARED: Final = {
    Operator.EQ: "is",
    Operator.NE: "is not",
    Operator.GT: "is greater than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.BETWEEN: "is between",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.EQ_ANY_CASE: "is, in any case,",
    Operator.NE_ANY_CASE: "is not, in any case,",
    Operator.CONTAINS_ANY_CASE: "contains, in any case,",
    Operator.STARTS_WITH_ANY_CASE: "starts, in any case, with",
    Operator.ENDS_WITH_ANY_CASE: "ends, in any case, with",
}


def say_condition(condition: Condition) -> str:
    """`ticket.status is … and args.level is at least …`"""
    return " and ".join(map(_say_check, condition)) or "always"


def say_value(value: Expression | None) -> str:
    """`ticket.id`, `{ id, priority }`, `a text`: what it is made of, not what it is."""
    match value:
        case None | Literal(value=None):
            return "nothing"
        case Reference():
            return str(value)
        case Record():
            return f"{{ {say_names(value)} }}" if value.fields else "{ }"
        case Text():
            return "a text"
        case Literal():
            return "a fixed value"
        case _:
            return "a list"


def say_names(record: Record) -> str:
    """The names that something is given."""
    names = list(record.fields)
    return ", ".join((*names[:MOST_NAMES], UNSAID) if len(names) > MOST_NAMES else names)


def say_retry(retry: Retry) -> str:
    """`up to 3 more times, after 100ms, each gap 2 times the one before`"""
    times = "once more" if retry.times == 1 else f"up to {retry.times} more times"
    gaps = f", each gap {retry.factor:g} times the one before" if retry.factor != 1 and retry.times > 1 else ""
    return f"{times}, after {say_seconds(retry.interval)}{gaps}"


def say_seconds(seconds: float) -> str:
    """As a project writes it: `100ms`, `5s`, `2m`."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    return f"{seconds / 60:g}m" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g}s"


def _say_check(check: Check) -> str:
    subject = say_value(check.subject)
    if check.operator is None:
        return subject
    if check.operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        wanted = isinstance(check.value, Literal) and check.value.value is False
        return f"{subject} is {'not null' if wanted is (check.operator is Operator.IS_NULL) else 'null'}"
    value = str(check.value) if isinstance(check.value, Reference) else UNSAID
    return f"{subject} {_COMPARED[check.operator]} {value}"
