"""Who is at the other end of a Socket.IO connection, as far as we know now, and what they may hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, TypeAlias

from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.realtime.history import Event
from tidegate.realtime.lines import Line
from tidegate.realtime.packets import plain_event

EVERYBODY: Final = "all"
NOWHERE: Final = "-"
"""An offset that nobody can come back to."""
_LOST: Final = b',"-"]'


def role_room(role: str) -> str:
    return f"role {role}"


def user_room(user: str) -> str:
    return f"user {user}"


class Client(Protocol):
    """Somebody who stays connected, with a token that is verified again and again. `changed` is called when `user` is
    another, after a reload perhaps."""

    changed: Callable[[], None] | None

    @property
    def user(self) -> CurrentUser: ...

    @property
    def expired(self) -> bool: ...

    async def renew(self, headers: Iterable[tuple[bytes, bytes]], /) -> None:
        """Goes on with another token of the same user. Raises `OperationError`; FORBIDDEN where it is another's."""
        ...

    def close(self) -> None: ...


Door: TypeAlias = Callable[[Iterable[tuple[bytes, bytes]], Callable[[OperationError], None]], Awaitable[Client]]
"""Lets somebody in, by the headers of a request, and says when they may not stay. Raises `OperationError`."""


class Seat:
    """`rooms` are decided by the server alone, and empty for whoever is nobody yet. `heard` is the offset of the last
    event that was sent, or that came before. `behind`: not everything has been sent, for the client does not take it;
    the history has the rest. `pid` is what the client may come back with, if it may; `identity` is who it was when it
    got that. `marked`: events carry their offsets."""

    __slots__ = ("behind", "client", "heard", "identity", "line", "marked", "pid", "rooms", "sid")

    def __init__(self, line: Line, sid: str) -> None:
        self.line = line
        self.sid = sid
        self.client: Client | None = None
        self.rooms: tuple[str, ...] = ()
        self.heard = 0
        self.pid: str | None = None
        self.identity = b""
        self.marked = False
        self.behind = False

    def deliver(self, event: Event) -> None:
        """An event of a room, if it is one of ours still, and the token too is still good."""
        if (
            not self.behind
            and event.offset > self.heard
            and not event.rooms.isdisjoint(self.rooms)
            and self.client is not None
            and not self.client.expired
        ):
            if self.line.full:
                self.behind = True
                return
            self.heard = event.offset
            if self.marked:
                self.line.share(event.marked)
            elif self.pid is None:
                self.line.share(event.plain)
            else:
                self.line.put(event.plain.text[:-1] + _LOST)

    def say(self, event: str) -> None:
        """One of our own events. With a `pid`, Socket.IO's client takes the last argument of each event for its offset,
        be it data, or the event's name."""
        if self.pid is None:
            self.line.put(plain_event(event))
        else:
            self.line.put(plain_event(event, str(self.heard) if self.marked else NOWHERE))


def rooms_of(user: CurrentUser, field: str, *, anonymous: bool) -> tuple[str, ...]:
    """`field` is that of currentUser by which users are addressed. Nobody without a token has one."""
    if not user.verified:
        return (EVERYBODY, role_room(user.role)) if anonymous else ()
    name = name_of(user.fields.get(field))
    return (EVERYBODY, role_room(user.role), *(() if name is None else (user_room(name),)))


def name_of(value: Json) -> str | None:
    """What addresses a user: a text that is not empty, or a whole number as one."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
