"""Several recorders that are told the same."""

from __future__ import annotations

from tidegate.core.runs import Recorder, Run, RunLine, StepRun


class Several:
    """Implements `Recorder`: tells each, in this order."""

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = recorders
        self.sizes = any(recorder.sizes for recorder in recorders)

    def begun(self, run: Run) -> None:
        for recorder in self._recorders:
            recorder.begun(run)

    def step_begun(self, run: Run, step: StepRun) -> None:
        for recorder in self._recorders:
            recorder.step_begun(run, step)

    def step_ended(self, run: Run, step: StepRun) -> None:
        for recorder in self._recorders:
            recorder.step_ended(run, step)

    def wrote(self, run: Run, line: RunLine) -> None:
        for recorder in self._recorders:
            recorder.wrote(run, line)

    def ended(self, run: Run) -> None:
        for recorder in self._recorders:
            recorder.ended(run)
