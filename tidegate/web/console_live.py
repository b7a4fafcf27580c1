"""What happens in the gateway, as it happens: in batches, so that a page stays quick at any rate."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import aclosing
from logging import getLogger
from typing import Any, Final

import orjson
from starlette.types import Receive, Scope, Send

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.web.answers import error_body
from tidegate.web.console_access import Access, Visitor
from tidegate.web.console_inside import Inside
from tidegate.web.event_stream import EVENT_STREAM, one_line
from tidegate.web.gateway import Client, Gateway
from tidegate.web.streams import Stream, Streams

log = getLogger(__name__)

MOST_FOLLOWERS: Final = 8
"""At once: each is told of everything."""
PAUSE: Final = 0.1
"""Seconds between two batches."""
MOST_WAITING: Final = 1000
"""Records of a batch. Of more, the oldest are lost, and counted."""
BATCHES: Final = 4
"""Kept for a follower who does not read. Of more, the oldest are lost."""


class Followers:
    """Whoever follows. They are among the `streams`."""

    def __init__(self, gateway: Gateway, inside: Inside, access: Access, streams: Streams) -> None:
        self._gateway = gateway
        self._inside = inside
        self._access = access
        self._streams = streams
        self._count = 0

    async def begin(self, scope: Scope, visitor: Visitor) -> Follower:
        """Raises `Refusal` and `OperationError`."""
        follower = Follower(self._gateway, self._inside, self._access, near=visitor.near)
        arrival.set("console")
        client = follower.client = await self._gateway.connect(scope["headers"], follower.end)
        try:
            if self._count >= MOST_FOLLOWERS:
                raise OperationError(Code.LIMIT, f"{MOST_FOLLOWERS} follow already.")
            idle = self._gateway.catalog.limits.idleReader
            follower.stream = self._streams.open(EVENT_STREAM, (), idle, lambda: self._left(client))
        except BaseException:
            client.close()
            raise
        self._count += 1
        return follower

    def _left(self, client: Client) -> None:
        self._count -= 1
        client.close()


class Follower:
    """`client` and `stream` are there before it is served."""

    client: Client
    stream: Stream

    def __init__(self, gateway: Gateway, inside: Inside, access: Access, *, near: bool) -> None:
        self._gateway = gateway
        self._inside = inside
        self._access = access
        self._near = near
        # Any: JSON.
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._lost = 0
        self._batches = 0

    def end(self, error: OperationError) -> None:
        self.stream.finish(b"event: end\ndata: %b\n\n" % error_body(error.message, error.extensions))

    async def serve(self, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        # The log may be written by any thread.
        stop = self._inside.follow(lambda told: _tell(loop, self._hear, told))
        for told in self._inside.recent():
            self._waiting.append(told)
        tasks = [loop.create_task(self._hear_of_live_queries()), loop.create_task(self._tell())]
        try:
            await self.stream.serve(receive, send)
        finally:
            stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, told: Mapping[str, Any]) -> None:
        self._waiting.append(told)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1

    async def _hear_of_live_queries(self) -> None:
        try:
            async with aclosing(self._gateway.follow(unmoved=False)) as records:
                async for record in records:
                    self._hear(record)
        except Exception:
            log.exception("Somebody who follows live queries could not be told of them.")
        finally:
            self.stream.finish(EVENT_STREAM.stopping)

    async def _tell(self) -> None:
        try:
            while True:
                if self._waiting:
                    # After a reload, say, a token may stand for less than before.
                    self._access.judge(self.client.user, near=self._near)
                    self._put()
                await asyncio.sleep(PAUSE)
        except OperationError as error:
            self.end(error)
        except Exception:
            log.exception("Somebody who looks on could not be told of what happens.")
            self.stream.finish(EVENT_STREAM.stopping)

    def _put(self) -> None:
        lost, self._lost = self._lost, 0
        body = orjson.dumps({"records": list(self._waiting), "lost": lost}, default=str)
        self._waiting.clear()
        self._batches += 1
        # Each has a place of its own, until they come round.
        self.stream.put(self._batches % BATCHES, b"event: batch\ndata: %b\n\n" % one_line(body))


def _tell(loop: asyncio.AbstractEventLoop, hear: Any, told: Mapping[str, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.call_soon_threadsafe(hear, told)
    else:
        hear(told)
