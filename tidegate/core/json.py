"""The one form in which values travel between the parts: what JSON can say, and the absence of a value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007
"""A JSON value. Dates, decimals, big integers, UUIDs and bytes travel as the strings GraphQL shows
(ISO 8601, plain digits, base64); integrations turn them into what their driver wants at their own border."""


class Missing(Enum):
    """The type of `MISSING`: an optional argument that was not given, which is not the same as null."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> Literal[False]:
        return False


MISSING: Final = Missing.MISSING

Given: TypeAlias = Json | Missing
"""What an expression resolves to: a value, or nothing at all."""


def frozen(value: Given) -> Hashable:
    """A JSON value as something that can be a key. Booleans and numbers are told apart."""
    match value:
        case Mapping():
            return ("{", *((name, frozen(inner)) for name, inner in value.items()))
        case str() | Missing() | None:
            return value
        case Sequence():
            return ("[", *map(frozen, value))
        case _:
            return (type(value).__name__, value)


def alike(value: Given) -> Hashable:
    """As `frozen`, but that a whole number and its digits are one: so an ID may be written."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else frozen(value)
