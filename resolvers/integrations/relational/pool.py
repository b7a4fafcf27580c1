"""A bounded set of connections, each lent to one user at a time.

Written for the hot path: borrowing an idle connection and giving it back are plain function calls, with no task, no
timer and no round trip. asyncpg's own pool costs 30 µs of CPU for each loan (a proxy, a shielded task, a reset query).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from tidegate.core.errors import Code, OperationError

C = TypeVar("C")


class Pool(Generic[C]):
    """At most `size` connections, opened when they are wanted and kept until they are dropped.

    The one given back last is lent first, so that those which are not needed grow old together. A user who finds all
    of them lent waits in line for `patience` seconds at most. `alive` says whether an idle connection can still be
    used; `close` ends one and never raises.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[C]],
        *,
        size: int,
        patience: float,
        alive: Callable[[C], bool],
        close: Callable[[C], Awaitable[None]],
    ) -> None:
        self._connect = connect
        self._alive = alive
        self._close = close
        self.size = size
        self.patience = patience
        self.opened = 0
        self.closing = False
        self._idle: list[C] = []
        self._waiting: deque[asyncio.Future[C | None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> int:
        return len(self._idle)

    def take(self) -> C | None:
        """An idle connection, at once; none where there is none, and then `acquire` finds one."""
        while self._idle:
            connection = self._idle.pop()
            if self._alive(connection):
                return connection
            self.drop(connection)
        return None

    async def acquire(self) -> C:
        """A connection, opened or waited for if it must be. Raises what `connect` raises, and `OperationError` TIMEOUT
        when none became free in time."""
        while True:
            if self.closing:
                raise OperationError(Code.UPSTREAM_FAILED, "The database is being closed.")
            if (connection := self.take()) is not None:
                return connection
            if self.opened < self.size:
                return await self._open()
            if (handed := await self._wait()) is not None:
                return handed

    def release(self, connection: C) -> None:
        """Gives a connection back, in a state in which anybody may use it."""
        if self.closing or not self._alive(connection):
            self.drop(connection)
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def drop(self, connection: C) -> None:
        """Takes a connection, idle or lent, out of the pool and closes it in the background."""
        self.opened -= 1
        self.own(self._close(connection))
        self._let_one_try()

    def own(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """A task that `close` waits for."""

        async def run() -> None:
            await work

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def shut(self, grace: float) -> None:
        """Closes every connection: idle ones now, lent ones as they come back. Waits `grace` seconds at most."""
        self.closing = True
        while self._idle:
            self.drop(self._idle.pop())
        while self._waiting:
            self._let_one_try()
        deadline = asyncio.get_running_loop().time() + grace
        while (self.opened or self._tasks) and asyncio.get_running_loop().time() < deadline:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
            else:
                await asyncio.sleep(0.01)

    async def _open(self) -> C:
        self.opened += 1
        try:
            return await self._connect()
        except BaseException:
            self.opened -= 1
            self._let_one_try()
            raise

    async def _wait(self) -> C | None:
        """A connection handed over, or none: there may be room for a new one now."""
        waiter: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self.patience):
                return await waiter
        except TimeoutError as error:
            self._give_up(waiter)
            raise OperationError(Code.TIMEOUT, "The database is busy: no connection became free in time.") from error
        except BaseException:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: asyncio.Future[C | None]) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        if waiter.done() and not waiter.cancelled():
            # What it was given in the same moment goes to the next in line.
            handed = waiter.result()
            if handed is None:
                self._let_one_try()
            else:
                self.release(handed)

    def _let_one_try(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
