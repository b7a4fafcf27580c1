"""JSON Schemas for the author's editor, with this project's own names, in `.tidegate/`.

An editor that speaks to the YAML language server completes and checks by them; each file says which one is its own in
its first line (`schema_line`). They know less than `tidegate check`, and never refuse what it allows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.integration import IntegrationKind
from tidegate.core.limits import Limits
from tidegate.core.objects import Access, DataObject
from tidegate.core.operation import Kind, Operation
from tidegate.core.types import SCALARS, InputType, ObjectType
from tidegate.core.units import DURATION_PATTERN, SIZE_PATTERN
from tidegate.schema import access, auth_settings, event_settings, objects, operations, project, relations
from tidegate.schema.auth_settings import ASYMMETRIC, SYMMETRIC
from tidegate.schema.editor_actions import action_schema
from tidegate.schema.editor_requests import request_schema
from tidegate.schema.editor_rows import (
    JsonSchema,
    definition,
    described,
    filter_name,
    record,
    row_definitions,
    words,
)
from tidegate.schema.editor_steps import COMMON, step_definitions
from tidegate.schema.editor_triggers import schedule_schema, touch_schema, webhook_schema
from tidegate.schema.generated import Generator
from tidegate.schema.live_settings import KEYS as KEYS_OF_LIVE
from tidegate.schema.live_settings import WORDS
from tidegate.schema.project import DURATIONS, SIZES
from tidegate.schema.step_keys import BESIDE

FOLDER: Final = ".tidegate"
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1}
_TEXTS: Final[JsonSchema] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_COUNT: Final[JsonSchema] = {"type": "integer", "minimum": 1}
_DURATION: Final[JsonSchema] = {"type": "string", "pattern": DURATION_PATTERN, "description": "Such as 50ms, 5s, 2m."}
_SIZE: Final[JsonSchema] = {"type": "string", "pattern": SIZE_PATTERN, "description": "Such as 64KiB, 2MiB."}
_VARIABLE: Final[JsonSchema] = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
_SECTIONS: Final = ("objects", "operations")
_LINE: Final = "# yaml-language-server: $schema="


def write_schemas(folder: Path, catalog: Catalog, kinds: Mapping[str, IntegrationKind]) -> None:
    """Writes the schemas of a compiled project into its `.tidegate` folder. Files that would not change are left
    alone. Raises `OSError` where the folder cannot be written."""
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    for name, schema in project_schemas(catalog, kinds).items():
        text = dumps(schema, indent=1, ensure_ascii=False) + "\n"
        path = place / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def schema_line(file: str, folder: Path = Path()) -> str:
    """The first line for a file of the project in `folder` (`operations/tickets.yaml`), which tells the editor its
    schema. A file that the project includes (`../shared/operations/teams.yaml`) has that of the including project."""
    path = PurePosixPath(file)
    kind = next((part for part in path.parts[:-1] if part in _SECTIONS), "tidegate")
    root = folder.resolve()
    place = PurePosixPath(os.path.relpath(root / FOLDER, (root / path).parent)).as_posix()
    return f"{_LINE}{place}/{kind}.schema.json"


def project_schemas(catalog: Catalog, kinds: Mapping[str, IntegrationKind]) -> dict[str, JsonSchema]:
    """By file name: the schemas of tidegate.yaml, of objects/*.yaml and of operations/*.yaml."""
    return {
        "tidegate.schema.json": _settings_schema(catalog, kinds),
        "objects.schema.json": _objects_schema(catalog),
        "operations.schema.json": _operations_schema(catalog),
    }


def _settings_schema(catalog: Catalog, kinds: Mapping[str, IntegrationKind]) -> JsonSchema:
    limits = {
        field.name: _SIZE if field.name in SIZES else _DURATION if field.name in DURATIONS else _COUNT
        for field in fields(Limits)
    }
    limits_of = {field.name: field.metadata["meaning"] for field in fields(Limits)}
    algorithms = words((*SYMMETRIC, *ASYMMETRIC))
    jwt = record(
        {
            "algorithms": {"anyOf": [algorithms, {"type": "array", "items": algorithms, "minItems": 1}]},
            "secret": _TEXT,
            "publicKey": _TEXT,
            "jwks": _TEXT,
            "issuer": _TEXT,
            "audience": _TEXT,
            "leeway": _DURATION,
        },
        ("algorithms",),
        meanings=auth_settings.JWT_KEYS,
    )
    claims = {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": _TEXTS}
    auth = record(
        {
            "jwt": jwt,
            "currentUser": claims,
            "defaultRole": words(catalog.roles),
            "properties": words(_property_queries(catalog)),
        },
        meanings=auth_settings.KEYS,
    )
    cors = record(
        {"origins": _TEXTS, "credentials": {"type": "boolean"}, "maxAge": _DURATION},
        ("origins",),
        meanings=project.CORS_KEYS,
    )
    events = record(
        {"user": words(catalog.auth.current_user), "anonymous": {"type": "boolean"}}, meanings=event_settings.KEYS
    )
    roles = {"type": "array", "items": {"type": "string", "pattern": _NAME}, "minItems": 1, "uniqueItems": True}
    settings = record(
        {
            "name": _TEXT,
            "roles": roles,
            "include": _TEXTS,
            "auth": auth,
            "integrations": {"type": "object", "additionalProperties": _integration_schema(kinds)},
            "config": {"type": "object", "propertyNames": {"pattern": _NAME}},
            "limits": record(limits, meanings=limits_of),
            "url": _TEXT,
            "http": record({"allow": _TEXTS}, meanings=project.HTTP_KEYS),
            "cors": cors,
            "events": events,
            "touch": touch_schema(),
        },
        ("name", "roles"),
        meanings=project.KEYS,
    )
    return {"$schema": _DRAFT, "title": "tidegate.yaml", **settings}


def _integration_schema(kinds: Mapping[str, IntegrationKind]) -> JsonSchema:
    choices = []
    for name, kind in kinds.items():
        settings = dict(kind.settings)
        properties = {key: {"anyOf": [value, _VARIABLE]} for key, value in settings.get("properties", {}).items()}
        for key, value in settings.get("properties", {}).items():
            if "description" in value:
                properties[key]["description"] = value["description"]
        body = record({"kind": {"const": name}, **properties}, ("kind", *settings.get("required", ())))
        choices.append({"if": {"properties": {"kind": {"const": name}}}, "then": body})
    return {"type": "object", "required": ["kind"], "properties": {"kind": words(kinds)}, "allOf": choices}


def _property_queries(catalog: Catalog) -> list[str]:
    return [operation.name for operation in catalog.operations.values() if _gives_properties(operation, catalog)]


def _gives_properties(operation: Operation, catalog: Catalog) -> bool:
    row = isinstance(catalog.types.get(str(operation.returns).rstrip("!")), ObjectType)
    needs = any(argument.required for argument in operation.arguments.values())
    return operation.kind is Kind.QUERY and operation.plan.flow is None and row and not needs


def _objects_schema(catalog: Catalog) -> JsonSchema:
    own = {name: _object_schema(catalog, built) for name, built in catalog.objects.items()}
    return {
        "$schema": _DRAFT,
        "title": "objects/*.yaml",
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "properties": own,
        "additionalProperties": _object_schema(catalog, None),
        "definitions": {
            **row_definitions(catalog),
            "object": words(catalog.objects),
            "type": words((name for name, type in catalog.types.items() if isinstance(type, ObjectType)), "Of a row."),
        },
    }


def _object_schema(catalog: Catalog, built: DataObject | None) -> JsonSchema:
    """Of an object that exists, or of one that is being written."""
    column = record({"column": _TEXT, "minRole": words(catalog.roles)}, meanings=objects.COLUMN_KEYS)
    many: JsonSchema = {"type": "object", "additionalProperties": column}
    keys: JsonSchema = _TEXTS
    rule: JsonSchema = {"anyOf": [{"const": "all"}, {"type": "object", "minProperties": 1}]}
    relation_names: JsonSchema = {"pattern": _NAME}
    if built is not None:
        names = words(built.columns)
        many = record(dict.fromkeys(built.columns, column))
        keys = {"anyOf": [names, {"type": "array", "items": names, "minItems": 1}]}
        rule = {"anyOf": [{"const": "all"}, definition(filter_name(built))]}
        type = catalog.types[built.type]
        relation_names = words(type.fields if isinstance(type, ObjectType) else ())
    rules = {str(verb): record(dict.fromkeys(catalog.roles, rule)) for verb in Access}
    relations = {
        "type": "object",
        "propertyNames": relation_names,
        "additionalProperties": _relation_schema(built),
    }
    return record(
        {
            "integration": words(catalog.integrations),
            "table": _TEXT,
            "key": keys,
            "type": definition("type"),
            "columns": many,
            "relations": relations,
            "actions": {
                "type": "object",
                "propertyNames": {"pattern": _NAME},
                "additionalProperties": action_schema(catalog),
            },
            "access": record(rules, meanings=access.KEYS),
        },
        ("integration", "key", "type"),
        meanings=objects.KEYS,
    )


def _relation_schema(built: DataObject | None) -> JsonSchema:
    ours: JsonSchema = words(built.columns) if built is not None else _TEXT
    shared = {"on": {"type": "object", "minProperties": 1, "additionalProperties": ours}}
    target = definition("object")
    page = {"orderBy": _TEXTS, "limit": _COUNT}
    return {
        "oneOf": [
            record({"one": target, **shared}, ("one", "on"), meanings=relations.KEYS),
            record({"many": target, **shared, **page}, ("many", "on"), meanings=relations.KEYS),
        ]
    }


def _operations_schema(catalog: Catalog) -> JsonSchema:
    argument_type, result_type = _type_pattern(catalog, sent=True), _type_pattern(catalog, sent=False)
    argument = {
        "anyOf": [
            {"type": "string", "pattern": f"^{argument_type}( *=.*)?$", "description": "Type, or Type = default."},
            record(
                {
                    "type": {"type": "string", "pattern": f"^{argument_type}$"},
                    "default": {},
                    "description": {"type": "string"},
                    "private": {"type": "boolean"},
                },
                ("type",),
                meanings=operations.ARGUMENT_KEYS,
            ),
        ]
    }
    operation = record(
        {
            "kind": words(Kind),
            "description": _TEXT,
            "minRole": words(catalog.roles),
            "args": {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": argument},
            "returns": {"type": "string", "pattern": f"^{result_type}$"},
            "run": request_schema(catalog, {}),
            "join": definition("joins"),
            "steps": definition("steps"),
            "onError": definition("steps"),
            "timeout": _DURATION,
            "deprecated": _TEXT,
            "live": _live_schema(catalog),
            "refresh": _refresh_schema(catalog),
            "schedule": schedule_schema(catalog),
            "webhook": webhook_schema(catalog),
        },
        ("kind", "minRole", "returns"),
        meanings=operations.KEYS,
        oneOf=[{"required": ["run"]}, {"required": ["steps"]}],
    )
    asking = request_schema(catalog, {**described({"missing": _TEXT}, BESIDE), **COMMON})
    rows = row_definitions(catalog)
    return {
        "$schema": _DRAFT,
        "title": "operations/*.yaml",
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": operation,
        "definitions": {**rows, **step_definitions(catalog, asking, rows)},
    }


def _live_schema(catalog: Catalog) -> JsonSchema:
    group: JsonSchema = {"type": "string", "pattern": _NAME}
    if groups := _groups(catalog):
        # A new group is a word that nobody knows yet; the known ones are offered.
        group = {"anyOf": [words(groups), group]}
    settings = record(
        {
            "throttle": _DURATION,
            "groups": {"anyOf": [group, {"type": "array", "items": group, "uniqueItems": True}]},
        },
        meanings=KEYS_OF_LIVE,
    )
    return {"anyOf": [{"const": False}, settings]}


def _refresh_schema(catalog: Catalog) -> JsonSchema:
    queries = [operation.name for operation in catalog.operations.values() if operation.kind is Kind.QUERY]
    names = words(("auto", *queries, *_groups(catalog)))
    several = {"type": "array", "items": names, "uniqueItems": True}
    return {"anyOf": [words(WORDS), several]}


def _groups(catalog: Catalog) -> list[str]:
    lives = [operation.live for operation in catalog.operations.values() if operation.live is not None]
    return sorted({group for live in lives for group in live.groups})


def _type_pattern(catalog: Catalog, *, sent: bool) -> str:
    unwanted = ObjectType if sent else InputType
    own = (name for name, type in catalog.types.items() if not isinstance(type, unwanted))
    endings = ("Filter", "Order", "Comparison") if sent else ("Connection", "Edge", "PageInfo")
    generated = (name for name in Generator(catalog.objects, catalog.types).names() if name.endswith(endings))
    return rf"\[*({'|'.join(sorted({*SCALARS, *own, *generated}))})[\]!]*"
