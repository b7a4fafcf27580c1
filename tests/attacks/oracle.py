"""The service desk's access rules and filters once more, in plain Python, written from the example's own words and from
the reference of filters: nothing of the product is used here.

A filter is true, false or unknown (None), as in SQL; `ne` and `notIn` are true where the field is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""A row by the fields' GraphQL names. Any: values are of every type."""
Truth = bool | None

COLUMNS = {
    "users": {"id": "id", "email": "email", "name": "name", "role": "role", "team": "team"},
    "tickets": {
        **{name: name for name in ("id", "title", "description", "status", "priority", "email")},
        "assigneeEmail": "assignee_email",
        "internalNote": "internal_note",
    },
    "comments": {"id": "id", "ticketId": "ticket_id", "email": "email", "text": "body", "internal": "internal"},
}
RELATIONS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "users": {"tickets": ("tickets", "email", "email")},
    "tickets": {
        "author": ("users", "email", "email"),
        "assignee": ("users", "email", "assigneeEmail"),
        "comments": ("comments", "ticketId", "id"),
    },
    "comments": {"ticket": ("tickets", "id", "ticketId"), "author": ("users", "email", "email")},
}
"""relation: (object, their field, our field)"""
MANY = {("users", "tickets"), ("tickets", "comments")}
RESTRICTED = {("tickets", "internalNote")}
"""Fields that only support may read."""


def shown(name: str, value: Any) -> Any:
    if name in ("id", "ticketId"):
        return str(value)
    return bool(value) if name == "internal" else value


@dataclass(frozen=True)
class World:
    """Everything there is, whoever may see it."""

    rows: Mapping[str, list[Row]]

    @classmethod
    def of(cls, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> World:
        return cls(
            {
                table: [
                    {field: shown(field, row[column]) for field, column in COLUMNS[table].items()}
                    for row in tables[table]
                ]
                for table in COLUMNS
            }
        )

    def related(self, table: str, row: Row, relation: str) -> list[Row]:
        target, theirs, ours = RELATIONS[table][relation]
        return [other for other in self.rows[target] if other[theirs] == row[ours] and row[ours] is not None]


@dataclass(frozen=True)
class Reader:
    """One caller in one world."""

    world: World
    email: str | None
    role: str
    team: str | None

    @property
    def is_support(self) -> bool:
        return self.role in ("support", "admin")

    def sees(self, table: str, row: Row) -> bool:
        if self.is_support:
            return True
        match table:
            case "tickets":
                return self.email is not None and row["email"] == self.email
            case "comments":
                tickets = self.world.related("comments", row, "ticket")
                own = any(self.email is not None and ticket["email"] == self.email for ticket in tickets)
                return own and not row["internal"]
            case _:
                return (self.team is not None and row["team"] == self.team) or row["role"] in ("support", "admin")

    def rows(self, table: str) -> list[Row]:
        return [row for row in self.world.rows[table] if self.sees(table, row)]

    def related(self, table: str, row: Row, relation: str) -> list[Row]:
        target = RELATIONS[table][relation][0]
        return [other for other in self.world.related(table, row, relation) if self.sees(target, other)]

    def passes(self, table: str, row: Row, filter: Mapping[str, Any]) -> Truth:
        return every(self._entry(table, row, name, value) for name, value in filter.items() if value is not None)

    def _entry(self, table: str, row: Row, name: str, value: Any) -> Truth:
        match name:
            case "and":
                return every([self.passes(table, row, inner) for inner in value])
            case "or":
                return some([self.passes(table, row, inner) for inner in value])
            case "not":
                return negated(self.passes(table, row, value))
        if name in RELATIONS[table]:
            target = RELATIONS[table][name][0]
            return any(self.passes(target, other, value) is True for other in self.related(table, row, name))
        return every(compared(operator, row[name], operand) for operator, operand in value.items())

    def found(self, table: str, filter: Mapping[str, Any]) -> list[Row]:
        return [row for row in self.rows(table) if self.passes(table, row, filter) is True]


def names_restricted(table: str, filter: Mapping[str, Any]) -> bool:
    """Whether a filter looks at a field that only support may read."""
    for name, value in filter.items():
        if value is None:
            continue
        if (table, name) in RESTRICTED:
            return True
        if name in ("and", "or"):
            if any(names_restricted(table, inner) for inner in value):
                return True
        elif name == "not":
            if names_restricted(table, value):
                return True
        elif name in RELATIONS[table] and names_restricted(RELATIONS[table][name][0], value):
            return True
    return False


def every(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if False in known:
        return False
    return None if None in known else True


def some(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if True in known:
        return True
    return None if None in known else False


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "startsWith": lambda value, wanted: value.startswith(wanted),
    "endsWith": lambda value, wanted: value.endswith(wanted),
    "containsAnyCase": lambda value, wanted: wanted.lower() in value.lower(),
    "eqAnyCase": lambda value, wanted: wanted.lower() == value.lower(),
}


def compared(operator: str, value: Any, operand: Any) -> Truth:
    match operator:
        case "isNull":
            return bool((value is None) == operand)
        case "isNotNull":
            return bool((value is not None) == operand)
        case "ne":
            return value is None or bool(value != operand)
        case "notIn":
            return value is None or value not in operand
        case "in" if not operand:
            return False
    if value is None:
        return None
    match operator:
        case "eq":
            return bool(value == operand)
        case "in":
            return bool(value in operand)
        case "gt":
            return bool(int(value) > int(operand))
        case "lte":
            return bool(int(value) <= int(operand))
        case _:
            found = _TEXT[operator]
            return found(value, operand)
