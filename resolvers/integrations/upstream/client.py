"""Asks another server: patiently where that does no harm, and not at all for a while where it does not help."""

from __future__ import annotations

import asyncio
import random
import ssl
from http import HTTPStatus
from logging import getLogger
from os import strerror
from socket import gaierror
from time import time
from typing import Final
from urllib.parse import urljoin

import httpcore
import httpx

from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Experience, IntegrationUnavailable
from tidegate.resolvers.integrations.upstream.breaker import Breaker, Passage
from tidegate.resolvers.integrations.upstream.connections import Connections, causes, read_certificates
from tidegate.resolvers.integrations.upstream.exchange import Asked, Reply, Trouble, merged
from tidegate.resolvers.integrations.upstream.retries import FAILING, PASSING, asked_to_wait, pause
from tidegate.resolvers.integrations.upstream.settings import UpstreamSettings
from tidegate.resolvers.unpacking import TooLarge

log = getLogger("tidegate.upstream")

REDIRECTS: Final = 3
LONGEST_URL: Final = 16 * 1024
_REDIRECTING: Final = frozenset({301, 302, 303, 307, 308})
_REFUSING: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses that rather concern all that is asked than what was."""
_DEFAULTS: Final = {"accept": "application/json, */*;q=0.5", "user-agent": "Tidegate"}

_DOWN: Final = "Another server cannot be reached."
_LATE: Final = "Another server took too long."


class _Again(Exception):
    """There was no answer, and it may be another time. `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Upstream:
    """One for an integration: pool, timeouts, retries of safe methods, circuit breaker, size limit. No cookies, no
    proxies of the environment. `name` is the integration's, for the log, which learns no more than that: no address, no
    header, nothing that was sent or answered. Constructed without I/O."""

    def __init__(self, name: str, settings: UpstreamSettings) -> None:
        self._name = name
        self._settings = settings
        self._breaker = Breaker(settings.breaking)
        self._connections: Connections | None = None
        self._asked = self._failed = 0
        self._trouble = ""
        self._troubled: float | None = None
        self._answered: float | None = None

    @property
    def experience(self) -> Experience:
        left_alone = self._breaker.is_open
        return Experience(self._asked, self._failed, self._trouble, self._troubled, self._answered, left_alone)

    async def open(self) -> None:
        """Raises `IntegrationUnavailable` for what will never work, not for a server that is down."""
        try:
            tls = await asyncio.to_thread(read_certificates, self._settings.ca)
        except (OSError, ssl.SSLError) as error:
            message = f'The certificates of the integration "{self._name}" cannot be read.'
            raise IntegrationUnavailable(message) from error
        self._connections = Connections(self._settings, tls)

    async def ask(self, asked: Asked, *, safe: bool) -> Reply:
        """A reply of any status. `safe`: it may be asked more than once. Redirects are followed within the origin.
        Raises `OperationError`: UPSTREAM_FAILED where there is no answer, TIMEOUT, LIMIT where it is too large, and
        BAD_USER_INPUT for a header of more than one line."""
        headers = merged(_DEFAULTS, self._settings.headers, asked.headers)
        url = _parsed(asked.url)
        if url is None:
            raise OperationError(Code.BAD_USER_INPUT, "A value cannot be sent in an address.")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.timeouts.total
        method, body = asked.method.upper(), asked.body
        limit = asyncio.timeout_at(until)
        try:
            async with limit:
                for _ in range(REDIRECTS + 1):
                    reply = await self._patiently(method, url, headers, body, safe, until)
                    following = _followed(url, reply)
                    if following is None:
                        return reply
                    url = following
                    if reply.status == 303 or (reply.status in (301, 302) and method == "POST"):
                        method, body = ("HEAD" if method == "HEAD" else "GET"), None
                        headers.pop("content-type", None)
        except TimeoutError:
            if not limit.expired():
                raise
            self._note_failure("it took too long")
            raise OperationError(Code.TIMEOUT, _LATE) from self._noted("it took too long")
        raise OperationError(Code.UPSTREAM_FAILED, "Another server could not do this.") from self._noted(
            "too many redirects"
        )

    async def close(self) -> None:
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    async def _patiently(
        self, method: str, url: httpx.URL, headers: dict[str, str], body: bytes | None, safe: bool, until: float
    ) -> Reply:
        attempts = self._settings.retries + 1 if safe else 1
        loop = asyncio.get_running_loop()
        for attempt in range(attempts):
            is_last = attempt + 1 == attempts
            wait = pause(attempt, random.random())  # noqa: S311 - nobody gains by guessing it
            try:
                reply = await self._once(method, url, headers, body)
            except _Again as trouble:
                if is_last or self._breaker.is_open or loop.time() + wait >= until:
                    raise OperationError(Code.UPSTREAM_FAILED, _DOWN) from self._noted(trouble.reason)
            else:
                said = asked_to_wait(reply.headers)
                if reply.status not in PASSING or is_last or self._breaker.is_open:
                    return reply
                if reply.status == 429 and said is None:
                    return reply
                wait = max(wait, said or 0.0)
                if loop.time() + wait >= until:
                    return reply
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt ends it")

    async def _once(self, method: str, url: httpx.URL, headers: dict[str, str], body: bytes | None) -> Reply:
        """Raises `_Again`, or `OperationError` where nothing is to be tried again."""
        if self._connections is None:
            raise OperationError(Code.UPSTREAM_FAILED, "The connection to another server is being closed.")
        passage = self._breaker.enter(asyncio.get_running_loop().time())
        if passage is Passage.NONE:
            raise OperationError(Code.UPSTREAM_FAILED, _DOWN) from Trouble("it is left alone for a while")
        self._asked += 1
        try:
            reply = await self._connections.exchange(method, url, headers, body)
        except TooLarge:
            self._note_success()
            message = f"The answer of another server has more than {self._settings.most} bytes."
            raise OperationError(Code.LIMIT, message) from self._noted("its answer is too large")
        except (httpcore.ReadTimeout, httpcore.WriteTimeout):
            self._note_failure("nothing came for too long")
            raise OperationError(Code.TIMEOUT, _LATE) from self._noted("nothing came for too long")
        except httpcore.ConnectTimeout:
            self._note_failure("no connection in time")
            raise _Again("no connection in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            reason, hopeless = _reason(error)
            self._note_failure(reason)
            if hopeless:
                raise OperationError(Code.UPSTREAM_FAILED, _DOWN) from self._noted(reason)
            raise _Again(reason) from None
        except BaseException:
            self._breaker.abandoned(passage)
            raise
        if reply.status in FAILING:
            self._note_failure(f"it answered {reply.status}")
        else:
            self._note_success()
            if reply.status in _REFUSING or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._note_trouble(f"it answered {reply.status}")
        return reply

    def _note_trouble(self, reason: str) -> None:
        self._failed += 1
        self._trouble, self._troubled = reason, time()

    def _note_failure(self, reason: str) -> None:
        self._note_trouble(reason)
        if self._breaker.failed(asyncio.get_running_loop().time()):
            breaking = self._settings.breaking
            log.warning("%s failed %d times: left alone for %g s.", self._name, breaking.failures, breaking.pause)

    def _note_success(self) -> None:
        self._answered = time()
        if self._breaker.succeeded():
            log.warning("%s answers again.", self._name)

    def _noted(self, reason: str) -> Trouble:
        log.warning("%s: %s.", self._name, reason)
        return Trouble(reason)


def _parsed(text: str) -> httpx.URL | None:
    try:
        url = httpx.URL(text)
        is_usable = url.scheme in ("http", "https") and bool(url.raw_host) and len(url.raw_path) <= LONGEST_URL
    except (httpx.InvalidURL, ValueError):
        return None
    return url if is_usable else None


def _followed(url: httpx.URL, reply: Reply) -> httpx.URL | None:
    """Where to go from here: within the origin, for what goes with the request is for nobody else."""
    location = reply.headers.get("location")
    if reply.status not in _REDIRECTING or location is None:
        return None
    following = _parsed(urljoin(str(url), location))
    if following is None or (following.scheme, following.host, following.port) != (url.scheme, url.host, url.port):
        return None
    return following


def _reason(error: Exception) -> tuple[str, bool]:
    """For the log, in words of ours or the system's; and whether it is the same the next time."""
    for cause in causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is refused ({cause.verify_message})", True
            case ssl.SSLError():
                return f"no encrypted connection ({cause.reason or 'TLS'})", False
            case gaierror():
                return "its name is not known", False
            case OSError() if cause.errno is not None:
                return f"no connection ({strerror(cause.errno)})", False
    return "no connection" if isinstance(error, httpcore.ConnectError) else "its answer is broken", False
