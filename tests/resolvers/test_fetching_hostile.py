"""Servers that answer without end, too much, too slowly, or nonsense: an error of that request, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable

import pytest

from tests.resolvers.servers import Answer, Fetch, Request, Server, refusal, serving
from tidegate.core.limits import Limits

IMPROPER = ("ConnectionError", "$http had no proper answer.")
TOO_LATE = ("TimeoutError", "$http had no answer in time.")
TOO_LARGE = ("RangeError", "The answer to $http has more than 1048576 bytes.")
SHORT = Limits(httpTimeout=0.3)
MiB = 1024 * 1024


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, "")).encode("latin-1")


def chunked(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


async def forever(request: Request, *parts: bytes, pause: float = 0.0) -> None:
    """The first part once, the others again and again."""
    first, *rest = parts
    request.send(first)
    while not request.is_over:
        for part in rest:
            request.send(part)
            await request.sent()
            await asyncio.sleep(pause)


async def still_well(server: Server, fetch: Fetch) -> None:
    """The connection is gone, and the next request is like any."""
    await server.emptied()
    assert (await fetch("http://{}/well"))["data"] == "well"


def sometimes(answer: Answer) -> Answer:
    return lambda request: request.answer(b"well") if request.target == "/well" else answer(request)


SLOW: dict[str, tuple[bytes, ...]] = {
    "nothing": (b"", b""),
    "half a line": (b"HTTP/1.1 2", b""),
    "headers that drip": (b"HTTP/1.1 200 OK\r\n", b"a"),
    "a header in small parts": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "a body that does not come": (head("Content-Length: 5"), b""),
    "a body that drips": (head("Content-Length: 100000"), b"a"),
    "chunks that drip": (head("Transfer-Encoding: chunked"), chunked(b"a")),
    "a body without an end": (head("Connection: close"), b"a"),
    "gzip that drips": (head("Content-Encoding: gzip") + gzip.compress(b"a")[:10], b""),
    "continue, slowly": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a redirect that drips": (b"HTTP/1.1 302 Found\r\n", b"L"),
}


@pytest.mark.parametrize("kind", SLOW)
async def test_slow(kind: str) -> None:
    async with serving(sometimes(lambda request: forever(request, *SLOW[kind], pause=0.01))) as (server, fetch):
        assert await refusal(fetch(limits=SHORT)) == TOO_LATE
        await still_well(server, fetch)


async def test_slow_redirects_have_one_time_for_all() -> None:
    async def answer(request: Request) -> None:
        await asyncio.sleep(0.15)
        request.redirect("/next")

    async with serving(sometimes(answer)) as (server, fetch):
        assert await refusal(fetch(limits=Limits(httpTimeout=0.3, httpRedirects=1000))) == TOO_LATE
        assert len(server.asked) < 4
        await still_well(server, fetch)


_member = gzip.compress(b"")
_empty = zlib.compressobj(9, zlib.DEFLATED, 31)
_start = _empty.compress(b"a") + _empty.flush(zlib.Z_SYNC_FLUSH)

ENDLESS: dict[str, tuple[bytes, ...]] = {
    "a line": (b"HTTP/1.1 200 ", b"a" * 65536),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 8192),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" * 1000),
    "junk": (b"", b"junk " * 10_000),
    "zeros": (b"", bytes(65536)),
    "a body": (head(), b"a" * 65536),
    "a body of a length": (head("Content-Length: 1000000000000"), b"a" * 65536),
    "chunks": (head("Transfer-Encoding: chunked"), chunked(b"a" * 65536)),
    "small chunks": (head("Transfer-Encoding: chunked"), chunked(b"a") * 1000),
    "chunks with extensions": (head("Transfer-Encoding: chunked"), chunked(b"a", b";" + b"x" * 1000) * 60),
    "an extension": (head("Transfer-Encoding: chunked") + b"1;", b"x" * 65536),
    "trailers": (head("Transfer-Encoding: chunked") + b"0\r\n", b"X-A: b\r\n" * 8192),
    "gzip": (head("Content-Encoding: gzip"), gzip.compress(bytes(MiB)) * 10),
    "a gzip head": (head("Content-Encoding: gzip") + b"\x1f\x8b\x08\x08" + bytes(6), b"a" * 65536),
    "gzip of nothing": (head("Content-Encoding: gzip") + _start, b"\x00\x00\x00\xff\xff" * 1000),
    "after gzip": (head("Content-Encoding: gzip") + gzip.compress(b"hello", mtime=0), b"a" * 65536),
    "gzip members": (head("Content-Encoding: gzip"), _member * 1000),
    "noise": (head("Content-Encoding: deflate"), bytes(range(256)) * 256),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_endless(kind: str) -> None:
    """Ends long before its time, and takes no more memory than an answer may."""
    async with serving(sometimes(lambda request: forever(request, *ENDLESS[kind]))) as (server, fetch):
        tracemalloc.start()
        try:
            assert await refusal(fetch()) in (IMPROPER, TOO_LARGE)
            assert tracemalloc.get_traced_memory()[1] < 32 * MiB
        finally:
            tracemalloc.stop()
        await still_well(server, fetch)


def bomb(size: int, times: int = 1, window: int = 31) -> bytes:
    data = bytes(size)
    for _ in range(times):
        packer = zlib.compressobj(9, zlib.DEFLATED, window)
        data = packer.compress(data) + packer.flush()
    return data


@pytest.mark.parametrize(
    ("encoding", "body", "wanted"),
    [
        ("gzip", bomb(MiB + 1), TOO_LARGE),
        ("gzip", bomb(100 * MiB), TOO_LARGE),
        ("deflate", bomb(100 * MiB, window=15), TOO_LARGE),
        ("gzip, gzip", bomb(100 * MiB, times=2), IMPROPER),
        ("gzip,deflate", b"a", IMPROPER),
        ("br", b"\x8b\x00\x80a\x03", IMPROPER),
        ("zstd", b"(\xb5/\xfd", IMPROPER),
        ("compress", b"a", IMPROPER),
        ("nonsense", b"a", IMPROPER),
        ("gzip", b"hello", IMPROPER),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-9], IMPROPER),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-8] + bytes(8), IMPROPER),
        ("gzip", gzip.compress(b"hello", mtime=0) + b"more", IMPROPER),
        ("deflate", zlib.compress(b"hello")[:-2], IMPROPER),
    ],
    ids=range(14),
)
async def test_packed(encoding: str, body: bytes, wanted: tuple[str, str]) -> None:
    async with serving(sometimes(lambda r: r.answer(body, Content_Encoding=encoding))) as (server, fetch):
        tracemalloc.start()
        try:
            assert await refusal(fetch()) == wanted
            assert tracemalloc.get_traced_memory()[1] < 32 * MiB
        finally:
            tracemalloc.stop()
        assert (await fetch("http://{}/well"))["data"] == "well"
        assert server.open <= 2


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_a_body_may_be_as_large_as_it_may_be(encoding: str) -> None:
    limits = Limits(httpBody=1000, httpTimeout=30.0)

    def answer(request: Request) -> None:
        body = b"a" * int(request.target[1:])
        request.answer(gzip.compress(body) if encoding else body, Content_Encoding=encoding)

    async with serving(answer) as (_, fetch):
        assert len((await fetch("http://{}/1000", limits=limits))["data"]) == 1000
        name, message = await refusal(fetch("http://{}/1001", limits=limits))
        assert (name, message) == ("RangeError", "The answer to $http has more than 1000 bytes.")


async def test_a_body_byte_by_byte() -> None:
    body = chunked(b"a") * 20_000 + chunked(b"")

    async with serving(lambda r: r.send(head("Transfer-Encoding: chunked") + body)) as (_, fetch):
        assert (await fetch(limits=Limits(httpBody=20_000, httpTimeout=30.0)))["data"] == "a" * 20_000


NONSENSE: dict[str, bytes] = {
    "HTTP/0.9": b"<html>hello</html>",
    "an empty line": b"\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "mail": b"220 mail ESMTP\r\n",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x46",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of four": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a low status": b"HTTP/1.1 007 OK\r\n\r\n",
    "an old version": b"HTTP/1 200 OK\r\n\r\n",
    "a space before the colon": head("X-A : b"),
    "a header without a colon": head("X-A"),
    "a header without a name": head(": b"),
    "a zero in a header": head("X-A: \x00"),
    "two lengths": head("Content-Length: 5", "Content-Length: 6") + b"hello!",
    "a length of letters": head("Content-Length: abc"),
    "a length below zero": head("Content-Length: -1"),
    "a length of many digits": head("Content-Length: " + "9" * 5000) + b"a",
    "a body too short": head("Content-Length: 50") + b"hello",
    "chunks of letters": head("Transfer-Encoding: chunked") + b"zz\r\nhello\r\n",
    "a chunk below zero": head("Transfer-Encoding: chunked") + b"-5\r\nhello\r\n",
    "a chunk beyond numbers": head("Transfer-Encoding: chunked") + b"f" * 50 + b"\r\nhello\r\n",
    "a chunk too long": head("Transfer-Encoding: chunked") + b"2\r\nhello\r\n0\r\n\r\n",
    "half a chunk": head("Transfer-Encoding: chunked") + b"5\r\nhel",
    "no last chunk": head("Transfer-Encoding: chunked") + chunked(b"hello"),
    "other codings": head("Transfer-Encoding: gzip, chunked") + chunked(b"hello") + chunked(b""),
    "an upgrade": head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols") + b"hello",
    "only hints": head(status="103 Early Hints"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", NONSENSE)
async def test_nonsense(kind: str, method: str) -> None:
    def answer(request: Request) -> None:
        request.send(NONSENSE[kind])
        request.close()

    async with serving(sometimes(answer)) as (server, fetch):
        assert await refusal(fetch(method=method)) == IMPROPER
        assert len(server.asked) == 1
        await still_well(server, fetch)


async def test_what_comes_after_an_answer_is_not_the_next_one() -> None:
    """Requests of different users share connections: an answer that is longer than it says ends its connection."""
    forged = head("Content-Length: 6") + b"forged"
    answers = {
        "/length": head("Content-Length: 5") + b"hello" + forged,
        "/chunks": head("Transfer-Encoding: chunked") + chunked(b"hello") + chunked(b"") + forged,
        "/none": head(status="204 No Content") + forged,
        "/unchanged": head("Content-Length: 5", status="304 Not Modified") + b"hello",
        "/packed": head("Content-Encoding: gzip", "Content-Length: 25") + gzip.compress(b"hello", mtime=0) + forged,
    }
    async with serving(sometimes(lambda request: request.send(answers[request.target]))) as (server, fetch):
        for target in answers:
            for method in ("GET", "POST"):
                await fetch("http://{}" + target, method=method)
                assert (await fetch("http://{}/well", method="POST"))["data"] == "well"
        assert (await fetch("http://{}/length", method="HEAD"))["data"] == ""
        assert (await fetch("http://{}/well", method="POST"))["data"] == "well"
        assert server.connections == 12


async def test_answers_that_come_before_they_are_asked_for() -> None:
    """Sent on an idle connection."""
    sent = asyncio.Event()

    async def answer(request: Request) -> None:
        request.answer(b"hello")
        await request.sent()
        await asyncio.sleep(0.05)
        request.send(head("Content-Length: 6") + b"forged")
        await request.sent()
        sent.set()

    async with serving(sometimes(answer)) as (server, fetch):
        await fetch(method="POST")
        await sent.wait()
        assert (await fetch("http://{}/well", method="POST"))["data"] == "well"
        assert server.connections == 2


async def test_others_are_served_meanwhile() -> None:
    """Forty hostile answers at once: the loop turns, and friendly ones come."""
    kinds = [*ENDLESS, *ENDLESS]

    def answer(request: Request) -> Awaitable[None]:
        return forever(request, *ENDLESS[kinds[int(request.target[1:])]])

    async with serving(sometimes(answer)) as (_, fetch):
        hostile = [asyncio.ensure_future(refusal(fetch(f"http://{{}}/{n}"))) for n in range(len(kinds))]
        for _ in range(20):
            assert (await fetch("http://{}/well"))["data"] == "well"
        assert set(await asyncio.gather(*hostile)) == {IMPROPER, TOO_LARGE}
