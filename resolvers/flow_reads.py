"""What a call of a query's function may read, as far as that is known before it is run.

Values that come from the call itself are known, those that come from earlier steps may be any. So two calls with
different arguments wake each other no more than their requests do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.core.call import Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.expressions import Expression, Record, Reference, Scope, references, resolve
from tidegate.core.flow import Ask, Invoke, Join, Joined, Run, all_steps, calls_of, expressions_of
from tidegate.core.footprint import UNKNOWN, Read, Unknown
from tidegate.core.integration import Compiled
from tidegate.core.json import Given, Json, Missing, frozen
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.operation import Kind, Operation
from tidegate.core.reach import everything, speaks_of_calls

Find: TypeAlias = Callable[[Operation], Runnable]
"""The operation, compiled for the caller's role."""


@dataclass(frozen=True, slots=True)
class FlowReads:
    """For one call. `find` is for the operations it calls."""

    catalog: Catalog
    find: Find
    _seen: set[Hashable] = field(default_factory=set, init=False)
    """What has been looked at, with which arguments. A function that calls itself twice, and so on, is many calls."""

    def of(self, runnable: Runnable, scope: Scope) -> tuple[Read, ...]:
        """`scope` holds what references of the function can reach before its first step."""
        return tuple(dict.fromkeys(self._flow(runnable, scope, frozenset(), self.catalog.limits.nesting)))

    def _flow(self, runnable: Runnable, scope: Scope, unknown: frozenset[str], depth: int) -> Iterator[Read]:
        """`unknown`: arguments that may be any."""
        operation = runnable.operation
        key = operation.name, runnable.selection, frozen(scope["args"]), unknown
        if key in self._seen:
            return
        self._seen.add(key)
        flow = operation.plan.flow
        if flow is None:
            for compiled in runnable.steps:
                yield from _reads(compiled, scope, unknown)
            return
        if depth < 0:
            yield from everything(self.catalog)
            return
        for place in runnable.places.values():
            # The keys of rows in the answer may be any.
            yield from _reads(place.compiled, scope, frozenset())
        for step in all_steps(flow):
            match step.work:
                case Ask(request=request):
                    for compiled in runnable.requests[request].steps:
                        yield from _reads(compiled, scope, unknown)
                case Run(program=program) if speaks_of_calls(program):
                    yield from everything(self.catalog)
                case Invoke(operation=name, given=given):
                    called = self._operation(name)
                    if called is not None:
                        yield from self._called(self.find(called), given, scope, unknown, depth - 1)
                case Join() as join:
                    for joined in join.fields:
                        yield from self._joined(runnable, join, joined, scope, unknown, depth - 1)

    def _operation(self, name: str) -> Operation | None:
        operation = self.catalog.operations.get(name)
        return operation if operation is not None and operation.kind is Kind.QUERY else None

    def _joined(
        self, runnable: Runnable, join: Join, joined: Joined, scope: Scope, unknown: frozenset[str], depth: int
    ) -> Iterator[Read]:
        called = self._operation(joined.operation)
        if called is None or (join.chosen and runnable.selection is not None and joined not in runnable.joined):
            return
        found = runnable.joined.get(joined) or self.find(called)
        # What the list of keys will hold is as little known as what the rows are.
        keys = joined.keys.fields if joined.keys is not None else {}
        at = joined.at
        listed = {name: Reference("row", (), at) for name in keys}
        given = Record({**joined.given.fields, **listed}, {}, at)
        yield from self._called(found, given, scope, unknown, depth)

    def _called(
        self, found: Runnable, given: Record | None, scope: Scope, unknown: frozenset[str], depth: int
    ) -> Iterator[Read]:
        operation = found.operation
        arguments: dict[str, Json] = {
            name: argument.default
            for name, argument in operation.arguments.items()
            if not isinstance(argument.default, Missing)
        }
        beyond: set[str] = set()
        for name, expression in (given.fields if given is not None else {}).items():
            argument = operation.arguments.get(name)
            if argument is None:
                continue
            value = _known(expression, scope, unknown)
            if isinstance(value, Missing):
                continue
            try:
                if isinstance(value, Unknown):
                    raise Misfit("")
                arguments[name] = coerce_literal(value, argument.type, self.catalog.types)
            except Misfit:
                beyond.add(name)
        # A join may be asked for what the client's document says with its variables.
        variables = scope["variables"] if found.selection is not None else {}
        inner = {**scope, "args": arguments, "variables": variables}
        inner = {root: inner[root] for root in ("args", "variables", "currentUser", "config")}
        yield from self._flow(found, inner, frozenset(beyond), depth)


def fields_used(runnable: Runnable, catalog: Catalog, find: Find) -> frozenset[str] | None:
    """The fields of `currentUser` that the answer of a function depends on; none: all of them. Properties are asked
    for again when the function is run, so that it matters whose they are."""
    found: set[str] = set()
    known = _use(runnable, catalog, find, found, set())
    return frozenset(found) if known and "properties" not in found else None


def _use(runnable: Runnable, catalog: Catalog, find: Find, found: set[str], seen: set[Hashable]) -> bool:
    """Whether they are known."""
    key = runnable.operation.name, runnable.selection
    if key in seen:
        return True
    seen.add(key)
    for compiled in _compiled(runnable):
        for expression in compiled.inputs:
            found |= _fields(expression)
    return runnable.operation.plan.flow is None or _use_steps(runnable, catalog, find, found, seen)


def _use_steps(runnable: Runnable, catalog: Catalog, find: Find, found: set[str], seen: set[Hashable]) -> bool:
    flow = runnable.operation.plan.flow
    assert flow is not None
    for step in all_steps(flow):
        if isinstance(step.work, Run):
            return False
        for expression in expressions_of(step.work):
            found |= _fields(expression)
        for name in calls_of(step.work):
            called = catalog.operations.get(name)
            if called is not None and not _use(find(called), catalog, find, found, seen):
                return False
    return all(_use(joined, catalog, find, found, seen) for joined in runnable.joined.values())


def _compiled(runnable: Runnable) -> Iterator[Compiled]:
    yield from runnable.steps
    yield from runnable.parts.values()
    yield from (place.compiled for place in runnable.places.values())
    for inner in runnable.requests.values():
        yield from _compiled(inner)


def _fields(expression: Expression) -> set[str]:
    return {each.path[0] for each in references(expression) if each.root == "currentUser" and each.path}


def _reads(compiled: Compiled, scope: Scope, unknown: frozenset[str]) -> Iterator[Read]:
    yield from compiled.reads([_known(expression, scope, unknown) for expression in compiled.inputs])


def _known(expression: Expression, scope: Scope, unknown: frozenset[str]) -> Given | Unknown:
    for each in references(expression):
        if each.root not in scope or (each.root == "args" and each.path and each.path[0] in unknown):
            return UNKNOWN
    return resolve(expression, scope)
