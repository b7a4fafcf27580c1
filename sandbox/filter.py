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
    """A kind of processor. `guarded`: allowed unless they ask for memory that can be executed. `beginning`: what a
    companion needs before it runs anything, `companion` what it needs beside `allowed` to go on. `further`: what an
    engine's workers may ask for. `upper`: the first number that belongs to another table of calls, 0 for none."""

    arch: int
    seccomp: int
    allowed: Mapping[str, int]
    guarded: Mapping[str, int]
    refused: Mapping[str, int]
    beginning: Mapping[str, int]
    companion: Mapping[str, int]
    further: Mapping[str, int]
    upper: int = 0


# fmt: off
X86_64: Final = Machine(
    arch=0xC000003E,
    seccomp=317,
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
    beginning={
        "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "rt_sigaction": 13, "rt_sigprocmask": 14,
        "ioctl": 16, "pread64": 17, "access": 21, "dup": 32, "getpid": 39, "clone": 56, "execve": 59, "uname": 63,
        "fcntl": 72, "getcwd": 79, "readlink": 89, "getrlimit": 97, "sysinfo": 99, "sigaltstack": 131, "prctl": 157,
        "arch_prctl": 158, "gettid": 186, "set_tid_address": 218, "tgkill": 234, "openat": 257, "newfstatat": 262,
        "readlinkat": 267, "set_robust_list": 273, "prlimit64": 302, "execveat": 322, "statx": 332, "rseq": 334,
        "clone3": 435,
    },
    companion={"sendmsg": 46, "sched_getaffinity": 204},
    further={"poll": 7},
    # The x32 calls.
    upper=0x40000000,
)
AARCH64: Final = Machine(
    arch=0xC00000B7,
    seccomp=277,
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
    beginning={
        "getcwd": 17, "dup": 23, "fcntl": 25, "ioctl": 29, "faccessat": 48, "openat": 56, "close": 57, "lseek": 62,
        "pread64": 67, "ppoll": 73, "readlinkat": 78, "newfstatat": 79, "fstat": 80, "set_tid_address": 96,
        "set_robust_list": 99, "tgkill": 131, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
        "uname": 160, "prctl": 167, "getpid": 172, "gettid": 178, "sysinfo": 179, "clone": 220, "execve": 221,
        "prlimit64": 261, "execveat": 281, "statx": 291, "rseq": 293, "clone3": 435,
    },
    companion={"sendmsg": 211, "sched_getaffinity": 123},
    further={"poll": 73},
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
_WATCH: Final = 0x7FC00000  # asks whoever watches; fails when nobody does
_KILL: Final = 0x80000000

_NUMBER: Final = 0
_ARCH: Final = 4
_THIRD_ARGUMENT: Final = 32  # its lower half: both processors are little-endian
_EXECUTABLE: Final = 4


def machine() -> Machine | None:
    """This processor, if it is one we know."""
    return MACHINES.get(platform.machine().lower())


def assemble(of: Machine, further: Sequence[str] = ()) -> bytes:
    """The filter: `struct sock_filter`, one after the other. Jumps are counted from the next instruction, and short:
    each test has its own return. `further`: names of `Machine.further`."""
    more = [of.further[name] for name in further]
    lines = [*_answers([*of.allowed.values(), *more], _ALLOW), *_guards(of, _KILL)]
    return _whole(of, lines + _answers([*of.refused.values()], _REFUSE))


def assemble_watched(of: Machine) -> bytes:
    """The same for a companion, which is watched while it begins."""
    lines = [*_answers([*of.allowed.values(), *of.companion.values()], _ALLOW), *_guards(of, _WATCH)]
    return _whole(of, lines + _answers([*of.beginning.values()], _WATCH))


def _whole(of: Machine, answers: Sequence[tuple[int, int, int, int]]) -> bytes:
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, of.arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if of.upper:
        lines += [(_AT_LEAST, 0, 1, of.upper), (_RETURN, 0, 0, _KILL)]
    lines += [*answers, (_RETURN, 0, 0, _KILL)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _guards(of: Machine, answer: int) -> list[tuple[int, int, int, int]]:
    return [
        line
        for number in of.guarded.values()
        for line in (
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_ANY_BIT, 0, 1, _EXECUTABLE),
            (_RETURN, 0, 0, answer),
            (_RETURN, 0, 0, _ALLOW),
        )
    ]


def _answers(numbers: Sequence[int], answer: int) -> list[tuple[int, int, int, int]]:
    return [line for number in numbers for line in ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer))]
