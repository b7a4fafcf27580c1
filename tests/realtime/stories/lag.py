"""Answers to live queries that are on their way for some time: whatever may happen meanwhile does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from tidegate.core.errors import OperationError
from tidegate.core.integration import Answer
from tidegate.core.live import Question
from tidegate.edition import Edition
from tidegate.realtime.live import LiveQueries

LONGEST: Final = 0.5
"""Seconds: somebody may wait for what is held back before they go on."""


class Lag:
    def __init__(self) -> None:
        self.seconds = 0.0
        self._released: asyncio.Event | None = None

    def hold(self) -> None:
        """From now on nothing arrives before `release`, or for `LONGEST`."""
        if self._released is None:
            self._released = asyncio.Event()

    def release(self) -> None:
        if self._released is not None:
            self._released.set()
            self._released = None

    async def wait(self) -> None:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self._released is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST):
                    await self._released.wait()


class SlowRunner:
    """Another runner, whose answers come late. Any: whatever it has."""

    def __init__(self, runner: Any, lag: Lag) -> None:
        self._runner = runner
        self._lag = lag

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        answers: Sequence[Answer | OperationError] = await self._runner.ask(questions, deadline)
        await self._lag.wait()
        return answers


def edition_with(lag: Lag) -> type[Edition]:
    """Its live queries are answered late; those of the editions that it is reloaded to are not."""

    class LateEdition(Edition):
        # Any: whatever an edition is made of.
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            self.live = LiveQueries(SlowRunner(self.runner, lag))

    return LateEdition
