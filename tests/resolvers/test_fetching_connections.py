"""Connections of `$http`: kept, used again, many at once, given up, and over TLS."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import time
from pathlib import Path

import httpcore
import pytest

from tests.resolvers.servers import (
    LIMITS,
    OTHER,
    PUBLIC,
    Names,
    Network,
    Request,
    Server,
    ask,
    fetching,
    make_certificate,
    refusal,
    serving,
)
from tidegate.core.limits import Limits
from tidegate.resolvers.fetching import CONNECTIONS
from tidegate.resolvers.network import RESOLVERS, Resolver

IMPROPER = ("ConnectionError", "$http had no proper answer.")
COULD_NOT = ("ConnectionError", "$http could not connect.")
TOO_LATE = ("TimeoutError", "$http had no answer in time.")


def hello(request: Request) -> None:
    request.answer(b"hello")


async def test_connections_are_used_again() -> None:
    async with serving(hello) as (server, fetch):
        for _ in range(5):
            await fetch()
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_kept_connection_that_is_closed_at_the_other_end(method: str) -> None:
    """In the moment in which it is used again: what may be asked twice is."""

    def answer(request: Request) -> None:
        request.close() if request.target == "/second" and request.connection == 1 else request.answer()

    async with serving(answer) as (server, fetch):
        await fetch()
        if method in ("GET", "HEAD", "OPTIONS"):
            assert (await fetch("http://{}/second", method=method))["status"] == 200
            assert [(each.target, each.connection) for each in server.asked] == [
                ("/", 1),
                ("/second", 1),
                ("/second", 2),
            ]
        else:
            assert await refusal(fetch("http://{}/second", method=method)) == IMPROPER
            assert len(server.asked) == 2


async def test_a_new_connection_that_is_closed_is_not_tried_again() -> None:
    async with serving(lambda request: request.close()) as (server, fetch):
        assert await refusal(fetch()) == IMPROPER
    assert len(server.asked) == 1


async def test_a_kept_connection_that_was_closed_long_ago() -> None:
    async def answer(request: Request) -> None:
        request.answer(b"hello")
        await request.sent()
        request.close()

    async with serving(answer) as (server, fetch):
        for number in range(3):
            assert (await fetch(method="POST"))["data"] == "hello"
            await server.emptied()
            assert server.connections == number + 1


async def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with fetching("127.0.0.1") as fetcher:
            assert await refusal(ask(fetcher, f"http://127.0.0.1:{port}/")) == COULD_NOT


async def test_an_address_that_does_not_answer_does_not_keep_from_the_next() -> None:
    class Partly(Network):
        async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
            if host == OTHER:
                await asyncio.Event().wait()
            return await super().connect_tcp(host)

    names = Names(a_example=[[OTHER, PUBLIC]])
    async with (
        Server(hello) as server,
        fetching(resolve=names.resolve, network=Partly({PUBLIC: server})) as fetcher,
    ):
        assert (await ask(fetcher, "http://a.example/"))["data"] == "hello"


async def test_more_than_fit_wait_for_each_other() -> None:
    enough = asyncio.Event()

    async def answer(request: Request) -> None:
        if server.open == CONNECTIONS:
            enough.set()
        await enough.wait()
        request.answer(b"hello")

    async with serving(answer) as (server, fetch):
        answers = await asyncio.gather(*(fetch() for _ in range(CONNECTIONS * 3)))
        assert [answer["data"] for answer in answers] == ["hello"] * (CONNECTIONS * 3)
        assert server.most == CONNECTIONS


async def test_cancelled_at_any_time() -> None:
    """The sockets are closed, and room is made for others."""

    async def answer(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n")
        for part in (b"\r\n", b"hello", b"hello"):
            await asyncio.sleep(0.002)
            request.send(part)

    chance = random.Random(7)
    async with serving(answer) as (server, fetch):
        for _ in range(5):
            tasks = [asyncio.ensure_future(fetch()) for _ in range(CONNECTIONS + 50)]
            loop = asyncio.get_running_loop()
            for task in tasks:
                loop.call_later(chance.random() * 0.3, task.cancel)
            # While nobody has a turn, connections are given away and their takers cancelled.
            loop.call_later(chance.random() * 0.3, time.sleep, 0.2)
            await asyncio.gather(*tasks, return_exceptions=True)
        answers = await asyncio.gather(*(fetch() for _ in range(CONNECTIONS)))
        assert {answer["data"] for answer in answers} == {"hellohello"}
        assert server.most <= CONNECTIONS + 50


async def test_a_cancelled_request_closes_its_connection() -> None:
    asked = asyncio.Event()

    async with serving(lambda _: asked.set()) as (server, fetch):
        task = asyncio.ensure_future(fetch())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.emptied()


async def test_the_deadline_of_the_call_is_kept() -> None:
    async with serving(lambda _: None) as (server, _), fetching("127.0.0.1") as fetcher:
        now = asyncio.get_running_loop().time()
        for deadline in (now - 1, now, now + 0.1):
            asked = {"url": f"http://127.0.0.1:{server.port}/"}
            assert await refusal(fetcher.fetch(asked, LIMITS, deadline)) == TOO_LATE


async def test_closing_closes_the_connections() -> None:
    async with serving(hello) as (server, _):
        async with fetching("127.0.0.1") as fetcher:
            await ask(fetcher, f"http://127.0.0.1:{server.port}/")
            assert server.open == 1
        await server.emptied()


async def test_closed_without_having_been_used() -> None:
    async with fetching():
        pass


async def test_names_that_take_long_keep_nobody_else_waiting() -> None:
    """They have threads of their own, and those that wait for one can be given up."""
    resolver = Resolver()
    try:
        found = await asyncio.gather(*(resolver.addresses("127.0.0.1", 80) for _ in range(RESOLVERS * 5)))
        assert found == [["127.0.0.1"]] * (RESOLVERS * 5)
        with pytest.raises(OSError, match=r".*"):
            await resolver.addresses("a..b", 80)
    finally:
        resolver.close()
        resolver.close()


async def test_a_name_that_cannot_be_one() -> None:
    async with fetching() as fetcher:
        for host in ("a..b", "a" * 70 + ".example", ".".join("a" * 60 for _ in range(6)), ".", "-", "_"):
            assert await refusal(ask(fetcher, f"http://{host}/")) == COULD_NOT


async def tls_answer(tmp_path: Path, names: list[str], url: str, *, trusted: bool = True) -> tuple[Server, object]:
    """What comes of asking a server with a certificate for `names`."""
    serving_tls, trusting = make_certificate(tmp_path, *names)
    known = Names(www_example=[[PUBLIC]], other_example=[[PUBLIC]])
    async with Server(hello, serving_tls) as server:
        options = {"tls": trusting if trusted else ssl.create_default_context()}
        async with fetching(resolve=known.resolve, network=Network({PUBLIC: server}), **options) as fetcher:
            try:
                return server, (await ask(fetcher, url))["data"]
            except Exception as error:  # noqa: BLE001 - which one it is, the test knows
                return server, str(error)


async def test_tls(tmp_path: Path) -> None:
    server, answer = await tls_answer(tmp_path, ["www.example"], "https://www.example/")
    assert answer == "hello"
    assert server.asked[0].headers["host"] == "www.example"


@pytest.mark.parametrize(
    ("names", "url", "trusted"),
    [
        (["www.example"], "https://www.example/", False),
        (["www.example"], "https://other.example/", True),
        (["*.www.example"], "https://www.example/", True),
        ([PUBLIC], "https://www.example/", True),
    ],
)
async def test_certificates_of_others(names: list[str], url: str, trusted: bool, tmp_path: Path) -> None:
    """The name is what the certificate has to be for, not the address."""
    server, answer = await tls_answer(tmp_path, names, url, trusted=trusted)
    assert answer == "$http could not connect."
    assert not server.asked


async def test_plain_where_tls_is_and_tls_where_it_is_not(tmp_path: Path) -> None:
    serving_tls, trusting = make_certificate(tmp_path, "localhost")
    async with (
        Server(hello, serving_tls) as secret,
        Server(hello) as plain,
        fetching("localhost", tls=trusting) as fetcher,
    ):
        assert await refusal(ask(fetcher, f"http://localhost:{secret.port}/")) == IMPROPER
        assert (
            await refusal(ask(fetcher, f"https://localhost:{plain.port}/", limits=Limits(httpTimeout=0.3))) == TOO_LATE
        )
        assert (await ask(fetcher, f"https://localhost:{secret.port}/"))["data"] == "hello"


async def test_a_handshake_without_an_end_closes_its_connection() -> None:
    connected, gone = asyncio.Event(), asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        gone.set()
        writer.close()

    silent = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with fetching("127.0.0.1") as fetcher:
        while not connected.is_set():
            until = asyncio.get_running_loop().time() + 1
            assert await refusal(fetcher.fetch({"url": f"https://127.0.0.1:{port}/"}, LIMITS, until)) == TOO_LATE
        async with asyncio.timeout(60):
            await gone.wait()
    silent.close()
