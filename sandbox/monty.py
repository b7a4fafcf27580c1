"""Python, the small and quick one: implements `Engine` over monty, an interpreter of its own make in a process of its
own (`companion`). This side speaks its protocol (`wire`) and is trusted; that side runs the program and is not.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tidegate.sandbox import wire
from tidegate.sandbox.companion import Companion, Ended, TooLong
from tidegate.sandbox.engine import Stopped
from tidegate.sandbox.python import MOST_FRAMES, MOST_TEXT, Mistake, examine, failure, problem, read_kernel
from tidegate.sandbox.run import Run, refusal, shown_size

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Ask, Log

_REFUSAL: Final = """
_Refusal = Refused = RuntimeError
def _make_refusal(message, told):
    return RuntimeError(message)
def _special(value):
    raise TypeError("a value of the type " + type(value).__name__)
"""
_END: Final = "\n\n# The program ends here.\n"
"""What follows it is ours."""
_BEGIN: Final = "_given, Config, CONSTS = _begin(_given)"

_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
"""Where its own process finds what it is linked to."""

_DEPTH: Final = 400
"""Calls within calls."""
_CHECK_CPU: Final = 5.0
_CONTEXT_CPU: Final = 1.0
_FOR_EVER: Final = 24 * 3600.0
"""Its own clock is that on the wall. `Companion` looks at what it has computed."""
_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a message, at least."""
_PROGRAM: Final = 2
"""Which text of a session a program is: the kernel and what it is called with go before."""
_MEMORY: Final = "memory limit exceeded"

_SLEPT: Final = "There are no pauses in a program: it is over when its function has answered."
_ABSENT: Final = "A program sees nothing of the machine it runs on."


# fmt: off
MODULES: Final = frozenset((
    "__future__", "asyncio", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime",
    "decimal", "functools", "hashlib", "itertools", "json", "math", "os", "pathlib", "posixpath", "random", "re", "sys",
    "time", "tomllib", "typing", "unicodedata",
))
# fmt: on
"""What it can import, all of it only in parts."""


class _Exceeded(Exception):
    """It has written or asked more than it may, and goes on."""


class Monty:
    """`path`: monty's program, as `locate` found it."""

    calls = ("poll",)
    accompanied = True

    def __init__(self, path: str) -> None:
        self.files = (path, *filter(os.path.isdir, _LIBRARIES))
        self._limits: Mapping[str, Any] = {}
        self._kernel = ""
        self._began: Companion | None = None
        self._session = False
        self._run: Run | None = None
        self._instead: dict[str, str] = {}
        self._unfinished = {1: "", 2: ""}

    def prepare(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._kernel = _REFUSAL + read_kernel()
        # Python's own parser, warm.
        examine("def run(input, context):\n    return input\n", MODULES)

    def enter(self, layers: Sequence[str], files: Sequence[int]) -> None:
        memory, cpu = self._limits["scriptMemory"], max(30, int(10 * self._limits["scriptCpu"]))
        begin = partial(os.execve, files[0], ["monty", "subprocess"], {})
        # An answer has the value and the input, and of each letter six.
        largest = max(_LARGEST, 16 * self._limits["scriptData"])
        self._began = Companion(begin, layers, memory, 2 * cpu, largest)
        # Once with everything there is, so that nothing is left which it would have to ask the kernel for.
        self._open()
        self._feed("import asyncio, datetime, json, math, random, re\nrandom.random(); datetime.datetime.now()\n", {})
        self._began.settle()
        self.fresh()

    def fresh(self, libraries: bool = False) -> None:  # noqa: ARG002 - it has none
        if self._began is None:
            # In the zygote: there is nothing yet to make it in.
            return
        self._run = None
        self._open()

    def load(self, code: str, file: str) -> bytes:  # noqa: ARG002 - one language
        try:
            self._check(code)
            shape = examine(code, MODULES)
        except Mistake as mistake:
            return problem(mistake)
        return _encoded({"code": f"{code}{_END}_answer(_given, {shape.call})", "libraries": False})

    def run(self, code: str, file: str, invocation: bytes, ask: Ask, log: Log) -> bytes:
        if self._run is not None:
            raise RuntimeError("each run needs a context of its own")
        run = self._run = Run(self._limits, "", file, ask, log)
        self._instead = {}
        self._unfinished = {1: "", 2: ""}
        until = self._companion.computed() + self._limits["scriptCpu"]
        try:
            event = self._feed(_BEGIN, {"_given": invocation.decode()}, until)
            if isinstance(event, wire.Completed):
                event = self._feed(code, {}, until)
        except TooLong:
            return failure("limit", "LimitExceeded", "It wrote or answered far more at once than it may.", file)
        except _Exceeded:
            # In the middle of its run: the process has to go.
            return failure("limit", "LimitExceeded", run.exceeded, file)
        if run.raised is not None:
            raise run.raised
        if isinstance(event, wire.Failed):
            return self._failed(event, code, file)
        if run.exceeded:
            return failure("limit", "LimitExceeded", run.exceeded, file)
        if not isinstance(event, wire.Completed) or event.text is None:
            return failure("broken", "TypeError", "The program left nothing that could be an answer.", file)
        answer = event.text.encode()
        if len(answer) > 2 * self._limits["scriptData"]:
            size = shown_size(self._limits["scriptData"])
            return failure("limit", "LimitExceeded", f"The answer has more than {size}.", file)
        return answer

    def place(self) -> str:
        # What its own process is doing can be asked only when that has stopped.
        return ""

    @property
    def _companion(self) -> Companion:
        assert self._began is not None
        return self._began

    def _open(self) -> None:
        """A session with the kernel in it."""
        if self._session:
            self._exchange(wire.reset())
        limits = self._limits
        self._exchange(wire.configured("program.py", limits["scriptMemory"], _FOR_EVER, _DEPTH))
        self._session = True
        event = self._feed(self._kernel, {})
        if not isinstance(event, wire.Completed):
            raise RuntimeError(f"the kernel failed: {event}")

    def _check(self, code: str) -> None:
        """Has it parsed, and run no further than its first line, which is ours."""
        event = self._feed("return\n" + code, {}, self._companion.computed() + _CHECK_CPU)
        if isinstance(event, wire.Failed):
            line, column = next(((frame.line - 1, frame.column) for frame in event.frames), (1, 1))
            raise Mistake(*_explained(event), max(1, line), max(1, column))

    def _feed(self, code: str, given: Mapping[str, str], until: float | None = None) -> wire.Event:
        if until is None:
            until = self._companion.computed() + _CONTEXT_CPU
        message = wire.fed(code, given)
        while True:
            event = self._exchange(message, until)
            match event:
                case wire.Called(name="_tell", text=str(text)):
                    message = self._told(event, text)
                case wire.Called():
                    message = wire.unknown(event, event.name)
                case wire.Named():
                    message = wire.undefined()
                case wire.Wanted(what=wire.MODULE):
                    message = wire.unknown(event, "import")
                case wire.Wanted(what=what):
                    message = wire.raised(event, "RuntimeError", _SLEPT if what in wire.SLEEPS else _ABSENT)
                case _:
                    self._flush()
                    return event

    def _exchange(self, message: bytes, until: float | None = None) -> wire.Event:
        """Says something, and hears what comes of it; what is printed meanwhile is passed on."""
        companion = self._companion
        if until is None:
            until = companion.computed() + _CONTEXT_CPU
        try:
            companion.send(message)
            while True:
                event = wire.read(companion.receive(until))
                if not isinstance(event, wire.Printed):
                    return event
                self._print(event)
        except Ended as ended:
            if "memory" in str(ended):
                raise Stopped("memory") from None
            raise RuntimeError(f"monty ended: {ended}") from None

    def _told(self, call: wire.Called, text: str) -> bytes:
        """What the kernel said by `_tell`: see kernel/host.python."""
        self._flush()
        kind, rest = text[:1].encode(), text[1:]
        run = self._run
        if run is None:
            return wire.unknown(call, call.name)
        if _is_over(run):
            # It has been told so once.
            raise _Exceeded
        if kind == b"!":
            told = json.loads(rest)
            self._instead[told["message"]] = told["instead"]
            return wire.returned(call, "null")
        try:
            answer = run.answer(kind, rest.encode())
        except BaseException as error:  # noqa: BLE001 - raised again where the run ends
            run.raised = error
            answer = refusal("The run was stopped.", limit=True)
        if _is_over(run):
            return wire.raised(call, "RuntimeError", run.exceeded or "The run was stopped.")
        return wire.returned(call, answer.decode("utf-8", "replace"))

    def _print(self, printed: wire.Printed) -> None:
        """Line by line."""
        stream = 2 if printed.stream == 2 else 1
        *lines, self._unfinished[stream] = (self._unfinished[stream] + printed.text).split("\n")
        for line in lines:
            self._write(stream, line)
        if len(self._unfinished[stream]) > MOST_TEXT:
            self._flush()

    def _flush(self) -> None:
        for stream, text in self._unfinished.items():
            if text:
                self._unfinished[stream] = ""
                self._write(stream, text)

    def _write(self, stream: int, line: str) -> None:
        if self._run is None:
            return
        self._run.answer(b">", _encoded({"level": "error" if stream == 2 else "log", "text": line}))
        if self._run.exceeded:
            raise _Exceeded

    def _failed(self, failed: wire.Failed, code: str, file: str) -> bytes:
        program, ours = f"<python-input-{_PROGRAM}>", code[: code.rindex(_END)].count("\n") + 1
        frames = [frame for frame in failed.frames if frame.file == program and frame.line <= ours]
        places = [f"{file}:{frame.line}:{frame.column}" for frame in frames]
        fault, message = "thrown", self._instead.get(failed.message, failed.message)
        match failed:
            case wire.Failed(name="FatalError"):
                raise RuntimeError(f"monty ended: {failed.message}")
            case wire.Failed(name="MemoryError", message=text) if text.startswith(_MEMORY):
                size = shown_size(self._limits["scriptMemory"])
                fault, message = "limit", f"More than {size} of memory used by one run."
            case wire.Failed(name="RecursionError"):
                fault, message = "limit", "Functions or values that are nested too deep."
            case wire.Failed(name="KeyError"):
                message = f"KeyError: {message!r}"
        if self._run is not None and self._run.exceeded:
            fault, message = "limit", self._run.exceeded
        lines = [f"at {frame.name} ({place})" for frame, place in zip(frames, places, strict=True)]
        stack = "\n".join([f"{failed.name}: {failed.message}"[:MOST_TEXT], *reversed(lines)][:MOST_FRAMES])
        place = places[-1] if places else file
        message = (message or failed.name)[:MOST_TEXT]
        return failure(fault, failed.name, message, place, stack)


def locate() -> str:
    """The path of monty's own program. Raises `ImportError`. For the gateway."""
    for folder in (sysconfig.get_path("scripts"), os.path.dirname(sys.executable)):  # noqa: PTH120
        path = os.path.join(folder, "monty")  # noqa: PTH118
        if os.path.isfile(path):  # noqa: PTH113
            return path
    # Installed in an unusual way, or not at all: slower to find out.
    from importlib.metadata import files

    for file in files("pydantic-monty-runtime") or ():
        if file.stem == "monty" and os.path.isfile(file.locate()):  # noqa: PTH113
            return os.path.realpath(file.locate())
    raise ImportError("pydantic-monty-runtime is not installed.")


def _is_over(run: Run) -> bool:
    return bool(run.exceeded) or run.raised is not None


def _explained(failed: wire.Failed) -> tuple[str, str]:
    """A sentence, and a hint."""
    message = failed.message.strip().rstrip(".") or "this cannot be parsed"
    if failed.name == "NotImplementedError":
        _, _, lacking = message.rpartition("not yet support ")
        what = lacking if lacking != message else ""
        sentence = f"This Python has no {what}." if what else f"{message}."
        return sentence, "runtime: cpython has all of Python, and is dearer."
    return f"{message[:1].upper()}{message[1:]}.", ""


def _encoded(value: Any) -> bytes:  # Any: what JSON can say
    return json.dumps(value).encode()
