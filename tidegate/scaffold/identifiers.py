"""Names that GraphQL and the project's format allow, each used once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tidegate.core.types import SCALARS
from tidegate.scaffold.words import camel, many, one, pascal, words

NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")

_FILTER_WORDS: Final = frozenset({"and", "or", "not"})
_TYPE_WORDS: Final = SCALARS | {"Query", "Mutation", "Subscription", "PageInfo", "Refreshed"}
_SUFFIXES: Final = ("Connection", "Edge", "Filter", "Order", "Comparison")
_ENUM_WORDS: Final = frozenset({"true", "false", "null"})


class Names:
    """Hands out names, none of them twice, whatever the case: two names that differ in case alone are a trap."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._taken

    def take(self, *wishes: str) -> str:
        """The first of `wishes` that is free, or the last with a number."""
        wish = next((wish for wish in wishes if wish not in self), wishes[-1])
        number, name = 2, wish
        while name in self:
            name, number = f"{wish}{number}", number + 1
        self._taken.add(name.lower())
        return name


class TypeNames(Names):
    """Also keeps clear of the types that Tidegate makes from a type: `TicketOrder` of `Ticket`."""

    def __contains__(self, name: str) -> bool:
        if name in _TYPE_WORDS or super().__contains__(name):
            return True
        stems = (name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix))
        made = (f"{name}{suffix}" for suffix in _SUFFIXES)
        return any(super(TypeNames, self).__contains__(other) for other in (*stems, *made)) or name.endswith(
            "Comparison"
        )


def field_name(column: str) -> str:
    """`created_at`, `CreatedAt`, `created at` -> `createdAt`."""
    return legal_field(camel(words(column)))


def legal_field(name: str) -> str:
    """A name that a field of an object can have: filters keep some words to themselves."""
    legal = _legal(name, "column")
    return f"{legal}Value" if legal in _FILTER_WORDS else legal


def type_name(name: str) -> str:
    """`film_actors` -> `FilmActor`."""
    return _legal(pascal(one(words(name))), "Table")


def single_name(table: str) -> str:
    """`film_actors` -> `filmActor`."""
    return _legal(camel(one(words(table))), "row")


def many_name(table: str) -> str:
    """`film_actor` -> `filmActors`. Where the language has no plural (`staff`), the same word."""
    return _legal(camel(many(words(table))), "rows")


def is_enum_value(label: str) -> bool:
    """Whether a database's label can be a GraphQL enum value as it stands."""
    return NAME.match(label) is not None and not label.startswith("__") and label not in _ENUM_WORDS


def _legal(name: str, nothing: str) -> str:
    if not name:
        return nothing
    return name if NAME.match(name) else f"_{name}"
