"""Sessions on the connections of a pool: reading, and transactions that are committed or rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Final, Generic, Protocol, TypeVar

from tidegate.core.errors import OperationError
from tidegate.resolvers.integrations.relational.pool import Pool

_ROLLING_BACK: Final = 1.0
"""Seconds that whoever left a transaction waits to see it rolled back; then that goes on in the background."""


class Transactional(Protocol):
    async def begin(self) -> None: ...

    async def commit(self) -> None: ...


C = TypeVar("C")
T = TypeVar("T", bound=Transactional)

Mend = Callable[[Pool[C], C], Coroutine[object, object, None]]
"""Makes a connection usable again after an error or a cancellation, and gives it back to its pool."""


class Reading(Generic[C]):
    """A connection on which nothing can be written. Each statement sees what is committed when it starts."""

    __slots__ = ("_connection", "_mend", "_pool")

    def __init__(self, pool: Pool[C], mend: Mend[C]) -> None:
        self._pool = pool
        self._mend = mend

    async def __aenter__(self) -> C:
        self._connection = self._pool.take() or await self._pool.acquire()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, OperationError):
            self._pool.release(self._connection)
        else:
            self._pool.own(self._mend(self._pool, self._connection))


class Writing(Generic[T]):
    """A transaction: committed on leaving, rolled back on any exception or cancellation."""

    __slots__ = ("_connection", "_mend", "_pool")

    def __init__(self, pool: Pool[T], mend: Mend[T]) -> None:
        self._pool = pool
        self._mend = mend

    async def __aenter__(self) -> T:
        self._connection = self._pool.take() or await self._pool.acquire()
        try:
            await self._connection.begin()
        except BaseException:
            self._pool.own(self._mend(self._pool, self._connection))
            raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            try:
                await self._connection.commit()
            except BaseException:
                await self._roll_back()
                raise
            self._pool.release(self._connection)
        else:
            await self._roll_back()

    async def _roll_back(self) -> None:
        mending = self._pool.own(self._mend(self._pool, self._connection))
        # `wait` leaves the task alone when we are cancelled ourselves.
        await asyncio.wait([mending], timeout=_ROLLING_BACK)
