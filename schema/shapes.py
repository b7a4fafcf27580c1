"""What is known of the value of a step, and whether names lead to something in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tidegate.core.json import Json, Missing
from tidegate.core.literals import article
from tidegate.core.problems import did_you_mean
from tidegate.core.types import (
    SCALARS,
    Argument,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
    named,
    nullable,
)

Shape: TypeAlias = "TypeRef | Mapping[str, Named] | None"
"""A type of the project; or the fields that are there; or none, where it can be anything."""

_TEXT: Final = Named("String")
ERROR: Final[Mapping[str, Named]] = {"code": _TEXT, "message": _TEXT, "step": _TEXT}
"""What `error` is, where something has failed."""

_UNKNOWN: Final = Named("JSON")


@dataclass(frozen=True, slots=True)
class Walk:
    """Walks from a shape along names and numbers."""

    types: Mapping[str, TypeDefinition]

    def explain(self, root: str, shape: Shape, path: Sequence[str]) -> tuple[int, str, str] | None:
        """Which of the names leads nowhere, with a sentence and a hint; none if all is well."""
        noun = root
        for index, name in enumerate(path):
            if not isinstance(shape, NonNull | ListOf | Named):
                if shape is None or name in shape:
                    shape = None if shape is None else shape[name]
                    noun = f"{noun}.{name}"
                    continue
                return index, f'"{noun}" has no field "{name}".', did_you_mean(name, shape)
            type = nullable(shape)
            if isinstance(type, ListOf):
                if not name.isdecimal():
                    return index, f'"{noun}" is a list, {shape}.', f"Name an item of it: {noun}.0.{name}."
                shape, noun = type.of, f"{noun}.{name}"
                continue
            if self.is_open(type):
                return None
            fields = self._fields(type)
            if name not in fields:
                definition = self.types.get(type.name)
                if isinstance(definition, ObjectType) and name in definition.fields:
                    sentence = f'"{name}" of {type} is an object, and a step gives plain fields only.'
                    return index, sentence, "Ask for it in a step of its own."
                if not fields:
                    return index, f'"{noun}" is {article(shape)}: it has no fields.', "Take it whole."
                return index, f'"{noun}" is {article(shape)}, which has no field "{name}".', did_you_mean(name, fields)
            shape, noun = fields[name], f"{noun}.{name}"
        return None

    def follow(self, shape: Shape, path: Iterable[str]) -> Shape:
        """What the path leads to; none where that is not known."""
        for name in path:
            if not isinstance(shape, NonNull | ListOf | Named):
                shape = shape.get(name) if shape is not None else None
                continue
            type = nullable(shape)
            if isinstance(type, ListOf):
                shape = nullable(type.of)
            elif self.is_open(type):
                return None
            else:
                shape = self._fields(type).get(name)
        return shape

    def is_open(self, type: Named) -> bool:
        """Whether anything may be named in it."""
        return type == _UNKNOWN or (type.name not in self.types and type.name not in SCALARS)

    def _fields(self, type: Named) -> Mapping[str, TypeRef]:
        match self.types.get(type.name):
            case ObjectType(fields=fields) if type.name.endswith("Connection") and "nodes" in fields:
                return {"nodes": fields["nodes"].type}
            case ObjectType(fields=fields):
                return {
                    name: field.type
                    for name, field in fields.items()
                    if not isinstance(self.types.get(named(field.type)), ObjectType)
                }
            case InputType(fields=arguments):
                return {name: argument.type for name, argument in arguments.items()}
            case _:
                return {}


def type_of(shape: Shape) -> TypeRef | None:
    """The type, where it says something: JSON can be anything."""
    return shape if isinstance(shape, NonNull | ListOf | Named) and named(shape) != _UNKNOWN.name else None


def item_of(shape: Shape) -> Shape:
    """What an item of it is, where it is a list."""
    if isinstance(shape, NonNull | ListOf | Named):
        inner = nullable(shape)
        return inner.of if isinstance(inner, ListOf) else None
    return None


def list_of(shape: Shape) -> Shape:
    return NonNull(ListOf(shape)) if isinstance(shape, NonNull | ListOf | Named) else None


def common(shapes: Iterable[Shape]) -> Shape:
    """What can be said of a value that is one of these, or null."""
    loose = [nullable(shape) if isinstance(shape, NonNull) else shape for shape in shapes]
    return loose[0] if loose and all(shape == loose[0] for shape in loose) else None


def shape_of_literal(value: Json) -> Shape:
    match value:
        case bool():
            return NonNull(Named("Boolean"))
        case int():
            return NonNull(Named("Int"))
        case str():
            return NonNull(_TEXT)
        case _:
            return None


def argument_type(argument: Argument) -> TypeRef:
    """The type as a step sees it: what has a default is there."""
    if isinstance(argument.default, Missing) or argument.default is None or isinstance(argument.type, NonNull):
        return argument.type
    return NonNull(argument.type)
