"""The gateway's end of one worker: whole frames out of its bytes, and its death."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tidegate.sandbox.frames import HEADER, Kind

AHEAD: Final = 64 * 1024
"""Bytes of frames that nobody waits for, after which a worker's socket is read no further."""


_CHUNK: Final = 256 * 1024


class Gone(Exception):
    """The worker ended, or was ended."""


class Garbled(Exception):
    """What came is no frame that may come. The text is for the log."""


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A process just forked. `handle`: a descriptor of the process itself, where the system has those: its number may
    be another's by the time somebody uses it. `death`: an exit code, or a signal's number below zero."""

    pid: int
    descriptor: int
    handle: int | None
    death: asyncio.Future[int]

    def close(self) -> None:
        os.close(self.descriptor)
        if self.handle is not None:
            os.close(self.handle)


class Link:
    """One worker, whose descriptors are ours from now on. `largest`: bytes of a frame. `signal_by_parent` has the
    zygote signal a child, for gateways that may not. `lost` is called once, when it is gone. While it is `idle` it has
    nothing to say: a word from it is its end.

    Reads and writes the socket itself. With transports (asyncio's, uvloop's) a task that is cancelled while one is
    made leaves it open, and when one is closed is known a turn of the loop later."""

    def __init__(self, child: Child, largest: int, signal_by_parent: Callable[[int, int], None]) -> None:
        self.pid = child.pid
        self.death = child.death
        self.lost: Callable[[Link], None] | None = None
        self.idle = False
        self.gone = False
        self._handle = child.handle
        self._signal_by_parent = signal_by_parent
        self._largest = largest
        self._buffer = bytearray()
        self._unsent = memoryview(b"")
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(fileno=child.descriptor)
        self._socket.setblocking(False)
        self._loop.add_reader(child.descriptor, self._read)

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: its kind, which may be any number, and its payload. Raises `Gone` and `Garbled`."""
        frame = self._cut()
        if frame is not None:
            return frame
        if self.gone:
            raise Gone
        self._waiter = asyncio.get_running_loop().create_future()
        self._resume()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    @property
    def quiet(self) -> bool:
        """It lives, and has said nothing that nobody has heard yet."""
        return not self.gone and not self._buffer

    def send(self, kind: Kind, payload: bytes) -> None:
        """To one that is gone it says nothing; `receive` does. The worker reads one frame before it gets another."""
        if not self.gone:
            self._unsent = memoryview(HEADER.pack(len(payload), kind) + payload)
            self._write()

    def signal(self, number: int) -> None:
        if self.gone:
            return
        try:
            if self._handle is None:
                raise PermissionError
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            # Its user is another, and this process has given up the right to signal those. Or the system has no handles
            # of processes, and only a parent knows that a number is still its child's.
            self._signal_by_parent(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Gone())
        if self.lost is not None:
            self.lost(self)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._buffer += data
        if self.idle:
            # Work is only given to those who wait for it quietly.
            self.kill()
        elif self._waiter is not None:
            self._serve_waiter()
        elif len(self._buffer) > AHEAD:
            self._paused = True
            self._loop.remove_reader(self._socket.fileno())

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # Reading tells how it ended, and what it said before.
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._socket.fileno(), self._write)
        else:
            self._loop.remove_writer(self._socket.fileno())

    def _serve_waiter(self) -> None:
        assert self._waiter is not None
        if self._waiter.done():
            return
        try:
            frame = self._cut()
        except Garbled as garbled:
            self._waiter.set_exception(garbled)
            return
        if frame is not None:
            self._waiter.set_result(frame)

    def _cut(self) -> tuple[int, bytes] | None:
        """The first frame of what came, if it is whole."""
        buffer = self._buffer
        if len(buffer) < HEADER.size:
            return None
        length, kind = HEADER.unpack_from(buffer)
        if length > self._largest:
            raise Garbled(f"a frame of {length} bytes")
        end = HEADER.size + length
        if len(buffer) < end:
            return None
        payload = bytes(memoryview(buffer)[HEADER.size : end])
        del buffer[:end]
        return kind, payload

    def _resume(self) -> None:
        if self._paused and not self.gone:
            self._paused = False
            self._loop.add_reader(self._socket.fileno(), self._read)
