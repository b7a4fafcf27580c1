"""What the journal tells, and what it must not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tests.realtime.world import Reader, World, encode, question, runnable, touch_of
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read, Touch, Verdict
from tidegate.realtime.journal import ENTRIES, Changed, Entry, Outcome, Refreshed, Shape
from tidegate.realtime.live import LiveQueries

TICKET = runnable()
SECRET = "ada@example.com"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveQueries]:
    live = LiveQueries(world)
    yield live
    await live.close()


async def refreshed(live: LiveQueries, since: int) -> list[Entry]:
    """The entries after `since`, up to the first refresh among them."""
    got: list[Entry] = []
    async with asyncio.timeout(60), aclosing(live.journal.follow(since)) as entries:
        async for entry in entries:
            got.append(entry)
            if isinstance(entry, Refreshed):
                break
    return got


async def test_it_tells_why_a_query_was_refreshed(world: World, live: LiveQueries) -> None:
    readers = [Reader(), Reader()]
    for reader in readers:
        live.watch(question(TICKET, SECRET), encode, 0.0, reader)
    (first,) = await refreshed(live, 0)
    assert isinstance(first, Refreshed)
    assert (first.cause, first.change, first.outcome) == ("first watched", None, Outcome.SENT)
    world.write(live.publish, SECRET)
    world.write(live.publish, SECRET)
    change, _, entry = await refreshed(live, 1)
    columns = frozenset({"n"})
    assert isinstance(change, Changed)
    assert (change.cause, change.woken) == ("write", 1)
    assert change.touches == (Shape("main", "t", columns, rows=1),)
    assert isinstance(entry, Refreshed)
    assert (entry.operation, entry.query) == ("ticket", first.query)
    assert (entry.change, entry.coalesced, entry.watchers, entry.batch) == (change.number, 1, 2, 1)
    assert entry.read == Shape("main", "t", frozenset({"id", "n"}), keys=("id",))
    assert entry.touch == change.touches[0]
    assert entry.bytes == len(f"{SECRET}: 2")
    world.write(live.publish, SECRET, number=2)
    *_, equal = await refreshed(live, 4)
    assert isinstance(equal, Refreshed)
    assert equal.outcome is Outcome.EQUAL
    world.failures = [OperationError(Code.FORBIDDEN, "No.")]
    live.publish(Change("other", (), frozenset({"ticket"})))
    *_, error = await refreshed(live, 6)
    assert isinstance(error, Refreshed)
    assert (error.cause, error.error, error.outcome, error.read) == ("other", Code.FORBIDDEN, Outcome.ERROR, None)
    assert SECRET not in repr(live.journal.entries())
    await readers[1].gets(b"!FORBIDDEN")
    counters = live.journal.counters
    assert (counters.changes, counters.woken, counters.asks, counters.refreshes) == (4, 4, 4, 4)
    assert (counters.equal, counters.errors, counters.sent) == (1, 1, 6)


async def test_it_tells_why_a_query_was_not_refreshed(live: LiveQueries) -> None:
    reads = {
        "source": Read("other", "t"),
        "table": Read("main", "u"),
        "columns": Read("main", "t", frozenset({"x"})),
        "all": Read("main", "t"),
    }
    for name, read in reads.items():
        live.watch(question(runnable(name), 1, read), encode, 0.0, Reader())
    live.watch(question(runnable("rows"), 1), encode, 0.0, Reader())
    # The nearest of all its reads counts.
    live.watch(question(runnable("several"), 1, reads["table"], reads["columns"]), encode, 0.0, Reader())
    change = Change("write", (Touch("other", "u"), touch_of(2)))
    assert {unmoved.operation: unmoved.verdict for unmoved in live.journal.why_not(change)} == {
        "source": Verdict.OTHER_TABLE,
        "table": Verdict.OTHER_TABLE,
        "columns": Verdict.OTHER_COLUMNS,
        "several": Verdict.OTHER_COLUMNS,
        "rows": Verdict.OTHER_ROWS,
    }
    assert "rows" not in {told.operation for told in live.journal.why_not(Change("", (), frozenset({"rows"})))}


async def test_who_follows_gets_every_entry_until_the_end(world: World, live: LiveQueries) -> None:
    got: list[Entry] = []

    async def follow(*, unmoved: bool) -> None:
        got.extend([entry async for entry in live.journal.follow(0, unmoved=unmoved)])

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(unmoved=True))
        impatient = tasks.create_task(follow(unmoved=False))
        reader = Reader()
        live.watch(question(TICKET, 1), encode, 0.0, reader)
        await reader.gets(b"1: 0")
        impatient.cancel()
        world.write(live.publish, 2)
        await asyncio.sleep(0)
        await live.close()
    assert [type(entry) for entry in got] == [Refreshed, Changed]
    assert isinstance(got[1], Changed)
    assert [unmoved.verdict for unmoved in got[1].unmoved] == [Verdict.OTHER_ROWS]


async def test_who_is_slow_loses_the_oldest(live: LiveQueries) -> None:
    follower = live.journal.follow(0)
    live.publish(Change("first", (touch_of(1),)))
    assert (await anext(follower)).number == 1
    for _ in range(ENTRIES + 5):
        live.publish(Change("more", (touch_of(1),)))
    assert (await anext(follower)).number == 7
    assert len(live.journal.entries()) == ENTRIES
    assert live.journal.entries(ENTRIES + 6) == []
    assert [entry.number for entry in live.journal.entries(ENTRIES + 4)] == [ENTRIES + 5, ENTRIES + 6]
