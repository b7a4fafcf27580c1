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
    loop's clock, in seconds."""

    operation: Operation
    user: CurrentUser
    arguments: Mapping[str, Json]
    variables: Mapping[str, Json]
    deadline: float
    id: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True, slots=True, eq=False)
class Runnable:
    """An operation compiled for one selection and one role: its steps, in order. `needs_properties` where a value
    comes from `currentUser.properties`."""

    operation: Operation
    steps: tuple[Compiled, ...]
    needs_properties: bool


class Runner(Protocol):
    """Runs operations. Raises `OperationError` and nothing else."""

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable: ...

    async def run(self, runnable: Runnable, call: Call) -> Answer: ...
