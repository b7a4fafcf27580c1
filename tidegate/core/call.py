"""One request on its way through the runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from tidegate.core.change import Change
from tidegate.core.errors import OperationError
from tidegate.core.flow import Joined
from tidegate.core.integration import Answer, Compiled
from tidegate.core.json import Json
from tidegate.core.operation import Lookup, Operation, Request
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser

if TYPE_CHECKING:
    from tidegate.core.live import Question


@dataclass(frozen=True, slots=True)
class Line:
    """A line of `console`, and which program wrote it. `level` is `log`, `warn` or `error`."""

    program: str
    level: str
    text: str


@dataclass(slots=True)
class Call:
    """`arguments` are coerced, defaults filled in; what the client left out is not there. `deadline` is on the event
    loop's clock, in seconds. `id` is for messages and logs."""

    operation: Operation
    user: CurrentUser
    arguments: Mapping[str, Json]
    variables: Mapping[str, Json]
    deadline: float
    input: Mapping[str, Json] | None = None
    """What a direct request for an action carried beside its arguments."""
    origin: str = "client"
    """Who asked, as in `core.runs.Run`."""
    settle: Callable[[Answer], str] | None = None
    """Makes what the client gets of the answer, and says what is wrong with that; empty if nothing is. A function's run
    is over when it has been called."""
    change: Change | None = field(default=None, init=False)
    """What was committed and published, when the call has ended."""
    _id: str = field(default="", init=False, repr=False)

    @property
    def id(self) -> str:
        # Made when somebody asks: most calls are never spoken of.
        self._id = self._id or uuid4().hex
        return self._id


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where rows of an object stand in what a client selects of a function's answer. `compiled` asks for everything
    selected there, and for the key; `narrowed` for less, by the names of what is asked for. Mutable: it grows."""

    lookup: Lookup
    compiled: Compiled
    narrowed: dict[frozenset[str], Compiled] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Runnable:
    """An operation compiled for one selection and one role, of this `rank`: its steps, in order. `needs_properties`
    where a value comes from `currentUser.properties`."""

    operation: Operation
    steps: tuple[Compiled, ...]
    needs_properties: bool
    rank: int = 0
    parts: Mapping[str, Compiled] = field(default_factory=dict)
    """What an acted step was taken apart into, by the field of `ActedWrite` or `Demand`."""
    requests: Mapping[Request, Runnable] = field(default_factory=dict)
    """What a function asks of integrations, each as if it were an operation of its own."""
    selection: Selection | None = None
    """What the client selects; none where somebody inside calls it, and gets every plain field."""
    places: Mapping[Selection, Place] = field(default_factory=dict)
    """Of a function: where in `filled` something may have to be looked up."""
    joined: Mapping[Joined, Runnable] = field(default_factory=dict)
    """Of a function: what is asked of the queries it joins, where that depends on what is selected."""
    filled: Selection | None = None
    """Of a function: what is to be in its answer; none where that is all that it gives."""


class Runner(Protocol):
    """Runs operations. Raises `OperationError` and nothing else: TIMEOUT where the call's deadline passes."""

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable: ...

    async def run(self, runnable: Runnable, call: Call) -> Answer:
        """What was written is published after the commit, as `call.change`."""
        ...

    def pose(self, runnable: Runnable, call: Call, properties: Mapping[str, Json]) -> Question:
        """What a live query asks, once the caller's role is checked; `properties` are the user's where the runnable
        needs them."""
        ...

    def pose_properties(self, user: CurrentUser) -> Question | None:
        """The question whose answer's `value` is the user's properties; none where they are empty for good."""
        ...

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        """The answers to questions of one runnable, in order."""
        ...

    def refreshed_by(self, change: Change, rank: int) -> Sequence[str]:
        """The queries that a change may have given other results, for whatever arguments: those that a role of this
        rank may call, sorted."""
        ...
