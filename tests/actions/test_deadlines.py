"""The call's one deadline, and everything that could outlast it: each ends with TIMEOUT, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from typing import Any

import asyncpg
import pytest

from tests.actions.world import World
from tests.resolvers.servers import Request, Server

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

SLOW = {
    True: "(select count(*) from pg_sleep(600))",
    False: "(with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n)",
}
OPERATIONS = """
reads: {{ kind: query, minRole: member, returns: Int!, timeout: 1s, run: {{ use: db, sql: "select {slow} as n" }} }}
writes:
  kind: mutation
  minRole: member
  returns: Int!
  timeout: 1s
  run: {{ use: db, sql: "insert into entries (text) select 'slow' || {slow}" }}
hogs:
  kind: mutation
  minRole: member
  returns: Int!
  timeout: 10m
  run: {{ use: db, sql: "insert into entries (text) select 'slow' || {slow}" }}
touch:
  kind: mutation
  minRole: member
  returns: Int!
  timeout: 1s
  run: {{ use: db, sql: "update tasks set points = 1 where id = 1" }}
"""
ACTIONS = """
  loop: {{ on: demand, minRole: member, timeout: 1s, js: loop.js }}
  fetch: {{ on: demand, minRole: member, timeout: 1s, params: {{ url: String! }}, js: fetch.js }}
"""
FILES = {
    "loop.js": 'function run() { gateway.call("addEntry", { text: "looped" }); for (;;) {} }',
    # It makes do with whatever fails, but its time is over.
    "fetch.js": """
      function run(input, context) {
        gateway.call("addEntry", { text: "fetched" });
        for (;;) try { $http.get(context.parameters.url); } catch (error) {}
      }
    """,
}


async def answer(request: Request) -> None:
    if request.target == "/body":
        request.send(b"HTTP/1.1 200 So\r\ncontent-length: 1000000\r\n\r\n")
        while not request.is_over:
            request.send(b" ")
            await asyncio.sleep(0.05)
    else:
        await asyncio.Event().wait()


@pytest.fixture
async def world(make: Make, database: str) -> AsyncIterator[tuple[World, list[str]]]:
    """With addresses that keep a request waiting: for a connection, the head of an answer, its body."""
    slow = SLOW[database.startswith("postgres")]
    async with Server(answer) as server:
        with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
            port = listener.getsockname()[1]
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            allowed = json.dumps([f"127.0.0.1:{port}", f"127.0.0.1:{server.port}"])
            settings = (
                f"http: {{ allow: {allowed} }}\n"
                "limits: { timeout: 10m, scriptTime: 10m, scriptCpu: 10m, scriptCalls: 100000, httpTimeout: 10m }\n"
            )
            world = await make(ACTIONS.format(), FILES, more=OPERATIONS.format(slow=slow), settings=settings)
            urls = [
                f"http://127.0.0.1:{port}/",
                *(f"http://127.0.0.1:{server.port}/{name}" for name in ("head", "body")),
            ]
            yield world, urls
            for filler in fillers:
                filler.close()


async def is_late(world: World, text: str) -> None:
    _, extensions = await world.error("lea", text)
    assert extensions["code"] == "TIMEOUT", text
    await is_well(world)


async def is_well(world: World) -> None:
    assert await world.texts() == []
    for _ in range(10):
        assert await world.data("lea", 'mutation { updateTaskMaybe(id: 2, title: "Roof") }')
    assert await world.data("lea", "{ taskCount }") == 2


async def test_statements(world: tuple[World, list[str]]) -> None:
    for text in ("{ reads }", "mutation { writes }", "{ reads }"):
        await is_late(world[0], text)


async def test_programs_and_what_they_ask_of_others(world: tuple[World, list[str]]) -> None:
    await is_late(world[0], "mutation { tasksLoop(id: 1) }")
    for url in world[1]:
        await is_late(world[0], f'mutation {{ tasksFetch(id: 1, url: "{url}") }}')


async def test_a_lock(world: tuple[World, list[str]]) -> None:
    desk = world[0]
    async with AsyncExitStack() as stack:
        if desk.is_postgres:
            holder = await asyncpg.connect(desk.database)
            stack.push_async_callback(holder.close)
            await holder.execute("begin")
            await holder.execute("update tasks set points = 2 where id = 1")
        else:
            raw = stack.enter_context(closing(sqlite3.connect(desk.database, isolation_level=None)))
            raw.execute("begin immediate")
        _, extensions = await desk.error("lea", "mutation { touch }")
        assert extensions["code"] == "TIMEOUT"
    await is_well(desk)
    assert await desk.rows("select points from tasks where id = 1") == [(3,)]


async def test_the_line_for_a_connection(world: tuple[World, list[str]]) -> None:
    desk = world[0]
    hogs = [asyncio.ensure_future(desk.ask("lea", "mutation { hogs }")) for _ in range(50)]
    await asyncio.sleep(0)
    _, extensions = await desk.error("lea", "mutation { touch }")
    assert extensions["code"] == "TIMEOUT"
    for hog in hogs:
        hog.cancel()
    await asyncio.wait(hogs)
    await is_well(desk)
    assert await desk.rows("select points from tasks where id = 1") == [(3,)]
