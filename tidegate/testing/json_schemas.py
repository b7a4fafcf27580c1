"""A JSON Schema -> what is wrong with it, as far as the words go that settings and requests are described with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_COUNTS: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_SCHEMAS: Final = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_MAPPINGS: Final = frozenset({"properties", "patternProperties", "$defs"})
_TEXTS: Final = frozenset({"description", "title", "format", "$ref", "$schema", "$id", "$comment"})
_FREE: Final = frozenset({"default", "const", "examples", "deprecated", "readOnly", "writeOnly", "uniqueItems"})

HELD: Final = frozenset(
    {
        *("type", "enum", "const", "pattern", "minimum", "maximum", "minLength", "items", "minItems"),
        *("properties", "required", "additionalProperties", "description", "title", "default", "examples"),
    }
)
"""What settings are held against; other words would promise what nobody checks."""


def complaints(schema: object, place: str, held: frozenset[str] | None = None) -> Iterator[str]:
    """What is wrong with `schema`, which stands at `place`. `held`: the words that may be used, where not all may."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield f"{place} is no JSON Schema but {type(schema).__name__}"
        return
    for word, value in schema.items():
        here = f"{place}/{word}"
        if held is not None and word not in held:
            yield f"{here}: settings are not held against this word"
        yield from _of_word(word, value, here, held)
    properties, required = schema.get("properties"), schema.get("required", ())
    if isinstance(properties, Mapping) and schema.get("additionalProperties") is False and isinstance(required, list):
        yield from (f"{place} requires {name!r}, which is not allowed" for name in required if name not in properties)


def _of_word(word: str, value: Any, here: str, held: frozenset[str] | None) -> Iterator[str]:
    """Any: JSON Schema is open-ended."""
    if word == "type":
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, Sequence) or not names or any(name not in _TYPES for name in names):
            yield f"{here} is {value!r}"
    elif word == "enum":
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            yield f"{here} is no list of values"
    elif word == "required":
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            yield f"{here} is no list of names"
    elif word == "pattern":
        try:
            re.compile(value)
        except (TypeError, re.error):
            yield f"{here} is no regular expression"
    elif word in _COUNTS:
        if type(value) is not int or value < 0:
            yield f"{here} is no count"
    elif word in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{here} is no number"
    elif word in _SCHEMAS:
        yield from complaints(value, here, held)
    elif word in _LISTS:
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            yield f"{here} is no list of schemas"
        else:
            for index, inner in enumerate(value):
                yield from complaints(inner, f"{here}/{index}", held)
    elif word in _MAPPINGS:
        if not isinstance(value, Mapping):
            yield f"{here} is no mapping"
        else:
            for name, inner in value.items():
                yield from complaints(inner, f"{here}/{name}", held)
    elif word in _TEXTS:
        if not isinstance(value, str):
            yield f"{here} is no text"
    elif word not in _FREE:
        yield f"{here} is no word of JSON Schema"
