"""Servers that answer whatever a test wants, and a network of the test's own on which they have public addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import HostRefused
from tidegate.resolvers.fetching import HttpFetcher

PUBLIC = "93.184.216.34"
OTHER = "93.184.216.35"

LIMITS = Limits(httpTimeout=30.0)
"""A busy machine is no mistake: tests that wait for the end of time say so."""

Answer = Callable[["Request"], Awaitable[None] | None]


class Fetch(Protocol):
    async def __call__(self, url: Json = "", *, limits: Limits = LIMITS, **request: Json) -> Any: ...


class Request:
    """One request, as it came over the wire."""

    def __init__(
        self, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.lines = lines
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.body = body
        self.connection = connection
        self._reader = reader
        self._writer = writer

    @property
    def is_over(self) -> bool:
        """Whether the client is gone."""
        return self._reader.at_eof()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def sent(self) -> None:
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        named = {"content_length": str(len(body)), **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
        self.send(f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode("latin-1") + body)

    def redirect(self, to: str, status: int = 302) -> None:
        self.answer(b"", status, location=to)


class Server:
    """On 127.0.0.1. Keeps what it was asked, and how many connections there were, are, and were at most."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self.asked: list[Request] = []
        self.connections = 0
        self.open = 0
        self.most = 0
        self._empty = asyncio.Event()
        self._empty.set()

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def emptied(self) -> None:
        """Waits until nobody is connected."""
        async with asyncio.timeout(60):
            await self._empty.wait()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.open += 1
        self._empty.clear()
        self.most = max(self.most, self.open)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(e.split(b":")[1]) for e in head.split(b"\r\n") if e.lower().startswith(b"content-length")), 0
                )
                request = Request(head, await reader.readexactly(length), reader, writer, number)
                self.asked.append(request)
                done = self._answer(request)
                if done is not None:
                    await done
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            if not self.open:
                self._empty.set()
            writer.transport.abort()


class Network(httpcore.AsyncNetworkBackend):
    """On which `servers` have addresses; others do not answer. `tried` are the addresses, in order."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._network = httpcore.AnyIOBackend()
        self.tried: list[str] = []

    # Any: as the library has them.
    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        ip_address(host)
        self.tried.append(host)
        if host not in self._servers:
            raise httpcore.ConnectError("nobody is there")
        return await self._network.connect_tcp("127.0.0.1", self._servers[host].port)


class Names:
    """Answers each name with the next of its answers, and with the last of them from then on. `asked`: in order."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(listed) for name, listed in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        listed = self._answers.get(host)
        if listed is None:
            raise OSError("no such name")
        return listed.pop(0) if len(listed) > 1 else listed[0]


@asynccontextmanager
async def fetching(*allowed: str, **options: Any) -> AsyncIterator[HttpFetcher]:
    # Without the system's authorities, which take long to read.
    fetcher = HttpFetcher(allowed, **{"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **options})
    try:
        yield fetcher
    finally:
        await fetcher.close()


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Server, Fetch]]:
    """A server, and `$http` that may go there. `{}` in a url is the server."""
    async with Server(answer, tls) as server, fetching(f"127.0.0.1:{server.port}") as fetcher:

        async def fetch(url: Json = "http://{}/", *, limits: Limits = LIMITS, **request: Json) -> Any:
            if isinstance(url, str):
                url = url.replace("{}", f"127.0.0.1:{server.port}")
            return await ask(fetcher, url, limits=limits, **request)

        yield server, fetch


async def ask(fetcher: HttpFetcher, url: Json, *, limits: Limits = LIMITS, **request: Json) -> Any:
    """Any: {status, headers, data}."""
    return await fetcher.fetch({"url": url, **request}, limits, asyncio.get_running_loop().time() + 60)


async def refusal(answer: Awaitable[Any]) -> tuple[str, str]:
    """The name and the message of what a program would catch."""
    with pytest.raises(HostRefused) as caught:
        await answer
    return caught.value.name, caught.value.message


def make_certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server that has these names, signed by itself: the server's context, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{names[0]}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
    return serving, trusting
