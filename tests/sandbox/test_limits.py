"""Whatever a run takes too much of: an error of that run alone, which says of what, and the next one is fine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.sandbox.world import PATIENCE, Recorder, World, opened, program
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, Invocation, ProgramFailed

LIMITS = Limits(
    scriptCpu=PATIENCE,
    scriptTime=PATIENCE,
    scriptMemory=32 * 1024 * 1024,
    scriptCalls=3,
    scriptEmits=2,
    scriptLines=5,
    scriptLog=100,
    scriptData=1000,
    scriptDepth=4,
)
HASTY = replace(LIMITS, scriptCpu=0.3)
pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBJECT = 'The action "tidy" of tickets'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worlds() -> AsyncIterator[Mapping[Limits, World]]:
    """Who takes too much takes it from nobody else: one with each limits does for all."""
    async with opened(LIMITS) as patient, opened(HASTY) as hasty:
        yield {LIMITS: patient, HASTY: hasty}


@pytest.fixture
def world(worlds: Mapping[Limits, World]) -> World:
    return World(worlds[LIMITS].sandbox)


@pytest.fixture
def hasty(worlds: Mapping[Limits, World]) -> World:
    return World(worlds[HASTY].sandbox)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("while True: pass", "computed for more than 300 ms"),
        ("while True:\n try:\n  while True: pass\n except BaseException: pass", "computed for more than 300 ms"),
        # Native code, where no handler of Python's has its turn.
        ("pow(3, 10**9)", "computed for more than 300 ms"),
        ("signal.setitimer(signal.ITIMER_VIRTUAL, 0)\npow(3, 10**9)", "computed for more than 300 ms"),
        ("x = bytearray(10**9)", "took more than 32 MiB of memory"),
        ("x = []\nwhile True: x.append(bytearray(10**6))", "took more than 32 MiB of memory"),
        ("for _ in range(4): ask('hash', 'x')", "asked more than 3 times for something"),
        ("ask('http')\nask('call')\nask('compare')\nask('hash')", "asked more than 3 times for something"),
        ("for _ in range(3): ask('emit')", "emitted more than 2 events"),
        ("for _ in range(6): log('log', 'x')", "wrote more than 5 lines to the console"),
        ("log('log', 'x' * 101)", "wrote more than 100 bytes to the console"),
        ("result = 'x' * 1000", "answered more than 1000 bytes"),
        ("given['input']['x'] = 'x' * 1000", "left an input of more than 1000 bytes"),
        ("result = [[[[[1]]]]]", "answered values nested deeper than 4"),
        (
            "result = b'{\"value\":' + b'[' * 600 + b']' * 600 + b',\"input\":{}}'",
            "answered values nested deeper than 4",
        ),
        ("ask('http', 'x' * 6000)", "asked for something with more than 1000 bytes"),
        ("ask('http', [[[[[1]]]]])", "asked for something nested deeper than 4"),
    ],
)
async def test_too_much(world: World, hasty: World, text: str, message: str) -> None:
    world = hasty if "computed" in message else world
    with pytest.raises(ProgramFailed) as caught:
        await world.run(text)
    assert (caught.value.fault, caught.value.message) == (Fault.LIMIT, f"{SUBJECT} {message}.")
    assert caught.value.place
    assert (await world.run("result = 1")).value == 1


async def test_as_much_as_it_may(world: World) -> None:
    text = "for _ in range(3): ask('hash', 'x')\nfor _ in range(2): ask('emit')\n"
    text += "for _ in range(5): log('log', 'x' * 20)\n"
    text += "result = [[['x' * 950]]]\ngiven['input']['x'] = 'x' * 950"
    outcome = await world.run(text)
    assert outcome.value == [[["x" * 950]]]
    assert outcome.input == {"x": "x" * 950}
    # Counted for each run.
    await world.run("for _ in range(3): ask('hash', 'x')")


async def test_the_place_is_told_where_the_engine_knows_it(hasty: World) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await hasty.run("while True: pass")
    assert caught.value.place == "somewhere.py:7:1"


async def test_time_includes_waiting() -> None:
    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        await asyncio.sleep(PATIENCE)
        return None

    async with opened(replace(LIMITS, scriptTime=2.0)) as world:
        with pytest.raises(ProgramFailed) as caught:
            await world.run("ask('http')", host=Recorder(wait))
        assert (caught.value.fault, caught.value.message) == (Fault.LIMIT, f"{SUBJECT} ran for more than 2 s.")
        assert caught.value.place == "somewhere.py:7:1"
        with pytest.raises(ProgramFailed, match="when the time of its call was up"):
            await world.run("ask('http')", host=Recorder(wait), patience=1.0)


async def test_computing_time_does_not(hasty: World) -> None:
    async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
        await asyncio.sleep(0.4)
        return None

    assert (await hasty.run("ask('http')\nask('http')\nresult = 1", host=Recorder(wait))).value == 1


async def test_what_is_given_is_limited_too(world: World) -> None:
    async def answer(what: Asked, arguments: Sequence[Json]) -> Json:
        return "x" * 1000

    with pytest.raises(ProgramFailed) as caught:
        await world.run("result = 1", {"x": "x" * 1000})
    assert (caught.value.fault, caught.value.message) == (Fault.LIMIT, f"{SUBJECT} was given more than 1000 bytes.")
    with pytest.raises(ProgramFailed, match="more than 1000 bytes") as caught:
        await world.run("ask('call')", host=Recorder(answer))
    assert caught.value.fault is Fault.THROWN
    # The body of an answer to a request has a limit of its own.
    assert (await world.run("result = len(ask('http'))", host=Recorder(answer))).value == 1000


async def test_other_runs_are_not_disturbed(hasty: World) -> None:
    faults = ["while True: pass", "pow(3, 10**9)", "x = bytearray(10**9)", "os._exit(1)", "libc.abort()", "os.fork()"]
    fine = [hasty.run(f"ask('hash', {number})\nresult = {number}") for number in range(30)]
    outcomes = await asyncio.gather(*map(hasty.run, faults), *fine, return_exceptions=True)
    assert all(isinstance(outcome, ProgramFailed) for outcome in outcomes[: len(faults)])
    values = [outcome.value for outcome in outcomes[len(faults) :] if not isinstance(outcome, BaseException)]
    assert values == list(range(30))


async def test_a_program_that_cannot_be_loaded_in_time_or_memory_is_a_mistake(hasty: World) -> None:
    deep = program("(" * 100_000)
    (problem,) = await hasty.sandbox.load([deep], HASTY)
    assert problem.at.file == deep.file
    deadline = asyncio.get_running_loop().time() + PATIENCE
    with pytest.raises(ProgramFailed):
        await hasty.sandbox.run(deep, Invocation({}), hasty.host, deadline)
