"""Answers to live queries that are on their way for some time: whatever may happen meanwhile does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.core.errors import OperationError
from tidegate.core.integration import Answer
from tidegate.core.live import Question
from tidegate.edition import Edition
from tidegate.realtime.live import LiveQueries


@dataclass
class Lag:
    seconds: float = 0.0


class SlowRunner:
    """Another runner, whose answers come late. Any: whatever it has."""

    def __init__(self, runner: Any, lag: Lag) -> None:
        self._runner = runner
        self._lag = lag

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        answers: Sequence[Answer | OperationError] = await self._runner.ask(questions, deadline)
        if self._lag.seconds:
            await asyncio.sleep(self._lag.seconds)
        return answers


def edition_with(lag: Lag) -> type[Edition]:
    """Its live queries are answered late; those of the editions that it is reloaded to are not."""

    class LateEdition(Edition):
        # Any: whatever an edition is made of.
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            self.live = LiveQueries(SlowRunner(self.runner, lag))

    return LateEdition
