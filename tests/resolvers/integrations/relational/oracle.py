"""Filters, orders and access rules once more, in plain Python: what the databases are held against.

A condition is true, false, or None: SQL's unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

Row = Mapping[str, Any]
"""Any: JSON values, as the API shows them."""


def conjunction(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def disjunction(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return True if True in found else None if None in found else False


def negation(part: bool | None) -> bool | None:
    return None if part is None else not part


def passes(filter: Mapping[str, Any], row: Row, related: Mapping[str, Any]) -> bool | None:
    """`related` gives the rows of a relation, and the filter they must pass besides, by its name."""
    parts: list[bool | None] = []
    for name, value in filter.items():
        if name == "and":
            parts.append(conjunction(passes(inner, row, related) for inner in value))
        elif name == "or":
            parts.append(disjunction(passes(inner, row, related) for inner in value))
        elif name == "not":
            parts.append(negation(passes(value, row, related)))
        elif name in related:
            rows = related[name](row)
            parts.append(any(passes(value, other, {}) is True for other in rows))
        else:
            parts += [compare(operator, row[name], operand, name) for operator, operand in value.items()]
    return conjunction(parts)


def sortable(value: Any, name: str) -> Any:
    """Decimals, big numbers and moments travel as text, and are compared as what they are."""
    if value is not None and name == "at":
        return datetime.fromisoformat(value)
    return Decimal(str(value)) if name in ("price", "big", "id") else value


def compare(operator: str, value: Any, operand: Any, name: str) -> bool | None:
    if operator in ("isNull", "isNotNull"):
        return bool((value is None) == (operand == (operator == "isNull")))
    if operator in ("ne", "neAnyCase", "notIn") and value is None:
        return True
    if value is None:
        # Of no values, not even an unknown one is among them.
        return False if operator == "in" and not operand else None
    text = str(value)
    match operator:
        case "eq":
            return bool(sortable(value, name) == sortable(operand, name))
        case "ne":
            return bool(sortable(value, name) != sortable(operand, name))
        case "gt":
            return bool(sortable(value, name) > sortable(operand, name))
        case "gte":
            return bool(sortable(value, name) >= sortable(operand, name))
        case "lt":
            return bool(sortable(value, name) < sortable(operand, name))
        case "lte":
            return bool(sortable(value, name) <= sortable(operand, name))
        case "in":
            return sortable(value, name) in [sortable(each, name) for each in operand]
        case "notIn":
            return sortable(value, name) not in [sortable(each, name) for each in operand]
        case "between":
            low, high = operand
            return bool(sortable(low, name) <= sortable(value, name) <= sortable(high, name))
        case "contains":
            return str(operand) in text
        case "startsWith":
            return text.startswith(str(operand))
        case "endsWith":
            return text.endswith(str(operand))
        case "eqAnyCase":
            return text.lower() == str(operand).lower()
        case "neAnyCase":
            return text.lower() != str(operand).lower()
        case "containsAnyCase":
            return str(operand).lower() in text.lower()
        case "startsWithAnyCase":
            return text.lower().startswith(operand.lower())
        case "endsWithAnyCase":
            return text.lower().endswith(operand.lower())
    raise AssertionError(operator)


def in_order(rows: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """By values like `points_DESC`, then by id. Nulls are greater than everything."""

    def compared(one: Row, other: Row) -> int:
        for key in (*order, "id_ASC"):
            name, _, direction = key.rpartition("_")
            left, right = one[name], other[name]
            if left == right:
                continue
            sign = -1 if direction == "DESC" else 1
            if left is None or right is None:
                return sign if left is None else -sign
            return sign if sortable(left, name) > sortable(right, name) else -sign
        return 0

    return sorted(rows, key=cmp_to_key(compared))
