"""What one call does, kept or dropped together: sessions, and what is told once they are committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from tidegate.core.emission import Emission
from tidegate.core.footprint import Touch
from tidegate.core.integration import Integration, Session

if TYPE_CHECKING:
    from tidegate.resolvers.frame import Frame

Afterwards: TypeAlias = "Callable[[Frame], Awaitable[object]]"
"""Work for a frame whose transaction is another one."""


class Transaction:
    """A session of an integration is opened when something is first written there, and everything that follows sees
    it. Leaving without an error commits them, the last opened first: each keeps its own promise, for there is no
    transaction across databases. What cannot be undone, e-mails say, leaves when all others are committed.
    `afterwards` is for when that is done."""

    def __init__(self, integrations: Mapping[str, Integration]) -> None:
        self.touches: list[Touch] = []
        self.queries: set[str] = set()
        self.emissions: list[Emission] = []
        self.afterwards: list[Afterwards] = []
        self._integrations = integrations
        self._sessions: dict[str, Session] = {}
        self._stack = AsyncExitStack()
        self._irrevocable = AsyncExitStack()
        self._attempts: list[AsyncExitStack] = []
        self._holds = False
        self.kept = False
        """Whether anything is committed, be it that another session then failed."""

    async def __aenter__(self) -> Transaction:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, traceback)
        except BaseException as failure:
            await self._irrevocable.__aexit__(type(failure), failure, failure.__traceback__)
            raise
        await self._irrevocable.__aexit__(kind, error, traceback)

    async def keep(self) -> None:
        """Commits. Raises what one of the sessions raises, which may be after another one has committed."""
        await self.__aexit__(None, None, None)

    async def drop(self, error: BaseException) -> None:
        """Undoes everything, because of this error."""
        await self.__aexit__(type(error), error, error.__traceback__)

    def _left(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.kept = self.kept or error is None

    @property
    def holds_connections(self) -> bool:
        """Whether others may wait until this is over: connections that write are few."""
        return self._holds

    async def writing(self, integration: str) -> Session:
        """The session in which this integration is written to."""
        session = self._sessions.get(integration)
        if session is None:
            target = self._integrations[integration]
            stack = self._irrevocable if target.irrevocable else self._stack
            # Called after the session is left: the stack goes backwards.
            stack.push(self._left)
            session = self._sessions[integration] = await stack.enter_async_context(target.session(writes=True))
            self._holds = self._holds or not target.irrevocable
            for attempt in self._attempts:
                await attempt.enter_async_context(session.attempt())
        return session

    @asynccontextmanager
    async def reading(self, integration: str) -> AsyncIterator[Session]:
        """The session in which something was written, so that it is seen; else one that cannot write."""
        session = self._sessions.get(integration)
        if session is not None:
            yield session
            return
        async with self._integrations[integration].session(writes=False) as session:
            yield session

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done within is undone where it ends with an error, and only that."""
        marks = len(self.touches), len(self.emissions), len(self.afterwards)
        queries = set(self.queries)
        async with AsyncExitStack() as stack:
            for session in self._sessions.values():
                await stack.enter_async_context(session.attempt())
            self._attempts.append(stack)
            try:
                yield
            except BaseException:
                del self.touches[marks[0] :], self.emissions[marks[1] :], self.afterwards[marks[2] :]
                self.queries = queries
                raise
            finally:
                self._attempts.pop()
