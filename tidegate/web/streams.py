"""Answers that go on: each keeps what its reader has not taken yet, and never more than the newest of each kind.

A frame is written by whoever has it, at once, if the socket takes it. Only where it does not, or nothing has been said
for a while, does the answer's own task write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from http import HTTPStatus
from typing import Any, Final, Protocol

from starlette.types import Receive, Send

from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.web.answers import CLOSE, SAFETY, Header, Refusal
from tidegate.web.shortcuts import cut, write_part

HEARTBEAT: Final = 12.0
"""Seconds after which something is written, so that nobody on the way takes the connection for dead."""

HEADERS: Final[tuple[Header, ...]] = (
    *(header for header in SAFETY if header[0] != b"cache-control"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)
"""Besides the type and those of CORS: nobody on the way may collect or compress what is written."""

STOPPING: Final = OperationError(Code.INTERNAL, "The server is stopping: connect again.")


class Framing(Protocol):
    """How results look in one of the two forms. `opening` is written with the head."""

    type: Header
    opening: bytes
    heartbeat: bytes
    complete: bytes
    stopping: bytes
    """Ends the answer because the server ends; the subscription may go on elsewhere."""

    def result(self, result: Result, /) -> bytes:
        """Made once, and kept with the result."""
        ...

    def failure(self, error: OperationError, /) -> bytes:
        """The error, and that nothing follows."""
        ...


class Stream:
    """One answer. `left` is called once, when it has ended for whatever reason; `idle` is how many seconds a reader
    may leave the socket full, `heartbeat` after how many something is said. `shared` are the headers of CORS, and may
    be others until it is served."""

    def __init__(
        self, framing: Framing, shared: tuple[Header, ...], idle: float, heartbeat: float, left: Callable[[], None]
    ) -> None:
        self.framing = framing
        self.shared = shared
        self._idle = idle
        self._heartbeat = heartbeat
        self._left: Callable[[], None] | None = left
        self._waiting: dict[Hashable, bytes] = {}
        self._last: bytes | None = None
        self._gone = False
        self._wake = asyncio.Event()
        self._send: Send | None = None

    @property
    def waiting(self) -> int:
        """Frames that the reader has not taken."""
        return len(self._waiting)

    def put(self, key: Hashable, frame: bytes) -> None:
        """Writes a frame, or keeps it until it can be written; then it replaces an older one of the same key."""
        if self._last is not None or self._gone:
            return
        if not self._waiting and self._send is not None and write_part(self._send, frame):
            return
        # The place of the older one is given up: what came between is older than this.
        self._waiting.pop(key, None)
        self._waiting[key] = frame
        self._wake.set()

    def drop(self, key: Hashable) -> None:
        """What waits under this key is not wanted any more."""
        self._waiting.pop(key, None)

    def finish(self, frame: bytes) -> None:
        """Writes what waits, then this, and nothing more."""
        if self._last is None:
            self._last = frame
            self._wake.set()

    def stop(self) -> None:
        """As `finish`, because the server ends."""
        self.finish(self.framing.stopping)

    async def serve(self, receive: Receive, send: Send) -> None:
        """Answers, until the stream is finished or its reader gone."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch(receive))
                try:
                    await self._write(send)
                except TimeoutError:
                    if cut(send):
                        # The server has to see that the connection is gone, or takes this for a mistake of ours.
                        await watching
                except OSError:
                    # How some servers say that nobody is there.
                    pass
                watching.cancel()
        finally:
            self.end()

    def end(self) -> None:
        """The reader is gone, or never came."""
        self._gone = True
        self._send = None
        self._waiting.clear()
        if self._left is not None:
            left, self._left = self._left, None
            left()

    async def _watch(self, receive: Receive) -> None:
        # Parts of a request's body that nobody asked for may come first.
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._wake.set()

    async def _write(self, send: Send) -> None:
        headers = (self.framing.type, *HEADERS, *self.shared)
        async with asyncio.timeout(self._idle):
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
            await send(_part(self.framing.opening))
        self._send = send
        while not self._gone:
            await self._something()
            async with asyncio.timeout(self._idle):
                # Nothing: it only waits until the socket takes more. What is newest then is written.
                await send(_part(b""))
                if self._last is not None:
                    await send(_part(b"".join((*self._take(), self._last)), more=False))
                    return
                await send(_part(b"".join(self._take())))

    async def _something(self) -> None:
        """Returns when there is something to write."""
        try:
            async with asyncio.timeout(self._heartbeat):
                await self._wake.wait()
        except TimeoutError:
            self._waiting.setdefault(None, self.framing.heartbeat)
        self._wake.clear()

    def _take(self) -> tuple[bytes, ...]:
        frames = tuple(self._waiting.values())
        self._waiting.clear()
        return frames


class Streams:
    """Every answer of one server that goes on."""

    def __init__(self) -> None:
        self.heartbeat = HEARTBEAT
        self._streams: dict[Stream, None] = {}
        self._stopped = False

    def open(
        self, framing: Framing, shared: tuple[Header, ...], idle: float, left: Callable[[], None] = lambda: None
    ) -> Stream:
        """A new stream; `Stream.end` or the end of `Stream.serve` gives its place back. Raises `Refusal` where the
        server is about to end."""
        if self._stopped:
            message = "The server is stopping."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, message, Code.LIMIT, CLOSE, (b"retry-after", b"1"))

        def over() -> None:
            self._streams.pop(stream, None)
            left()

        stream = Stream(framing, shared, idle, self.heartbeat, over)
        self._streams[stream] = None
        return stream

    def stop(self) -> None:
        """Ends all, and lets none begin."""
        self._stopped = True
        for stream in tuple(self._streams):
            stream.stop()


# Any: ASGI's message.
def _part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}
