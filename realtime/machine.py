"""What becomes of live queries: asked, kept, asked again, sent. Pure: no clock, no task, no I/O.

    IDLE      its result is what a fresh answer would be, as far as anybody is told of changes
    WAITING   touched, or failed: it is asked at `due`
    READY     it is to be asked as soon as there is room
    RUNNING   it is being asked
    STALE     it is being asked, and was touched since: it is asked again afterwards

A driver tells what happens and performs the effects it gets. A query is watched before it is first asked, so nothing
is missed in between. Times are seconds on any clock that does not go back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeAlias, TypeVar

from tidegate.core.footprint import Read
from tidegate.core.live import Encode, Question, Result
from tidegate.realtime.index import Index

FIRST_RETRY: Final = 0.5
"""Seconds from an error that may pass until it is asked again; doubled each time."""
LAST_RETRY: Final = 30.0
"""More than this it does not become: whoever watches an outage wants to see its end."""
NEWCOMER: Final = 0.25
"""The longest throttle, in seconds, for a query somebody of whose watchers has had nothing yet: with `throttle: 60s` a
subscriber must not look at an empty page for a minute. They could as well have sent the query."""

W = TypeVar("W", bound=Hashable)


class State(StrEnum):
    IDLE = "idle"
    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    STALE = "stale"


@dataclass(slots=True, eq=False)
class Seat:
    """What a watcher has had. Results of asks before number `since` are older than the watcher."""

    since: int
    had: Result | None = None


@dataclass(slots=True, eq=False)
class LiveQuery(Generic[W]):
    """A question, for everybody who watches it. `throttle` is the smallest of all who have. `took`: seconds
    that the latest ask took. `asks` counts those begun;
    `result` is as good as that of ask number `answered`. `newcomers` wait for their first one. `poll` is when it is
    asked again though nothing touches it. Changed by the machine alone."""

    question: Question
    encode: Encode
    seats: dict[W, Seat] = field(default_factory=dict)
    newcomers: dict[W, None] | None = None
    state: State = State.READY
    throttle: float = 0.0
    started: float = float("-inf")
    took: float = 0.0
    due: float | None = None
    poll: float | None = None
    asks: int = 0
    failures: int = 0
    answered: int = 0
    result: Result | None = None

    @property
    def interval(self) -> float:
        """Seconds between the starts of two asks, at least. What takes long is asked half of the time at most, however
        often it is touched."""
        return max(min(self.throttle, NEWCOMER) if self.newcomers else self.throttle, 2 * self.took)

    @property
    def name(self) -> str:
        return self.question.runnable.operation.name

    @property
    def reads(self) -> tuple[Read, ...]:
        return self.question.reads

    def owed(self, watcher: W) -> Result | None:
        """What the watcher is to be sent now, and then has had. Nothing where it is gone, has had the same, or came
        after this result was asked for and touched."""
        seat = self.seats.get(watcher)
        result = self.result
        if seat is None or result is None or seat.had is result or self.answered < seat.since:
            return None
        had, seat.had = seat.had, result
        return None if had is not None and had.body == result.body else result


@dataclass(frozen=True, slots=True, eq=False)
class Ask(Generic[W]):
    """To be asked as soon as may be. The driver says `begun`, and later `answered`."""

    query: LiveQuery[W]


@dataclass(frozen=True, slots=True, eq=False)
class Send(Generic[W]):
    """Whatever these watchers are `owed`, each when its turn comes: by then it may be a newer result."""

    query: LiveQuery[W]
    watchers: tuple[W, ...]


@dataclass(frozen=True, slots=True)
class Wake:
    """`due` is to be called at this time."""

    at: float


Effect: TypeAlias = Ask[W] | Send[W] | Wake


class Machine(Generic[W]):
    """Mutable. Holds every live query that somebody watches, and `index` finds those that a change concerns. Watchers
    are told apart by equality."""

    def __init__(self) -> None:
        self.queries: dict[Hashable, LiveQuery[W]] = {}
        self.index: Index[LiveQuery[W]] = Index()
        self.watchers = 0
        self._dues: list[tuple[float, int, LiveQuery[W]]] = []
        self._pushed = 0

    def watch(self, question: Question, encode: Encode, throttle: float, watcher: W, now: float) -> list[Effect[W]]:
        """`encode` makes the same of an answer for all who ask an equal question: the first one's is taken.
        `throttle`: the smallest that anybody has asked for holds. Who watches already goes on."""
        query = self.queries.get(question.key)
        if query is None:
            query = LiveQuery(question, encode)
            self.queries[question.key] = query
            self.index.add(query)
            effects: list[Effect[W]] = [Ask(query)]
        else:
            effects = []
        query.throttle = min(throttle, query.throttle) if query.seats else throttle
        if watcher in query.seats:
            return effects
        # What runs untouched is as new as the newcomer; what was touched since it began is not.
        fresh = query.state in (State.IDLE, State.RUNNING)
        query.seats[watcher] = Seat(query.asks if fresh else query.asks + 1)
        self.watchers += 1
        if query.state is State.IDLE:
            return [Send(query, (watcher,))]
        if query.newcomers is None:
            query.newcomers = {}
        query.newcomers[watcher] = None
        return effects + self._hasten(query, now)

    def unwatch(self, question: Question, watcher: W) -> LiveQuery[W] | None:
        """Also for one who does not watch. A query that need not be asked any more is returned."""
        query = self.queries.get(question.key)
        if query is None or query.seats.pop(watcher, None) is None:
            return None
        self.watchers -= 1
        if query.newcomers:
            query.newcomers.pop(watcher, None)
        # What is being asked is kept until it is answered: were it watched again, it would be asked twice at once.
        if query.seats or query.state in (State.RUNNING, State.STALE):
            return None
        self._forget(query)
        return query

    def touched(self, queries: Iterable[LiveQuery[W]], now: float) -> list[Effect[W]]:
        """Something that these read was written."""
        effects: list[Effect[W]] = []
        for query in queries:
            if query.state is State.RUNNING:
                query.state = State.STALE
            elif query.state is State.IDLE:
                effects += self._wait(query, query.started + query.interval, now)
        return effects

    def due(self, now: float) -> list[Effect[W]]:
        """The time that a `Wake` named has come, or another."""
        effects: list[Effect[W]] = []
        while self._dues:
            at, _, query = self._dues[0]
            if not _is_due(query, at):
                heappop(self._dues)
            elif at > now:
                effects.append(Wake(at))
                break
            else:
                heappop(self._dues)
                effects.append(_ask(query))
        return effects

    def begun(self, query: LiveQuery[W], now: float) -> bool:
        """The query is asked from now on: all that was written before is in the answer. False: it need not be."""
        if query.state is not State.READY or self.queries.get(query.question.key) is not query:
            return False
        query.state = State.RUNNING
        query.started = now
        query.asks += 1
        return True

    def answered(self, query: LiveQuery[W], result: Result, now: float) -> list[Effect[W]]:
        """To what was `begun`."""
        if not query.seats:
            self._forget(query)
            return []
        effects: list[Effect[W]] = []
        query.took = max(0.0, now - query.started)
        served = self._serve(query)
        query.answered = query.asks
        if query.result is None or query.result.body != result.body:
            query.result = result
            effects.append(Send(query, tuple(query.seats)))
        elif served:
            effects.append(Send(query, served))
        stale = query.state is State.STALE
        query.state = State.IDLE
        query.failures = query.failures + 1 if result.transient else 0
        if result.transient:
            retry = min(FIRST_RETRY * 2.0 ** min(query.failures - 1, 10), LAST_RETRY)
            return effects + self._wait(query, max(now + retry, query.started + query.interval), now)
        if stale:
            return effects + self._wait(query, query.started + query.interval, now)
        return effects + self._poll(query, now)

    def _serve(self, query: LiveQuery[W]) -> tuple[W, ...]:
        """Newcomers who have waited for the ask that is answered now."""
        if not query.newcomers:
            return ()
        served = tuple(watcher for watcher in query.newcomers if query.seats[watcher].since <= query.asks)
        for watcher in served:
            del query.newcomers[watcher]
        query.newcomers = query.newcomers or None
        return served

    def _hasten(self, query: LiveQuery[W], now: float) -> list[Effect[W]]:
        """Somebody has come to a query that waits."""
        if query.state is not State.WAITING or query.due is None:
            return []
        at = query.started + query.interval
        return self._wait(query, at, now) if at < query.due else []

    def _wait(self, query: LiveQuery[W], at: float, now: float) -> list[Effect[W]]:
        if at <= now:
            return [_ask(query)]
        query.state = State.WAITING
        query.due = at
        return self._push(query, at)

    def _poll(self, query: LiveQuery[W], now: float) -> list[Effect[W]]:
        """Idle until something touches it, or until its time."""
        seconds = query.question.poll
        if seconds is None:
            return []
        # It is not asked all the time because it takes long.
        query.poll = max(query.started + query.interval, now + seconds)
        return self._push(query, query.poll)

    def _push(self, query: LiveQuery[W], at: float) -> list[Effect[W]]:
        self._pushed += 1
        heappush(self._dues, (at, self._pushed, query))
        if len(self._dues) > 2 * len(self.queries) + 100:
            # Those of queries that were forgotten, or hastened, would stay until their time.
            self._dues = [due for due in self._dues if _is_due(due[2], due[0])]
            heapify(self._dues)
        return [Wake(at)]

    def _forget(self, query: LiveQuery[W]) -> None:
        del self.queries[query.question.key]
        self.index.remove(query)
        query.state = State.IDLE
        query.poll = None


def _is_due(query: LiveQuery[W], at: float) -> bool:
    return (query.state is State.WAITING and query.due == at) or (query.state is State.IDLE and query.poll == at)


def _ask(query: LiveQuery[W]) -> Ask[W]:
    query.state = State.READY
    query.due = query.poll = None
    return Ask(query)
