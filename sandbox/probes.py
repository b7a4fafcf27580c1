"""What a locked-down process must not be able to do, tried in one: each probe in a process of its own, since some end
it. `selftest.py` reads what became of them."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from tidegate.sandbox.companion import Companion

HELD: Final = 10
ESCAPED: Final = 11
"""Exit codes. A process that the filter killed was held as well."""

_libc = ctypes.CDLL(None, use_errno=True)


def _had_rights() -> bool:
    """Whether there is a way back to rights: root, or capabilities."""
    if 0 in (*os.getresuid(), *os.getresgid()) or set(os.getgroups()) & {0}:
        return True
    try:
        os.setuid(0)
    except OSError:
        return False
    return True


def _may_gain_rights() -> bool:
    return bool(_libc.prctl(39, 0, 0, 0, 0) != 1)


def _had_plenty() -> bool:
    """Whether there is memory for more than the worst program, or a descriptor left."""
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    try:
        mmap.mmap(-1, 1 << 36 if most == resource.RLIM_INFINITY else most)
    except (OSError, MemoryError, OverflowError):
        pass
    else:
        return True
    try:
        os.dup(0)
    except OSError:
        return False
    return True


def _listed_files() -> bool:
    os.listdir("/")  # noqa: PTH208 - pathlib is slow to import
    return True


def _asked_the_kernel() -> bool:
    os.getppid()
    return True


def _opened_file() -> bool:
    os.open(sys.executable, os.O_RDONLY)
    return True


def _made_socket(family: int) -> bool:
    socket.socket(family)
    return True


def _forked() -> bool:
    if os.fork() == 0:
        os._exit(ESCAPED)
    return True


def _executed() -> bool:
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606


def _signalled() -> bool:
    os.kill(os.getppid(), 0)
    return True


def _traced() -> bool:
    return bool(_libc.ptrace(0, 0, None, None) == 0)


def _mapped_code() -> bool:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    return True


def _caught_the_end() -> bool:
    """Whether the signals that end it after its time can be caught."""
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    return True


_TRIED: Final[Mapping[str, Callable[[], bool]]] = {
    "user": _had_rights,
    "privileges": _may_gain_rights,
    "resources": _had_plenty,
    "files": _listed_files,
    "calls": _asked_the_kernel,
    "open a file": _opened_file,
    "make a network socket": partial(_made_socket, socket.AF_INET),
    "make a local socket": partial(_made_socket, socket.AF_UNIX),
    "start a process": _forked,
    "run a program": _executed,
    "signal another process": _signalled,
    "trace a process": _traced,
    "make memory executable": _mapped_code,
    "outlive its time": _caught_the_end,
}


def _probe(tried: Callable[[], bool]) -> int:
    try:
        return ESCAPED if tried() else HELD
    except (OSError, MemoryError):
        return HELD


PROBES: Final[Mapping[str, Callable[[], int]]] = {name: partial(_probe, tried) for name, tried in _TRIED.items()}
"""Those of the layers bear their names; the others want all layers at once."""


def probe_companion(name: str, layers: Sequence[str], memory: int) -> int:
    """The same in a process beside this one, locked as such are, and after its beginning."""

    def begin() -> None:
        os.write(1, bytes(4))
        os.read(0, 4)
        os._exit(PROBES[name]())

    companion = Companion(begin, layers, memory, 60, 1)
    companion.receive(60.0)
    companion.settle()
    companion.send(b"")
    code = os.waitstatus_to_exitcode(os.waitpid(companion.pid, 0)[1])
    return HELD if code == -signal.SIGSYS else code
