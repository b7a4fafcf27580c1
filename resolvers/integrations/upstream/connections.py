"""One request over one connection of a pool, with limits for everything the other side sends.

httpcore and not httpx: the latter writes every address to the log, keeps cookies, and unpacks a body before anybody can
say that it is too large.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from logging import LogRecord, getLogger
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from tidegate.resolvers.incoming_answer import read_body, read_head
from tidegate.resolvers.integrations.upstream.exchange import Reply
from tidegate.resolvers.integrations.upstream.settings import UpstreamSettings
from tidegate.resolvers.network import AllowedHosts, CheckedNetwork, Resolver
from tidegate.resolvers.pooling import ConnectionPool

CONNECTIONS: Final = 100
"""Requests of one integration at once; more of them wait, as long as they may take."""
KEPT: Final = 20
IDLE: Final = 15.0
"""Seconds that a connection is kept for the next request."""
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_NEVER_WITH_BODY: Final = frozenset({204, 304})


def _holds_no_headers(record: LogRecord) -> bool:
    return "response_headers" not in str(record.msg)


# Whatever the level: what another server answers may repeat a password, and cookies are ones.
getLogger("httpcore.http11").addFilter(_holds_no_headers)


class _Everywhere(AllowedHosts):
    """Where an integration leads is its author's to say."""

    def has(self, host: str, port: int) -> bool:  # noqa: ARG002 - it is always the same
        return True


class _Network(CheckedNetwork):
    """The pool forgets causes: the exception carries its own."""

    # Any: as the library has them.
    async def connect_tcp(self, *given: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        try:
            return await super().connect_tcp(*given, **named)
        except httpcore.ConnectError as error:
            raise httpcore.ConnectError(*causes(error)[1:]) from error


def causes(error: BaseException) -> Sequence[BaseException]:
    """The exception and what led to it, also what the library wraps."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += (*each.args, each.__cause__, each.__context__)
    return found


class Connections:
    """Constructed without I/O, and used within one event loop."""

    def __init__(self, settings: UpstreamSettings, tls: ssl.SSLContext) -> None:
        timeouts = settings.timeouts
        self._most = settings.most
        self._timeout = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.read}
        self._resolver = Resolver()
        self._pool = ConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=IDLE,
            network_backend=_Network(_Everywhere(()), self._resolver.addresses, httpcore.AnyIOBackend()),
        )

    async def exchange(self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Raises httpcore's exceptions, `OSError`, `TooLarge`, and `ValueError` for a broken body."""
        lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        lines += [(b"Host", url.netloc), (b"Accept-Encoding", b"gzip, deflate")]
        if body is None and method in _WITH_BODY:
            body = b""
        if body is not None:
            lines.append((b"Content-Length", str(len(body)).encode()))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        # Any: the library's.
        extensions: dict[str, Any] = {"timeout": self._timeout}
        async with self._pool.stream(
            method.encode("ascii"), target, headers=lines, content=body, extensions=extensions
        ) as response:
            head = read_head(response.headers)
            if response.status in _NEVER_WITH_BODY or method == "HEAD":
                head.pop("content-encoding", None)
            return Reply(response.status, head, await read_body(response, head, self._most))

    async def close(self) -> None:
        await self._pool.aclose()
        self._resolver.close()


def read_certificates(ca: Path | None) -> ssl.SSLContext:
    """It reads every authority that the system trusts, which takes a while. Raises `OSError`."""
    return ssl.create_default_context(cafile=ca)
