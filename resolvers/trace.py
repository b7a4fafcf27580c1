"""A run of a function, written down as it happens."""

from __future__ import annotations

from time import monotonic, time

import orjson

from tidegate.core.call import Call, Line
from tidegate.core.errors import Code, OperationError
from tidegate.core.flow import Step
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import ProgramFailed
from tidegate.core.runs import Failure, NoRecorder, Recorder, Run, RunLine, StepRun, looking


class Trace:
    """Of one call. It is bounded: what is beyond `limits.runSteps` is told to the recorder as it happens, and not
    kept."""

    def __init__(self, call: Call, recorder: Recorder, limits: Limits) -> None:
        arguments = call.operation.arguments
        masked = tuple(name for name in call.arguments if name in arguments and arguments[name].private)
        self.run = Run(
            id=call.id,
            function=call.operation.name,
            origin=call.origin,
            began=time(),
            role=call.user.role,
            user=call.user.fields,
            arguments={name: value for name, value in call.arguments.items() if name not in masked},
            masked=masked,
        )
        self._recorder = recorder
        self._look = looking.get()
        self._most = limits.runSteps
        self._start = monotonic()
        self._count = 0
        self._failure: BaseException | None = None
        recorder.begun(self.run)

    def begin(self, step: Step, parent: int) -> StepRun:
        self._count += 1
        kind = type(step.work).__name__.lower()
        started = monotonic() - self._start
        record = StepRun(self._count, parent, kind, step.label, str(step.at), started)
        if len(self.run.steps) < self._most:
            self.run.steps.append(record)
        else:
            self.run.skipped += 1
        self._recorder.step_begun(self.run, record)
        return record

    def end(self, record: StepRun, value: Json = None, error: BaseException | None = None) -> None:
        record.seconds = monotonic() - self._start - record.started
        if error is not None:
            record.failure = failure_of(error)
        else:
            if self._recorder.sizes:
                record.size = _size(value)
            if self._look is not None:
                self._look(record, value)
        self._recorder.step_ended(self.run, record)

    def wrote(self, step: int, line: Line) -> None:
        written = RunLine(step, line.program, line.level, line.text)
        if len(self.run.lines) < self._most:
            self.run.lines.append(written)
        self._recorder.wrote(self.run, written)

    def responded(self) -> None:
        self.run.responded = monotonic() - self._start

    def fail(self, error: BaseException) -> None:
        """The client got this for an answer. It is what the run failed with, unless something else ends it."""
        self._failure = error
        if self.run.seconds is not None and self.run.failure is None:
            self.run.failure = failure_of(error)

    def finish(self, value: Json = None, error: BaseException | None = None) -> None:
        self.run.seconds = monotonic() - self._start
        error = error or self._failure
        if error is not None:
            self.run.failure = failure_of(error)
        elif not isinstance(self._recorder, NoRecorder):
            self.run.size = _size(value)
        self._recorder.ended(self.run)


def failure_of(error: BaseException) -> Failure:
    """With the place in the author's code, where that is where it began."""
    cause = error.__cause__
    place, stack = (cause.place, cause.stack) if isinstance(cause, ProgramFailed) else ("", "")
    if isinstance(error, OperationError):
        return Failure(str(error.code), error.message, place, stack)
    if isinstance(error, Exception):
        return Failure(str(Code.INTERNAL), "Something went wrong inside.")
    return Failure("CANCELLED", "It was cut off.")


def _size(value: Json) -> int | None:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return None
