"""Many runs at once: as many processes as allowed, the others wait for their turn in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import uvloop

from tests.sandbox.world import Recorder, World, open_sandbox, program
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, Invocation, ProgramFailed


async def test_no_more_at_once_than_allowed_and_in_the_order_they_came() -> None:
    under_way = most = 0
    order: list[Json] = []

    async def note(what: Asked, arguments: Sequence[Json]) -> Json:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        order.append(arguments[0])
        await asyncio.sleep(0.005)
        under_way -= 1
        return None

    world = World(open_sandbox(workers=3))
    try:
        await world.load()
        runs = [world.run(f"ask('hash', {number})\nresult = {number}", host=Recorder(note)) for number in range(40)]
        outcomes = await asyncio.gather(*runs)
        assert [outcome.value for outcome in outcomes] == list(range(40))
        assert most == 3
        # Those who have their turn at the same time may overtake each other.
        assert all(abs(place - number) < 3 for place, number in enumerate(order) if isinstance(number, int))
    finally:
        await world.sandbox.close()


async def test_a_run_within_a_run_needs_no_turn() -> None:
    world = World(open_sandbox(workers=2))

    async def call(what: Asked, arguments: Sequence[Json]) -> Json:
        (depth,) = arguments
        assert isinstance(depth, int)
        return (await world.run(nested(depth - 1), host=Recorder(call))).value if depth else "bottom"

    def nested(depth: int) -> str:
        return f"result = ask('call', {depth})"

    try:
        await world.load(Limits(scriptTime=60))
        outcomes = await asyncio.gather(*(world.run(nested(4), host=Recorder(call)) for _ in range(4)))
        assert [outcome.value for outcome in outcomes] == ["bottom"] * 4
    finally:
        await world.sandbox.close()


async def test_whose_time_is_up_before_its_turn_is_told_so() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        started.set()
        await go_on.wait()
        return None

    world = World(open_sandbox(workers=1))
    try:
        await world.load()
        first = asyncio.ensure_future(world.run("ask('hash')\nresult = 1", host=Recorder(wait)))
        await started.wait()
        with pytest.raises(ProgramFailed) as caught:
            await world.run("result = 2", patience=0.05)
        assert caught.value.fault is Fault.LIMIT
        assert caught.value.message == 'The action "tidy" of tickets waited too long for its turn.'
        go_on.set()
        assert (await first).value == 1
    finally:
        await world.sandbox.close()


async def test_programs_that_name_libraries_have_workers_of_their_own() -> None:
    world = World(open_sandbox(library_runs=1))
    try:
        await world.load()
        outcomes = [await world.run(f"# {name}\nresult = [loaded, runs]") for name in ("libraries", "none") * 3]
        assert [outcome.value[0] for outcome in outcomes] == [True, False] * 3  # type: ignore[index]
        assert {outcome.value[1] for outcome in outcomes[::2]} == {1}  # type: ignore[index]
    finally:
        await world.sandbox.close()


async def test_runs_go_on_through_reloads() -> None:
    world = World(open_sandbox(workers=2))
    try:
        await world.load()
        runs = [asyncio.ensure_future(world.run(f"ask('hash')\nresult = {number}")) for number in range(60)]
        for _ in range(3):
            await asyncio.sleep(0.01)
            await world.load()
        assert [(await run).value for run in runs] == list(range(60))
    finally:
        await world.sandbox.close()


def test_with_the_event_loop_that_the_server_uses() -> None:
    async def use() -> list[Json]:
        world = World(open_sandbox())
        try:
            await world.load()
            with pytest.raises(ProgramFailed):
                await world.run("os._exit(1)")
            runs = [world.run(f"ask('hash', 'x' * 300_000)\nresult = {number}") for number in range(20)]
            return [outcome.value for outcome in await asyncio.gather(*runs)]
        finally:
            await world.sandbox.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(use()) == list(range(20))


async def test_a_run_that_others_may_wait_for_needs_no_turn() -> None:
    over = asyncio.Event()

    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        await over.wait()
        return None

    world = World(open_sandbox(workers=1))
    try:
        await world.load()
        first = asyncio.ensure_future(world.run("ask('hash')\nresult = 1", host=Recorder(wait)))
        second = asyncio.ensure_future(world.run("result = 2"))
        deadline = asyncio.get_running_loop().time() + 60
        outcome = await world.sandbox.run(program("result = 3"), Invocation({}), world.host, deadline, at_once=True)
        assert (outcome.value, second.done()) == (3, False)
        over.set()
        assert ((await first).value, (await second).value) == (1, 2)
    finally:
        await world.sandbox.close()


async def test_who_waits_for_a_server_elsewhere_keeps_nobody_from_their_turn() -> None:
    over = asyncio.Event()

    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        await over.wait()
        return None

    world = World(open_sandbox(workers=1))
    try:
        await world.load()
        first = asyncio.ensure_future(world.run("ask('http')\nask('http')\nresult = 1", host=Recorder(wait)))
        assert [(await world.run(f"result = {number}")).value for number in range(3)] == [0, 1, 2]
        assert not first.done()
        over.set()
        assert (await first).value == 1
        # The turn was given back once: there is one still, and no more.
        over.clear()
        second = asyncio.ensure_future(world.run("ask('hash')\nresult = 2", host=Recorder(wait)))
        third = asyncio.ensure_future(world.run("result = 3"))
        await asyncio.sleep(0.2)
        assert not third.done()
        over.set()
        assert ((await second).value, (await third).value) == (2, 3)
    finally:
        await world.sandbox.close()


async def test_only_so_many_wait_elsewhere() -> None:
    over = asyncio.Event()

    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        await over.wait()
        return None

    world = World(open_sandbox(workers=1, away=1))
    try:
        await world.load()
        hosts = [Recorder(wait) for _ in range(3)]
        runs = [asyncio.ensure_future(world.run("ask('http')\nresult = 1", host=host)) for host in hosts]
        while not hosts[1].asked:  # noqa: ASYNC110 - the second has its turn, and keeps it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert not hosts[2].asked
        over.set()
        assert [(await run).value for run in runs] == [1, 1, 1]
        # Nothing of it is left.
        assert [(await world.run("ask('http')\nresult = 2")).value for _ in range(3)] == [2, 2, 2]
    finally:
        await world.sandbox.close()
