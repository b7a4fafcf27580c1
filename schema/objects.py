"""objects/*.yaml -> tables with their columns, relations and access rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.expressions import Expression
from tidegate.core.filters import EVERY_ROW, NO_ROW, Filter, Order
from tidegate.core.fitting import fits
from tidegate.core.integration import Surroundings
from tidegate.core.location import Location
from tidegate.core.naming import snake_case
from tidegate.core.objects import Access, Column, DataObject, Relation, Rule
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import JOINS, parse_filter, parse_order
from tidegate.core.types import Argument, Field, ListOf, Named, ObjectType, TypeRef, named, nullable
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form, capital
from tidegate.schema.names import Names
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, kind_of

KEYS: Final = ("integration", "table", "key", "type", "columns", "relations", "access")
COLUMN_KEYS: Final = ("column", "minRole")
RELATION_KEYS: Final = ("many", "one", "on", "orderBy", "limit")


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
        names.objects[name] = _add_relations(forms[name], built, names, problems)
    for built in names.objects.values():
        _mark_type(built, names)


def tells_access(written: ObjectForm) -> bool:
    """Whether it is known who may touch the rows: `access` is not just misspelt."""
    form = written.form
    return form.has("access") or not any(did_you_mean(key, ["access"]).startswith("Did") for key in form.unknown)


def add_access(
    forms: Mapping[str, ObjectForm], names: Names, surroundings: Surroundings, problems: Problems
) -> dict[str, DataObject]:
    """The objects with their access rules."""
    return {
        name: replace(built, access=_read_access(forms[name], built, names, surroundings, problems))
        for name, built in names.objects.items()
    }


def _build(written: ObjectForm, owners: dict[str, ObjectForm], names: Names, problems: Problems) -> DataObject | None:
    form, name = written.form, written.name
    form.required("integration", "key", "type", at=written.at)
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


def _add_relations(
    written: ObjectForm,
    built: DataObject,
    names: Names,
    problems: Problems,
) -> DataObject:
    section = written.form.mapping("relations")
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
    form = Form(node, noun, RELATION_KEYS, problems)
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


def _read_access(
    written: ObjectForm, built: DataObject, names: Names, surroundings: Surroundings, problems: Problems
) -> dict[Access, tuple[Rule, ...]]:
    section = written.form.mapping("access")
    if section is None:
        return {}
    verbs = [str(verb) for verb in Access]
    form = Form(section, f'access of the object "{built.name}"', verbs, problems)
    access: dict[Access, tuple[Rule, ...]] = {}
    for verb in Access:
        roles = form.mapping(verb)
        rules: list[Rule] = []
        for role, node in roles.entries.items() if roles is not None else ():
            at = roles.keys[role] if roles is not None else node.at
            known = names.project.roles
            if names.project.roles_known and role not in known:
                problems.add(at, f'"{role}" is not a role.', did_you_mean(role, known))
            filter = _read_rule(node, built, names, surroundings, problems)
            rules.append(Rule(known.index(role) if role in known else 0, filter))
        access[verb] = tuple(rules)
    return access


def _read_rule(node: Node, built: DataObject, names: Names, surroundings: Surroundings, problems: Problems) -> Filter:
    match node:
        case ScalarNode(value="all"):
            return EVERY_ROW
        case MapNode(entries=entries) if entries:
            return parse_filter(build_expression(node, names.access_scope(), problems), built, surroundings, problems)
        case MapNode() | ScalarNode() | ListNode():
            problems.add(node.at, "A rule is a filter, or all.", "Write { field: value }, or all for every row.")
            return NO_ROW
