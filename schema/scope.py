"""What references may name at a place, and whether a reference is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.expressions import Reference
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import SCALARS, Argument, InputType, ListOf, Named, TypeDefinition, nullable
from tidegate.schema.shapes import Shape, Walk, type_of

ROOTS: Final = ("args", "currentUser", "config", "result", "row", "prev", "error", "value", "index")
"""Every name that a reference can begin with, here or elsewhere."""

RESERVED: Final = frozenset({*ROOTS, "variables", "input", "key"})
"""What no step can be called."""

_SEGMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ITEM: Final = re.compile(r"[0-9]{1,9}(?![A-Za-z0-9_])", re.ASCII)
_OPERATORS: Final = re.compile(r"\s*(?:[-+*/%<>=!?|&~,:]|and\b|or\b|not\b|if\b|in\b|is\b)")
_COMPUTE: Final = "Compute it in SQL."
_FIELD: Final = "One field follows row and prev."
_SIMPLE: Final = "currentUser.x is a simple field access: one declared field, nothing after it."


@dataclass(frozen=True, slots=True)
class Scope:
    """`arguments` is none where there are none to name; `properties` holds the fields of `currentUser.properties`, none
    at all where the project has none, no name where they cannot be known. `whole`, `users_known` and `config_known` are
    false where a mistake hides what is declared: then nobody is told that a name is not. `rows` is the object whose
    fields `row` and `prev` have; with `related`, every object there is, `row` reaches the rows it belongs to as
    well. `steps` has what the steps so far are called, with `value`, `index` and `error` where they are, and what is
    known of each; none where there are no steps. `answers`: a text that begins with `$.` or `$[` is a path into what an
    integration answers."""

    arguments: Mapping[str, Argument] | None
    current_user: frozenset[str]
    properties: frozenset[str] | None
    config: Json
    types: Mapping[str, TypeDefinition]
    place: str = "here"
    whole: bool = True
    users_known: bool = True
    config_known: bool = True
    rows: DataObject | None = None
    related: Mapping[str, DataObject] | None = None
    steps: Mapping[str, Shape] | None = None
    answers: bool = False

    @property
    def roots(self) -> tuple[str, ...]:
        rows = ("row", "prev") if self.rows is not None else ()
        own = ("args", "currentUser", "config") if self.arguments is not None else ("currentUser", "config")
        return (*(self.steps or ()), *rows, *own)


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a reference, without its `$` or braces, and where each of its characters stands."""

    text: str
    places: tuple[Location, ...]

    def at(self, index: int) -> Location:
        return self.places[min(index, len(self.places) - 1)]


def parse_reference(written: Written, scope: Scope, problems: Problems) -> Reference | None:
    """The reference that `written` says, if it names something in `scope`; else a problem at the exact column."""
    path: list[tuple[str, int]] = []
    index = 0
    while (found := _SEGMENT.match(written.text, index) or _item(written.text, path, scope)) is not None:
        path.append((found[0], index))
        index = found.end()
        if written.text[index : index + 1] != ".":
            break
        index += 1
    if not path or index < len(written.text) or written.text.endswith("."):
        _explain_form(written, path, index, scope, problems)
        return None
    (root, _), *rest = path
    if root not in scope.roots:
        _explain_root(root, written, scope, problems)
        return None
    if scope.steps is not None and root in scope.steps:
        names = tuple(name for name, _ in rest)
        wrong = Walk(scope.types).explain(root, scope.steps[root], names)
        if wrong is not None:
            index, sentence, hint = wrong
            problems.add(written.at(rest[index][1]), sentence, hint)
            return None
        return Reference(root, names, written.at(0), type_of(Walk(scope.types).follow(scope.steps[root], names)))
    if not rest:
        problems.add(written.at(0), f'"{root}" alone is not a value.', f"Name one of its fields: {root}.x.")
        return None
    fault = _Steps(written, scope, problems)
    known = {
        "args": fault.arguments,
        "currentUser": fault.current_user,
        "config": fault.config,
        "row": fault.row,
        "prev": fault.prev,
    }[root](rest)
    if not known:
        return None
    names = tuple(name for name, _ in rest)
    if root == "args" and any(name.isdecimal() for name in names):
        argument = (scope.arguments or {})[names[0]]
        return Reference(root, names, written.at(0), type_of(Walk(scope.types).follow(argument.type, names[1:])))
    return Reference(root, names, written.at(0))


def _item(text: str, path: list[tuple[str, int]], scope: Scope) -> re.Match[str] | None:
    """A whole number, which picks an item of a list: steps have such."""
    if not path or scope.steps is None:
        return None
    last, start = path[-1]
    return _ITEM.match(text, start + len(last) + 1)


def _explain_form(written: Written, path: list[tuple[str, int]], index: int, scope: Scope, problems: Problems) -> None:
    rest = written.text[index:]
    if not path:
        problems.add(written.at(0), f'"{written.text.strip()}" is not a reference.', _begins(scope))
        return
    root = path[0][0]
    if root == "currentUser" and (rest.startswith(("(", "[")) or index == len(written.text)):
        last = path[-1][1]
        place = written.at(last) if rest.startswith("(") and len(path) > 2 else written.at(index)
        problems.add(place, f"currentUser cannot be used like this: {written.text.strip()}.", _SIMPLE)
    elif _OPERATORS.match(rest):
        problems.add(
            written.at(index + len(rest) - len(rest.lstrip())), "References and holes have no operators.", _COMPUTE
        )
    elif rest.startswith(("(", "[")):
        what = "calls" if rest.startswith("(") else "brackets"
        problems.add(written.at(index), f"A reference has no {what}: names and dots only.", _COMPUTE)
    else:
        problems.add(written.at(index), f'"{written.text.strip()}" is not a reference.', "Names and dots only.")


def _explain_root(root: str, written: Written, scope: Scope, problems: Problems) -> None:
    if root in ROOTS:
        problems.add(written.at(0), f'"{root}" is not available {scope.place}.', _begins(scope))
    else:
        hint = did_you_mean(root, scope.roots)
        problems.add(written.at(0), f'"{root}" is nothing that a reference can begin with.', hint)


def _begins(scope: Scope) -> str:
    return f"A reference begins with {', '.join(scope.roots[:-1])} or {scope.roots[-1]} {scope.place}."


@dataclass(frozen=True, slots=True)
class _Steps:
    """Walks the names after the root. Each method says whether they lead to something."""

    written: Written
    scope: Scope
    problems: Problems

    def arguments(self, path: Iterable[tuple[str, int]]) -> bool:
        declared: Mapping[str, Argument] = self.scope.arguments or {}
        owner = "There is no argument"
        leaf: Named | ListOf = Named("")
        for name, index in path:
            argument = declared.get(name)
            if isinstance(leaf, ListOf) and name.isdecimal():
                leaf = nullable(leaf.of)
            elif argument is None:
                if self.scope.whole:
                    sentence = f'{owner} "{name}".'
                    self.problems.add(self.written.at(index), sentence, did_you_mean(name, declared) or "Declare it.")
                return False
            else:
                leaf = nullable(argument.type)
            if leaf == Named("JSON"):
                return True
            definition = self.scope.types.get(leaf.name) if isinstance(leaf, Named) else None
            if definition is None and isinstance(leaf, Named) and leaf.name not in SCALARS:
                return True  # There is no such type, which has been said.
            declared = definition.fields if isinstance(definition, InputType) else {}
            owner = f"{leaf} has no field"
        return True

    def current_user(self, path: list[tuple[str, int]]) -> bool:
        (name, index), *rest = path
        if name == "properties":
            return self._property(index, rest)
        if name not in self.scope.current_user:
            if self.scope.users_known:
                hint = did_you_mean(name, self.scope.current_user) or "Declare it under auth.currentUser."
                self.problems.add(self.written.at(index), f'currentUser has no field "{name}".', hint)
            return False
        if rest:
            text = self.written.text.strip()
            self.problems.add(self.written.at(rest[0][1]), f"currentUser cannot be used like this: {text}.", _SIMPLE)
            return False
        return True

    def _property(self, index: int, rest: list[tuple[str, int]]) -> bool:
        properties = self.scope.properties
        if properties is None:
            if self.scope.users_known:
                hint = "Name the query that gives them under auth.properties."
                self.problems.add(self.written.at(index), "This project has no currentUser.properties.", hint)
            return False
        if len(rest) != 1:
            at = self.written.at(rest[1][1] if rest else index)
            self.problems.add(at, "One name follows currentUser.properties.", "Write currentUser.properties.x.")
            return False
        name, place = rest[0]
        if properties and name not in properties:
            sentence = f'currentUser.properties has no field "{name}".'
            self.problems.add(self.written.at(place), sentence, did_you_mean(name, properties))
            return False
        return True

    def row(self, path: list[tuple[str, int]]) -> bool:
        built = self.scope.rows
        *before, (name, index) = path
        for relation_name, place in before:
            assert built is not None
            relation = built.relations.get(relation_name)
            if relation is None or relation.many or self.scope.related is None:
                what = "holds many rows" if relation is not None and relation.many else "has no fields to name here"
                self.problems.add(self.written.at(place), f'"{relation_name}" of {built.name} {what}.', _FIELD)
                return False
            built = self.scope.related.get(relation.target)
            if built is None:
                return False  # What is wrong with that object has been said.
        assert built is not None
        if name not in built.columns:
            self.problems.add(
                self.written.at(index), f'{built.name} has no field "{name}".', did_you_mean(name, built.columns)
            )
            return False
        return True

    def prev(self, path: list[tuple[str, int]]) -> bool:
        if len(path) > 1:
            self.problems.add(self.written.at(path[1][1]), "Only fields of the row itself were kept.", _FIELD)
            return False
        return self.row(path)

    def config(self, path: Iterable[tuple[str, int]]) -> bool:
        value = self.scope.config
        for name, index in path:
            if not isinstance(value, Mapping) or name not in value:
                if not self.scope.config_known:
                    return False
                hint = did_you_mean(name, value) if isinstance(value, Mapping) else ""
                self.problems.add(self.written.at(index), f'There is no "{name}" in config.', hint or "Declare it.")
                return False
            value = value[name]
        return True
