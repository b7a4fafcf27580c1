"""A sandbox of real processes whose programs are Python that nothing holds back but the sandbox itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Invocation, Language, Outcome, Program
from tidegate.sandbox.nursery import EngineSource
from tidegate.sandbox.sandbox import LocalSandbox

PATIENCE = 60.0
FOLDER = Path(__file__).parent / "engines"


def native(*arguments: str) -> EngineSource:
    return EngineSource("engines.native:Native", arguments, {"engines": [str(FOLDER)]})


def open_sandbox(*arguments: str, **settings: Any) -> LocalSandbox:
    return LocalSandbox(engines={Language.PYTHON: native(*arguments)}, **settings)


def program(text: str, file: str = "actions/tidy.py") -> Program:
    return Program('the action "tidy" of tickets', Language.PYTHON, file, text)


class Recorder:
    """A host. Answers with what `answer` gives, or with what it was asked."""

    def __init__(self, answer: Callable[[Asked, Sequence[Json]], Awaitable[Json]] | None = None) -> None:
        self._answer = answer
        self.asked: list[tuple[Asked, Sequence[Json]]] = []
        self.lines: list[tuple[str, str]] = []

    async def ask(self, what: Asked, arguments: Sequence[Json]) -> Json:
        self.asked.append((what, arguments))
        if self._answer is not None:
            return await self._answer(what, arguments)
        return [what, *arguments]

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))


class World:
    """A loaded sandbox, and one host for all runs."""

    def __init__(self, sandbox: LocalSandbox) -> None:
        self.sandbox = sandbox
        self.host = Recorder()

    async def run(
        self,
        text: str,
        given: Mapping[str, Json] | None = None,
        host: Recorder | None = None,
        patience: float = PATIENCE,
    ) -> Outcome:
        deadline = asyncio.get_running_loop().time() + patience
        return await self.sandbox.run(program(text), Invocation(given or {}), host or self.host, deadline)

    async def load(self, limits: Limits | None = None) -> None:
        assert await self.sandbox.load([program("result = None")], limits or Limits(timeout=PATIENCE)) == ()


@asynccontextmanager
async def opened(limits: Limits | None = None) -> AsyncIterator[World]:
    world = World(open_sandbox())
    try:
        await world.load(limits)
        yield world
    finally:
        await world.sandbox.close()
