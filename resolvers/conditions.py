"""Whether a condition of a step holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tidegate.core.expressions import Scope, resolve
from tidegate.core.filters import Operator
from tidegate.core.flow import Check, Condition
from tidegate.core.json import Given, Json, Missing, frozen


def holds(condition: Condition, scope: Scope) -> bool:
    return all(_holds(check, scope) for check in condition)


def is_true(value: Given) -> bool:
    """Neither null, false, 0 nor empty."""
    return bool(value)


def _holds(check: Check, scope: Scope) -> bool:
    subject = _known(resolve(check.subject, scope))
    if check.operator is None:
        return is_true(subject)
    given = None if check.value is None else _known(resolve(check.value, scope))
    match check.operator:
        case Operator.IS_NULL:
            return (subject is None) is is_true(given)
        case Operator.IS_NOT_NULL:
            return (subject is not None) is is_true(given)
        case Operator.EQ:
            return _equal(subject, given)
        case Operator.NE:
            return not _equal(subject, given)
        case Operator.IN:
            return any(_equal(subject, each) for each in _items(given))
        case Operator.NOT_IN:
            return not any(_equal(subject, each) for each in _items(given))
        case Operator.BETWEEN:
            low, high = (*_items(given), None, None)[:2]
            return _ordered(subject, low, _at_least) and _ordered(subject, high, _at_most)
        case Operator.GT | Operator.GTE | Operator.LT | Operator.LTE as operator:
            return _ordered(subject, given, _ORDERS[operator])
        case Operator.EQ_ANY_CASE:
            return _equal(_folded(subject), _folded(given))
        case Operator.NE_ANY_CASE:
            return not _equal(_folded(subject), _folded(given))
        case Operator.CONTAINS if isinstance(subject, Sequence) and not isinstance(subject, str):
            return any(_equal(each, given) for each in subject)
        case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH as operator:
            return _textual(subject, given, _TEXTS[operator])
        case Operator.CONTAINS_ANY_CASE:
            return _textual(_folded(subject), _folded(given), _TEXTS[Operator.CONTAINS])
        case Operator.STARTS_WITH_ANY_CASE:
            return _textual(_folded(subject), _folded(given), _TEXTS[Operator.STARTS_WITH])
        case Operator.ENDS_WITH_ANY_CASE:
            return _textual(_folded(subject), _folded(given), _TEXTS[Operator.ENDS_WITH])


def _known(value: Given) -> Json:
    return None if isinstance(value, Missing) else value


def _equal(one: Json, other: Json) -> bool:
    """As JSON has it: 1 and 1.0 are the same number, 1 and true are not. Nothing equals null."""
    if one is None or other is None:
        return False
    if isinstance(one, Mapping | list | tuple) or isinstance(other, Mapping | list | tuple):
        return _sorted(one) == _sorted(other)
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _sorted(value: Json) -> object:
    if isinstance(value, Mapping):
        return {name: _sorted(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_sorted(inner) for inner in value]
    return frozen(value) if isinstance(value, bool) else value


def _items(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _folded(value: Json) -> Json:
    return value.casefold() if isinstance(value, str) else value


def _ordered(one: Json, other: Json, order: Callable[[float | str, float | str], bool]) -> bool:
    """Numbers among themselves and texts among themselves, which dates are as well; anything else has no order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    if isinstance(one, int | float) and isinstance(other, int | float):
        return order(one, other)
    return isinstance(one, str) and isinstance(other, str) and order(one, other)


def _at_least(one: float | str, other: float | str) -> bool:
    return one >= other  # type: ignore[operator]


def _at_most(one: float | str, other: float | str) -> bool:
    return one <= other  # type: ignore[operator]


_ORDERS: Final[Mapping[Operator, Callable[[float | str, float | str], bool]]] = {
    Operator.GT: lambda one, other: one > other,  # type: ignore[operator]
    Operator.GTE: _at_least,
    Operator.LT: lambda one, other: one < other,  # type: ignore[operator]
    Operator.LTE: _at_most,
}

_TEXTS: Final[Mapping[Operator, Callable[[str, str], bool]]] = {
    Operator.CONTAINS: lambda text, part: part in text,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}


def _textual(subject: Json, given: Json, check: Callable[[str, str], bool]) -> bool:
    return isinstance(subject, str) and isinstance(given, str) and check(subject, given)
