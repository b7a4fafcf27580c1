"""A mapping with known keys, read key by key; what does not fit becomes a problem."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, kind_of

_NO_HINTS: Final[Mapping[str, str]] = {}
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Form:
    """`noun` is what the mapping is, in a sentence: `the operation "tickets"`. Keys outside `keys` are problems.
    Anything that is not a mapping reads as an empty one, and `sound` is false."""

    def __init__(self, node: Node, noun: str, keys: Collection[str], problems: Problems) -> None:
        self.noun = noun
        self.problems = problems
        self.at = node.at
        self.sound = isinstance(node, MapNode)
        self.node = node if isinstance(node, MapNode) else MapNode({}, {}, node.at)
        self.unknown = [key for key in self.node.entries if key not in keys]
        if not self.sound:
            problems.add(node.at, f"{capital(noun)} is a mapping; {kind_of(node)} is not.", _keys_hint(keys))
        for key in self.unknown:
            problems.add(self.node.keys[key], f'"{key}" is not a key of {noun}.', did_you_mean(key, keys))

    def has(self, key: str) -> bool:
        return key in self.node.entries

    def key_at(self, key: str) -> Location:
        """Where the key stands, or the mapping if it has no such key."""
        return self.node.keys.get(key, self.at)

    def required(self, *keys: str, at: Location | None = None, hints: Mapping[str, str] = _NO_HINTS) -> bool:
        """Whether all keys are there; each that is not is a problem, unless another is a misspelling of it. `hints`
        are by key."""
        missing = [key for key in keys if key not in self.node.entries] if self.sound else []
        for key in missing:
            if not any(did_you_mean(other, [key]).startswith("Did") for other in self.unknown):
                self.problems.add(at or self.at, f'{capital(self.noun)} lacks "{key}".', hints.get(key, ""))
        return self.sound and not missing

    def node_of(self, key: str) -> Node | None:
        """The value of a key, or none where it is absent; a key with nothing after it is a problem."""
        node = self.node.entries.get(key)
        if isinstance(node, ScalarNode) and node.value is None:
            self.problems.add(
                self.key_at(key), f'"{key}" of {self.noun} has no value.', "Write one, or remove the key."
            )
            return None
        return node

    def text(self, key: str) -> str | None:
        node = self.node_of(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
            return node.value
        quote = "Put it in quotes." if isinstance(node, ScalarNode) else ""
        self.wrong(key, node, "a text", quote)
        return None

    def word(self, key: str, options: Collection[str], noun: str) -> str | None:
        """One of `options`; `noun` is what they are: "a role"."""
        text = self.text(key)
        if text is None or text in options:
            return text
        self.problems.add(self.node.entries[key].at, f'"{text}" is not {noun}.', did_you_mean(text, options))
        return None

    def boolean(self, key: str, default: bool) -> bool:
        node = self.node_of(key)
        if node is None:
            return default
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        self.wrong(key, node, "true or false")
        return default

    def count(self, key: str) -> int | None:
        """A whole number of at least 1."""
        node = self.node_of(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and type(node.value) is int and node.value >= 1:
            return node.value
        self.wrong(key, node, "a whole number of at least 1")
        return None

    def texts(self, key: str) -> list[ScalarNode]:
        """A text, or a list of texts."""
        node = self.node_of(key)
        items = node.items if isinstance(node, ListNode) else () if node is None else (node,)
        found: list[ScalarNode] = []
        for item in items:
            if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value:
                found.append(item)
            else:
                self.problems.add(item.at, f'"{key}" of {self.noun} holds texts; {kind_of(item)} is not one.')
        return found

    def mapping(self, key: str, hint: str = "") -> MapNode | None:
        node = self.node_of(key)
        if node is None or isinstance(node, MapNode):
            return node
        self.wrong(key, node, "a mapping", hint)
        return None

    def wrong(self, key: str, node: Node, wanted: str, hint: str = "") -> None:
        found = "is not" if kind_of(node) != wanted else "does not fit"
        self.problems.add(node.at, f'"{key}" of {self.noun} is {wanted}; {_shown(node)} {found}.', hint)


def check_name(name: str, at: Location, noun: str, problems: Problems) -> bool:
    """Whether `name` can be a name in GraphQL and in a reference."""
    if not NAME.fullmatch(name):
        problems.add(at, f'"{name}" cannot be the name of {noun}.', "Letters, digits and _; not a digit first.")
    elif name.startswith("__"):
        problems.add(at, f'"{name}" cannot be the name of {noun}: GraphQL keeps names that begin with __ to itself.')
    else:
        return True
    return False


def capital(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def _shown(node: Node) -> str:
    return node.raw if isinstance(node, ScalarNode) and len(node.raw) <= 40 and "\n" not in node.raw else kind_of(node)


def _keys_hint(keys: Collection[str]) -> str:
    return f"Its keys: {', '.join(keys)}." if 0 < len(keys) <= 12 else ""
