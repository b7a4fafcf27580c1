"""The socket events that a project's functions emit, as TypeScript: what `tidegate-client` gives its handlers.

What is emitted is known where steps emit it. What code emits is not: such an event is not in the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.flow import Emit, all_steps
from tidegate.core.json import Json
from tidegate.core.operation import Operation
from tidegate.core.types import EnumType, ListOf, NonNull, ObjectType, TypeRef

HEAD: Final = """\
// Made by `tidegate schema --events`: what the project's functions emit, and what comes with it.
import "tidegate-client";

declare module "tidegate-client" {
  interface Events {
"""
TAIL: Final = "  }\n}\n"

_SCALARS: Final[Mapping[str, str]] = {"Int": "number", "Float": "number", "Boolean": "boolean", "JSON": "unknown"}


def event_types(catalog: Catalog) -> str:
    """A module that adds the project's events to those that `tidegate-client` knows: none."""
    found: dict[str, dict[str, None]] = {}
    sources: dict[str, dict[str, None]] = {}
    for operation, emit in _emits(catalog):
        data = "null" if emit.data is None else _written(emit.data, operation, catalog)
        found.setdefault(emit.event, {})[data] = None
        sources.setdefault(emit.event, {})[f"{operation.name}, to {_audience(emit)}"] = None
    lines = []
    for event in sorted(found):
        lines.append(f"    /** {'; '.join(sources[event])}. */\n")
        lines.append(f"    {_key(event)}: {' | '.join(found[event])};\n")
    return HEAD + "".join(lines) + TAIL


def _emits(catalog: Catalog) -> Iterator[tuple[Operation, Emit]]:
    for operation in catalog.operations.values():
        if operation.plan.flow is not None:
            for step in all_steps(operation.plan.flow):
                if isinstance(step.work, Emit):
                    yield operation, step.work


def _audience(emit: Emit) -> str:
    named = f" {emit.to.value}" if isinstance(emit.to, Literal) and isinstance(emit.to.value, str) else ""
    return f"{emit.audience}{named}"


def _written(expression: Expression, operation: Operation, catalog: Catalog) -> str:
    match expression:
        case Literal(value=value):
            return _literal(value)
        case Text():
            return "string"
        case Record(fields=fields):
            inner = (f"{_key(name)}: {_written(value, operation, catalog)}" for name, value in fields.items())
            return f"{{ {'; '.join(inner)} }}" if fields else "Record<string, never>"
        case Items(items=items):
            kinds = dict.fromkeys(_written(item, operation, catalog) for item in items)
            return f"({' | '.join(kinds) or 'never'})[]"
        case Reference(root="args", path=(name,)) if name in operation.arguments:
            return _type(operation.arguments[name].type, catalog)
        case Reference(type=type) if type is not None:
            return _type(type, catalog)
        case _:
            return "unknown"


def _literal(value: Json) -> str:
    if isinstance(value, str | bool | int | float) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return "unknown"


def _type(type: TypeRef, catalog: Catalog) -> str:
    """A text of the database is one in JSON; so are dates, decimals and identifiers."""
    if isinstance(type, NonNull):
        return _plain(type.of, catalog)
    plain = _plain(type, catalog)
    return plain if plain == "unknown" else f"{plain} | null"


def _plain(type: TypeRef, catalog: Catalog) -> str:
    if isinstance(type, ListOf):
        return f"({_type(type.of, catalog)})[]"
    name = str(type)
    definition = catalog.types.get(name)
    if isinstance(definition, EnumType):
        return " | ".join(json.dumps(value) for value in definition.values)
    if isinstance(definition, ObjectType):
        return "unknown"
    return _SCALARS.get(name, "string")


def _key(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else json.dumps(name, ensure_ascii=False)
