"""Questions that take long: together, and one that is touched all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from tests.realtime.world import Reader, World, encode, question, runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.live import Question, Result
from tidegate.realtime.live import LiveQueries
from tidegate.realtime.machine import Machine, State, Wake

SLOW = runnable("slow")


@dataclass(eq=False)
class Slow(World):
    """Answers a few questions in time, and not more."""

    sizes: list[int] = field(default_factory=list)

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        self.sizes.append(len(questions))
        if len(questions) > 5:
            return [OperationError(Code.TIMEOUT, "Too long.") for _ in questions]
        return await super().ask(questions, deadline)


@pytest.fixture
def world() -> Slow:
    return Slow()


@pytest.fixture
async def live(world: Slow) -> AsyncIterator[LiveQueries]:
    live = LiveQueries(world)
    yield live
    await live.close()


async def test_a_batch_that_takes_too_long_is_asked_in_parts(world: Slow, live: LiveQueries) -> None:
    readers = [Reader() for _ in range(64)]
    for number, reader in enumerate(readers):
        live.watch(question(SLOW, number), encode, 0.0, reader)
    for number, reader in enumerate(readers):
        await reader.gets(f"{number}: 0".encode())
    assert {tuple(reader.got) for reader in readers} == {(f"{number}: 0".encode(),) for number in range(64)}
    before = len(world.sizes)
    world.write(live.publish, *range(64))
    for number, reader in enumerate(readers):
        await reader.gets(f"{number}: 1".encode())
    assert max(world.sizes[before:]) <= 5


def test_what_takes_long_is_asked_half_of_the_time() -> None:
    machine: Machine[Reader] = Machine()
    reader = Reader()
    (ask,) = machine.watch(question(SLOW, 1), encode, 0.05, reader, now=0.0)
    query = ask.query  # type: ignore[union-attr]
    assert machine.begun(query, 0.0)
    machine.touched([query], 1.0)
    effects = machine.answered(query, Result(b"1"), 3.0)
    assert query.state is State.WAITING
    assert Wake(6.0) in effects


async def test_a_single_question_that_takes_too_long_fails(live: LiveQueries, world: Slow) -> None:
    reader = Reader()
    world.failures += [OperationError(Code.TIMEOUT, "Too long.")]
    live.watch(question(SLOW, 1), encode, 0.0, reader)
    async with asyncio.timeout(60):
        await reader.gets(b"!TIMEOUT")
