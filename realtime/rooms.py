"""Emissions on their way to the rooms they are for: encoded once, in order, a slice of the clients at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from logging import getLogger
from time import perf_counter
from typing import Any, Final

from socketio import AsyncManager

from tidegate.core.emission import Audience, Emission
from tidegate.core.limits import Limits
from tidegate.realtime.history import Event, History
from tidegate.realtime.packets import RESERVED, event_start
from tidegate.realtime.seats import EVERYBODY, Seat, role_room, user_room

log = getLogger(__name__)

NAMESPACE: Final = "/"
TURN: Final = 0.005
"""Seconds of delivering after which the event loop has its turn: some 200 frames written to sockets."""
MOST_PENDING: Final = 1000
"""Events that wait to be delivered. One more is delivered before anything else is done: nothing is lost, and who emits
faster than sockets can be written has to wait."""


class Members(AsyncManager):  # type: ignore[misc]
    """python-socketio's rooms, which each member leaves without a look at all the others."""

    def __init__(self) -> None:
        super().__init__()
        self.seats: dict[str, Seat] = {}
        """By the id of the Engine.IO connection."""

    def move(self, seat: Seat, rooms: tuple[str, ...]) -> None:
        """The seat is in these rooms and in no others."""
        for room in seat.rooms:
            if room not in rooms:
                self.basic_leave_room(seat.sid, NAMESPACE, room)
        for room in rooms:
            if room not in seat.rooms:
                self.basic_enter_room(seat.sid, NAMESPACE, room)
        seat.rooms = rooms

    # Any: what python-socketio passes on.
    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        seat = self.seats.pop(self.eio_sid_from_sid(sid, namespace), None)
        if seat is not None:
            self.move(seat, ())
        self.basic_leave_room(sid, namespace, sid)
        self.basic_leave_room(sid, namespace, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)

    def count(self, rooms: frozenset[str]) -> int:
        """How many are in these rooms. A room is a role, one user, or everybody: nobody is in two of one event."""
        of_all = self.rooms.get(NAMESPACE, {})
        return sum(len(of_all[room]) for room in rooms if room in of_all)

    def find(self, rooms: frozenset[str]) -> Iterator[Seat]:
        """Who is in one of these rooms now; who leaves meanwhile is left out."""
        of_all = self.rooms.get(NAMESPACE, {})
        members = [eio_sid for room in rooms if room in of_all for eio_sid in of_all[room].values()]
        return (seat for eio_sid in members if (seat := self.seats.get(eio_sid)) is not None)


class SocketRooms:
    """Implements core's `Rooms`. One for the life of a gateway. `clock` gives seconds that never go back."""

    def __init__(self, limits: Callable[[], Limits] = Limits, clock: Callable[[], float] | None = None) -> None:
        self.limits = limits
        self.members = Members()
        self.history = History(lambda: self.limits())  # noqa: PLW0108 - it may be another later
        self.turn = TURN
        self.most_pending = MOST_PENDING
        self._clock = clock
        self._pending: deque[Event] = deque()
        self._under_way: Iterator[Seat] | None = None
        self._handle: asyncio.Handle | None = None
        self._closed = False
        self.overheard: Callable[[Emission, int], None] | None = None
        """Is told of each event that is emitted, and how many are there to hear it. Never fails, never waits."""

    def emit(self, emissions: Sequence[Emission]) -> None:
        if self._closed:
            return
        for emission in emissions:
            event = self._record(emission)
            if event is not None:
                self._pending.append(event)
                if self.overheard is not None:
                    self.overheard(emission, self.members.count(event.rooms))
        while len(self._pending) > self.most_pending:
            self._deliver_first(None)
        self._go_on()

    def missed(self, since: int, rooms: Sequence[str]) -> list[Event] | None:
        """What followed the offset `since` in these rooms; none where some of it is not kept any more."""
        return self.history.missed(since, rooms, self._now())

    def close(self) -> None:
        """Nothing is delivered any more."""
        self._closed = True
        self._pending.clear()
        self._under_way = None
        if self._handle is not None:
            self._handle.cancel()

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()

    def _record(self, emission: Emission) -> Event | None:
        try:
            if not emission.event or emission.event in RESERVED:
                raise ValueError("Its name is not one of an event.")
            start = event_start(emission.event, emission.data, self.limits().eventData)
        except (TypeError, ValueError) as error:
            # Whoever asked for it was told before: what comes here should be good.
            log.error("The event %r cannot be emitted: %s", emission.event, error)
            return None
        return self.history.add(start, _rooms_for(emission), self._now())

    def _go_on(self) -> None:
        if self._handle is None and self._pending:
            self._handle = asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._handle = None
        # Not the loop's clock: uvloop's stands still within a turn.
        until = perf_counter() + self.turn
        while self._pending and self._deliver_first(until):
            pass
        self._go_on()

    def _deliver_first(self, until: float | None) -> bool:
        """Goes on with the first event. Whether there is time for more."""
        event = self._pending[0]
        if self._under_way is None:
            self._under_way = self.members.find(event.rooms)
        for seat in self._under_way:
            try:
                seat.deliver(event)
            except Exception:
                # Against its contract: it has had its turn, and keeps nothing from the others.
                log.exception("An event could not be delivered to one of those connected.")
            if until is not None and perf_counter() > until:
                return False
        self._under_way = None
        self._pending.popleft()
        return True


def _rooms_for(emission: Emission) -> frozenset[str]:
    match emission.audience:
        case Audience.USERS:
            return frozenset(map(user_room, emission.users))
        case Audience.ROLE:
            return frozenset((role_room(emission.role),))
        case Audience.ALL:
            return frozenset((EVERYBODY,))
