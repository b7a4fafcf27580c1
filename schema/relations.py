"""Relations of an object: which rows of another object belong to each of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tidegate.core.expressions import Expression
from tidegate.core.filters import Order
from tidegate.core.fitting import fits
from tidegate.core.integration import Surroundings
from tidegate.core.location import Location
from tidegate.core.objects import DataObject, Relation
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import parse_order
from tidegate.core.types import Field, ListOf, Named, ObjectType, TypeRef, named, nullable
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form, capital
from tidegate.schema.names import Names
from tidegate.schema.tree import Node, ScalarNode, kind_of

KEYS: Final[Mapping[str, str]] = {
    "many": "the other object, for a field of the type `[T!]!`",
    "one": "the other object, for a field of the type `T`",
    "on": "a mapping of their fields to ours",
    "orderBy": "the order of many rows: `createdAt`, `-createdAt`, or a list",
    "limit": "how many rows at most, where the client does not say",
}


def add_relations(form: Form, built: DataObject, names: Names, problems: Problems) -> DataObject:
    """The object with its relations; `names.objects` holds all objects with their columns."""
    section = form.mapping("relations")
    definition = names.types[built.type]
    fields = definition.fields if isinstance(definition, ObjectType) else {}
    relations: dict[str, Relation] = {}
    for name, node in section.entries.items() if section is not None else ():
        at = section.keys[name] if section is not None else node.at
        field = fields.get(name)
        if field is None:
            hint = did_you_mean(name, fields) or f"Add it to the type: {name}: [{built.type}!]!."
            problems.add(at, f'"{name}" is not a field of {built.type}.', hint)
            continue
        relation = _read_relation(name, node, field, built, names, at, problems)
        if relation is not None:
            relations[name] = relation
    # Fields whose relation is wrong or missing, which has been said: filters may name them all the same.
    for name, field in fields.items():
        target = next((other for other in names.objects.values() if other.type == named(field.type)), None)
        if name not in relations and name not in built.columns and target is not None:
            many = isinstance(nullable(field.type), ListOf)
            relations[name] = Relation(name, target.name, many, (), (), None, field.at)
    return replace(built, relations=relations)


def _read_relation(
    name: str, node: Node, field: Field, built: DataObject, names: Names, at: Location, problems: Problems
) -> Relation | None:
    noun = f'the relation "{name}"'
    form = Form(node, noun, KEYS, problems)
    if not form.sound or not _one_target(form, problems):
        return None
    many = form.has("many")
    word = "many" if many else "one"
    target_name = form.text(word)
    form.required("on", at=at)
    limit = form.count("limit")
    if target_name is None:
        return None
    if target_name not in names.object_names:
        if names.objects_known:
            place = form.node.entries[word].at
            problems.add(place, f'There is no object "{target_name}".', did_you_mean(target_name, names.object_names))
        return Relation(name, target_name, many, (), (), limit, at)
    target = names.objects.get(target_name)
    if target is None:
        return Relation(name, target_name, many, (), (), limit, at)
    if target.integration != built.integration:
        hint = "Rows of two integrations cannot be joined."
        sentence = (
            f'"{target_name}" is in the integration "{target.integration}", "{built.name}" in "{built.integration}".'
        )
        problems.add(form.node.entries[word].at, sentence, hint)
        return None
    _check_relation_type(name, field, target, many, built, problems)
    pairs = _read_pairs(form, built, target, names, problems)
    for key in ("orderBy", "limit"):
        if not many and form.has(key):
            problems.add(form.key_at(key), f'"{key}" is for many rows; {noun} is one.', "Remove it.")
    order_node = form.node_of("orderBy")
    order: tuple[Order, ...] = ()
    if order_node is not None:
        surroundings = Surroundings(names.objects, names.types, names.project.roles, names.project.limits)
        found = parse_order(_plain_expression(order_node, names, problems), target, surroundings, problems)
        order = found if isinstance(found, tuple) else ()
    return Relation(name, target_name, many, pairs, order, limit, at)


def _plain_expression(node: Node, names: Names, problems: Problems) -> Expression:
    return build_expression(node, names.access_scope(), problems)


def _one_target(form: Form, problems: Problems) -> bool:
    if form.has("many") and form.has("one"):
        problems.add(form.key_at("one"), f'"many" and "one" cannot both be in {form.noun}.', "Keep one of them.")
        return False
    if not form.has("many") and not form.has("one"):
        if not form.unknown:
            problems.add(form.at, f'{capital(form.noun)} lacks "one" or "many".', "Name the other object.")
        return False
    return True


def _check_relation_type(
    name: str, field: Field, target: DataObject, many: bool, built: DataObject, problems: Problems
) -> None:
    type = nullable(field.type)
    inner: TypeRef = nullable(type.of) if isinstance(type, ListOf) else type
    if isinstance(type, ListOf) == many and inner == Named(target.type):
        return
    wanted = f"[{target.type}!]!" if many else target.type
    sentence = f'"{name}" of {built.type} is {field.type}, but the relation gives {wanted}.'
    problems.add(field.at, sentence, f"Write {name}: {wanted}.")


def _read_pairs(
    form: Form, built: DataObject, target: DataObject, names: Names, problems: Problems
) -> tuple[tuple[str, str], ...]:
    section = form.mapping("on")
    pairs: list[tuple[str, str]] = []
    if section is not None and not section.entries:
        problems.add(section.at, f'"on" of {form.noun} is empty.', "Write on: { theirs: ours }.")
    for theirs, node in section.entries.items() if section is not None else ():
        at = section.keys[theirs] if section is not None else node.at
        their = target.columns.get(theirs)
        if their is None:
            hint = did_you_mean(theirs, target.columns)
            problems.add(at, f'"{theirs}" is not a field of {target.name}.', hint or "On the left stands their field.")
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            problems.add(node.at, f'"on" pairs fields: theirs: ours; {kind_of(node)} is no field.')
            continue
        our = built.columns.get(node.value)
        if our is None:
            problems.add(
                node.at,
                f'"{node.value}" is not a field of {built.name}.',
                did_you_mean(node.value, built.columns) or "On the right stands our field.",
            )
        elif their is not None:
            if not fits(our.type, their.type, names.types) and not fits(their.type, our.type, names.types):
                sentence = f'"{theirs}" of {target.name} is {their.type}, "{node.value}" of {built.name} is {our.type}.'
                problems.add(node.at, sentence, "They can never be equal.")
            pairs.append((theirs, node.value))
    return tuple(pairs)
