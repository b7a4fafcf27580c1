"""Answers that go on, whatever their form: readers that are slow, deaf or gone, limits, the end of the server."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.web.conftest import Running, Serving
from tests.web.fake_clients import emit
from tests.web.streaming import EVENTS, PARTS, bearer, subscribed, until
from tidegate.core.catalog import Cors
from tidegate.core.limits import Limits
from tidegate.core.live import Result

OPENING = b":\n\n"


async def test_too_many_connections(serving: Serving) -> None:
    site = await serving(limits=Limits(connections=2))
    async with (
        subscribed(site, **bearer()),
        subscribed(site, **bearer()) as second,
        subscribed(site, **bearer(sub="eve")),
    ):
        response = await site.client.post(
            "/graphql", json={"query": "subscription { ticks }"}, headers={"accept": EVENTS, **bearer()}
        )
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (429, "LIMIT")
        second.drop()
        await until(lambda: len(site.gateway.clients) == 2)
        async with subscribed(site, **bearer()):
            pass
    await until(lambda: not site.gateway.clients)


async def test_pages_of_listed_origins(serving: Serving) -> None:
    site = await serving(cors=Cors(("https://page.example",)))
    for query in ("subscription { count(to: 1) }", "{ hello }", "{ nope }"):
        for origin, allowed in (("https://page.example", "https://page.example"), ("https://evil.example", None)):
            response = await site.ask(query, accept=EVENTS, origin=origin)
            assert (response.status_code, response.headers.get("access-control-allow-origin")) == (200, allowed)
            assert response.headers["vary"] == "accept, origin"


async def test_a_stopping_server_ends_its_streams(serving: Serving) -> None:
    site = await serving(shutdown_timeout=60.0)
    async with subscribed(site) as connection, subscribed(site, accept="multipart/mixed") as parts:
        site.server.stop()
        # Not complete: the client shall come again, elsewhere.
        assert await connection.rest() == OPENING
        assert (await parts.rest()).endswith(b'"extensions":{"code":"INTERNAL"}}]}\r\n--graphql--\r\n')
    await until(lambda: not site.gateway.clients)


async def test_a_hundred_that_go_leave_nothing_behind(site: Running) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(2):
        connections = [subscribed(site) for _ in range(50)]
        opened = await asyncio.gather(*(each.__aenter__() for each in connections))
        assert len(site.gateway.clients) == 50
        for connection in opened[:25]:
            connection.drop()
        for connection in opened[25:]:
            connection.writer.close()
        # They are missed without anything being written to them.
        await until(lambda: not site.gateway.clients)
    await until(lambda: len(asyncio.all_tasks()) <= before)
    assert not site.server._site._streams._streams


def large(number: int) -> Result:
    return Result(b'{"data":{"ticks":%d,"filling":"%b"}}' % (number, b"x" * 1_000_000))


@pytest.mark.parametrize("accept", [EVENTS, PARTS])
async def test_a_slow_reader_gets_the_newest(site: Running, accept: str) -> None:
    async with subscribed(site, accept=accept) as slow, subscribed(site, "subscription { tocks }", accept) as other:
        await until(lambda: len(site.gateway.clients) == 2)
        for number in range(100):
            emit(site.gateway, large(number))
            await asyncio.sleep(0)
        (stream,) = [each for each in site.server._site._streams._streams if each.waiting]
        assert stream.waiting == 1
        # Nobody else waits for it.
        emit(site.gateway, Result(b'{"data":{"tocks":1}}'), "tocks")
        body = await other.chunk()
        while b"tocks" not in body:
            body += await other.chunk()
        body = b""
        while b'"ticks":99,' not in body:
            body += await slow.chunk()
        assert body.count(b'"ticks":') < 20
        numbers = [int(part.partition(b",")[0]) for part in body.split(b'"ticks":')[1:]]
        assert numbers == sorted(numbers)
        # And then everything again.
        emit(site.gateway, Result(b'{"data":{"ticks":100}}'))
        while b'"ticks":100}' not in body:
            body += await slow.chunk()


async def test_the_newest_of_each_topic(site: Running) -> None:
    async with subscribed(site) as connection:
        await until(lambda: site.gateway.clients)
        for number in range(30):
            emit(site.gateway, large(number))
        for number in range(50):
            for topic in ("a", "b"):
                emit(site.gateway, Result(b'{"data":{"%b":%d}}' % (topic.encode(), number), topic))
        body = b""
        while b'"b":49}' not in body:
            body += await connection.chunk()
    assert body.count(b'{"a":') == body.count(b'{"b":') == 1


@pytest.mark.parametrize("accept", [EVENTS, PARTS])
async def test_a_reader_that_never_reads_is_cut(serving: Serving, accept: str) -> None:
    site = await serving(limits=Limits(idleReader=0.3))
    async with subscribed(site, accept=accept), subscribed(site, "subscription { tocks }") as idle:
        await until(lambda: len(site.gateway.clients) == 2)
        for number in range(30):
            emit(site.gateway, large(number))
        await until(lambda: len(site.gateway.clients) == 1)
        # Who has nothing to read is not idle.
        await until(lambda: emit(site.gateway, Result(b'{"data":{"tocks":1}}'), "tocks"))
        assert await idle.read(len(OPENING) + 1)
    await until(lambda: not site.gateway.clients)


async def test_it_ends_behind_what_waits(site: Running) -> None:
    async with subscribed(site) as connection:
        await until(lambda: site.gateway.clients)
        for number in range(30):
            emit(site.gateway, large(number))
        (client,) = site.gateway.clients
        client.expire()
        emit(site.gateway, Result(b'{"data":{"ticks":30}}'))
        body = await connection.rest()
    *_, newest, last, end, rest = body.split(b"\n\n")
    assert newest.startswith(b'event: next\ndata: {"data":{"ticks":29,')
    assert json.loads(last.partition(b"data: ")[2])["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert (end, rest) == (b"event: complete\ndata:", b"")


async def test_something_is_said_now_and_then(site: Running) -> None:
    site.server._site._streams.heartbeat = 0.05
    async with subscribed(site) as events, subscribed(site, accept=PARTS) as parts:
        assert await events.read(9) == OPENING * 3
        part = b"\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql"
        assert (await parts.read(300)).startswith(b"--graphql" + part * 3)
