"""Requests that are mappings of values: how a method is asked, and what it says it reads and touches."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final, Protocol

from tidegate.core.expressions import Expression, Literal, Record, Reference, Text
from tidegate.core.footprint import UNKNOWN, Key, Read, Touch, Unknown
from tidegate.core.integration import Compiled, Declaration
from tidegate.core.json import Given
from tidegate.core.problems import Problems, ProjectError, did_you_mean
from tidegate.core.selection import Selection

MARK: Final = "__tidegate_verb__"
_TABLE: Final = "values"
"""One for all verbs: who is keyed by something else is concerned."""
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "str": ("string",),
    "int": ("integer",),
    "float": ("number",),
    "bool": ("boolean",),
}
"""By the annotation as it is written."""
WORDS: Final[Mapping[str, str]] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


@dataclass(frozen=True, slots=True)
class Mark:
    writes: bool
    key: str | None


@dataclass(frozen=True, slots=True)
class Verb:
    """A method, as its signature says how it is asked."""

    name: str
    mark: Mark
    types: Mapping[str, tuple[str, ...]]
    required: frozenset[str]

    @property
    def schema(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended. A text may be a reference, whatever the type."""
        properties = {name: {"type": sorted({*types, "string"})} if types else {} for name, types in self.types.items()}
        return {
            "type": "object",
            "properties": properties,
            "required": sorted(self.required),
            "additionalProperties": False,
        }


def verbs_of(made: type) -> Mapping[str, Verb]:
    found: dict[str, Verb] = {}
    for name, method in inspect.getmembers(made, inspect.isfunction):
        mark = getattr(method, MARK, None)
        if isinstance(mark, Mark):
            found[name] = _verb(name, method, mark)
    return found


def _verb(name: str, method: FunctionType, mark: Mark) -> Verb:
    _self, _draft, *taken = inspect.signature(method).parameters.values()
    types = {each.name: _TYPES.get(_written(each.annotation), ()) for each in taken}
    required = frozenset(each.name for each in taken if each.default is inspect.Parameter.empty)
    if mark.key is not None and mark.key not in types:
        raise TypeError(f"{name} has no parameter {mark.key}")
    return Verb(name, mark, types, required)


def _written(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")


class Opened(Protocol):
    @property
    def source(self) -> str: ...


class PlainRequest:
    """Implements `Prepared`, and, being the same for everybody, `Compiled`."""

    def __init__(self, integration: Opened, verb: Verb, declaration: Declaration) -> None:
        self.integration = integration
        self.verb = verb
        fields = _fields(verb, declaration)
        self.names = tuple(fields)
        self.inputs: tuple[Expression, ...] = tuple(fields.values())

    @property
    def writes(self) -> bool:
        return self.verb.mark.writes

    def compile(self, selection: Selection | None, rank: int) -> Compiled:  # noqa: ARG002 - it is always the same
        return self

    def reach(self) -> Sequence[Read]:
        return self.reads([UNKNOWN] * len(self.names))

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        if self.writes:
            return ()
        source, key = self.integration.source, self.verb.mark.key
        value = dict(zip(self.names, values, strict=True)).get(key, UNKNOWN) if key is not None else UNKNOWN
        if key is None or not isinstance(value, str | int):
            return (Read(source, None),)
        return (Read(source, _TABLE, None, (Key(key, frozenset({value})),)),)

    def touches(self, values: Mapping[str, Given]) -> tuple[Touch, ...]:
        key = self.verb.mark.key
        return (touch_of(self.integration.source, key, values.get(key) if key is not None else None),)

    def describe(self) -> str:
        shown = (f"{name}: {_shown(value)}" for name, value in zip(self.names, self.inputs, strict=True))
        return f"{self.verb.name} {{ {', '.join(shown)} }}"


def touch_of(source: str, key: str | None, value: Given) -> Touch:
    if key is None or not isinstance(value, str | int):
        return Touch(source, None)
    return Touch(source, _TABLE, None, ({key: value},))


def _fields(verb: Verb, declaration: Declaration) -> Mapping[str, Expression]:
    problems = Problems()
    body, noun = declaration.body, f'"{verb.name}"'
    if isinstance(body, Literal) and body.value is None:
        body = Record({}, {}, body.at)
    if not isinstance(body, Record):
        problems.add(body.at, f"{noun} is a mapping of values.", f"It takes {', '.join(verb.types) or 'nothing'}.")
        raise ProjectError(problems.found)
    for name, value in body.fields.items():
        at = body.keys.get(name, body.at)
        if name not in verb.types:
            problems.add(at, f'{noun} takes no "{name}".', did_you_mean(name, verb.types))
        elif verb.types[name] and not _may_be(value, verb.types[name]):
            problems.add(value.at, f'"{name}" of {noun} is {WORDS[verb.types[name][0]]}.')
    for name in sorted(verb.required - body.fields.keys()):
        problems.add(declaration.at, f'{noun} lacks "{name}".')
    problems.raise_any()
    return body.fields


def _may_be(value: Expression, types: tuple[str, ...]) -> bool:
    match value:
        case Literal(value=literal):
            return fits(literal, types)
        case Text():
            return types == ("string",)
        case _:
            return isinstance(value, Reference)


def fits(value: Given, types: tuple[str, ...]) -> bool:
    match types[:1]:
        case ("string",):
            return isinstance(value, str)
        case ("integer",):
            return type(value) is int
        case ("number",):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ("boolean",):
            return isinstance(value, bool)
        case _:
            return True


def _shown(value: Expression) -> str:
    match value:
        case Literal(value=literal):
            return repr(literal)
        case Reference():
            return f"${value}"
        case Text(parts=parts):
            return "".join(part if isinstance(part, str) else f"{{{{ {part} }}}}" for part in parts)
        case _:
            return "…"
