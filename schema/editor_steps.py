"""The JSON Schema of the steps of functions, for the author's editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from tidegate.core.catalog import Catalog
from tidegate.core.filters import Operator
from tidegate.core.flow import Mode
from tidegate.core.operation import Kind, Operation
from tidegate.core.units import DURATION_PATTERN
from tidegate.schema.editor_rows import REFERENCE, JsonSchema, definition, described, record, words
from tidegate.schema.joins import KEYS as JOIN_KEYS
from tidegate.schema.step_code import RUNTIMES
from tidegate.schema.step_keys import BESIDE, MEANINGS, WORKS
from tidegate.schema.step_settings import COMMON as MEANINGS_OF_COMMON
from tidegate.schema.step_settings import MOST_RETRIES, RETRY_KEYS

_IN_STEPS: Final = " in steps"
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
_TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1}
_COUNT: Final[JsonSchema] = {"type": "integer", "minimum": 1}
_DURATION: Final[JsonSchema] = {"type": "string", "pattern": DURATION_PATTERN, "description": "Such as 50ms, 5s, 2m."}
_REFERENCE: Final[JsonSchema] = {
    "type": "string",
    "pattern": r"^\$[A-Za-z_]",
    "description": "A value taken whole: $step, $step.field, $args.name, $currentUser.email.",
}
_STEPS: Final = definition("steps")
_GIVEN: Final[JsonSchema] = {"type": "object", "propertyNames": {"pattern": _NAME}}

COMMON: Final[Mapping[str, JsonSchema]] = described(
    {
        "as": {"type": "string", "pattern": _NAME},
        "timeout": _DURATION,
        "retry": {
            "anyOf": [
                _COUNT | {"maximum": MOST_RETRIES},
                record(
                    {
                        "times": _COUNT | {"maximum": MOST_RETRIES},
                        "interval": _DURATION,
                        "factor": {"type": "number", "minimum": 1, "maximum": 100},
                        "maxInterval": _DURATION,
                        "jitter": {"type": "number", "minimum": 0, "maximum": 1},
                    },
                    ("times",),
                    meanings=RETRY_KEYS,
                ),
            ],
        },
    },
    MEANINGS_OF_COMMON,
)

_OPERATORS: Final = record({str(word): {} for word in Operator})
_CONDITION: Final[JsonSchema] = {
    "anyOf": [
        _REFERENCE,
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": r"^\$[A-Za-z_]"},
            "additionalProperties": {
                "anyOf": [record({str(word): {} for word in Operator}), {"not": {"type": "object"}}]
            },
        },
    ],
    "description": "A reference that is true, or comparisons that all hold.",
}


def step_definitions(catalog: Catalog, asking: JsonSchema, rows: Mapping[str, JsonSchema]) -> dict[str, JsonSchema]:
    """`steps` and `step`; `asking` is a step with `use`, `rows` what is said of rows elsewhere: in steps, references
    may begin with the name of any step, and which there are is not known while one is being written."""
    works = _works(catalog)
    choices: list[JsonSchema] = [{"if": {"required": ["use"]}, "then": _loosened(asking)}]
    for work, body in works.items():
        there: JsonSchema = {"required": [work]}
        if work == "if":
            there["not"] = {"required": ["filter"]}
        required = {
            "each": ["do"],
            "join": ["fields"],
            "transaction": ["do"],
            "if": ["then"],
            "emitUsers": ["users"],
            "emitRole": ["role"],
        }
        choices.append({"if": there, "then": record({**body, **COMMON}, (work, *required.get(work, ())))})
    step: JsonSchema = {
        "type": "object",
        "anyOf": [{"required": [work]} for work in WORKS],
        "properties": {
            **described({"use": _TEXT}, MEANINGS),
            **{key: schema for body in works.values() for key, schema in body.items()},
            **COMMON,
        },
        "allOf": choices,
    }
    loose = {f"{name}{_IN_STEPS}": _loosened(schema) for name, schema in rows.items()}
    steps: JsonSchema = {"type": "array", "items": definition("step")}
    return {"steps": steps, "step": step, "joins": _joins(catalog), **loose}


def _joins(catalog: Catalog) -> JsonSchema:
    queries = [_name(operation) for operation in catalog.operations.values() if operation.kind is Kind.QUERY]
    keys = {**_GIVEN, "minProperties": 1}
    joined = record(
        {
            "call": words(queries),
            "with": _GIVEN,
            "keys": keys,
            "match": keys,
            "many": {"type": "boolean"},
            "missing": _TEXT,
        },
        ("call",),
        meanings=JOIN_KEYS,
    )
    joined["dependencies"] = {"keys": ["match"], "match": ["keys"], "many": ["keys"]}
    names = {"pattern": _NAME}
    return {"type": "object", "propertyNames": names, "additionalProperties": joined, "minProperties": 1}


def _loosened(schema: Any) -> Any:  # Any: JSON Schema is open-ended
    if schema == REFERENCE:
        return _REFERENCE
    if isinstance(schema, Mapping):
        target = schema.get("$ref")
        if isinstance(target, str):
            return {"$ref": f"{target}{quote(_IN_STEPS)}"}
        return {key: _loosened(inner) for key, inner in schema.items()}
    return [_loosened(inner) for inner in schema] if isinstance(schema, list) else schema


def _works(catalog: Catalog) -> dict[str, dict[str, JsonSchema]]:
    """What may stand in a step, by what it does; but for COMMON, and for what asks an integration."""
    code = {"with": _GIVEN}
    data: JsonSchema = {}
    branch: JsonSchema = {"anyOf": [definition("step"), _STEPS]}
    case = record({"if": _CONDITION, "then": _STEPS}, ("if", "then"))
    loop: JsonSchema = {}
    works: dict[str, dict[str, JsonSchema]] = {
        "js": {"js": {"type": "string", "pattern": r"\.(js|ts)$"}, **code},
        "python": {"python": {"type": "string", "pattern": r"\.py$"}, **code, "runtime": words(RUNTIMES)},
        "call": {"call": words(map(_name, catalog.operations.values())), "with": _GIVEN, "missing": _TEXT},
        "if": {"if": _CONDITION, "then": _STEPS, "elif": {"type": "array", "items": case}, "else": _STEPS},
        "each": {"each": loop, "do": _STEPS, "mode": words(Mode), "size": _COUNT, "delay": _DURATION},
        "filter": {"filter": loop, "if": _CONDITION, "do": _STEPS},
        "join": {"join": {}, "fields": definition("joins")},
        "parallel": {"parallel": {"type": "array", "items": branch}},
        "try": {"try": _STEPS, "catch": _STEPS, "finally": _STEPS},
        "transaction": {"transaction": words(catalog.integrations), "do": _STEPS},
        "emitUsers": {"emitUsers": _TEXT, "users": {}, "data": data},
        "emitRole": {"emitRole": _TEXT, "role": {"anyOf": [words(catalog.roles), _REFERENCE]}, "data": data},
        "emitAll": {"emitAll": _TEXT, "data": data},
        "value": {"value": {}},
        "return": {"return": {}},
        "respond": {"respond": {}},
        "refuse": {"refuse": _TEXT},
        "wait": {"wait": _DURATION},
    }
    return {work: described(keys, {**BESIDE, work: MEANINGS[work]}) for work, keys in works.items()}


def _name(operation: Operation) -> str:
    return operation.name
