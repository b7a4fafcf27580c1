"""uvicorn's HTTP protocol with what it lacks: an end to slow, mute and oversized requests.

Every connection carries two facts: what it waits for, and since when. One sweep of all connections, a few times in a
second, closes those that have waited too long. A request so costs two assignments and no timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from tidegate.core.errors import Code
from tidegate.core.limits import Limits
from tidegate.web.answers import CLOSE, Refusal, answer, refusal_reply
from tidegate.web.attendance import Attentive
from tidegate.web.sockets import Socket

MOST_HEADERS: Final = 100
GRACE: Final = 2.0
"""Seconds that the application has to answer 408 itself before a connection with half a body is cut."""


class Waiting(Enum):
    """What a connection waits for."""

    HEAD = "head"
    """The rest of a head, or its first byte on a new connection."""
    BODY = "body"
    NOTHING = "nothing"
    """The request is complete: it is being answered, or the next one has not begun (uvicorn's keep-alive timer)."""


class HeadTooLarge(Exception):
    """Ends the parsing of a head."""


class Guarded(Attentive):
    """Made by `protocol_class`, which sets what the class itself declares."""

    limits: Callable[[], Limits]
    max_head: int
    max_connections: int

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's own
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.waiting = Waiting.HEAD
        self.since = monotonic()
        # Bytes of the head that is awaited: at least, and at most. They differ where a head begins behind something
        # else in one piece of data.
        self._head = 0
        self._head_at_most = 0
        self._piece = 0
        self._refusal: Refusal | None = None

    def data_received(self, data: bytes) -> None:
        # Bytes between requests, be they only line breaks, begin a head.
        if self.waiting is Waiting.NOTHING and self.cycle.response_complete:
            self._await(Waiting.HEAD)
            self._head = 0
        self._piece = len(data)
        if self.waiting is Waiting.HEAD:
            self._head += self._piece
            self._head_at_most += self._piece
        super().data_received(data)
        if self.waiting is Waiting.HEAD and self._head > self.max_head:
            self._send_refusal(_HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_at_most = self._piece
        if self.waiting is not Waiting.HEAD:
            self._await(Waiting.HEAD)

    def on_headers_complete(self) -> None:
        # The sum is taken only where so many bytes came that it can be too large.
        if len(self.headers) > MOST_HEADERS or (self._head_at_most > self.max_head and self._size() > self.max_head):
            self._refusal = _HEAD_TOO_LARGE
            raise HeadTooLarge
        self._head = 0
        self._await(Waiting.BODY)
        self.app = _too_busy if self._is_busy() else self.config.loaded_app
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.waiting = Waiting.NOTHING
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for it
        """Everything that the parser refuses ends here."""
        self._send_refusal(self._refusal or _BAD_REQUEST)

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection over to a `Socket`, if this is a handshake and there is room."""
        if self.is_answering():
            # Sent ahead, behind a request whose answer would be lost: nobody does that.
            self.cut()
            return
        refusal = self._refusal_of_upgrade()
        if refusal is None:
            socket = self.ws_protocol_class(self.config, self.server_state, self.app_state)  # type: ignore[misc, call-arg]
            assert isinstance(socket, Socket)
            self.connections.discard(self)
            self.transport.set_protocol(socket)
            socket.connection_made(self.transport)
            refusal = socket.upgrade(self.url, self.headers)
        if refusal is not None:
            self._send_refusal(refusal)

    def check(self, now: float) -> None:
        if self.overdue(now):
            self.cut()

    def overdue(self, now: float) -> bool:
        """Whether the client has had all its time."""
        if self.waiting is Waiting.NOTHING:
            return False
        limits = self.limits()
        if self.waiting is Waiting.BODY:
            return now - self.since > limits.bodyTimeout + GRACE
        # Half a head behind a request that is still being answered is not the client's delay: nobody reads.
        return not self.is_answering() and now - self.since > limits.headTimeout

    def cut(self) -> None:
        """Closes at once: a client that does not send may not read either."""
        if not self.transport.is_closing():
            self.transport.abort()

    def _is_busy(self) -> bool:
        return len(self.connections) > self.max_connections or len(self.tasks) >= self.max_connections

    def _refusal_of_upgrade(self) -> Refusal | None:
        lengths = [value.strip() for name, value in self.headers if name == b"content-length"]
        chunked = any(name == b"transfer-encoding" for name, _ in self.headers)
        old = self.scope["http_version"] != "1.1"
        if self.scope["method"] != "GET" or old or chunked or set(lengths) - {b"0"} or not self.url.isascii():
            return _BAD_REQUEST
        return _BUSY if self._is_busy() else None

    def _await(self, what: Waiting) -> None:
        self.waiting = what
        self.since = monotonic()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _send_refusal(self, refusal: Refusal) -> None:
        if self.transport.is_closing():
            return
        reply = refusal_reply(refusal)
        lines = [b"%s: %s\r\n" % header for header in (*self.server_state.default_headers, *reply.headers)]
        length = b"content-length: %d\r\n\r\n" % len(reply.body)
        self.transport.write(b"".join((STATUS_LINE[reply.status], *lines, length, reply.body)))
        self.transport.close()


async def sweep(state: ServerState, limits: Callable[[], Limits]) -> None:
    """Cuts overdue connections and asks silent ones for a sign of life, for ever."""
    while True:
        bounds = limits()
        await asyncio.sleep(min(1.0, max(0.02, min(bounds.headTimeout, bounds.bodyTimeout) / 4)))
        now = monotonic()
        for connection in list(state.connections):
            if isinstance(connection, Guarded | Socket):
                connection.check(now)


def protocol_class(limits: Callable[[], Limits], max_head: int, max_connections: int) -> type[Guarded]:
    """A protocol class with these bounds. `limits` is asked each time: a reload may change them."""

    class Bounded(Guarded):
        pass

    Bounded.limits = staticmethod(limits)
    Bounded.max_head = max_head
    Bounded.max_connections = max_connections
    return Bounded


_BAD_REQUEST: Final = Refusal(HTTPStatus.BAD_REQUEST, "This is not an HTTP request.", Code.BAD_USER_INPUT, CLOSE)
_HEAD_TOO_LARGE: Final = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's head is too large.", Code.LIMIT, CLOSE
)
_BUSY: Final = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The server is busy.", Code.LIMIT, CLOSE, (b"retry-after", b"1"))


async def _too_busy(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, refusal_reply(_BUSY))
