"""Which requests of other systems have been answered already: they come again, by mistake or by somebody's will."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum
from time import monotonic
from typing import Final

from tidegate.web.signatures import TOLERANCE

REMEMBERED: Final = 10_000
"""The newest of all webhooks together, about 200 bytes each."""
AGE: Final = 2 * TOLERANCE
"""Seconds. A signed time may be as much ahead of us as it may be behind."""


class Known(Enum):
    """What became of a delivery so far."""

    UNDER_WAY = "under way"
    DONE = "done"


class Deliveries:
    """Remembers names for a while, in this process. `now` is in seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._known: dict[Hashable, tuple[float, Known]] = {}

    def begin(self, name: Hashable) -> Known | None:
        """What is known of it; if nothing is, it is under way from now on."""
        now = self._now()
        while self._known:
            oldest = next(iter(self._known))
            if len(self._known) < REMEMBERED and now - self._known[oldest][0] < AGE:
                break
            del self._known[oldest]
        if name in self._known:
            return self._known[name][1]
        self._known[name] = now, Known.UNDER_WAY
        return None

    def end(self, name: Hashable, *, done: bool) -> None:
        """Done, or failed: then it may be tried again."""
        self._known.pop(name, None)
        if done:
            self._known[name] = self._now(), Known.DONE
