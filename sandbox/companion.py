"""A process of somebody else's make beside a worker, that a program runs in: started by the worker before that is
locked down, with locks of its own.

Such a process needs more of the kernel to begin than to go on: it maps its libraries, makes a thread. Those calls the
kernel hands to the worker, which lets them pass for as long as it watches. Once it does not, they fail: what is left is
what workers have themselves. It lives no longer than its worker.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from fcntl import ioctl
from typing import Final

from tidegate.sandbox import lockdown
from tidegate.sandbox.engine import Stopped

OVERHEAD: Final = 256 * 1024 * 1024
"""Bytes of address space beside what a program may have: its libraries, its thread's stack, and what the allocator
reserves without using it."""
START: Final = 10_000
"""Milliseconds that it may take to say something at first."""

_CHUNK: Final = 65536
_LENGTH: Final = struct.Struct("<I")
_TICK: Final = 20
"""Milliseconds between two looks at how long it has computed."""
_LAST_WORDS: Final = 4096
FAILED: Final = 70
"""How a process ends that could not even begin."""

_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_NOTICE: Final = 80
"""Bytes of `struct seccomp_notif`, which begins with its number, of 8."""
_GO_ON: Final = 1


class TooLong(Exception):
    """A message of more bytes than it may have."""


class Ended(Exception):
    """It is gone. The text is what it last said of itself."""


class Companion:
    """`begin`: what it does once it is locked; it does not return. `layers` as in `zygote.LAYERS`, `memory` bytes,
    `cpu` seconds of its whole life, `largest` bytes of a message."""

    def __init__(self, begin: Callable[[], object], layers: Sequence[str], memory: int, cpu: int, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._notices = -1
        there, self._writer = os.pipe()
        self._reader, back = os.pipe()
        self._words, words = os.pipe()
        ours, theirs = socket.socketpair()
        worker = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                lockdown.die_with_parent(worker)
                for number, descriptor in enumerate((there, back, words)):
                    os.dup2(descriptor, number)
                # Of a worker's descriptors this one alone would be inherited.
                os.close(lockdown.SOCKET)
                if "resources" in layers:
                    _set_resources(memory + OVERHEAD, cpu)
                if "calls" in layers:
                    watched = lockdown.watch_calls()
                    socket.send_fds(theirs, [b"!"], [watched])
                    os.close(watched)
                if "resources" in layers:
                    _limit_descriptors()
                begin()
            finally:
                os._exit(FAILED)
        self.pid = pid
        for descriptor in (there, back, words):
            os.close(descriptor)
        theirs.close()
        if "calls" in layers:
            _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            if not descriptors:
                raise OSError("seccomp: nobody watches what it calls")
            self._notices = descriptors[0]
        ours.close()
        os.set_blocking(self._words, False)
        # The kernel's name for the clock of what another process has computed.
        self._clock = (~pid << 3) | 2

    def settle(self) -> None:
        """Its beginning is over: from here on it can only compute."""
        if self._notices >= 0:
            os.close(self._notices)
            self._notices = -1

    def computed(self) -> float:
        """Seconds, of its whole life."""
        return time.clock_gettime(self._clock)

    def send(self, message: bytes) -> None:
        rest = memoryview(_LENGTH.pack(len(message)) + message)
        try:
            while rest:
                rest = rest[os.write(self._writer, rest) :]
        except BrokenPipeError:
            raise Ended(self._last_words()) from None

    def receive(self, until: float) -> bytes:
        """The next message. `until`: what it may have computed by then; `Stopped` if that is not enough. Raises
        `Ended` and `TooLong`, after which there is no other."""
        while True:
            if len(self._buffer) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._buffer)
                if length > self._largest:
                    raise TooLong
                end = _LENGTH.size + length
                if len(self._buffer) >= end:
                    message = bytes(memoryview(self._buffer)[_LENGTH.size : end])
                    del self._buffer[:end]
                    return message
            self._wait(until)
            data = os.read(self._reader, _CHUNK)
            if not data:
                raise Ended(self._last_words())
            self._buffer += data

    def _wait(self, until: float) -> None:
        """Until there is something to be read."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if self._notices >= 0:
            poll.register(self._notices, select.POLLIN)
        started = time.monotonic()
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(_TICK)]
            if self._reader in ready:
                return
            if self._notices in ready:
                self._let_pass()
            elif self.computed() > until:
                raise Stopped("cpu")
            if self._notices >= 0 and time.monotonic() - started > START / 1000:
                raise Ended("it does not begin")

    def _let_pass(self) -> None:
        notice = bytearray(_NOTICE)
        # Whoever called may have ended meanwhile.
        with suppress(FileNotFoundError):
            ioctl(self._notices, _RECEIVE, notice)
            (number,) = struct.unpack_from("@Q", notice)
            ioctl(self._notices, _SEND, bytearray(struct.pack("@QqiI", number, 0, 0, _GO_ON)))

    def _last_words(self) -> str:
        with suppress(OSError):
            return os.read(self._words, _LAST_WORDS).decode("utf-8", "replace")
        return ""


def _set_resources(memory: int, cpu: int) -> None:
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": cpu,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    lockdown.put_limits(limits)


def _limit_descriptors() -> None:
    """To three, and those by which it reads its libraries. Not before it has sent one: the kernel lets nobody send
    while more than so many of their user's wait to be received, those of our births among them."""
    lockdown.put_limits({"RLIMIT_NOFILE": 16})
