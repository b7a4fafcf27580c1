"""Websockets below the messages: handshakes, frames, readers that do not read, peers that are gone."""

from __future__ import annotations

import asyncio
import json
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from websockets.frames import Close, Frame, Opcode

from tests.web.conftest import Running, Serving
from tests.web.fake_clients import emit
from tests.web.test_websocket import ACK, INIT, SUBSCRIBE, gone, talking
from tidegate.core.limits import Limits
from tidegate.core.live import Result
from tidegate.web.sockets import GONE_AFTER, MOST_BUFFERED, PING_AFTER, RESUMED_AT, Socket

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
)


def framed(opcode: int, data: bytes, *, fin: bool = True) -> bytes:
    """A client's frame, be it one that must not be."""
    size = len(data)
    length = bytes([128 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size)
    return bytes([128 * fin | opcode]) + length + bytes(4) + data


class Raw:
    """A connection in frames, after its handshake."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def text(self, *messages: Any) -> None:
        for message in messages:
            self.frame(Opcode.TEXT, message if isinstance(message, bytes) else json.dumps(message).encode())

    def frame(self, opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> None:
        self.writer.write(framed(opcode, data, fin=fin))

    async def read(self) -> tuple[int, bytes]:
        """One frame of the server's: its opcode and its data."""
        async with asyncio.timeout(60):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 15, await self.reader.readexactly(size)

    async def hear(self) -> Any:
        return json.loads((await self.read())[1])

    async def code(self) -> int:
        """Of the close that comes, after whatever comes before."""
        while True:
            opcode, data = await self.read()
            if opcode == Opcode.CLOSE:
                return Close.parse(data).code


async def open_raw(site: Running, *, init: bool = True, handshake: bytes = HANDSHAKE) -> Raw:
    reader, writer = await asyncio.open_connection(site.host, site.port, limit=2**20)
    writer.write(handshake + b"\r\n")
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    assert b"deflate" not in head
    talk = Raw(reader, writer)
    if init:
        talk.text(INIT)
        assert await talk.hear() == ACK
    return talk


Opening = Callable[..., Awaitable[Raw]]


@pytest.fixture
async def raw() -> AsyncIterator[Opening]:
    """Opens connections, and closes them in the end."""
    opened: list[Raw] = []

    async def opening(site: Running, **more: Any) -> Raw:
        opened.append(await open_raw(site, **more))
        return opened[-1]

    yield opening
    for talk in opened:
        talk.writer.transport.abort()


async def refused(site: Running, head: bytes) -> bytes:
    async with asyncio.timeout(60):
        return await site.raw(head + b"\r\n")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HANDSHAKE.replace(b"Version: 13", b"Version: 8"), 400),
        (HANDSHAKE.replace(b"Sec-WebSocket-Key", b"X"), 400),
        (HANDSHAKE.replace(b"MDEyMzQ1Njc4OWFiY2RlZg==", b"x"), 400),
        (HANDSHAKE + b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n", 400),
        (HANDSHAKE.replace(b"GET", b"POST"), 400),
        (HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
        (HANDSHAKE.replace(b"/graphql", b"/graphql?\xff"), 400),
        (HANDSHAKE + b"Content-Length: 5\r\n", 400),
        (HANDSHAKE + b"Transfer-Encoding: chunked\r\n", 400),
        (HANDSHAKE.replace(b"/graphql", b"/nope"), 404),
        (HANDSHAKE + b"Origin: https://evil.example\r\n", 403),
        (HANDSHAKE + b"Origin: http://x\r\nOrigin: http://x\r\n", 403),
        (HANDSHAKE + b"X: " + b"x" * 40_000 + b"\r\n", 431),
        (HANDSHAKE + b"X: y\r\n" * 100, 431),
    ],
)
async def test_bad_handshakes_are_answered(site: Running, raw: Opening, head: bytes, status: int) -> None:
    answer = await refused(site, head)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    body = answer.partition(b"\r\n\r\n")[2]
    assert json.loads(body)["errors"][0]["extensions"]["code"]
    await raw(site)


async def test_long_lines_are_no_hindrance(site: Running, raw: Opening) -> None:
    for line in (b"Cookie: " + b"x" * 20_000, b"Sec-WebSocket-Protocol: " + b"p," * 9000, b"X: \xff\xfe"):
        talk = await raw(site, handshake=HANDSHAKE + line + b"\r\n")
        talk.text({"type": "ping"})
        assert await talk.hear() == {"type": "pong"}


async def test_half_a_handshake_is_not_waited_for(serving: Serving) -> None:
    site = await serving(limits=Limits(headTimeout=0.2))
    async with asyncio.timeout(60):
        assert await site.raw(HANDSHAKE) == b""


async def test_websockets_count_as_connections(serving: Serving, raw: Opening) -> None:
    site = await serving(max_connections=2)
    first, second = await raw(site), await raw(site)
    assert (await refused(site, HANDSHAKE)).startswith(b"HTTP/1.1 503 ")
    for talk in (first, second):
        talk.text({"type": "ping"})
        assert await talk.hear() == {"type": "pong"}


async def test_idle_websockets_are_left_alone(serving: Serving, raw: Opening) -> None:
    site = await serving(limits=Limits(headTimeout=1.0, bodyTimeout=1.0), keep_alive=1.0)
    talk = await raw(site)
    await asyncio.sleep(1.5)
    talk.text({"type": "ping"})
    assert await talk.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (Frame(Opcode.TEXT, b"{}").serialize(mask=False), 1002),
        (b"\x83\x80abcd", 1002),
        (b"\xc1\x80abcd", 1002),
        (b"\x80\x80abcd", 1002),
        (framed(Opcode.PING, b"x" * 10, fin=False), 1002),
        (b"\x89\xfe\x00\x80abcd" + b"x" * 128, 1002),
        (framed(Opcode.TEXT, b"\xff\xfe"), 1007),
        (framed(Opcode.BINARY, b"{}"), 4400),
        (b"\x81\xff" + struct.pack("!Q", 2**40) + b"abcd" + b"x" * 1000, 1009),
        (b"\x81\xff" + struct.pack("!Q", 2**63) + b"abcd", 1009),
        (framed(Opcode.CLOSE, b""), 1005),
        (framed(Opcode.CLOSE, b"\x03\xe8"), 1000),
        (framed(Opcode.CLOSE, b"\x03"), 1002),
    ],
)
async def test_broken_frames_close_with_a_code(site: Running, raw: Opening, sent: bytes, code: int) -> None:
    talk = await raw(site)
    talk.writer.write(sent)
    opcode, data = await talk.read()
    assert opcode == Opcode.CLOSE
    assert Close.parse(data).code == code
    talk.writer.close()
    await gone(site)


async def test_fragments(site: Running, raw: Opening) -> None:
    talk = await raw(site)
    talk.frame(Opcode.TEXT, b'{"type":"pi', fin=False)
    for _ in range(10_000):
        talk.frame(Opcode.CONT, b"", fin=False)
    talk.frame(Opcode.PING, b"between")
    talk.frame(Opcode.CONT, b'ng","payload":{"a":"\xc3', fin=False)
    talk.frame(Opcode.CONT, b'\xa4"}}')
    assert await talk.read() == (Opcode.PONG, b"between")
    assert await talk.hear() == {"type": "pong", "payload": {"a": "ä"}}
    talk.frame(Opcode.TEXT, b"x" * 600_000, fin=False)
    talk.frame(Opcode.CONT, b"x" * 600_000, fin=False)
    assert await talk.code() == 1009


def ticks(number: int, size: int = 100_000) -> Result:
    return Result(b'{"data":{"ticks":%d,"x":"%b"}}' % (number, b"x" * size))


async def test_a_slow_reader_gets_the_newest_and_delays_nobody(site: Running, raw: Opening) -> None:
    slow = await raw(site)
    slow.text(SUBSCRIBE, {**SUBSCRIBE, "id": "b"}, {"type": "ping"})
    assert await slow.hear() == {"type": "pong"}
    async with talking(site, max_size=None) as quick:
        await quick.ask("q", "subscription { ticks }")
        await quick.say({"type": "ping"})
        await quick.hear()
        for number in range(300):
            assert emit(site.gateway, ticks(number)) == 3
            # The neighbour has each at once.
            assert (await quick.hear())["payload"]["data"]["ticks"] == number
        (socket,) = (each for each in sockets(site) if each.paused)
        assert socket.transport.get_write_buffer_size() < MOST_BUFFERED + 200_000
        seen: dict[str, list[int]] = {"a": [], "b": []}
        while not all(numbers and numbers[-1] == 299 for numbers in seen.values()):
            message = await slow.hear()
            seen[message["id"]].append(message["payload"]["data"]["ticks"])
        assert all(numbers == sorted(set(numbers)) and len(numbers) < 200 for numbers in seen.values())
        slow.text({"type": "ping"})
        assert await slow.hear() == {"type": "pong"}


async def test_topics_and_ends_wait_too(site: Running, raw: Opening) -> None:
    slow = await raw(site)
    slow.text(SUBSCRIBE, {**SUBSCRIBE, "id": "b"}, {"type": "ping"})
    assert await slow.hear() == {"type": "pong"}
    await fill(site, sockets(site)[0])
    for topic in ("one", "two", "one"):
        emit(site.gateway, Result(b'{"data":"%b"}' % topic.encode(), topic))
    (client,) = site.gateway.clients
    first = next(iter(client.subscriptions))
    first.sink.ended(None)
    await asyncio.sleep(0)
    emit(site.gateway, Result(b'{"data":"last"}', "two"))
    heard: list[tuple[str, Any]] = []
    while len(heard) < 5:
        message = await slow.hear()
        if message["type"] == "complete" or isinstance(message["payload"]["data"], str):
            heard.append((message["id"], message.get("payload", {}).get("data")))
    assert heard == [("a", "one"), ("b", "one"), ("a", "two"), ("b", "last"), ("a", None)]


async def fill(site: Running, socket: Socket) -> None:
    """Until the client's own buffers are full, too: what waits for it stays."""
    for number in count():
        emit(site.gateway, ticks(number, 1_000_000))
        if socket.paused:
            await asyncio.sleep(0.1)
            if socket.transport.get_write_buffer_size() > RESUMED_AT:
                break


async def test_who_reads_nothing_for_too_long_is_cut(serving: Serving, raw: Opening) -> None:
    site = await serving(limits=Limits(idleReader=0.3))
    slow = await raw(site)
    slow.text(SUBSCRIBE, {"type": "ping"})
    await slow.hear()
    (socket,) = sockets(site)
    for number in range(30):
        emit(site.gateway, ticks(number, 1_000_000))
        await asyncio.sleep(0.01)
    assert socket.paused
    emit(site.gateway, ticks(1))
    await gone(site)
    assert not sockets(site)


async def test_who_reads_nothing_does_not_keep_the_server(serving: Serving, raw: Opening) -> None:
    site = await serving()
    slow = await raw(site)
    slow.text(SUBSCRIBE, {"type": "ping"})
    await slow.hear()
    await fill(site, sockets(site)[0])
    site.server.stop()
    async with asyncio.timeout(60):
        while sockets(site):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_floods_by_who_does_not_read_are_bounded(site: Running, raw: Opening) -> None:
    talk = await raw(site)
    (socket,) = sockets(site)
    ping = framed(Opcode.PING, b"x" * 125) * 1000
    echo = framed(Opcode.TEXT, b'{"type":"ping","payload":{"a":"%b"}}' % (b"x" * 10_000)) * 10
    most = 0
    try:
        async with asyncio.timeout(1):
            while True:
                talk.writer.write(ping + echo)
                await talk.writer.drain()
                most = max(most, socket.transport.get_write_buffer_size())
    except TimeoutError:
        pass
    assert most < MOST_BUFFERED + 1_000_000
    async with talking(site) as other:
        await other.ask("a", "{ hello }")
        assert (await other.hear())["type"] == "next"


async def test_a_flood_of_small_frames_delays_nobody(site: Running, raw: Opening) -> None:
    flood, other = await raw(site), await raw(site)
    answered: list[str] = []

    async def wait_for(name: str, talk: Raw) -> None:
        await talk.hear()
        answered.append(name)

    flood.frame(Opcode.TEXT, b'{"type":', fin=False)
    flood.writer.write(framed(Opcode.CONT, b"", fin=False) * 10_000)
    flood.frame(Opcode.CONT, b'"ping"}')
    other.text({"type": "ping"})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait_for("flood", flood))
        tasks.create_task(wait_for("other", other))
    assert answered == ["other", "flood"]


async def test_silent_peers_are_asked_and_then_closed(site: Running, raw: Opening) -> None:
    talk = await raw(site)
    (socket,) = sockets(site)
    now = asyncio.get_running_loop().time()
    socket.check(now)
    socket.check(now + PING_AFTER + 1)
    socket.check(now + PING_AFTER + 2)
    assert await talk.read() == (Opcode.PING, b"")
    talk.frame(Opcode.PONG)
    talk.text({"type": "ping"})
    assert await talk.hear() == {"type": "pong"}
    socket.check(asyncio.get_running_loop().time() + GONE_AFTER + 1)
    assert await talk.code() == 1001
    await gone(site)
    socket.check(now)
    socket.check(now + 11)
    assert await talk.reader.read() == b""


def sockets(site: Running) -> list[Socket]:
    return [each for each in site.server.server_state.connections if isinstance(each, Socket)]
