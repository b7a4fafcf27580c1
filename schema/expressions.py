"""Values as written -> expressions: literals, `$references` taken whole, and texts with `{{ holes }}`.

A literal `$` at the beginning of a text is written `$$`, a literal `{{` anywhere `{{{{`. Where an integration answers
what has no columns, `$.items` is a path into its answer, and stands for itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.schema.environment import refuse_in_text
from tidegate.schema.scope import ROOTS, Scope, Written, parse_reference
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode

_SECRET: Final = re.compile(r"(?<!\$)\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_INSIDE: Final = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)\.[A-Za-z_0-9]", re.ASCII)
_BRACES: Final = re.compile(r"\{\{\{\{|\{\{")

_HOLES: Final = "Write {{ args.name }}; a literal {{ is {{{{."

UNKNOWN: Final = Reference("args", ("?",), Location(""))
"""Stands for a reference that is wrong. No argument has this name, so nobody says more about it."""

Place = Callable[[int], Location]


def build_expression(node: Node, scope: Scope, problems: Problems) -> Expression:
    """The expression that `node` says. What is wrong is added to `problems`, and `UNKNOWN` stands in its place."""
    match node:
        case ScalarNode(value=str() as text, at=at):
            return _text_or_reference(text, node, scope, problems)
        case ScalarNode(value=value, at=at):
            return Literal(value, at)
        case ListNode(items=items, at=at):
            return Items(tuple(build_expression(item, scope, problems) for item in items), at)
        case MapNode(entries=entries, keys=keys, at=at):
            fields = {name: build_expression(entry, scope, problems) for name, entry in entries.items()}
            return Record(fields, keys, at)


def build_text(text: str, at: Location, place: Place, scope: Scope, problems: Problems) -> Text:
    """A text with its holes. `place` says where the character at an offset stands."""
    refuse_in_text(text, place, problems)
    parts: list[str | Reference] = []
    literal, index = "", 0
    while (opened := _BRACES.search(text, index)) is not None:
        _refuse_stray(text, index, opened.start(), place, scope, problems)
        literal += text[index : opened.start()]
        if opened[0] == "{{{{":
            literal, index = literal + "{{", opened.end()
            continue
        closed = text.find("}}", opened.end())
        if closed < 0:
            problems.add(
                place(opened.start()), "This hole is not closed.", "Write {{ args.name }}; a literal {{ is {{{{."
            )
            return Text((text,), at)
        hole = _hole(text, opened.end(), closed, place, scope, problems)
        if hole is not None:
            parts.extend((literal, hole) if literal else (hole,))
            literal = ""
        index = closed + 2
    _refuse_stray(text, index, len(text), place, scope, problems)
    literal += text[index:]
    return Text((*parts, literal) if literal or not parts else tuple(parts), at)


def file_text(file: str, text: str, scope: Scope, problems: Problems) -> Text:
    """The text of a whole file of the project, with its holes."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(offset: int) -> Location:
        line = bisect_right(starts, offset) - 1
        return Location(file, line + 1, offset - starts[line] + 1)

    return build_text(text, Location(file), place, scope, problems)


def constant(value: Json, at: Location) -> Expression:
    """A JSON value as an expression, all of it standing at one place."""
    match value:
        case Mapping():
            fields = {name: constant(inner, at) for name, inner in value.items()}
            return Record(fields, dict.fromkeys(fields, at), at)
        case list() | tuple():
            return Items(tuple(constant(inner, at) for inner in value), at)
        case _:
            return Literal(value, at)


def _text_or_reference(text: str, node: ScalarNode, scope: Scope, problems: Problems) -> Expression:
    if text.startswith("$$"):
        rest = build_text(text[2:], node.at, lambda offset: node.place(offset + 2), scope, problems)
        return _simplest(Text(("$", *rest.parts), node.at))
    if scope.answers and text.startswith(("$.", "$[")):
        return Literal(text, node.at)
    if not text.startswith("$") or _SECRET.match(text):
        return _simplest(build_text(text, node.at, node.place, scope, problems))
    places = tuple(node.place(offset) for offset in range(len(text)))
    if len(text) == 1 or not (text[1].isalpha() or text[1] == "_"):
        problems.add(node.at, f'"{text}" is not a reference.', f'For a text that begins with $, write "${text}".')
        return Reference(UNKNOWN.root, UNKNOWN.path, node.at)
    reference = parse_reference(Written(text[1:], places[1:]), scope, problems)
    if reference is None:
        return Reference(UNKNOWN.root, UNKNOWN.path, node.at)
    reference = replace(reference, at=node.place(0))
    return _configured(reference, scope) if reference.root == "config" else reference


def _configured(reference: Reference, scope: Scope) -> Expression:
    """`config` never changes while a project is loaded: its values are as good as written in place, and are checked
    against types like them."""
    value = scope.config
    for name in reference.path:
        value = value[name] if isinstance(value, Mapping) else None
    return constant(value, reference.at)


def _simplest(built: Text) -> Expression:
    """A text without holes is a literal."""
    if all(isinstance(part, str) for part in built.parts):
        return Literal("".join(str(part) for part in built.parts), built.at)
    return built


def _hole(text: str, start: int, end: int, place: Place, scope: Scope, problems: Problems) -> Reference | None:
    inside = text[start:end]
    name = inside.strip()
    if not name:
        problems.add(place(start), "This hole is empty.", _HOLES)
        return None
    offset = start + len(inside) - len(inside.lstrip())
    if name.startswith("$"):
        problems.add(place(offset), "Inside a hole there is no $.", f"Write {{{{ {name[1:]} }}}}.")
        return None
    places = tuple(place(offset + index) for index in range(len(name)))
    return parse_reference(Written(name, places), scope, problems)


def _refuse_stray(text: str, start: int, end: int, place: Place, scope: Scope, problems: Problems) -> None:
    for stray in _INSIDE.finditer(text, start, end):
        if stray[1] in ROOTS or stray[1] in scope.roots:
            sentence = "A $reference is a value of its own; inside a text it is a hole."
            problems.add(place(stray.start()), sentence, "Write {{ args.name }}.")
            return
