"""The last runs of each function, kept for whoever wonders afterwards."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from logging import getLogger
from typing import Final

from tidegate.core.limits import Limits
from tidegate.core.runs import NoRecorder, Run
from tidegate.runs.records import record_of
from tidegate.runs.store import NoStore, Record, RunStore, StoreFailed

log = getLogger(__name__)

WAITING: Final = 256
"""Runs that wait to be written, at most. With the bound of a record: 16 MiB."""
TOGETHER: Final = 64
"""Runs that are written in one transaction, at most."""
_CLOSING: Final = 30.0
"""Seconds that writing the last ones may take."""


class History(NoRecorder):
    """Implements `Recorder`: no call ever waits for it. What cannot be written in time is dropped and counted; a store
    that fails is told in the log once, and tried again with the next run. From `open` to `close`, or as a context, in
    one event loop; to be closed after the gateway. `limits` are asked each time: a reload may change them."""

    def __init__(self, store: RunStore, limits: Callable[[], Limits] = Limits) -> None:
        self._store = store
        self._limits = limits
        self._alone = NoStore()
        self._waiting: deque[Record] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._failing = False
        self.dropped = 0
        """Runs that were not kept since it was opened."""

    async def __aenter__(self) -> History:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        self._closing = False
        self._task = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Writes what waits, within half a minute or not at all."""
        self._closing = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_CLOSING)
            if self._task.cancel():
                await asyncio.wait([self._task])
                self._drop(len(self._waiting))
            self._task = None
        try:
            async with asyncio.timeout(_CLOSING):
                await self._store.close()
        except TimeoutError:
            log.warning("The history of runs could not be closed in time.")

    async def claim(self, name: str, moment: str | float) -> bool:
        """True for exactly one of all gateways that share the store, however often they ask: whose turn it is to do
        what is to be done once, `name` at `moment`. False where a store that others may reach cannot be asked: rather
        nobody than two. Never raises."""
        try:
            return await self._store.claim(name, str(moment))
        except StoreFailed as error:
            self._failed(error)
            return not error.shared and await self._alone.claim(name, str(moment))

    def ended(self, run: Run) -> None:
        if len(self._waiting) >= WAITING:
            self._drop(1)
            return
        self._waiting.append(record_of(run))
        self._news.set()

    async def _write(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
            await self._keep(batch)

    async def _keep(self, batch: Sequence[Record]) -> None:
        try:
            await self._store.keep(batch, self._limits().runsKept)
        except StoreFailed as error:
            self._failed(error)
            self._drop(len(batch))
        except Exception:
            # Ours, surely; yet those that follow are to be kept.
            log.exception("Runs could not be kept.")
            self.dropped += len(batch)
        else:
            if self._failing:
                log.warning("The history of runs is kept again. Runs that are not in it: %s.", self.dropped)
            self._failing = False

    def _failed(self, error: StoreFailed) -> None:
        if not self._failing:
            log.warning("The history of runs cannot be kept. %s.", error)
        self._failing = True

    def _drop(self, count: int) -> None:
        if count and not self.dropped and not self._failing:
            log.warning("Runs end faster than their history can be written: some are not in it.")
        self.dropped += count
