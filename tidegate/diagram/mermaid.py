"""An outline -> a Mermaid flowchart, for places that draw Mermaid by themselves.

What is written into a label is escaped sign by sign: nothing in a project can end a label, begin a link or become HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tidegate.diagram.outline import Arm, Box, Chain, Fork, Frame, Outline, Part, Tone

LONGEST: Final = 120
"""Characters of a line in a label."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9 _,/()]")
_SHAPES: Final = {Tone.EDGE: ('(["', '"])'), Tone.CODE: ('[["', '"]]'), Tone.EMIT: ('>"', '"]')}
_Exit = tuple[str, str]
"""A node that the way leads on from, and what is written on the way."""


def as_mermaid(outline: Outline) -> str:
    """The whole text, its last line ended."""
    writer = _Writer()
    lines = ["flowchart TD", f"    accTitle: {_escape(outline.title)}"]
    writer.chain(outline.chain, [], 1)
    if outline.handler is not None:
        writer.part(outline.handler, [], 1)
    return "\n".join((*lines, *writer.lines, ""))


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def chain(self, chain: Chain, before: Sequence[_Exit], depth: int) -> list[_Exit]:
        """Draws what follows `before`; gives where it goes on from."""
        exits = list(before)
        for part in chain:
            exits = self.part(part, exits, depth)
        return exits

    def part(self, part: Part, before: Sequence[_Exit], depth: int) -> list[_Exit]:
        match part:
            case Box():
                node = self._node(part, depth)
                self._link(before, node, depth)
                return [] if part.ends else [(node, "")]
            case Fork():
                return self._fork(part, before, depth)
            case Frame():
                return self._frame(part, before, depth)

    def _fork(self, fork: Fork, before: Sequence[_Exit], depth: int) -> list[_Exit]:
        head = self._new()
        self._say(f'{head}{{{{"{_label(fork)}"}}}}', depth)
        self._link(before, head, depth)
        exits: list[_Exit] = []
        for arm in fork.arms:
            exits += self.chain(arm.chain, [(head, arm.label)], depth)
        return exits

    def _frame(self, frame: Frame, before: Sequence[_Exit], depth: int) -> list[_Exit]:
        """Mermaid keeps room for one line above a frame: what else there is to say of it is its first node."""
        name, head = self._new(), self._new()
        self._open(name, frame.title, depth)
        self._say(f'{head}("{"<br/>".join(_details(frame))}")', depth + 1)
        for arm in frame.arms:
            if arm.label:
                inner = self._new()
                self._open(inner, arm.label, depth + 1)
                self._arm(arm, [], depth + 2)
                self._say("end", depth + 1)
                self._say(f"{head} -.-> {inner}", depth + 1)
            else:
                self._arm(arm, [(head, "")], depth + 1)
        self._say("end", depth)
        self._link(before, name, depth)
        return [] if frame.ends else [(name, "")]

    def _arm(self, arm: Arm, before: Sequence[_Exit], depth: int) -> None:
        if arm.chain:
            self.chain(arm.chain, before, depth)
        else:
            self._say(f'{self._new()}["nothing"]', depth)

    def _open(self, name: str, title: str, depth: int) -> None:
        self._say(f'subgraph {name} ["{_escape(title)}"]', depth)
        self._say("direction TB", depth + 1)

    def _node(self, box: Box, depth: int) -> str:
        node = self._new()
        opened, closed = _SHAPES.get(box.tone, ('["', '"]'))
        self._say(f"{node}{opened}{_label(box)}{closed}", depth)
        return node

    def _link(self, before: Sequence[_Exit], node: str, depth: int) -> None:
        for place, label in before:
            written = f'|"{escaped}"|' if (escaped := _escape(label)) else ""
            self._say(f"{place} -->{written} {node}", depth)

    def _new(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def _say(self, line: str, depth: int) -> None:
        self.lines.append("    " * depth + line)


def _label(part: Part) -> str:
    return "<br/>".join(_lines(part))


def _lines(part: Part) -> Iterator[str]:
    yield _escape(part.title)
    yield from _details(part)


def _details(part: Part) -> Iterator[str]:
    yield from map(_escape, part.notes)
    if part.place:
        yield _escape(part.place)


def _escape(text: str) -> str:
    """Everything but letters, digits and a few signs as an entity in Mermaid's own way: `#35;`."""
    text = " ".join(text.split())
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return "".join(sign if _PLAIN.fullmatch(sign) else f"#{ord(sign)};" for sign in text)
