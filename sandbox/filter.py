"""The system calls a worker may make, as a program for the kernel: everything else ends the process.

Numbers are those of the kernel's `unistd` tables. Calls that only look at files are refused and not fatal, because
Python's own machinery tries them when it shows an error. Raw BPF, by ctypes: a library for it would be one more thing
to install and to trust in forty lines.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of processor. `guarded`: allowed unless they ask for memory that can be executed. `upper`: the first
    number that belongs to another table of calls, 0 for none."""

    arch: int
    allowed: Mapping[str, int]
    guarded: Mapping[str, int]
    refused: Mapping[str, int]
    upper: int = 0


# fmt: off
X86_64: Final = Machine(
    arch=0xC000003E,
    allowed={
        "read": 0, "write": 1, "munmap": 11, "brk": 12, "futex": 202, "mremap": 25, "madvise": 28, "setitimer": 38,
        "getrandom": 318, "clock_gettime": 228, "gettimeofday": 96, "rt_sigreturn": 15, "restart_syscall": 219,
        "getrusage": 98, "sched_yield": 24, "exit_group": 231, "exit": 60,
    },
    guarded={"mmap": 9, "mprotect": 10},
    refused={
        "open": 2, "stat": 4, "fstat": 5, "lstat": 6, "lseek": 8, "ioctl": 16, "access": 21, "getpid": 39,
        "getcwd": 79, "readlink": 89, "getdents64": 217, "openat": 257, "newfstatat": 262, "readlinkat": 267,
        "faccessat": 269, "statx": 332, "openat2": 437, "faccessat2": 439, "fcntl": 72, "close": 3,
    },
    # The x32 calls.
    upper=0x40000000,
)
AARCH64: Final = Machine(
    arch=0xC00000B7,
    allowed={
        "read": 63, "write": 64, "munmap": 215, "brk": 214, "futex": 98, "mremap": 216, "madvise": 233,
        "setitimer": 103, "getrandom": 278, "clock_gettime": 113, "gettimeofday": 169, "rt_sigreturn": 139,
        "restart_syscall": 128, "getrusage": 165, "sched_yield": 124, "exit_group": 94, "exit": 93,
    },
    guarded={"mmap": 222, "mprotect": 226},
    refused={
        "getcwd": 17, "fcntl": 25, "ioctl": 29, "faccessat": 48, "openat": 56, "close": 57, "getdents64": 61,
        "lseek": 62, "readlinkat": 78, "newfstatat": 79, "fstat": 80, "getpid": 172, "statx": 291, "openat2": 437,
        "faccessat2": 439,
    },
)
# fmt: on
MACHINES: Final[Mapping[str, Machine]] = {
    "x86_64": X86_64,
    "amd64": X86_64,
    "aarch64": AARCH64,
    "arm64": AARCH64,
}

_LOAD: Final = 0x20  # a word of `struct seccomp_data` at the offset k
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # EPERM
_KILL: Final = 0x80000000

_NUMBER: Final = 0
_ARCH: Final = 4
_THIRD_ARGUMENT: Final = 32  # its lower half: both processors are little-endian
_EXECUTABLE: Final = 4


def machine() -> Machine | None:
    """This processor, if it is one we know."""
    return MACHINES.get(platform.machine().lower())


def assemble(of: Machine) -> bytes:
    """The filter: `struct sock_filter`, one after the other. Jumps are counted from the next instruction, and short:
    each test has its own return."""
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, of.arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if of.upper:
        lines += [(_AT_LEAST, 0, 1, of.upper), (_RETURN, 0, 0, _KILL)]
    lines += _answers(tuple(of.allowed.values()), _ALLOW)
    for number in of.guarded.values():
        lines += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_ANY_BIT, 0, 1, _EXECUTABLE),
            (_RETURN, 0, 0, _KILL),
            (_RETURN, 0, 0, _ALLOW),
        ]
    lines += _answers(tuple(of.refused.values()), _REFUSE)
    lines.append((_RETURN, 0, 0, _KILL))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _answers(numbers: Sequence[int], answer: int) -> list[tuple[int, int, int, int]]:
    return [line for number in numbers for line in ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer))]
