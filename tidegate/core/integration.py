"""What Tidegate asks of an integration, ours or anybody's.

Life: `Kind.create` (no I/O) -> `prepare` for each request of the project (no I/O) -> `open` -> `check` ->
`session` / `execute`, many at once -> `close`. A prepared request is compiled once for each selection a client makes
and each role; the compiled request names the values it needs, and is executed with them. It also says what it reads,
and its answer what it changed: that is how live queries know of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Touch, Unknown
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
    keyed by the client's names (`Selected.key`) or by the fields' own. `touches`: what was written, if it is
    committed."""

    value: Json = None
    json: bytes | None = None
    keyed: bool = False
    touches: tuple[Touch, ...] = ()


class Compiled(Protocol):
    """A request made ready for one selection and one role."""

    @property
    def inputs(self) -> tuple[Expression, ...]:
        """What to resolve for a call, in this order, before `execute`. Two calls of one compiled request with equal
        values have equal answers, until somebody writes."""
        ...

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        """What the answer for these values depends on, coarse where it cannot be known. An UNKNOWN stands for every
        value. Never raises. A request that writes reads nothing that anybody watches."""
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
        the result that the role may read, by its own name (or the result itself, if it is not an object)."""
        ...

    def reach(self) -> Sequence[Read]:
        """What it may read, whatever is selected, whoever asks, with whatever values. Opened integrations only."""
        ...


@runtime_checkable
class Foretelling(Protocol):
    """A prepared request that knows what it will touch before it is asked, for `tidegate explain`. Others that write
    are taken for touching anything in their source."""

    def foretell(self) -> Sequence[Touch]: ...


class Session(Protocol):
    """A connection held for one call."""

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """What is written within is undone where it ends with an exception, and only that; in a session that writes."""
        ...

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        """Raises `OperationError`; the driver's own exceptions never leave the integration."""
        ...

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        """One request that reads, with many values: an answer for each, in order, at less than the cost of asking for
        each where the outside world can do that. Never raises `OperationError`."""
        ...


async def execute_each(
    session: Session, compiled: Compiled, batch: Sequence[Sequence[Given]]
) -> Sequence[Answer | OperationError]:
    """`Session.execute_many` of those to whom many are no cheaper than each."""
    answers: list[Answer | OperationError] = []
    for values in batch:
        try:
            answers.append(await session.execute(compiled, values))
        except OperationError as error:
            answers.append(error)
    return answers


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

    @property
    def source(self) -> str:
        """What its reads and its touches call it, once it is open: the same for two that lead to one thing."""
        ...

    @property
    def irrevocable(self) -> bool:
        """Whether what is written cannot be rolled back. Its session is left after those of all others of the call:
        what needs no answer, as a letter, is kept until then. What does is written at once, and `outside` is told of it
        where the session, or an attempt, ends with an exception."""
        ...

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        """Raises `ProjectError` with everything that is wrong with the request."""
        ...

    async def open(self, outside: Outside = unheard) -> None:
        """Connects, applies migrations, learns what it needs. Raises `IntegrationUnavailable`. From then on `outside`
        is told of writes by others, if the integration is set up to notice them."""
        ...

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:
        """Holds everything prepared against the real thing. Opened integrations only."""
        ...

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """With `writes`, one transaction: committed on leaving, rolled back on any exception or cancellation."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Experience:
    """What became of what was asked of the outside world. `trouble` is the last there was, in words for the operator:
    no address, no value; the two moments are seconds since the epoch. `left_alone`: nothing is asked for a while.
    `waiting` to be sent, and `lost`, where it sends; `heard`, whether its subscriptions are there, where it has any."""

    asked: int
    failed: int
    trouble: str
    troubled: float | None
    answered: float | None
    left_alone: bool = False
    waiting: int | None = None
    lost: int | None = None
    heard: bool | None = None


@runtime_checkable
class Experienced(Protocol):
    """An integration that can tell how it has fared, and asks nobody for that. Of others it is tried whether there is
    a session."""

    @property
    def experience(self) -> Experience: ...


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
