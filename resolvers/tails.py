"""What goes on when whoever waited for it has gone: what follows a commit, or an early answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from logging import getLogger
from typing import Any, TypeVar

from tidegate.core.errors import OperationError

log = getLogger("tidegate.resolvers")

T = TypeVar("T")


class Tails:
    """Each has a deadline of its own."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def see_through(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives. Cancelled, it goes on all the same; its errors are logged then."""
        task = self.begin(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                task.add_done_callback(_log)
            raise

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Whoever begins it looks at how it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cut(self) -> None:
        """Stops all; each has yet to do what it does in any case."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Waits until all have ended."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))


def _log(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, OperationError):
        log.warning("Nobody waits any more for what failed: %s: %s", error.code, error.message)
    elif error is not None:
        log.error("What nobody waits for any more failed.", exc_info=error)
