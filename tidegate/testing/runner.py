"""A runner that answers from a function instead of a database."""

from __future__ import annotations

from asyncio import timeout_at
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.core.call import Call, Runnable
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read
from tidegate.core.integration import Answer
from tidegate.core.json import Json, frozen
from tidegate.core.live import Question
from tidegate.core.operation import Operation
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser

Answering: TypeAlias = Callable[[Call, Selection | None], Answer | Awaitable[Answer]]


@dataclass(slots=True)
class FakeRunner:
    """Checks roles and deadlines as the real one does, and asks `answering`, which is also told what the client
    selected. Keeps every call that was answered, and every selection that was compiled, with the role's rank."""

    answering: Answering
    calls: list[Call] = field(default_factory=list)
    compiled: list[tuple[Operation, Selection | None, int]] = field(default_factory=list)
    _selections: dict[Runnable, Selection | None] = field(default_factory=dict)

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable:
        runnable = Runnable(operation, (), needs_properties=False)
        self.compiled.append((operation, selection, rank))
        self._selections[runnable] = selection
        return runnable

    def pose(self, runnable: Runnable, call: Call, properties: Mapping[str, Json]) -> Question:
        """Two calls with equal arguments ask the same; what they read is anything."""
        del properties
        key = (runnable, frozen(call.arguments), frozen(call.variables), frozen(call.user.fields))
        return Question(runnable, (), (Read("fake", None),), key)

    def pose_properties(self, user: CurrentUser) -> Question | None:  # noqa: ARG002 - nobody has any
        return None

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        raise NotImplementedError("A fake runner keeps nothing live.")

    def refreshed_by(self, change: Change, rank: int) -> Sequence[str]:  # noqa: ARG002 - all roles are told
        """Those that the change names; what was written concerns nobody."""
        return sorted(change.queries)

    async def run(self, runnable: Runnable, call: Call) -> Answer:
        if runnable.operation.rank > call.user.rank:
            if not call.user.verified:
                raise OperationError(Code.UNAUTHENTICATED, "A token is needed.")
            raise OperationError(Code.FORBIDDEN, "A higher role is needed.")
        self.calls.append(call)
        answer = self.answering(call, self._selections[runnable])
        if isinstance(answer, Answer):
            return answer
        try:
            async with timeout_at(call.deadline):
                return await answer
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, "This took too long.") from error
