"""The clock runs operations: `schedule:` of a project, followed for as long as the gateway is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from tidegate.core.catalog import Catalog
from tidegate.core.triggers import Claims, Schedule
from tidegate.schema.cron import next_time
from tidegate.schema.invoked import Invoked

log = getLogger(__name__)

LOOK: Final = 30.0
"""Seconds until it looks at the clock again: that one may be set, and machines sleep."""
LATE: Final = timedelta(seconds=90)
"""A time that is noticed so much later was missed."""
BACK: Final = timedelta(hours=1)
"""A clock that is set back by less shows times again that were there already: they do not count twice."""
GRACE: Final = 5.0
"""Seconds that runs have to end when the gateway closes."""


class Clock(Protocol):
    def now(self) -> datetime:
        """In UTC."""
        ...

    async def wait(self, until: datetime | None, news: asyncio.Event) -> None:
        """Until then or earlier, or until there are news; none: until there are some."""
        ...


class SystemClock:
    """That of this machine."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    async def wait(self, until: datetime | None, news: asyncio.Event) -> None:
        seconds = LOOK if until is None else min(LOOK, (until - self.now()).total_seconds())
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await news.wait()
        except TimeoutError:
            pass


class _Key(NamedTuple):
    """Schedules that have the same one before and after a reload are the same."""

    name: str
    cron: str
    zone: str


class Scheduler:
    """One task, which begins a run for each time that comes: at most one of a schedule at once. `invoke` never raises.
    With `claims`, one gateway of all that have them in common runs each time; without, every gateway does."""

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        invoke: Callable[[Schedule], Awaitable[Invoked]],
        claims: Claims | None = None,
        clock: Clock | None = None,
        grace: float = GRACE,
    ) -> None:
        self._catalog = catalog
        self._invoke = invoke
        self._claims = claims
        self._clock = clock or SystemClock()
        self._grace = grace
        self._due: dict[_Key, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._seen: datetime | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on; what came before is not made up for."""
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def refresh(self) -> None:
        """The project was reloaded. Schedules that are as they were go on."""
        self._news.set()

    async def close(self) -> None:
        """Runs under way have a few seconds to end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self._grace)
        for name, task in self._running.items():
            if task.cancel():
                log.warning("Schedule %s: its run is stopped, for the gateway closes.", name)
        if self._running:
            await asyncio.wait(self._running.values())

    async def _follow(self) -> None:
        while True:
            self._news.clear()
            try:
                self._look(self._clock.now())
            except Exception:
                log.exception("Schedules cannot be followed; in %s seconds they are looked at again.", LOOK)
            await self._clock.wait(min(self._due.values(), default=None), self._news)

    def _look(self, now: datetime) -> None:
        """Begins what is due."""
        if self._seen is not None and self._seen - now > BACK:
            log.warning("The clock was set back to %s: schedules go by it from now on.", _shown(now))
            self._due.clear()
        self._seen = now
        earlier, self._due = self._due, {}
        for schedule in self._catalog().schedules:
            key, zone = _key(schedule), ZoneInfo(schedule.zone)
            due = earlier.get(key) or next_time(schedule.cron, zone, now)
            if due is not None and due <= now:
                self._begin_run(schedule, _newest(schedule.cron, zone, due, now), due, now)
                due = next_time(schedule.cron, zone, now)
            if due is not None:
                self._due[key] = due

    def _begin_run(self, schedule: Schedule, moment: datetime, due: datetime, now: datetime) -> None:
        if moment != due or now - moment > LATE:
            missed = _shown(due) if moment == due else f"{_shown(due)} to {_shown(moment)}"
            log.warning("Schedule %s: %s was missed; it runs once, now.", schedule.name, missed)
        if schedule.name in self._running:
            log.warning("Schedule %s: left out at %s, for it is still running.", schedule.name, _shown(moment))
            return
        task = asyncio.get_running_loop().create_task(self._run(schedule, moment))
        self._running[schedule.name] = task
        task.add_done_callback(lambda _: self._running.pop(schedule.name, None))

    async def _run(self, schedule: Schedule, moment: datetime) -> None:
        try:
            name = f"{self._catalog().name}: {schedule.name}"
            if self._claims is not None and not await self._claims.claim(name, moment.isoformat()):
                log.info("Schedule %s: another gateway runs it for %s.", schedule.name, _shown(moment))
                return
            current = _find(self._catalog().schedules, _key(schedule))
            if current is None:
                return  # The project was reloaded meanwhile, and has no such schedule any more.
            invoked = await self._invoke(current)
        except Exception:
            log.exception("Schedule %s failed.", schedule.name)
            return
        if invoked.error is not None:
            error = invoked.error
            log.error("Schedule %s: run %s failed: %s: %s", schedule.name, invoked.id or "-", error.code, error.message)
        else:
            log.info("Schedule %s: run %s has ended.", schedule.name, invoked.id or "-")


def _newest(cron: str, zone: ZoneInfo, due: datetime, now: datetime) -> datetime:
    """The last of the times from `due` on that are past. Of a long while it looks at the last day first."""
    newest = due
    following = next_time(cron, zone, max(due, now - timedelta(days=1)))
    if following is None or following > now:
        following = next_time(cron, zone, due)
    while following is not None and following <= now:
        newest, following = following, next_time(cron, zone, following)
    return newest


def _key(schedule: Schedule) -> _Key:
    return _Key(schedule.name, schedule.cron, schedule.zone)


def _find(schedules: Sequence[Schedule], key: _Key) -> Schedule | None:
    return next((schedule for schedule in schedules if _key(schedule) == key), None)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
