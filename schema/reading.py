"""The text of a YAML file -> a tree with locations.

PyYAML scans and parses; what the events mean is decided here: YAML 1.2 scalars, one document, and none of anchors,
aliases, tags, merge keys and duplicate keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NoReturn

import yaml
from yaml.events import AliasEvent, DocumentStartEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from tidegate.core.location import Location
from tidegate.core.problems import Problem, Problems
from tidegate.schema.tree import ListNode, MapNode, Node, Plain, ScalarNode
from tidegate.schema.yaml_scalars import resolve_plain

DEEPEST: Final = 40
"""How deep a project file may be nested."""

KEPT: Final = 256
"""Files whose trees are remembered: a reload reads those that have changed. Reading is most of compiling."""

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
_LIST_TYPE: Final = re.compile(r"\[\s*\[?\s*[A-Za-z_]\w*!?\s*\]?!?\s*\]!?")


class _Unreadable(Exception):
    """The rest of the file means nothing. The problem has been added."""


def read_yaml(text: str, file: str, problems: Problems) -> Node | None:
    """The tree of a file's only document, or none if it is empty or cannot be read; then `problems` says why."""
    root, found = _read(text, file)
    problems.extend(found)
    return root


@lru_cache(KEPT)
def _read(text: str, file: str) -> tuple[Node | None, Sequence[Problem]]:
    problems = Problems()
    return _tree(text, file, problems), tuple(problems.found)


def _tree(text: str, file: str, problems: Problems) -> Node | None:
    strange = _UNPRINTABLE.search(text)
    if strange is not None:
        at = _place(text, strange.start(), file)
        problems.add(
            at, f"The character U+{ord(strange[0]):04X} cannot stand in a YAML file.", _escape_hint(strange[0])
        )
        return None
    try:
        return _Reader(text, file, problems).document()
    except _Unreadable:
        return None
    except yaml.MarkedYAMLError as error:
        _explain(error, text, file, problems)
        return None
    except yaml.YAMLError as error:
        problems.add(Location(file), f"This is not YAML: {str(error).splitlines()[0].rstrip('.')}.")
        return None


class _Reader:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self._text = text
        self._file = file
        self._problems = problems
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def document(self) -> Node | None:
        next(self._events)  # The stream's start.
        start = next(self._events)
        if not isinstance(start, DocumentStartEvent):
            self._problems.add(Location(self._file), "This file is empty.")
            return None
        if start.version or start.tags:
            self._refuse(start, "Directives such as %YAML and %TAG cannot be used here.", "Remove the line.")
        root = self._node(next(self._events), 0)
        next(self._events)  # The document's end.
        more = next(self._events)
        if isinstance(more, DocumentStartEvent):
            self._refuse(more, "A file holds one document.", "Put what follows --- into a file of its own.")
        if isinstance(root, ScalarNode) and root.value is None:
            self._problems.add(Location(self._file), "This file is empty.")
            return None
        return root

    def _node(self, event: Event, depth: int) -> Node:
        at = self._at(event)
        if isinstance(event, AliasEvent):
            self._refuse(event, f"Aliases (*{event.anchor}) cannot be used here.", "Write the value out.")
        if getattr(event, "anchor", None) is not None:
            self._refuse(event, f"Anchors (&{event.anchor}) cannot be used here.", "Write the value out.")  # type: ignore[attr-defined]
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "Tags (!) cannot be used here.", "For a text that begins with !, put it in quotes.")
        if depth > DEEPEST:
            self._refuse(event, f"This file is nested deeper than {DEEPEST} levels.")
        if isinstance(event, ScalarEvent):
            return ScalarNode(self._value(event, at), at, self._raw(event))
        if isinstance(event, SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return ListNode(tuple(items), at)
        return self._mapping(at, depth)

    def _mapping(self, at: Location, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if isinstance(event, MappingStartEvent) and self._text.startswith("{{", _index(event.start_mark) - 1):
                hint = 'Write "{{ args.name }}", or take the value whole: $args.name.'
                self._refuse(event, "A text with holes must be in quotes here.", hint, shift=-1)
            if not isinstance(event, ScalarEvent):
                self._refuse(event, "A key is a word, not a mapping, a list or an alias.")
            key, place = self._joined(event), self._at(event)
            if key == "<<" and event.style is None:
                self._refuse(event, "Merge keys (<<) cannot be used here.", "Write the values out.")
            if event.anchor is not None or event.tag is not None:
                self._refuse(event, "A key can have neither an anchor nor a tag.")
            value = self._node(next(self._events), depth + 1)
            if key in entries:
                self._problems.add(
                    place, f'"{key}" is written twice; the first is at {keys[key]}.', "Keep one of them."
                )
                continue
            entries[key], keys[key] = value, place
        return MapNode(entries, keys, at)

    def _value(self, event: ScalarEvent, at: Location) -> Plain:
        if event.style is not None:
            return self._joined(event)
        try:
            return resolve_plain(event.value)
        except ValueError:
            self._problems.add(at, "This number is too big, or not a number.", "For text, put it in quotes.")
            return event.value

    def _joined(self, event: ScalarEvent) -> str:
        """JSON writes some characters as two escapes, each a half of the character."""
        text = str(event.value)
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._refuse(
                event, "This text holds half a character, written as an escape.", "Write the character itself."
            )

    def _raw(self, event: Event) -> str:
        return self._text[_index(event.start_mark) : _index(event.end_mark)]

    def _at(self, event: Event) -> Location:
        mark = event.start_mark
        return Location(self._file, mark.line + 1, mark.column + 1) if mark is not None else Location(self._file)

    def _refuse(self, event: Event, sentence: str, hint: str = "", shift: int = 0) -> NoReturn:
        at = self._at(event)
        self._problems.add(Location(at.file, at.line, at.column + shift), sentence, hint)
        raise _Unreadable


def _index(mark: yaml.error.Mark | yaml._yaml.Mark | None) -> int:
    return mark.index if mark is not None else 0


def _explain(error: yaml.MarkedYAMLError, text: str, file: str, problems: Problems) -> None:
    """PyYAML's words, turned into what the author can do."""
    said = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    line = text.split("\n")[mark.line] if mark is not None and mark.line < text.count("\n") + 1 else ""
    at = Location(file, mark.line + 1, mark.column + 1) if mark is not None else Location(file)
    opened = error.context_mark
    listed = _LIST_TYPE.search(line)
    if "\\t" in said or (mark is not None and line[: mark.column + 1].endswith("\t")):
        problems.add(at, "A tab cannot indent YAML.", "Use spaces.")
    elif listed is not None and mark is not None and listed.start() <= mark.column <= listed.end():
        at = Location(file, at.line, listed.start() + 1)
        problems.add(at, "A list type must be in quotes.", f'Write "{listed[0]}".')
    elif mark is not None and "${" in line[: mark.column + 1]:
        at = Location(file, at.line, line.index("${") + 1)
        problems.add(at, "${NAME} must be in quotes here.", 'Write "${NAME}".')
    elif mark is not None and "{{" in line[: mark.column + 1]:
        at = Location(file, at.line, line.index("{{") + 1)
        problems.add(at, "A text with holes must be in quotes here.", 'Write "… {{ args.name }} …".')
    elif "quoted scalar" in (error.context or "") and opened is not None:
        at = Location(file, opened.line + 1, opened.column + 1)
        problems.add(at, "The quote that opens here is not closed, or holds an escape that YAML does not know.")
    elif "mapping values are not allowed" in said:
        hint = "Put the text in quotes if the colon belongs to it; else check the indentation."
        problems.add(at, "A colon cannot stand here.", hint)
    elif "flow" in (error.context or "") and opened is not None:
        sign = text[opened.index : opened.index + 1]
        problems.add(at, f'The "{sign}" of line {opened.line + 1} is not closed before this.')
    elif "could not find expected ':'" in said:
        at = Location(file, opened.line + 1, opened.column + 1) if opened is not None else at
        problems.add(at, "A key and a colon are wanted here.", "Write key: value.")
    elif "block" in (error.context or ""):
        problems.add(at, "This does not fit what stands above it.", "Check the indentation.")
    elif "cannot start any token" in said:
        problems.add(at, f'A text cannot begin with "{line[mark.column]}".' if mark else said, "Put it in quotes.")
    else:
        problems.add(at, f"This is not YAML: {said.rstrip('.')}.")


def _place(text: str, index: int, file: str) -> Location:
    before = text[:index]
    return Location(file, before.count("\n") + 1, index - before.rfind("\n"))


def _escape_hint(character: str) -> str:
    return f"In a quoted text, write \\u{ord(character):04x}." if ord(character) > 0x20 else "Remove it."
