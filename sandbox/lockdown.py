"""What a process gives up before it runs somebody's code: each layer by itself, and none of them can be taken back.

Runs in the zygote and in its children, with nothing but the standard library. A layer that this machine does not have
raises `OSError`; `selftest` decides whether the rest is enough.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from typing import Final

from tidegate.sandbox.filter import assemble, assemble_watched, machine

LINUX: Final = sys.platform == "linux"

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_SECCOMP_MODE_FILTER: Final = 2
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_NEW_LISTENER: Final = 1 << 3

# The same on every processor.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_PATH_BENEATH: Final = 1
_EXECUTE_AND_READ: Final = 1 | 1 << 2

_NOBODY: Final = 65534

SOCKET: Final = 3
"""The one descriptor of a worker besides 0, 1 and 2, which lead nowhere."""

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, *arguments: int) -> None:
    if not LINUX:
        raise OSError("prctl: not on this system")
    rest = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *rest), "prctl")


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when the thread that made it is gone. Forgotten when the user changes."""
    if LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def go_first() -> None:
    """When the machine has no memory left, it is programs that the kernel ends, and not the gateway."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb") as file:  # noqa: PTH123 - as in `address_space`
        file.write(b"800")


def drop_user() -> None:
    """To a user that owns nothing, if this process may; and no capabilities in any case."""
    if os.geteuid() == 0:
        os.setgroups([])
        _become_nobody()
    if LINUX:
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
        header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
        _checked(_libc.capset(header, nothing), "capset")
        # What it holds is nobody else's to look at, of the same user either.
        _prctl(_PR_SET_DUMPABLE, 0)


def _become_nobody() -> None:
    """A user of its own where there are so many; in a container that maps only 65536, one that services get on
    demand; or else `nobody`."""
    number = os.getpid()
    for user in (0x70000000 + number, 61184 + number % 4096, _NOBODY):
        try:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        except OSError:
            continue
        return
    raise OSError("setresuid: no user to become")


def forbid_new_privileges() -> None:
    """No program started from here on, set-user-id or not, gets more rights than this process has."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """`memory`: bytes of address space on top of what the process has when it begins. `cpu`: seconds of the process's
    whole life."""

    memory: int
    cpu: int


def set_resources(allowance: Allowance, begun: int) -> None:
    """`begun`: bytes of address space that the process has."""
    most = begun + allowance.memory
    limits = {
        "RLIMIT_AS": most,
        "RLIMIT_CPU": allowance.cpu,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": SOCKET + 1,
        "RLIMIT_NPROC": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    put_limits(limits)


def put_limits(limits: Mapping[str, int]) -> None:
    """By the names of `resource`; those that this system does not know are left out."""
    for name, value in limits.items():
        number = getattr(resource, name, None)
        if number is not None:
            resource.setrlimit(number, (value, value))


def address_space() -> int:
    """Bytes that this process has mapped. 64 MiB where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib is slow to import
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 64 * 1024 * 1024


def landlock_version() -> int:
    """0 for none."""
    if not LINUX:
        return 0
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def forbid_files(but: Sequence[int] = (), *, signals: bool = True) -> None:
    """Landlock: no file, no TCP port, no abstract socket, no signal to anybody outside; as far as this kernel knows
    of each. What `but` describes, files and folders, can be read and run. Without `signals`, these are left as they
    are: a process that may not signal another is not even the death of it."""
    version = landlock_version()
    if version == 0:
        raise OSError("landlock: not in this kernel")
    files = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        if version >= since:
            files |= 1 << bit
    rules = struct.pack("=QQQ", files, 3 if version >= 4 else 0, (3 if signals else 1) if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(_libc.syscall(_LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(size), 0), "landlock")
    try:
        for descriptor in but:
            rule = struct.pack("=Qi", _EXECUTE_AND_READ, descriptor)
            added = _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_PATH_BENEATH, rule, 0)
            _checked(added, "landlock")
        _checked(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)


def prepare_filter(further: Sequence[str] = ()) -> None:
    """Before children are forked: `forbid_calls` and `watch_calls` have theirs ready. `further` as in
    `filter.assemble`."""
    here = machine()
    if here is not None:
        for name, code in (("worker", assemble(here, further)), ("companion", assemble_watched(here))):
            text = ctypes.create_string_buffer(code)
            program = struct.pack("@HP", len(code) // 8, ctypes.addressof(text))
            _filters[name] = text, ctypes.create_string_buffer(program)


_filters: Final[dict[str, tuple[ctypes.Array[ctypes.c_char], ctypes.Array[ctypes.c_char]]]] = {}


def forbid_calls() -> None:
    """Seccomp, last of all: only the system calls of `filter` are left."""
    if not _filters or not LINUX:
        raise OSError("seccomp: no table for this machine")
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(_filters["worker"][1]))


def watch_calls() -> int:
    """Seccomp of a companion: gives the descriptor by which it is watched while it begins."""
    here = machine()
    if here is None or not _filters or not LINUX:
        raise OSError("seccomp: no table for this machine")
    code = _filters["companion"][1]
    flags = _SECCOMP_FILTER_FLAG_NEW_LISTENER
    return _checked(int(_libc.syscall(here.seccomp, _SECCOMP_SET_MODE_FILTER, flags, code)), "seccomp")


def open_above(path: str) -> int:
    """A descriptor that is in nobody's way in a worker."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return fcntl(descriptor, F_DUPFD_CLOEXEC, SOCKET + 7)
    finally:
        os.close(descriptor)


def close_descriptors(socket: int, nowhere: int, kept: Sequence[int] = ()) -> None:
    """Leaves `socket`, as `SOCKET`, and nothing else but `kept` and three that lead to `nowhere`, which is
    /dev/null. None of `kept` is `SOCKET`."""
    if nowhere == SOCKET:
        nowhere = os.dup(nowhere)
    if socket != SOCKET:
        os.dup2(socket, SOCKET)
    for number in range(SOCKET):
        os.dup2(nowhere, number)
    first = SOCKET + 1
    for number in sorted(kept):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
