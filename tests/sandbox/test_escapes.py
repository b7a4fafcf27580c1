"""The engine is owned: a program may run any code in the process. It reaches nothing.

Each attempt is native code in effect: Python with ctypes, in a worker. An attempt that works answers "escaped"; one
that is refused answers what the kernel said, and one that is ended by the kernel is an error of that run.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.processes import workers
from tests.sandbox.world import World
from tidegate.core.program import Fault, ProgramFailed
from tidegate.sandbox.zygote import LAYERS

FILES = {
    "open": "os.open('/etc/passwd', os.O_RDONLY)",
    "open by another call": "libc_call('open', b'/etc/passwd', 0)",
    "open2": "syscall(437, -100, b'/etc/passwd', bytes(24), 24)",
    "read with Python": "open('/etc/hostname').read()",
    "stat": "os.stat('/')",
    "exists": "assert os.path.exists('/etc/passwd')",
    "list": "os.listdir('/')",
    "list processes": "os.listdir('/proc')",
    "its own environment": "open('/proc/self/environ', 'rb').read()",
    "its own memory": "os.open('/proc/self/mem', os.O_RDWR)",
    "the environment of its parent": "open(f'/proc/{PARENT}/environ', 'rb').read()",
    "the memory of the gateway": "os.open(f'/proc/{GATEWAY}/mem', os.O_RDONLY)",
    "descriptors of the gateway": "os.listdir(f'/proc/{GATEWAY}/fd')",
    "write": "os.open('/tmp/tidegate-escaped', os.O_WRONLY | os.O_CREAT)",
    "remove": "os.unlink('/tmp/tidegate-there')",
    "make a folder": "os.mkdir('/tmp/tidegate-escaped')",
    "make a link": "os.symlink('/etc/passwd', '/tmp/tidegate-escaped')",
    "change the folder": "os.chdir('/')",
    "change the root": "os.chroot('/')",
    "read a link": "os.readlink('/proc/self/exe')",
    "import": "import sqlite3",
    "a file in memory": "os.memfd_create('x')",
    "inotify": "libc_call('inotify_init')",
    "mount": "libc_call('mount', b'none', b'/mnt', b'tmpfs', 0, None)",
}
NETWORK = {
    "a TCP socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(('127.0.0.1', PORT))",
    "a UDP socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "IPv6": "socket.socket(socket.AF_INET6)",
    "a raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "netlink": "socket.socket(16, socket.SOCK_RAW, 0)",
    "a lookup": "socket.getaddrinfo('localhost', PORT)",
    "send a descriptor": "socket.send_fds(socket.socket(fileno=SOCKET), [b'x'], [0])",
    "accept on its socket": "libc_call('listen', SOCKET, 1)",
}
PROCESSES = {
    "fork": "os.fork() or os._exit(0)",
    "vfork": "libc_call('vfork')",
    "clone": "syscall(56 if X86 else 220, 0x11, 0, 0, 0, 0)",
    "clone3": "syscall(435, bytes(64), 64)",
    "a thread": "threading.Thread(target=int).start()",
    "exec": "os.execv('/bin/sh', ['sh', '-c', 'exit 10'])",
    "execveat": "syscall(322 if X86 else 281, -100, b'/bin/sh', None, None, 0)",
    "system": "assert libc.system(b'true') == 0",
    "a terminal": "os.openpty()",
}
SIGNALS = {
    "kill the gateway": "os.kill(GATEWAY, 0)",
    "kill its parent": "os.kill(PARENT, signal.SIGKILL)",
    "kill everything": "os.kill(-1, signal.SIGKILL)",
    "kill its group": "os.killpg(0, signal.SIGKILL)",
    "tgkill": "syscall(234 if X86 else 131, PARENT, PARENT, 9)",
    "a handle of the gateway": "os.pidfd_open(GATEWAY)",
    "trace its parent": "libc_call('ptrace', 16, PARENT, None, None)",
    "read its parent's memory": "libc_call('process_vm_readv', PARENT, bytes(16), 1, bytes(16), 1, 0)",
    "its parent's descriptors": "syscall(438, 0, 0, 0)",
    "its parent's priority": "os.setpriority(os.PRIO_PROCESS, PARENT, 5)",
    "ignore the end of its time": "signal.signal(signal.SIGPROF, signal.SIG_IGN)",
    "block the end of its time": "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "its parent's limits": "resource.prlimit(PARENT, resource.RLIMIT_CPU, (1, 1))",
}
KERNEL = {
    "become root": "os.setuid(0)",
    "become somebody else": "os.setresuid(1, 1, 1)",
    "take rights": "libc_call('capset', bytes(12), bytes(24))",
    "change the filter": "syscall(317 if X86 else 277, 1, 0, None)",
    "prctl": "libc_call('prctl', 4, 1, 0, 0, 0)",
    "new namespaces": "libc_call('unshare', 0x10000000)",
    "enter a namespace": "libc_call('setns', SOCKET, 0)",
    "bpf": "syscall(321 if X86 else 280, 0, bytes(64), 64)",
    "io_uring": "syscall(425, 8, bytes(128))",
    "userfaultfd": "syscall(323 if X86 else 282, 0)",
    "perf": "syscall(298 if X86 else 241, bytes(128), 0, -1, -1, 0)",
    "keys": "syscall(250 if X86 else 219, 0, -3, 0, 0, 0)",
    "a module": "syscall(175 if X86 else 105, None, 0, b'')",
    "reboot": "syscall(169 if X86 else 142, 0, 0, 0, None)",
    "shared memory": "libc_call('shmget', 0, 4096, 0o1777)",
    "a message queue": "libc_call('msgget', 0, 0o1777)",
    "executable memory": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "memory made executable": (
        "page = mmap.mmap(-1, 4096)\n"
        "start = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "libc_call('mprotect', ctypes.c_void_p(start), 4096, 7)"
    ),
    "a protected page made executable": "syscall(329 if X86 else 288, 0, 4096, 7, 0)",
    "the personality": "libc_call('personality', 0x0400000)",
    "another table of calls": "syscall(0x40000000 + 39) if X86 else syscall(9999)",
    "a call of the future": "syscall(600)",
    "the clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "the name of the machine": "socket.sethostname('escaped')",
    "its processor": "os.sched_setaffinity(0, [0])",
    "a device": "libc_call('ioctl', SOCKET, 0x5401, bytes(64))",
    "another descriptor": "os.dup2(SOCKET, 9)",
    "a pipe": "os.pipe()",
    "an event": "os.eventfd(0)",
    "a timer": "libc_call('timerfd_create', 1, 0)",
    "sleep": "time.sleep(0.001)",
}
ATTEMPTS = {**FILES, **NETWORK, **PROCESSES, **SIGNALS, **KERNEL}

PREPARED = """
GATEWAY, PARENT, PORT, X86 = {gateway}, {parent}, {port}, {x86}
def checked(result):
    if result in (-1, 0xffffffffffffffff):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def syscall(*arguments):
    return checked(libc.syscall(*arguments))
def libc_call(name, *arguments):
    return checked(getattr(libc, name)(*arguments))
try:
{attempt}
    result = 'escaped'
except (OSError, ImportError, MemoryError, AssertionError, RuntimeError) as error:
    result = repr(error)
"""


async def attempt(world: World, text: str, port: int = 0) -> object:
    """What became of it: an answer, or the fault."""
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    prepared = PREPARED.format(
        gateway=os.getpid(), parent=os.getppid(), port=port, x86=platform.machine() == "x86_64", attempt=lines
    )
    try:
        return (await world.run(prepared)).value
    except ProgramFailed as failed:
        return failed.fault


async def test_nothing_that_an_owned_engine_tries_works(world: World, tmp_path: Path) -> None:
    reached = tmp_path / "there"
    reached.write_text("x")
    works = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for name, text in ATTEMPTS.items():
            became = await attempt(world, text, port)
            if became == "escaped" or (isinstance(became, Fault) and became is not Fault.BROKEN):
                works.append((name, became))
    assert works == []
    assert len(ATTEMPTS) >= 80
    assert (await world.run("result = 1")).value == 1


def test_the_attempts_work_where_nothing_holds_them() -> None:
    """Otherwise they would prove nothing: the same texts, in a process that is not locked down."""
    code = PREPARED.format(gateway=os.getpid(), parent=os.getpid(), port=0, x86=True, attempt="    {}")
    harmless = [
        *(FILES[name] for name in ("open", "stat", "list", "its own environment", "a file in memory", "inotify")),
        *(NETWORK[name] for name in ("a UDP socket", "a local socket", "a pair of sockets", "send a descriptor")),
        *(PROCESSES[name] for name in ("fork", "a thread", "system")),
        *(SIGNALS[name] for name in ("kill the gateway", "a handle of the gateway", "ignore the end of its time")),
        *(
            KERNEL[name]
            for name in ("prctl", "executable memory", "memory made executable", "another descriptor", "sleep")
        ),
    ]
    scope = "import ctypes, mmap, os, signal, socket, threading, time, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    scope += "pair = socket.socketpair()\nSOCKET = pair[0].detach()\n"
    for text in harmless:
        lines = text.replace("\n", "\n    ")
        whole = scope + code.replace("{}", lines) + "\nos._exit(0 if result == 'escaped' else 1)"
        assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", whole]) == 0, text


async def test_what_a_process_has(world: World) -> None:
    text = (
        "def opened(number):\n"
        "    try: return os.read(number, 0) == b''\n"
        "    except OSError: return False\n"
        "result = [[n for n in range(100) if opened(n)], dict(os.environ), sorted(sys.modules)]"
    )
    # Any: what the program above answers.
    value: Any = (await world.run(text)).value
    descriptors, environment, modules = value
    assert descriptors == [0, 1, 2, 3]
    # What C's own library adds where there is no language.
    assert set(environment) <= {"LC_CTYPE"}
    assert not {"site", "dukpy", "asyncio", "ssl", "sqlite3", "subprocess"} & set(modules)


async def test_its_first_descriptors_lead_nowhere(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    text = "for n in (0, 1, 2): os.write(n, b'escaped')\nresult = [os.read(n, 10).decode() for n in (0, 1, 2)]"
    assert (await world.run(text)).value == ["", "", ""]
    assert "escaped" not in "".join(capfd.readouterr())


def read_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {name: value for name, _, value in (line.partition(":\t") for line in lines)}


async def test_what_the_kernel_says_of_it(world: World) -> None:
    findings = world.sandbox.findings
    assert findings is not None
    assert (findings.enough, findings.escapes) == (True, ())
    assert findings.layers == tuple(layer for layer in LAYERS if layer != "user" or os.geteuid() == 0)
    for worker in workers():
        status = read_status(worker.pid)
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
        assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}
        if "user" in findings.layers:
            assert not {"0", str(os.getuid())} & {*status["Uid"].split(), *status["Gid"].split()}
            assert status["Groups"].split() == []
