"""What can be asked of tables: the verbs, each with what its author wrote, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tidegate.core.expressions import Expression, Reference
from tidegate.core.filters import Filter
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.query import OrderBy
from tidegate.core.types import TypeRef
from tidegate.resolvers.integrations.relational.sql_text import SqlText


class Shape(StrEnum):
    """What an answer is made of. `ROW` and `ROWS` are objects with fields, `VALUE` and `VALUES` leaves, `PAGE` a
    connection, `COUNT` how many rows a write touched, `WHETHER` if it touched any."""

    ROW = "row"
    ROWS = "rows"
    PAGE = "page"
    VALUE = "value"
    VALUES = "values"
    COUNT = "count"
    WHETHER = "whether"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`type` is the whole type promised, `inner` that of one row or value without its exclamation mark. `required`:
    a single row must be there (NOT_FOUND otherwise)."""

    shape: Shape
    type: TypeRef
    inner: TypeRef
    required: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """`limit`, `offset` and `after` (a cursor) are null or absent where nothing was written or sent. `claims`: nobody
    else writes the rows until the transaction has ended."""

    target: DataObject
    where: Filter
    order: OrderBy
    limit: Expression | None
    offset: Expression | None
    after: Expression | None
    outcome: Outcome
    claims: bool = False


@dataclass(frozen=True, slots=True)
class Getting:
    target: DataObject
    where: Filter
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Counting:
    target: DataObject
    where: Filter
    outcome: Outcome


class Function(StrEnum):
    """`sum` of nothing is null, as in SQL; `avg` is a fraction also of whole numbers."""

    COUNT = "count"
    COUNT_DISTINCT = "countDistinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Measure:
    """A value over the rows of a group. `field` is none for the count of rows."""

    function: Function
    field: str | None


@dataclass(frozen=True, slots=True)
class Aggregating:
    """Each row has the fields of `group_by` and those of `measures`. `order` sorts by any of them."""

    target: DataObject
    where: Filter
    group_by: tuple[str, ...]
    measures: Mapping[str, Measure]
    order: OrderBy
    limit: Expression | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Creating:
    """`row` holds fields. What is MISSING in a call is left to the database."""

    target: DataObject
    row: Mapping[str, Expression]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CreatingMany:
    """`rows` is a list of mappings whose keys are among `fields`; `set` wins over them. `rank`: the highest rank that
    a field of `fields` needs is checked by the caller's GraphQL type, not here."""

    target: DataObject
    rows: Reference
    fields: tuple[str, ...]
    set: Mapping[str, Expression]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Updating:
    """`many` is false where `where` names one row by its whole key."""

    target: DataObject
    where: Filter
    set: Mapping[str, Expression]
    many: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Deleting:
    """`many` is false where `where` names one row by its whole key."""

    target: DataObject
    where: Filter
    many: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Statement:
    """The author's own SQL. `target` is the object of the returned type, if it is one of this integration."""

    text: SqlText
    target: DataObject | None
    outcome: Outcome
    at: Location


Verb: TypeAlias = Listing | Getting | Counting | Aggregating | Creating | CreatingMany | Updating | Deleting | Statement
