"""`trigger`: posts that leave when what they are about is committed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from tidegate.core.change import Outside, unheard
from tidegate.core.integration import Declaration, Experience, Prepared, Session, Surroundings
from tidegate.core.problems import Problem, Problems
from tidegate.resolvers.integrations.committed import PreparedParcel, answers_boolean, leaving_later
from tidegate.resolvers.integrations.webhook.deliveries import Deliveries
from tidegate.resolvers.integrations.webhook.trigger import read_trigger


class HookIntegration:
    """Implements core's `Integration`."""

    irrevocable = True

    def __init__(self, name: str, deliveries: Deliveries) -> None:
        self.name = self.source = name
        self.deliveries = deliveries

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:  # noqa: ARG002
        problems = Problems()
        trigger = read_trigger(declaration.body, declaration.operation, self.deliveries.hook, problems)
        answers_boolean(declaration, problems)
        problems.raise_any()
        return PreparedParcel(trigger)

    async def open(self, outside: Outside = unheard) -> None:  # noqa: ARG002 - nothing is read here
        await self.deliveries.open()

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002 - a hook that is asked acts
        return ()

    @property
    def experience(self) -> Experience:
        return self.deliveries.experience

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        return leaving_later(self.deliveries, "triggers", writes=writes)

    async def close(self) -> None:
        await self.deliveries.close()
