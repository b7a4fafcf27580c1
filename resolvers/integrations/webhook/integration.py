"""`trigger`: posts that leave when what they are about is committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import Answer, Compiled, Declaration, Prepared, Session, Surroundings
from tidegate.core.json import Given
from tidegate.core.problems import Problem, Problems
from tidegate.core.selection import Selection
from tidegate.core.types import Named, NonNull, nullable
from tidegate.resolvers.integrations.webhook.deliveries import Deliveries, Delivery
from tidegate.resolvers.integrations.webhook.trigger import Trigger, read_trigger


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTrigger:
    """Implements `Prepared`, and, being the same for everybody, `Compiled`."""

    trigger: Trigger

    @property
    def writes(self) -> bool:
        return True

    @property
    def inputs(self) -> tuple[Expression, ...]:
        return self.trigger.inputs

    def compile(self, selection: Selection | None, rank: int) -> Compiled:  # noqa: ARG002 - it is always the same
        return self

    def reach(self) -> Sequence[Read]:
        return ()

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - nobody watches it
        return ()

    def describe(self) -> str:
        return self.trigger.describe()


class HookIntegration:
    """Implements core's `Integration`."""

    irrevocable = True

    def __init__(self, name: str, deliveries: Deliveries) -> None:
        self.name = self.source = name
        self.deliveries = deliveries

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:  # noqa: ARG002
        problems = Problems()
        trigger = read_trigger(declaration.body, declaration.operation, self.deliveries.hook, problems)
        if declaration.returns is not None and nullable(declaration.returns) != Named("Boolean"):
            wanted = NonNull(Named("Boolean"))
            problems.add(
                declaration.at, f'"trigger" does not answer {declaration.returns}.', f"Write returns: {wanted}."
            )
        problems.raise_any()
        return PreparedTrigger(trigger)

    async def open(self, outside: Outside = unheard) -> None:  # noqa: ARG002 - nothing is read here
        await self.deliveries.open()

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002 - a hook that is asked acts
        return ()

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        session = _Session(self.deliveries, writes=writes)
        yield session
        for delivery in session.written:
            self.deliveries.put(delivery)

    async def close(self) -> None:
        await self.deliveries.close()


class _Session:
    """What one call posts, until it is committed."""

    def __init__(self, deliveries: Deliveries, *, writes: bool) -> None:
        self.written: list[Delivery] = []
        self._deliveries = deliveries
        self._writes = writes

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        count = len(self.written)
        try:
            yield
        except BaseException:
            del self.written[count:]
            raise

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, PreparedTrigger)
        if not self._writes:
            raise OperationError(Code.REFUSED, "Nothing may be written here.")
        if not self._deliveries.has_room(self.written):
            raise OperationError(Code.LIMIT, "Too many triggers are waiting to be sent.")
        self.written.append(compiled.trigger.write(values))
        return Answer(value=True, json=b"true")

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        answers: list[Answer | OperationError] = []
        for values in batch:
            try:
                answers.append(await self.execute(compiled, values))
            except OperationError as error:
                answers.append(error)
        return answers
