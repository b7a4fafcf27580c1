"""What a language is to the processes that programs run in: the seam between a worker and an engine.

An engine lives inside a worker, which can do nothing but compute: once it is locked down it opens no file and imports
no module. A worker calls `prepare` before it is locked down (or the zygote does, before it forks), `fresh` ahead of
each run so that a call finds a context waiting, and `run` once for each `fresh`. Everything is synchronous,
and everything a program may reach of the world is `ask` and `log`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

Ask: TypeAlias = Callable[[bytes], bytes]
"""The door to the gateway. `{"what": "http", "arguments": [...]}` (`what` as in `core.program.Asked`) becomes
`{"value": ...}` or `{"error": {"name", "message", "status"}}`, all of it JSON in UTF-8, strict: no NaN. What it raises
ends the run: `run` raises the same, and until then each further question of the program fails at once."""

Log: TypeAlias = Callable[[str, str], None]
"""A line of `console`: the level (`log`, `warn`, `error`) and a text. It may hold line breaks, never half a pair of
surrogates."""


class Stopped(Exception):
    """Raised by `run` and `load` of an engine that has ended a run itself: `word` is `cpu`, computed for too long, or
    `memory`."""

    def __init__(self, word: str, place: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.place = place


class Engine(Protocol):
    """One language. Not thread-safe, and never called while it is being called, except for `place`."""

    @property
    def calls(self) -> Sequence[str]:
        """System calls that its workers need beside those of `filter`, by name."""
        ...

    @property
    def accompanied(self) -> bool:
        """Programs run in another process beside each worker: see `companion`."""
        ...

    @property
    def files(self) -> Sequence[str]:
        """What its workers read and run before they are locked down: files, and folders with all that is in them."""
        ...

    def prepare(self, limits: Mapping[str, int]) -> None:
        """Before the lockdown: reads files, imports modules, warms up. `limits` are fields of `core.limits.Limits` by
        name (`scriptCalls`, `scriptEmits`, `scriptLines`, `scriptLog`, `scriptData`, `scriptDepth`). An engine holds
        programs to them so that an error can say where; the gateway counts again, since a worker may lie."""
        ...

    def enter(self, layers: Sequence[str], files: Sequence[int]) -> None:
        """In each worker, before it is locked down: starts what a worker has for itself, and makes the first context
        if `fresh` could not before the fork. `layers` as in `zygote.LAYERS`, those that hold. `files`: open
        descriptors of what the property names."""
        ...

    def fresh(self, libraries: bool = False) -> None:
        """Makes the context of the next run, and drops the one before with everything in it: nothing passes from run
        to run, and no two runs share random numbers, also those whose context was made before a fork. With `libraries`,
        those are loaded already; without, the first use of one costs the run that uses it."""
        ...

    def load(self, code: str, file: str) -> bytes:
        """Checks a program without running it: JSON. `{"code", "libraries"}`: what to hand to `run` (TypeScript without
        its types, lines kept), and whether its text names a library; or `{"problem": {"sentence", "hint", "line",
        "column"}}`. Needs no `fresh`, may be called again and again, and takes time: 0.1 s for the first TypeScript."""
        ...

    def run(self, code: str, file: str, invocation: bytes, ask: Ask, log: Log) -> bytes:
        """Runs what `load` gave, called with `invocation`: the fields of `core.program.Invocation` as JSON. Gives JSON:
        `{"value", "input"}`, or `{"failure": {"fault", "name", "message", "status", "place", "stack"}}` where `fault`
        is one of `core.program.Fault`, `status` is null or a number, and `place` (`actions/tidy.js:3:9`) and `stack`
        name the user's own files. Nothing of the program runs after it returned. Raises what `ask` raised."""
        ...

    def place(self) -> str:
        """Where the running program is, as far as that can be told; empty where not. For a signal handler that is about
        to end the process because of its time."""
        ...
