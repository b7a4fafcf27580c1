"""What code does to the world outside while it should do nothing: Python's audit events, told to whoever asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

_CALLS: Final = frozenset(
    {
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
        *("subprocess.Popen", "os.posix_spawn", "os.system", "os.fork", "sqlite3.connect"),
        *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.symlink", "os.link"),
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_watched: ContextVar[list[str] | None] = ContextVar("tidegate.testing.deeds", default=None)
_installed = False


@contextmanager
def watched() -> Iterator[list[str]]:
    """What is done within, and in the threads that it starts with its context. Reading files does not count. The hook
    stays for the life of the process, as Python wants it; it costs others a lookup for each event."""
    global _installed  # noqa: PLW0603 - there is one process
    if not _installed:
        sys.addaudithook(_hear)
        _installed = True
    deeds: list[str] = []
    token = _watched.set(deeds)
    try:
        yield deeds
    finally:
        _watched.reset(token)


# Any: the arguments of an audit event.
def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" and event not in _CALLS:
        return
    deeds = _watched.get()
    if deeds is None:
        return
    if event == "open":
        flags = arguments[2]
        # What Python itself keeps of modules it has compiled is not theirs.
        if not isinstance(flags, int) or not flags & _WRITING or ".pyc" in str(arguments[0]):
            return
        event = "writes a file"
    deeds.append(event)
