"""A sandbox of one kind of Python, and what is asked of it in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.sandbox.world import PATIENCE, Recorder
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, HostRefused, Invocation, Language, Outcome, Program, ProgramFailed
from tidegate.sandbox.sandbox import LocalSandbox

FILE = "functions/judge.py"
BOTH = (Language.PYTHON, Language.CPYTHON)
SETTINGS: dict[str, Json] = {"Config": {"threshold": 3}, "CONSTS": {"apiUrl": "https://gate.example"}}
LIMITS = Limits(scriptCpu=PATIENCE, scriptTime=PATIENCE)


class House:
    """A sandbox of one language, and a host of its own."""

    def __init__(self, language: Language, sandbox: LocalSandbox) -> None:
        self.language = language
        self.sandbox = sandbox
        self.host = Recorder()

    def program(self, text: str) -> Program:
        return Program('the function "judge"', self.language, FILE, text)

    async def load(self, limits: Limits = LIMITS) -> None:
        assert await self.sandbox.load([self.program("def run():\n    pass")], limits) == ()

    async def run(
        self, text: str, given: Mapping[str, Json] | None = None, host: Recorder | None = None, **more: Any
    ) -> Outcome:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        invocation = Invocation(given or {}, settings=SETTINGS, **more)
        return await self.sandbox.run(self.program(text), invocation, host or self.host, deadline)

    async def value(self, expression: str, host: Recorder | None = None, **given: Any) -> Json:
        return (await self.run(f"def run(input, context):\n    return {expression}", given, host)).value

    async def failure(self, text: str, host: Recorder | None = None) -> ProgramFailed:
        with pytest.raises(ProgramFailed) as caught:
            await self.run(text, {"a": 1}, host)
        return caught.value


@asynccontextmanager
async def opened(language: Language, limits: Limits = LIMITS) -> AsyncIterator[House]:
    house = House(language, LocalSandbox())
    try:
        await house.load(limits)
        yield house
    finally:
        await house.sandbox.close()


def refusing(refused: HostRefused) -> Recorder:
    async def refuse(what: Asked, arguments: Sequence[Json]) -> Json:
        raise refused

    return Recorder(refuse)


def answering(answer: Json) -> Recorder:
    async def give(what: Asked, arguments: Sequence[Json]) -> Json:
        return answer

    return Recorder(give)
