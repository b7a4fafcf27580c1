"""The steps of a run as they happen, for whoever runs a function by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rich.text import Text

from tidegate.cli.console import note
from tidegate.cli.step_lines import begun_line, ended_line, program_line, repeats, same
from tidegate.core.runs import Failure, Run, RunLine, StepRun


class StepsShown:
    """Implements `Recorder`, for one run. A step has a line when it ends, and one when it begins as well if something
    is to be told within it. The number before both says that they are of the same step. Where steps run at the same
    time, lines that do not belong to what stands above them say where they belong.

    `patience`: a step that takes longer than so many seconds has its first line then; none: it waits for its end."""

    sizes = True

    def __init__(self, show: Callable[[Text], None] = note, patience: float | None = None) -> None:
        self._show = show
        self._patience = patience
        self._alarms: dict[int, asyncio.TimerHandle] = {}
        self._steps: dict[int, StepRun] = {}
        self._depths: dict[int, int] = {0: -1}
        self._announced: set[int] = set()
        self._failures: dict[int, Failure] = {}
        self._last_words: dict[int, RunLine] = {}
        self._here = 0
        self.run: Run | None = None
        """What was run, if it was a function."""

    def begun(self, run: Run) -> None:
        self.run = run

    def step_begun(self, run: Run, step: StepRun) -> None:  # noqa: ARG002
        self._steps[step.number] = step
        self._depths[step.number] = self._depths.get(step.parent, -1) + 1
        self._announce(step.parent)
        if self._patience is not None:
            alarm = asyncio.get_running_loop().call_later(self._patience, self._announce, step.number)
            self._alarms[step.number] = alarm

    def step_ended(self, run: Run, step: StepRun) -> None:  # noqa: ARG002
        if alarm := self._alarms.pop(step.number, None):
            alarm.cancel()
        words, failure = self._last_words.pop(step.number, None), step.failure
        if words is not None and not repeats(words, failure):
            self._write(words)
        known = same(self._failures.pop(step.number, None), failure)
        if failure is not None:
            self._failures[step.parent] = failure
        self._show(ended_line(step, self._depths[step.number], self._whereabouts(step), known=known))
        self._here = step.parent
        for forgotten in (self._steps, self._depths):
            forgotten.pop(step.number, None)
        self._announced.discard(step.number)

    def wrote(self, run: Run, line: RunLine) -> None:  # noqa: ARG002
        earlier = self._last_words.pop(line.step, None)
        if earlier is not None:
            self._write(earlier)
        if line.level == "error":
            # Perhaps the step is about to fail with these words.
            self._last_words[line.step] = line
        else:
            self._write(line)

    def ended(self, run: Run) -> None:
        pass

    def _write(self, line: RunLine) -> None:
        self._announce(line.step)
        step = self._steps.get(line.step)
        if step is not None and self._here != line.step:
            self._show(begun_line(step, self._depths[line.step], self._whereabouts(step)))
            self._here = line.step
        self._show(program_line(line, self._depths.get(line.step, -1)))

    def _announce(self, number: int) -> None:
        step = self._steps.get(number)
        if step is None or number in self._announced:
            return
        self._announced.add(number)
        self._show(begun_line(step, self._depths[number], self._whereabouts(step)))
        self._here = number

    def _whereabouts(self, step: StepRun) -> str:
        """Empty where it is plain to see: below its parent, or after another one of the same."""
        if self._here in (step.parent, step.number):
            return ""
        return f"in {step.parent}" if step.parent else ""
