"""Emitted events that are kept for a while, so that who was away can be given what was missed.

Every event has an offset, one more than that of the event before. Who comes back says the last one they have, and gets
what followed in their rooms, or is told that some of it is gone.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.core.limits import Limits
from tidegate.realtime.packets import Message

MOST_ROOMS: Final = 10_000
"""Rooms of which is remembered what was forgotten. Of the others the newest thing forgotten of any counts."""
ROOM: Final = 100
"""Bytes that the name of a room takes besides its characters."""


@dataclass(frozen=True, slots=True)
class Event:
    """`plain` is the message as it is sent, `marked` the same with its offset as one more argument. `at` is in seconds,
    on a clock that never goes back."""

    offset: int
    at: float
    rooms: frozenset[str]
    plain: Message
    marked: Message

    @property
    def size(self) -> int:
        return 2 * len(self.marked.frame) + sum(map(len, self.rooms)) + ROOM * len(self.rooms)


class History:
    """The newest events, within `eventsKept`, `eventsBytes` and `eventsAge` of the limits, which may change."""

    def __init__(self, limits: Callable[[], Limits]) -> None:
        self.head = 0
        self._limits = limits
        self._events: deque[Event] = deque()
        self._bytes = 0
        # The newest event forgotten of a room, in the order of their offsets; `_floor` of all rooms that are not here.
        # A plain dict would look for its first entry among all that were taken from it before.
        self._forgotten: OrderedDict[str, int] = OrderedDict()
        self._floor = 0

    def add(self, start: bytes, rooms: frozenset[str], now: float) -> Event:
        """`start` is a message up to the end of its data."""
        self.head += 1
        event = Event(self.head, now, rooms, Message(start + b"]"), Message(b'%b,"%d"]' % (start, self.head)))
        self._events.append(event)
        self._bytes += event.size
        self.trim(now)
        return event

    def missed(self, since: int, rooms: Sequence[str], now: float) -> list[Event] | None:
        """What followed `since` in these rooms, in order; none where something of it has been forgotten."""
        self.trim(now)
        if any(self._forgotten.get(room, self._floor) > since for room in rooms):
            return None
        first = self.head - len(self._events)
        return [
            self._events[place]
            for place in range(max(0, since - first), len(self._events))
            if not self._events[place].rooms.isdisjoint(rooms)
        ]

    def trim(self, now: float) -> None:
        """Forgets what is too old, or too much."""
        limits = self._limits()
        while self._events and (
            len(self._events) > limits.eventsKept
            or self._bytes > limits.eventsBytes
            or now - self._events[0].at > limits.eventsAge
        ):
            self._forget(self._events.popleft())

    def _forget(self, event: Event) -> None:
        self._bytes -= event.size
        for room in event.rooms:
            self._forgotten[room] = event.offset
            self._forgotten.move_to_end(room)
        while len(self._forgotten) > MOST_ROOMS:
            _, self._floor = self._forgotten.popitem(last=False)
