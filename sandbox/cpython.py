"""Python, all of it: implements `Engine` by the interpreter that the worker itself is.

A program can do here whatever Python can, to this process: replace this module, read the worker's memory, write to its
socket. What holds is the process, which can only compute, serves one run, and is believed nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from enum import Enum
from inspect import CO_VARARGS
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO, cast
from uuid import UUID

from tidegate.sandbox.python import MOST_FRAMES, MOST_TEXT, Mistake, examine, failure, problem, read_kernel
from tidegate.sandbox.run import Run, shown_size

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Ask, Log

# fmt: off
MODULES: Final = frozenset((
    "__future__", "abc", "array", "ast", "asyncio", "base64", "binascii", "bisect", "calendar", "cmath", "collections",
    "colorsys", "contextlib", "contextvars", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "email",
    "enum", "fnmatch", "fractions", "functools", "graphlib", "hashlib", "heapq", "hmac", "html", "inspect", "io",
    "ipaddress", "itertools", "json", "keyword", "math", "numbers", "operator", "os", "pathlib", "pprint", "queue",
    "random", "re", "reprlib", "secrets", "statistics", "string", "struct", "sys", "textwrap", "time", "traceback",
    "types", "typing", "unicodedata", "urllib", "uuid", "warnings", "weakref", "xml", "zlib",
))
# fmt: on
"""What it can import."""

_HIDDEN: Final = (
    *("_strptime", "collections.abc", "email.message", "email.parser", "email.policy", "email.utils", "html.entities"),
    *("html.parser", "stringprep", "urllib.parse", "xml.etree.ElementTree", "xml.sax.saxutils", "json.tool"),
    *(f"encodings.{name}" for name in ("ascii", "cp1252", "idna", "latin_1", "punycode", "utf_16", "utf_8_sig")),
)
"""Imported by name, or by those when they are used: in a worker nothing is read from a disk any more."""

_GLOBALS: Final = ("http", "socket", "gateway", "security", "console", "refusal", "Refused")

_SLEPT: Final = "There are no pauses in a program: it is over when its function has answered."
_ENDLESS: Final = "It waits for something that nothing will ever settle."


class Refused(Exception):
    """What the gateway refused, for programs."""

    def __init__(self, message: str, told: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.name = told["name"]
        self.status = told["status"]
        self.data = told["data"]
        self.headers = told["headers"]


class LimitExceeded(BaseException):
    """More than one run may. No `except Exception` is meant for it."""


class CPython:
    calls = ()
    accompanied = False
    files = ()

    def __init__(self) -> None:
        self._limits: Mapping[str, int] = {}
        self._kernel: CodeType | None = None
        self._names: dict[str, Any] = {}  # Any: a module's names
        self._run: Run | None = None
        self._file = ""
        self._instead: dict[str, str] = {}

    def prepare(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        os.environ["TZ"] = "UTC"
        time.tzset()
        for name in (*sorted(MODULES), *_HIDDEN):
            importlib.import_module(name)
        time.sleep = _sleep  # type: ignore[assignment]
        self._kernel = compile(read_kernel(), "kernel", "exec")
        examine("async def run(input, context):\n    return input\n", MODULES)

    def enter(self, layers: Sequence[str], files: Sequence[int]) -> None:
        pass

    def fresh(self, libraries: bool = False) -> None:  # noqa: ARG002 - it has none
        assert self._kernel is not None
        self._run = None
        self._names = {"_tell": self._tell, "_Refusal": Refused, "Refused": Refused, "_make_refusal": Refused}
        self._names["_special"] = _special
        exec(self._kernel, self._names)  # noqa: S102 - ours

    def load(self, code: str, file: str) -> bytes:
        try:
            examine(code, MODULES)
            compile(code, file, "exec", dont_inherit=True)
        except Mistake as mistake:
            return problem(mistake)
        except (SyntaxError, ValueError) as error:
            line, column = (error.lineno, error.offset) if isinstance(error, SyntaxError) else (1, 1)
            return problem(Mistake(f"{error.args[0]}.", "", line or 1, column or 1))
        return json.dumps({"code": code, "libraries": False}).encode()

    def run(self, code: str, file: str, invocation: bytes, ask: Ask, log: Log) -> bytes:
        if self._run is not None:
            raise RuntimeError("each run needs a context of its own")
        run = self._run = Run(self._limits, "", file, ask, log)
        self._file = file
        self._instead = {}
        random.seed()
        out, err = _Lines(self._write, "log"), _Lines(self._write, "error")
        # They have all of a file that `print` asks for.
        sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
        try:
            answer = self._perform(code, file, invocation)
            for lines in (out, err):
                lines.flush()
        except BaseException as error:  # noqa: BLE001 - a program may raise anything
            answer = self._failed(error, file)
        if run.raised is not None:
            raise run.raised
        if run.exceeded and b'"fault": "limit"' not in answer[:100]:
            return failure("limit", "LimitExceeded", run.exceeded, file)
        if len(answer) > 2 * self._limits["scriptData"]:
            size = shown_size(self._limits["scriptData"])
            return failure("limit", "LimitExceeded", f"The answer has more than {size}.", file)
        return answer

    def place(self) -> str:
        frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no other way to it
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return "" if frame is None else _place(self._file, frame.f_code, frame.f_lasti, frame.f_lineno)

    def _perform(self, code: str, file: str, invocation: bytes) -> bytes:
        kernel = self._names
        given, config, constants = kernel["_begin"](invocation.decode())
        module = ModuleType("program")
        sys.modules["program"] = module
        names = module.__dict__
        names |= {name: kernel[name] for name in _GLOBALS} | {"Config": config, "CONSTS": constants}
        exec(compile(code, file, "exec", dont_inherit=True), names)  # noqa: S102 - in here it may do anything
        run = names["run"]
        value = run(*(given["input"], given["context"])[: _arity(run)])
        if asyncio.iscoroutine(value):
            value = _settle(value)
        answer: str = kernel["_answer"](given, value)
        return answer.encode("utf-8", "replace")

    def _tell(self, text: str) -> str:
        """What the kernel says: see kernel/host.python."""
        kind, rest = text[:1].encode(), text[1:]
        run = self._run
        if run is None:
            raise RuntimeError("nothing runs")
        if kind == b"!":
            told = json.loads(rest)
            self._instead[told["message"]] = told["instead"]
            return "null"
        try:
            answer = run.answer(kind, rest.encode("utf-8", "replace"))
        except BaseException as error:  # noqa: BLE001 - raised again where the run ends
            run.raised = error
            raise LimitExceeded from None
        if run.exceeded:
            raise LimitExceeded(run.exceeded)
        return answer.decode("utf-8", "replace")

    def _write(self, level: str, line: str) -> None:
        self._tell(">" + json.dumps({"level": level, "text": line}))

    def _failed(self, error: BaseException, file: str) -> bytes:
        fault, message = "thrown", _text(error)
        match error:
            case LimitExceeded():
                fault = "limit"
            case MemoryError():
                fault = "limit"
                message = f"More than {shown_size(self._limits['scriptMemory'])} of memory used by one run."
            case RecursionError():
                fault, message = "limit", "Functions or values that are nested too deep."
            case KeyError():
                message = f"KeyError: {message}"
            case _ if _ENDLESS in message:
                fault = "broken"
        name = type(error).__name__
        frames = _frames(error.__traceback__, file)
        lines = [f"at {function} ({place})" for function, place in reversed(frames)]
        stack = "\n".join([f"{name}: {message}", *lines])
        told = self._instead.get(message, message) or name
        return failure(fault, name, told[:MOST_TEXT], frames[-1][1] if frames else file, stack)


class _Loop(asyncio.BaseEventLoop):
    """Tasks and futures, without anything outside that could wake one."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> tuple[()]:
        if timeout is None:
            raise RuntimeError(_ENDLESS)
        if timeout > 0:
            _sleep(timeout)
        return ()

    def _process_events(self, event_list: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class _Lines:
    """What is printed, line by line."""

    encoding = "utf-8"

    def __init__(self, write: Callable[[str, str], None], level: str) -> None:
        self._write = write
        self._level = level
        self._unfinished = ""

    def write(self, text: str) -> int:
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in lines:
            self._write(self._level, line)
        if len(self._unfinished) > MOST_TEXT:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self._unfinished:
            line, self._unfinished = self._unfinished, ""
            self._write(self._level, line)

    def isatty(self) -> bool:
        return False


def _arity(run: object) -> int:
    """How many arguments it takes, two at most."""
    code = getattr(run, "__code__", None)
    if not isinstance(code, CodeType) or code.co_flags & CO_VARARGS:
        return 2
    return min(2, code.co_argcount)


def _settle(value: Any) -> Any:  # Any: what the program's own coroutine comes to
    loop = _Loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(value)


def _sleep(_seconds: float) -> NoReturn:
    raise RuntimeError(_SLEPT)


def _special(value: object) -> object:
    """As JSON has it, what only this tier knows."""
    match value:
        case Enum():
            return value.value
        case UUID():
            return str(value)
        case Mapping():
            return dict(value)
        case bytes() | bytearray() | memoryview():
            raise TypeError("bytes, which base64 makes a text")
        case Sequence() | Set():
            return list(value)
        case Collection():
            return list(value)
    raise TypeError(f"a value of the type {type(value).__name__}")


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MOST_TEXT]
    except BaseException:  # noqa: BLE001 - the program's own
        return "An error without a message."


def _frames(traceback: TracebackType | None, file: str) -> list[tuple[str, str]]:
    """Functions and places of the program, innermost last, as many as are shown."""
    found: deque[TracebackType] = deque(maxlen=MOST_FRAMES)
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            found.append(traceback)
        traceback = traceback.tb_next
    codes = [(each.tb_frame.f_code, each) for each in found]
    return [(code.co_name, _place(file, code, each.tb_lasti, each.tb_lineno)) for code, each in codes]


def _place(file: str, code: CodeType, at: int, line: int) -> str:
    for index, (_, _, column, _) in enumerate(code.co_positions()):
        if 2 * index == at:
            return f"{file}:{line}:{(column or 0) + 1}"
    return f"{file}:{line}:1"
