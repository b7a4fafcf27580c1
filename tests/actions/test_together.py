"""Writes with actions beside other people's writes, deadlines, and clients that go away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import asyncpg
import pytest

from tests.actions.world import kind_of
from tests.mysql_client import ask as ask_in
from tests.mysql_client import ask_mysql, connected

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

MYSQL = (
    "test_prev_is_what_was_there_although_somebody_else_was_writing",
    "test_a_row_that_somebody_else_took_away_meanwhile_is_not_written",
    "test_writes_at_once_each_see_the_one_before",
    "test_rows_of_many_are_taken_in_one_order",
    "test_a_call_that_is_cancelled_leaves_nothing",
)

KEEP = "insert into entries (text, task) values ({{ row.points }}, {{ prev.points }})"


@asynccontextmanager
async def somebody_writes(world: Any, sql: str) -> AsyncIterator[Callable[[], Any]]:
    """Another transaction, in which `sql` has been run; it commits when the block is left. Gives a way to wait until
    somebody waits for it. Any: a `World`, and an awaitable."""
    if kind_of(world.database) == "mysql":
        async with connected(world.database) as ours:
            await ask_in(ours, "begin")
            await ask_in(ours, sql)
            yield lambda: _waited_in_mysql(world.database)
            await ask_in(ours, "commit")
        return
    if not world.is_postgres:
        with closing(sqlite3.connect(world.database, isolation_level=None, check_same_thread=False)) as raw:
            raw.execute("begin immediate")
            raw.execute(sql)
            # Nobody can see who waits for a lock of SQLite's.
            yield lambda: asyncio.sleep(0.2)
            raw.execute("commit")
        return
    connection, observer = await asyncpg.connect(world.database), await asyncpg.connect(world.database)

    async def wait() -> None:
        async with asyncio.timeout(60):
            while not await observer.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    try:
        async with connection.transaction():
            await connection.execute(sql)
            yield wait
    finally:
        await connection.close()
        await observer.close()


async def _waited_in_mysql(database: str) -> None:
    waiting = (
        "select count(*) from information_schema.innodb_trx join information_schema.processlist"
        " on id = trx_mysql_thread_id where trx_state = 'LOCK WAIT' and db = database()"
    )
    async with asyncio.timeout(60):
        while await ask_mysql(database, waiting) == [(0,)]:  # noqa: ASYNC110
            # It is only looked at again by the server when nobody has asked for a tenth of a second.
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("when", ["during", "after"])
async def test_prev_is_what_was_there_although_somebody_else_was_writing(make: Make, when: str) -> None:
    world = await make(f'keep: {{ on: {when} update, sql: "{KEEP}" }}')
    async with somebody_writes(world, "update tasks set points = 40 where id = 1") as wait:
        ours = asyncio.ensure_future(world.data("ann", "mutation { updateTask(id: 1, points: 50) { points } }"))
        await wait()
        assert not ours.done()
    assert await ours == {"points": 50}
    assert await world.rows("select text, task from entries") == [("50", 40)]


async def test_a_row_that_somebody_else_took_away_meanwhile_is_not_written(make: Make) -> None:
    world = await make(f'keep: {{ on: during update, sql: "{KEEP}" }}')
    async with somebody_writes(world, "update tasks set owner = 'bob@example.com' where id = 1") as wait:
        ours = asyncio.ensure_future(world.error("ann", "mutation { updateTask(id: 1, points: 50) { points } }"))
        await wait()
    assert (await ours)[1]["code"] == "NOT_FOUND"
    assert await world.texts() == []
    assert await world.rows("select points from tasks where id = 1") == [(3,)]


async def test_writes_at_once_each_see_the_one_before(make: Make) -> None:
    world = await make(f'keep: {{ on: during update, sql: "{KEEP}" }}')
    values = range(100, 112)
    calls = (world.data("ann", f"mutation {{ updateTask(id: 1, points: {each}) {{ points }} }}") for each in values)
    assert [each["points"] for each in await asyncio.gather(*calls)] == list(values)
    then = {task: int(text) for text, task in await world.rows("select text, task from entries")}
    assert len(then) == len(values)
    chain = [3]
    while chain[-1] in then:
        chain.append(then[chain[-1]])
    assert sorted(chain[1:]) == list(values)
    assert await world.rows("select points from tasks where id = 1") == [(chain[-1],)]


async def test_rows_of_many_are_taken_in_one_order(make: Make) -> None:
    """Else two writes of the same rows would wait for each other."""
    world = await make(
        "keep: { on: [before update, during update],"
        ' sql: "update members set plan = {{ prev.points }} where email = {{ row.owner }}" }'
    )
    calls = (world.data("lea", f"mutation {{ updateTasksCount(from: 1, points: {each}) }}") for each in range(10))
    assert await asyncio.gather(*calls) == [2] * 10


LOOP = """
function run(input, context) {
  gateway.call("addEntry", { text: "begun" });
  console.log("begun");
  for (;;) {}
}
"""


@pytest.mark.parametrize("when", ["before", "during"])
async def test_what_takes_too_long_is_stopped_and_nothing_is_kept(make: Make, when: str) -> None:
    world = await make(
        f'loop: {{ on: {when} update, where: "id = 1", js: loop.js }}',
        {"loop.js": LOOP},
        settings="limits: { scriptCpu: 300ms, scriptTime: 60s, timeout: 60s }",
    )
    message, extensions = await world.error("lea", "mutation { updateTask(id: 1, points: 9) { id } }")
    assert extensions["code"] == "LIMIT"
    assert message
    assert await world.texts() == []
    assert await world.rows("select points from tasks where id = 1") == [(3,)]
    assert await world.data("lea", "mutation { updateTask(id: 2, points: 9) { id } }") == {"id": 2}


async def test_an_operations_own_deadline_holds_for_its_actions(make: Make) -> None:
    quick = """
      quick:
        kind: mutation
        minRole: member
        timeout: 400ms
        args: { id: Int! }
        returns: Task!
        run: { use: tasks, update: { where: { id: $args.id }, set: { points: 9 } } }
    """
    actions = 'loop: { on: during update, where: "id = 1", js: loop.js }'
    world = await make(actions, {"loop.js": LOOP}, more=quick.replace("\n      ", "\n"))
    _, extensions = await world.error("lea", "mutation { quick(id: 1) { id } }")
    assert extensions["code"] in ("TIMEOUT", "LIMIT")
    assert await world.texts() == []
    assert await world.rows("select points from tasks where id = 1") == [(3,)]
    assert await world.data("lea", "mutation { updateTask(id: 2, points: 9) { id } }") == {"id": 2}


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_call_that_is_cancelled_leaves_nothing(make: Make, caplog: pytest.LogCaptureFixture, when: str) -> None:
    caplog.set_level("INFO", "tidegate.programs")
    world = await make(
        f'loop: {{ on: {when} update, where: "id = 1", js: loop.js }}',
        {"loop.js": LOOP},
        settings="limits: { scriptCpu: 60s, scriptTime: 60s, timeout: 60s }",
    )
    call = asyncio.ensure_future(world.ask("lea", "mutation { updateTask(id: 1, points: 9) { id } }"))
    async with asyncio.timeout(60):
        while "begun" not in caplog.text:  # noqa: ASYNC110 - a log has no event to wait for
            await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await world.data("lea", "mutation { updateTask(id: 2, points: 9) { id } }") == {"id": 2}
    assert await world.texts() == []
    assert await world.rows("select points from tasks where id = 1") == [(3,)]
    assert world.rooms.heard == []


async def test_programs_that_wait_for_a_writer_do_not_keep_it_from_those_it_waits_for(make: Make) -> None:
    """More programs than may run at once want to write; who writes already has a program to run."""
    files = {
        "add.js": 'function run(input, context) { return gateway.call("addEntry", context.parameters).id; }',
        "look.js": 'function run() { gateway.call("taskCount"); }',
    }
    actions = """
      look: { on: during update, js: look.js }
      add: { on: demand, minRole: member, params: { text: String! }, js: add.js }
    """
    world = await make(actions, files, settings="limits: { scriptTime: 60s, timeout: 60s }")
    adding = [world.ask("lea", f'mutation {{ tasksAdd(text: "{number}") }}') for number in range(40)]
    writing = [world.ask("lea", f"mutation {{ updateTask(id: 1, points: {number}) {{ id }} }}") for number in range(8)]
    answers = await asyncio.gather(*adding, *writing)
    assert [answer.get("errors") for answer in answers] == [None] * 48
