"""What each scalar lets out: one function each, from a result to what clients get. GraphQL's own scalars follow its
rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite

from tidegate.core.json import Json
from tidegate.core.scalar_forms import GREATEST_INT, SMALLEST_INT, Invalid, is_decimal


def shown(fits: Callable[[str], object], name: str) -> Callable[[Json], Json]:
    """Results are held against the form and passed on as they are: what an integration wrote is what clients see,
    by whichever path it went."""

    def show(value: Json) -> Json:
        if isinstance(value, str) and fits(value):
            return value
        raise Invalid(f"Not a {name}.")

    return show


def show_text(value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() if isfinite(value):
            return str(value)
    raise Invalid("Not a String.")


def show_id(value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            pass
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
    raise Invalid("Not an ID.")


def show_int(value: Json) -> int:
    number: Json = value
    if isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            number = None
    elif isinstance(value, bool):
        return int(value)
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, int) and SMALLEST_INT <= number <= GREATEST_INT:
        return number
    raise Invalid("Not an Int.")


def show_float(value: Json) -> float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise Invalid("Not a Float.") from None
        if isfinite(number) and not (isinstance(value, int) and int(number) != value):
            return number
    raise Invalid("Not a Float.")


def show_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and isfinite(value):
        return value != 0
    raise Invalid("Not a Boolean.")


def show_decimal(value: Json) -> Json:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, str) and is_decimal(value):
        return value
    raise Invalid("Not a Decimal.")


def show_bigint(value: Json) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value, re.ASCII):
        return value
    raise Invalid("Not a BigInt.")


def show_json(value: Json) -> Json:
    return value
