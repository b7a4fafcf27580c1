"""What a generated project will say, before it is written as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldOutline:
    """A column as a field. `type` is without its exclamation mark. `writable` is false for what the database computes;
    `required` where an INSERT cannot do without it."""

    name: str
    column: str
    type: str
    nullable: bool
    writable: bool
    required: bool
    comment: str = ""

    @property
    def shown(self) -> str:
        return self.type if self.nullable else f"{self.type}!"


@dataclass(frozen=True, slots=True)
class RelationOutline:
    """`on` pairs the other object's field with the field here. `target` is an object's name, `type` its type's."""

    name: str
    target: str
    type: str
    many: bool
    on: tuple[tuple[str, str], ...]
    order: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return f"[{self.type}!]!" if self.many else self.type


@dataclass(frozen=True, slots=True)
class ObjectOutline:
    """A table. `key` are fields. `unique` is false where the database promises no key, as for every view: its rows can
    be listed, not addressed one by one. `single` names one row in the names of operations (`film`), `name` many
    (`films`)."""

    name: str
    single: str
    type: str
    table: str
    key: tuple[str, ...]
    unique: bool
    writable: bool
    fields: tuple[FieldOutline, ...]
    relations: tuple[RelationOutline, ...] = ()
    comment: str = ""

    def field(self, name: str) -> FieldOutline:
        return next(field for field in self.fields if field.name == name)


@dataclass(frozen=True, slots=True)
class EnumOutline:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """`keyless` names tables that are left out: nothing tells their rows apart, so no page of them has an end."""

    objects: tuple[ObjectOutline, ...]
    enums: tuple[EnumOutline, ...]
    keyless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object that the project has already: a person may have renamed anything in it. `columns` maps columns to
    fields; `relations` maps the names of its relations to the object they lead to and their pairs (theirs, ours)."""

    name: str
    type: str
    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What the project has already, and new names must fit beside. `enums` maps an enum's values to its name."""

    objects: tuple[WrittenObject, ...] = ()
    types: frozenset[str] = frozenset()
    enums: Mapping[frozenset[str], str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    """Names of objects and integrations, which `use:` reads alike."""


NOTHING_WRITTEN = Written()
