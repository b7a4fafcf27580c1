"""An operation that is called from the console: what its steps do as they do it, and then the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import orjson
from starlette.types import Receive, Send

from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.core.runs import NoRecorder, Run, RunLine, StepRun, looking
from tidegate.core.user import CurrentUser
from tidegate.web.answers import error_body
from tidegate.web.console_inside import Inside
from tidegate.web.event_stream import one_line
from tidegate.web.failures import as_shown
from tidegate.web.streams import Stream

MOST_CALLS: Final = 8
"""At once, by all who use the console."""
MOST_VALUE: Final = 16 * 1024
"""Bytes of JSON of what a step gave. Of more the size is told."""
MOST_VALUES: Final = 4 * 1024 * 1024
"""Bytes of all that the steps of a call gave: the page may not read. Of what is beyond, the size is told."""
MOST_STEPS: Final = 1000
"""Told of one call, and as many lines. What is beyond is counted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Any text is a whole document; `origin` is as in `core.runs.Run`. `values`: also what the steps give."""

    text: str
    variables: Mapping[str, Json]
    user: CurrentUser
    origin: str
    values: bool


class Watchers(NoRecorder):
    """Implements `Recorder`: tells calls of the console what becomes of them. One for each server."""

    def __init__(self) -> None:
        self._by_run: dict[str, ConsoleCall] = {}

    def begun(self, run: Run) -> None:
        look = looking.get()
        call = getattr(look, "__self__", None)
        if isinstance(call, ConsoleCall):
            self._by_run[run.id] = call
            call.running += 1
            call.tell("run", {"id": run.id, "function": run.function})

    def step_begun(self, run: Run, step: StepRun) -> None:
        if (call := self._by_run.get(run.id)) is not None:
            call.step_begun(step)

    def step_ended(self, run: Run, step: StepRun) -> None:
        if (call := self._by_run.get(run.id)) is not None:
            call.step_ended(step)

    def wrote(self, run: Run, line: RunLine) -> None:
        if (call := self._by_run.get(run.id)) is not None:
            call.wrote(line)

    def ended(self, run: Run) -> None:
        call = self._by_run.pop(run.id, None)
        if call is not None:
            call.ended(run)


class ConsoleCall:
    """One call. When whoever asked goes away, it is cancelled."""

    def __init__(self, inside: Inside, wanted: Wanted, stream: Stream) -> None:
        self._inside = inside
        self._wanted = wanted
        self._stream = stream
        self._told = 0
        self._steps = self._lines = self._values = 0
        self._given: tuple[StepRun, Json] | None = None
        self._over = asyncio.Event()
        self.running = 0
        """Runs under way: one behind an early answer is waited for."""

    async def serve(self, receive: Receive, send: Send) -> None:
        calling = asyncio.get_running_loop().create_task(self._call())
        try:
            await self._stream.serve(receive, send)
        finally:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)

    def look(self, step: StepRun, value: Json) -> None:
        """Its own step's end follows at once."""
        self._given = (step, value)

    # Any: JSON.
    def tell(self, event: str, told: Mapping[str, Any]) -> None:
        self._told += 1
        self._stream.put(self._told, _event(event, told))

    def ended(self, run: Run) -> None:
        self.running -= 1
        told = {"seconds": run.seconds, "responded": run.responded, "failure": _failure(run)}
        untold = {"steps": max(0, self._steps - MOST_STEPS), "lines": max(0, self._lines - MOST_STEPS)}
        self.tell("ended", {**told, "untold": untold})
        self._over.set()

    def step_begun(self, step: StepRun) -> None:
        self._steps += 1
        if step.number <= MOST_STEPS:
            self.tell("begun", {**_step(step), "started": step.started})

    def wrote(self, line: RunLine) -> None:
        self._lines += 1
        if self._lines <= MOST_STEPS:
            self.tell("line", {"step": line.step, "program": line.program, "level": line.level, "text": line.text})

    def step_ended(self, step: StepRun) -> None:
        given, self._given = self._given, None
        if step.number > MOST_STEPS:
            return
        told: dict[str, Any] = {**_step(step), "seconds": step.seconds, "attempts": step.attempts}
        if step.failure is not None:
            told["failure"] = {"code": step.failure.code, "message": step.failure.message}
            if self._wanted.values:
                told["failure"] |= {"place": step.failure.place, "stack": step.failure.stack}
        elif given is not None and given[0] is step:
            body = orjson.dumps(given[1], default=str)
            told["size"] = len(body)
            if self._wanted.values and len(body) <= MOST_VALUE and self._values + len(body) <= MOST_VALUES:
                self._values += len(body)
                told["value"] = orjson.Fragment(body)
        self.tell("stepped", told)

    async def _call(self) -> None:
        wanted, began = self._wanted, perf_counter()
        try:
            response = await self._inside.execute(wanted.text, wanted.variables, wanted.user, wanted.origin, self.look)
            body = response.body
        except OperationError as error:
            body = error_body(error.message, error.extensions)
        except Exception as error:  # noqa: BLE001 - logged there
            shown = as_shown(error)
            body = error_body(shown.message, shown.extensions)
        told = {
            "ms": round((perf_counter() - began) * 1000, 2),
            "bytes": len(body),
            "role": wanted.user.role,
            "document": wanted.text,
            "body": orjson.Fragment(body),
        }
        self._stream.put(0, _event("answer", told))
        while self.running:
            self._over.clear()
            await self._over.wait()
        self._stream.finish(b"event: complete\ndata:\n\n")


def _event(event: str, told: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), one_line(orjson.dumps(told, default=str)))


def _step(step: StepRun) -> Mapping[str, Any]:
    return {"number": step.number, "parent": step.parent, "kind": step.kind, "label": step.label, "at": step.at}


def _failure(run: Run) -> Mapping[str, Any] | None:
    return None if run.failure is None else {"code": run.failure.code, "message": run.failure.message}
