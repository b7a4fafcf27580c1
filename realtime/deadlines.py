"""Things that are due some time after they were set, all after the same time."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import takewhile
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Deadlines(Generic[Thing]):
    """`after` is in seconds. Nothing is looked at before it is due, and no timer is set: somebody asks now and then."""

    def __init__(self, after: float) -> None:
        self._after = after
        # In the order of their times.
        self._since: dict[Thing, float] = {}

    def set(self, thing: Thing, now: float) -> None:
        """From now on, whatever was before."""
        self._since.pop(thing, None)
        self._since[thing] = now

    def drop(self, thing: Thing) -> None:
        """Also for what is not set."""
        self._since.pop(thing, None)

    def due(self, now: float) -> tuple[Thing, ...]:
        """What has been due since it was asked before; it is not set any more."""
        found = tuple(thing for thing, _ in takewhile(lambda entry: now - entry[1] > self._after, self._since.items()))
        for thing in found:
            del self._since[thing]
        return found
