"""One Engine.IO connection: what waits for its client, and how it gets there, by polling or over a websocket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Protocol

from tidegate.realtime.packets import Message

FULL: Final = 128 * 1024
"""Bytes that may wait for a client before nothing is added that can wait elsewhere: events are kept once for all."""
MOST_WAITING: Final = 1024 * 1024
"""Bytes of whatever else waits for a client that does not take it. More ends its connection."""

ALLOWANCE: Final = 100.0
"""Packets that a client may send at once."""
REFILL: Final = 10.0
"""What it gets back in a second."""
NORMAL: Final = 1000
"""The close code of a websocket; Socket.IO's clients come back after any."""

CLOSE: Final = b"1"
NOOP: Final = b"6"


class Wire(Protocol):
    """A websocket as our server has it. `drained` is called when a slow reader has caught up."""

    paused: bool
    drained: Callable[[], None] | None

    @property
    def writable(self) -> asyncio.Event: ...

    def send_text(self, text: bytes, /) -> None: ...

    def send_frame(self, frame: bytes, /) -> None:
        """A whole frame, made for many."""
        ...

    # Any: an int, which the server's own websockets name.
    def close(self, code: Any, reason: str, /) -> None: ...


class Allowance:
    """How much a client may still say. It comes back with time, up to what it was at first."""

    def __init__(self) -> None:
        self._left = ALLOWANCE
        self._since = monotonic()

    def take(self, cost: float) -> bool:
        """Whether it may."""
        now = monotonic()
        self._left = min(ALLOWANCE, self._left + REFILL * (now - self._since)) - cost
        self._since = now
        return self._left >= 0


class Line:
    """What python-engineio calls a socket. `ended` is told once, with a reason."""

    def __init__(self, sid: str, wire: Wire | None, ended: Callable[[Line, str], None]) -> None:
        self.sid = sid
        self.closed = False
        self.upgrading = False
        self.polling = False
        self.posting = False
        self.allowance = Allowance()
        self.drained: Callable[[], None] | None = None
        """Called when the client has taken everything after the line was full."""
        self.full = False
        # Any: python-engineio's own
        self.session: dict[str, Any] = {}
        self._wire: Wire | None = None
        self._ended = ended
        self._waiting: deque[bytes | memoryview] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        if wire is not None:
            self.take(wire)

    @property
    def upgraded(self) -> bool:
        return self._wire is not None

    @property
    def wire(self) -> Wire | None:
        return self._wire

    def take(self, wire: Wire) -> None:
        """From now on everything goes over this websocket."""
        self._wire = wire
        self.upgrading = False
        wire.drained = self._flush
        self._flush()
        self._arrived.set()

    def share(self, message: Message) -> None:
        """As `put`, what is sent to many."""
        wire = self._wire
        if wire is None or wire.paused or self._waiting or self.closed:
            # Thousands may poll, and not take what they are sent: it is there once for all of them.
            self.put(message.view)
        else:
            wire.send_frame(message.frame)

    def put(self, packet: bytes | memoryview) -> None:
        """Sends, now or as soon as the client takes it, in order."""
        wire = self._wire
        if self.closed:
            return
        if wire is not None and not wire.paused and not self._waiting:
            wire.send_text(bytes(packet))
            return
        self._waiting.append(packet)
        self._size += len(packet)
        self.full = self._size > FULL
        if self._size > MOST_WAITING and len(self._waiting) > 1:
            self.end("transport close")
        else:
            self._arrived.set()

    # Any: python-engineio's packet.
    async def send(self, packet: Any) -> None:
        self.put(packet.encode().encode())

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """As python-engineio calls it."""
        del wait, abort
        self.end(reason or "server disconnect")

    def end(self, reason: str) -> None:
        """May be called more than once."""
        if self.closed:
            return
        self.closed = True
        if not self.polling:
            self._waiting.clear()
        self._arrived.set()
        if self._wire is not None:
            self._wire.drained = None
            self._wire.close(NORMAL, reason)
        self._ended(self, reason)

    async def arrival(self, patience: float | None = None) -> None:
        """Waits until there is something to take, or nothing more to wait for."""
        try:
            async with asyncio.timeout(patience):
                await self._arrived.wait()
        except TimeoutError:
            pass

    def interrupt(self) -> None:
        """Whoever polls gets an answer now."""
        self._arrived.set()

    def taken(self) -> bytes:
        """Everything that waits, as the answer to a poll. A websocket that has taken over keeps it."""
        self._arrived.clear()
        if self._wire is not None:
            return NOOP
        last = (CLOSE,) if self.closed else ()
        body = b"\x1e".join((*self._waiting, *last)) or NOOP
        self._waiting.clear()
        self._emptied()
        return body

    def _flush(self) -> None:
        wire = self._wire
        while self._waiting and wire is not None and not wire.paused:
            packet = self._waiting.popleft()
            self._size -= len(packet)
            wire.send_text(bytes(packet))
        if not self._waiting:
            self._emptied()

    def _emptied(self) -> None:
        self._size = 0
        if self.full:
            self.full = False
            if self.drained is not None and not self.closed:
                self.drained()
