"""The JSON Schema of requests, for the author's editor: what is used, and its verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.core.catalog import Catalog
from tidegate.core.objects import DataObject
from tidegate.schema.editor_rows import (
    JsonSchema,
    definition,
    described,
    fields_name,
    filter_name,
    order_name,
    record,
    words,
)
from tidegate.schema.requests import ROW_VERBS
from tidegate.schema.verbs import VERBS


def request_schema(catalog: Catalog, beside: Mapping[str, JsonSchema]) -> JsonSchema:
    """Of `run`, or of a step, where more may stand beside the verb."""
    choices: list[JsonSchema] = []
    for built in catalog.objects.values():
        kind = catalog.kinds[built.integration]
        bodies = {verb: _body(kind.request_schema(verb), built) for verb in sorted(kind.verbs & ROW_VERBS.keys())}
        choices.append(_choice([built.name], bodies, beside))
    for name in catalog.integrations:
        kind = catalog.kinds[name]
        # Rows are asked of an object; what has no statements has no objects.
        verbs = kind.verbs - ROW_VERBS.keys() if "sql" in kind.verbs else kind.verbs
        choices.append(_choice([name], {verb: dict(kind.request_schema(verb)) for verb in sorted(verbs)}, beside))
    return {
        "type": "object",
        "required": ["use"],
        "properties": {"use": words((*catalog.objects, *catalog.integrations), "an object or an integration")},
        "allOf": choices,
    }


def _choice(names: Iterable[str], bodies: Mapping[str, JsonSchema], beside: Mapping[str, JsonSchema]) -> JsonSchema:
    use = words(names)
    told = {verb: f"takes {known.takes}" for verb, known in VERBS.items() if verb in bodies}
    body = record(
        {"use": use, **described(bodies, told), **beside}, ("use",), minProperties=2, maxProperties=2 + len(beside)
    )
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
