"""`%s` and arguments -> `?` and values: what the server is asked to prepare, and what it binds.

    id in (%s)  with [[1, 2]]   ->   id in (?, ?)  with 1, 2

`%%` is a percent sign. An empty list becomes a query that finds nothing, which is what stands in `in (…)` then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tidegate.core.errors import Code, OperationError

Value: TypeAlias = bool | int | float | Decimal | str | bytes | None

_PLACES: Final = re.compile("%[s%]")

_NOTHING: Final = "SELECT NULL FROM DUAL WHERE FALSE"

_MOST: Final = 65_535
"""Values of a prepared statement."""


def prepared_text(sql: str) -> str:
    """Where no argument is a list."""
    return _PLACES.sub(lambda place: "?" if place[0] == "%s" else "%", sql)


# Any: a list of arguments is not quite JSON.
def spread(sql: str, arguments: Sequence[Any]) -> tuple[str, list[Value]]:
    """The text, and all values in order. Raises `OperationError`."""
    given: Iterator[Any] = iter(arguments)
    values: list[Value] = []

    def replace(place: re.Match[str]) -> str:
        return "%" if place[0] == "%%" else _written(next(given), values)

    text = _PLACES.sub(replace, sql)
    if len(values) > _MOST:
        raise OperationError(Code.LIMIT, "This is too large for the database.")
    return text, values


def _written(argument: Any, values: list[Value]) -> str:
    if not isinstance(argument, list | tuple):
        values.append(argument)
        return "?"
    if not argument:
        return _NOTHING
    return ", ".join(
        f"({_written(item, values)})" if isinstance(item, list | tuple) else _written(item, values) for item in argument
    )


def refuse_misfits(values: Sequence[Any]) -> None:
    """Raises `OperationError` for what no MySQL takes, before anything is sent."""
    for value in values:
        kind = type(value)
        if kind is str:
            if not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError as error:
                    raise OperationError(Code.BAD_USER_INPUT, "A value does not fit.") from error
        elif kind is int and not -(1 << 63) <= value < 1 << 64:
            raise OperationError(Code.BAD_USER_INPUT, "A value does not fit: a number of 64 bits is wanted.")
