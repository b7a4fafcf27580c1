"""`integrations:` of tidegate.yaml, held against what each kind says its settings are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tidegate.core.integration import Integration, IntegrationKind
from tidegate.core.json import Json
from tidegate.core.literals import shown
from tidegate.core.location import Location
from tidegate.core.problems import Problems, ProjectError, did_you_mean
from tidegate.schema.environment import Environment, holds_variables
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import capital
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, as_json, kind_of

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}


def create_integrations(
    section: MapNode | None,
    kinds: Mapping[str, IntegrationKind],
    environment: Environment,
    folder: ProjectFolder,
    problems: Problems,
) -> dict[str, Integration]:
    """The integrations without mistakes; the others are in `problems`."""
    created: dict[str, Integration] = {}
    for name, node in section.entries.items() if section is not None else ():
        at = section.keys[name] if section is not None else node.at
        before = len(problems.found)
        if not _NAME.fullmatch(name):
            problems.add(at, f'"{name}" cannot be the name of an integration.', "Letters, digits, _ and -.")
        settings = _read_settings(name, environment.fill(node), kinds, at, problems)
        if settings is None or len(problems.found) > before:
            continue
        kind, values = settings
        try:
            created[name] = kind.create(name, values, folder.root, at)
        except ProjectError as error:
            problems.extend(error.problems)
    return created


def _read_settings(
    name: str, node: Node, kinds: Mapping[str, IntegrationKind], at: Location, problems: Problems
) -> tuple[IntegrationKind, dict[str, Json]] | None:
    noun = f'the integration "{name}"'
    if not isinstance(node, MapNode):
        problems.add(node.at, f"{capital(noun)} is a mapping; {kind_of(node)} is not.", "Begin with its kind.")
        return None
    word = node.entries.get("kind")
    if not isinstance(word, ScalarNode) or not isinstance(word.value, str):
        if word is None and any(did_you_mean(key, ["kind"]).startswith("Did") for key in node.entries):
            near = next(key for key in node.entries if did_you_mean(key, ["kind"]).startswith("Did"))
            problems.add(node.keys[near], f'"{near}" is not a key of {noun}.', 'Did you mean "kind"?')
        else:
            problems.add(word.at if word else at, f'{capital(noun)} lacks its "kind".', did_you_mean("", kinds))
        return None
    kind = kinds.get(word.value)
    if kind is None:
        problems.add(word.at, f'There is no kind of integration "{word.value}".', did_you_mean(word.value, kinds))
        return None
    entries = {key: value for key, value in node.entries.items() if key != "kind"}
    rest = MapNode(entries, node.keys, node.at)
    schema = {"type": "object", "additionalProperties": False, **kind.settings}
    values = _check(rest, schema, noun, at, problems)
    return kind, values if isinstance(values, dict) else {}


def _check(node: Node, schema: Mapping[str, Any], noun: str, at: Location, problems: Problems) -> Json:
    """The value of `node`, held against the part of JSON Schema that settings need: type, enum, const, pattern,
    minimum, maximum, minLength, items, minItems, properties, required, additionalProperties. Any: JSON Schema is
    open-ended."""
    value = as_json(node)
    wanted = schema.get("type")
    allowed = [wanted] if isinstance(wanted, str) else list(wanted or ())
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        if holds_variables(node.value):
            return value  # Checked when the environment is there.
        if "${" in node.raw and allowed and "string" not in allowed:
            value = _from_environment(node.value, allowed)
    if allowed and not any(_is(value, name) for name in allowed):
        what = " or ".join(_WORDS.get(name, name) for name in allowed)
        found = f"; {kind_of(node)} is not." if isinstance(node, MapNode | ListNode) else f"; {shown(value)} is not."
        problems.add(node.at, f"{capital(noun)} is {what}{found}")
        return value
    if "enum" in schema and value not in schema["enum"]:
        options = [str(option) for option in schema["enum"]]
        problems.add(node.at, f"{shown(value)} is not allowed for {noun}.", did_you_mean(str(value), options))
    elif isinstance(value, str):
        _check_text(node, value, schema, noun, problems)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            limits = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
            problems.add(node.at, f"{shown(value)} does not fit {noun}: it is {limits}.")
    elif isinstance(node, ListNode):
        if len(node.items) < schema.get("minItems", 0):
            problems.add(node.at, f"{capital(noun)} needs at least {schema['minItems']} items.")
        inner = schema.get("items", {})
        return [_check(item, inner, f"an item of {noun}", at, problems) for item in node.items]
    elif isinstance(node, MapNode):
        return _check_mapping(node, schema, noun, at, problems)
    return value


def _check_text(node: Node, value: str, schema: Mapping[str, Any], noun: str, problems: Problems) -> None:
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, value):
        default = schema.get("default")
        hint = f"It looks like {default}." if isinstance(default, str) else str(schema.get("description", ""))
        problems.add(node.at, f"{shown(value)} does not fit {noun}.", hint)
    elif len(value) < schema.get("minLength", 0):
        problems.add(node.at, f"{capital(noun)} is empty.")


def _check_mapping(
    node: MapNode, schema: Mapping[str, Any], noun: str, at: Location, problems: Problems
) -> dict[str, Json]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    extra = schema.get("additionalProperties", True)
    values: dict[str, Json] = {}
    unknown: list[str] = []
    for key, inner in node.entries.items():
        if key in properties:
            values[key] = _check(inner, properties[key], f'"{key}" of {noun}', at, problems)
        elif extra is False:
            unknown.append(key)
            problems.add(node.keys[key], f'"{key}" is not a setting of {noun}.', did_you_mean(key, properties))
        else:
            values[key] = _check(inner, extra if isinstance(extra, Mapping) else {}, f'"{key}" of {noun}', at, problems)
    for key in schema.get("required", ()):
        if key not in node.entries and not any(did_you_mean(other, [key]).startswith("Did") for other in unknown):
            problems.add(at, f'{capital(noun)} lacks "{key}".', str(properties.get(key, {}).get("description", "")))
    return values


def _from_environment(text: str, allowed: list[str]) -> Json:
    """The environment knows only texts; where a setting is a number or a boolean, they are read as one."""
    if "boolean" in allowed and text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if "integer" in allowed or re.fullmatch(r"-?[0-9]+", text) else float(text)
    except ValueError:
        return text


def _is(value: Json, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "integer":
            return type(value) is int
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
        case _:
            return False
