"""The JSON Schema of requests, for the author's editor: what is used, and its verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.core.catalog import Catalog
from tidegate.core.integration import IntegrationKind
from tidegate.core.objects import DataObject
from tidegate.schema.editor_rows import (
    JsonSchema,
    definition,
    fields_name,
    filter_name,
    order_name,
    record,
    words,
)
from tidegate.schema.requests import ROW_VERBS


def request_schema(
    catalog: Catalog, kinds: Mapping[str, IntegrationKind], beside: Mapping[str, JsonSchema]
) -> JsonSchema:
    """Of `run`, or of a step, where more may stand beside the verb."""
    verbs = {verb: kind.request_schema(verb) for kind in kinds.values() for verb in sorted(kind.verbs)}
    choices: list[JsonSchema] = []
    for built in catalog.objects.values():
        bodies = {verb: _body(schema, built) for verb, schema in verbs.items() if verb in ROW_VERBS}
        choices.append(_choice([built.name], bodies, beside))
    others = {verb: dict(schema) for verb, schema in verbs.items() if verb not in ROW_VERBS}
    choices.append(_choice(catalog.integrations, others, beside))
    return {
        "type": "object",
        "required": ["use"],
        "properties": {"use": words((*catalog.objects, *catalog.integrations), "An object or an integration.")},
        "allOf": choices,
    }


def _choice(names: Iterable[str], bodies: Mapping[str, JsonSchema], beside: Mapping[str, JsonSchema]) -> JsonSchema:
    use = words(names)
    size = {"minProperties": 2, "maxProperties": 2 + len(beside)}
    body = record({"use": use, **bodies, **beside}, ("use",), **size)
    return {"if": {"properties": {"use": use}, "required": ["use"]}, "then": body}


def _body(schema: Mapping[str, object], built: DataObject) -> JsonSchema:
    """What an integration says of a verb's body, with the names of this object where they are known."""
    body: JsonSchema = dict(schema)
    properties = body.get("properties")
    if not isinstance(properties, Mapping):
        return definition(fields_name(built))
    known = {"where": definition(filter_name(built)), "set": definition(fields_name(built))}
    if "values" not in properties:
        known["orderBy"] = definition(order_name(built))
    else:
        names = words(built.columns)
        known["groupBy"] = {"anyOf": [names, {"type": "array", "items": names}]}
    return body | {"properties": {name: known.get(name, inner) for name, inner in properties.items()}}
