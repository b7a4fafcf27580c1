"""What happened to live queries and why, for people who wonder: the newest entries, and counters.

Always on, so an entry holds no row and no value of anybody's: tables, columns and numbers only. Which query it was is a
digest of its values with a key of this process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from secrets import token_bytes
from time import time
from typing import Any, Final, TypeAlias

from tidegate.core.change import Change
from tidegate.core.errors import Code
from tidegate.core.footprint import Read, Touch, Verdict, judge
from tidegate.realtime.counters import Counters
from tidegate.realtime.index import Reason
from tidegate.realtime.machine import LiveQuery

ENTRIES: Final = 1000
"""How many are kept, by default: about half a megabyte."""
MOST_TOUCHES: Final = 20
"""Touches told of one change."""
MOST_UNMOVED: Final = 100
"""Queries told, of those that a change did not wake."""

WATCHED: Final = "first watched"
RETRIED: Final = "tried again"

# Any: who watches is of no interest here.
AnyQuery: TypeAlias = LiveQuery[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A read or a touch without its values. `keys`: the columns that a read is keyed by. `rows`: how many a touch
    tells of, none where it does not know."""

    source: str
    table: str | None
    columns: frozenset[str] | None
    keys: tuple[str, ...] = ()
    rows: int | None = None


class Outcome(StrEnum):
    SENT = "sent"
    EQUAL = "equal"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Unmoved:
    """A query that a change did not wake. `verdict` is what excluded it: of all its reads and the touches, the pair
    that came nearest."""

    operation: str
    query: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Changed:
    """`at` is in seconds since the epoch. `woken` counts the live queries concerned. `touches` are the first few;
    `unmoved` is told while somebody follows who asked for it."""

    number: int
    at: float
    cause: str
    touches: tuple[Shape, ...]
    queries: frozenset[str]
    woken: int
    unmoved: tuple[Unmoved, ...] = ()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A live query was asked, in a request of `batch` questions that took `seconds`, because of `change`, an entry's
    number, and `coalesced` later ones; none where `cause` was no change. `rank` is that of the role whose rights it was
    asked with. `read` and `touch` are the pair that matched, none where the change names the query. `bytes` is the
    body's size. `error` is the code, where it was one."""

    number: int
    at: float
    operation: str
    query: str
    rank: int
    cause: str
    change: int | None
    coalesced: int
    read: Shape | None
    touch: Shape | None
    watchers: int
    batch: int
    seconds: float
    bytes: int
    outcome: Outcome
    error: Code | None


Entry: TypeAlias = Changed | Refreshed


@dataclass(frozen=True, slots=True)
class Standing:
    """A live query as it is now. `query` is as in `Refreshed`; `rank`, too. `seconds` that the latest ask took; `asks`
    counts those begun. `bytes` is the size of its result, none before the first; `poll` how often it is asked in any
    case, in seconds."""

    operation: str
    query: str
    rank: int
    state: str
    watchers: int
    asks: int
    failures: int
    seconds: float
    bytes: int | None
    poll: float | None
    reads: tuple[Shape, ...]


@dataclass(slots=True)
class _Cause:
    """Why a query waits to be asked."""

    change: Changed
    read: Read | None
    touch: Shape | None
    coalesced: int = 0


class Journal:
    """`queries` are those that are live, and stays up to date by itself. Mutable; written by the driver alone."""

    def __init__(self, queries: Mapping[Hashable, AnyQuery], size: int = ENTRIES) -> None:
        self.counters = Counters()
        self._queries = queries
        self._ring: deque[Entry] = deque(maxlen=size)
        self._last = 0
        self._secret = token_bytes(16)
        self._waiting: dict[AnyQuery, _Cause] = {}
        self._asked: dict[AnyQuery, _Cause] = {}
        self._news: asyncio.Future[None] | None = None
        self._curious = 0
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the newest."""
        return self._last

    def entries(self, since: int = 0) -> list[Entry]:
        """Those after number `since` that are still kept, oldest first."""
        skipped = max(0, since - (self._last - len(self._ring)))
        return list(islice(self._ring, skipped, None))

    async def follow(self, since: int | None = None, *, unmoved: bool = False) -> AsyncGenerator[Entry]:
        """Every entry from now on, or after number `since`, until the end. Who reads slowly loses the oldest: numbers
        are missing then. `unmoved`: each change tells what it did not wake, and why."""
        at = self._last if since is None else since
        self._curious += unmoved
        try:
            while True:
                for entry in self.entries(at):
                    at = entry.number
                    yield entry
                if at < self._last:
                    continue
                if self._closed:
                    return
                if self._news is None:
                    self._news = asyncio.get_running_loop().create_future()
                # Others wait for the same news.
                await asyncio.shield(self._news)
        finally:
            self._curious -= unmoved

    def standing(self, query: AnyQuery) -> Standing:
        result = query.result
        return Standing(
            query.name,
            self._digest(query),
            query.question.runnable.rank,
            str(query.state),
            len(query.seats),
            query.asks,
            query.failures,
            query.took,
            None if result is None else len(result.body),
            query.question.poll,
            tuple(map(_shape_of_read, query.reads[:MOST_TOUCHES])),
        )

    def why_not(self, change: Change) -> Iterator[Unmoved]:
        """For every live query that the change does not concern, what excluded it."""
        for query in self._queries.values():
            verdict = _nearest(query, change)
            if verdict is not Verdict.CONCERNED:
                yield Unmoved(query.name, self._digest(query), verdict)

    def changed(self, change: Change, concerned: Mapping[AnyQuery, Reason]) -> None:
        touches = tuple(map(_shape_of_touch, change.touches[:MOST_TOUCHES]))
        unmoved = tuple(islice(self.why_not(change), MOST_UNMOVED)) if self._curious else ()
        entry = Changed(self._number(), time(), change.cause, touches, change.queries, len(concerned), unmoved)
        self._keep(entry)
        self.counters.changes += 1
        self.counters.woken += len(concerned)
        shapes: dict[int, Shape] = {}
        for query, reason in concerned.items():
            earlier = self._waiting.get(query)
            if earlier is not None:
                earlier.coalesced += 1
            elif isinstance(reason, str):
                self._waiting[query] = _Cause(entry, None, None)
            else:
                # The touch itself holds rows, and may wake many.
                read, touch = reason
                shape = shapes.get(id(touch)) or shapes.setdefault(id(touch), _shape_of_touch(touch))
                self._waiting[query] = _Cause(entry, read, shape)

    def begun(self, query: AnyQuery) -> None:
        cause = self._waiting.pop(query, None)
        if cause is not None:
            self._asked[query] = cause

    def forgotten(self, query: AnyQuery) -> None:
        self._waiting.pop(query, None)
        self._asked.pop(query, None)

    def refreshed(
        self, query: AnyQuery, size: int, outcome: Outcome, error: Code | None, batch: int, seconds: float
    ) -> None:
        """`size` is the body's, in bytes."""
        counters = self.counters
        counters.refreshes += 1
        counters.equal += outcome is Outcome.EQUAL
        counters.errors += outcome is Outcome.ERROR
        cause = self._asked.pop(query, None)
        first = WATCHED if query.asks == 1 else RETRIED
        self._keep(
            Refreshed(
                self._number(),
                time(),
                query.name,
                self._digest(query),
                query.question.runnable.rank,
                first if cause is None else cause.change.cause,
                None if cause is None else cause.change.number,
                0 if cause is None else cause.coalesced,
                None if cause is None or cause.read is None else _shape_of_read(cause.read),
                None if cause is None else cause.touch,
                len(query.seats),
                batch,
                seconds,
                size,
                outcome,
                error,
            )
        )

    def close(self) -> None:
        """Whoever follows comes to the end."""
        self._closed = True
        self._tell()

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _keep(self, entry: Entry) -> None:
        self._ring.append(entry)
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            news, self._news = self._news, None
            if not news.done():
                news.set_result(None)

    def _digest(self, query: AnyQuery) -> str:
        values = repr((id(query.question.runnable), query.question.values)).encode()
        return blake2b(values, digest_size=6, key=self._secret).hexdigest()


_NEARNESS: Final = {verdict: place for place, verdict in enumerate((*tuple(Verdict)[1:], Verdict.CONCERNED))}
"""From another source to concerned, as `judge` goes."""


def _nearest(query: AnyQuery, change: Change) -> Verdict:
    if query.name in change.queries:
        return Verdict.CONCERNED
    verdicts = (judge(read, touch) for read in query.reads for touch in change.touches)
    return max(verdicts, key=_NEARNESS.__getitem__, default=Verdict.OTHER_SOURCE)


def _shape_of_read(read: Read) -> Shape:
    return Shape(read.source, read.table, read.columns, tuple(key.column for key in read.keys))


def _shape_of_touch(touch: Touch) -> Shape:
    rows = None if touch.images is None else len(touch.images)
    return Shape(touch.source, touch.table, touch.columns, rows=rows)
