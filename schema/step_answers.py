"""What a function answers, as far as it is written, held against what it promises.

Only what can never be right is told: what a value becomes in the answer is for the call to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.literals import article, shown
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import EnumType, ListOf, Named, NonNull, ObjectType, TypeDefinition, TypeRef, named, nullable

_OPEN = Named("JSON")


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    types: Mapping[str, TypeDefinition]
    problems: Problems

    def check(self, value: Expression, type: TypeRef, subject: str) -> None:
        """`subject` is what has the type, in a sentence: `the answer of triage`."""
        inner = nullable(type)
        if inner == _OPEN:
            return
        if isinstance(value, Literal) and value.value is None:
            if isinstance(type, NonNull):
                self._add(value.at, type, subject, "null")
            return
        if isinstance(value, Reference):
            self.hold(value.type, inner, value.at, subject, f"${value}")
        elif isinstance(inner, ListOf):
            self._list(value, inner, subject)
        elif isinstance(value, Items):
            self._add(value.at, inner, subject, "a list")
        else:
            self._one(value, inner, subject)

    def _list(self, value: Expression, type: ListOf, subject: str) -> None:
        if isinstance(value, Items):
            for item in value.items:
                self.check(item, type.of, f"an item of {subject}")
        else:
            self._add(value.at, type, subject, _kind(value))

    def _one(self, value: Expression, type: Named, subject: str) -> None:
        definition = self.types.get(type.name)
        if isinstance(definition, ObjectType):
            if isinstance(value, Record):
                self._fields(value, definition)
            else:
                self._add(value.at, type, subject, _kind(value))
        elif isinstance(value, Record):
            self._add(value.at, type, subject, "a mapping")
        elif isinstance(definition, EnumType) and isinstance(value, Literal) and value.value not in definition.values:
            hint = did_you_mean(str(value.value), definition.values)
            self.problems.add(value.at, f"{shown(value.value)} is not a value of {type}.", hint)

    def _fields(self, value: Record, type: ObjectType) -> None:
        for name, inner in value.fields.items():
            field = type.fields.get(name)
            if field is None:
                sentence = f'"{name}" is not a field of {type.name}.'
                self.problems.add(value.keys[name], sentence, did_you_mean(name, type.fields))
            else:
                self.check(inner, field.type, f'"{name}" of {type.name}')
        odd = [name for name in value.fields if name not in type.fields]
        for name, field in type.fields.items():
            # Objects in it are asked for by few clients, and are for the call to see.
            plain = not isinstance(self.types.get(named(field.type)), ObjectType)
            if not isinstance(field.type, NonNull) or not plain or name in value.fields:
                continue
            if not any(did_you_mean(key, [name]).startswith("Did") for key in odd):
                sentence = f'The answer lacks "{name}" of {type.name}, which is {article(field.type)}.'
                self.problems.add(value.at, sentence, "Add it, or let the field be null.")

    def hold(self, given: TypeRef | None, type: Named | ListOf, at: Location, subject: str, noun: str) -> None:
        """`noun` gives this. One thing or many, an object or not: the rest may still fit."""
        found = nullable(given) if given is not None else None
        if found is None or _OPEN in (found, type):
            return
        if isinstance(found, ListOf) is not isinstance(type, ListOf):
            self._add(at, type, subject, f"{noun}, {article(found)},")
            return
        while isinstance(found, ListOf) and isinstance(type, ListOf):
            found, type = nullable(found.of), nullable(type.of)
        if isinstance(found, Named) and isinstance(type, Named) and _OPEN not in (found, type):
            objects = [isinstance(self.types.get(each.name), ObjectType) for each in (found, type)]
            if objects[0] is not objects[1]:
                self._add(at, type, subject, f"{noun}, {article(found)},")

    def _add(self, at: Location, type: TypeRef, subject: str, what: str) -> None:
        self.problems.add(at, f"{subject[:1].upper()}{subject[1:]} is {article(type)}; {what} is not.")


def _kind(value: Expression) -> str:
    match value:
        case Literal(value=inner):
            return shown(inner)
        case Text():
            return "a text"
        case Record():
            return "a mapping"
        case _:
            return "this"
