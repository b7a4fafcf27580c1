"""Several of a function's blocks at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sized
from typing import TypeVar

T = TypeVar("T")


async def run_all(works: Iterable[Callable[[], Awaitable[T]]], most: int) -> list[T]:
    """What each gives, in order; `most` at a time, the next one as soon as one has ended. The first error ends those
    that run, no other is begun, and it is raised when they have ended."""
    results: dict[int, T] = {}
    waiting = iter(enumerate(works))
    errors: list[Exception] = []

    async def work() -> None:
        for place, each in waiting:
            try:
                results[place] = await each()
            except Exception as error:  # noqa: BLE001 - it is raised when all have ended
                # Not left to the group, which asks this call's own task to stop and, before Python 3.13, never takes
                # it back: a timeout around it would not know its own time any more.
                errors.append(error)
                for other in tasks:
                    if other is not asyncio.current_task():
                        other.cancel()
            if errors:
                return

    at_once = min(most, len(works)) if isinstance(works, Sized) else most
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for _ in range(at_once)]
    if errors:
        raise errors[0] from errors[0].__cause__
    return [results[place] for place in range(len(results))]
