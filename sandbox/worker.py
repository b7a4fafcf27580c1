"""A worker's life: a context ahead, a job, its answer, and again. Runs locked down, where nothing can be opened."""

from __future__ import annotations

import os
import signal
from time import process_time
from typing import TYPE_CHECKING, Final, NoReturn

from tidegate.sandbox.engine import Stopped
from tidegate.sandbox.frames import CPU_EXIT, MEMORY_EXIT, Kind, pack_job, read_frame, unpack_job, write_frame
from tidegate.sandbox.lockdown import SOCKET

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Engine

GRACE: Final = 1.5
"""Seconds after which the kernel ends a run that the gateway should have ended."""
CONTEXT_CPU: Final = 2.0
"""Seconds that a context may take to be made, and the one before to be forgotten."""

_OUTPUT: Final = 4096


class Worker:
    """`runs`: how many jobs this process does at most. `cpu`: seconds of computing after which it does no other.
    `made`: its first context was made before it was forked. `libraries`: whether contexts have them loaded."""

    def __init__(self, engine: Engine, libraries: bool, made: bool, runs: int, cpu: float) -> None:
        self._engine = engine
        self._libraries = libraries
        self._made = made
        self._runs = runs
        self._cpu = cpu
        self._writing = False

    def listen(self) -> None:
        """Before the lockdown, since handlers cannot be changed after it. SIGPROF, SIGALRM and SIGXCPU stay as they
        are: the kernel's own way to end a loop in native code, where no handler of Python's gets its turn."""
        signal.signal(signal.SIGVTALRM, self._stop)
        signal.signal(signal.SIGUSR1, self._stop)

    def serve(self) -> None:
        try:
            self._serve()
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except Stopped as stopped:
            self._tell_stopped(stopped.word, stopped.place)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            # The gateway is gone.
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - the last thing said here is what it was
            self._write(Kind.CONFUSED, repr(error).encode("utf-8", "replace")[:_OUTPUT])
            os._exit(1)

    def _serve(self) -> None:
        for _ in range(self._runs):
            if not self._made:
                self._allow(CONTEXT_CPU, 10 * CONTEXT_CPU)
                self._engine.fresh(self._libraries)
            self._made = False
            self._allow(0, 0)
            self._write(Kind.READY)
            kind, payload = read_frame(SOCKET)
            file, code, invocation, cpu, time = unpack_job(payload)
            self._allow(cpu, time)
            if kind == Kind.RUN:
                answer = self._engine.run(code, file, invocation, self._ask, self._log)
            else:
                answer = self._engine.load(code, file)
            self._write(Kind.DONE, answer)
            if process_time() > self._cpu:
                break

    def _allow(self, cpu: float, time: float) -> None:
        """Three timers: the first can tell the place. 0 stops them."""
        signal.setitimer(signal.ITIMER_VIRTUAL, cpu)
        signal.setitimer(signal.ITIMER_PROF, cpu and cpu * 1.1 + 0.1)
        signal.setitimer(signal.ITIMER_REAL, time and time + GRACE)

    def _ask(self, request: bytes) -> bytes:
        self._write(Kind.ASK, request)
        _, answer = read_frame(SOCKET)
        return answer

    def _log(self, level: str, text: str) -> None:
        self._write(Kind.LOG, f"{level}\0{text}".encode("utf-8", "replace"))

    def _write(self, kind: Kind, payload: bytes = b"") -> None:
        self._writing = True
        write_frame(SOCKET, kind, payload)
        self._writing = False

    def _stop(self, number: int, _frame: object) -> None:
        """Computed for too long (SIGVTALRM), or the gateway says that time is up (SIGUSR1)."""
        if self._writing:
            # In the middle of another frame.
            os._exit(CPU_EXIT)
        try:
            place = self._engine.place()
        except Exception:  # noqa: BLE001 - the place is not worth more than the limit
            place = ""
        self._tell_stopped("cpu" if number == signal.SIGVTALRM else "time", place)

    def _tell_stopped(self, word: str, place: str) -> NoReturn:
        write_frame(SOCKET, Kind.STOPPED, f"{word}\0{place}".encode("utf-8", "replace")[:_OUTPUT])
        os._exit(CPU_EXIT)


def rehearse(engine: Engine, libraries: bool) -> None:
    """In the zygote: does once what each worker will do, so that nothing is left to be imported or compiled in them,
    and leaves a context that they are forked with."""
    engine.fresh(libraries)
    unpack_job(pack_job("rehearsal", "", b"{}", 0, 0))
