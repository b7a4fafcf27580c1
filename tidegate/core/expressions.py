"""What an author writes where a value is wanted, and what it becomes in a call.

`$args.id` is a `Reference`, taken whole; `"Ticket {{ row.id }}"` is a `Text` with holes; everything else stands for
itself. Neither has operators: what needs computing is computed in SQL, JavaScript or Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Final, TypeAlias

from tidegate.core.json import MISSING, Given, Json, Missing
from tidegate.core.location import Location
from tidegate.core.types import TypeRef

Hold: TypeAlias = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Literal:
    value: Json
    at: Location


@dataclass(frozen=True, slots=True)
class Reference:
    """`$root.path`, where a whole number picks an item of a list. `root` is `args`, `currentUser`, `config`, ..., the
    name of an earlier step, or `variables`: the client's own GraphQL variables, which only a compiled document can
    name, never a project file; nor can one name `input` and `key`, which stand for the fields that an acted write
    writes, and for the row it writes them to.

    `type`: what a step is known to give there. `hold` is there where nothing but the call can say whether the value is
    what is wanted: it gives the value as it travels, or raises `OperationError`."""

    root: str
    path: tuple[str, ...]
    at: Location
    type: TypeRef | None = field(default=None, compare=False)
    hold: Hold | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return ".".join((self.root, *self.path))


@dataclass(frozen=True, slots=True)
class Text:
    """Text with holes. `parts` alternates freely; a `str` part stands for itself."""

    parts: tuple[str | Reference, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping, in the order written. `keys` says where each key stands."""

    fields: Mapping[str, Expression]
    keys: Mapping[str, Location]
    at: Location


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Expression, ...]
    at: Location


Expression: TypeAlias = "Literal | Reference | Text | Record | Items"

Scope: TypeAlias = Mapping[str, Json]
"""What the references of a call can reach: a value for each root."""


CAN_BE_MISSING: Final = frozenset({"args", "variables", "input"})
"""The roots a client fills. Only what comes from there can be absent."""


def resolve(expression: Expression, scope: Scope) -> Given:
    """The value of `expression` in a call. A client's argument that was not given is `MISSING` when it is taken whole,
    is left out of a record, and is null in a list and empty in a text. Anything else that is not there is null: an
    identity without an e-mail address must never make a filter disappear. Raises `OperationError` where a value is not
    what is wanted at its place."""
    match expression:
        case Literal(value=value):
            return value
        case Reference(root=root, path=path, hold=hold):
            found = _reach(scope.get(root), path)
            if isinstance(found, Missing):
                return found if root in CAN_BE_MISSING else None
            return found if hold is None or found is None else hold(found)
        case Text(parts=parts):
            return "".join(part if isinstance(part, str) else as_text(resolve(part, scope)) for part in parts)
        case Record(fields=fields):
            resolved = ((name, resolve(value, scope)) for name, value in fields.items())
            return {name: value for name, value in resolved if not isinstance(value, Missing)}
        case Items(items=items):
            return [None if isinstance(given := resolve(item, scope), Missing) else given for item in items]


def as_text(value: Given) -> str:
    """How a value reads inside a text: nothing for null, JSON's words for booleans."""
    if value is None or value is MISSING:
        return ""
    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def references(expression: Expression) -> Iterator[Reference]:
    """Every reference in `expression`, in the order written."""
    match expression:
        case Reference():
            yield expression
        case Text(parts=parts):
            yield from (part for part in parts if isinstance(part, Reference))
        case Record(fields=fields):
            for value in fields.values():
                yield from references(value)
        case Items(items=items):
            for item in items:
                yield from references(item)


def _reach(value: Json, path: tuple[str, ...]) -> Given:
    for name in path:
        if isinstance(value, Mapping):
            if name not in value:
                return MISSING
            value = value[name]
        elif isinstance(value, Sequence) and not isinstance(value, str) and name.isdecimal():
            if int(name) >= len(value):
                return MISSING
            value = value[int(name)]
        else:
            return None
    return value
