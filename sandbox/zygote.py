"""The process that workers are forked from: it has loaded what they need and runs nobody's code.

It does what the gateway says on its one socket, a JSON object a line, and tells of every child's birth and death. A
child gets a socket of its own, whose other end goes to the gateway together with a descriptor of the process itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from select import select
from typing import TYPE_CHECKING, Any, Final

from tidegate.sandbox import lockdown
from tidegate.sandbox.companion import FAILED
from tidegate.sandbox.frames import Kind, write_frame
from tidegate.sandbox.probes import PROBES, probe_companion
from tidegate.sandbox.worker import Worker, rehearse

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Engine

LAYERS: Final = ("user", "privileges", "files", "resources", "calls")
"""In the order in which they are put on: Landlock needs a descriptor, and seccomp would forbid all the others. The
first three the zygote has itself, so that its children need not each pay for them."""

OVERHEAD: Final = 64 * 1024 * 1024
"""Bytes of address space beside what a program may have: Python's own work on what passes, twice a megabyte or so, and
what the allocators keep."""


class Zygote:
    """`settings`: those that `nursery.py` writes. Any: JSON, from the gateway."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._control = socket.socket(fileno=settings["control"])
        lockdown.die_with_parent(settings["parent"])
        lockdown.go_first()
        self._begun = 0
        self._nowhere = -1
        self._opened: list[int] = []
        self._children: set[int] = set()
        self._settings = settings
        self._allowance = lockdown.Allowance(settings["memory"] + OVERHEAD, int(settings["cpu"]) * 2)
        self._engine = self._prepare()

    def serve(self) -> None:
        """Until the gateway closes its end. Its children die with it."""
        held = [layer for layer, put_on in self._own_layers().items() if _tried(put_on)]
        self._tell({"ready": held, "accompanied": self._engine.accompanied})
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        waiting = b""
        while True:
            readable, _, _ = select([self._control.fileno(), reader], [], [])
            if reader in readable:
                os.read(reader, 4096)
                self._reap()
            if self._control.fileno() in readable:
                try:
                    heard = self._control.recv(65536)
                except ConnectionResetError:
                    # Closed before everything we said was read.
                    return
                if not heard:
                    return
                *lines, waiting = (waiting + heard).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _prepare(self) -> Engine:
        module, name = self._settings["engine"].split(":")
        engine: Engine = getattr(importlib.import_module(module), name)(*self._settings["arguments"])
        engine.prepare(self._settings["limits"])
        rehearse(engine, self._settings["libraries"])
        lockdown.prepare_filter(engine.calls)
        # What is here now stays, and counting its references should not copy its pages in each child.
        gc.collect()
        gc.freeze()
        self._begun = lockdown.address_space()
        self._nowhere = os.open(os.devnull, os.O_RDWR)
        # Opened while it still has the rights to find them.
        self._opened = [lockdown.open_above(path) for path in engine.files]
        return engine

    def _own_layers(self) -> Mapping[str, Callable[[], None]]:
        parent = os.getppid()

        def user() -> None:
            lockdown.drop_user()
            lockdown.die_with_parent(parent)

        return {"user": user, "privileges": lockdown.forbid_new_privileges, "files": self._forbid_files}

    def _forbid_files(self) -> None:
        lockdown.forbid_files(self._opened)

    def _tell(self, what: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        line = json.dumps(what).encode() + b"\n"
        if descriptors:
            socket.send_fds(self._control, [line], list(descriptors))
        else:
            self._control.sendall(line)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.discard(pid)
            self._tell({"died": pid, "code": os.waitstatus_to_exitcode(status)})

    # Any: JSON, from the gateway.
    def _obey(self, order: Mapping[str, Any]) -> None:
        if "fork" in order:
            self._fork(order)
        elif order["pid"] in self._children:
            # Not reaped yet: the number is still its own.
            os.kill(order["pid"], order["signal"])

    # Any: JSON, from the gateway.
    def _fork(self, order: Mapping[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"unborn": order["fork"], "because": str(error)})
            ours.close()
            theirs.close()
            return
        if pid == 0:
            try:
                self._live(theirs.detach(), zygote, order)
            finally:
                os._exit(FAILED)
        self._children.add(pid)
        theirs.close()
        descriptors = [ours.fileno()]
        if hasattr(os, "pidfd_open"):
            descriptors.append(os.pidfd_open(pid))
        self._tell({"born": order["fork"], "pid": pid}, descriptors)
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        ours.close()

    # Any: JSON, from the gateway.
    def _live(self, descriptor: int, zygote: int, order: Mapping[str, Any]) -> None:
        """The rest of a child's life."""
        lockdown.die_with_parent(zygote)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        layers, probe = order["layers"], order["probe"]
        lockdown.close_descriptors(descriptor, self._nowhere, self._opened)
        if order["accompanied"]:
            os._exit(probe_companion(probe, layers, self._allowance.memory))
        try:
            worker = self._lock_down(layers, alone=bool(probe))
        except Exception as error:  # noqa: BLE001 - nobody's code has run: the last thing said here is what it was
            write_frame(lockdown.SOCKET, Kind.CONFUSED, repr(error).encode("utf-8", "replace"))
            os._exit(FAILED)
        if probe:
            os._exit(PROBES[probe]())
        worker.serve()
        os._exit(0)

    def _lock_down(self, layers: Sequence[str], *, alone: bool) -> Worker:
        """This child as a worker, for whom nothing is left but its socket. A layer that fails here ends it: the gateway
        asks for those that hold. What can be done once for all children is done before: each page written to in here is
        copied for this one child. `alone`: no program will run in it."""
        engine, settings = self._engine, self._settings
        if not alone:
            engine.enter(layers, self._opened)
        for opened in self._opened:
            os.close(opened)
        if self._opened and "files" in layers:
            # Nothing of what the companion needed. Signals stay as they are since the zygote: it dies by one of ours.
            lockdown.forbid_files(signals=False)
        worker = Worker(engine, settings["libraries"], True, settings["runs"], settings["cpu"])
        worker.listen()
        if "resources" in layers:
            lockdown.set_resources(self._allowance, self._begun)
        if "calls" in layers:
            lockdown.forbid_calls()
        return worker


def _tried(put_on: Callable[[], None]) -> bool:
    try:
        put_on()
    except OSError:
        return False
    return True
