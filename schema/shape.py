"""What a document selects under one combination of its flags: the fields at the top, each ready to be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, OperationType

from tidegate.core.call import Runnable, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.core.json import Json, Missing
from tidegate.core.operation import Operation
from tidegate.core.scalar_forms import Invalid
from tidegate.core.selection import Selection
from tidegate.core.types import NonNull, named
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api
from tidegate.schema.classes import EMPTY
from tidegate.schema.completion import Completer
from tidegate.schema.document_literals import Variables
from tidegate.schema.introspection import Introspection, make_introspection
from tidegate.schema.request_errors import VALIDATION_FAILED, refusal
from tidegate.schema.selection import Collected, Collector, Flags, Positions, positions


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a call of one field is made with."""

    arguments: Mapping[str, Json]
    variables: Variables


@dataclass(slots=True, eq=False)
class FieldCall:
    """One operation at the top of a document, as a field of `root`. `prefix` is its name in the answer, as JSON, with
    the colon."""

    key: str
    prefix: bytes
    root: str
    operation: Operation
    collected: Collected
    at: Positions
    _api: Api
    _constant: Mapping[str, Json]
    _dynamic: tuple[tuple[str, str], ...]
    _runner: Runner | None = None
    _runnables: dict[int, Runnable] = field(default_factory=dict)
    _completers: dict[bool, Completer] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        """Whether the field must not be null."""
        return isinstance(self.operation.returns, NonNull)

    @property
    def most_errors(self) -> int:
        """How many errors one answer lists."""
        return self._api.catalog.limits.errors

    @property
    def selection(self) -> Selection | None:
        return self.collected.selection

    @property
    def arguments(self) -> Mapping[str, Expression]:
        """As expressions over `variables`; `inputs` is what they come to."""
        return self.collected.arguments

    def runnable(self, runner: Runner, user: CurrentUser) -> Runnable:
        """Compiled once for each role. Raises `OperationError`, also where the selection needs a higher role."""
        if runner is not self._runner:
            self._runner, self._runnables = runner, {}
        found = self._runnables.get(user.rank)
        if found is None:
            # Who may not even call the operation is told so, and nothing of its fields.
            if self.operation.rank <= user.rank < self.collected.rank:
                raise OperationError(Code.FORBIDDEN, "A field that was selected needs a higher role.")
            found = runner.compile(self.operation, self.selection, user.rank)
            self._runnables[user.rank] = found
        return found

    def inputs(self, variables: Variables) -> Inputs:
        """Raises `OperationError`."""
        if self.collected.derived:
            variables = self._derive(variables)
        if not self._dynamic:
            return Inputs(self._constant, variables)
        arguments = dict(self._constant)
        for name, variable in self._dynamic:
            if variable in variables:
                arguments[name] = variables[variable]
        return Inputs(arguments, variables)

    def _derive(self, variables: Variables) -> Variables:
        derived = dict(variables)
        for name, bound in self.collected.derived:
            try:
                value = bound(variables)
            except Invalid as error:
                raise OperationError(Code.BAD_USER_INPUT, f"An argument cannot be used. {error.message}") from None
            if not isinstance(value, Missing):
                derived[name] = value
        return derived

    def completer(self, keyed: bool) -> Completer:
        found = self._completers.get(keyed)
        if found is None:
            found = self._completers[keyed] = Completer(
                self.operation.returns,
                self.selection,
                keyed,
                self._api.types,
                f"{self.root}.{self.operation.name}",
            )
        return found


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field whose value is known beforehand: `__typename`."""

    key: str
    prefix: bytes
    json: bytes


@dataclass(frozen=True, slots=True)
class Introspected:
    """`__schema` or `__type`: answered by `Shape.introspection`."""

    key: str
    prefix: bytes


Entry: TypeAlias = FieldCall | Fixed | Introspected


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The entries stand in the order of the answer."""

    entries: tuple[Entry, ...]
    serial: bool
    introspection: Introspection | None

    @property
    def size(self) -> int:
        """How many fields are selected in all."""
        return len(self.entries) + sum(len(call.collected.positions) for call in self.calls)

    @property
    def calls(self) -> tuple[FieldCall, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, FieldCall))


def make_shape(
    api: Api,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    flags: Flags,
) -> Shape:
    """Raises `DocumentError`."""
    root = operation.operation.value.capitalize()
    operations = api.roots(operation.operation)
    collector = Collector(api.types, api.coercion, fragments, flags)
    entries: list[Entry] = []
    introspected: list[FieldNode] = []
    for key, nodes in collector.groups(root, [operation.selection_set]).items():
        prefix = orjson.dumps(key) + b":"
        match nodes[0].name.value:
            case "__typename":
                entries.append(Fixed(key, prefix, orjson.dumps(root)))
            case "__schema" | "__type":
                introspected.extend(nodes)
                entries.append(Introspected(key, prefix))
            case name if name in operations:
                entries.append(_call(api, collector, root, operations[name], key, nodes))
            case name if name == EMPTY:
                entries.append(Fixed(key, prefix, b"null"))
    introspection = (
        make_introspection(api.graphql, operation, fragments, introspected, api.introspected) if introspected else None
    )
    return Shape(tuple(entries), operation.operation is OperationType.MUTATION, introspection)


def _call(
    api: Api, collector: Collector, root: str, operation: Operation, key: str, nodes: list[FieldNode]
) -> FieldCall:
    at = positions(nodes)
    try:
        collected = collector.collect(nodes, named(operation.returns), operation.arguments)
    except Invalid as error:
        # Nearly everything was validated; what is left are numbers that no scalar can hold.
        raise refusal(VALIDATION_FAILED, f"An argument cannot be used. {error.message}", at) from None
    constant: dict[str, Json] = {}
    dynamic: list[tuple[str, str]] = []
    for name, expression in collected.arguments.items():
        match expression:
            case Literal(value=value):
                constant[name] = value
            case Reference(path=(variable,)):
                dynamic.append((name, variable))
    return FieldCall(key, orjson.dumps(key) + b":", root, operation, collected, at, api, constant, tuple(dynamic))
