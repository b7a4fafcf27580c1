"""A result -> what the client gets: GraphQL's value completion over JSON values.

Leaves are held against their types, names become the client's, and a null where there must be none makes its parent
null, up to the nearest place that may be. A result with nothing wrong takes the short way, with no paths and no
handlers; only when that gives up is the same result gone through again to say what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeAlias

from tidegate.core.json import Json
from tidegate.core.scalar_forms import GREATEST_INT, SMALLEST_INT, Invalid
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import EnumType, ListOf, NonNull, TypeDefinition, TypeRef
from tidegate.schema.scalars import SCALARS

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong in a result. `selected` is the field it happened in, or none for the root field itself.
    The message names the schema's types and never holds a value."""

    path: Path
    message: str
    selected: Selected | None


class _Flawed(Exception):
    """A position that must not be null cannot be filled."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.flaw = flaw


MOST: Final = 1000
"""How many flaws of one result are kept."""

Completed: TypeAlias = tuple[Json, list[Flaw]]
"""A value, and everything wrong with it in the order of the answer. Null and flawed where the whole must not be null:
then the last flaw is why."""
_Trail: TypeAlias = "tuple[_Trail, str | int] | None"
_Careful: TypeAlias = Callable[[Json, _Trail, list[Flaw]], Json]
_Quick: TypeAlias = Callable[[Json], Json]


class _Odd(Exception):
    """The short way does not do here."""


class Completer:
    """Completes results of one type for one selection; made once, used for every call."""

    def __init__(
        self,
        type: TypeRef,
        selection: Selection | None,
        keyed: bool,
        types: Mapping[str, TypeDefinition],
        field: str = "the field",
    ) -> None:
        """`keyed`: objects are keyed by the client's names, not by the fields' own. `field` is how messages call it."""
        made = _Maker(keyed, types)
        self._quick = made.quick(type, selection)
        self._careful = made.careful(type, selection, None, field)

    def complete(self, value: Json, path: Path) -> Completed:
        """`path` is where the value stands in the answer."""
        try:
            return self._quick(value), []
        except _Odd:
            flaws: list[Flaw] = []
            trail: _Trail = None
            for key in path:
                trail = (trail, key)
            try:
                return self._careful(value, trail, flaws), flaws
            except _Flawed as error:
                return None, [*flaws, error.flaw]


def complete(
    value: Json,
    type: TypeRef,
    selection: Selection | None,
    keyed: bool,
    path: Path,
    types: Mapping[str, TypeDefinition],
) -> Completed:
    """`Completer.complete`, for one use."""
    return Completer(type, selection, keyed, types).complete(value, path)


class _Maker:
    def __init__(self, keyed: bool, types: Mapping[str, TypeDefinition]) -> None:
        self._keyed = keyed
        self._types = types

    def careful(self, type: TypeRef, selection: Selection | None, selected: Selected | None, field: str) -> _Careful:
        if isinstance(type, NonNull):
            inner = self._careful(type.of, selection, selected, field)

            def required(value: Json, trail: _Trail, flaws: list[Flaw]) -> Json:
                if value is None:
                    message = f"Cannot return null for non-nullable field {field}."
                    raise _Flawed(Flaw(_path(trail), message, selected))
                return inner(value, trail, flaws)

            return required
        inner = self._careful(type, selection, selected, field)

        def optional(value: Json, trail: _Trail, flaws: list[Flaw]) -> Json:
            if value is None:
                return None
            try:
                return inner(value, trail, flaws)
            except _Flawed as error:
                if len(flaws) < MOST:
                    flaws.append(error.flaw)
                return None

        return optional

    def _careful(self, type: TypeRef, selection: Selection | None, selected: Selected | None, field: str) -> _Careful:
        def wrong(trail: _Trail, message: str) -> _Flawed:
            return _Flawed(Flaw(_path(trail), message, selected))

        if isinstance(type, ListOf):
            item = self.careful(type.of, selection, selected, field)

            def items(value: Json, trail: _Trail, flaws: list[Flaw]) -> Json:
                if not isinstance(value, (list, tuple)):
                    raise wrong(trail, f"Expected a list for field {field}.")
                return [item(inner, (trail, index), flaws) for index, inner in enumerate(value)]

            return items
        if selection is not None:
            fields = [
                (
                    inner.key,
                    inner.key if self._keyed else inner.field,
                    self.careful(inner.type, inner.selection, inner, f"{selection.type}.{inner.field}"),
                    inner.field == "__typename",
                )
                for inner in selection.fields
            ]
            name = selection.type

            def record(value: Json, trail: _Trail, flaws: list[Flaw]) -> Json:
                if not isinstance(value, Mapping):
                    raise wrong(trail, f"Expected an object of type {name} for field {field}.")
                return {
                    key: name if constant else complete(value.get(source), (trail, key), flaws)
                    for key, source, complete, constant in fields
                }

            return record
        show = self._leaf(named_of(type))

        def leaf(value: Json, trail: _Trail, _: list[Flaw]) -> Json:
            try:
                return show(value)
            except Invalid as error:
                raise wrong(trail, f"Wrong value for field {field}: {error.message}") from None

        return leaf

    def _leaf(self, name: str) -> Callable[[Json], Json]:
        if name in SCALARS:
            return SCALARS[name].show
        definition = self._types[name]
        if not isinstance(definition, EnumType):
            raise TypeError(f"{name} has fields to select.")
        values = definition.values

        def show(value: Json) -> Json:
            if isinstance(value, str) and value in values:
                return value
            raise Invalid(f"Not a value of {name}.")

        return show

    def quick(self, type: TypeRef, selection: Selection | None) -> _Quick:
        required = isinstance(type, NonNull)
        inner = self._quick(type.of if isinstance(type, NonNull) else type, selection)

        def position(value: Json) -> Json:
            if value is None:
                if required:
                    raise _Odd
                return None
            return inner(value)

        return position

    def _quick(self, type: TypeRef, selection: Selection | None) -> _Quick:
        if isinstance(type, ListOf):
            item = self.quick(type.of, selection)

            def items(value: Json) -> Json:
                if not isinstance(value, (list, tuple)):
                    raise _Odd
                return [item(inner) for inner in value]

            return items
        if selection is not None:
            return self._quick_record(selection)
        return _QUICK.get(named_of(type)) or _quick_shown(self._leaf(named_of(type)))

    def _quick_record(self, selection: Selection) -> _Quick:
        name = selection.type
        fields = [
            (inner.key, inner.key if self._keyed else inner.field, self._quick_field(name, inner))
            for inner in selection.fields
        ]

        def record(value: Json) -> Json:
            if not isinstance(value, Mapping):
                raise _Odd
            get = value.get
            return {key: complete(get(source)) for key, source, complete in fields}

        return record

    def _quick_field(self, type: str, selected: Selected) -> _Quick:
        if selected.field == "__typename":
            return lambda _: type
        return self.quick(selected.type, selected.selection)


def named_of(type: TypeRef) -> str:
    """The name of a type that is no list."""
    if isinstance(type, NonNull):
        type = type.of
    if isinstance(type, ListOf):
        raise TypeError("A list has no name.")
    return type.name


def _path(trail: _Trail) -> Path:
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    return tuple(reversed(keys))


def _quick_shown(show: Callable[[Json], Json]) -> _Quick:
    def leaf(value: Json) -> Json:
        try:
            return show(value)
        except Invalid:
            raise _Odd from None

    return leaf


def _quick_text(value: Json) -> Json:
    if value.__class__ is str:
        return value
    raise _Odd


def _quick_int(value: Json) -> Json:
    if value.__class__ is int and SMALLEST_INT <= value <= GREATEST_INT:
        return value
    raise _Odd


def _quick_float(value: Json) -> Json:
    if value.__class__ is float and isfinite(value):
        return value
    raise _Odd


def _quick_boolean(value: Json) -> Json:
    if value is True or value is False:
        return value
    raise _Odd


_QUICK: Final[Mapping[str, _Quick]] = {
    "String": _quick_text,
    "ID": _quick_text,
    "Int": _quick_int,
    "Float": _quick_float,
    "Boolean": _quick_boolean,
    "JSON": lambda value: value,
}
"""What nearly every leaf is."""
