"""JSON Schemas of what is written about rows: values, filters, sort keys, with the names of one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tidegate.core.catalog import Catalog
from tidegate.core.filters import Operator
from tidegate.core.objects import DataObject
from tidegate.core.query import operators_for, sortable
from tidegate.core.types import EnumType, ListOf, TypeRef, nullable

JsonSchema: TypeAlias = dict[str, Any]
"""Any: JSON Schema is open-ended."""

REFERENCE: Final[JsonSchema] = {
    "type": "string",
    "pattern": r"^\$(args|currentUser|config)\.",
    "description": "A value taken whole: $args.name, $currentUser.email, $config.x.",
}
TEXT: Final[JsonSchema] = {"type": "string", "description": "A text; {{ args.name }} is a hole in it."}
_SCALARS: Final[Mapping[str, JsonSchema]] = {
    "Int": {"type": "integer"},
    "BigInt": {"type": ["integer", "string"]},
    "Float": {"type": "number"},
    "Decimal": {"type": ["number", "string"]},
    "Boolean": {"type": "boolean"},
    "ID": {"type": ["integer", "string"]},
    "JSON": {},
}
_LISTS: Final = (Operator.IN, Operator.NOT_IN, Operator.BETWEEN)
_NULLS: Final = (Operator.IS_NULL, Operator.IS_NOT_NULL)


def record(properties: Mapping[str, JsonSchema], required: Sequence[str] = (), **more: Any) -> JsonSchema:
    """A mapping with exactly these keys."""
    schema: JsonSchema = {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}
    return schema | {"required": list(required)} if required else schema


def words(names: Iterable[str], description: str = "") -> JsonSchema:
    """One of these texts."""
    schema: JsonSchema = {"enum": list(names)}
    return schema | {"description": description} if description else schema


def filter_name(built: DataObject) -> str:
    """The definition of an object's filter."""
    return f"filter of {built.name}"


def definition(name: str) -> JsonSchema:
    """A reference to `definitions`."""
    return {"$ref": f"#/definitions/{name.replace(' ', '%20')}"}


def value_schema(type: TypeRef, catalog: Catalog) -> JsonSchema:
    """What may be written for a column of this type."""
    leaf = nullable(type)
    if isinstance(leaf, ListOf):
        return {"anyOf": [{"type": "array", "items": value_schema(leaf.of, catalog)}, REFERENCE]}
    enum = catalog.types.get(leaf.name)
    if isinstance(enum, EnumType):
        return {"anyOf": [words(enum.values), REFERENCE]}
    return {"anyOf": [_SCALARS.get(leaf.name, TEXT), REFERENCE]}


def filter_definitions(catalog: Catalog) -> dict[str, JsonSchema]:
    """A filter for every object, by `filter_name`."""
    return {filter_name(built): _filter(built, catalog) for built in catalog.objects.values()}


def _filter(built: DataObject, catalog: Catalog) -> JsonSchema:
    own = definition(filter_name(built))
    properties: dict[str, JsonSchema] = {
        "and": {"type": "array", "items": own, "description": "All of these."},
        "or": {"type": "array", "items": own, "description": "At least one of these."},
        "not": own,
    }
    for name, column in built.columns.items():
        properties[name] = {**_comparison(column.type, catalog), "description": str(column.type)}
    for name, relation in built.relations.items():
        properties[name] = definition(filter_name(catalog.objects[relation.target]))
    return {"anyOf": [record(properties), REFERENCE]}


def _comparison(type: TypeRef, catalog: Catalog) -> JsonSchema:
    value = value_schema(type, catalog)
    several = {"anyOf": [{"type": "array", "items": value}, REFERENCE]}
    flag = {"anyOf": [{"type": "boolean"}, REFERENCE]}
    operators = {
        str(operator): several if operator in _LISTS else flag if operator in _NULLS else value
        for operator in operators_for(type, catalog.types)
    }
    return {"anyOf": [*value["anyOf"], record(operators)]}


def order_schema(built: DataObject) -> JsonSchema:
    """Sort keys of an object."""
    names = [name for name, column in built.columns.items() if sortable(column.type)]
    key = words([*names, *(f"-{name}" for name in names)], "A field; with - before it, descending.")
    return {"anyOf": [key, {"type": "array", "items": key}, REFERENCE]}


def fields_schema(built: DataObject, catalog: Catalog) -> JsonSchema:
    """Fields of an object with the values they get."""
    values = {name: value_schema(column.type, catalog) for name, column in built.columns.items()}
    return {
        "anyOf": [
            record({name: {"anyOf": [*value["anyOf"], {"type": "null"}]} for name, value in values.items()}),
            REFERENCE,
        ]
    }
