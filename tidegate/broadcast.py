"""One bus that passes every change on: to the live queries of each edition, and to whoever wants the names only."""

from __future__ import annotations

from tidegate.core.change import Bus, Change


class Broadcast:
    """Implements core's `Bus`. Nothing that a listener does keeps a change from the others."""

    def __init__(self) -> None:
        # In the order of joining, so that what happens is the same each time.
        self._listeners: dict[Bus, None] = {}

    def join(self, listener: Bus) -> None:
        self._listeners[listener] = None

    def leave(self, listener: Bus) -> None:
        """Also for one that never joined."""
        self._listeners.pop(listener, None)

    def publish(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener.publish(change)
