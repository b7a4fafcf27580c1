"""A table of the project as its operations see it: columns, relations and who may touch which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tidegate.core.filters import EVERY_ROW, NO_ROW, AnyOf, Filter, Order
from tidegate.core.location import Location
from tidegate.core.types import TypeRef


class Access(StrEnum):
    """What a role may do with the rows of an object."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Column:
    """A field that is stored in a column. `rank`: the lowest role's place in the order that may read it."""

    field: str
    column: str
    type: TypeRef
    rank: int
    at: Location


@dataclass(frozen=True, slots=True)
class Relation:
    """A field that is one row or many rows of another object of the same integration.
    `on` pairs a field of the other object with the field here that it equals."""

    field: str
    target: str
    many: bool
    on: tuple[tuple[str, str], ...]
    order: tuple[Order, ...]
    limit: int | None
    at: Location


@dataclass(frozen=True, slots=True)
class Rule:
    """Roles of at least `rank` may touch the rows that pass `filter`."""

    rank: int
    filter: Filter


@dataclass(frozen=True, slots=True)
class DataObject:
    """`key` are fields, in the order of the primary key. A verb with no rule is allowed to nobody."""

    name: str
    integration: str
    table: str
    key: tuple[str, ...]
    type: str
    columns: Mapping[str, Column]
    relations: Mapping[str, Relation]
    access: Mapping[Access, tuple[Rule, ...]]
    at: Location

    def rows(self, access: Access, rank: int) -> Filter:
        """The rows that a role may touch: those of its own rule or of any lower role's, because a higher role may do
        all that a lower one may. `NO_ROW` where no rule reaches it."""
        filters = tuple(rule.filter for rule in self.access.get(access, ()) if rule.rank <= rank)
        if EVERY_ROW in filters:
            return EVERY_ROW
        return filters[0] if len(filters) == 1 else AnyOf(filters) if filters else NO_ROW
