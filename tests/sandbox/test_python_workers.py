"""The processes of both kinds of Python: many at once, through reloads, and none that outlives its run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from tests.sandbox.house import BOTH, LIMITS, House, opened
from tests.sandbox.processes import alive, companions, eventually, hold_up_until, workers
from tests.sandbox.world import Recorder
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Language, Program, ProgramFailed
from tidegate.sandbox.sandbox import LocalSandbox


@pytest.fixture(params=BOTH, ids=str)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with opened(request.param) as house:
        yield house


async def test_many_at_once_and_through_reloads(house: House) -> None:
    text = "def run(input):\n    security.hash('x')\n    return input['n']"
    runs = [asyncio.ensure_future(house.run(text, {"n": number})) for number in range(24)]
    await asyncio.sleep(0.01)
    await house.load()
    assert [(await run).value for run in runs] == list(range(24))


async def test_workers_begin_while_the_gateway_is_busy() -> None:
    """The descriptors of those that are born wait to be received meanwhile: the kernel counts them, for each user, and
    lets nobody send another who may have fewer open."""
    text = "def run(input):\n    return input['n']"
    async with opened(Language.PYTHON) as house:
        assert (await house.run(text, {"n": -1})).value == -1
        runs = [asyncio.ensure_future(house.run(text, {"n": number})) for number in range(14)]
        for _ in range(10):
            # Their forks are ordered.
            await asyncio.sleep(0)
        hold_up_until(lambda: sum(process.name() == "monty" for process in companions()) >= len(runs))
        assert [(await run).value for run in runs] == list(range(len(runs)))


async def test_a_run_that_is_cancelled_leaves_nothing(house: House) -> None:
    started = asyncio.Event()

    async def hang(what: Asked, arguments: Sequence[Json]) -> Json:
        started.set()
        await asyncio.Event().wait()
        return None

    run = asyncio.ensure_future(house.run("def run():\n    gateway.call('x')", host=Recorder(hang)))
    await started.wait()
    before = {process.pid for worker in workers() for process in (worker, *worker.children())}
    run.cancel()
    await asyncio.wait([run])
    await eventually(lambda: not all(map(alive, before)))
    assert await house.value("2") == 2
    await house.sandbox.close()
    await eventually(lambda: not any(map(alive, before)))


async def test_a_project_without_python_starts_none() -> None:
    sandbox = LocalSandbox()
    try:
        assert await sandbox.load([Program("p", Language.JAVASCRIPT, "a.js", "run = () => 1")], Limits()) == ()
        assert not any(worker.children() for worker in workers())
    finally:
        await sandbox.close()


LOOP = "def run(input, context):\n    while True:\n        pass"


async def test_nothing_goes_on_computing_when_a_run_is_stopped(house: House) -> None:
    """The process that computes may be another one than the worker, and does not look at what it is told meanwhile."""
    limited = replace(LIMITS, scriptCpu=0.3)
    await house.load(limited)
    running = asyncio.create_task(house.run(LOOP))
    # Found while its worker is alive: afterwards it would be nobody's child.
    seen: set[int] = set()
    while not running.done():
        seen |= {process.pid for process in (*workers(), *companions())}
        await asyncio.sleep(0.02)
    assert isinstance(running.exception(), ProgramFailed)
    await house.sandbox.close()
    assert seen
    await eventually(lambda: not any(map(alive, seen)))


async def test_nothing_goes_on_computing_when_a_call_is_cancelled(house: House) -> None:
    running = asyncio.create_task(house.run(LOOP))
    await asyncio.sleep(0.3)
    seen = {process.pid for process in (*workers(), *companions())}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await house.sandbox.close()
    assert seen
    await eventually(lambda: not any(map(alive, seen)))
