"""Bodies that are too large, or not as large as they claim."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web.conftest import Serving
from tidegate.core.limits import Limits


async def test_large_bodies(serving: Serving) -> None:
    site = await serving(limits=Limits(body=1000))

    async def chunks(count: int) -> Any:
        for _ in range(count):
            yield b" " * 500

    assert (await site.send(b'{"query":"{ hello }"}'.ljust(1000))).status_code == 200
    for content in (
        b'{"query":"{ hello }"}'.ljust(1001),
        b" " * 7000,
        b" " * 60_000,
        chunks(3),
        chunks(10),
        chunks(99),
    ):
        response = await site.send(content)
        assert (response.status_code, response.json()["errors"][0]["extensions"]) == (413, {"code": "LIMIT"})
    assert len(site.gateway.users) == 1


async def test_bodies_without_end(serving: Serving) -> None:
    site = await serving(limits=Limits(body=1000))
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = await site.raw(head + b"Content-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer
    chunk = b"1f4\r\n" + b" " * 500 + b"\r\n"
    _, writer = await asyncio.open_connection(site.host, site.port)
    writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")

    async def send_for_ever() -> None:
        while True:
            writer.write(chunk)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send_for_ever(), 60)
    writer.close()
    assert not site.gateway.users


async def test_a_body_smaller_than_it_claims(serving: Serving) -> None:
    site = await serving(limits=Limits(bodyTimeout=0.2))
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
    assert (await site.raw(head + b"{")).startswith(b"HTTP/1.1 408 ")
    _, writer = await asyncio.open_connection(site.host, site.port)
    writer.write(head)
    await writer.drain()
    writer.close()
    assert (await site.ask("{ hello }")).status_code == 200
    assert len(site.gateway.users) == 1
