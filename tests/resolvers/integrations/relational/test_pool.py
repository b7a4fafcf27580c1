"""The pool of connections, with connections that are nothing but numbers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.relational.pool import Pool


@dataclass(eq=False)
class Line:
    number: int
    alive: bool = True
    closed: bool = False
    users: int = 0


@dataclass
class Server:
    """Hands out lines; down, it refuses."""

    lines: list[Line] = field(default_factory=list)
    down: bool = False
    slow: Callable[[], Awaitable[None]] | None = None

    async def connect(self) -> Line:
        if self.slow is not None:
            await self.slow()
        if self.down:
            raise ConnectionRefusedError
        line = Line(len(self.lines))
        self.lines.append(line)
        return line

    async def close(self, line: Line) -> None:
        line.alive = False
        line.closed = True

    def pool(self, size: int, patience: float = 5.0) -> Pool[Line]:
        return Pool(self.connect, size=size, patience=patience, alive=lambda line: line.alive, close=self.close)


async def test_the_one_given_back_last_is_lent_first() -> None:
    server = Server()
    pool = server.pool(3)
    first, second = await pool.acquire(), await pool.acquire()
    pool.release(second)
    pool.release(first)
    assert pool.take() is first
    assert pool.take() is second
    assert pool.take() is None
    pool.release(first)
    pool.release(second)
    await pool.shut(1.0)
    assert all(line.closed for line in server.lines)


async def test_a_dead_one_is_replaced() -> None:
    server = Server()
    pool = server.pool(1)
    line = await pool.acquire()
    pool.release(line)
    line.alive = False
    assert (await pool.acquire()).number == 1
    async with asyncio.timeout(60):
        while not line.closed:  # noqa: ASYNC110 - it is closed in the background
            await asyncio.sleep(0.001)
    server.lines[1].alive = False
    pool.release(server.lines[1])
    assert (pool.opened, pool.idle) == (0, 0)
    await pool.shut(1.0)


async def test_those_who_wait_are_served_in_turn() -> None:
    pool = Server().pool(1)
    served: list[int] = []

    async def use(number: int) -> None:
        line = await pool.acquire()
        served.append(number)
        await asyncio.sleep(0)
        pool.release(line)

    await asyncio.gather(*(use(number) for number in range(10)))
    assert served == list(range(10))
    await pool.shut(1.0)


async def test_waiting_ends() -> None:
    pool = Server().pool(1, patience=0.01)
    line = await pool.acquire()
    with pytest.raises(OperationError) as caught:
        await pool.acquire()
    assert caught.value.code is Code.TIMEOUT
    pool.release(line)
    assert await pool.acquire() is line


async def test_a_server_that_is_down_blocks_nobody_for_good() -> None:
    server = Server()
    pool = server.pool(1)
    line = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    server.down = True
    line.alive = False
    pool.release(line)
    with pytest.raises(ConnectionRefusedError):
        await waiting
    server.down = False
    assert (await pool.acquire()).number == 1


async def test_one_who_is_cancelled_while_being_served_passes_it_on() -> None:
    pool = Server().pool(1)
    line = await pool.acquire()
    first, second = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    pool.release(line)
    first.cancel()
    assert await second is line
    assert first.cancelled()


async def test_one_who_is_cancelled_while_connecting_makes_room() -> None:
    server = Server()
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    server.slow = wait
    pool = server.pool(1)
    first, second = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    gate.set()
    assert (await second).number == 0


async def test_closing_ends_the_waiting_and_refuses_newcomers() -> None:
    pool = Server().pool(1)
    line = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.shut(1.0))
    with pytest.raises(OperationError):
        await waiting
    with pytest.raises(OperationError):
        await pool.acquire()
    pool.release(line)
    await closing
    assert line.closed


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_nobody_shares_and_nothing_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    server = Server()

    async def hesitate() -> None:
        await asyncio.sleep(chance.choice((0, 0, 0.001)))

    server.slow = hesitate
    pool = server.pool(3, patience=0.05)

    async def use() -> None:
        await asyncio.sleep(chance.random() * 0.01)
        try:
            line = pool.take() or await pool.acquire()
        except (OperationError, ConnectionRefusedError):
            return
        line.users += 1
        try:
            assert line.users == 1
            assert line.alive
            assert pool.opened <= pool.size
            await asyncio.sleep(chance.choice((0, 0.001)))
        finally:
            line.users -= 1
            if chance.random() < 0.2:
                line.alive = False
            pool.release(line)

    async def disturb(task: asyncio.Task[None]) -> None:
        await asyncio.sleep(chance.random() * 0.012)
        server.down = chance.random() < 0.1
        if chance.random() < 0.3:
            task.cancel()

    tasks = [asyncio.create_task(use()) for _ in range(60)]
    await asyncio.gather(*(disturb(task) for task in tasks))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    assert pool.opened == pool.idle
    await pool.shut(1.0)
    assert pool.opened == 0
    assert all(line.closed for line in server.lines)
