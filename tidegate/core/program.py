"""The user's own code, and the door to where it runs.

A `Program` is a file of the project. A `Sandbox` runs it in a process that can do nothing but compute: whatever else
it wants it asks of a `Host`, which the gateway makes for that one run and which knows who is asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.problems import Problem


class Language(StrEnum):
    """`js` also stands for TypeScript, in files that end in `.ts`. `python` is a small and quick one, `cpython` the
    whole language, and much dearer."""

    JAVASCRIPT = "js"
    PYTHON = "python"
    CPYTHON = "cpython"


@dataclass(frozen=True, slots=True)
class Program:
    """A file of code as its author wrote it. `file` is relative to the project's folder. `name` is how people speak of
    what it does: `the action "tidy" of tickets`."""

    name: str
    language: Language
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a program is called with. One that defines `backandCallback` gets (input, row, parameters, profile), one
    that defines `run` gets (input, context). `settings` are there for both: `Config`, and `CONSTS` with `apiUrl`."""

    input: Mapping[str, Json]
    row: Mapping[str, Json] | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    profile: Mapping[str, Json] = field(default_factory=dict)
    context: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`value` is what the program answered, null for nothing. `input` is the input as the program left it."""

    value: Json
    input: Mapping[str, Json]


class Fault(StrEnum):
    """Why a program did not end well."""

    THROWN = "thrown"
    """It threw an error; the message is its author's, meant for whoever called."""
    LIMIT = "limit"
    """It took more than it may. The message says of what."""
    BROKEN = "broken"
    """It ended the process it ran in, or answered what cannot be an answer."""


NATIVE: Final = frozenset(
    {
        *("SyntaxError", "TypeError", "ReferenceError", "RangeError", "EvalError", "URIError", "InternalError"),
        *("AggregateError", "SuppressedError"),
        *("ArithmeticError", "AttributeError", "BufferError", "EOFError", "FloatingPointError", "GeneratorExit"),
        *("ImportError", "IndentationError", "IndexError", "KeyError", "LookupError", "MemoryError"),
        *("ModuleNotFoundError", "NameError", "NotImplementedError", "OSError", "OverflowError", "RecursionError"),
        *("StopAsyncIteration", "StopIteration", "SystemError", "TabError", "TimeoutError", "UnboundLocalError"),
        *("UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError", "ValueError", "ZeroDivisionError"),
        *("FrozenInstanceError", "JSONDecodeError", "PatternError", "error"),
    }
)
"""Errors that the languages throw by themselves, with words of theirs. What authors throw to be read by clients is an
`Error` in JavaScript and an `Exception` in Python, or a class of their own."""


class ProgramFailed(Exception):
    """A run ended with a fault. `message`: of what was thrown its own, else ours without anything of the server's.
    `place` (`actions/tidy.js:3:9`) and `stack` are for the author's eyes: log, console and `tidegate run`. `name` is
    that of the error thrown: `Error`, `TypeError`."""

    def __init__(self, fault: Fault, message: str, place: str = "", stack: str = "", name: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.place = place
        self.stack = stack
        self.name = name

    @property
    def is_meant(self) -> bool:
        """Whether the message is the author's own words, or ours. An error of the language's own speaks of values that
        nobody meant to show."""
        return self.fault is not Fault.THROWN or self.name not in NATIVE


class HostRefused(Exception):
    """What the program asked for failed: thrown inside it as an Error with this `name`, `message` and `status`."""

    def __init__(self, message: str, name: str = "Error", status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.status = status


class Asked(StrEnum):
    """What a program can ask for, and with which arguments (JSON, of whatever shape the program cares to send).

    `HTTP`: {method, url, params, data, headers} -> {status, headers, data}. `EMIT`: mode (users, role, all), event,
    data, audience -> {status, message}. `CALL`: operation, arguments -> its result. `HASH`: text -> text. `COMPARE`:
    text, hash -> boolean."""

    HTTP = "http"
    EMIT = "emit"
    CALL = "call"
    HASH = "hash"
    COMPARE = "compare"


class Host(Protocol):
    """The gateway, as one run of a program sees it: bound to the caller, the transaction and the deadline."""

    async def ask(self, what: Asked, arguments: Sequence[Json]) -> Json:
        """Raises `HostRefused`. The arguments are hostile."""
        ...

    def log(self, level: str, text: str) -> None:
        """A line of `console`: `log`, `warn` or `error`."""
        ...


class SandboxUnavailable(Exception):
    """This machine cannot keep programs apart from the gateway. The message says what is missing and what the operator
    may do."""


class Sandbox(Protocol):
    """Runs programs. One for the life of the gateway; reloads load more programs into it."""

    async def load(self, programs: Sequence[Program], limits: Limits) -> Sequence[Problem]:
        """Starts what is needed to run these, and finds what is wrong with them: file, line and column of each mistake
        in their syntax. Raises `SandboxUnavailable`. From then on runs are held to these limits, and no process that
        served earlier programs serves another run."""
        ...

    async def run(
        self, program: Program, invocation: Invocation, host: Host, deadline: float, *, at_once: bool = False
    ) -> Outcome:
        """A loaded program. `deadline` is on the event loop's clock, in seconds. Raises `ProgramFailed`;
        cancelling it stops the program. `at_once`: its call holds what other runs may wait for, so it waits for none of
        them. The caller bounds how many such there are."""
        ...

    async def close(self) -> None: ...


class NoSandbox:
    """For projects without programs."""

    async def load(self, programs: Sequence[Program], limits: Limits) -> Sequence[Problem]:  # noqa: ARG002
        if programs:
            raise SandboxUnavailable("There is no sandbox here.")
        return ()

    async def run(
        self, program: Program, invocation: Invocation, host: Host, deadline: float, *, at_once: bool = False
    ) -> Outcome:
        del invocation, host, deadline, at_once
        raise ProgramFailed(Fault.BROKEN, f"{program.name} cannot be run here.")

    async def close(self) -> None:
        pass
