"""What Tidegate asks of an integration, ours or anybody's.

Life: `Kind.create` (no I/O) -> `prepare` for each request of the project (no I/O) -> `open` -> `check` ->
`session` / `execute`, many at once -> `close`. A prepared request is compiled once for each selection a client makes
and each role; the compiled request names the values it needs, and is executed with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tidegate.core.expressions import Expression
from tidegate.core.json import Given, Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problem
from tidegate.core.selection import Selection
from tidegate.core.types import Argument, TypeDefinition, TypeRef


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gave. Either `json`: UTF-8 JSON in exactly the client's shape, every promise of the schema
    already kept; or `value`, still to be held against the schema. `keyed` says whether the objects in `value` are
    keyed by the client's names (`Selected.key`) or by the fields' own."""

    value: Json = None
    json: bytes | None = None
    keyed: bool = False


class Compiled(Protocol):
    """A request made ready for one selection and one role."""

    @property
    def inputs(self) -> tuple[Expression, ...]:
        """What to resolve for a call, in this order, before `execute`. Two calls of one compiled request with equal
        values have equal answers, until somebody writes."""
        ...

    def describe(self) -> str:
        """What will be asked of the outside world, for `tidegate plan`: SQL, say. Never shown to a client."""
        ...


class Prepared(Protocol):
    """A request of the project, checked and ready."""

    @property
    def writes(self) -> bool: ...

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        """For a caller whose role has this rank. With no selection, the answer's `value` holds every plain field of
        the result by its own name (or the result itself, if it is not an object)."""
        ...


class Session(Protocol):
    """A connection held for one call."""

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        """Raises `OperationError`; the driver's own exceptions never leave the integration."""
        ...


@dataclass(frozen=True, slots=True)
class Declaration:
    """A request as the author wrote it: `use: target, verb: body`. `target` is the object named, or none where the
    integration itself was. `returns` is what the operation promises, or none for a step in the middle. `rank` is the
    lowest that may call the operation."""

    operation: str
    target: DataObject | None
    verb: str
    body: Expression
    returns: TypeRef | None
    arguments: Mapping[str, Argument]
    at: Location
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rest of the project, for `prepare`."""

    objects: Mapping[str, DataObject]
    types: Mapping[str, TypeDefinition]
    roles: tuple[str, ...]
    limits: Limits


class Integration(Protocol):
    """One configured connection to the outside world."""

    @property
    def name(self) -> str: ...

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        """Raises `ProjectError` with everything that is wrong with the request."""
        ...

    async def open(self) -> None:
        """Connects, applies migrations, learns what it needs. Raises `IntegrationUnavailable`."""
        ...

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:
        """Holds everything prepared against the real thing. Opened integrations only."""
        ...

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """With `writes`, one transaction: committed on leaving, rolled back on any exception or cancellation."""
        ...

    async def close(self) -> None: ...


class IntegrationUnavailable(Exception):
    """Cannot be reached or opened. The message is for the operator: no password in it."""


class IntegrationKind(Protocol):
    """What an entry point of the group `tidegate.integrations` names; the entry point's name is the `kind:`."""

    @property
    def verbs(self) -> frozenset[str]:
        """The verbs a request may use."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """JSON Schema (properties, required) of the settings beside `kind`. Any: JSON Schema is open-ended."""
        ...

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """JSON Schema of a request's body, for the author's editor."""
        ...

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        """No I/O. `settings` have been checked against the schema; `folder` is the project's. Raises `ProjectError`."""
        ...
