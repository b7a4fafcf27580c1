"""`$http`: requests of the project's programs to other servers.

Programs may have been written by anybody who can write to the project, and they handle what clients send: where they
go is checked here. A name is resolved once, every address of it is looked at, and the connection goes to one that was:
a name that answers something else the next time changes nothing. Redirects are followed by hand, each like a request.

What goes wrong is told without hosts and addresses, for an error that no program catches is told to the client. The log
has them.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpcore

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import HostRefused
from tidegate.resolvers.incoming_answer import read_body, read_head, read_text
from tidegate.resolvers.network import AllowedHosts, CheckedNetwork, Closed, Resolve, Resolver
from tidegate.resolvers.outgoing_request import SAFE, OutgoingRequest, read_request, redirect
from tidegate.resolvers.pooling import ConnectionPool
from tidegate.resolvers.unpacking import TooLarge

_log = logging.getLogger("tidegate.programs")

CONNECTIONS: Final = 100
"""Requests at once; more of them wait, as long as they may take."""
IDLE: Final = 15.0
"""Seconds that a connection is kept for the next request."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpFetcher:
    """Implements core's `Fetcher`. `allowed`: hosts, or `host:port`, that may be reached although their addresses are
    not public. Names are resolved by `resolve`, connections made by `network`, certificates held against `tls`; by
    default as the system does. Constructed without I/O."""

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = AllowedHosts(allowed)
        self._resolver = Resolver()
        self._network = CheckedNetwork(
            self._allowed, resolve or self._resolver.addresses, network or httpcore.AnyIOBackend()
        )
        self._tls = tls
        self._starting = asyncio.Lock()
        self._pool: ConnectionPool | None = None

    async def fetch(self, request: Mapping[str, Json], limits: Limits, deadline: float) -> Json:
        asked = read_request(request)
        until = min(deadline, asyncio.get_running_loop().time() + limits.httpTimeout)
        try:
            async with asyncio.timeout_at(until):
                return await self._follow(asked, limits)
        except TimeoutError as error:
            raise _refused(asked, error, "$http had no answer in time.", "TimeoutError") from None

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()
        self._resolver.close()

    async def _follow(self, asked: OutgoingRequest, limits: Limits) -> Json:
        for _ in range(limits.httpRedirects + 1):
            status, headers, data = await self._ask_again(asked, limits)
            location = headers.get("location")
            if status not in _REDIRECTS or location is None:
                return {"status": status, "headers": dict(headers), "data": data}
            following = redirect(asked, status, location)
            if self._is_within(following) and not self._is_within(asked):
                # The project lets its programs in there, not whoever answers them.
                raise _refused(following, Closed(), "$http was redirected to where it may not go.", "AddressError")
            asked = following
        raise HostRefused(f"$http was redirected more than {limits.httpRedirects} times.", "RedirectError")

    def _is_within(self, asked: OutgoingRequest) -> bool:
        return self._allowed.has(asked.host, asked.port)

    async def _ask_again(self, asked: OutgoingRequest, limits: Limits) -> tuple[int, dict[str, str], str]:
        """A connection that was kept may have been closed at the other end in just this moment: what may be asked twice
        is asked again, on a new one."""
        is_new = False

        # Any: whatever the library tells.
        async def trace(event: str, _: Any) -> None:
            nonlocal is_new
            is_new = is_new or event == "connection.connect_tcp.started"

        extensions = {"trace": trace}
        while True:
            try:
                return await self._ask(asked, limits, extensions)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                if asked.method in SAFE and not is_new:
                    continue
                raise _refused(asked, error, "$http had no proper answer.", "ConnectionError") from None

    async def _ask(
        self, asked: OutgoingRequest, limits: Limits, extensions: Mapping[str, Any]
    ) -> tuple[int, dict[str, str], str]:
        url = httpcore.URL(
            scheme=asked.url.raw_scheme, host=asked.url.raw_host, port=asked.url.port, target=asked.url.raw_path
        )
        headers = [(name.encode(), value.encode("latin-1")) for name, value in asked.headers.items()]
        headers.append((b"Host", asked.url.netloc))
        headers.append((b"Accept-Encoding", b"gzip, deflate"))
        # Without one where there may be none: some servers refuse a GET that has any.
        content = asked.body if asked.body or asked.method in ("POST", "PUT", "PATCH") else None
        pool = await self._connections()
        try:
            async with pool.stream(
                asked.method.encode(), url, headers=headers, content=content, extensions=dict(extensions)
            ) as response:
                found = read_head(response.headers)
                if response.status in _REDIRECTS and "location" in found:
                    return response.status, found, ""
                body = await read_body(response, found, limits.httpBody)
                return response.status, found, read_text(body, found)
        except Closed as error:
            raise _refused(asked, error, "$http may not go there: the address is not public.", "AddressError") from None
        except TooLarge as error:
            message = f"The answer to $http has more than {limits.httpBody} bytes."
            raise _refused(asked, error, message, "RangeError") from None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, OSError) as error:
            raise _refused(asked, error, "$http could not connect.", "ConnectionError") from None
        except ValueError as error:
            raise _refused(asked, error, "$http had no proper answer.", "ConnectionError") from None

    async def _connections(self) -> ConnectionPool:
        async with self._starting:
            if self._pool is None:
                # It reads every authority that the system trusts, which takes a while.
                tls = self._tls or await asyncio.to_thread(ssl.create_default_context)
                self._pool = ConnectionPool(
                    ssl_context=tls,
                    max_connections=CONNECTIONS,
                    max_keepalive_connections=CONNECTIONS // 5,
                    keepalive_expiry=IDLE,
                    network_backend=self._network,
                )
            return self._pool


def _refused(asked: OutgoingRequest, error: BaseException, message: str, name: str) -> HostRefused:
    reason = str(error) or type(error).__name__
    _log.warning("$http to %s port %d: %s (%s)", asked.host, asked.port, message, reason[:200])
    return HostRefused(message, name)
