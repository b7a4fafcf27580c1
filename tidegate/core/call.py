"""One request on its way through the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from tidegate.core.integration import Answer, Compiled
from tidegate.core.json import Json
from tidegate.core.operation import Operation
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser


@dataclass(slots=True)
class Call:
    """`arguments` are coerced, defaults filled in; what the client left out is not there. `deadline` is on the event
    loop's clock, in seconds. `id` is for messages and logs."""

    operation: Operation
    user: CurrentUser
    arguments: Mapping[str, Json]
    variables: Mapping[str, Json]
    deadline: float
    _id: str = field(default="", init=False, repr=False)

    @property
    def id(self) -> str:
        # Made when somebody asks: most calls are never spoken of.
        self._id = self._id or uuid4().hex
        return self._id


@dataclass(frozen=True, slots=True, eq=False)
class Runnable:
    """An operation compiled for one selection and one role: its steps, in order. `needs_properties` where a value
    comes from `currentUser.properties`."""

    operation: Operation
    steps: tuple[Compiled, ...]
    needs_properties: bool


class Runner(Protocol):
    """Runs operations. Raises `OperationError` and nothing else: TIMEOUT where the call's deadline passes."""

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable: ...

    async def run(self, runnable: Runnable, call: Call) -> Answer: ...
