"""Who waits for an answer, and whether they still do: a call whose client has gone is cancelled.

A client that goes away ends its side of the connection, and so does one that has only said all it has to say. Nothing
but writing tells the two apart: for one that is gone, its kernel answers with a reset. What may be written before an
answer without being part of it is an interim response, which every client of HTTP/1.1 has to skip.
"""

from __future__ import annotations

import asyncio
from select import poll
from types import TracebackType
from typing import Final

from starlette.types import Receive
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tidegate.web.bodies import Gone

FIRST_LOOK: Final = 0.02
"""Seconds after the end of what the client says until it is looked at whether it is there; then twice as many each
time, up to `MOST_APART`."""
MOST_APART: Final = 1.0

_SIGN: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Attentive(HttpToolsProtocol):
    """A connection that ends the call under way when its client goes away."""

    attended: Attended | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.attended is not None:
            self.attended.end()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Whether the connection stays open: for an answer that is not begun. What is not known to be read is not
        executed either, and HTTP/1.0 has nothing to find that out with."""
        if not self.is_answering() or self.pipeline or self.scope["http_version"] != "1.1":
            return None
        if self.cycle.more_body or self.cycle.response_started:
            return None
        self.cycle.keep_alive = False
        self._look(FIRST_LOOK)
        return True

    def is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None until the first head is complete
        return cycle is not None and not cycle.response_complete

    def _look(self, patience: float) -> None:
        if self.transport.is_closing() or self.cycle.response_started:
            return
        waiting = poll()
        waiting.register(self.transport.get_extra_info("socket").fileno(), 0)
        if waiting.poll(0):
            # Reset, or shut from both sides.
            self.transport.abort()
            return
        self.transport.write(_SIGN)
        self.loop.call_later(patience, self._look, min(2 * patience, MOST_APART))


class Attempt:
    """Work of this task that somebody else may `end`: it is cancelled, and leaving the context is no error."""

    __slots__ = ("_ended", "_task")

    def __init__(self) -> None:
        self._ended = False
        self._task: asyncio.Task[object] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        task, self._task = self._task, None
        # Others may have cancelled the task too, and then it is.
        return self._ended and task is not None and not task.uncancel() and isinstance(error, asyncio.CancelledError)

    def end(self) -> None:
        """May be called more than once, and at any time."""
        if self._task is not None and not self._ended:
            self._ended = True
            self._task.cancel()


class Attended:
    """A call that the request's client waits for. Raises `Gone` where they are not there, or do not stay. Under a
    server that is not ours, nobody is watched. Every request goes through it, so it is flat."""

    __slots__ = ("_connection", "_cycle", "_gone", "_task")

    def __init__(self, receive: Receive) -> None:
        self._cycle: RequestResponseCycle | None = getattr(receive, "__self__", None)
        self._connection: Attentive | None = None
        self._gone = False

    def __enter__(self) -> None:
        cycle = self._cycle
        if type(cycle) is not RequestResponseCycle:
            return
        transport = cycle.transport
        if transport.is_closing():
            cycle.disconnected = True
            raise Gone
        connection = transport.get_protocol()
        if isinstance(connection, Attentive):
            self._task = asyncio.current_task()
            self._connection = connection
            connection.attended = self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.attended = None
        # Others may have cancelled the task too, and then it is.
        if self._gone and self._task and not self._task.uncancel() and isinstance(error, asyncio.CancelledError):
            raise Gone from None

    def end(self) -> None:
        """Called once at most, and only within."""
        assert self._cycle is not None
        assert self._task is not None
        self._gone = True
        # Of requests sent ahead, uvicorn knows only the last.
        self._cycle.disconnected = True
        self._task.cancel()
