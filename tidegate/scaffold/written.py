"""What a project's files say of one integration's tables, read leniently: `pull` is for projects under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tidegate.core.naming import snake_case
from tidegate.core.problems import Problems
from tidegate.core.types import EnumType, ObjectType, TypeDefinition, named
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedTable
from tidegate.scaffold.outline import Written, WrittenObject
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import MapNode, ScalarNode, as_json
from tidegate.schema.typedefs import FILE as TYPES_FILE
from tidegate.schema.typedefs import read_types


@dataclass(frozen=True, slots=True)
class Manuscript:
    """`types_text` is types.graphql as it stands. `objects` are all those of the project; `tables` says which of them
    are of the integration."""

    types_text: str
    types: Mapping[str, TypeDefinition]
    objects: frozenset[str]
    tables: tuple[WrittenObject, ...]
    files: frozenset[str] = field(default_factory=frozenset)


def read_manuscript(folder: ProjectFolder, integration: str, problems: Problems) -> Manuscript:
    """Only what cannot be read at all is a problem; `check` tells the rest."""
    text = folder.text(TYPES_FILE) or "" if folder.exists(TYPES_FILE) else ""
    types = read_types(text, problems).types if text.strip() else {}
    names: set[str] = set()
    tables: list[WrittenObject] = []
    files = list(folder.yaml_files("objects"))
    for file in files:
        source = folder.text(file)
        root = read_yaml(source, file, problems) if source is not None else None
        for name, node in root.entries.items() if isinstance(root, MapNode) else ():
            names.add(name)
            if isinstance(node, MapNode) and _text(node, "integration", "") == integration:
                tables.append(_read_object(name, node, types))
    return Manuscript(text, types, frozenset(names), tuple(tables), frozenset(files))


def written(manuscript: Manuscript, tables: Mapping[str, ReflectedTable], integrations: frozenset[str]) -> Written:
    """What new names must fit beside. An enum of the database is the one that a person gave its column, whatever it is
    called and though it may lack values by now; else one that has just its values."""
    enums = {frozenset(type.values): name for name, type in manuscript.types.items() if isinstance(type, EnumType)}
    for data_object in manuscript.tables:
        definition = manuscript.types.get(data_object.type)
        reflected = tables.get(data_object.table)
        if not isinstance(definition, ObjectType) or reflected is None:
            continue
        for column, field_name in data_object.columns.items():
            known = reflected.columns.get(column)
            used = definition.fields.get(field_name)
            if known is None or used is None or not isinstance(manuscript.types.get(named(used.type)), EnumType):
                continue
            values = known.values if known.family is Family.ENUM else known.element_values
            if values:
                enums[frozenset(values)] = named(used.type)
    return Written(
        objects=manuscript.tables,
        types=frozenset(manuscript.types) | {data_object.type for data_object in manuscript.tables},
        enums=enums,
        names=manuscript.objects | integrations,
    )


def _read_object(name: str, node: MapNode, types: Mapping[str, TypeDefinition]) -> WrittenObject:
    type = _text(node, "type", "")
    section = _mapping(node, "columns")
    renamed = {
        field_name: _text(entry, "column", snake_case(field_name))
        for field_name, entry in section.items()
        if isinstance(entry, MapNode)
    }
    relations: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}
    for relation, entry in _mapping(node, "relations").items():
        if isinstance(entry, MapNode):
            pairs = as_json(entry.entries["on"]) if "on" in entry.entries else {}
            target = _text(entry, "many", _text(entry, "one", ""))
            on = pairs.items() if isinstance(pairs, Mapping) else ()
            relations[relation] = (target, frozenset((theirs, str(ours)) for theirs, ours in on))
    plain = WrittenObject(name, type, _text(node, "table", name), {}, relations)
    definition = types.get(type)
    fields = definition.fields if isinstance(definition, ObjectType) else dict.fromkeys(renamed)
    columns = {
        renamed.get(field_name, snake_case(field_name)): field_name
        for field_name in fields
        if field_name not in relations
    }
    return replace(plain, columns=columns)


def _mapping(node: MapNode, key: str) -> Mapping[str, object]:
    found = node.entries.get(key)
    return found.entries if isinstance(found, MapNode) else {}


def _text(node: MapNode, key: str, default: str) -> str:
    found = node.entries.get(key)
    return found.value if isinstance(found, ScalarNode) and isinstance(found.value, str) else default
