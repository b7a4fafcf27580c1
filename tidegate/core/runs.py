"""Runs of functions, as people look at them: who ran what, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from tidegate.core.json import Json


@dataclass(slots=True)
class Failure:
    """`message` is what a client may see; `place` (`functions/judge.py:3:9`) and `stack` are for the author alone."""

    code: str
    message: str
    place: str = ""
    stack: str = ""


@dataclass(slots=True, eq=False)
class StepRun:
    """One step of a run. `number` counts from 1 in the order begun; `parent` is the number of the step it is within, 0
    at the top. `kind` is the name of its `Work` in lower case, `label` its step's, `at` its place in the project.
    `started` and `seconds` are in seconds, the first since the run began; `seconds` is none while it runs. `attempts`
    counts from 1. `size`: bytes of what it gave, as JSON; none where nobody wanted to know."""

    number: int
    parent: int
    kind: str
    label: str
    at: str
    started: float
    seconds: float | None = None
    attempts: int = 1
    size: int | None = None
    failure: Failure | None = None


@dataclass(slots=True, eq=False)
class RunLine:
    """A line that a program wrote to its console. `step` is the number of the step."""

    step: int
    program: str
    level: str
    text: str


@dataclass(slots=True, eq=False)
class Run:
    """One run of a function that was asked for from outside: by a client, by hand, by the clock, by a hook. What it
    calls is within it. `id` is the call's. `origin`: `client`, `command`, `console`, `schedule`,
    `webhook` or `replay`. `began` is in seconds since the epoch. `arguments` without the private ones, of which
    `masked` has the names; `user` are the fields of `currentUser`. `responded`: seconds until the client had its
    answer, where that was before the end. `seconds` is none while it runs. `steps` and `lines`: the first so many
    (`limits.runSteps`); `skipped` counts the steps that are not there. `size`: bytes of the answer."""

    id: str
    function: str
    origin: str
    began: float
    role: str
    user: Mapping[str, Json]
    arguments: Mapping[str, Json]
    masked: tuple[str, ...] = ()
    steps: list[StepRun] = field(default_factory=list)
    lines: list[RunLine] = field(default_factory=list)
    skipped: int = 0
    responded: float | None = None
    seconds: float | None = None
    size: int | None = None
    failure: Failure | None = None


Look: TypeAlias = Callable[[StepRun, Json], None]
"""Is shown what a step gave, before its end is told. Never fails, never waits, and keeps nothing that it may not."""

looking: Final[ContextVar[Look | None]] = ContextVar("looking", default=None)
"""Whoever looks at the run that begins in this task: its author, who runs it by hand in development. Of all other runs
nobody ever sees what steps give."""


class Recorder(Protocol):
    """Is told of runs, from the event loop. Never fails, never waits."""

    @property
    def sizes(self) -> bool:
        """Whether the sizes of what steps give are wanted. They cost as much as encoding it."""
        ...

    def begun(self, run: Run) -> None: ...

    def step_begun(self, run: Run, step: StepRun) -> None: ...

    def step_ended(self, run: Run, step: StepRun) -> None: ...

    def wrote(self, run: Run, line: RunLine) -> None: ...

    def ended(self, run: Run) -> None:
        """Also of a run that failed, or was cut off."""
        ...


class NoRecorder:
    """For those who look at no runs, or only at some of what happens to them."""

    sizes = False

    def begun(self, run: Run) -> None:
        pass

    def step_begun(self, run: Run, step: StepRun) -> None:
        pass

    def step_ended(self, run: Run, step: StepRun) -> None:
        pass

    def wrote(self, run: Run, line: RunLine) -> None:
        pass

    def ended(self, run: Run) -> None:
        pass
