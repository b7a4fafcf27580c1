"""The pages of keys: what the author's editor completes by, in tables. A key without a meaning is a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.docs.fragments import PROJECTS
from tests.docs.reference import ENVIRONMENT
from tests.docs.tables import code, listed, page, table
from tidegate.core.catalog import Catalog
from tidegate.core.filters import MEANINGS as OPERATORS
from tidegate.core.integration import IntegrationKind
from tidegate.core.query import JOINS
from tidegate.core.types import SCALARS
from tidegate.kinds import installed_kinds
from tidegate.schema import (
    access,
    actions,
    auth_settings,
    event_settings,
    joins,
    live_settings,
    objects,
    operations,
    project,
    relations,
    step_keys,
    touch_settings,
    triggers,
    webhooks,
)
from tidegate.schema.compile import compile_project
from tidegate.schema.editor import project_schemas
from tidegate.schema.editor_rows import REFERENCE
from tidegate.schema.editor_steps import COMMON
from tidegate.schema.verbs import VERBS

Schema = Mapping[str, Any]
"""Any: JSON Schema is open-ended."""

_DEFINED: Final = {"steps": "steps", "step": "a step", "joins": "a mapping of fields", "object": "an object"}
_DEFINED_TOO: Final = {"type": "a type of types.graphql"}
_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_MANY: Final = {
    "a text": "texts",
    "a whole number": "whole numbers",
    "a mapping": "mappings",
    "a text or a mapping": "these",
    "a step or steps": "steps, or of lists of them",
}
_HEAD: Final = ("key", "value", "meaning")


class Values:
    """What a schema takes, in words. Lists of names of the project at hand are what those are names of."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._names: dict[tuple[str, ...], str] = {(): "a name"}
        if catalog is not None:
            operations = catalog.operations.values()
            queries = [each.name for each in operations if each.kind == "query"]
            self._names |= {
                ("auto", *queries): "names of queries and groups, and `auto`",
                tuple(catalog.roles): "a role",
                tuple(catalog.integrations): "an integration",
                tuple(catalog.operations): "an operation",
                tuple(queries): "a query",
                tuple(catalog.auth.current_user): "a field of `currentUser`",
            }

    def words(self, schema: Schema) -> str:
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            return (_DEFINED | _DEFINED_TOO).get(name, "a filter")
        if "const" in schema:
            return code(str(schema["const"]).lower() if isinstance(schema["const"], bool) else schema["const"])
        if "enum" in schema:
            names = tuple(map(str, schema["enum"]))
            return self._names.get(names) or ", ".join(map(code, names))
        for key in ("anyOf", "oneOf"):
            if key in schema and "properties" not in schema:
                return _either([self.words(each) for each in schema[key] if "not" not in each])
        kinds = schema.get("type")
        if kinds is None:
            return "any value"
        return _either([self._kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def _kind(self, kind: str, schema: Schema) -> str:
        pattern = str(schema.get("pattern", ""))
        if kind == "string":
            if schema == REFERENCE or pattern.startswith(r"^\$[A"):
                return "a reference"
            return "a duration" if "(ms|" in pattern else "a size" if "KiB" in pattern else _TYPES[kind]
        if kind == "array" and schema.get("items"):
            words = self.words(schema["items"])
            return f"a list of {_MANY.get(words, words)}"
        if kind in ("integer", "number") and "maximum" in schema:
            return f"{_TYPES[kind]}, {schema.get('minimum', 0)} to {schema['maximum']}"
        return _TYPES[kind]

    def rows(self, schema: Schema, *, where: str) -> Iterator[list[str]]:
        """The keys of a mapping."""
        needed = schema.get("required", ())
        for key, each in schema["properties"].items():
            meaning = each.get("description")
            assert meaning, f"{where}: {key} has no meaning"
            said = f"{meaning.rstrip('.')}. Required" if key in needed and "equired" not in meaning else meaning
            yield [code(key), self.words(each), said]


def _either(words: list[str]) -> str:
    shorter = ["a list of them" if word in [f"a list of {one}" for one in words] else word for word in words]
    return " or ".join(dict.fromkeys(shorter))


def catalog() -> Catalog:
    return compile_project(PROJECTS / "desk", installed_kinds(), ENVIRONMENT)


def keys_page() -> str:
    built = catalog()
    values = Values(built)
    schemas = project_schemas(built, installed_kinds())
    settings, things, shown = (schemas[f"{name}.schema.json"] for name in ("tidegate", "objects", "operations"))
    sections = settings["properties"]
    thing, operation = things["additionalProperties"], shown["additionalProperties"]
    kinds = thing["properties"]["relations"]["additionalProperties"]["oneOf"]
    relation = {"properties": {key: each for one in kinds for key, each in one["properties"].items()}}
    of = operation["properties"]
    tables: dict[str, tuple[Schema, Mapping[str, str]]] = {
        "tidegate.yaml": (settings, project.KEYS),
        "auth": (sections["auth"], auth_settings.KEYS),
        "auth.jwt": (sections["auth"]["properties"]["jwt"], auth_settings.JWT_KEYS),
        "cors": (sections["cors"], project.CORS_KEYS),
        "events": (sections["events"], event_settings.KEYS),
        "touch": (sections["touch"], touch_settings.KEYS),
        "http": (sections["http"], project.HTTP_KEYS),
        "objects/*.yaml": (thing, objects.KEYS),
        "columns": (thing["properties"]["columns"]["additionalProperties"], objects.COLUMN_KEYS),
        "relations": (relation, relations.KEYS),
        "access": (thing["properties"]["access"], access.KEYS),
        "actions": (thing["properties"]["actions"]["additionalProperties"], actions.KEYS),
        "operations/*.yaml": (operation, operations.KEYS),
        "args": (of["args"]["additionalProperties"]["anyOf"][1], operations.ARGUMENT_KEYS),
        "live": (of["live"]["anyOf"][1], live_settings.KEYS),
        "schedule": (of["schedule"]["anyOf"][1], triggers.SCHEDULE_KEYS),
        "webhook": (of["webhook"], webhooks.KEYS),
        "join": (shown["definitions"]["joins"]["additionalProperties"], joins.KEYS),
    }
    for name, (schema, known) in tables.items():
        assert schema["properties"].keys() == known.keys(), f"{name}: editors know other keys"
    steps = shown["definitions"]["step"]["properties"]
    return page(
        "# Keys of files",
        "Made by `python -m tests.docs.generated` from what editors complete by (`.tidegate/*.schema.json`); a test "
        "holds this page against the code. [The format](../format.md) explains them.",
        *(
            part
            for name, (schema, _) in tables.items()
            for part in (f"## {name}", table(_HEAD, values.rows(schema, where=name)))
        ),
        "## refresh",
        table(("value", "refreshes"), [[code(word), said] for word, said in live_settings.WORDS.items()]),
        "## steps",
        "One of these keys says what a step does; what may stand beside it follows.",
        table(("key", "beside it", "value", "meaning"), _steps(values, steps)),
        "Any step may also have",
        table(_HEAD, values.rows({"properties": COMMON}, where="steps")),
        "## retry",
        table(_HEAD, values.rows(COMMON["retry"]["anyOf"][1], where="retry")),
        "## use",
        "The verbs of objects and databases, of a mail server, and of [the others](integrations.md).",
        table(("verb", "takes", "returns"), [[code(name), *verb] for name, verb in VERBS.items()]),
        "## where",
        table(("operator", "finds"), [[code(name), said] for name, said in OPERATORS.items()]),
        table(("key", "takes"), [[code(name), said] for name, said in JOINS.items()]),
        "## types.graphql",
        f"Scalars: {listed(sorted(SCALARS))}.",
    )


def _steps(values: Values, steps: Schema) -> Iterator[list[str]]:
    for work, beside in step_keys.WORKS.items():
        yield [code(work), "", values.words(steps[work]), step_keys.MEANINGS[work]]
        for key in beside:
            yield ["", code(key), values.words(steps.get(key, {"type": "string"})), step_keys.BESIDE[key]]


def kinds_page() -> str:
    kinds = installed_kinds()
    alike: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        alike.setdefault(repr([kind.request_schema(verb) for verb in sorted(kind.verbs)]), []).append(name)
    values = Values()
    return page(
        "# Kinds of integrations",
        "Made by `python -m tests.docs.generated` from what each kind says of itself; a test holds this page against "
        "the code. [Integrations](../../integrations.md) explains them.",
        *(part for name, kind in kinds.items() for part in _settings(name, kind, values)),
        *(part for names in alike.values() for part in _verbs(names, kinds[names[0]], values)),
    )


def _settings(name: str, kind: IntegrationKind, values: Values) -> Iterator[str]:
    yield f"## kind: {name}"
    yield table(("setting", "value", "meaning"), values.rows(kind.settings, where=name))
    for key, each in kind.settings["properties"].items():
        if "properties" in each:
            yield f"`{key}` as a mapping:"
            yield table(("key", "value", "meaning"), values.rows(each, where=f"{name}.{key}"))


def _verbs(names: list[str], kind: IntegrationKind, values: Values) -> Iterator[str]:
    yield f"## Requests to {', '.join(names)}"
    seen: dict[str, list[str]] = {}
    for verb in sorted(kind.verbs):
        seen.setdefault(repr(kind.request_schema(verb)), []).append(verb)
    for verbs in seen.values():
        schema = kind.request_schema(verbs[0])
        bodies = [each for each in schema.get("anyOf", [schema]) if "properties" in each]
        taken = values.words(schema)
        told = schema.get("description")
        yield f"**{listed(verbs)}**: {taken}." + (f" {told}" if told else "")
        for body in bodies:
            yield table(_HEAD, values.rows(body, where=names[0]))
