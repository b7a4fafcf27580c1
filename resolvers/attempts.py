"""`try` of functions: what is done where a step fails, and what in any case."""

from __future__ import annotations

import asyncio
from logging import getLogger
from typing import TYPE_CHECKING

from tidegate.core.errors import PASSING, Code, OperationError
from tidegate.core.flow import Attempt, Block
from tidegate.core.json import Json
from tidegate.resolvers.returned import Returned

if TYPE_CHECKING:
    from tidegate.resolvers.course import Course

_log = getLogger("tidegate.functions")


async def run_attempt(course: Course, attempt: Attempt) -> Json | Returned:
    """What the body or the `catch` gave. An error of `finally` goes on in the place of another one, but not of a
    refusal, and not where this is cut off."""
    try:
        value = await _try(course, attempt)
    except OperationError as error:
        if error.code in PASSING:
            await _end_quietly(course, attempt.last)
        else:
            await _end(course, attempt.last)
        raise
    except asyncio.CancelledError:
        if attempt.last:
            _give_time(course)
            await _end_quietly(course, attempt.last)
        raise
    await _end(course, attempt.last)
    return value


class Standing:
    """Whether whoever runs here has been told to stop since this was made. What is stopped may end with an error of its
    own, which nothing may take for a reason to go on."""

    def __init__(self) -> None:
        self._requests = _requests()

    def check(self) -> None:
        """Raises `CancelledError`."""
        if _requests() > self._requests:
            raise asyncio.CancelledError


def _requests() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def _try(course: Course, attempt: Attempt) -> Json | Returned:
    standing = Standing()
    try:
        if not course.frame.joined:
            return await course.run_block(attempt.body)
        async with course.frame.transaction.attempt():
            return await course.run_block(attempt.body)
    except OperationError as error:
        standing.check()
        if attempt.catch is None or error.code in PASSING:
            raise
        before = course.variables.get("error")
        course.variables["error"] = describe(error)
        try:
            return await course.run_block(attempt.catch)
        finally:
            course.variables["error"] = before


def _give_time(course: Course) -> None:
    """The call's own may be over."""
    call = course.frame.call
    call.deadline = max(call.deadline, asyncio.get_running_loop().time() + course.frame.limits.handlerTime)


async def _end(course: Course, block: Block) -> None:
    if not block:
        return
    try:
        async with asyncio.timeout(course.frame.limits.handlerTime):
            await course.run_block(block)
    except TimeoutError as error:
        message = f"A finally of {course.runnable.operation.name} took too long and was stopped."
        raise OperationError(Code.TIMEOUT, message) from error


async def _end_quietly(course: Course, block: Block) -> None:
    try:
        await _end(course, block)
    except OperationError as error:
        told = course.frame.call.id, course.runnable.operation.name, error.code, error.message
        _log.warning("Call %s: a finally of %s failed: %s: %s", *told)


def describe(error: OperationError) -> Json:
    """As handlers see it."""
    return {"code": str(error.code), "message": error.message, "step": error.step}
