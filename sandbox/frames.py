"""What the gateway and a worker say to each other: `length:u32 kind:u8 payload`, big-endian.

Shared by both sides, so nothing but the standard library. The worker reads and writes its one descriptor and trusts
what comes; the gateway trusts nothing (see `worker.py` and `conversation.py`).
"""

from __future__ import annotations

import os
import struct
from enum import IntEnum
from typing import Final

HEADER: Final = struct.Struct("!IB")

CPU_EXIT: Final = 81
MEMORY_EXIT: Final = 82
"""How a worker ends that notices a limit where it cannot say so any more."""


class Kind(IntEnum):
    """From the gateway: RUN, CHECK, ANSWER. From a worker: the others."""

    RUN = 1
    """`Job`: the program, and what it is called with."""
    CHECK = 2
    """`Job` without an invocation."""
    ANSWER = 3
    """To an ASK, JSON."""
    READY = 16
    """A context waits. The only frame of an idle worker, and only after it may it be given work again."""
    ASK = 17
    """JSON; the worker waits for its ANSWER."""
    LOG = 18
    """The level, a NUL and the text."""
    DONE = 19
    """JSON: what the engine's `run` or `load` gave."""
    STOPPED = 20
    """The worker ends itself because of computing time (`cpu`) or time (`time`): the word, a NUL and the place."""
    CONFUSED = 21
    """The engine raised what it should not: text for the server's log."""


_TIMES: Final = struct.Struct("!ddII")


def pack_job(file: str, code: str, invocation: bytes, cpu: float, time: float) -> bytes:
    """`cpu`, `time`: seconds that the engine may compute, and take with all its waiting."""
    name, text = file.encode(), code.encode()
    return _TIMES.pack(cpu, time, len(name), len(text)) + name + text + invocation


def unpack_job(payload: bytes) -> tuple[str, str, bytes, float, float]:
    cpu, time, name, text = _TIMES.unpack_from(payload)
    start = _TIMES.size
    middle = start + name
    end = middle + text
    return payload[start:middle].decode(), payload[middle:end].decode(), payload[end:], cpu, time


def write_frame(descriptor: int, kind: Kind, payload: bytes = b"") -> None:
    rest = memoryview(HEADER.pack(len(payload), kind) + payload)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_frame(descriptor: int) -> tuple[int, bytes]:
    """Raises `EOFError` when the other side is gone."""
    length, kind = HEADER.unpack(_read(descriptor, HEADER.size))
    return kind, _read(descriptor, length)


def _read(descriptor: int, size: int) -> bytes:
    first = os.read(descriptor, size)
    if len(first) == size:
        return first
    parts, missing = [first], size - len(first)
    while missing:
        if not parts[-1]:
            raise EOFError
        # Not `missing` at once: the kernel gives a pipe's worth, and Python would make room for all of it each time.
        parts.append(os.read(descriptor, min(missing, 262144)))
        missing -= len(parts[-1])
    return b"".join(parts)
