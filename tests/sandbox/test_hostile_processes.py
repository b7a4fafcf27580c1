"""The scripts that mean harm, in real processes: each fails alone, and its neighbours are undisturbed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.sandbox.hostile_scripts import SCRIPTS, Hostile
from tests.sandbox.world import PATIENCE
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, HostRefused, Invocation, Language, Program, ProgramFailed
from tidegate.sandbox.sandbox import LocalSandbox

FAULTS = {"throws": Fault.THROWN, "exceeds": Fault.LIMIT, "breaks": Fault.BROKEN, "stops": Fault.LIMIT}
NEIGHBOURS = {
    Language.JAVASCRIPT: "const run = (input) => [input.a, _.sum([1, 2])];",
    Language.PYTHON: "def run(input):\n    return [input['a'], sum([1, 2])]",
    Language.CPYTHON: "import statistics\n\n\ndef run(input):\n    return [input['a'], statistics.mean([2, 4])]",
}
AT_ONCE = 4


class Refusing:
    async def ask(self, what: Asked, arguments: Sequence[Json]) -> Json:
        match what:
            case Asked.COMPARE:
                return False
            case Asked.EMIT:
                return {"status": 200, "message": "ok"}
            case Asked.CALL if arguments[0] == "slow":
                await asyncio.sleep(10 * PATIENCE)
        raise HostRefused("The gateway refuses.", "Refused")

    def log(self, level: str, text: str) -> None:
        text.encode()


def program_of(script: Hostile) -> Program:
    return Program(script.name, script.language, script.file, script.code)


LIMITS = {
    "those that end": Limits(scriptCpu=PATIENCE, scriptTime=PATIENCE),
    "those that are stopped": Limits(scriptCpu=0.25, scriptTime=10.0),
}


@asynccontextmanager
async def opened(limits: Limits, programs: Sequence[Program]) -> AsyncIterator[LocalSandbox]:
    sandbox = LocalSandbox()
    try:
        assert await sandbox.load(programs, limits) == ()
        yield sandbox
    finally:
        await sandbox.close()


async def run(sandbox: LocalSandbox, program: Program) -> Json:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    return (await sandbox.run(program, Invocation({"a": 1}), Refusing(), deadline)).value


async def complaint_about(sandbox: LocalSandbox, script: Hostile) -> str:
    """How it went otherwise than it should have; empty if it did not."""
    try:
        value = await run(sandbox, program_of(script))
    except ProgramFailed as failed:
        good = script.outcome == "fails" or FAULTS.get(script.outcome) is failed.fault
        good = good and (script.outcome == "stops" or script.what in failed.message)
        good = good and (not failed.place or failed.place.startswith(script.file))
        return "" if good else f"{script}: {failed.fault}: {failed.message} at {failed.place}"
    good = script.outcome == "answers" and (not script.what or value == cleaned(json.loads(script.what)))
    return "" if good else f"{script}: {value!r:.200}"


def cleaned(value: Json) -> Json:
    """As the gateway takes it."""
    return value.replace("\0", "") if isinstance(value, str) else value


@pytest.mark.parametrize("which", LIMITS)
@pytest.mark.parametrize("language", Language)
async def test_each_fails_alone(language: Language, which: str) -> None:
    of_language = [script for script in SCRIPTS if script.language is language]
    waiting = [script for script in of_language if (script.outcome == "stops") is (which == "those that are stopped")]
    assert len(of_language) > 70
    neighbour = Program("the neighbour", language, "actions/good", NEIGHBOURS[language])
    complaints: list[str] = []

    async def work() -> None:
        while waiting:
            complaints.append(await complaint_about(sandbox, waiting.pop()))
            assert await run(sandbox, neighbour) == [1, 3]

    async with (
        opened(LIMITS[which], [neighbour, *map(program_of, of_language)]) as sandbox,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(AT_ONCE):
            group.create_task(work())
    assert [complaint for complaint in complaints if complaint] == []
