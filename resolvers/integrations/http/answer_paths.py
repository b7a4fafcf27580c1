"""`$.items[0].name` -> the way into an answer.

A small part of JSONPath (RFC 9535): names after a dot or as `['any name']`, whole numbers in brackets (negative: from
the end), and `[*]` for every item. What is not there is missing; after `[*]` the result is one list, without what is
missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from tidegate.core.json import MISSING, Given, Json, Missing


class Every(Enum):
    """The type of `EVERY`: `[*]`."""

    EVERY = "*"


EVERY: Final = Every.EVERY
Step: TypeAlias = str | int | Every

_STEP: Final = re.compile(
    r"\.(?P<name>[^\s.\[\]'\"*$]+)|\[(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<item>-?\d{1,9})|(?P<every>\*))\]",
    re.ASCII,
)
FORM: Final = "Write $.items, $.items[0].name, $['a name'] or $.edges[*].node."


@dataclass(frozen=True, slots=True)
class AnswerPath:
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "$" + "".join(f".{step}" if isinstance(step, str) else f"[{_shown(step)}]" for step in self.steps)

    def follow(self, value: Json) -> Given:
        return _follow(value, self.steps)


def parse_path(text: str) -> AnswerPath | None:
    """None where `text` is no path."""
    if not text.startswith("$"):
        return None
    steps: list[Step] = []
    index = 1
    while index < len(text):
        found = _STEP.match(text, index)
        if found is None:
            return None
        steps.append(_step(found))
        index = found.end()
    return AnswerPath(tuple(steps))


def _step(found: re.Match[str]) -> Step:
    if found["item"] is not None:
        return int(found["item"])
    if found["every"] is not None:
        return EVERY
    return next(each for each in (found["name"], found["single"], found["double"]) if each is not None)


def _shown(step: int | Every) -> str:
    return "*" if isinstance(step, Every) else str(step)


def _follow(value: Json, steps: tuple[Step, ...]) -> Given:
    for index, step in enumerate(steps):
        if isinstance(step, Every):
            return _each(value, steps[index + 1 :])
        if isinstance(step, str):
            if not isinstance(value, Mapping) or step not in value:
                return MISSING
            value = value[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
    return value


def _each(value: Json, rest: tuple[Step, ...]) -> Given:
    if not isinstance(value, list):
        return MISSING
    found = [given for given in (_follow(item, rest) for item in value) if not isinstance(given, Missing)]
    if EVERY in rest:
        return [inner for given in found if isinstance(given, list) for inner in given]
    return found
