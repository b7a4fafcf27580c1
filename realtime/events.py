"""Socket events: who may connect at `/socket.io`, as whom, and what they are given that they missed.

A client says who it is in the handshake (`auth: {token}`) or, as Backand's did, by the event `login`. Which rooms it is
in follows from its token alone; it is asked again and again whether that is still good.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from secrets import token_bytes
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.realtime.asgi import Receive, Scope, Send
from tidegate.realtime.deadlines import Deadlines
from tidegate.realtime.engine import Timing
from tidegate.realtime.lines import Line
from tidegate.realtime.packets import ProtocolError
from tidegate.realtime.protocol import LOGIN, SocketServer
from tidegate.realtime.rooms import SocketRooms
from tidegate.realtime.seats import Client, Door, Seat, rooms_of

AUTHORIZED: Final = "authorized"
NOT_AUTHORIZED: Final = "notAuthorized"
EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    LOGIN: (
        "client: `token`, `anonymousToken`, `appName`; the last two mean nothing",
        "says who is there from now on; `null` is nobody. Counts as ten packets",
    ),
    AUTHORIZED: ("server: nothing", "the login was good, and what was missed since the last good one follows"),
    NOT_AUTHORIZED: (
        "server: nothing",
        "the token is not good, or not any more: there is time to `login`, then the connection is closed",
    ),
}
"""Events of our own: who sends each with what, and what it says. All others are the project's."""

HANDSHAKE: Final[Mapping[str, str]] = {
    "token": "who it is, with or without `Bearer `",
    "recover": (
        "`false`: no `pid`, and events have exactly one argument. `true`: also for those without a token. Default: for "
        "those with one"
    ),
    "pid": "what CONNECT was answered with before; the client sends it by itself",
    "offset": "the last argument of the last event that it heard; the same",
}
"""What a client's `auth` may have."""

COST_OF_LOGIN: Final = 9.0
"""Packets that a login counts for, besides its own: a signature is verified."""

_PID: Final = re.compile(r"([0-9]{1,15})\.[0-9a-f]{32}")
_OFFSET: Final = re.compile(r"[0-9]{1,15}")

Header = tuple[bytes, bytes]


class EventServer:
    """An ASGI app, for whoever's origin has been found good. `door` lets clients in; `catalog` is the newest. `stop`
    when the server is about to end, `close` at the very end."""

    def __init__(
        self, rooms: SocketRooms, door: Door, catalog: Callable[[], Catalog], timing: Timing | None = None
    ) -> None:
        self._rooms = rooms
        self._door = door
        self._catalog = catalog
        timing = timing or Timing()
        self._nobodies: Deadlines[Seat] = Deadlines(timing.login)
        # What a client may come back to is ours alone: nobody finds anything here after a restart.
        self._secret = token_bytes(32)
        rooms.limits = lambda: catalog().limits
        self._server = SocketServer(self, rooms.members, rooms.limits, timing, self._tick)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._server.handle_request(scope, receive, send)

    def stop(self) -> None:
        self._server.stop()

    async def close(self) -> None:
        self._rooms.close()
        await self._server.shutdown()

    async def greet(self, line: Line, sid: str, auth: Mapping[str, Json]) -> tuple[dict[str, Json], Seat]:
        seat = Seat(line, sid)
        token = auth.get("token")
        if token is not None or self._catalog().events.anonymous:
            seat.client = await self._door(_headers(token), partial(self._ended, seat))
        self._rooms.members.seats[line.sid] = seat
        self._settle(seat)
        seat.identity = _identity(seat)
        wants = auth.get("recover")
        # Who logs in later is as in Backand: one argument, and nothing to come back to.
        if wants is False or (token is None and wants is not True):
            seat.heard = self._rooms.history.head
            return {}, seat
        seat.pid, seat.marked = self._recovered(seat, auth), True
        if seat.pid is None:
            seat.heard = self._rooms.history.head
            seat.pid = self._pid(seat.heard, seat.identity)
        return {"pid": seat.pid}, seat

    def welcome(self, seat: Seat) -> None:
        seat.line.drained = partial(self._catch_up, seat)
        self._catch_up(seat)

    async def login(self, seat: Seat, arguments: Sequence[Json]) -> None:
        """Backand's `login(token, anonymousToken, appName)`. A token of none is nobody's."""
        if not seat.line.allowance.take(COST_OF_LOGIN):
            raise ProtocolError("too many logins")
        token = arguments[0] if arguments else None
        try:
            if token is None and not self._catalog().events.anonymous:
                raise OperationError(Code.UNAUTHENTICATED, "A token is needed.")
            await self._become(seat, _headers(token))
        except OperationError as error:
            self._ended(seat, error)
            return
        if seat.line.closed:
            self.left(seat)
            return
        self._settle(seat)
        same = _identity(seat) == seat.identity
        seat.marked = seat.pid is not None and same
        if not same:
            seat.heard = self._rooms.history.head
        seat.say(AUTHORIZED)
        # What it missed between its two tokens.
        self._catch_up(seat)

    def left(self, seat: Seat) -> None:
        self._nobodies.drop(seat)
        self._dismiss(seat)

    def _dismiss(self, seat: Seat) -> None:
        client, seat.client = seat.client, None
        if client is not None:
            client.close()

    async def _become(self, seat: Seat, headers: tuple[Header, ...]) -> None:
        if seat.client is not None and seat.client.user.verified:
            try:
                await seat.client.renew(headers)
            except OperationError as error:
                if error.code is not Code.FORBIDDEN:
                    raise
            else:
                return
        client = await self._door(headers, partial(self._ended, seat))
        self._dismiss(seat)
        seat.client = client

    def _settle(self, seat: Seat) -> None:
        """The rooms of who is there now."""
        if self._rooms.members.seats.get(seat.line.sid) is not seat:
            return
        events = self._catalog().events
        client = seat.client
        rooms = rooms_of(client.user, events.user, anonymous=events.anonymous) if client is not None else ()
        self._rooms.members.move(seat, rooms)
        if client is not None:
            client.changed = partial(self._changed, seat)
        if rooms:
            self._nobodies.drop(seat)
        else:
            self._nobodies.set(seat, asyncio.get_running_loop().time())

    def _changed(self, seat: Seat) -> None:
        self._settle(seat)
        if not seat.rooms:
            seat.say(NOT_AUTHORIZED)

    def _ended(self, seat: Seat, error: OperationError) -> None:
        """They may not stay who they are. What they miss until they are somebody again is kept for them."""
        self._dismiss(seat)
        if error.code not in (Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.LIMIT):
            seat.line.end("server error")
            return
        self._settle(seat)
        seat.say(NOT_AUTHORIZED)

    def _catch_up(self, seat: Seat) -> None:
        """What followed what it has heard, as long as it takes it."""
        missed = self._rooms.missed(seat.heard, seat.rooms)
        seat.behind = False
        if missed is None:
            # It has to begin anew, and is then told so.
            seat.line.end("not recovered")
            return
        for event in missed:
            seat.deliver(event)

    def _recovered(self, seat: Seat, auth: Mapping[str, Json]) -> str | None:
        """What the client was known by, if nothing of what it missed is gone; `heard` is then where it left off."""
        pid, offset = auth.get("pid"), auth.get("offset")
        match = _PID.fullmatch(pid) if isinstance(pid, str) else None
        if match is None or not isinstance(pid, str):
            return None
        since = int(match[1])
        if not hmac.compare_digest(pid, self._pid(since, seat.identity)):
            return None
        if offset is not None:
            if not isinstance(offset, str) or _OFFSET.fullmatch(offset) is None:
                return None
            since = max(since, int(offset))
        if since > self._rooms.history.head or self._rooms.missed(since, seat.rooms) is None:
            return None
        seat.heard = since
        return pid

    def _pid(self, since: int, identity: bytes) -> str:
        digest = hmac.digest(self._secret, b"%d %b" % (since, identity), "sha256")
        return f"{since}.{digest.hex()[:32]}"

    def _tick(self, now: float) -> None:
        for seat in self._nobodies.due(now):
            seat.line.end("nobody logged in")


def _identity(seat: Seat) -> bytes:
    """Who is there, and as what: somebody else does not get what they missed."""
    client: Client | None = seat.client
    if client is None:
        return b""
    return repr((client.user.verified, client.user.identity, seat.rooms)).encode()


def _headers(token: Json) -> tuple[Header, ...]:
    """As a request would have them. Raises `OperationError`."""
    if token is None:
        return ()
    if not isinstance(token, str) or not token.isascii():
        raise OperationError(Code.UNAUTHENTICATED, "The token must be a text.")
    text = token if token[:7].lower() == "bearer " else f"Bearer {token}"
    return ((b"authorization", text.encode()),)
