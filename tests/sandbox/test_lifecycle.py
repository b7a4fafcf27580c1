"""Processes come and go: cancelled runs, dead workers, a dead zygote, a dead gateway, the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.sandbox.processes import alive, eventually, workers, zygotes
from tests.sandbox.world import Recorder, World, open_sandbox, program
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, ProgramFailed
from tidegate.sandbox import frames

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def opened(*arguments: str, **settings: float) -> AsyncIterator[World]:
    world = World(open_sandbox(*arguments, **settings))
    try:
        await world.load()
        yield world
    finally:
        await world.sandbox.close()


class Waiting(Recorder):
    """A host that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def _wait(self, what: Asked, arguments: Sequence[Json]) -> Json:
        self.started.set()
        await self.go_on.wait()
        return None


async def test_cancelling_a_run_ends_its_process(world: World) -> None:
    host = Waiting()
    run = asyncio.ensure_future(world.run("ask('http')", host=host))
    await host.started.wait()
    before = {worker.pid for worker in workers()}
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await eventually(lambda: sum(alive(pid) for pid in before) < len(before))
    assert (await world.run("result = 1")).value == 1


async def test_a_run_that_waits_for_its_turn_can_be_cancelled() -> None:
    async with opened(workers=1) as world:
        host = Waiting()
        first = asyncio.ensure_future(world.run("ask('http')\nresult = 1", host=host))
        await host.started.wait()
        second = asyncio.ensure_future(world.run("result = 2"))
        third = asyncio.ensure_future(world.run("result = 3"))
        await asyncio.sleep(0)
        second.cancel()
        host.go_on.set()
        assert ((await first).value, (await third).value) == (1, 3)
        assert second.cancelled() or (await asyncio.wait([second]))


async def test_a_worker_serves_many_runs_and_is_replaced_after_its_last() -> None:
    async with opened(runs=3, standby=1) as world:
        served = [(await world.run("result = runs")).value for _ in range(20)]
    # The context of the rehearsal is the first.
    assert {3} <= set(served) <= {1, 2, 3}


async def test_what_a_program_throws_does_not_cost_a_process() -> None:
    async with opened(standby=1) as world:
        for _ in range(3):
            with pytest.raises(ProgramFailed):
                await world.run("raise Thrown('x')")
        served = {(await world.run("result = runs")).value for _ in range(4)}
        assert served - {1}


async def test_a_worker_that_dies_while_it_waits_is_replaced(world: World) -> None:
    await eventually(lambda: len(workers()) >= 2)
    before = {worker.pid for worker in workers()}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: len({worker.pid for worker in workers()} - before) >= 2)
    assert (await world.run("result = 1")).value == 1


async def test_a_worker_that_speaks_out_of_turn_is_replaced(world: World) -> None:
    # After its answer, and before it is ready.
    await world.run('frames.write_frame(SOCKET, frames.Kind.DONE, b\'{"value":1,"input":{}}\')\nos._exit(0)')
    done = frames.HEADER.pack(22, frames.Kind.DONE) + b'{"value":1,"input":{}}'
    ready = frames.HEADER.pack(0, frames.Kind.READY)
    await world.run(f"os.write(SOCKET, {done + ready + ready!r})\nwhile True: pass")
    for number in range(10):
        assert (await world.run(f"result = {number}")).value == number


async def test_a_dead_zygote_is_replaced(world: World) -> None:
    (zygote,) = zygotes()
    host = Waiting()
    run = asyncio.ensure_future(world.run("ask('http')", host=host))
    await host.started.wait()
    before = {worker.pid for worker in workers()}
    zygote.kill()
    await eventually(lambda: not any(map(alive, before)))
    host.go_on.set()
    with pytest.raises(ProgramFailed) as caught:
        await run
    assert caught.value.fault is Fault.BROKEN
    await eventually(lambda: not alive(zygote.pid))
    assert (await world.run("result = 1")).value == 1


async def test_a_worker_that_never_gets_ready_is_an_error_and_not_a_storm() -> None:
    async with opened("no context", standby=1, runs=2) as world:
        for _ in range(6):
            assert (await world.run("result = 1")).value == 1


async def test_workers_that_fail_together_are_one_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What stopped them may be over; it is only after several, one after the other, that there is no hope."""
    doomed = tmp_path / "stillborn"
    doomed.write_bytes(bytes(5))
    async with opened("", str(doomed), standby=4) as world:
        assert (await world.run("result = 1")).value == 1
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == ["""A worker of the sandbox failed with b"RuntimeError('stillborn')"."""] * 5


async def test_workers_that_fail_one_after_the_other_are_given_up(tmp_path: Path) -> None:
    doomed = tmp_path / "stillborn"
    doomed.write_bytes(bytes(100))
    sandbox = open_sandbox("", str(doomed), standby=4)
    try:
        (problem,) = await sandbox.load([program("result = 1")], Limits())
        assert problem.sentence == 'The action "tidy" of tickets could not be loaded: no worker gets ready.'
    finally:
        await sandbox.close()


async def test_workers_that_were_needed_for_a_while_are_let_go() -> None:
    async with opened(idle=0.1) as world:
        host = Waiting()
        runs = [asyncio.ensure_future(world.run("ask('http')\nresult = 1", host=host)) for _ in range(8)]
        await eventually(lambda: len(host.asked) == len(runs))
        host.go_on.set()
        assert [(await run).value for run in runs] == [1] * len(runs)
        await eventually(lambda: len(workers()) == 2)
        assert (await world.run("result = 1")).value == 1


async def test_nothing_is_left_after_the_end() -> None:
    descriptors = psutil.Process().num_fds()
    for _ in range(2):
        async with opened() as world:
            await asyncio.gather(*(world.run("result = 1") for _ in range(10)))
            host = Waiting()
            run = asyncio.ensure_future(world.run("ask('http')", host=host))
            await host.started.wait()
            pids = [process.pid for process in (*zygotes(), *workers())]
            assert len(pids) > 2
        with pytest.raises(ProgramFailed):
            await run
        for pid in pids:
            await eventually(lambda pid=pid: not alive(pid))  # type: ignore[misc]
    assert psutil.Process().num_fds() == descriptors


async def test_a_reload_leaves_nothing_of_the_one_before(world: World) -> None:
    await world.run("result = 1")
    before = [process.pid for process in (*zygotes(), *workers())]
    await world.load(Limits(scriptCpu=2.0))
    await eventually(lambda: not any(map(alive, before)))


GATEWAY = """
import asyncio, sys, psutil
from tests.sandbox.world import World, open_sandbox

async def main():
    world = World(open_sandbox())
    await world.load()
    busy = asyncio.ensure_future(world.run("pow(3, 10**9)"))
    await world.run("result = 1")
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def start_gateway() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", GATEWAY], cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def test_when_the_gateway_is_killed_all_of_it_dies() -> None:
    with start_gateway() as gateway:
        assert gateway.stdout is not None
        pids = [int(pid) for pid in (await asyncio.to_thread(gateway.stdout.readline)).split()]
        assert len(pids) >= 3
        assert all(map(alive, pids))
        gateway.kill()
    await eventually(lambda: not any(map(alive, pids)))
