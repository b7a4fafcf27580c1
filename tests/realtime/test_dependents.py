"""Those whose own question is made of a live query's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.realtime.world import Reader, World, are_asked, encode, question, runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.realtime.live import LiveQueries

ME = question(runnable("me"), 1)


@dataclass(eq=False)
class Dependent:
    heard: list[str] = field(default_factory=list)
    broken: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def stale(self) -> None:
        self._hear("stale")

    def settled(self, result: Result) -> None:
        self._hear(result.body.decode())

    def deliver(self, result: Result) -> None:
        pass

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        self._news.set()
        if self.broken:
            raise ValueError(what)

    async def hears(self, *words: str) -> None:
        async with asyncio.timeout(60):
            while self.heard != list(words):
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveQueries]:
    live = LiveQueries(world)
    yield live
    await live.close()


async def test_stale_at_once_and_settled_also_when_it_is_the_same(world: World, live: LiveQueries) -> None:
    first, late = Dependent(), Dependent()
    live.depend(ME, encode, first)
    await first.hears("1: 0")
    live.depend(ME, encode, late)
    await late.hears("1: 0")
    world.write(live.publish, 1, number=0)
    assert first.heard == ["1: 0", "stale"]
    await first.hears("1: 0", "stale", "1: 0")
    world.write(live.publish, 2)
    world.write(live.publish, 1, number=5)
    await late.hears("1: 0", "stale", "1: 0", "stale", "1: 5")


async def test_what_is_touched_while_it_is_asked_is_not_settled(world: World, live: LiveQueries) -> None:
    dependent, gate = Dependent(), asyncio.Event()
    world.gate = gate
    live.depend(ME, encode, dependent)
    await are_asked(world, 1)
    world.write(live.publish, 1)
    gate.set()
    await dependent.hears("stale", "1: 1")


async def test_nothing_is_heard_after_the_end(world: World, live: LiveQueries) -> None:
    dependent, reader = Dependent(), Reader()
    live.watch(ME, encode, 0.0, reader)
    await reader.gets(b"1: 0")
    live.depend(ME, encode, dependent)
    live.unwatch(ME, dependent)
    world.write(live.publish, 1)
    await reader.gets(b"1: 1")
    assert dependent.heard == []


async def test_an_error_settles_too(world: World, live: LiveQueries) -> None:
    dependent = Dependent()
    world.failures.append(OperationError(Code.UPSTREAM_FAILED, "Gone."))
    live.depend(ME, encode, dependent)
    await dependent.hears("!UPSTREAM_FAILED", "1: 0")


async def test_one_that_fails_harms_nobody(world: World, live: LiveQueries, caplog: pytest.LogCaptureFixture) -> None:
    broken, whole = Dependent(broken=True), Dependent()
    live.depend(ME, encode, broken)
    live.depend(ME, encode, whole)
    await whole.hears("1: 0")
    world.write(live.publish, 1)
    await whole.hears("1: 0", "stale", "1: 1")
    assert broken.heard == whole.heard
    assert "could not be told" in caplog.text
