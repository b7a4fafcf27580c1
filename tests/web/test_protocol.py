"""Clients that are slow, mute, endless or not HTTP at all."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import pytest

from tests.web.conftest import Running, Serving
from tests.web.streaming import until
from tidegate.core.limits import Limits

QUERY = b'{"query":"{ hello }"}'
HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 21\r\n"
HASTY = Limits(headTimeout=0.3, bodyTimeout=0.3)

Opened = tuple[StreamReader, StreamWriter]


async def opened(site: Running, sent: bytes) -> Opened:
    reader, writer = await asyncio.open_connection(site.host, site.port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def until_closed(connection: Opened) -> bytes:
    """What the server still said before it closed, be it by a reset."""
    reader, writer = connection
    said = b""
    try:
        async with asyncio.timeout(60):
            while part := await reader.read(65536):
                said += part
    except ConnectionError:
        pass
    finally:
        writer.close()
    return said


async def answer_of(reader: StreamReader) -> bytes:
    """One whole answer of a connection that stays open."""
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        return head + await reader.readexactly(int(length.split(b":")[1]))


@pytest.mark.parametrize(
    "sent",
    [b"", b"P", b"POST /graphql HTTP/1.1\r\nHost:", HEAD, HEAD + b"X: y\r\n", b"\r\n", b"GET /healthz HTTP/1.1\r\n"],
)
async def test_half_heads_and_mute_connections_are_closed(serving: Serving, sent: bytes) -> None:
    site = await serving(limits=HASTY)
    connections = [await opened(site, sent) for _ in range(50)]
    assert set(await asyncio.gather(*map(until_closed, connections))) == {b""}
    await until(lambda: not site.server.server_state.connections)
    assert (await site.ask("{ hello }")).status_code == 200


async def test_dripping_heads_are_closed(serving: Serving) -> None:
    site = await serving(limits=HASTY)

    async def drip(connection: Opened) -> None:
        for byte in HEAD * 1000:
            connection[1].write(bytes([byte]))
            await asyncio.sleep(0.02)

    connections = [await opened(site, b"") for _ in range(50)]
    dripping = [asyncio.create_task(drip(connection)) for connection in connections]
    assert set(await asyncio.gather(*map(until_closed, connections))) == {b""}
    for task in dripping:
        task.cancel()
    await asyncio.gather(*dripping, return_exceptions=True)


async def test_line_breaks_do_not_keep_a_connection(serving: Serving) -> None:
    site = await serving(limits=HASTY, keep_alive=600.0)
    connection = await opened(site, HEAD + b"\r\n" + QUERY)
    assert (await answer_of(connection[0])).endswith(b'{"data":{"hello":"world"}}')

    async def drip() -> None:
        while True:
            connection[1].write(b"\r\n")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    assert await until_closed(connection) == b""
    dripping.cancel()


async def test_dripping_bodies_are_answered_408_and_closed(serving: Serving) -> None:
    site = await serving(limits=HASTY)

    async def drip(connection: Opened) -> None:
        for byte in QUERY * 1000:
            connection[1].write(bytes([byte]))
            await asyncio.sleep(0.05)

    connections = [await opened(site, HEAD.replace(b"21", b"9999") + b"\r\n") for _ in range(50)]
    dripping = [asyncio.create_task(drip(connection)) for connection in connections]
    answers = await asyncio.gather(*map(until_closed, connections))
    for task in dripping:
        task.cancel()
    await asyncio.gather(*dripping, return_exceptions=True)
    assert any(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert all(not answer or answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert not site.gateway.users


async def test_bodies_of_other_addresses_end_too(serving: Serving) -> None:
    site = await serving(limits=HASTY)
    connection = await opened(site, b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
    assert (await answer_of(connection[0])).startswith(b"HTTP/1.1 405 ")
    connection[1].write(b"x")
    assert await until_closed(connection) == b""


async def test_a_long_answer_is_not_cut(serving: Serving) -> None:
    site = await serving(limits=Limits(headTimeout=0.5, bodyTimeout=0.5))
    reader, writer = await opened(site, HEAD.replace(b"21", b"20") + b'\r\n{"query":"{ slow }"}')
    await asyncio.sleep(1.0)
    writer.write(b"GET /healthz HT")  # half of the next one, while the first is still being answered
    await asyncio.sleep(1.0)
    # The other half is there when the time for it begins.
    writer.write(b"TP/1.1\r\nHost: x\r\n\r\n")
    site.gateway.release.set()
    assert b'"slow":null' in await answer_of(reader)
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_slow_but_steady_client_is_served(site: Running) -> None:
    reader, writer = await opened(site, b"")
    for byte in HEAD + b"\r\n" + QUERY:
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await answer_of(reader)).endswith(b'{"data":{"hello":"world"}}')
    writer.close()


async def test_requests_sent_ahead_are_answered_in_order(site: Running) -> None:
    one = HEAD + b"\r\n" + QUERY
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await opened(site, one + health + one + b"\r\n" + health + one)
    kinds = [b'"hello"' in await answer_of(reader) for _ in range(5)]
    assert kinds == [True, False, True, False, True]
    writer.close()


async def test_idle_connections_are_closed(serving: Serving) -> None:
    site = await serving(keep_alive=1.0)
    connection = await opened(site, HEAD + b"\r\n" + QUERY)
    assert (await until_closed(connection)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET /healthz?" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 1000 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 101 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000,
        b"GET /" + b"x" * 40_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: "
        + b"p," * 20_000
        + b"\r\n\r\n",
    ],
)
async def test_large_heads(site: Running, head: bytes) -> None:
    answer = await until_closed(await opened(site, head))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(
        b'{"errors":[{"message":"The request\'s head is too large.","extensions":{"code":"LIMIT"}}]}'
    )
    assert b"x-content-type-options: nosniff\r\n" in answer


async def test_a_large_head_sent_ahead(site: Running) -> None:
    large = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    one = HEAD + b"\r\n" + QUERY
    answers = await until_closed(await opened(site, one + large))
    assert b"HTTP/1.1 431 " in answers


async def test_continue(site: Running) -> None:
    expecting = HEAD + b"Expect: 100-continue\r\n"
    reader, writer = await opened(site, expecting + b"\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(QUERY)
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()
    reader, writer = await opened(site, expecting + b"Authorization: Bearer x\r\n\r\n")
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_head_just_within_the_limit(serving: Serving) -> None:
    site = await serving(max_head=1000)
    head = HEAD + b"X: " + b"x" * 850 + b"\r\n\r\n"
    reader, writer = await opened(site, head + QUERY)
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 200 ")
    body = QUERY.ljust(5000)
    writer.write(HEAD.replace(b"21", b"5000") + b"\r\n" + body)
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 200 ")
    writer.write(HEAD + b"X: " + b"x" * 950 + b"\r\n\r\n" + QUERY)
    assert (await answer_of(reader)).startswith(b"HTTP/1.1 431 ")
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nA\x00b: c\r\n\r\n",
        b"GET / HTTP/1.1\r\n a: b\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_400(site: Running, sent: bytes) -> None:
    answer = await until_closed(await opened(site, sent))
    assert b"HTTP/1.1 400 " in answer or b"HTTP/1.1 404 " in answer
    assert b" 500 " not in answer
    assert (await site.ask("{ hello }")).status_code == 200


async def test_upgrades_are_answered_and_not_followed(site: Running) -> None:
    for kind in (b"websocket", b"h2c"):
        lines = b"Connection: Upgrade\r\nUpgrade: " + kind + b"\r\n"
        reader, writer = await opened(site, b"GET /graphql HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
        assert (await answer_of(reader)).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_too_many_connections(serving: Serving) -> None:
    site = await serving(max_connections=3)
    mute = [await opened(site, b"") for _ in range(3)]
    answer = await until_closed(await opened(site, HEAD + b"\r\n" + QUERY))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answer
    for _, writer in mute:
        writer.close()
        await writer.wait_closed()
    async with asyncio.timeout(60):
        while (await site.ask("{ hello }")).status_code == 503:
            pass
