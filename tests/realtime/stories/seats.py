"""Where subscribers sit: as clients inside this process, or behind a websocket. And what they are shown."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.realtime.screens import PEOPLE, bearer
from tests.realtime.stories.oracle import Claims, Question
from tidegate.core.errors import OperationError
from tidegate.core.live import Result
from tidegate.web.gateway import Client, Gateway, Subscription

SMALL = 8192
"""Bytes of a socket's buffers: a reader that stops is soon noticed."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Frame:
    """One response. It may be of any world from `known`, the newest one of which the gateway must have heard, to
    `high`; for one of `readers`, as a token may be exchanged while it is on its way. Any: it is JSON."""

    shown: Any
    known: int
    high: int
    readers: tuple[Claims, ...]


class Observer(Protocol):
    """A stage."""

    known: int

    @property
    def high(self) -> int: ...

    def complain(self, watch: Watch, what: str) -> None: ...


@dataclass(eq=False)
class Watch:
    """A subscription, as its subscriber sees it. `low`: the oldest world that its next frame may be of."""

    seat: Seat
    question: Question
    observer: Observer
    low: int
    frames: list[Frame] = field(default_factory=list)
    count: int = 0
    last: Any = None
    code: str | None = None
    """Why it has ended."""
    refused: bool = False
    """Whether its subscriber might not ask when it ended."""
    closed: bool = False
    """By the subscriber."""

    @property
    def open(self) -> bool:
        return not self.closed and self.code is None

    def show(self, shown: Any) -> None:
        seat = self.seat
        if not self.open:
            self.observer.complain(self, f"shown after its end: {shown}")
        if seat.expires is not None and seat.over:
            self.observer.complain(self, f"shown after the token has expired: {shown}")
        if self.count and shown == self.last and not seat.slow:
            self.observer.complain(self, f"shown twice in a row: {shown}")
        self.count += 1
        self.last = shown
        self.frames.append(Frame(shown, self.observer.known, self.observer.high, seat.readers))

    def result(self, result: Result) -> None:
        self.show(orjson.loads(result.body))

    def ended(self, error: OperationError | None) -> None:
        self.end("complete" if error is None else str(error.code))

    def end(self, code: str) -> None:
        if not self.open:
            self.observer.complain(self, f"ended again, {code}")
        self.code = code
        self.refused = not all(self.question.allowed(claims) for claims in (*self.seat.readers, self.seat.claims))


class Seat(ABC):
    """`readers`: whom frames may be for now. `expires`: when the token does, where it is soon; `over`: it did `late`
    seconds ago, and the event loop has got as far as that."""

    late = 0.1

    def __init__(self, who: str) -> None:
        self.who = who
        person = PEOPLE[who]
        self.first = Claims(person["email"], person["role"], person.get("org", {}).get("team"))
        self.claims = self.first
        self.readers: tuple[Claims, ...] = (self.first,)
        self.expires: float | None = None
        self.over = False
        self._alarm: asyncio.TimerHandle | None = None
        self.connected = False
        self.slow = False
        self.stopped = False
        self.watches: list[Watch] = []
        self.lock = asyncio.Lock()

    def headers(self, expires: int | None = None) -> list[tuple[bytes, bytes]]:
        claims = self.claims
        expires = int(time.time()) + 600 if expires is None else expires
        return bearer(self.who, role=claims.role, org={"team": claims.team}, exp=expires)

    async def connect(self) -> None:
        async with self.lock:
            if not self.connected:
                self.claims, self.readers, self.expires = self.first, (self.first,), None
                self.slow = self.stopped = False
                await self._connect()
                self.connected = True

    async def renew(self, claims: Claims, *, brief: bool = False) -> None:
        expires = int(time.time()) + 1 if brief else None
        self.readers = (*self.readers, claims)
        self.claims = claims
        if expires is not None:
            self.expires = float(expires)
            self._set_alarm(self.expires)
        try:
            await self._renew(self.headers(expires))
        except OperationError:
            if not brief:
                raise
            # It had ended when it was read, and the one before stays.
            self.expires = None
        self.readers = (claims,)

    def _set_alarm(self, expires: float) -> None:
        def ring() -> None:
            self.over = True

        if self._alarm is not None:
            self._alarm.cancel()
        self.over = False
        self._alarm = asyncio.get_running_loop().call_later(max(0.0, expires + self.late - time.time()), ring)

    async def drop(self) -> None:
        if self.connected:
            self.connected = False
            for watch in self.watches:
                watch.closed = True
            await self._drop()
        self.watches = []

    def lost(self, code: str) -> None:
        """The gateway has ended the connection."""
        self.connected = False
        for watch in self.watches:
            if watch.open:
                watch.end(code)

    @abstractmethod
    def stop(self) -> None:
        """Nothing that comes is read, until it resumes."""

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    async def subscribe(self, watch: Watch) -> None: ...

    @abstractmethod
    async def unsubscribe(self, watch: Watch) -> None: ...

    @abstractmethod
    async def _connect(self) -> None: ...

    @abstractmethod
    async def _renew(self, headers: list[tuple[bytes, bytes]]) -> None: ...

    @abstractmethod
    async def _drop(self) -> None: ...


class Inside(Seat):
    def __init__(self, who: str, gateway: Gateway) -> None:
        super().__init__(who)
        self._gateway = gateway
        self._client: Client | None = None
        self._subscriptions: dict[Watch, Subscription] = {}

    # It is called, and cannot but hear.
    def stop(self) -> None:
        pass

    def resume(self) -> None:
        pass

    async def subscribe(self, watch: Watch) -> None:
        assert self._client is not None
        self.watches.append(watch)
        question = watch.question
        try:
            subscription = self._client.subscribe(question.text("subscription"), None, question.args, watch)
        except OperationError as error:
            watch.ended(error)
        else:
            self._subscriptions[watch] = subscription

    async def unsubscribe(self, watch: Watch) -> None:
        self._subscriptions[watch].close()
        watch.closed = True

    async def _connect(self) -> None:
        self._subscriptions = {}
        self._client = await self._gateway.connect(self.headers(), lambda error: self.lost(str(error.code)))

    async def _renew(self, headers: list[tuple[bytes, bytes]]) -> None:
        assert self._client is not None
        await self._client.renew(headers)

    async def _drop(self) -> None:
        assert self._client is not None
        self._client.close()


class Socket(Seat):
    """graphql-transport-ws."""

    late = 5.0
    """What was sent in time may be read later."""

    def __init__(self, who: str, address: tuple[str, int]) -> None:
        super().__init__(who)
        self._address = address
        self._numbers = count()
        self._watches: dict[str, Watch] = {}
        self._ids: dict[Watch, str] = {}
        self._pongs: asyncio.Queue[Any] = asyncio.Queue()  # Any: their payloads
        self._reading = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.connected:
            self.slow = self.stopped = True
            self._reading.clear()

    def resume(self) -> None:
        self.stopped = False
        self._reading.set()

    async def subscribe(self, watch: Watch) -> None:
        self.watches.append(watch)
        id = self._ids[watch] = str(next(self._numbers))
        self._watches[id] = watch
        question = watch.question
        payload = {"query": question.text("subscription"), "variables": question.args}
        await self._say({"type": "subscribe", "id": id, "payload": payload})

    async def unsubscribe(self, watch: Watch) -> None:
        self.resume()
        await self._say({"type": "complete", "id": self._ids[watch]})
        await self._ask({"last": self._ids[watch]})
        # What was said before the pong may have been on its way.
        watch.closed = True

    async def _connect(self) -> None:
        plain = socket.socket(socket.AF_INET)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, self._address)
        address = "ws://{}:{}/graphql".format(*self._address)
        connection = self._connection = await connect(
            address,
            sock=plain,
            proxy=None,
            max_queue=1,
            ping_interval=None,
            compression=None,
            subprotocols=[Subprotocol("graphql-transport-ws")],
        )
        await self._say({"type": "connection_init", "payload": self._token(self.headers())})
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        self._watches, self._ids, self._pongs = {}, {}, asyncio.Queue()
        self._reading.set()
        self._reader = asyncio.create_task(self._read(connection))

    async def _renew(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.resume()
        await self._ask(self._token(headers))

    async def _drop(self) -> None:
        assert self._connection is not None
        assert self._reader is not None
        self._connection.transport.abort()
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                await self._reading.wait()
                self._hear(orjson.loads(await connection.recv()))
        except ConnectionClosed as closed:
            if self.connected:
                self.lost(str(closed.rcvd.code if closed.rcvd else 1006))
        # Nobody waits for it any more.
        self._pongs.put_nowait(None)

    # Any: a message is JSON.
    def _hear(self, message: Any) -> None:
        match message:
            case {"type": "next", "id": id, "payload": payload}:
                self._watches[id].show(payload)
            case {"type": "error", "id": id, "payload": [first, *_]}:
                self._watches[id].end(first["extensions"]["code"])
            case {"type": "complete", "id": id}:
                self._watches[id].end("complete")
            case {"type": "pong"}:
                payload = message.get("payload")
                if payload == {"renewed": True}:
                    # In the order of the messages: what follows is for the new token alone.
                    self.readers = self.readers[-1:]
                self._pongs.put_nowait(payload)

    async def _ask(self, payload: Mapping[str, Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionClosed):
                await self._say({"type": "ping", "payload": payload})
            await self._pongs.get()

    async def _say(self, message: Mapping[str, Any]) -> None:
        assert self._connection is not None
        await self._connection.send(json.dumps(message))

    @staticmethod
    def _token(headers: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
        return {"authorization": headers[0][1].decode()}
