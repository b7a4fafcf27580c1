"""objects/*.yaml -> tables with their columns, relations and access rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.integration import Surroundings
from tidegate.core.location import Location
from tidegate.core.naming import snake_case
from tidegate.core.objects import Column, DataObject, Relation
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import JOINS
from tidegate.core.types import Argument, Field, Named, ObjectType, named
from tidegate.schema.access import read_access
from tidegate.schema.form import Form
from tidegate.schema.names import Names
from tidegate.schema.relations import add_relations
from tidegate.schema.tree import Node

KEYS: Final[Mapping[str, str]] = {
    "integration": "the database; required",
    "table": "the table or view, `schema.table` where it is not in the default schema. Default: the object's name",
    "key": "the field, or the list of fields, that tells rows apart; required",
    "type": "the type of types.graphql whose fields are the columns; required, and no other object's",
    "columns": "what differs from the defaults, by field",
    "relations": "the fields of the type that are other rows, by field",
    "access": "who may touch which rows; nobody may do what is not said here",
    "actions": "what is done before, during and after writes, and on demand",
}
COLUMN_KEYS: Final[Mapping[str, str]] = {
    "column": "its name in the database",
    "minRole": "the lowest role that may read it. A request that selects it with a lower role is FORBIDDEN",
}


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """An object as written. `type` is the type it names, where that exists."""

    name: str
    form: Form
    at: Location


def build_objects(forms: Mapping[str, ObjectForm], names: Names, problems: Problems) -> None:
    """Puts every object that can be used into `names.objects`, and what objects know of their types' fields (roles,
    arguments) into `names.types`. Access rules come later (`add_access`): they need all objects and generated types."""
    owners: dict[str, ObjectForm] = {}
    for written in forms.values():
        built = _build(written, owners, names, problems)
        if built is not None:
            names.objects[written.name] = built
    for name, built in list(names.objects.items()):
        names.objects[name] = add_relations(forms[name].form, built, names, problems)
    for built in names.objects.values():
        _mark_type(built, names)


_HINTS: Final = {
    "integration": "Name one of those in tidegate.yaml.",
    "key": "Name the field that tells its rows apart, such as id.",
    "type": "Name the type in types.graphql that its rows have.",
}


def add_access(
    forms: Mapping[str, ObjectForm], names: Names, surroundings: Surroundings, problems: Problems
) -> dict[str, DataObject]:
    """The objects with their access rules."""
    return {
        name: replace(built, access=read_access(forms[name].form, built, names, surroundings, problems))
        for name, built in names.objects.items()
    }


def _build(written: ObjectForm, owners: dict[str, ObjectForm], names: Names, problems: Problems) -> DataObject | None:
    form, name = written.form, written.name
    form.required("integration", "key", "type", at=written.at, hints=_HINTS)
    integration = names.integration_of(form, "integration")
    table = form.text("table") or name
    type = _read_type(written, owners, names, problems)
    keys = form.texts("key")
    relations = form.mapping("relations")
    related = relations.entries if relations is not None else {}
    if type is None or not isinstance(names.types.get(type), ObjectType):
        return None
    columns = _read_columns(form, type, related, names, problems)
    key: list[str] = []
    for node in keys:
        field = str(node.value)
        if field not in columns:
            sentence = f'The key "{field}" of the object "{name}" is not a field of {type}.'
            problems.add(node.at, sentence, did_you_mean(field, columns))
        elif field in key:
            problems.add(node.at, f'"{field}" is in the key of the object "{name}" twice.')
        else:
            key.append(field)
    if integration is None or not key:
        return None
    return DataObject(name, integration, table, tuple(key), type, columns, {}, {}, written.at)


def _read_type(written: ObjectForm, owners: dict[str, ObjectForm], names: Names, problems: Problems) -> str | None:
    form = written.form
    name = form.text("type")
    if name is None:
        return None
    at = form.node.entries["type"].at
    definition = names.types.get(name)
    if definition is None:
        if names.types_known:
            known = [type.name for type in names.types.values() if isinstance(type, ObjectType)]
            problems.add(at, f'There is no type "{name}".', did_you_mean(name, known) or "Declare it in types.graphql.")
        return None
    if not isinstance(definition, ObjectType):
        problems.add(at, f'"{name}" is not a type with fields.', "An object needs a type of types.graphql.")
        return None
    if name in owners:
        first = owners[name]
        place = first.form.node.entries["type"].at
        hint = "Declare a type of its own; fields may be the same."
        problems.add(at, f'The type "{name}" belongs to the object "{first.name}" already, at {place}.', hint)
        return name
    owners[name] = written
    return name


def _read_columns(
    form: Form, type: str, related: Mapping[str, Node], names: Names, problems: Problems
) -> dict[str, Column]:
    definition = names.types[type]
    fields: Mapping[str, Field] = definition.fields if isinstance(definition, ObjectType) else {}
    section = form.mapping("columns")
    written = section.entries if section is not None else {}
    for name, node in written.items():
        at = section.keys[name] if section is not None else node.at
        if name in related:
            problems.add(at, f'"{name}" is a relation; it has no column.', "Remove it here or there.")
        elif name not in fields:
            problems.add(at, f'"{name}" is not a field of {type}.', did_you_mean(name, fields))
    columns: dict[str, Column] = {}
    for name, field in fields.items():
        if name in related:
            continue
        if isinstance(names.types.get(named(field.type)), ObjectType):
            if form.unknown and not form.has("relations"):
                continue  # `relations` is misspelt, and that has been said.
            if any(other not in fields and did_you_mean(other, [name]).startswith("Did") for other in related):
                continue  # The relation is misspelt, and that is said elsewhere.
            sentence = f'"{name}" of {type} is a {named(field.type)}, so {form.noun} needs a relation for it.'
            problems.add(field.at, sentence, f"Write relations: {{ {name}: {{ one: …, on: … }} }} in its file.")
            continue
        if name in JOINS:
            hint = "Filters use this word. Give the field another name and say its column under columns."
            problems.add(field.at, f'"{name}" cannot be a field of an object.', hint)
        columns[name] = _read_column(written.get(name), name, field, names, problems)
    return columns


def _read_column(node: Node | None, name: str, field: Field, names: Names, problems: Problems) -> Column:
    if node is None:
        return Column(name, snake_case(name), field.type, 0, field.at)
    form = Form(node, f'the column of "{name}"', COLUMN_KEYS, problems)
    rank = names.rank_of(form, "minRole") if form.has("minRole") else 0
    return Column(name, form.text("column") or snake_case(name), field.type, rank or 0, node.at)


def _mark_type(built: DataObject, names: Names) -> None:
    definition = names.types[built.type]
    if not isinstance(definition, ObjectType):
        return
    fields = dict(definition.fields)
    for name, column in built.columns.items():
        if column.rank:
            fields[name] = replace(fields[name], rank=column.rank)
    for name, relation in built.relations.items():
        if relation.many:
            fields[name] = replace(fields[name], arguments=_page_arguments(relation))
    names.types[built.type] = replace(definition, fields=fields)


def _page_arguments(relation: Relation) -> dict[str, Argument]:
    described = {"limit": "At most so many rows.", "offset": "Leave out so many rows at the beginning."}
    return {
        name: Argument(name, Named("Int"), relation.at, description=description)
        for name, description in described.items()
    }
