"""`/debug/live`: why live queries are refreshed, as it happens, for those who may know.

Who may: whoever has the highest role of the project; in development also whoever asks from this machine, as a program
does and a page in a browser does not. What is told are names of tables, columns and operations, and numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus
from logging import getLogger
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.web.answers import HEADERS, Media, Refusal, Reply, answer, error_body, refusal_reply
from tidegate.web.event_stream import EVENT_STREAM, one_line
from tidegate.web.failures import failed_to_begin
from tidegate.web.fields import merged
from tidegate.web.gateway import Client, Gateway
from tidegate.web.nearness import is_program_near
from tidegate.web.streams import Stream, Streams

log = getLogger(__name__)

MOST_FOLLOWERS: Final = 8
"""At once: each is told of everything."""

WAITING: Final = 256
"""Events kept for a follower who is slow; of more, the oldest are lost."""

_AT_ONCE: Final = 64
"""Events told before others get their turn."""

_NOT_ALLOWED: Final = OperationError(Code.FORBIDDEN, "Only the highest role may follow live queries.")


class LiveEndpoint:
    """The followers are among the `streams`. With `development`, this machine needs no token."""

    def __init__(self, gateway: Gateway, streams: Streams, *, development: bool) -> None:
        self._gateway = gateway
        self._streams = streams
        self._development = development
        self._followers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "GET":
                message = f"{scope['method']} is not a method of this address."
                raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", b"GET"))
            begun = await self._follow(scope, merged(scope["headers"]))
        except Refusal as refusal:
            begun = refusal_reply(refusal)
        except Exception as error:  # noqa: BLE001 - logged there
            begun = failed_to_begin(error, HEADERS[Media.JSON])
        if isinstance(begun, Reply):
            await answer(send, begun)
        else:
            await begun.serve(receive, send)

    async def _follow(self, scope: Scope, fields: Mapping[bytes, bytes]) -> Reply | _Follower:
        """Raises `Refusal` and `OperationError`."""
        is_near = self._development and is_program_near(scope, fields)
        follower = _Follower(self._gateway, is_near=is_near, unmoved=_wants_unmoved(scope["query_string"]))
        arrival.set("/debug/live")
        follower.client = await self._gateway.connect(scope["headers"], follower.end)
        try:
            follower.check()
            if self._followers >= MOST_FOLLOWERS:
                raise OperationError(Code.LIMIT, f"{MOST_FOLLOWERS} follow already.")
            idle = self._gateway.catalog.limits.idleReader
            follower.stream = self._streams.open(EVENT_STREAM, (), idle, lambda: self._left(follower))
        except BaseException:
            follower.client.close()
            raise
        self._followers += 1
        return follower

    def _left(self, follower: _Follower) -> None:
        self._followers -= 1
        follower.client.close()


class _Follower:
    """`client` and `stream` are there before it is served."""

    client: Client
    stream: Stream

    def __init__(self, gateway: Gateway, *, is_near: bool, unmoved: bool) -> None:
        self._gateway = gateway
        self._is_near = is_near
        self._unmoved = unmoved
        self._events = 0

    def check(self) -> None:
        """Raises `OperationError` where this user may not follow, or not any more."""
        user, catalog = self.client.user, self._gateway.catalog
        if user.verified:
            # By its name: places among the roles of before a reload mean nothing now. And where every token has the
            # highest role, it says nothing.
            if user.role != catalog.roles[-1] or user.role == catalog.auth.default_role:
                raise _NOT_ALLOWED
        elif not self._is_near:
            raise OperationError(Code.UNAUTHENTICATED, "This needs a token.")

    def end(self, error: OperationError) -> None:
        body = error_body(error.message, error.extensions)
        self.stream.finish(b"event: end\ndata: %b\n\n" % body)

    async def serve(self, receive: Receive, send: Send) -> None:
        telling = asyncio.get_running_loop().create_task(self._tell())
        try:
            await self.stream.serve(receive, send)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self) -> None:
        try:
            async with aclosing(self._gateway.follow(unmoved=self._unmoved)) as records:
                async for record in records:
                    # After a reload, say, a token may stand for less than before.
                    self.check()
                    self._put(record)
                    if not self._events % _AT_ONCE:
                        await asyncio.sleep(0)
        except OperationError as error:
            self.end(error)
        except Exception:
            log.exception("Somebody who follows live queries could not be told of them.")
        finally:
            self.stream.finish(EVENT_STREAM.stopping)

    def _put(self, record: Mapping[str, Json]) -> None:
        self._events += 1
        event = b"event: %b\ndata: %b\n\n" % (str(record["kind"]).encode(), one_line(orjson.dumps(record)))
        # Each has a place of its own, until they come round.
        self.stream.put(self._events % WAITING, event)


def _wants_unmoved(query_string: bytes) -> bool:
    return b"unmoved=1" in query_string.split(b"&")
