"""The driver on a real event loop, asking a database in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.realtime.world import Reader, World, are_asked, encode, question, runnable, touch_of
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read, Touch
from tidegate.core.live import Result
from tidegate.realtime.batches import AT_ONCE, BATCH
from tidegate.realtime.live import LiveQueries

TICKET = runnable()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveQueries]:
    live = LiveQueries(world)
    yield live
    await live.close()


async def turns(count: int = 20) -> None:
    """What must not happen would have happened."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_equal_questions_are_asked_once(world: World, live: LiveQueries) -> None:
    readers = [Reader() for _ in range(100)]
    for reader in readers:
        live.watch(question(TICKET, 1), encode, 0.0, reader)
        assert not reader.got
    for reader in readers:
        await reader.gets(b"1: 0")
    world.write(live.publish, 1)
    for reader in readers:
        await reader.gets(b"1: 1")
    late = Reader()
    live.watch(question(TICKET, 1), encode, 0.0, late)
    await late.gets(b"1: 1")
    assert len(world.asked) == 2
    assert {tuple(reader.got) for reader in readers} == {(b"1: 0", b"1: 1")}
    assert (live.queries, live.watchers) == (1, 101)


async def test_a_burst_is_asked_few_times_and_ends_with_the_last(world: World, live: LiveQueries) -> None:
    reader = Reader()
    live.watch(question(TICKET, 1), encode, 0.05, reader)
    await reader.gets(b"1: 0")
    for _ in range(50):
        world.write(live.publish, 1)
        await asyncio.sleep(0.001)
    await reader.gets(b"1: 50")
    # However slow the machine is, it cannot be one for each.
    assert len(world.asked) < 25


async def test_an_equal_result_is_not_sent(world: World, live: LiveQueries) -> None:
    reader = Reader()
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await reader.gets(b"1: 0")
    world.write(live.publish, 1, number=0)
    await are_asked(world, 2)
    world.write(live.publish, 1, number=7)
    await reader.gets(b"1: 7")
    assert reader.got == [b"1: 0", b"1: 7"]
    assert live.journal.counters.equal == 1


async def test_a_touch_while_asking_asks_again(world: World, live: LiveQueries) -> None:
    reader = Reader()
    world.gate = asyncio.Event()
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await are_asked(world, 1)
    world.write(live.publish, 1)
    world.gate.set()
    await reader.gets(b"1: 1")
    assert reader.got == [b"1: 0", b"1: 1"]


async def test_who_comes_after_a_touch_gets_nothing_older(world: World, live: LiveQueries) -> None:
    early, late = Reader(), Reader()
    world.gate = asyncio.Event()
    live.watch(question(TICKET, 1), encode, 0.0, early)
    await are_asked(world, 1)
    world.write(live.publish, 1)
    live.watch(question(TICKET, 1), encode, 0.0, late)
    world.gate.set()
    await late.gets(b"1: 1")
    assert late.got == [b"1: 1"]


async def test_who_left_while_it_was_asked_gets_nothing(world: World, live: LiveQueries) -> None:
    left, back = Reader(), Reader()
    world.gate = asyncio.Event()
    live.watch(question(TICKET, 1), encode, 0.0, left)
    await are_asked(world, 1)
    live.unwatch(question(TICKET, 1), left)
    live.unwatch(question(TICKET, 1), left)
    # It is being asked still, so it is not asked twice at once for whoever comes.
    live.watch(question(TICKET, 1), encode, 0.0, back)
    world.gate.set()
    await back.gets(b"1: 0")
    live.unwatch(question(TICKET, 1), back)
    assert (live.queries, live.watchers) == (0, 0)
    world.write(live.publish, 1)
    await turns()
    assert left.got == []
    assert len(world.asked) == 1


async def test_one_that_is_not_watched_any_more_is_not_asked(world: World, live: LiveQueries) -> None:
    reader = Reader()
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    live.unwatch(question(TICKET, 1), reader)
    await turns()
    assert world.asked == []


async def test_an_error_is_tried_again(world: World, live: LiveQueries) -> None:
    reader = Reader()
    world.failures = [OperationError(Code.UPSTREAM_FAILED, "Down."), OperationError(Code.UPSTREAM_FAILED, "Down.")]
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await reader.gets(b"1: 0")
    assert reader.got == [b"!UPSTREAM_FAILED", b"1: 0"]
    assert len(world.asked) == 3


async def test_a_mistake_of_the_asker_hurts_nobody(
    world: World, live: LiveQueries, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader()
    world.failures = [RuntimeError("a mistake, with a secret in it")]
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    with caplog.at_level(logging.ERROR, "tidegate"):
        await reader.gets(b"1: 0")
    assert reader.got == [b"!INTERNAL", b"1: 0"]
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_a_lasting_error_waits_for_a_touch(world: World, live: LiveQueries) -> None:
    reader = Reader()
    world.failures = [OperationError(Code.FORBIDDEN, "No.")]
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await reader.gets(b"!FORBIDDEN")
    await are_asked(world, 1)
    world.write(live.publish, 1)
    await reader.gets(b"1: 1")


@dataclass(eq=False)
class Breaking(Reader):
    def deliver(self, result: Result) -> None:
        super().deliver(result)
        raise RuntimeError("a watcher's mistake")


async def test_who_breaks_harms_nobody_else(world: World, live: LiveQueries, caplog: pytest.LogCaptureFixture) -> None:
    breaking, reader = Breaking(), Reader()
    with caplog.at_level(logging.ERROR, "tidegate"):
        live.watch(question(TICKET, 1), encode, 0.0, breaking)
        live.watch(question(TICKET, 1), encode, 0.0, reader)
        await reader.gets(b"1: 0")
        world.write(live.publish, 1)
        await reader.gets(b"1: 1")
    assert breaking.got == reader.got
    assert len(caplog.records) == 2


@dataclass(eq=False)
class Leaving(Reader):
    """Leaves, and takes others along, when it gets something; then comes back with another question."""

    live: LiveQueries | None = None
    others: tuple[Reader, ...] = ()

    def deliver(self, result: Result) -> None:
        assert self.live is not None
        if not self.got:
            for other in (self, *self.others):
                self.live.unwatch(question(TICKET, 1), other)
            self.live.watch(question(TICKET, 2), encode, 0.0, self)
        super().deliver(result)


async def test_who_leaves_while_it_is_delivered_gets_nothing_more(world: World, live: LiveQueries) -> None:
    other, stays = Reader(), Reader()
    leaving = Leaving(live=live, others=(other,))
    for reader in (leaving, other, stays):
        live.watch(question(TICKET, 1), encode, 0.0, reader)
    await leaving.gets(b"2: 0")
    await stays.gets(b"1: 0")
    assert other.got == []
    assert live.watchers == 2


async def test_thousands_of_watchers_leave_the_loop_its_turns(world: World, live: LiveQueries) -> None:
    @dataclass(eq=False)
    class Busy(Reader):
        def deliver(self, result: Result) -> None:
            sum(range(2_000))
            super().deliver(result)

    readers = [Busy() for _ in range(5_000)]
    for reader in readers:
        live.watch(question(TICKET, 1), encode, 0.0, reader)
    await readers[0].gets(b"1: 0")
    alone = Reader()
    live.watch(question(TICKET, 2), encode, 0.0, alone)
    await alone.gets(b"2: 0")
    assert not readers[-1].got, "the one who came last was kept waiting by all the others"
    world.write(live.publish, 1)
    await readers[-1].gets(b"1: 1")
    for reader in readers:
        await reader.gets(b"1: 1")
        assert len(set(reader.got)) == len(reader.got)


async def test_many_keys_are_few_batches(world: World, live: LiveQueries) -> None:
    world.delay = 0.01
    readers = [Reader() for _ in range(2_000)]
    for number, reader in enumerate(readers):
        live.watch(question(TICKET, number), encode, 0.0, reader)
    for number, reader in enumerate(readers):
        await reader.gets(f"{number}: 0".encode())
    assert [len(batch) for batch in world.asked] == [BATCH] * 7 + [2_000 % BATCH]
    assert world.most_at_once == AT_ONCE
    world.gate = asyncio.Event()
    live.publish(Change("outside: main", (Touch("main", None),)))
    await are_asked(world, 8 + AT_ONCE)
    world.gate.set()


async def test_a_keyed_touch_asks_exactly_what_it_concerns(world: World, live: LiveQueries) -> None:
    readers = [Reader() for _ in range(10_000)]
    for number, reader in enumerate(readers):
        live.watch(question(TICKET, number), encode, 0.05, reader)
    for number, reader in enumerate(readers):
        await reader.gets(f"{number}: 0".encode())
    world.asked.clear()
    world.write(live.publish, 77)
    await readers[77].gets(b"77: 1")
    live.publish(Change("write", (Touch("main", "t", frozenset({"other"})), Touch("main", "u"))))
    live.publish(Change("write", (touch_of(-1),)))
    await turns()
    assert [[asked.values for asked in batch] for batch in world.asked] == [[((77,),)]]


async def test_questions_of_different_runnables_are_asked_apart(world: World, live: LiveQueries) -> None:
    other, slow = runnable("other"), runnable("slow", integration="elsewhere")
    readers = {asked: Reader() for asked in (TICKET, other, slow)}
    for asked, reader in readers.items():
        live.watch(question(asked, 1), encode, 0.0, reader)
    for reader in readers.values():
        await reader.gets(b"1: 0")
    assert [len({asked.runnable for asked in batch}) for batch in world.asked] == [1, 1, 1]
    live.publish(Change("write", (), frozenset({"other"})))
    await are_asked(world, 4)
    assert [batch[0].runnable for batch in world.asked[3:]] == [other]


async def test_a_slow_integration_keeps_no_other_waiting(world: World, live: LiveQueries) -> None:
    world.gate = asyncio.Event()
    for place in range(AT_ONCE + 2):
        live.watch(question(runnable(f"slow{place}", integration="slow"), 1), encode, 0.0, Reader())
    await are_asked(world, AT_ONCE)
    live.watch(question(TICKET, 1), encode, 0.0, Reader())
    await are_asked(world, AT_ONCE + 1)


async def test_what_cannot_be_looked_up_wakes_everybody(
    world: World, live: LiveQueries, caplog: pytest.LogCaptureFixture
) -> None:
    """An image against its contract, with a value that cannot be hashed."""
    reader = Reader()
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await reader.gets(b"1: 0")
    world.rows[1] = 5
    with caplog.at_level(logging.ERROR, "tidegate"):
        image = {"id": [1]}
        live.publish(Change("write", (Touch("main", "t", None, (image,)),)))  # type: ignore[arg-type]
        await reader.gets(b"1: 5")
    assert caplog.records


async def test_closing_cuts_off_what_is_asked(world: World, live: LiveQueries) -> None:
    world.gate = asyncio.Event()
    reader = Reader()
    live.watch(question(TICKET, 1), encode, 0.0, reader)
    await are_asked(world, 1)
    await live.close()
    world.gate.set()
    world.write(live.publish, 1)
    live.watch(question(TICKET, 2), encode, 0.0, reader)
    live.unwatch(question(TICKET, 1), reader)
    await are_asked(world, 1)
    assert reader.got == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_opaque_read_is_asked_after_every_write_to_its_source(world: World, live: LiveQueries) -> None:
    reader = Reader()
    live.watch(question(TICKET, 1, Read("main", None)), encode, 0.0, reader)
    await reader.gets(b"1: 0")
    world.rows[1] = 1
    live.publish(Change("write", (Touch("main", "who knows", None, ()),)))
    await reader.gets(b"1: 1")
