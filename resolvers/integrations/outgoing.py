"""What leaves when it is committed: lined up, tried again, given up in the end, and named in the log when it is lost.

It waits in memory: what is still waiting when the gateway ends is lost, and the log says so.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from logging import getLogger
from time import time
from typing import Final, Generic, Protocol, TypeVar

from tidegate.core.integration import Experience

log = getLogger(__name__)

PAUSES: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds until something is tried again; when there are none left, it is given up."""
MOST_WAITING: Final = 1000
MOST_BYTES: Final = 64 * 1024 * 1024
FAILURES_KEPT: Final = 50
LAST_CHANCE: Final = 5.0
"""Seconds that the gateway's end waits for what is on its way."""


class Parcel(Protocol):
    """`about` is for logs: what it says and where it goes is somebody's business."""

    @property
    def about(self) -> str: ...

    @property
    def size(self) -> int:
        """In bytes."""
        ...


P = TypeVar("P", bound=Parcel)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was given up."""

    about: str
    why: str


@dataclass(slots=True, eq=False)
class Waiting(Generic[P]):
    parcel: P
    attempts: int = 0


class Outgoing(ABC, Generic[P]):
    """One for each integration; `start` and `close` within the event loop. `pauses` as above."""

    def __init__(self, name: str, pauses: tuple[float, ...] = PAUSES, carriers: int = 1) -> None:
        self.failures: deque[Failure] = deque(maxlen=FAILURES_KEPT)
        self._name = name
        self._pauses = pauses
        self._carriers = carriers
        self._ready: deque[Waiting[P]] = deque()
        self._taken: dict[Waiting[P], None] = {}
        self._later: dict[Waiting[P], asyncio.TimerHandle] = {}
        self._bytes = 0
        self._lined_up = self._mishaps = self._lost = 0
        self._trouble = ""
        self._troubled: float | None = None
        self._arrived_at: float | None = None
        self._wakened = asyncio.Event()
        self._idle = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._ending = False

    @abstractmethod
    async def carry(self) -> None:
        """Called when something is ready, by so many `carriers` at once: takes what it likes, and says of each what
        became of it. Raises nothing."""

    @property
    def waiting(self) -> int:
        return len(self._ready) + len(self._taken) + len(self._later)

    def has_room(self, others: Iterable[P]) -> bool:
        """Whether one more can be lined up after `others`."""
        count, size = self.waiting, self._bytes
        for each in others:
            count, size = count + 1, size + each.size
        return count < MOST_WAITING and size < MOST_BYTES

    @property
    def experience(self) -> Experience:
        """Each that is lined up is one that was asked for; each attempt may fail."""
        return Experience(
            self._lined_up,
            self._mishaps,
            self._trouble,
            self._troubled,
            self._arrived_at,
            waiting=self.waiting,
            lost=self._lost,
        )

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = tuple(loop.create_task(self._work()) for _ in range(self._carriers))

    def put(self, parcel: P) -> None:
        self._lined_up += 1
        self._bytes += parcel.size
        self._line_up(Waiting(parcel))

    def take(self) -> Waiting[P] | None:
        """The next; none where others were quicker."""
        if not self._ready:
            return None
        waiting = self._ready.popleft()
        self._taken[waiting] = None
        return waiting

    def finish(self, waiting: Waiting[P]) -> None:
        """It has arrived."""
        self._arrived_at = time()
        self._forget(waiting)

    def _forget(self, waiting: Waiting[P]) -> None:
        self._bytes -= waiting.parcel.size
        del self._taken[waiting]

    def replace(self, waiting: Waiting[P], remaining: P) -> Waiting[P]:
        """What remains of it to be sent takes its place."""
        self._forget(waiting)
        other = Waiting(remaining, waiting.attempts)
        self._bytes += remaining.size
        self._taken[other] = None
        return other

    def put_off(self, waiting: Waiting[P], why: str) -> None:
        """To be tried again, unless that was the last time."""
        if self._ending or waiting.attempts >= len(self._pauses):
            self.give_up(waiting, why)
            return
        self._note_trouble(why)
        pause = self._pauses[waiting.attempts]
        waiting.attempts += 1
        del self._taken[waiting]
        log.warning("%s: %s could not be sent: %s. Again in %g s.", self._name, waiting.parcel.about, why, pause)
        self._later[waiting] = asyncio.get_running_loop().call_later(pause, self._again, waiting)

    def give_up(self, waiting: Waiting[P], why: str) -> None:
        self.note(waiting.parcel.about, why)
        self._forget(waiting)

    def note(self, about: str, why: str) -> None:
        """Something was not sent."""
        self.failures.append(Failure(about, why))
        self._lost += 1
        self._note_trouble(why)
        log.error("%s: %s was not sent: %s.", self._name, about, why)

    def _note_trouble(self, why: str) -> None:
        self._mishaps += 1
        self._trouble, self._troubled = why, time()

    async def close(self) -> None:
        """What waits is tried once more; then it is lost, and the log says so."""
        tasks, self._tasks = self._tasks, ()
        if not tasks:
            return
        self._ending = True
        for waiting, timer in tuple(self._later.items()):
            timer.cancel()
            self._again(waiting)
        try:
            async with asyncio.timeout(LAST_CHANCE):
                await self._idle.wait()
        except TimeoutError:
            pass
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        while self.take() is not None:
            pass
        for waiting in tuple(self._taken):
            self.give_up(waiting, "the gateway was stopped")

    def _line_up(self, waiting: Waiting[P]) -> None:
        self._ready.append(waiting)
        self._idle.clear()
        self._wakened.set()

    def _again(self, waiting: Waiting[P]) -> None:
        del self._later[waiting]
        self._line_up(waiting)

    async def _work(self) -> None:
        while True:
            while self._ready:
                await self.carry()
            if not self._taken:
                self._idle.set()
            self._wakened.clear()
            await self._wakened.wait()
