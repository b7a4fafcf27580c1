"""Questions to be asked -> few requests, each for many questions of one runnable."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from logging import getLogger
from time import perf_counter
from typing import Final, Generic, Protocol, TypeVar

from tidegate.core.call import Runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.live import Question, Result
from tidegate.realtime.counters import Counters
from tidegate.realtime.machine import LiveQuery

log = getLogger(__name__)

BATCH: Final = 256
"""Questions asked in one request. More is cheaper for each (1,000 in statements of 100 took 139 ms in the lab, in one
85), but all of a batch have their answers when the last has, and one deadline."""
AT_ONCE: Final = 3
"""Batches that one integration answers at once: one less than SQLite has readers by default, so that
ordinary calls get one."""
REMEMBERED: Final = 1000
"""Runnables whose batches are smaller, because a whole one took too long."""
TURN: Final = 0.005
"""Seconds of encoding after which the event loop has its turn."""

_BROKEN: Final = b'{"errors":[{"message":"Something went wrong inside.","extensions":{"code":"INTERNAL"}}],"data":null}'

W = TypeVar("W", bound=Hashable)


class Asker(Protocol):
    """A runner, as far as live queries need it."""

    def ask(
        self, questions: Sequence[Question], deadline: float, /
    ) -> Awaitable[Sequence[Answer | OperationError]]: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """How a result was come by: with `size` questions in one request that took `seconds`."""

    size: int
    seconds: float


@dataclass(slots=True)
class _Line(Generic[W]):
    """What one integration is to be asked."""

    waiting: OrderedDict[Runnable, dict[LiveQuery[W], None]] = field(default_factory=OrderedDict)
    running: int = 0


class Batches(Generic[W]):
    """Asks what it is given. Everything added in one turn of the event loop goes together. `begun` is told of a query
    that is asked now, and says whether it still has to be; `answered` gets the result, and the code of an error."""

    def __init__(
        self,
        asker: Asker,
        now: Callable[[], float],
        begun: Callable[[LiveQuery[W], float], bool],
        answered: Callable[[LiveQuery[W], Result, Batch, Code | None], None],
        counters: Counters,
    ) -> None:
        self._asker = asker
        self._now = now
        self._begun = begun
        self._answered = answered
        self._counters = counters
        self._lines: dict[str, _Line[W]] = {}
        self._sizes: OrderedDict[Runnable, int] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._handle: asyncio.Handle | None = None
        self._closed = False

    def add(self, query: LiveQuery[W]) -> None:
        """Not one that waits already."""
        runnable = query.question.runnable
        line = self._lines.setdefault(_integration(runnable), _Line())
        line.waiting.setdefault(runnable, {})[query] = None
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_soon(self._start)

    def remove(self, query: LiveQuery[W]) -> None:
        """It need not be asked. Also for one that does not wait."""
        runnable = query.question.runnable
        line = self._lines.get(_integration(runnable))
        if line is not None and runnable in line.waiting:
            queries = line.waiting[runnable]
            queries.pop(query, None)
            if not queries:
                del line.waiting[runnable]

    async def close(self) -> None:
        """What is being asked is cut off; nothing is answered any more."""
        self._closed = True
        self._lines.clear()
        if self._handle is not None:
            self._handle.cancel()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        self._handle = None
        for line in self._lines.values():
            self._fill(line)

    def _fill(self, line: _Line[W]) -> None:
        """As many batches as there is room for, of each runnable in turn."""
        while line.waiting and line.running < AT_ONCE:
            runnable, queries = line.waiting.popitem(last=False)
            batch = tuple(islice(queries, self._sizes.get(runnable, BATCH)))
            for query in batch:
                del queries[query]
            if queries:
                line.waiting[runnable] = queries
            line.running += 1
            task = asyncio.get_running_loop().create_task(self._ask(line, runnable, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, line: _Line[W], runnable: Runnable, batch: Sequence[LiveQuery[W]]) -> None:
        try:
            start = self._now()
            # Not before: what is written until now need not be asked for again.
            queries = [query for query in batch if self._begun(query, start)]
            if queries:
                await self._ask_begun(runnable, queries, start)
        finally:
            line.running -= 1
            if not self._closed:
                self._fill(line)

    async def _ask_begun(self, runnable: Runnable, queries: Sequence[LiveQuery[W]], start: float) -> None:
        questions = [query.question for query in queries]
        broken = False
        # The event loop's clock may count whole milliseconds.
        began = perf_counter()
        self._counters.asks += 1
        try:
            answers = await self._asker.ask(questions, start + runnable.operation.timeout)
            if len(answers) != len(queries):
                raise RuntimeError(f"{len(queries)} questions have {len(answers)} answers.")
        except Exception:
            log.exception("%s could not be asked again.", runnable.operation.name)
            error = OperationError(Code.INTERNAL, "Something went wrong inside.")
            answers, broken = [error] * len(queries), True
        if len(queries) > 1 and all(_is_late(answer) for answer in answers):
            # Each alone may have time enough.
            size = self._shrink(runnable, len(queries))
            for at in range(0, len(queries), size):
                await self._ask_begun(runnable, queries[at : at + size], self._now())
            return
        batch = Batch(len(queries), perf_counter() - began)
        until = perf_counter() + TURN
        for query, answer in zip(queries, answers, strict=True):
            result = _encode(query, answer)
            # What a mistake of ours broke may work again, and nothing else would try.
            result.transient = result.transient or broken
            self._answered(query, result, batch, answer.code if isinstance(answer, OperationError) else None)
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + TURN

    def _shrink(self, runnable: Runnable, size: int) -> int:
        """From now on batches of this runnable are a quarter of `size`."""
        self._sizes[runnable] = max(1, size // 4)
        self._sizes.move_to_end(runnable)
        if len(self._sizes) > REMEMBERED:
            self._sizes.popitem(last=False)
        return self._sizes[runnable]


def _is_late(answer: Answer | OperationError) -> bool:
    return isinstance(answer, OperationError) and answer.code is Code.TIMEOUT


def _integration(runnable: Runnable) -> str:
    return runnable.operation.plan.source


def _encode(query: LiveQuery[W], answer: Answer | OperationError) -> Result:
    try:
        return query.encode(answer)
    except Exception:
        # Against its contract; but who waits for an answer must get one.
        log.exception("A result of %s could not be encoded.", query.name)
        return Result(_BROKEN, transient=True)
