"""JSON Schemas of what is written about rows: values, filters, sort keys, with the names of one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import quote

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


def record(
    properties: Mapping[str, JsonSchema],
    required: Sequence[str] = (),
    *,
    meanings: Mapping[str, str] | None = None,
    **more: Any,
) -> JsonSchema:
    """A mapping with exactly these keys; `meanings` are what is said of them."""
    told = described(properties, meanings or {})
    schema: JsonSchema = {"type": "object", "properties": told, "additionalProperties": False, **more}
    return schema | {"required": list(required)} if required else schema


def described(properties: Mapping[str, JsonSchema], meanings: Mapping[str, str]) -> dict[str, JsonSchema]:
    """The same, with these descriptions."""
    return {
        name: {**schema, "description": meanings[name]} if name in meanings else schema
        for name, schema in properties.items()
    }


def words(names: Iterable[str], description: str = "") -> JsonSchema:
    """One of these texts."""
    schema: JsonSchema = {"enum": list(names)}
    return schema | {"description": description} if description else schema


def filter_name(built: DataObject) -> str:
    """The definition of an object's filter."""
    return f"filter of {built.name}"


def fields_name(built: DataObject) -> str:
    """The definition of fields of an object with the values they get."""
    return f"fields of {built.name}"


def order_name(built: DataObject) -> str:
    """The definition of an object's sort keys."""
    return f"order of {built.name}"


def definition(name: str) -> JsonSchema:
    """A reference to `definitions`."""
    return {"$ref": f"#/definitions/{quote(name)}"}


def row_definitions(catalog: Catalog) -> dict[str, JsonSchema]:
    """The definitions of every object, and of the values and comparisons of the types of their columns."""
    found: dict[str, JsonSchema] = {}
    for built in catalog.objects.values():
        found[filter_name(built)] = _filter(built, catalog)
        found[fields_name(built)] = _fields(built)
        found[order_name(built)] = _order(built)
        for column in built.columns.values():
            found[_value_name(column.type)] = _value(column.type, catalog)
            found[_comparison_name(column.type)] = _comparison(column.type, catalog)
    return found


def _value_name(type: TypeRef) -> str:
    return f"value of {nullable(type)}"


def _comparison_name(type: TypeRef) -> str:
    return f"comparison with {nullable(type)}"


def _value(type: TypeRef, catalog: Catalog) -> JsonSchema:
    """What may be written for a column of this type."""
    leaf = nullable(type)
    if isinstance(leaf, ListOf):
        return {"anyOf": [{"type": "array", "items": _value(leaf.of, catalog)}, REFERENCE], "description": str(type)}
    enum = catalog.types.get(leaf.name)
    form = words(enum.values) if isinstance(enum, EnumType) else _SCALARS.get(leaf.name, TEXT)
    return {"anyOf": [form, REFERENCE], "description": leaf.name}


def _filter(built: DataObject, catalog: Catalog) -> JsonSchema:
    own = definition(filter_name(built))
    properties: dict[str, JsonSchema] = {
        "and": {"type": "array", "items": own, "description": "All of these."},
        "or": {"type": "array", "items": own, "description": "At least one of these."},
        "not": own,
    }
    for name, column in built.columns.items():
        properties[name] = definition(_comparison_name(column.type))
    for name, relation in built.relations.items():
        properties[name] = definition(filter_name(catalog.objects[relation.target]))
    return {"anyOf": [record(properties), REFERENCE]}


def _comparison(type: TypeRef, catalog: Catalog) -> JsonSchema:
    value = definition(_value_name(type))
    several = {"anyOf": [{"type": "array", "items": value}, REFERENCE]}
    flag = {"anyOf": [{"type": "boolean"}, REFERENCE]}
    operators = {
        str(operator): several if operator in _LISTS else flag if operator in _NULLS else value
        for operator in operators_for(type, catalog.types)
    }
    return {"anyOf": [value, record(operators)], "description": str(nullable(type))}


def _order(built: DataObject) -> JsonSchema:
    names = [name for name, column in built.columns.items() if sortable(column.type)]
    key = words([*names, *(f"-{name}" for name in names)], "A field; with - before it, descending.")
    return {"anyOf": [key, {"type": "array", "items": key}, REFERENCE]}


def _fields(built: DataObject) -> JsonSchema:
    values = {
        name: {"anyOf": [definition(_value_name(column.type)), {"type": "null"}]}
        for name, column in built.columns.items()
    }
    return {"anyOf": [record(values), REFERENCE]}
