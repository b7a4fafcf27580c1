"""The types clients see, in our own words: GraphQL's, without a GraphQL library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tidegate.core.json import MISSING, Given
from tidegate.core.location import Location

SCALARS: Final = frozenset(
    {
        *("Int", "Float", "String", "Boolean", "ID"),
        *("DateTime", "Date", "Time", "Decimal", "BigInt", "UUID", "JSON", "Bytes"),
    }
)
"""Every scalar there is: GraphQL's five and ours."""


@dataclass(frozen=True, slots=True)
class Named:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    of: TypeRef

    def __str__(self) -> str:
        return f"[{self.of}]"


@dataclass(frozen=True, slots=True)
class NonNull:
    of: Named | ListOf

    def __str__(self) -> str:
        return f"{self.of}!"


TypeRef: TypeAlias = "Named | ListOf | NonNull"
"""A use of a type, as GraphQL writes it: `[Ticket!]!`."""


def named(type: TypeRef) -> str:
    """The name inside all lists and exclamation marks."""
    while not isinstance(type, Named):
        type = type.of
    return type.name


def nullable(type: TypeRef) -> Named | ListOf:
    """The type without its outer exclamation mark."""
    return type.of if isinstance(type, NonNull) else type


@dataclass(frozen=True, slots=True)
class Argument:
    """What a client may send. `default` is `MISSING` where there is none; it is already coerced."""

    name: str
    type: TypeRef
    at: Location
    default: Given = MISSING
    description: str = ""
    private: bool = False
    """Kept out of logs and of the history of runs."""

    @property
    def required(self) -> bool:
        return isinstance(self.type, NonNull) and self.default is MISSING


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object type. `rank` is the lowest role's place in the project's order that may read it."""

    name: str
    type: TypeRef
    at: Location
    description: str = ""
    rank: int = 0
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    deprecated: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectType:
    name: str
    fields: Mapping[str, Field]
    at: Location
    description: str = ""


@dataclass(frozen=True, slots=True)
class EnumType:
    """`values` maps each value to its description, in the order they are written."""

    name: str
    values: Mapping[str, str]
    at: Location
    description: str = ""


@dataclass(frozen=True, slots=True)
class InputType:
    name: str
    fields: Mapping[str, Argument]
    at: Location
    description: str = ""


TypeDefinition: TypeAlias = ObjectType | EnumType | InputType
