"""The steps of a function, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Final

from rich.text import Text

from tidegate.cli.console import say
from tidegate.core.call import Runnable
from tidegate.core.operation import Operation, Request
from tidegate.description.moments import PARTS
from tidegate.diagram.drawing import draw
from tidegate.diagram.outline import Box, Chain, Frame, Part, Tone

_INDENT: Final = "  "


def show_function(operation: Operation, runnable: Runnable) -> None:
    """Each step below the one before it, what is within it indented, its SQL under it. Last, what is asked of rows in
    the answer where it does not hold everything."""
    outline = draw(operation)
    for line in _chain(outline.chain[1:], runnable, 0):
        say(line)
    if outline.handler is not None:
        for line in _part(outline.handler, runnable, 0):
            say(line)
    for selection, place in runnable.places.items():
        say(Text(f"# what the answer lacks of rows of the type {selection.type}, by their keys", "dim"))
        say(Text(indent(place.compiled.describe().rstrip("\n"), _INDENT)))


def _steps(runnable: Runnable, lead: str) -> Iterator[Text]:
    for step in runnable.steps:
        yield Text(indent(step.describe().rstrip("\n"), lead))


def _chain(chain: Chain, runnable: Runnable, depth: int) -> Iterator[Text]:
    for part in chain:
        yield from _part(part, runnable, depth)


def _part(part: Part, runnable: Runnable, depth: int) -> Iterator[Text]:
    lead = _INDENT * depth
    line = Text.assemble(lead, (part.title, "bold"))
    if part.notes:
        line.append(f" ({'; '.join(part.notes)})")
    if part.place:
        line.append(f"  # {part.place}", "dim")
    yield line
    if isinstance(part, Box):
        if part.request is not None:
            yield from _asked(part.request, runnable, lead + _INDENT)
        for joined in part.joins:
            if joined in runnable.joined:
                yield Text(f"{lead}{_INDENT}# {joined.field}", "dim")
                yield from _steps(runnable.joined[joined], lead + _INDENT)
        return
    for number, arm in enumerate(part.arms, 1):
        label = arm.label or (f"way {number}" if part.tone is Tone.PARALLEL else "")
        if label:
            # What a frame holds besides its first part does not belong to that.
            yield Text(f"{lead}{'' if isinstance(part, Frame) and number > 1 else _INDENT}{label}", "italic")
        inner = depth + (1 if isinstance(part, Frame) or not label else 2)
        yield from _chain(arm.chain, runnable, inner) if arm.chain else (Text(f"{_INDENT * inner}nothing", "dim"),)


def _asked(request: Request, runnable: Runnable, lead: str) -> Iterator[Text]:
    asked = runnable.requests.get(request)
    if asked is None:
        return
    if not asked.parts:
        yield from _steps(asked, lead)
    for name, words in PARTS.items():
        if name in asked.parts:
            yield Text(f"{lead}# {words}", "dim")
            yield Text(indent(asked.parts[name].describe().rstrip("\n"), lead))
