"""What the clock runs, by a clock that tests set."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web.conftest import make_gateway
from tidegate.app import Gateway
from tidegate.core.errors import Code, OperationError
from tidegate.core.location import Location
from tidegate.core.triggers import Claims, Schedule
from tidegate.core.user import CurrentUser
from tidegate.runs.history import History
from tidegate.runs.store import run_store
from tidegate.scheduler import GRACE, LOOK, Scheduler, SystemClock
from tidegate.schema.invoked import Invoked

USER = CurrentUser("admin", 2, {}, None, True)
START = datetime(2026, 6, 1, 6, 59, 30, tzinfo=UTC)


class SetClock:
    """Stands still until it is set."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.until: datetime | None = None
        self._news = asyncio.Event()
        self._idle = asyncio.Event()

    def now(self) -> datetime:
        return self.at

    async def wait(self, until: datetime | None, news: asyncio.Event) -> None:
        self.until, self._news = until, news
        self._idle.set()
        await news.wait()
        self._idle.clear()

    async def looked(self) -> None:
        await self._idle.wait()

    async def set(self, at: datetime) -> None:
        """Returns when that has been looked at."""
        await self.looked()
        self.at = at
        self._idle.clear()
        self._news.set()
        await self.looked()

    async def pass_by(self, **time: float) -> None:
        await self.set(self.at + timedelta(**time))


def schedule(cron: str = "0 7 * * *", name: str = "nightly", zone: str = "UTC") -> Schedule:
    return Schedule(name, name, cron, zone, {}, USER, Location("operations/a.yaml"))


class World:
    """A scheduler, and what it has run."""

    def __init__(self, schedules: Sequence[Schedule], claims: Claims | None, grace: float) -> None:
        self.schedules = tuple(schedules)
        self.clock = SetClock()
        self.ran: list[tuple[str, datetime]] = []
        self.scheduler = Scheduler(
            lambda: replace(make_gateway().catalog, schedules=self.schedules), self.invoke, claims, self.clock, grace
        )
        self.hold: asyncio.Event | None = None
        self.answer: Callable[[], Invoked] = Invoked

    async def invoke(self, asked: Schedule) -> Invoked:
        self.ran.append((asked.name, self.clock.at))
        if self.hold is not None:
            await self.hold.wait()
        return self.answer()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.ran]

    async def settle(self) -> None:
        await settle(self.scheduler)


async def settle(scheduler: Scheduler) -> None:
    """Until no run goes on."""
    while scheduler._running:
        await asyncio.wait(list(scheduler._running.values()))
        await asyncio.sleep(0)


@asynccontextmanager
async def following(*schedules: Schedule, claims: Claims | None = None, grace: float = GRACE) -> AsyncIterator[World]:
    world = World(schedules, claims, grace)
    world.scheduler.begin()
    await world.clock.looked()
    yield world
    await world.scheduler.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "tidegate.scheduler"]


async def test_it_runs_when_it_is_time_and_not_before() -> None:
    async with following(schedule()) as world:
        assert world.clock.until == datetime(2026, 6, 1, 7, tzinfo=UTC)
        await world.clock.pass_by(seconds=29)
        await world.settle()
        assert world.ran == []
        await world.clock.pass_by(seconds=1)
        await world.settle()
        assert world.names == ["nightly"]
        assert world.clock.until == datetime(2026, 6, 2, 7, tzinfo=UTC)
        await world.clock.pass_by(hours=1)
        await world.settle()
        assert world.names == ["nightly"]


async def test_time_zones_and_several() -> None:
    berlin = schedule("1 9 * * *", "berlin", "Europe/Berlin")
    async with following(schedule(), berlin, schedule("* * * * *", "each")) as world:
        for _ in range(3):
            await world.clock.pass_by(seconds=30)
            await world.settle()
        assert world.names == ["nightly", "each", "berlin", "each"]


async def test_a_day_without_the_hour_and_one_that_has_it_twice() -> None:
    async with following(schedule("30 2 * * *", zone="Europe/Berlin")) as world:
        for day in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
            await world.clock.set(day)
            await world.settle()
            world.ran.clear()
            for _ in range(24 * 4):
                await world.clock.pass_by(minutes=15)
                await world.settle()
            ((_, moment),) = world.ran
            hour, minute = (1, 0) if day.month == 3 else (0, 30)
            assert moment == datetime(2026, day.month, day.day + 1, hour, minute, tzinfo=UTC)


async def test_what_was_missed_runs_once(caplog: pytest.LogCaptureFixture) -> None:
    async with following(schedule("*/10 * * * *")) as world:
        await world.clock.pass_by(days=30, hours=1)
        await world.settle()
        assert world.names == ["nightly"]
        assert lines(caplog)[0] == (
            "Schedule nightly: 2026-06-01T07:00:00Z to 2026-07-01T07:50:00Z was missed; it runs once, now."
        )
        assert world.clock.until == datetime(2026, 7, 1, 8, tzinfo=UTC)


async def test_rare_times_that_were_missed() -> None:
    async with following(schedule("0 0 1 * *")) as world:
        await world.clock.pass_by(days=70)
        await world.settle()
        assert world.names == ["nightly"]
        assert world.clock.until == datetime(2026, 9, 1, tzinfo=UTC)


async def test_a_clock_that_is_set_back_a_little_repeats_nothing() -> None:
    async with following(schedule()) as world:
        await world.clock.pass_by(seconds=31)
        await world.clock.pass_by(minutes=-50)
        await world.clock.pass_by(minutes=51)
        await world.settle()
        assert world.names == ["nightly"]


async def test_a_clock_that_was_far_ahead_is_believed_again(caplog: pytest.LogCaptureFixture) -> None:
    async with following(schedule()) as world:
        await world.clock.pass_by(days=365)
        await world.settle()
        await world.clock.set(START)
        assert lines(caplog)[-1] == ("The clock was set back to 2026-06-01T06:59:30Z: schedules go by it from now on.")
        await world.clock.pass_by(seconds=30)
        await world.settle()
        assert world.names == ["nightly", "nightly"]


async def test_one_that_still_runs_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async with following(schedule("* * * * *"), schedule("* * * * *", "other")) as world:
        world.hold = asyncio.Event()
        await world.clock.pass_by(seconds=30)
        await asyncio.sleep(0)
        assert world.names == ["nightly", "other"]
        await world.clock.pass_by(minutes=1)
        assert lines(caplog)[0] == "Schedule nightly: left out at 2026-06-01T07:01:00Z, for it is still running."
        world.hold.set()
        await world.settle()
        await world.clock.pass_by(minutes=1)
        await world.settle()
        assert world.names == ["nightly", "other"] * 2


async def test_failures_are_logged_and_do_not_stop_it(caplog: pytest.LogCaptureFixture) -> None:
    def explode() -> Invoked:
        raise RuntimeError

    async with following(schedule("* * * * *")) as world:
        world.answer = lambda: Invoked(error=OperationError(Code.REFUSED, "No."), id="abc")
        await world.clock.pass_by(seconds=30)
        await world.settle()
        world.answer = explode
        await world.clock.pass_by(minutes=1)
        await world.settle()
        await world.clock.pass_by(minutes=1)
        await world.settle()
        assert lines(caplog) == ["Schedule nightly: run abc failed: REFUSED: No.", *["Schedule nightly failed."] * 2]
        assert len(world.ran) == 3


async def test_a_reload_keeps_what_stays_and_takes_what_is_new() -> None:
    async with following(schedule(), schedule("5 7 * * *", "gone")) as world:
        world.clock.at = datetime(2026, 6, 1, 7, 0, 10, tzinfo=UTC)
        world.schedules = (schedule(), schedule("1 7 * * *", "new"))
        world.scheduler.refresh()
        await world.clock.set(world.clock.at)
        await world.settle()
        # It was due before the reload was.
        assert world.names == ["nightly"]
        await world.clock.pass_by(minutes=10)
        await world.settle()
        assert world.names == ["nightly", "new"]


async def test_one_of_the_gateways_runs_it(tmp_path: Path) -> None:
    stores = [History(run_store("runs.db", tmp_path)) for _ in range(3)]
    async with (
        following(schedule("* * * * *"), claims=stores[0]) as one,
        following(schedule("* * * * *"), claims=stores[1]) as two,
        following(schedule("* * * * *"), claims=stores[2]) as late,
    ):
        worlds = (one, two, late)
        await late.clock.pass_by(hours=-1)
        for minute in range(1, 6):
            await asyncio.gather(*(world.clock.set(START + timedelta(minutes=minute)) for world in worlds))
            await asyncio.gather(*(world.settle() for world in worlds))
            assert sum(len(world.ran) for world in worlds) == minute
    for store in stores:
        await store.close()


async def test_without_anything_in_common_each_runs_it(tmp_path: Path) -> None:
    stores = [History(run_store("off", tmp_path)) for _ in range(2)]
    async with following(schedule(), claims=stores[0]) as one, following(schedule(), claims=stores[1]) as two:
        for world in (one, two):
            await world.clock.pass_by(minutes=1)
            await world.settle()
            assert world.names == ["nightly"]
    for store in stores:
        await store.close()


async def test_closing_lets_runs_end() -> None:
    async with following(schedule()) as world:
        world.hold = asyncio.Event()
        await world.clock.pass_by(minutes=1)
        asyncio.get_running_loop().call_later(0.01, world.hold.set)
    assert world.names == ["nightly"]
    assert not world.scheduler._running


async def test_closing_stops_runs_that_do_not_end(caplog: pytest.LogCaptureFixture) -> None:
    async with following(schedule(), grace=0.01) as world:
        world.hold = asyncio.Event()
        await world.clock.pass_by(minutes=1)
    assert lines(caplog) == ["Schedule nightly: its run is stopped, for the gateway closes."]
    assert not world.scheduler._running


async def test_the_clock_of_the_machine() -> None:
    clock, news = SystemClock(), asyncio.Event()
    assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 60
    await clock.wait(clock.now() + timedelta(seconds=0.01), news)
    await clock.wait(clock.now() - timedelta(days=1), news)
    news.set()
    # Else it would take as long as it looks away at most.
    async with asyncio.timeout(LOOK - 1):
        await clock.wait(None, news)


FILES = {
    "tidegate.yaml": """
name: clock
roles: [anonymous, admin]
auth:
  jwt: { algorithms: HS256, secret: "0123456789abcdef0123456789abcdef" }
integrations:
  db: { kind: sqlite, file: desk.db, migrations: migrations }
""",
    "types.graphql": "type Entry { id: Int! who: String level: Int }\n",
    "migrations/0001_entries.sql": "create table entries (id integer primary key, who text, level integer);\n",
    "objects/entries.yaml": """
entries:
  integration: db
  table: entries
  key: id
  type: Entry
  access: { read: { anonymous: all }, create: { admin: all } }
""",
    "operations/all.yaml": """
entries: { kind: query, minRole: anonymous, returns: "[Entry!]!", run: { use: entries, list: { orderBy: id } } }
add:
  kind: mutation
  minRole: admin
  args: { level: Int = 1 }
  returns: Entry!
  run: { use: entries, create: { who: $currentUser.id, level: $args.level } }
  schedule:
    - { cron: "0 7 * * *", currentUser: { id: robot } }
    - { cron: "0 8 * * *", args: { level: 2 } }
""",
}


async def entries(gateway: Gateway) -> list[list[object]]:
    user = CurrentUser("anonymous", 0, {"id": None, "role": None}, None, False)
    response = await gateway.execute("{ entries { who level } }", None, None, user)
    return [list(entry.values()) for entry in json.loads(response.body)["data"]["entries"]]


async def test_a_gateway_follows_its_schedules(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gateway = Gateway.load(tmp_path, {})
    clock = SetClock()
    gateway.follow_schedules(clock=clock)
    scheduler = gateway._scheduler
    assert scheduler is not None
    await gateway.open()
    try:
        with caplog.at_level(logging.INFO, "tidegate.scheduler"):
            await clock.pass_by(minutes=1)
            await settle(scheduler)
        assert re.fullmatch("Schedule add: run [0-9a-f]{32} has ended.", lines(caplog)[0])
        assert await entries(gateway) == [["robot", 1]]
        file = tmp_path / "operations" / "all.yaml"
        file.write_text(file.read_text().replace("0 8 *", "30 7 *").replace("level: 2 ", "level: 3 "))
        await gateway.reload()
        await clock.set(clock.at)
        await clock.pass_by(minutes=31)
        await settle(scheduler)
        assert await entries(gateway) == [["robot", 1], [None, 3]]
    finally:
        await gateway.close()


async def test_a_gateway_that_nobody_asks_to_follows_none(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gateway = Gateway.load(tmp_path, {})
    await gateway.open()
    assert gateway._scheduler is None
    await gateway.close()
