"""When another server is left alone: a circuit breaker. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Breaking:
    """After so many `failures` in a row nothing is asked for `pause` seconds; then one request is let through, and
    what becomes of it decides. No failures: never."""

    failures: int = 5
    pause: float = 10.0


class Passage(Enum):
    """FREE: like any other. PROBE: the one that decides. NONE: it is not asked."""

    FREE = "free"
    PROBE = "probe"
    NONE = "none"


class Breaker:
    """Whoever was let in says how it ended: `succeeded`, `failed`, or `abandoned` where that says nothing."""

    def __init__(self, breaking: Breaking) -> None:
        self._breaking = breaking
        self._failures = 0
        self._shut_until: float | None = None
        self._is_probed = False

    @property
    def is_open(self) -> bool:
        return self._shut_until is not None

    def enter(self, now: float) -> Passage:
        if self._shut_until is None:
            return Passage.FREE
        if self._is_probed or now < self._shut_until:
            return Passage.NONE
        self._is_probed = True
        return Passage.PROBE

    def succeeded(self) -> bool:
        """Whether it is asked again from now on."""
        was_open, self._shut_until = self.is_open, None
        self._failures, self._is_probed = 0, False
        return was_open

    def failed(self, now: float) -> bool:
        """Whether it is left alone from now on."""
        was_open = self.is_open
        self._failures += 1
        if was_open or 0 < self._breaking.failures <= self._failures:
            self._shut_until = now + self._breaking.pause
            self._is_probed = False
        return self.is_open and not was_open

    def abandoned(self, passage: Passage) -> None:
        if passage is Passage.PROBE:
            self._is_probed = False
