"""What a committed call, or somebody outside, changed; and who is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.core.footprint import Touch


@dataclass(frozen=True, slots=True)
class Change:
    """`cause` is the operation's name, or `outside: ` and the integration's: for people. `queries` are refreshed
    whatever they read: the author's `refresh:` says so."""

    cause: str
    touches: tuple[Touch, ...] = ()
    queries: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.touches and not self.queries


class Bus(Protocol):
    """Carries changes to the live queries."""

    def publish(self, change: Change) -> None:
        """After the commit, from the event loop. Never fails, never waits."""
        ...


Outside: TypeAlias = Callable[[Sequence[Touch]], None]
"""How an integration tells of writes that did not come from this gateway. Called from the event loop."""


class NoBus:
    """For those who have no live queries."""

    def publish(self, change: Change) -> None:
        pass


def unheard(_touches: Sequence[Touch]) -> None:
    """An `Outside` for those who have no live queries."""
