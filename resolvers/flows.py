"""Runs functions: compiles what they ask, and sees a run from its first step to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from logging import getLogger

from tidegate.core.call import Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.errors import PASSING, Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.flow import Flow, Respond, steps_of
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.operation import Kind
from tidegate.resolvers.attempts import Standing, describe
from tidegate.resolvers.course import Course, Reply
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.nested import NestedCalls
from tidegate.resolvers.programs import Programs
from tidegate.resolvers.returned import Returned
from tidegate.resolvers.units import Units

Perform = Callable[[Runnable, Scope, Frame], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs of the gateway."""

    catalog: Catalog
    units: Units
    programs: Programs
    calls: NestedCalls
    perform: Perform


_log = getLogger("tidegate.functions")


class Flows:
    """Of one catalog."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def run(self, runnable: Runnable, scope: Scope, frame: Frame, reply: Reply | None = None) -> Json:
        """What the function answers. `reply` is where somebody outside waits for it; without one, an early answer waits
        until the end. Raises `OperationError`: TIMEOUT where the function's own time passes."""
        operation = runnable.operation
        flow = operation.plan.flow
        assert flow is not None
        course = Course(self._around, runnable, dict(scope), frame, reply or Reply())
        standing = Standing()
        try:
            value = await self._run_steps(course, flow)
        except OperationError as error:
            standing.check()
            try:
                value = await self._recover(course, flow, error)
            except OperationError as left:
                if course.reply.outside or not course.reply.given.is_set():
                    raise
                _log.warning("Call %s: %s failed after its answer: %s", frame.call.id, operation.name, left.message)
                value = course.reply.value
        if operation.kind is Kind.MUTATION and operation.refresh.queries:
            if frame.joined:
                frame.transaction.queries |= operation.refresh.queries
            else:
                self._around.units.publish(frame.call, (), operation.refresh.queries)
        return value

    async def _run_steps(self, course: Course, flow: Flow) -> Json:
        operation, frame = course.runnable.operation, course.frame
        deadline = min(frame.call.deadline, asyncio.get_running_loop().time() + operation.timeout)
        try:
            async with asyncio.timeout_at(deadline) as budget:
                course.reply.budget = budget
                if not frame.joined or not flow.on_error:
                    return _answer(course, await course.run_block(flow.steps))
                # What failed is undone before the handler goes on in the same transaction.
                async with frame.transaction.attempt():
                    return _answer(course, await course.run_block(flow.steps))
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{operation.name} took too long and was stopped.") from error

    async def _recover(self, course: Course, flow: Flow, error: OperationError) -> Json:
        """What the handler returns; where it returns nothing, the error goes on."""
        if not flow.on_error or error.code in PASSING:
            raise error
        call = course.frame.call
        most = self._around.catalog.limits.handlerTime
        now = asyncio.get_running_loop().time()
        if course.reply.outside:
            call.deadline = now + most
        course.variables["error"] = describe(error)
        try:
            async with asyncio.timeout_at(min(call.deadline, now + most)):
                value = await course.run_block(flow.on_error)
        except TimeoutError as late:
            message = f"What {call.operation.name} does about an error took too long and was stopped."
            raise OperationError(Code.TIMEOUT, message) from late
        if isinstance(value, Returned):
            return value.value
        raise error


@lru_cache(maxsize=1024)
def responds(flow: Flow) -> bool:
    """Whether somewhere in it is an early answer."""
    return any(isinstance(step.work, Respond) for step in steps_of(flow.steps))


def _answer(course: Course, value: Json | Returned) -> Json:
    if course.reply.given.is_set():
        return course.reply.value
    return value.value if isinstance(value, Returned) else value
