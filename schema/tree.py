"""A YAML file as a tree whose every node knows where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tidegate.core.json import Json
from tidegate.core.location import Location

Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """`raw` is the source as written, with its quotes."""

    value: Plain
    at: Location
    raw: str

    def place(self, offset: int) -> Location:
        """Where the character at `offset` of a text stands in the file: exact wherever the source shows the text as it
        is; inside escapes and folded lines, the nearest place that can be told."""
        text = self.value if isinstance(self.value, str) else self.raw
        line_start = text.rfind("\n", 0, offset) + 1
        shown = text[line_start:].split("\n", 1)[0]
        before = text[:line_start].split("\n")
        start = _nth_line(self.raw, shown, len([line for line in before[:-1] if line.strip()]))
        if start is not None:
            return self.raw_place(start + offset - line_start)
        # The source shows the text differently. Count the same marks in both.
        mark = text[offset : offset + 2]
        index = -1
        for _ in range(text.count(mark, 0, offset) + 1):
            index = self.raw.find(mark, index + 1)
        return self.raw_place(index) if mark and index >= 0 else self.at

    def raw_place(self, index: int) -> Location:
        """Where the character at `index` of the source stands in the file."""
        before = self.raw[:index]
        line = before.count("\n")
        column = len(before) - (before.rfind("\n") + 1) + 1 if line else self.at.column + index
        return Location(self.at.file, self.at.line + line, column)


@dataclass(frozen=True, slots=True)
class ListNode:
    items: tuple[Node, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class MapNode:
    """`keys` says where each key stands."""

    entries: Mapping[str, Node]
    keys: Mapping[str, Location]
    at: Location


Node: TypeAlias = ScalarNode | ListNode | MapNode


def as_json(node: Node) -> Json:
    """The values alone."""
    match node:
        case ScalarNode(value=value):
            return value
        case ListNode(items=items):
            return [as_json(item) for item in items]
        case MapNode(entries=entries):
            return {name: as_json(entry) for name, entry in entries.items()}


def kind_of(node: Node) -> str:
    """What a node is, in a sentence."""
    match node:
        case MapNode():
            return "a mapping"
        case ListNode():
            return "a list"
        case ScalarNode(value=None):
            return "nothing"
        case ScalarNode(value=bool()):
            return "true or false"
        case ScalarNode(value=int() | float()):
            return "a number"
        case ScalarNode():
            return "a text"


def _nth_line(raw: str, shown: str, ordinal: int) -> int | None:
    """Where `shown` begins in `raw`: in a text of one line anywhere, else at the `ordinal`-th line that holds it."""
    if not shown:
        return None
    position = 0
    skipped = 0
    for line in raw.split("\n"):
        index = line.find(shown)
        if index >= 0 and skipped >= ordinal:
            return position + index
        if line.strip() and not (position == 0 and line.lstrip()[:1] in "|>"):
            skipped += 1
        position += len(line) + 1
    return None
