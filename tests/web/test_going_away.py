"""Clients that go away in the middle of a call, by every way in: what is not committed is not done."""

from __future__ import annotations

import asyncio
import json
import random
import socket as sockets
import sqlite3
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, cast

import asyncpg
import jwt
import pytest

from tests.actions.world import SECRET, USERS, World, open_world, prepare_database, sqlite_file, write_project
from tests.realtime.screens import nothing, watch
from tests.resolvers.servers import Request, Server
from tests.web.conftest import FakeGateway, Running, running
from tests.web.streaming import EVENTS, PATIENCE, Socket, asking, socket, until
from tests.web.test_single_connection import begin, opened, reserve, stop
from tests.web.test_websocket import INIT, talking
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.settings import Settings

SLOW = {
    "sqlite": "(with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n)",
    "postgres": "(select count(*) from pg_sleep(600))",
}
OPERATIONS = """
slow: {{ kind: query, minRole: member, returns: Int!, timeout: 10m, run: {{ use: db, sql: "select {slow} as n" }} }}
add:
  kind: mutation
  minRole: member
  returns: Int!
  timeout: 10m
  run: {{ use: db, sql: "insert into entries (text) select 'slow' || {slow}" }}
touch:
  kind: mutation
  minRole: member
  returns: Int!
  timeout: 10m
  run: {{ use: db, sql: "update tasks set points = 1 where id = 1" }}
"""
ACTIONS = """
  add: {{ on: demand, minRole: member, timeout: 10m, sql: "insert into entries (text) select 'slow' || {slow}" }}
  loop: {{ on: during update, where: "id = 2", timeout: 10m, js: loop.js }}
  fetch: {{ on: demand, minRole: member, timeout: 10m, js: fetch.js }}
  follow: {{ on: after update, where: "id = 1", timeout: 10m, js: follow.js }}
  ring: {{ on: during create, js: ring.js }}
  note: {{ on: after create, sql: "insert into entries (text) values (cast({{{{ row.id }}}} as text))" }}
  last: {{ on: after update, where: "id = 1", sql: "insert into entries (text) values ('last')" }}
"""
FETCH = """
function run() {{
  gateway.call("addEntry", {{ text: "{text}" }});
  $http.get("http://127.0.0.1:{port}/");
  socket.emitAll("heard", {{}});
}}
"""
SETTINGS = """
http: {{ allow: ["127.0.0.1:{port}"] }}
limits: {{ timeout: 10m, scriptTime: 10m, scriptCpu: 10m, httpTimeout: 10m }}
"""


class Desk:
    """A project that is served, whose database has the last word. `release` ends what `$http` waits for."""

    def __init__(self, world: World, site: Running, other: Server, release: asyncio.Event) -> None:
        self.world = world
        self.site = site
        self.other = other
        self.release = release

    async def is_busy(self) -> bool:
        """Whether a statement runs, or a transaction is open."""
        if self.world.is_postgres:
            states = await self.world.rows(
                "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                " and backend_type = 'client backend' and state <> 'idle'"
            )
            return bool(states)
        lent = self.lent("readers") + self.lent("writers")
        with closing(sqlite3.connect(self.world.database, timeout=0, isolation_level=None)) as raw:
            try:
                raw.execute("begin immediate")
            except sqlite3.OperationalError:
                return True
        return lent > 0

    def lent(self, pool: str) -> int:
        """Connections that somebody has."""
        integration: Any = self.world.gateway.catalog.integrations["db"]
        connections: Pool[Any] = getattr(integration._database, pool)
        return connections.opened - connections.idle

    async def becomes(self, *, busy: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.is_busy() is not busy:  # noqa: ASYNC110 - a database is asked
                await asyncio.sleep(0.02)

    async def has(self, *texts: str) -> None:
        """Waits until these are written."""
        async with asyncio.timeout(PATIENCE):
            while await self.world.texts() != list(texts):  # noqa: ASYNC110 - a database is asked
                await asyncio.sleep(0.02)

    async def is_well(self) -> None:
        """Nothing was written, and everybody can read and write."""
        await self.becomes(busy=False)
        assert await self.world.texts() == []
        for _ in range(12):
            assert await self.world.data("lea", "mutation { touch }") == 1
        assert await self.world.data("lea", "{ taskCount }") == 2

    @asynccontextmanager
    async def asking(self, query: str, **headers: str) -> AsyncIterator[Socket]:
        async with socket(self.site) as connection:
            connection.send("POST", "/graphql", {**lea(), **headers}, asking(query))
            yield connection


def lea() -> dict[str, str]:
    token = jwt.encode({"exp": int(time.time()) + 6000, **USERS["lea"]}, SECRET, "HS256")
    return {"authorization": f"Bearer {token}"}


Opening = Callable[..., Awaitable[Desk]]


@pytest.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    kind: str = request.param
    database = sqlite_file(tmp_path) if kind == "sqlite" else str(request.getfixturevalue("postgres_database"))
    release = asyncio.Event()

    async def answer(request: Request) -> None:
        await release.wait()
        request.answer(b"{}")

    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(Server(answer))
        await prepare_database(database)
        write_project(
            tmp_path / "project",
            database,
            ACTIONS.format(slow=SLOW[kind]),
            {
                "loop.js": 'function run() { console.log("begun"); for (;;) {} }',
                "ring.js": 'function run(input, context) { socket.emitAll("created", String(input.id)); }',
                "fetch.js": FETCH.format(text="fetched", port=other.port),
                "follow.js": FETCH.format(text="followed", port=other.port),
            },
            more=OPERATIONS.format(slow=SLOW[kind]),
            settings=SETTINGS.format(port=other.port),
        )
        world = await open_world(tmp_path / "project", database)
        stack.push_async_callback(world.gateway.close)
        site = await stack.enter_async_context(running(cast("FakeGateway", world.gateway), Settings(port=0)))
        yield Desk(world, site, other, release)
        release.set()


Leave = Callable[[Socket], None]


def closes(connection: Socket) -> None:
    connection.writer.close()


def resets(connection: Socket) -> None:
    raw = cast("sockets.socket", connection.writer.get_extra_info("socket"))
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    connection.drop()


@pytest.mark.parametrize("leave", [closes, resets])
@pytest.mark.parametrize("way", ["post", "get", "events", "action"])
async def test_over_http(desk: Desk, way: str, leave: Leave, caplog: pytest.LogCaptureFixture) -> None:
    async with socket(desk.site) as connection:
        match way:
            case "post":
                connection.send("POST", "/graphql", lea(), asking("mutation { add }"))
            case "get":
                connection.send("GET", "/graphql?query={slow}", lea())
            case "events":
                connection.send("POST", "/graphql", {**lea(), "accept": EVENTS}, asking("mutation { add }"))
            case "action":
                connection.send("POST", "/1/objects/action/tasks/1?name=add", lea(), b"{}")
        await desk.becomes(busy=True)
        leave(connection)
        await desk.is_well()
    assert "ASGI" not in caplog.text


@pytest.mark.parametrize("leaving", ["complete", "close", "drop"])
@pytest.mark.parametrize("query", ["{ slow }", "mutation { add }"])
async def test_over_a_websocket(desk: Desk, query: str, leaving: str) -> None:
    async with talking(desk.site, init={**INIT, "payload": lea()}) as talk:
        await talk.ask("1", query)
        await desk.becomes(busy=True)
        if leaving == "complete":
            # One that is completed before it has begun gives its place back too.
            for number in range(30):
                await talk.ask(f"x{number}", query)
                await talk.say({"type": "complete", "id": f"x{number}"})
            await talk.say({"type": "complete", "id": "1"})
            await desk.becomes(busy=False)
            await talk.ask("1", "{ taskCount }")
            assert (await talk.hear())["payload"] == {"data": {"taskCount": 2}}
        elif leaving == "close":
            await talk.connection.close()
        else:
            talk.connection.transport.abort()
        await desk.is_well()


@pytest.mark.parametrize("leaving", ["the request", "the stream", "stopped"])
async def test_in_a_stream_of_many(desk: Desk, leaving: str) -> None:
    headers = await reserve(desk.site, **lea())
    async with opened(desk.site, headers) as stream, socket(desk.site) as connection:
        body = asking("mutation { add }", extensions={"operationId": "1"})
        connection.send("POST", "/graphql/stream", headers, body)
        await desk.becomes(busy=True)
        if leaving == "the request":
            connection.drop()
        elif leaving == "the stream":
            stream.drop()
        else:
            assert await stop(desk.site, headers, operationId="1") == 200
            assert (await connection.head())[0] == 202
        await desk.is_well()
        if leaving != "the stream":
            assert (await begin(desk.site, headers, "{ taskCount }", "1")).status_code == 202


async def test_a_program_that_computes_is_stopped(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tidegate.programs")
    async with desk.asking("mutation { updateTask(id: 2, points: 9) { id } }") as connection:
        await until(lambda: "begun" in caplog.text)
        assert await desk.is_busy()
        closes(connection)
        await desk.is_well()
    assert await desk.world.rows("select points from tasks where id = 2") == [(5,)]


async def test_a_request_to_others_is_ended(desk: Desk) -> None:
    async with desk.asking("mutation { tasksFetch(id: 1) }") as connection:
        await until(lambda: desk.other.asked)
        closes(connection)
        await until(lambda: desk.other.asked[0].is_over)
        await desk.becomes(busy=False)
    assert desk.world.rooms.heard == []


async def test_who_waits_in_line_leaves_it(desk: Desk) -> None:
    """For a connection on SQLite, for the row on PostgreSQL."""
    async with AsyncExitStack() as stack:
        if desk.world.is_postgres:
            holder = await asyncpg.connect(desk.world.database)
            stack.push_async_callback(holder.close)
            await holder.execute("begin")
            await holder.execute("update tasks set points = 2 where id = 1")
        else:
            raw = stack.enter_context(closing(sqlite3.connect(desk.world.database, isolation_level=None)))
            raw.execute("begin immediate")
        async with desk.asking("mutation { touch }") as connection:
            await until(lambda: desk.lent("writers"))
            closes(connection)
            await until(lambda: not desk.lent("writers"))
    assert await desk.world.rows("select points from tasks where id = 1") == [(3,)]
    await desk.is_well()


async def test_what_was_committed_stays(desk: Desk) -> None:
    """Of several mutations in one document: each is committed by itself, and published."""
    async with desk.asking('mutation { first: addEntry(text: "kept") { id } add }') as connection:
        await desk.has("kept")
        await desk.becomes(busy=True)
        closes(connection)
        await desk.becomes(busy=False)
    assert await desk.world.texts() == ["kept"]
    assert desk.world.log[:1] == ["change addEntry"]


async def test_what_follows_a_commit_is_seen_through(desk: Desk) -> None:
    """The change is published, the actions that come after are run, what they emit is heard."""
    headers = [(name.encode(), value.encode()) for name, value in lea().items()]
    screen, _ = watch(await desk.world.gateway.connect(headers, nothing), "subscription { entries { text } }")
    await screen.next(1)
    async with desk.asking("mutation { updateTask(id: 1, points: 9) { id } }") as connection:
        await until(lambda: desk.other.asked)
        closes(connection)
        await until(lambda: not desk.site.server.server_state.connections)
    assert await desk.world.rows("select points from tasks where id = 1") == [(9,)]
    desk.release.set()
    await desk.has("followed", "last")
    await screen.next(2)
    assert [emission.event for emission in desk.world.rooms.heard] == ["heard"]
    assert "change updateTask" in desk.world.log


async def test_at_any_moment_all_is_done_or_nothing(desk: Desk) -> None:
    """A row that is there was published, its event emitted, and what comes after it was run."""
    chance = random.Random(11)
    asking = 'mutation {{ createTask(id: {}, title: "n", owner: "lea@example.com") {{ id }} }}'
    began = time.monotonic()
    for number in range(90, 95):
        await desk.world.data("lea", asking.format(number))
    most = time.monotonic() - began

    async def call(number: int) -> None:
        asked = asyncio.ensure_future(desk.world.ask("lea", asking.format(number)))
        await asyncio.sleep(chance.random() * most)
        asked.cancel()
        await asyncio.wait([asked])

    for start in range(100, 160, 4):
        await asyncio.gather(*(call(number) for number in range(start, start + 4)))
    await desk.becomes(busy=False)
    created = {str(id) for (id,) in await desk.world.rows("select id from tasks where id >= 90")}
    async with asyncio.timeout(PATIENCE):
        while set(await desk.world.texts()) != created:  # noqa: ASYNC110 - a database is asked
            await asyncio.sleep(0.02)
    assert {str(emission.data) for emission in desk.world.rooms.heard} == created


@pytest.mark.parametrize("stays", [True, False])
async def test_who_only_has_said_all_is_answered(desk: Desk, stays: bool) -> None:
    async with desk.asking("mutation { tasksFetch(id: 1) }") as connection:
        await until(lambda: desk.other.asked)
        connection.writer.write_eof()
        # A sign of life is asked for, and given by the kernel of one that still reads.
        assert await connection.head() == (100, {})
        assert not desk.other.asked[0].is_over
        if not stays:
            closes(connection)
            await until(lambda: desk.other.asked[0].is_over)
            return
        desk.release.set()
        status, answered = await connection.head()
        while status == 100:
            status, answered = await connection.head()
        assert (status, answered["connection"]) == (200, "close")
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await connection.reader.read()) == {
                "data": {"tasksFetch": None},
                "extensions": {"refreshed": ["entries"]},
            }


async def test_who_says_all_at_once_is_answered(desk: Desk) -> None:
    async with desk.asking("{ taskCount }") as connection:
        connection.writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert b'{"data":{"taskCount":2}}' in await connection.reader.read()


async def test_half_a_connection_of_the_old_protocol_is_none(desk: Desk) -> None:
    async with socket(desk.site) as connection:
        body = asking("mutation { add }")
        head = "".join(f"{name}: {value}\r\n" for name, value in lea().items())
        connection.writer.write(
            f"POST /graphql HTTP/1.0\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await desk.becomes(busy=True)
        connection.writer.write_eof()
        await desk.is_well()
