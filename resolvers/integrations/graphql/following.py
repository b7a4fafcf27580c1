"""Subscriptions of another server, by which it tells that something of it is another now: graphql-transport-ws.

Only that something comes matters, not what. While nobody listened something may have been missed, so that everything
that is followed counts as touched whenever the connection is there again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from tidegate.core.change import Outside, unheard
from tidegate.core.footprint import Touch
from tidegate.resolvers.integrations.http.answers import is_crowded
from tidegate.resolvers.integrations.upstream.connections import read_certificates
from tidegate.resolvers.integrations.upstream.exchange import Trouble

log = logging.getLogger("tidegate.upstream")

PROTOCOL: Final = Subprotocol("graphql-transport-ws")
FIRST: Final = 0.5
LONGEST: Final = 30.0
"""Seconds until it is tried again: twice as many each time, and up to half of them less by chance."""
STEADY: Final = 10.0
"""Seconds after which a connection counts as a good one."""
PATIENCE: Final = 10.0
"""Seconds for the connection, and for its acknowledgement."""
PING: Final = 20.0
"""Seconds between two pings, and for an answer to one."""
LATE: Final = 2.0
"""Seconds after which what is subscribed to is at work over there, even if that server takes its time."""
LARGEST: Final = 16 * 1024 * 1024

# The library writes every header into its log, ours with passwords included.
_silent = logging.Logger("silent")  # noqa: LOG001 - so that no configuration finds it
_silent.disabled = True


@dataclass(frozen=True, slots=True)
class Followed:
    """`resource` is touched by whatever comes; none: everything of the integration."""

    document: str
    resource: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Where to, and what goes with it. `params` are the payload of `connection_init`."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    params: Mapping[str, str] = field(repr=False)
    ca: Path | None


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """What goes with the request is for nobody else."""
        return exc


class Follower:
    """Of one integration. Constructed without I/O; from `start` to `close` it stays connected as well as it can."""

    def __init__(self, name: str, line: Line, followed: Sequence[Followed], first: float = FIRST) -> None:
        self._name = name
        self._line = line
        self._followed = tuple(followed)
        self._first = first
        self._touches: tuple[Touch, ...] = ()
        self._outside: Outside = unheard
        self._task: asyncio.Task[None] | None = None
        self._tls: SSLContext | None = None
        self._is_down = False
        self.is_there = False
        """Whether whatever is followed is heard of, now."""

    def start(self, source: str, outside: Outside) -> None:
        self._outside = outside
        self._touches = tuple(Touch(source, each.resource) for each in self._followed)
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began, reason = loop.time(), ""
            try:
                await self._converse()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                reason = _reason(error)
            if loop.time() - began > STEADY:
                failures = 0
            pause = min(LONGEST, self._first * 2.0**failures) * (1 - random.random() / 2)  # noqa: S311 - no secret
            failures = min(failures + 1, 20)
            self.is_there = False
            if not self._is_down:
                self._is_down = True
                log.warning("%s: its subscriptions are lost: %s. Tried again until they are there.", self._name, reason)
            await asyncio.sleep(pause)

    async def _converse(self) -> None:
        """Until the connection ends, by an exception."""
        if self._line.url.lower().startswith("wss:") and self._tls is None:
            self._tls = await asyncio.to_thread(read_certificates, self._line.ca)
        async with _Connect(
            self._line.url,
            subprotocols=[PROTOCOL],
            additional_headers=dict(self._line.headers),
            user_agent_header="Tidegate",
            open_timeout=PATIENCE,
            close_timeout=1.0,
            ping_interval=PING,
            ping_timeout=PING,
            max_size=LARGEST,
            logger=_silent,
            proxy=None,
            ssl=self._tls,
        ) as socket:
            if socket.subprotocol != PROTOCOL:
                raise Trouble(f"it does not speak {PROTOCOL}")
            await self._begin(socket)
            late = asyncio.get_running_loop().call_later(LATE, self._touch_all)
            try:
                while True:
                    await self._take(socket, await _received(socket))
            finally:
                late.cancel()

    async def _begin(self, socket: ClientConnection) -> None:
        await _send(socket, {"type": "connection_init", "payload": dict(self._line.params)})
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await _received(socket)
                if message.get("type") == "connection_ack":
                    break
                if message.get("type") == "ping":
                    await _send(socket, {"type": "pong"})
        for number, each in enumerate(self._followed):
            await _send(socket, {"id": str(number), "type": "subscribe", "payload": {"query": each.document}})
        # Messages are taken in their order: what answers this has seen the subscriptions.
        await _send(socket, {"type": "ping"})

    # Any: JSON of the other side.
    async def _take(self, socket: ClientConnection, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "ping":
                await _send(socket, {"type": "pong"})
            case "pong":
                self.is_there = True
                if self._is_down:
                    self._is_down = False
                    log.warning("%s: its subscriptions are there again.", self._name)
                self._touch_all()
            case "next":
                number = message.get("id")
                if isinstance(number, str) and number.isdecimal() and int(number) < len(self._touches):
                    self._outside((self._touches[int(number)],))
            case "error":
                raise Trouble("it refuses a subscription")
            case "complete":
                raise Trouble("it has ended a subscription")

    def _touch_all(self) -> None:
        self._outside(tuple(dict.fromkeys(self._touches)))


# Any: JSON of the other side.
async def _received(socket: ClientConnection) -> Mapping[str, Any]:
    text = await socket.recv()
    if is_crowded(text.encode() if isinstance(text, str) else text):
        raise Trouble("what it says has too many lists and objects")
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, Mapping):
        raise Trouble("what it says is no message of the protocol")
    return message


async def _send(socket: ClientConnection, message: Mapping[str, Any]) -> None:
    """Any: JSON."""
    await socket.send(json.dumps(message))


def _reason(error: Exception) -> str:
    """For the log: no address, and nothing that the other side says."""
    match error:
        case Trouble():
            return str(error)
        case InvalidStatus():
            return f"it answers {error.response.status_code}"
        case TimeoutError():
            return "it took too long"
        case OSError():
            return f"no connection ({type(error).__name__})"
        case WebSocketException():
            return f"the connection has ended ({type(error).__name__})"
        case _:
            return type(error).__name__
