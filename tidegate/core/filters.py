"""Which rows: the filter tree of `where:` and of access rules, and the order of rows.

    where: { status: $args.status, or: [{ title: { contains: $args.q } }, { author: { email: $currentUser.email } }] }

A mapping is an AND. A key is a field of the object (a comparison), a relation of it (some related row), or one of
`and`, `or` (lists), `not` (a mapping). A field's value is either the value it must equal or a mapping of operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from tidegate.core.expressions import Expression, Reference
from tidegate.core.location import Location


class Operator(StrEnum):
    """`in` and `notIn` take a list, `between` two values (both ends included), `isNull` and `isNotNull` a boolean.
    The last five ignore case. Text is matched as it stands: `%` and `_` mean themselves."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "notIn"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    IS_NULL = "isNull"
    IS_NOT_NULL = "isNotNull"
    EQ_ANY_CASE = "eqAnyCase"
    NE_ANY_CASE = "neAnyCase"
    CONTAINS_ANY_CASE = "containsAnyCase"
    STARTS_WITH_ANY_CASE = "startsWithAnyCase"
    ENDS_WITH_ANY_CASE = "endsWithAnyCase"


MEANINGS: Final[Mapping[Operator, str]] = {
    Operator.EQ: "equal",
    Operator.NE: "not equal, or null",
    Operator.GT: "greater",
    Operator.GTE: "greater or equal",
    Operator.LT: "less",
    Operator.LTE: "less or equal",
    Operator.IN: "one of a list",
    Operator.NOT_IN: "none of a list, or null",
    Operator.BETWEEN: "from the first to the second of a list of two, both included",
    Operator.CONTAINS: "text that holds this; `%` and `_` mean themselves",
    Operator.STARTS_WITH: "text that begins with this",
    Operator.ENDS_WITH: "text that ends with this",
    Operator.IS_NULL: "null, or with `false` not null",
    Operator.IS_NOT_NULL: "not null, or with `false` null",
    Operator.EQ_ANY_CASE: "`eq`, whatever the case",
    Operator.NE_ANY_CASE: "`ne`, whatever the case",
    Operator.CONTAINS_ANY_CASE: "`contains`, whatever the case",
    Operator.STARTS_WITH_ANY_CASE: "`startsWith`, whatever the case",
    Operator.ENDS_WITH_ANY_CASE: "`endsWith`, whatever the case",
}
"""What each finds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`. SQL's null rules, with two exceptions that authors expect: `ne` and `notIn` also find
    rows where the field is null. `optional` is true where the value is a client's argument that may be left out or
    null: a read then drops the comparison, a write refuses."""

    field: str
    operator: Operator
    value: Expression
    optional: bool
    at: Location


@dataclass(frozen=True, slots=True)
class Related:
    """Some row of the relation passes `filter`."""

    relation: str
    filter: Filter
    at: Location


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `filters`. Of none: every row."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of `filters`. Of none: no row."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    filter: Filter


@dataclass(frozen=True, slots=True)
class Sent:
    """A whole filter that the client sends: `where: $args.where`, of the object's generated input type."""

    value: Reference


Filter: TypeAlias = "Comparison | Related | All | AnyOf | Not | Sent"

EVERY_ROW = All(())
NO_ROW = AnyOf(())


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key. Nulls come last ascending and first descending, in every database."""

    field: str
    descending: bool
    at: Location
