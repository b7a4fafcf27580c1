"""Turns what a database refuses into what a client is told, in the words of the project.

    unique (email) on table users          ->  CONFLICT: "email" is already taken.
    foreign key (customer_id) of tickets   ->  CONFLICT: "customerId" names something that does not exist.

A driver says what was violated; nothing of its own text goes any further.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.objects import DataObject


class Rule(Enum):
    UNIQUE = "unique"
    MISSING_TARGET = "missing target"
    STILL_USED = "still used"
    BROKEN_LINK = "broken link"
    NOT_NULL = "not null"
    CHECK = "check"
    EXCLUSION = "exclusion"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of the database that a statement broke. `table` is named as reflection names it, empty where the database
    does not say; `columns` are those of the rule, if known; `constraint` is the name the rule has in the database, if
    it has one. `STILL_USED`: rows of `table` point at the row. `BROKEN_LINK`: a foreign key, and it is not known
    whether the row points at nothing or is still pointed at."""

    rule: Rule
    table: str = ""
    columns: tuple[str, ...] = ()
    constraint: str = ""


class Dangling(OperationError):
    """A row would point at nothing."""


@dataclass(slots=True)
class Vocabulary:
    """The project's words for tables and columns. Mutable: it learns the objects as requests are prepared. What the
    project has no word for is not named to clients."""

    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)

    def learn(self, integration: str, objects: Mapping[str, DataObject]) -> None:
        for item in objects.values():
            if item.integration == integration:
                words = self.fields.setdefault(item.table, {})
                words |= {column.column: column.field for column in item.columns.values()}
                self.objects.setdefault(item.table, item.name)

    def names(self, table: str, columns: Iterable[str]) -> tuple[str, ...]:
        """The fields of `columns`, or nothing if one of them has no word."""
        words = self.fields.get(table, {})
        found = [words.get(column) for column in columns]
        return tuple(word for word in found if word is not None) if all(found) else ()

    def explain(self, violation: Violation) -> OperationError:
        """The error that a client is shown. Its extension `fields` names the fields, where they are known."""
        names = self.names(violation.table, violation.columns)
        user = self.objects.get(violation.table, "")
        extensions = {"fields": names} if names else None
        kind = Dangling if violation.rule in (Rule.MISSING_TARGET, Rule.BROKEN_LINK) else OperationError
        return kind(_CODES[violation.rule], _sentence(violation, names, user), extensions)


_CODES: Final = {
    Rule.UNIQUE: Code.CONFLICT,
    Rule.MISSING_TARGET: Code.CONFLICT,
    Rule.STILL_USED: Code.CONFLICT,
    Rule.BROKEN_LINK: Code.CONFLICT,
    Rule.EXCLUSION: Code.CONFLICT,
    Rule.NOT_NULL: Code.BAD_USER_INPUT,
    Rule.CHECK: Code.BAD_USER_INPUT,
    Rule.TYPE: Code.BAD_USER_INPUT,
}


def _sentence(violation: Violation, names: Sequence[str], user: str) -> str:
    shown = _quoted(names)
    match violation.rule:
        case Rule.UNIQUE if len(names) == 1:
            return f"{shown} is already taken."
        case Rule.UNIQUE if names:
            return f"This combination of {shown} is already taken."
        case Rule.UNIQUE:
            return "Something that must be unique is already taken."
        case Rule.MISSING_TARGET if names:
            return f"{shown} {'names' if len(names) == 1 else 'name'} something that does not exist."
        case Rule.MISSING_TARGET:
            return "It names something that does not exist."
        case Rule.STILL_USED:
            return f'It is still used by "{user}".' if user else "It is still used elsewhere."
        case Rule.BROKEN_LINK:
            return "It names something that does not exist, or is still used elsewhere."
        case Rule.EXCLUSION:
            return f"{shown or 'It'} collides with something that is there already."
        case Rule.NOT_NULL:
            return f"{shown} must not be null." if names else "A value that must be there is missing."
        case Rule.CHECK if names:
            return f"A value breaks a rule about {shown}."
        case Rule.CHECK if violation.constraint and not _is_automatic(violation):
            return f'A value breaks the rule "{violation.constraint}".'
        case Rule.CHECK:
            return "A value breaks a rule."
        case Rule.TYPE:
            return f"The value of {shown} does not fit." if names else "A value does not fit."


def _is_automatic(violation: Violation) -> bool:
    """Whether PostgreSQL may have made the rule's name up, of the table's name and a column's: nothing for clients.
    SQLite makes no names up, and does not say the table's."""
    table = violation.table.rpartition(".")[2]
    return bool(table) and violation.constraint.startswith(f"{table}_")


def _quoted(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}" if quoted else ""
