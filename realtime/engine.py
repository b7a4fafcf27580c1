"""Engine.IO 4: a connection that begins as polling or as a websocket, and may go over from the one to the other.

python-engineio's server, with the half of it replaced that talks to clients: what it leaves open is closed here, and
nothing is queued, copied or given a task for each message (docs/decisions/0012-socket-events.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final

import orjson
from engineio import AsyncServer

from tidegate.core.limits import Limits
from tidegate.realtime.asgi import (
    Left,
    Receive,
    Refused,
    Scope,
    Send,
    bad_request,
    disconnected,
    parameters,
    reply,
    text,
    unknown_session,
)
from tidegate.realtime.deadlines import Deadlines
from tidegate.realtime.lines import NORMAL, Line, Wire
from tidegate.realtime.packets import Kind, ProtocolError

log = getLogger(__name__)

SOCKET: Final = "tidegate.socket"
"""Where our server puts the websocket itself, under `extensions` of an ASGI scope."""

MOST_RECEIVED: Final = 64 * 1024
"""Bytes of a packet, or of one request that polls: clients have tokens to send, and nothing else."""
MOST_POLLING: Final = 10_000
"""Clients that poll, at once. The server does not count them among its connections."""


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds. `ping` and `pong` are told to clients; `connect` is how long a connection may be without a namespace,
    `login` how long a client that has to log in may take, `upgrade` how long going over to a websocket may."""

    ping: float = 25.0
    pong: float = 20.0
    connect: float = 20.0
    login: float = 10.0
    upgrade: float = 10.0


class Engine(AsyncServer):  # type: ignore[misc]
    """`limits` may change; `tick` is called about once a second, with the event loop's time. `shutdown` at the end."""

    def __init__(
        self, *, limits: Callable[[], Limits], timing: Timing, tick: Callable[[float], None], **options: Any
    ) -> None:
        # Any: python-socketio's own.
        super().__init__(async_mode="asgi", monitor_clients=False, **options)
        self._limits = limits
        self._timing = timing
        self._tick = tick
        self._left: asyncio.Queue[tuple[Line, str]] = asyncio.Queue()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._polling: set[Line] = set()
        self._homeless: Deadlines[Line] = Deadlines(timing.connect)
        self._quiet: Deadlines[Line] = Deadlines(timing.ping)
        self._asked: Deadlines[Line] = Deadlines(timing.pong)
        self._stopped = False

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI app. Who may ask at all, by origin, has been decided."""
        try:
            if scope["type"] == "websocket":
                await self._serve_websocket(scope, receive, send)
            else:
                status, body = HTTPStatus.OK, await self._answer(scope, receive)
                await reply(send, status, body, b"text/plain; charset=UTF-8")
        except Refused as refused:
            prefix = "websocket." if scope["type"] == "websocket" else ""
            await reply(send, refused.status, refused.body, b"application/json", prefix)

    def stop(self) -> None:
        """The server is about to end: so does every connection, and none begins."""
        self._stopped = True
        for line in tuple(self.sockets.values()):
            line.end("server shutting down")

    async def shutdown(self) -> None:
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._left.empty():
            await self._bid_farewell(*self._left.get_nowait())

    def settle(self, line: Line, *, connected: bool) -> None:
        """It has a namespace now; or none any more, and some time to get one."""
        if connected:
            self._homeless.drop(line)
        elif not line.closed:
            self._homeless.set(line, asyncio.get_running_loop().time())

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        line = self._find(parameters(scope), "polling")
        method = scope["method"]
        if line is None:
            if method != "GET":
                raise Refused(2, "Bad handshake method")
            line = await self._begin(None)
            return line.taken()
        if line.upgraded:
            raise bad_request()
        match method:
            case "GET":
                return await self._poll(line, receive)
            case "POST":
                await self._post(line, scope, receive)
                return b"ok"
        raise bad_request()

    def _find(self, parameters: Mapping[str, str], transport: str) -> Line | None:
        """The connection that is meant, or none for a new one."""
        if parameters.get("transport") != transport:
            known = parameters.get("transport") in ("polling", "websocket")
            raise bad_request() if known else Refused(0, "Transport unknown")
        if parameters.get("EIO") != "4":
            raise Refused(5, "Unsupported protocol version")
        if "j" in parameters:
            raise Refused(3, "JSONP is not answered")
        if "sid" not in parameters:
            return None
        line: Line | None = self.sockets.get(parameters["sid"])
        if line is None:
            raise unknown_session()
        return line

    async def _begin(self, wire: Wire | None) -> Line:
        if self._stopped or (wire is None and len(self._polling) >= MOST_POLLING):
            raise Refused(4, "Try again later", HTTPStatus.SERVICE_UNAVAILABLE)
        loop = asyncio.get_running_loop()
        if not self._tasks:
            self._tasks = (loop.create_task(self._sweep()), loop.create_task(self._let_go()))
        line = Line(self.generate_id(), wire, self._ended)
        self.sockets[line.sid] = line
        self._homeless.set(line, loop.time())
        self._quiet.set(line, loop.time())
        if wire is None:
            self._polling.add(line)
        opening = {
            "sid": line.sid,
            "upgrades": [] if wire is not None else ["websocket"],
            "pingInterval": int(self._timing.ping * 1000),
            "pingTimeout": int(self._timing.pong * 1000),
            "maxPayload": MOST_RECEIVED,
        }
        line.put(Kind.OPEN.encode() + orjson.dumps(opening))
        await self.handlers["connect"](line.sid, {})
        return line

    async def _poll(self, line: Line, receive: Receive) -> bytes:
        if line.polling:
            line.end("transport error")
            raise bad_request()
        line.polling = True
        leaving = asyncio.ensure_future(disconnected(receive))
        arriving = asyncio.ensure_future(line.arrival(0.1 if line.upgrading else None))
        try:
            await asyncio.wait((leaving, arriving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not arriving.done():
                # What was on its way to this poll cannot be told from what was lost.
                line.end("transport close")
                raise bad_request()
            return line.taken()
        finally:
            line.polling = False
            for task in (leaving, arriving):
                task.cancel()
            await asyncio.gather(leaving, arriving, return_exceptions=True)

    async def _post(self, line: Line, scope: Scope, receive: Receive) -> None:
        if line.posting:
            line.end("transport error")
            raise bad_request()
        line.posting = True
        try:
            body = await self._body(scope, receive)
            for packet in body.decode().split("\x1e"):
                await self._receive(line, packet)
        except (ProtocolError, UnicodeDecodeError, Refused) as error:
            line.end("parse error")
            raise error if isinstance(error, Refused) else bad_request() from error
        finally:
            line.posting = False

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        too_large = Refused(3, "Payload too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or int(length[:12]) > MOST_RECEIVED:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits().bodyTimeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise bad_request()
                    body += message.get("body", b"")
                    if len(body) > MOST_RECEIVED:
                        raise too_large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Refused(3, "The body took too long", HTTPStatus.REQUEST_TIMEOUT) from None

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        line = self._find(parameters(scope), "websocket")
        if line is not None and (line.upgraded or line.upgrading):
            raise bad_request()
        if line is None and self._stopped:
            raise Refused(4, "Try again later", HTTPStatus.SERVICE_UNAVAILABLE)
        await send({"type": "websocket.accept"})
        wire: Wire = scope["extensions"][SOCKET]
        try:
            if line is None:
                line = await self._begin(wire)
            else:
                await self._upgrade(line, wire, receive)
            while True:
                await wire.writable.wait()
                await self._receive(line, await text(receive))
        except (Left, ProtocolError, TimeoutError) as error:
            if line is not None and line.wire is wire:
                line.end("transport close" if isinstance(error, Left) else "parse error")
        except Exception:
            # The last border, as for HTTP.
            log.exception("A Socket.IO connection failed.")
            if line is not None and line.wire is wire:
                line.end("server error")
        finally:
            if line is not None and line.wire is not wire:
                line.upgrading = False
            wire.close(NORMAL, "")

    async def _upgrade(self, line: Line, wire: Wire, receive: Receive) -> None:
        """Polling goes over to this websocket, or goes on: raises `TimeoutError`, `Left` and `ProtocolError`."""
        line.upgrading = True
        async with asyncio.timeout(self._timing.upgrade):
            if await text(receive) != f"{Kind.PING}probe":
                raise ProtocolError
            wire.send_text(b"3probe")
            # The client waits for its poll to end, and may have begun another before it heard this.
            line.interrupt()
            if await text(receive) != Kind.UPGRADE or line.closed:
                raise ProtocolError
        self._polling.discard(line)
        line.take(wire)

    async def _receive(self, line: Line, packet: str) -> None:
        """Raises `ProtocolError`."""
        if line.closed:
            raise ProtocolError("the connection has ended")
        if not line.allowance.take(1.0) or len(packet) > MOST_RECEIVED:
            raise ProtocolError("too much")
        match packet[:1]:
            case Kind.PONG if len(packet) == 1:
                self._asked.drop(line)
                self._quiet.set(line, asyncio.get_running_loop().time())
            case Kind.MESSAGE:
                await self.handlers["message"](line.sid, packet[1:])
            case Kind.CLOSE if len(packet) == 1:
                line.end("client disconnect")
            case _:
                raise ProtocolError("a packet that clients do not send")

    def _ended(self, line: Line, reason: str) -> None:
        self.sockets.pop(line.sid, None)
        self._polling.discard(line)
        for deadlines in (self._homeless, self._quiet, self._asked):
            deadlines.drop(line)
        self._left.put_nowait((line, reason))

    async def _let_go(self) -> None:
        while True:
            await self._bid_farewell(*await self._left.get())

    async def _bid_farewell(self, line: Line, reason: str) -> None:
        try:
            await self.handlers["disconnect"](line.sid, reason)
        except Exception:
            # The connection is over whatever its handler makes of it, and those after it are told of.
            log.exception("The end of a Socket.IO connection could not be told.")

    async def _sweep(self) -> None:
        timing = self._timing
        loop = asyncio.get_running_loop()
        pause = min(1.0, timing.ping / 4, timing.pong / 4, timing.connect / 4, timing.login / 4)
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for line in self._homeless.due(now):
                line.end("no namespace")
            for line in self._asked.due(now):
                line.end("ping timeout")
            for line in self._quiet.due(now):
                self._asked.set(line, now)
                line.put(Kind.PING.encode())
            self._tick(now)
