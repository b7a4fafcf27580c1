"""What a database has and a project lacks -> changed and new files. Nothing that a person wrote goes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidegate.core.types import EnumType
from tidegate.resolvers.integrations.relational.tables import ReflectedTable
from tidegate.scaffold.graphql_text import enum_text, field_text, type_text
from tidegate.scaffold.insertion import add_definition, add_to_type
from tidegate.scaffold.outline import FieldOutline, ObjectOutline, Outline, RelationOutline, WrittenObject
from tidegate.scaffold.survey import survey, without
from tidegate.scaffold.text import flow, scalar
from tidegate.scaffold.written import Manuscript, written
from tidegate.scaffold.yaml_text import Opening, is_renamed, object_text, relation_line
from tidegate.schema.typedefs import FILE as TYPES_FILE


@dataclass(frozen=True, slots=True)
class Pulled:
    """`files` are those to write, by path. `done` says what they add, `left` what only a person can decide."""

    files: Mapping[str, str]
    done: tuple[str, ...]
    left: tuple[str, ...]


def pull(
    manuscript: Manuscript,
    tables: Mapping[str, ReflectedTable],
    integration: str,
    integrations: frozenset[str],
    opening: Opening,
    *,
    new: bool,
) -> Pulled:
    """`opening` is for objects of tables that the project does not know yet; without `new` they are left out."""
    outline = survey(tables, written(manuscript, tables, integrations))
    if not new:
        known = {data_object.table for data_object in manuscript.tables}
        outline = without(outline, {data_object.table for data_object in outline.objects} - known)
    return _Pull(manuscript, tables, integration, outline, opening).pulled()


class _Pull:
    def __init__(
        self,
        manuscript: Manuscript,
        tables: Mapping[str, ReflectedTable],
        integration: str,
        outline: Outline,
        opening: Opening,
    ) -> None:
        self._manuscript = manuscript
        self._tables = tables
        self._integration = integration
        self._outline = outline
        self._opening = opening
        self._text = manuscript.types_text
        self._files: dict[str, str] = {}
        self._done: list[str] = []
        self._left: list[str] = []

    def pulled(self) -> Pulled:
        by_table = {data_object.table: data_object for data_object in self._manuscript.tables}
        self._add_enum_values()
        new_types: list[str] = []
        for data_object in self._outline.objects:
            known = by_table.get(data_object.table)
            if known is None:
                new_types.append(type_text(data_object))
                self._add_object(data_object)
            elif known.type in self._manuscript.types:
                self._extend(data_object, known)
            elif known.type:
                new_types.append(type_text(_as_written(data_object, known)))
                self._done.append(f"types.graphql: the type {known.type}.")
        needed = " ".join((self._text, *new_types))
        for enum in self._outline.enums:
            # An enum whose only columns were left out is not needed.
            if f" {enum.name}" in needed or f"[{enum.name}" in needed:
                self._text = add_definition(self._text, enum_text(enum))
                self._done.append(f"types.graphql: the enum {enum.name}.")
        for definition in new_types:
            self._text = add_definition(self._text, definition)
        for known in self._manuscript.tables:
            if known.table not in self._tables:
                self._left.append(f"{known.name}: the database has no table {known.table}.")
        self._left += [f"The table {table} has no key, so it can be no object." for table in self._outline.keyless]
        if self._text != self._manuscript.types_text:
            self._files[TYPES_FILE] = self._text
        return Pulled(self._files, tuple(self._done), tuple(self._left))

    def _add_object(self, data_object: ObjectOutline) -> None:
        path = f"objects/{data_object.name}.yaml"
        number = 2
        while path in self._manuscript.files or path in self._files:
            path, number = f"objects/{data_object.name}{number}.yaml", number + 1
        self._files[path] = object_text(data_object, self._integration, self._opening)
        self._done.append(f"{path}: the object {data_object.name}, and its type {data_object.type}.")

    def _extend(self, data_object: ObjectOutline, known: WrittenObject) -> None:
        lines = ""
        for field in data_object.fields:
            if field.column in known.columns:
                continue
            if is_renamed(field):
                self._left.append(_renamed(known, field))
            else:
                lines += field_text(field)
                self._done.append(f"types.graphql: {known.type}.{field.name}.")
        if lines:
            self._text = add_to_type(self._text, known.type, lines)
        there = self._tables[data_object.table].columns
        for column, name in known.columns.items():
            if column not in there:
                self._left.append(f"{known.type}.{name}: the table {known.table} has no column {column} any more.")
        for relation in data_object.relations:
            if relation.name not in known.relations:
                self._left.append(_relatable(known, relation))

    def _add_enum_values(self) -> None:
        for name, values in self._grown_enums():
            self._text = add_to_type(self._text, name, "".join(f"  {value}\n" for value in values))
            self._done.append(f"types.graphql: {name} has {', '.join(values)} too.")

    def _grown_enums(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        found = written(self._manuscript, self._tables, frozenset()).enums
        for values, name in found.items():
            definition = self._manuscript.types[name]
            assert isinstance(definition, EnumType)
            more = values - set(definition.values)
            if more:
                yield name, tuple(sorted(more))


def _as_written(data_object: ObjectOutline, known: WrittenObject) -> ObjectOutline:
    """With just the relations that the object's file declares."""
    relations = tuple(relation for relation in data_object.relations if relation.name in known.relations)
    return ObjectOutline(
        name=data_object.name,
        single=data_object.single,
        type=data_object.type,
        table=data_object.table,
        key=data_object.key,
        unique=data_object.unique,
        writable=data_object.writable,
        fields=data_object.fields,
        relations=relations,
        comment=data_object.comment,
    )


def _renamed(known: WrittenObject, field: FieldOutline) -> str:
    line = f"{scalar(field.name)}: {flow({'column': field.column})}"
    return (
        f"{known.name}: the column {field.column} is new. To show it, write {line} under its columns, "
        f"and {field.name}: {field.shown} in {known.type}."
    )


def _relatable(known: WrittenObject, relation: RelationOutline) -> str:
    line = f"{scalar(relation.name)}: {relation_line(relation)}"
    return (
        f"{known.name}: there is a way to {relation.target}. To show it, write {line} under its relations, "
        f"and {relation.name}: {relation.shown} in {known.type}."
    )
