"""The part of a session that is the same for all who ask other servers: what was sent cannot be undone."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar

from tidegate.core.change import Outside
from tidegate.core.errors import OperationError
from tidegate.core.footprint import Touch
from tidegate.core.integration import Answer, Compiled
from tidegate.core.json import Given, frozen

K = TypeVar("K", bound=Hashable)

AT_ONCE: Final = 10
"""Requests of one batch that are on their way at the same time."""


class UpstreamSession(ABC):
    """Implements most of core's `Session`. `lost` are touches that the call will not tell of, because it failed, or
    because nobody knows what became of them."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self.written: list[Touch] = []
        self.lost: list[Touch] = []

    @abstractmethod
    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer: ...

    @asynccontextmanager
    async def telling(self, outside: Outside) -> AsyncIterator[Self]:
        """From the session's beginning to its end."""
        try:
            yield self
        except BaseException:
            self.lost += self.written
            raise
        finally:
            if self.lost:
                outside(tuple(dict.fromkeys(self.lost)))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        count = len(self.written)
        try:
            yield
        except BaseException:
            self.lost += self.written[count:]
            del self.written[count:]
            raise

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        """Some at the same time, and equal ones once."""
        keys = [tuple(map(frozen, values)) for values in batch]
        answers = await self.each(compiled, dict(zip(keys, batch, strict=True)))
        return [answers[key] for key in keys]

    async def each(
        self, compiled: Compiled, distinct: Mapping[K, Sequence[Given]]
    ) -> Mapping[K, Answer | OperationError]:
        room = asyncio.Semaphore(AT_ONCE)

        async def answer(values: Sequence[Given]) -> Answer | OperationError:
            async with room:
                try:
                    return await self.execute(compiled, values)
                except OperationError as error:
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(answer(values)) for key, values in distinct.items()}
        return {key: task.result() for key, task in tasks.items()}
