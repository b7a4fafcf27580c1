"""A gateway of its own for socket events: a project of one query, whoever is in it, and what is emitted to them."""

from __future__ import annotations

import asyncio
import json
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tidegate.app import Gateway
from tidegate.core.emission import Audience, Emission
from tidegate.core.json import Json
from tidegate.realtime.engine import Timing
from tidegate.realtime.events import EventServer
from tidegate.realtime.rooms import SocketRooms
from tidegate.settings import Settings
from tidegate.web.server import Server, build_server, listen

NODE = Path(__file__).parents[1] / "node"
SECRET = "a secret for tests that has more than 32 bytes"
PROJECT = """
name: events
roles: [anonymous, customer, agent, admin]
auth:
  jwt: {{ algorithms: HS256, secret: "{secret}", leeway: 1ms }}
  currentUser: {{ id: sub, role: role, email: email }}
integrations:
  memory: {{ kind: sqlite, file: ":memory:" }}
{more}
"""
OPERATIONS = """
one:
  kind: query
  minRole: anonymous
  returns: "[One!]!"
  run: { use: memory, sql: select 1 as n }
"""
PATIENCE = 120.0


def write_project(folder: Path, more: str = "", roles: str = "anonymous, customer, agent, admin") -> None:
    folder.mkdir(exist_ok=True)
    text = PROJECT.format(secret=SECRET, more=more).replace("anonymous, customer, agent, admin", roles)
    (folder / "tidegate.yaml").write_text(text)
    (folder / "types.graphql").write_text("type One { n: Int! }\n")
    (folder / "operations").mkdir(exist_ok=True)
    (folder / "operations" / "one.yaml").write_text(OPERATIONS)


def token(user: str, role: str = "customer", seconds: float = 600.0) -> str:
    claims = {"sub": user, "role": role, "email": f"{user}@example.com", "exp": int(time.time() + seconds)}
    return jwt.encode(claims, SECRET, "HS256")


@dataclass
class Events:
    """A running gateway."""

    folder: Path
    gateway: Gateway
    server: Server
    port: int
    rooms: SocketRooms
    http: httpx.AsyncClient

    @property
    def lines(self) -> dict[str, Any]:
        # Any: python-socketio's own.
        lines: dict[str, Any] = self.gateway.events._server.eio.sockets
        return lines

    @property
    def seats(self) -> int:
        return len(self.rooms.members.seats)

    def emit(self, event: str, data: Json, audience: Audience = Audience.ALL, *users: str, role: str = "") -> None:
        self.rooms.emit([Emission(event, data, audience, users, role)])

    async def cut(self) -> None:
        """Every connection breaks, and what was on its way is lost."""
        for line in tuple(self.lines.values()):
            if line.wire is None:
                line.end("transport error")
            else:
                line.wire.transport.abort()
        await self.until(lambda: not self.seats)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    folder: Path, more: str = "", timing: Timing | None = None, types: str = "", **settings: Any
) -> AsyncIterator[Events]:
    """`more` lines of tidegate.yaml, and `types`; other files of the project may be there already."""
    write_project(folder, more)
    with (folder / "types.graphql").open("a") as file:
        file.write(types)
    gateway = Gateway.load(folder, {})
    rooms = gateway.rooms
    if timing is not None:
        gateway.events = EventServer(rooms, gateway.connect, lambda: gateway.catalog, timing)
    await gateway.open()
    chosen = replace(Settings(port=0), **settings)
    with listen(chosen.host, chosen.port) as listener:
        port = listener.getsockname()[1]
        started = asyncio.Event()
        server = build_server(gateway, chosen, started.set)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/socket.io/", trust_env=False, verify=False, timeout=PATIENCE
        ) as http:
            yield Events(folder, gateway, server, port, rooms, http)
        server.stop()
        await task
    await gateway.close()


class Browser:
    """socket.io-client in a process of its own: `node/events.mjs`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[Any] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, events: Events, options: dict[str, Any]) -> Browser:
        script = str(NODE / "events.mjs")
        address = f"http://127.0.0.1:{events.port}"
        return cls(
            await asyncio.create_subprocess_exec(
                "node", script, address, json.dumps(options), stdin=PIPE, stdout=PIPE, limit=1 << 24
            )
        )

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.said.append(json.loads(line))

    async def do(self, *words: Any) -> None:
        """`emit`, its event and arguments; `disconnect`; `connect`; `deaf`, `hear`; `auth` and another."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        await self._process.stdin.drain()

    async def until(self, condition: Callable[[list[Any]], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition(self.said):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(self.said[-20:]) from None

    async def hear(self, *wanted: Any) -> None:
        """All of these, in this order, and whatever else."""
        await self.until(lambda said: [word for word in said if word in wanted] == list(wanted))

    def events(self) -> list[Any]:
        """What was emitted to it: event and data."""
        return [word["event"][:2] for word in self.said if "event" in word]

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def browsing(events: Events, **options: Any) -> AsyncIterator[Browser]:
    """Transports, auth and so on are options of socket.io-client's."""
    browser = await Browser.start(events, options)
    try:
        yield browser
    finally:
        await browser.close()


class Caller:
    """Socket.IO over a websocket, packet by packet."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, packet: str) -> None:
        await self.socket.send(packet)

    async def next(self) -> str:
        """The next packet that is no ping; pings are answered."""
        async with asyncio.timeout(PATIENCE):
            while True:
                packet = await self.socket.recv()
                assert isinstance(packet, str)
                if packet != "2":
                    return packet
                await self.socket.send("3")

    async def event(self) -> list[Any]:
        """Any: JSON."""
        packet = await self.next()
        assert packet.startswith("42"), packet
        heard: list[Any] = json.loads(packet[2:])
        return heard

    async def connect(self, auth: dict[str, Any] | None = None) -> dict[str, Any]:
        """What CONNECT is answered with. Any: JSON."""
        await self.send("40" + (json.dumps(auth) if auth is not None else ""))
        packet = await self.next()
        assert packet.startswith("40"), packet
        answer: dict[str, Any] = json.loads(packet[2:])
        return answer

    async def login(self, *arguments: Any) -> list[Any]:
        """The next event after it. Any: JSON."""
        await self.send("42" + json.dumps(["login", *arguments]))
        return await self.event()

    async def closed(self) -> None:
        """Whatever comes, the server closes."""
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()


@asynccontextmanager
async def calling(
    events: Events, auth: dict[str, Any] | None = None, *, connected: bool = True
) -> AsyncIterator[Caller]:
    """Somebody connected, by the handshake's `auth`. Any: JSON."""
    address = f"ws://127.0.0.1:{events.port}/socket.io/?EIO=4&transport=websocket"
    async with connect(address, proxy=None) as socket:
        caller = Caller(socket)
        assert (await caller.next()).startswith("0{")
        if connected:
            await caller.connect(auth)
        yield caller
