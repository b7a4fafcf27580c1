"""The values that a statement needs from a call, and what of them its text depends on.

Statements bind every value. Still their text can differ from call to call: a comparison is dropped where its argument
was not sent, a filter that the client sends has a shape of its own. So a compiled request keeps a statement for each
*shape* of its values. Which aspects of which input make up the shape is learnt while a statement is drafted: the draft
asks `GivenValues.present`, `.exact` and so on, and what it asked is written down in `Shaping`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.core.filters import Operator
from tidegate.core.json import MISSING, Given, Json, Missing, frozen

Aspect = Callable[[Given], Hashable]

DEEPEST: Final = 40
"""How deep a sent filter may be nested."""


class Inputs:
    """The expressions to resolve for a call, each once, in the order they were first met. Mutable while a request is
    compiled, and then left alone."""

    def __init__(self) -> None:
        self.expressions: list[Expression] = []
        self._places: dict[Hashable, int] = {}

    def place(self, expression: Expression) -> int:
        """Where the value of `expression` stands in the values of a call."""
        key: Hashable = (
            (expression.root, expression.path, expression.hold)
            if isinstance(expression, Reference)
            else ("", id(expression))
        )
        if key not in self._places:
            self._places[key] = len(self.expressions)
            self.expressions.append(expression)
        return self._places[key]


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of the call: the input at `place`, or what lies at `path` inside it."""

    place: int
    path: tuple[str | int, ...] = ()

    def within(self, *path: str | int) -> Operand:
        return Operand(self.place, (*self.path, *path))

    def value(self, values: Sequence[Given]) -> Given:
        found: Given = values[self.place]
        for step in self.path:
            if isinstance(step, str) and isinstance(found, Mapping):
                found = found.get(step, MISSING)
            elif isinstance(step, int) and isinstance(found, Sequence):
                found = found[step]
            else:
                return MISSING
        return found


@dataclass(slots=True)
class Shaping:
    """The aspects of each input that statements of one compiled request depend on. It only grows, and a key made with
    fewer aspects never equals one made with more."""

    aspects: dict[tuple[int, str], Aspect] = field(default_factory=dict)

    def note(self, place: int, name: str, aspect: Aspect) -> None:
        self.aspects[place, name] = aspect

    def key(self, values: Sequence[Given]) -> Hashable:
        # In the order they were learnt, which does not change: keys of equal length are about the same aspects.
        return tuple([aspect(values[place]) for (place, _), aspect in self.aspects.items()])


@dataclass(slots=True)
class GivenValues:
    """The values of the call for which a statement is drafted. With none, as for `tidegate plan`, all are present."""

    inputs: Inputs
    shaping: Shaping
    values: Sequence[Given] | None

    def operand(self, expression: Expression) -> Operand:
        return Operand(self.inputs.place(expression))

    def present(self, expression: Expression) -> bool:
        """Whether the value is there and is not null."""
        if isinstance(expression, Literal):
            return expression.value is not None
        place = self.inputs.place(expression)
        self.shaping.note(place, "present", is_present)
        return self.values is None or is_present(self.values[place])

    def sent(self, expression: Expression) -> bool:
        """Whether the value is there, be it null."""
        place = self.inputs.place(expression)
        self.shaping.note(place, "sent", is_sent)
        return self.values is None or is_sent(self.values[place])

    def exact(self, expression: Expression) -> Given:
        """The value itself, for the few that decide on the text. MISSING for `tidegate plan`."""
        if isinstance(expression, Literal):
            return expression.value
        place = self.inputs.place(expression)
        self.shaping.note(place, "exact", frozen)
        return MISSING if self.values is None else self.values[place]

    def without_nulls(self, expression: Expression) -> bool:
        """Whether a list is there and holds no null."""
        place = self.inputs.place(expression)
        self.shaping.note(place, "without nulls", is_without_nulls)
        return self.values is None or is_without_nulls(self.values[place])

    def structure(self, expression: Expression, aspect: Aspect) -> Given:
        """The value, of which the text depends on `aspect` and nothing else."""
        place = self.inputs.place(expression)
        self.shaping.note(place, "structure", aspect)
        return MISSING if self.values is None else self.values[place]


def is_present(value: Given) -> bool:
    return value is not None and value is not MISSING


def is_sent(value: Given) -> bool:
    return value is not MISSING


def is_without_nulls(value: Given) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(item is not None for item in value)
    return is_present(value)


def outline(value: Given, depth: int = 0) -> Hashable:
    """The shape of a sent filter: its keys, its booleans and nulls, how many filters its lists hold, how many ends a
    `between` has; not its values."""
    if depth > DEEPEST:
        raise OperationError(Code.LIMIT, f"The filter is nested more than {DEEPEST} levels deep.")
    match value:
        case Mapping():
            return ("{", *((name, *_ends(name, inner), outline(inner, depth + 1)) for name, inner in value.items()))
        case bool() | Missing() | None:
            return value
        case str():
            return "value"
        case Sequence() if any(isinstance(item, Mapping) for item in value):
            return ("[", *(outline(item, depth + 1) for item in value))
        case Sequence():
            return ("values", len(value) == 0, all(item is not None for item in value))
        case _:
            return "value"


def _ends(name: str, value: Json) -> tuple[int, ...]:
    return (len(value),) if name == Operator.BETWEEN and isinstance(value, Sequence) else ()


def as_json(value: Given) -> Json:
    """Null for what is missing."""
    return None if isinstance(value, Missing) else value
