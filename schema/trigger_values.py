"""`args:` of schedules and webhooks -> expressions: literals, `$config.x`, and what a webhook's request has.

Names in references of a request may hold a hyphen (`$headers.x-github-event`), and a whole number picks an item of a
list (`$body.items.0`). There are no holes: what is to be put together is put together by the operation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference
from tidegate.core.json import Json
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.triggers import BODY, HEADERS, QUERY
from tidegate.schema.expressions import UNKNOWN, constant
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode

CONFIG: Final = "config"
REQUEST: Final = (BODY, QUERY, HEADERS)

_REFERENCE: Final = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z0-9_-]+)*)", re.ASCII)
_LONGEST: Final = 200


class ValueReader:
    """`roots`: what references may begin with, beside `config`. `hidden`: the header that no reference may name, for
    it is a secret."""

    def __init__(
        self, config: Mapping[str, Json], problems: Problems, roots: Collection[str] = (), hidden: str | None = None
    ) -> None:
        self._config = config
        self._problems = problems
        self._roots = roots
        self._hidden = hidden

    def read(self, node: Node) -> Expression:
        """What is wrong is a problem, and `UNKNOWN` stands in its place."""
        match node:
            case ScalarNode(value=str() as text):
                return self._text(text, node)
            case ScalarNode(value=value, at=at):
                return Literal(value, at)
            case ListNode(items=items, at=at):
                return Items(tuple(self.read(item) for item in items), at)
            case MapNode():
                return self.record(node)

    def record(self, node: MapNode) -> Record:
        return Record({name: self.read(entry) for name, entry in node.entries.items()}, node.keys, node.at)

    def _text(self, text: str, node: ScalarNode) -> Expression:
        if text.startswith("$$"):
            return Literal(text[1:], node.at)
        if not text.startswith("$"):
            hole = text.replace("{{{{", "    ").find("{{")
            if hole >= 0:
                self._problems.add(node.place(hole), "There are no holes here.", "Take a $reference whole.")
            return Literal(text.replace("{{{{", "{{"), node.at)
        found = _REFERENCE.fullmatch(text)
        if found is None:
            if not text.startswith("${"):  # That has been refused in other words.
                hint = f'Names and dots only. For a text that begins with $, write "${text[:_LONGEST]}".'
                self._problems.add(node.at, f'"{text[:_LONGEST]}" is not a reference.', hint)
            return UNKNOWN
        root, path = found[1], tuple(found[2].split(".")[1:])
        if root == CONFIG:
            return self._configured(path, node)
        if root not in self._roots:
            hint = did_you_mean(root, (*self._roots, CONFIG))
            self._problems.add(node.at, f'"{root}" is nothing that a reference can begin with here.', hint)
            return UNKNOWN
        return self._requested(root, path, node)

    def _requested(self, root: str, path: tuple[str, ...], node: ScalarNode) -> Expression:
        if root != BODY and len(path) != 1:
            self._problems.add(node.at, f"One name follows {root}.", f"Write ${root}.x.")
        elif root == HEADERS and path[0] != path[0].lower():
            self._problems.add(node.at, "Names of headers are in lower case here.", f"Write ${root}.{path[0].lower()}.")
        elif root == HEADERS and path[0] == self._hidden:
            sentence = f"The header {path[0]} carries the secret."
            self._problems.add(node.at, sentence, "Secrets cannot reach an operation.")
        else:
            return Reference(root, path, node.at)
        return UNKNOWN

    def _configured(self, path: tuple[str, ...], node: ScalarNode) -> Expression:
        value: Json = self._config
        for name in path:
            if not isinstance(value, Mapping) or name not in value:
                hint = did_you_mean(name, value) if isinstance(value, Mapping) else ""
                self._problems.add(node.at, f'There is no "{name}" in config.', hint or "Declare it.")
                return UNKNOWN
            value = value[name]
        return constant(value, node.at)
