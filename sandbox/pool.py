"""Workers of one zygote that wait for work: a call finds one whose context is made."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from logging import getLogger
from typing import Any, Final

from tidegate.sandbox.frames import Kind
from tidegate.sandbox.link import Garbled, Gone, Link
from tidegate.sandbox.nursery import Nursery

log = getLogger(__name__)

CONTEXT: Final = 10.0
"""Seconds in which a worker has its next context ready, or is replaced. It takes a thousandth of one."""
TRIES: Final = 3
"""Workers in a row that do not get ready, after which those who wait for one are told."""


class WorkersFailed(Exception):
    """No worker gets as far as being ready."""


class Closed(WorkersFailed):
    """There are none any more: another shift has begun, or none."""

    def __init__(self) -> None:
        super().__init__("the sandbox is closed")


class Pool:
    """`standby`: how many wait when there is nothing to do. `idle`: seconds after which those beyond that are let go
    that nobody needed meanwhile. `largest`: bytes of a frame from a worker. How many there are at most is the caller's
    to bound: one for each that it has taken, and those that wait."""

    def __init__(self, nursery: Nursery, standby: int, idle: float, largest: int) -> None:
        self.nursery = nursery
        self._standby = standby
        self._idle = idle
        self._largest = largest
        self._ready: list[Link] = []
        self._callers: deque[asyncio.Future[Link]] = deque()
        self._coming = 0
        self._taken: set[Link] = set()
        self._back = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._failures = 0
        self._failed = 0.0
        self._surplus = 0
        self._sweep: asyncio.TimerHandle | None = None

    async def take(self) -> Link:
        """A worker with its context made, to be given back or discarded. Raises `WorkersFailed`."""
        link = await self._take()
        self._taken.add(link)
        self._back.clear()
        return link

    async def _take(self) -> Link:
        if self._closed:
            raise Closed
        if self._ready:
            # The one that worked last: its pages are warm, and those that nobody needs grow old.
            link = self._ready.pop()
            link.idle = False
            self._surplus = min(self._surplus, len(self._ready))
            self._replenish()
            return link
        caller: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        self._callers.append(caller)
        self._replenish()
        try:
            return await caller
        except asyncio.CancelledError:
            if caller.done() and not caller.cancelled() and caller.exception() is None:
                self._offer(caller.result())
            raise
        finally:
            if caller in self._callers:
                self._callers.remove(caller)

    def give_back(self, link: Link) -> None:
        """It has answered, and makes another context now, or ends because it has worked enough."""
        self._let_in(link)
        if self._closed:
            link.kill()
            return
        self._coming += 1
        self._begin(self._await_ready(link))

    def discard(self, link: Link) -> None:
        self._let_in(link)
        link.kill()

    def replenish(self) -> None:
        """Brings those that wait to their number."""
        self._replenish()

    async def wait_for_all(self) -> None:
        """Until nobody has any of them."""
        if self._taken:
            await self._back.wait()

    async def close(self) -> None:
        """Kills every worker that nobody has taken; those that are taken are killed when they are given back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for link in self._ready:
            link.kill()
        self._ready.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail(Closed())

    def _let_in(self, link: Link) -> None:
        self._taken.discard(link)
        if not self._taken:
            self._back.set()

    def _replenish(self) -> None:
        if self._closed:
            return
        missing = len(self._callers) + self._standby - len(self._ready) - self._coming
        for _ in range(missing):
            self._coming += 1
            self._begin(self._add())
        if self._sweep is None:
            self._surplus = len(self._ready)
            self._sweep = asyncio.get_running_loop().call_later(self._idle, self._let_go)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add(self) -> None:
        asked = asyncio.get_running_loop().time()
        try:
            link = await self.nursery.connect(self._largest)
        except BaseException as error:
            self._coming -= 1
            if isinstance(error, OSError):
                self._fail(WorkersFailed(str(error)))
                return
            raise
        await self._await_ready(link, asked)

    async def _await_ready(self, link: Link, asked: float | None = None) -> None:
        """`asked`: when somebody asked for this one, which was born since. When several of those, one after the other,
        do not get ready, the next is only made when somebody asks again: whatever stopped them would stop it too. Those
        asked for together count as one, since they were stopped by the same."""
        why = ""
        try:
            async with asyncio.timeout(CONTEXT):
                kind, payload = await link.receive()
            if kind == Kind.CONFUSED:
                why = f"failed with {payload[:1000]!r}"
            elif kind != Kind.READY or payload:
                why = f"said {kind} where it should have been ready"
        except Gone:
            # One that has worked may end because that was enough.
            why = "" if asked is None else "ended"
        except Garbled as garbled:
            why = str(garbled)
        except TimeoutError:
            why = "took too long"
        except BaseException:
            link.kill()
            raise
        else:
            if not why:
                self._offer(link)
                return
        finally:
            self._coming -= 1
        link.kill()
        if why:
            log.error("A worker of the sandbox %s.", why)
        if asked is not None and asked >= self._failed:
            self._failures += 1
            self._failed = asyncio.get_running_loop().time()
        if self._failures >= TRIES:
            self._fail(WorkersFailed("no worker gets ready"))
        else:
            self._replenish()

    def _offer(self, link: Link) -> None:
        if self._closed or not link.quiet:
            link.kill()
            self._replenish()
            return
        self._failures = 0
        while self._callers:
            caller = self._callers.popleft()
            if not caller.done():
                caller.set_result(link)
                return
        link.idle = True
        link.lost = self._lose
        self._ready.append(link)

    def _lose(self, link: Link) -> None:
        if link in self._ready:
            self._ready.remove(link)
            self._replenish()

    def _fail(self, failed: WorkersFailed) -> None:
        while self._callers:
            caller = self._callers.popleft()
            if not caller.done():
                caller.set_exception(failed)

    def _let_go(self) -> None:
        """The oldest of those that nobody has needed for a while."""
        surplus = min(self._surplus, len(self._ready)) - self._standby
        for link in self._ready[: max(0, surplus)]:
            link.idle = False
            self._ready.remove(link)
            link.kill()
        self._surplus = len(self._ready)
        self._sweep = asyncio.get_running_loop().call_later(self._idle, self._let_go)
