"""Results on their way to those who watch, a slice of them at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from logging import getLogger
from time import perf_counter
from typing import Final, Protocol

from tidegate.core.live import Result
from tidegate.realtime.counters import Counters
from tidegate.realtime.machine import LiveQuery, Send

log = getLogger(__name__)

TURN: Final = 0.005
"""Seconds of delivering after which the event loop has its turn: some 250 frames written to sockets. A call that comes
meanwhile waits no longer."""


class Watcher(Hashable, Protocol):
    """One who watches a question; equal to itself alone. Called from the event loop; never waits, never raises."""

    def deliver(self, result: Result) -> None:
        """A result that differs from the one delivered before, or the first."""
        ...


@dataclass(slots=True, eq=False)
class _Round:
    """`again`: somebody else is to be sent something, or something else; who comes late waits for the next round."""

    query: LiveQuery[Watcher]
    watchers: Iterator[Watcher]
    again: bool = False


class Deliveries:
    """Sends what is owed. However often a query is to be sent, one round of it is under way; it always sends the
    newest result."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._rounds: deque[_Round] = deque()
        self._of: dict[LiveQuery[Watcher], _Round] = {}
        self._handle: asyncio.Handle | None = None

    def add(self, send: Send[Watcher]) -> None:
        whole = len(send.watchers) == len(send.query.seats)
        round_ = self._of.get(send.query)
        if whole and round_ is not None:
            round_.again = True
            return
        round_ = _Round(send.query, iter(send.watchers))
        if whole:
            self._of[send.query] = round_
        self._rounds.append(round_)
        self._go_on()

    def close(self) -> None:
        self._rounds.clear()
        self._of.clear()
        if self._handle is not None:
            self._handle.cancel()

    def _go_on(self) -> None:
        if self._handle is None and self._rounds:
            self._handle = asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._handle = None
        sent = 0
        # Not the loop's clock: uvloop's stands still within a turn.
        until = perf_counter() + TURN
        while self._rounds:
            sent += self._step()
            if perf_counter() > until:
                # A query with thousands of watchers does not keep those of others waiting.
                self._rounds.rotate(-1)
                break
        self._counters.sent += sent
        self._go_on()

    def _step(self) -> bool:
        """The next watcher of the first round. Whether something was sent."""
        round_ = self._rounds[0]
        watcher = next(round_.watchers, None)
        if watcher is None:
            self._rounds.popleft()
            if self._of.get(round_.query) is round_:
                if round_.again:
                    round_.again = False
                    round_.watchers = iter(tuple(round_.query.seats))
                    self._rounds.append(round_)
                else:
                    del self._of[round_.query]
            return False
        result = round_.query.owed(watcher)
        if result is None:
            return False
        try:
            watcher.deliver(result)
        except Exception:
            # Against its contract: it has had its turn, and keeps nothing from the others.
            log.exception("A result of %s could not be delivered.", round_.query.name)
        return True
