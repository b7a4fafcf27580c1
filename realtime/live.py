"""Live queries: questions that are asked again whenever a change could have given them another answer.

The machine decides; this performs what it says, on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from itertools import islice
from logging import getLogger
from typing import Protocol

from tidegate.core.change import Change
from tidegate.core.errors import Code
from tidegate.core.live import Encode, Question, Result
from tidegate.realtime.batches import Asker, Batch, Batches
from tidegate.realtime.deliveries import Deliveries, Watcher
from tidegate.realtime.journal import Journal, Outcome, Standing
from tidegate.realtime.machine import Ask, Effect, LiveQuery, Machine, Send, State, Wake

log = getLogger(__name__)

__all__ = ["Asker", "Dependent", "LiveQueries", "Watcher"]


class Dependent(Hashable, Protocol):
    """One whose own question is made of a query's answer. Called from the event loop; never waits, never raises."""

    def stale(self) -> None:
        """The answer may be another now: nothing made of it should be shown until it is settled."""
        ...

    def settled(self, result: Result) -> None:
        """The answer as it is now, be it the same as before; or an error that may pass."""
        ...

    def deliver(self, result: Result) -> None:
        """Of no interest: every new result is also settled, or stale."""
        ...


class LiveQueries:
    """Implements core's `Bus`. `asker` answers questions; `clock` is the event loop's. Watchers are told apart by
    equality. Nothing is asked unless something is touched, somebody new watches, or an error may have passed.
    `journal` says what happened and why."""

    def __init__(self, asker: Asker, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._machine: Machine[Watcher] = Machine()
        self.journal = Journal(self._machine.queries)
        counters = self.journal.counters
        self._batches: Batches[Watcher] = Batches(asker, self._now, self._begun, self._answered, counters)
        self._deliveries = Deliveries(counters)
        self._dependents: dict[LiveQuery[Watcher], dict[Dependent, None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = 0.0
        self._closed = False

    def watch(self, question: Question, encode: Encode, throttle: float, watcher: Watcher) -> None:
        """From now on `watcher` gets every new result, the first one soon, never before this returns. `throttle` is in
        seconds. `encode` makes the same of an answer for everybody who asks an equal question."""
        self._perform(self._machine.watch(question, encode, throttle, watcher, self._now()))

    def depend(self, question: Question, encode: Encode, dependent: Dependent) -> None:
        """As `watch`, for one who must know at once when the answer may be another. Ends with `unwatch`."""
        self.watch(question, encode, 0.0, dependent)
        query = self._machine.queries[question.key]
        self._dependents.setdefault(query, {})[dependent] = None
        if query.state is State.IDLE:
            asyncio.get_running_loop().call_soon(self._settle, query, dependent)

    def unwatch(self, question: Question, watcher: Watcher) -> None:
        """Nothing is delivered any more. Also for one who does not watch."""
        query = self._machine.queries.get(question.key)
        if query is not None and (dependents := self._dependents.get(query)):
            dependents.pop(watcher, None)  # type: ignore[call-overload]
            if not dependents:
                del self._dependents[query]
        forgotten = self._machine.unwatch(question, watcher)
        if forgotten is not None:
            self._batches.remove(forgotten)
            self.journal.forgotten(forgotten)

    def publish(self, change: Change) -> None:
        try:
            concerned = self._machine.index.find(change)
            self.journal.changed(change, concerned)
        except Exception:
            # Rather too much than stale.
            log.exception("It cannot be said which live queries %s concerns: all are asked again.", change.cause)
            concerned = dict.fromkeys(self._machine.queries.values(), change.cause)
        if self._dependents:
            for query in concerned:
                for dependent in tuple(self._dependents.get(query, ())):
                    _tell(dependent.stale)
        self._perform(self._machine.touched(concerned, self._now()))

    @property
    def queries(self) -> int:
        """How many are live."""
        return len(self._machine.queries)

    def has(self, question: Question) -> bool:
        """Whether somebody watches an equal question."""
        return question.key in self._machine.queries

    @property
    def watchers(self) -> int:
        return self._machine.watchers

    def standing(self, most: int) -> Iterator[Standing]:
        """The first so many that are live, the oldest first. Not to be held over an `await`."""
        return map(self.journal.standing, islice(self._machine.queries.values(), most))

    async def close(self) -> None:
        """Nothing is asked or delivered any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._deliveries.close()
        self.journal.close()
        await self._batches.close()

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()

    def _perform(self, effects: Iterable[Effect[Watcher]]) -> None:
        if self._closed:
            return
        for effect in effects:
            match effect:
                case Ask(query):
                    self._batches.add(query)
                case Send():
                    self._deliveries.add(effect)
                case Wake(at):
                    self._wake(at)

    def _wake(self, at: float) -> None:
        if self._timer is not None:
            if self._wakes <= at:
                return
            self._timer.cancel()
        self._wakes = at
        # A millisecond late: uvloop counts whole ones, and may come early.
        delay = max(0.0, at - self._now()) + 0.001
        self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._timer = None
        self._perform(self._machine.due(self._now()))

    def _begun(self, query: LiveQuery[Watcher], now: float) -> bool:
        begun = self._machine.begun(query, now)
        if begun:
            self.journal.begun(query)
        return begun

    def _answered(self, query: LiveQuery[Watcher], result: Result, batch: Batch, error: Code | None) -> None:
        before = query.result
        effects = self._machine.answered(query, result, self._now())
        if query.seats:
            outcome = Outcome.ERROR if error else Outcome.EQUAL if query.result is before else Outcome.SENT
            self.journal.refreshed(query, len(result.body), outcome, error, batch.size, batch.seconds)
        else:
            self.journal.forgotten(query)
        self._perform(effects)
        for dependent in tuple(self._dependents.get(query, ())):
            self._settle(query, dependent)

    def _settle(self, query: LiveQuery[Watcher], dependent: Dependent) -> None:
        result, failing = query.result, query.failures > 0
        if result is not None and (query.state is State.IDLE or failing) and dependent in query.seats:
            _tell(partial(dependent.settled, result))


def _tell(dependent: Callable[[], None]) -> None:
    """What one of them does wrong keeps nothing from the others."""
    try:
        dependent()
    except Exception:
        log.exception("Somebody who depends on a live query could not be told of it.")
