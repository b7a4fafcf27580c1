"""The gateway's end of a zygote: starts it, has it fork, hears of births and deaths."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from logging import getLogger
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import tidegate
import tidegate.core
import tidegate.sandbox
from tidegate.core.limits import Limits
from tidegate.core.program import SandboxUnavailable
from tidegate.sandbox.link import Child, Link

log = getLogger(__name__)

START: Final = 30.0
"""Seconds that a zygote may take to load its engine. It takes a tenth of one; this is for a machine in distress."""


_CLOSED_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


@dataclass(frozen=True, slots=True, eq=False)
class EngineSource:
    """Which engine a zygote loads. `engine`: `module:name`, called with `arguments` (JSON). `packages`: folders of
    packages that are not ours, by name. `single`: a process does one run, whatever is configured."""

    engine: str
    arguments: Sequence[object] = ()
    packages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    single: bool = False


@dataclass(frozen=True, slots=True)
class Breed:
    """What workers of one zygote are: their engine, whether its libraries are loaded, and how many jobs each does."""

    source: EngineSource
    libraries: bool
    runs: int


class Nursery:
    """One zygote. Everything is called from the event loop."""

    def __init__(self, breed: Breed, limits: Limits) -> None:
        self.breed = breed
        self.limits = limits
        self.held: frozenset[str] = frozenset()
        """The layers that the zygote has put on itself."""
        self.accompanied = False
        """Programs run in processes beside its workers."""
        self.layers: tuple[str, ...] = ()
        """Those that workers put on. Set by whoever has found out which hold."""
        self.closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[list[str]] | None = None
        self._heard = b""
        self._descriptors: deque[int] = deque()
        self._births: dict[int, asyncio.Future[Child]] = {}
        self._deaths: dict[int, asyncio.Future[int]] = {}
        self._links: WeakSet[Link] = WeakSet()
        self._number = 0

    async def start(self) -> None:
        """Raises `SandboxUnavailable`."""
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        try:
            self._process = self._spawn()
        except OSError as error:
            raise SandboxUnavailable(f"Programs cannot be run: no process could be started ({error}).") from error
        assert self._control is not None
        loop.add_reader(self._control.fileno(), self._hear)
        try:
            async with asyncio.timeout(START):
                self.held = frozenset(await self._ready)
        except (TimeoutError, ConnectionError) as error:
            await self.close()
            raise SandboxUnavailable(
                "Programs cannot be run: the process that would run them did not start. What it said is in the log."
            ) from error

    async def fork(self, layers: Sequence[str], probe: str = "", accompanied: bool = False) -> Child:
        """Its descriptors are the caller's to close. `accompanied`: the probe is made in a process beside it. Raises
        `ConnectionError` when there can be none."""
        if self._control is None or self.closed:
            raise ConnectionError("the zygote is gone")
        self._number += 1
        number = self._number
        birth = self._births[number] = asyncio.get_running_loop().create_future()
        try:
            self._order({"fork": number, "layers": list(layers), "probe": probe, "accompanied": accompanied})
            return await asyncio.shield(birth)
        except asyncio.CancelledError:
            birth.add_done_callback(_abandon)
            raise
        except OSError as error:
            raise ConnectionError(str(error)) from error

    async def connect(self, largest: int) -> Link:
        """A worker that makes its context ready. Raises `ConnectionError`."""
        child = await self.fork(self.layers)
        link = Link(child, largest, self._signal)
        self._links.add(link)
        return link

    async def close(self) -> None:
        """The zygote ends, and with it all its children."""
        for link in self._links:
            link.kill()
        self._lose()
        process, self._process = self._process, None
        if process is not None:
            # Where it may not be killed, it ends because its socket is closed.
            with suppress(PermissionError):
                process.kill()
            process.wait()

    def _order(self, order: Mapping[str, object]) -> None:
        if self._control is not None:
            self._control.send(json.dumps(order).encode() + b"\n")

    def _signal(self, pid: int, number: int) -> None:
        with suppress(OSError):
            self._order({"signal": number, "pid": pid})

    def _spawn(self) -> subprocess.Popen[bytes]:
        ours, theirs = socket.socketpair()
        settings = {
            "control": theirs.fileno(),
            "parent": os.getpid(),
            "packages": {
                "tidegate": list(tidegate.__path__),
                "tidegate.core": list(tidegate.core.__path__),
                "tidegate.sandbox": list(tidegate.sandbox.__path__),
                **self.breed.source.packages,
            },
            "engine": self.breed.source.engine,
            "arguments": self.breed.source.arguments,
            "libraries": self.breed.libraries,
            "runs": self.breed.runs,
            "limits": asdict(self.limits),
            "memory": self.limits.scriptMemory,
            "cpu": max(30.0, 10 * self.limits.scriptCpu),
        }
        command = [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("boot.py")), json.dumps(settings)]
        try:
            # No environment, no descriptor but one, no terminal whose signals would reach it. What it says when it
            # cannot start goes where our own messages go.
            process = subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._control = ours
        return process

    def _hear(self) -> None:
        assert self._control is not None
        try:
            heard, descriptors, flags, _ = socket.recv_fds(self._control, 65536, 16, _CLOSED_ON_EXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            heard, descriptors, flags = b"", [], 0
        self._descriptors.extend(descriptors)
        if not heard or flags & socket.MSG_CTRUNC:
            log.error(
                "Programs: %s.", "no descriptors are left" if heard else "the process they are forked from has ended"
            )
            self._lose()
            return
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    # Any: JSON, from our own process, which runs nobody's code.
    def _take(self, news: Mapping[str, Any]) -> None:
        match news:
            case {"ready": held, "accompanied": accompanied} if self._ready is not None and not self._ready.done():
                self.accompanied = accompanied
                self._ready.set_result(held)
            case {"born": number, "pid": pid}:
                descriptor = self._descriptors.popleft()
                handle = self._descriptors.popleft() if hasattr(os, "pidfd_open") else None
                death = self._deaths[pid] = asyncio.get_running_loop().create_future()
                self._births.pop(number).set_result(Child(pid, descriptor, handle, death))
            case {"unborn": number, "because": because}:
                self._births.pop(number).set_exception(ConnectionError(because))
            case {"died": pid, "code": code}:
                death = self._deaths.pop(pid)
                if not death.done():
                    death.set_result(code)

    def _lose(self) -> None:
        self.closed = True
        control, self._control = self._control, None
        if control is None:
            return
        asyncio.get_running_loop().remove_reader(control.fileno())
        control.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())
        lost = ConnectionError("the zygote is gone")
        for birth in self._births.values():
            birth.set_exception(lost)
            # Whoever waited has it; nobody has to.
            birth.exception()
        self._births.clear()
        for death in self._deaths.values():
            death.cancel()
        self._deaths.clear()
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(lost)


def _abandon(birth: asyncio.Future[Child]) -> None:
    """Nobody waits for it any more. Its socket closed, the child ends."""
    if not birth.cancelled() and birth.exception() is None:
        birth.result().close()
