"""What a run of either kind of Python may take, and what becomes of one that takes more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.sandbox.house import BOTH, FILE, LIMITS, House, opened
from tests.sandbox.world import Recorder
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, Language
from tidegate.sandbox.sandbox import LocalSandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASTY = replace(LIMITS, scriptCpu=0.3)
TIGHT = replace(
    LIMITS,
    scriptCalls=3,
    scriptEmits=2,
    scriptLines=2,
    scriptLog=20,
    scriptData=300,
    scriptDepth=3,
    scriptMemory=32 * 1024 * 1024,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandboxes() -> AsyncIterator[Mapping[tuple[Language, Limits], LocalSandbox]]:
    """Who takes too much takes it from nobody else: one of each kind, with each limits, does for all."""
    async with AsyncExitStack() as stack:
        yield {
            (language, limits): (await stack.enter_async_context(opened(language, limits))).sandbox
            for language in BOTH
            for limits in (HASTY, TIGHT)
        }


@pytest.fixture(params=BOTH, ids=str)
def hasty(request: pytest.FixtureRequest, sandboxes: Mapping[tuple[Language, Limits], LocalSandbox]) -> House:
    return House(request.param, sandboxes[request.param, HASTY])


@pytest.fixture(params=BOTH, ids=str)
def tight(request: pytest.FixtureRequest, sandboxes: Mapping[tuple[Language, Limits], LocalSandbox]) -> House:
    return House(request.param, sandboxes[request.param, TIGHT])


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("def run():\n    while True:\n        x = 1", "computed for more than 300 ms", f"{FILE}"),
        ("def run():\n    return sum(range(10 ** 12))", "computed for more than 300 ms", f"{FILE}"),
    ],
)
async def test_who_computes_too_long_is_stopped(hasty: House, text: str, message: str, place: str) -> None:
    failed = await hasty.failure(text)
    assert (failed.fault, message in failed.message) == (Fault.LIMIT, True)
    assert failed.place.startswith(place)
    assert await hasty.value("1") == 1


@pytest.mark.parametrize("language", BOTH, ids=str)
async def test_who_waits_too_long_is_stopped(language: Language) -> None:
    async def hang(what: Asked, arguments: Sequence[Json]) -> Json:
        await asyncio.Event().wait()
        return None

    async with opened(language, replace(LIMITS, scriptTime=1.0)) as house:
        failed = await house.failure("def run():\n    gateway.call('x')", Recorder(hang))
    assert failed.fault is Fault.LIMIT
    assert failed.message == 'The function "judge" ran for more than 1 s.'
    assert failed.place.startswith(FILE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("for _ in range(9):\n        security.hash('x')", "More than 3 requests"),
        ("for _ in range(9):\n        socket.emitAll('x')", "More than 2 events"),
        ("for _ in range(9):\n        print('x')", "More than 2 lines"),
        ("for _ in range(9):\n        print('x' * 12)", "More than 20 bytes"),
        ("return 'x' * 999", "300 bytes"),
        ("input['a'] = 'x' * 999", "300 bytes"),
        ("gateway.call('x' * 999)", "300 bytes"),
        ("return [[[[1]]]]", "nested deeper than 3"),
        ("return len('x' * 299_000_000)", "of memory"),
    ],
)
async def test_limits(tight: House, text: str, message: str) -> None:
    failed = await tight.failure(f"def run(input, context):\n    {text}")
    assert failed.fault is Fault.LIMIT, failed.message
    assert message in failed.message
    assert failed.place.startswith(FILE)
    assert await tight.value("1") == 1
