"""What happens in the gateway, as it happens: in batches, so that a page stays quick at any rate."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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
"""At once. Everything is written once, for all of them."""
PAUSE: Final = 0.1
"""Seconds between two batches."""
MOST_WAITING: Final = 1000
"""Records of a batch, of live queries and of everything else. Of more, the oldest are lost, and counted."""
BATCHES: Final = 4
"""Kept for a follower who does not read. Of more, the oldest are lost."""


class Followers:
    """Whoever follows. They are among the `streams`. What happens is collected once for all of them, and nothing of it
    is done when it happens: what clients wait for goes first."""

    def __init__(self, gateway: Gateway, inside: Inside, access: Access, streams: Streams) -> None:
        self._gateway = gateway
        self._inside = inside
        self._access = access
        self._streams = streams
        self._count = 0
        self._present: dict[Follower, None] = {}
        self._telling: asyncio.Task[None] | None = None
        self._stop: Callable[[], None] = lambda: None
        # Any: JSON.
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._lost = 0
        self._mark: object = None

    async def begin(self, scope: Scope, visitor: Visitor) -> Follower:
        """Raises `Refusal` and `OperationError`."""
        follower = Follower(self, near=visitor.near)
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

    def join(self, follower: Follower) -> None:
        """It is told what was, and from now on what is."""
        if self._telling is None:
            loop = asyncio.get_running_loop()
            # The log may be written by any thread.
            self._stop = self._inside.follow(lambda told: _tell(loop, self._hear, told))
            self._telling = loop.create_task(self._tell())
        else:
            self._put()
        self._mark = self._inside.news(None).mark
        self._present[follower] = None
        follower.put(_batch(self._inside.recent(), 0))

    async def leave(self, follower: Follower) -> None:
        self._present.pop(follower, None)
        if not self._present and self._telling is not None:
            telling, self._telling = self._telling, None
            self._stop()
            self._waiting.clear()
            self._lost = 0
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _hear(self, told: Mapping[str, Any]) -> None:
        self._waiting.append(told)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            try:
                self._put()
            except Exception:
                log.exception("Those who look on could not be told of what happens.")
                for follower in tuple(self._present):
                    follower.stream.finish(EVENT_STREAM.stopping)

    def _put(self) -> None:
        news = self._inside.news(self._mark, MOST_WAITING)
        self._mark = news.mark
        if not (news.records or self._waiting):
            return
        batch = _batch([*news.records, *self._waiting], self._lost + news.lost)
        self._waiting.clear()
        self._lost = 0
        for follower in tuple(self._present):
            try:
                # After a reload, say, a token may stand for less than before.
                self._access.judge(follower.client.user, near=follower.near)
            except OperationError as error:
                follower.end(error)
            else:
                follower.put(batch)


class Follower:
    """`client` and `stream` are there before it is served."""

    client: Client
    stream: Stream

    def __init__(self, followers: Followers, *, near: bool) -> None:
        self.near = near
        self._followers = followers
        self._batches = 0

    def end(self, error: OperationError) -> None:
        self.stream.finish(b"event: end\ndata: %b\n\n" % error_body(error.message, error.extensions))

    def put(self, batch: bytes) -> None:
        self._batches += 1
        # Each has a place of its own, until they come round.
        self.stream.put(self._batches % BATCHES, batch)

    async def serve(self, receive: Receive, send: Send) -> None:
        self._followers.join(self)
        try:
            await self.stream.serve(receive, send)
        finally:
            await self._followers.leave(self)


def _batch(records: Sequence[Mapping[str, Any]], lost: int) -> bytes:
    body = orjson.dumps({"records": records, "lost": lost}, default=str)
    return b"event: batch\ndata: %b\n\n" % one_line(body)


def _tell(loop: asyncio.AbstractEventLoop, hear: Any, told: Mapping[str, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.call_soon_threadsafe(hear, told)
    else:
        hear(told)
