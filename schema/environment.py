"""`${NAME}` in texts -> the environment's values, under integrations and auth only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode

_NAME: Final = re.compile(r"(\$?)\$\{([^}]*)\}")
_LEGAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Environment:
    """`values` none: nothing is read, and a text keeps its `${NAME}`s, so that a project can be checked without its
    secrets. `$${NAME}` is a literal `${NAME}`."""

    def __init__(self, values: Mapping[str, str] | None, problems: Problems) -> None:
        self._values = values
        self._problems = problems

    @property
    def known(self) -> bool:
        return self._values is not None

    def fill(self, node: Node) -> Node:
        """The same tree with every `${NAME}` replaced. A variable that is not set is a problem."""
        match node:
            case ScalarNode(value=str() as text, at=at, raw=raw) if "${" in text:
                return ScalarNode(_NAME.sub(lambda found: self._value(found, node), text), at, raw)
            case ScalarNode():
                return node
            case ListNode(items=items, at=at):
                return ListNode(tuple(self.fill(item) for item in items), at)
            case MapNode(entries=entries, keys=keys, at=at):
                return MapNode({name: self.fill(entry) for name, entry in entries.items()}, keys, at)

    def _value(self, found: re.Match[str], node: ScalarNode) -> str:
        escape, name = found[1], found[2]
        at = node.place(found.start())
        if escape:
            return found[0][1:]
        if not _LEGAL.fullmatch(name):
            self._problems.add(at, f'"{name}" cannot be the name of a variable of the environment.', "Write ${NAME}.")
        elif self._values is not None and not self._values.get(name):
            near = did_you_mean(name, self._values)
            hint = near if near.startswith("Did") else "Set it before the gateway starts."
            self._problems.add(at, f"The environment has no {name}.", hint)
        elif self._values is not None:
            return self._values[name]
        return found[0]


def holds_variables(text: str) -> bool:
    """Whether a text still has `${NAME}`s in it: the project is being checked without its environment."""
    return any(not found[1] for found in _NAME.finditer(text))


def refuse_variables(node: Node, problems: Problems) -> None:
    """`${NAME}` anywhere else is a problem; descriptions may hold one, and it stays as it is."""
    match node:
        case ScalarNode(value=str() as text):
            refuse_in_text(text, node.place, problems)
        case ScalarNode():
            pass
        case ListNode(items=items):
            for item in items:
                refuse_variables(item, problems)
        case MapNode(entries=entries):
            for name, entry in entries.items():
                if name not in ("description", "deprecated"):
                    refuse_variables(entry, problems)


def refuse_in_text(text: str, place: Callable[[int], Location], problems: Problems) -> None:
    """The same for a text; `place` says where the character at an offset stands."""
    for found in _NAME.finditer(text):
        if not found[1] and _LEGAL.fullmatch(found[2]):
            problems.add(
                place(found.start()),
                f"{found[0]} cannot be read here: the environment is for integrations and auth only.",
                "Secrets cannot reach an operation.",
            )
