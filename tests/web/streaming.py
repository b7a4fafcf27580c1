"""Other people's clients and bare sockets, for answers that go on."""

from __future__ import annotations

import asyncio
import json
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from tests.web.conftest import SECRET, Running

SCRIPT = Path(__file__).parents[1] / "node" / "streams.mjs"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
PATIENCE = 120.0
"""Seconds for what takes none: nothing is measured with it."""


def token(**changes: Any) -> str:
    claims = {"sub": "ada", "role": "admin", "exp": int(time.time()) + 600, **changes}
    return jwt.encode(claims, SECRET, "HS256")


def bearer(**changes: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(**changes)}"}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - anything may make it true
            await asyncio.sleep(0.01)


@dataclass
class NodeClient:
    """`streams.mjs` at work."""

    process: asyncio.subprocess.Process

    async def read(self) -> Any:
        """The next line. Any: JSON."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self.process.stdout.readline()
        return json.loads(line)

    async def leave(self) -> None:
        """Unsubscribes, and waits until it has gone."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await self.process.wait()


@asynccontextmanager
async def node_client(kind: str, site: Running, path: str, document: str, *token: str) -> AsyncIterator[NodeClient]:
    url = f"http://{site.host}:{site.port}{path}"
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), kind, url, document, *token, stdin=PIPE, stdout=PIPE
    )
    client = NodeClient(process)
    try:
        yield client
    finally:
        await client.leave()


@dataclass
class Socket:
    """One connection without a client's comforts."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        if body:
            headers = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        lines = [f"{method} {path} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def head(self) -> tuple[int, dict[str, str]]:
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().rstrip("\r\n").split("\r\n")
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines)

    async def chunk(self) -> bytes:
        """One chunk of the body, empty at its end."""
        async with asyncio.timeout(PATIENCE):
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def read(self, length: int) -> bytes:
        """So much of the body as that, in whatever chunks."""
        body = b""
        while len(body) < length:
            chunk = await self.chunk()
            assert chunk, body
            body += chunk
        return body

    async def rest(self) -> bytes:
        """The body until its end."""
        body = b""
        while chunk := await self.chunk():
            body += chunk
        return body

    def drop(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def socket(site: Running) -> AsyncIterator[Socket]:
    reader, writer = await asyncio.open_connection(site.host, site.port)
    try:
        yield Socket(reader, writer)
    finally:
        writer.transport.abort()


def asking(query: str, **more: Any) -> bytes:
    """A request's body. Any: JSON."""
    return json.dumps({"query": query, **more}).encode()


@asynccontextmanager
async def subscribed(
    site: Running, query: str = "subscription { ticks }", accept: str = EVENTS, **headers: str
) -> AsyncIterator[Socket]:
    """A subscription whose head has come."""
    async with socket(site) as connection:
        connection.send("POST", "/graphql", {"accept": accept, **headers}, asking(query))
        status, _ = await connection.head()
        assert status == 200
        yield connection
