"""What a function gave -> what whoever called it from outside gets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.integration import Answer, Session
from tidegate.core.json import Json
from tidegate.resolvers.filling import Filler
from tidegate.resolvers.trace import Trace


class Answers:
    """Of one catalog. `scope` is what references of a call's requests can reach."""

    def __init__(self, catalog: Catalog, scope: Callable[[Runnable, Call], Awaitable[Scope]]) -> None:
        self._catalog = catalog
        self._scope = scope

    async def answer(self, runnable: Runnable, call: Call, trace: Trace, value: Json) -> Answer:
        """Filled, and made into what the client gets: the run is over, and what is wrong is wrong with it. Raises
        `OperationError`."""
        try:
            answer = await self.fill(runnable, call, call.deadline, value)
        except OperationError as error:
            trace.fail(error)
            raise
        flaw = call.settle(answer) if call.settle is not None else ""
        if flaw:
            trace.fail(OperationError(Code.INTERNAL, flaw))
        return answer

    async def fill(self, runnable: Runnable, call: Call, deadline: float, value: Json) -> Answer:
        """With what is selected of rows and was not given, read as any client reads. Raises `OperationError`."""
        if not runnable.places:
            return Answer(value)
        catalog = self._catalog
        try:
            async with asyncio.timeout_at(deadline):
                scope = await self._scope(runnable, call)
                return await Filler(runnable, scope, catalog.limits, catalog.types, self._reading).fill(value)
        except TimeoutError as error:
            message = f"{runnable.operation.name} took too long and was stopped."
            raise OperationError(Code.TIMEOUT, message) from error

    def _reading(self, integration: str) -> AbstractAsyncContextManager[Session]:
        return self._catalog.integrations[integration].session(writes=False)
