"""`$http`: requests of the project's programs to other servers.

Programs may have been written by anybody who can write to the project, and they handle what clients send: where they
go is checked here. A name is resolved once, every address of it is looked at, and the connection goes to one that was:
a name that answers something else the next time changes nothing. Redirects are followed by hand, each like a request.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpcore
import httpx

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import HostRefused
from tidegate.resolvers.addresses import is_public
from tidegate.resolvers.unpacking import TooLarge, Unpacking

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LONGEST_URL: Final = 8192
MOST_HEADERS: Final = 64
LARGEST_HEADERS: Final = 16 * 1024
CONNECTIONS: Final = 100
IDLE: Final = 15.0
"""Seconds that a connection is kept for the next request."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive"),
        *("expect", "accept-encoding", "proxy-authorization", "proxy-connection", "proxy-authenticate"),
    }
)
"""Headers that are the connection's and not the program's."""
_PRIVATE: Final = frozenset({"authorization", "cookie"})
"""Headers that are for the origin that they were written for."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes


class HttpFetcher:
    """Implements core's `Fetcher`. `allowed`: hosts, or `host:port`, that may be reached although their addresses are
    not public. Constructed without I/O."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(host.lower() for host in allowed)
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def fetch(self, request: Mapping[str, Json], limits: Limits, deadline: float) -> Json:
        asked = _read(request)
        until = min(deadline, asyncio.get_running_loop().time() + limits.httpTimeout)
        try:
            async with asyncio.timeout_at(until):
                return await self._follow(asked, limits)
        except TimeoutError:
            raise HostRefused(f"$http had no answer from {asked.url.host} in time.", "TimeoutError") from None

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _follow(self, asked: _Request, limits: Limits) -> Json:
        for _ in range(limits.httpRedirects + 1):
            status, headers, data = await self._ask(asked, limits)
            location = headers.get("location")
            if status not in _REDIRECTS or location is None:
                return {"status": status, "headers": dict(headers), "data": data}
            asked = _redirected(asked, status, location)
        raise HostRefused(f"$http was redirected more than {limits.httpRedirects} times.", "RedirectError")

    async def _ask(self, asked: _Request, limits: Limits) -> tuple[int, dict[str, str], str]:
        host = asked.url.host
        url = httpcore.URL(
            scheme=asked.url.raw_scheme, host=asked.url.raw_host, port=asked.url.port, target=asked.url.raw_path
        )
        headers = [(name.encode(), value.encode("latin-1")) for name, value in asked.headers.items()]
        headers.append((b"Host", asked.url.netloc))
        headers.append((b"Accept-Encoding", b"gzip, deflate"))
        if asked.body or asked.method in ("POST", "PUT", "PATCH"):
            headers.append((b"Content-Length", str(len(asked.body)).encode()))
        try:
            async with self._connections().stream(
                asked.method.encode(), url, headers=headers, content=asked.body
            ) as response:
                found = _headers(response.headers)
                body = await _body(response, found, limits.httpBody)
                return response.status, found, _text(body, found)
        except _Closed:
            raise HostRefused(f'$http may not go to "{host}": its address is not public.', "AddressError") from None
        except TooLarge:
            raise HostRefused(f"The answer from {host} has more than {limits.httpBody} bytes.", "RangeError") from None
        except (httpcore.ConnectError, OSError):
            raise HostRefused(f"$http could not connect to {host}.", "ConnectionError") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError, ValueError):
            raise HostRefused(f"$http had no proper answer from {host}.", "ConnectionError") from None

    def _connections(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS // 5,
                keepalive_expiry=IDLE,
                network_backend=_CheckedNetwork(self._allowed),
            )
        return self._pool


class _Closed(Exception):
    """An address that is not public."""


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at, and to nothing else."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    # Any: as the library has them.
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        name = host.lower()
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        free = name in self._allowed or f"{name}:{port}" in self._allowed
        # All of them: a name that has one address within the house is up to something.
        if not addresses or (not free and not all(map(is_public, addresses))):
            raise _Closed
        failure: httpcore.ConnectError | None = None
        for address in addresses[:4]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
        raise failure or httpcore.ConnectError

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise _Closed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _read(request: Mapping[str, Json]) -> _Request:
    """What a program asks for, checked. Raises `HostRefused`."""
    method, data = request.get("method", "GET"), request.get("data")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise HostRefused(f"$http knows these methods: {', '.join(sorted(METHODS))}.", "TypeError")
    if data is not None and not isinstance(data, str):
        raise HostRefused("The data of a request is a text.", "TypeError")
    url = _address(request.get("url"))
    params = request.get("params")
    if isinstance(params, Mapping) and params:
        url = url.copy_merge_params({name: str(value) for name, value in params.items()})
    if len(str(url)) > LONGEST_URL:
        raise HostRefused(f"An address has {LONGEST_URL} characters at most.", "RangeError")
    return _Request(method.upper(), url, _headers_of(request.get("headers")), (data or "").encode("utf-8", "replace"))


def _address(given: Json) -> httpx.URL:
    if not isinstance(given, str) or len(given) > LONGEST_URL:
        raise HostRefused("The url of a request is a text of bounded length.", "TypeError")
    try:
        url = httpx.URL(given)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise HostRefused("This is not an address.", "TypeError") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise HostRefused("An address begins with http:// or https:// and a host.", "TypeError")
    if url.userinfo:
        raise HostRefused("An address holds no password: write an Authorization header.", "TypeError")
    return url


def _headers_of(given: Json) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None
        if text is None or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(text):
            raise HostRefused("A header is a name and one line of text.", "TypeError")
        if name.lower() not in _OURS:
            headers[name] = text
    if len(headers) > MOST_HEADERS or sum(len(name) + len(text) for name, text in headers.items()) > LARGEST_HEADERS:
        raise HostRefused("These are too many headers.", "RangeError")
    return headers


def _redirected(asked: _Request, status: int, location: str) -> _Request:
    try:
        url = _address(str(asked.url.join(location)))
    except (httpx.InvalidURL, ValueError):
        raise HostRefused("$http was redirected to what is no address.", "RedirectError") from None
    headers, method, body = dict(asked.headers), asked.method, asked.body
    if (url.scheme, url.host, url.port) != (asked.url.scheme, asked.url.host, asked.url.port):
        headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return _Request(method, url, headers, body)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def _body(response: httpcore.Response, headers: Mapping[str, str], most: int) -> bytes:
    unpacking = Unpacking(headers.get("content-encoding", ""), most)
    async for chunk in response.aiter_stream():
        unpacking.feed(chunk)
    return unpacking.whole()


def _text(body: bytes, headers: Mapping[str, str]) -> str:
    found = re.search(r"charset=\"?([\w-]+)", headers.get("content-type", ""))
    if found is not None:
        with suppress(LookupError):
            return body.decode(found[1], "replace")
    return body.decode("utf-8-sig", "replace")
