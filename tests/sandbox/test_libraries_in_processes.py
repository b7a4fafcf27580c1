"""Contexts that were made, with the libraries in them, before the processes were forked."""

from __future__ import annotations

import asyncio

from tests.sandbox.world import PATIENCE, Recorder
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Invocation, Language, Program
from tidegate.sandbox.sandbox import LocalSandbox

CODE = """const run = () => [
  uuid.v4(), uuid.v1(), crypto.randomUUID(), Math.random(), _.random(1e15), _.shuffle(_.range(100)).join(),
];"""


async def test_no_two_processes_share_random_numbers() -> None:
    program = Program("the program", Language.JAVASCRIPT, "functions/random.js", CODE)
    sandbox = LocalSandbox(runs=1, library_runs=1)

    async def run() -> Json:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        return (await sandbox.run(program, Invocation({}), Recorder(), deadline)).value

    try:
        assert await sandbox.load([program], Limits(scriptCpu=PATIENCE, scriptTime=PATIENCE)) == ()
        answers = await asyncio.gather(*(run() for _ in range(6)))
    finally:
        await sandbox.close()
    seen = [value for answer in answers if isinstance(answer, list) for value in answer]
    assert len(seen) == len(set(seen)) == 36
