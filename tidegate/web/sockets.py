"""uvicorn's websocket protocol with what it lacks: frames written straight to the transport, an end to readers that do
not read and to peers that are gone, and every close with a code.

Which of uvicorn's implementations is the base, and what this costs: docs/decisions/0008-websockets.md.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Handle
from asyncio.transports import BaseTransport
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic, perf_counter
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import OPEN, Protocol

from tidegate.core.errors import Code
from tidegate.core.limits import Limits
from tidegate.web.answers import CLOSE, Header, Refusal
from tidegate.web.closing import CloseCode, shortened

EXTENSION: Final = "tidegate.socket"
"""Where an ASGI scope has the `Socket`, under `extensions`."""

MOST_BUFFERED: Final = 64 * 1024
"""Bytes that may wait in a connection's write buffer before its reader counts as slow. What waits there is old when it
is read, so it is little; the kernel has a buffer of its own before this one fills."""
RESUMED_AT: Final = 16 * 1024

PING_AFTER: Final = 20.0
"""Seconds without a byte from the client before it is asked for a sign of life."""
GONE_AFTER: Final = 40.0
CLOSED_WITHIN: Final = 10.0
"""Seconds that a client has to answer a close."""
SWALLOWED: Final = 64
"""So many times the size limit is read and thrown away after a message that was too large: a client that is still
sending does not see why it is closed."""

PIECE: Final = 2 * 1024
"""Bytes that are taken apart at once. The event loop reads up to 8 MB of one connection before it looks at another, and
those of small frames take it 20 seconds."""
TURN: Final = 0.005
"""Seconds of taking apart after which others have their turn."""

_PING: Final = b"\x89\x00"
_HANDSHAKE: Final = (b"connection", b"upgrade")
_PREFIX: Final = b"sec-websocket-"
_NO_HANDSHAKE: Final = Refusal(
    HTTPStatus.BAD_REQUEST,
    "This is not the handshake of a websocket, version 13.",
    Code.BAD_USER_INPUT,
    CLOSE,
    (b"sec-websocket-version", b"13"),
)


class Socket(WebSocketsSansIOProtocol):
    """Made by `socket_class`, which sets `limits`. `drained` is called when a slow reader has caught up."""

    limits: Callable[[], Limits]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's own
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn.max_message_size = self.limits().body
        self.paused = False
        self.drained: Callable[[], None] | None = None
        self._heard = monotonic()
        self._asked = False
        # While paused, how much waits and since when it is so much; while closing, since when.
        self._left = 0
        self._since = 0.0
        self._ending = False
        self._swallowing = 0
        # What came and was not taken apart yet: nothing more is read meanwhile.
        self._unread = bytearray()
        self._turn: Handle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(MOST_BUFFERED, RESUMED_AT)

    def upgrade(self, url: bytes, headers: list[Header]) -> Refusal | None:
        """Begins with a GET whose head was read by others; or says why it is none for a websocket."""
        shown = [(name.decode(), value) for name, value in headers if name in _HANDSHAKE or name.startswith(_PREFIX)]
        try:
            request = Request(url.decode("ascii"), Headers([(name, value.decode("ascii")) for name, value in shown]))
            response = self.conn.accept(request)
        except (UnicodeDecodeError, InvalidHandshake):
            return _NO_HANDSHAKE
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return _NO_HANDSHAKE
        # The parser of heads is left out: it would refuse lines over 8 KiB, and say nothing.
        self.conn.parser = Protocol.parse(self.conn)
        next(self.conn.parser)
        self.handle_connect(request)
        self.scope["headers"] = headers
        # Any: ASGI's extensions are open-ended.
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        return None

    def send_text(self, text: bytes) -> None:
        """A message, now, whether or not the reader is slow: for what must not be lost."""
        self.send_parts(text, b"")

    def send_parts(self, start: bytes, rest: bytes) -> None:
        """One message in two parts. Nothing happens once the connection is closing."""
        size = len(start) + len(rest)
        if self.close_sent or self.disconnected or self.conn.state is not OPEN:
            return
        if size < 126:
            self.transport.write(b"\x81%c%b%b" % (size, start, rest))
        elif size < 65536:
            # The rest is shared by everybody who gets it, and not copied for each.
            self.transport.writelines((b"\x81\x7e%c%c%b" % (size >> 8, size & 255, start), rest))
        else:
            self.transport.writelines((b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), start), rest))

    def send_frame(self, frame: bytes) -> None:
        """A whole message as it goes over the wire, made once for many."""
        if not self.close_sent and not self.disconnected and self.conn.state is OPEN:
            self.transport.write(frame)

    def close(self, code: CloseCode, reason: str) -> None:
        """Nothing is sent after this. May be called more than once."""
        if self.close_sent or self.disconnected or self.conn.state is not OPEN or not self.handshake_complete:
            return
        self.conn.send_close(code, shortened(reason))
        self._farewell(code, reason)

    def check(self, now: float) -> None:
        """Called a few times in a second at most."""
        if self.close_sent or self.transport.is_closing():
            if not self._ending:
                self._ending, self._since = True, now
            elif now - self._since > CLOSED_WITHIN:
                self.transport.abort()
        elif self.paused:
            left = self.transport.get_write_buffer_size()
            if left != self._left:
                self._left, self._since = left, now
            elif now - self._since > self.limits().idleReader:
                self.transport.abort()
        elif now - self._heard > GONE_AFTER:
            self.close(CloseCode.GOING_AWAY, "No sign of life")
        elif now - self._heard > PING_AFTER and not self._asked and self.handshake_complete:
            self._asked = True
            self.transport.write(_PING)

    def data_received(self, data: bytes) -> None:
        self._heard = monotonic()
        self._asked = False
        if self._swallowing:
            self._swallowing -= len(data)
            if self._swallowing <= 0:
                self.transport.abort()
            return
        self._unread += data
        if self._turn is None:
            self._take_apart()
        else:
            self.transport.pause_reading()

    async def receive(self) -> Any:
        """As uvicorn's. Any: an ASGI message."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._listen()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.clear()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self.paused = True
        self._left, self._since = 0, monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.paused = False
        super().resume_writing()
        if self.drained is not None:
            self.drained()

    def shutdown(self) -> None:
        if not self.handshake_complete:
            super().shutdown()
            return
        self.close(CloseCode.GOING_AWAY, "The server is stopping")
        if self.paused:
            self.transport.abort()

    def handle_ping(self) -> None:
        output = b"".join(self.conn.data_to_send())
        # Who does not read gets no more pongs to read.
        if not self.paused:
            self.transport.write(output)

    def handle_text(self, event: Frame) -> None:
        self.curr_msg_data_type = "text"
        self._begin(event)

    def handle_bytes(self, event: Frame) -> None:
        self.curr_msg_data_type = "bytes"
        self._begin(event)

    def handle_cont(self, event: Frame) -> None:
        # In one buffer: a list would grow with every empty frame.
        self.frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.close(CloseCode.INVALID_TEXT, "The text is not UTF-8")
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """The close has been prepared; what the client still sends is not for us any more."""
        closing = self.conn.close_sent
        if closing is None:
            # Its frames went wrong after it was told that the connection ends.
            self.transport.close()
            return
        self._swallowing = self.limits().body * SWALLOWED
        self._unread.clear()
        if not self.close_sent:
            self._farewell(closing.code, closing.reason)

    # Keeping alive is up to `check`: one look at all connections costs less than a timer for each.
    def start_keepalive(self) -> None:
        pass

    def handle_pong(self, event: Frame) -> None:
        pass

    def _begin(self, event: Frame) -> None:
        self.frames = [bytearray(event.data)]  # type: ignore[list-item]
        if event.fin:
            self.send_receive_event_to_app()

    def _take_apart(self) -> None:
        """Until the application has something to do, or others have waited long enough."""
        self._turn = None
        until = perf_counter() + TURN
        while self._unread and not self.read_paused:
            if perf_counter() > until:
                self.transport.pause_reading()
                break
            piece = bytes(self._unread[:PIECE])
            del self._unread[:PIECE]
            super().data_received(piece)
        if not self.read_paused:
            self._listen()

    def _listen(self) -> None:
        """To what has come, and then to what comes."""
        if self._unread:
            if self._turn is None:
                self._turn = self.loop.call_soon(self._take_apart)
        elif not self.transport.is_closing():
            self.transport.resume_reading()

    def _farewell(self, code: int, reason: str) -> None:
        """Writes the close that is prepared, tells the application, and waits for the client's."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self._listen()
        self.close_timer = self.loop.call_later(CLOSED_WITHIN, self.transport.abort)


def socket_class(limits: Callable[[], Limits]) -> type[Socket]:
    """A protocol class with these bounds. `limits` is asked each time: a reload may change them."""

    class Bounded(Socket):
        pass

    Bounded.limits = staticmethod(limits)
    return Bounded
