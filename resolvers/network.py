"""The network as programs may use it: names are resolved once, and connections go to addresses that were looked at."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any, Final

import httpcore

from tidegate.resolvers.addresses import is_of_this_machine, is_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port. Raises `OSError`."""

RESOLVERS: Final = 8
"""Names that are resolved at once. They wait for each other, and nothing else waits for them."""
TRIED: Final = 4
"""Addresses of a name that are tried, one after the other."""
PATIENCE: Final = 1.0
"""Seconds that an address has to answer where there is another one."""
LARGEST_HEAD: Final = 128 * 1024
"""Bytes that a server may send before its answer proper begins."""
_PART: Final = 16 * 1024
"""Bytes that are read at once: what is made of them is made in one go, and others wait for it."""


class Closed(Exception):
    """An address that is not public."""


class Resolver:
    """Asks the system, in threads of its own: a name whose server is slow keeps a thread for long."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="tidegate-names")
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except UnicodeError:
            raise OSError("this cannot be a name") from None
        return [str(sockaddr[0]) for *_, sockaddr in found]

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


class AllowedHosts:
    """Those that the project names: `host`, or `host:port`; addresses of IPv6 in brackets."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(_split(text) for text in allowed)

    def has(self, host: str, port: int) -> bool:
        name = _canonical(host)
        return (name, None) in self._allowed or (name, port) in self._allowed


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects by `network` to addresses that were looked at, and to nothing else. `is_ours` tells which are this
    machine's own."""

    def __init__(
        self,
        allowed: AllowedHosts,
        resolve: Resolve,
        network: httpcore.AsyncNetworkBackend,
        is_ours: Callable[[str], bool] = is_of_this_machine,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._network = network
        self._is_ours = is_ours

    # Any: as the library has them.
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = list(dict.fromkeys(await self._resolve(host, port)))
        # All of them: a name that has one address within the house is up to something.
        if not self._allowed.has(host, port) and not all(map(self._is_open, addresses)):
            raise Closed
        failure: Exception | None = None
        tried = addresses[:TRIED]
        for address in tried:
            patience = PATIENCE if address != tried[-1] else None
            try:
                async with asyncio.timeout(patience):
                    stream = await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
                return MeteredStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout, TimeoutError) as error:
                failure = error
        raise httpcore.ConnectError("none of its addresses") from failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise Closed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _is_open(self, address: str) -> bool:
        return is_public(address) and not self._is_ours(address)


class MeteredStream(httpcore.AsyncNetworkStream):
    """A connection that does not read without end: after each request only so much."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = LARGEST_HEAD
        self._is_spoilt = False

    def expect(self, most: int) -> None:
        """From here on, `most` bytes may be read."""
        self._left = most

    def spoil(self) -> None:
        """It is not used for another request."""
        self._is_spoilt = True

    # `timeout` is the library's.
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._stream.read(min(max_bytes, _PART), timeout)
        self._left -= len(data)
        if self._left < 0:
            raise httpcore.ReadError("more than was to be expected")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._left = LARGEST_HEAD
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            return MeteredStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except asyncio.CancelledError:
            # The library closes it after errors only.
            await self._stream.aclose()
            raise

    # Any: the library's.
    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._is_spoilt:
            # An idle connection on which there is something to read is closed by the pool.
            return True
        return self._stream.get_extra_info(info)


def _split(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    return _canonical(host), int(port) if port else None


def _canonical(host: str) -> str:
    if ":" not in host:
        return host.lower()
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()
