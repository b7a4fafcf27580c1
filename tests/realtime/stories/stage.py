"""A gateway on which stories are played, and everything that must hold while they are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable
from typing import Any, Final

import orjson

from tests.attacks.oracle import World
from tests.realtime.screens import bearer
from tests.realtime.stories.complaints import Complaints
from tests.realtime.stories.contents import TABLES, Contents
from tests.realtime.stories.desk import Project
from tests.realtime.stories.gaps import Gap
from tests.realtime.stories.lag import Lag
from tests.realtime.stories.mutations import BY_STEPS, mutation_of
from tests.realtime.stories.oracle import Claims, asker_of
from tests.realtime.stories.seats import PATIENCE, Frame, Inside, Seat, Socket, Watch
from tests.realtime.stories.steps import (
    SEATS,
    Act,
    Burst,
    Drop,
    Expire,
    Hold,
    Outside,
    Pause,
    Reload,
    Renew,
    Resume,
    Settle,
    Step,
    Stop,
    Subscribe,
    Unsubscribe,
    Write,
)
from tidegate.app import Gateway
from tidegate.resolvers.runner import LocalRunner
from tidegate.web.touches import Known, read_change

GRACE: Final = 0.02
"""Seconds in which whatever should not come may still come, and then once more at the end."""
LAST_GRACE: Final = 0.1
EXPECTED: Final = {"FORBIDDEN", "CONFLICT", "NOT_FOUND", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "REFUSED"}
"""How a write may fail."""
ALONE: Final = EXPECTED - {"CONFLICT"}
"""How a function may that only sets titles and states, where nobody else writes."""


TOLD: Final = [{"integration": "db", "resource": table} for table in TABLES]
"""What somebody posts to /touch."""


class Violation(AssertionError):
    """Something was shown that must not be, or was not shown."""


class Stage:
    """One project, served. `lag`: that of its answers. `patience`: seconds to wait for what must come. `frames`: how
    many were held against the oracle."""

    def __init__(
        self,
        project: Project,
        gateway: Gateway,
        contents: Contents,
        address: tuple[str, int],
        lag: Lag,
        patience: float = PATIENCE,
    ) -> None:
        self.project = project
        self.gateway = gateway
        self.contents = contents
        self.patience = patience
        self.frames = 0
        self._address = address
        self._lag = lag
        self._complaints = Complaints()

    async def play(self, act: Act) -> None:
        """Raises `Violation`."""
        self._lag.seconds = act.lag
        await self.contents.reset()
        self.worlds = [World.of(await self.contents.read())]
        self.gaps: dict[int, Gap] = {}
        self.known = 0
        self.writing = False
        self.violations: list[str] = []
        self.watches: list[Watch] = []
        self.seats = [self._seat(who, kind) for who, kind in SEATS]
        self._answers: dict[object, Any] = {}
        logger = logging.getLogger("tidegate")
        logger.addHandler(self._complaints)
        try:
            for step in act.steps:
                await self._perform(step)
                self._examine()
            await self._end()
        finally:
            logger.removeHandler(self._complaints)
            self._complaints.heard.clear()
            self._lag.release()
            for seat in self.seats:
                await seat.drop()

    @property
    def high(self) -> int:
        return len(self.worlds) - 1 + self.writing

    def complain(self, watch: Watch, what: str) -> None:
        self.violations.append(f"{self._name(watch)} {what}")

    def _seat(self, who: str, kind: str) -> Seat:
        return Inside(who, self.gateway) if kind == "inside" else Socket(who, self._address)

    async def _perform(self, step: Step) -> None:
        match step:
            case Subscribe():
                await self._subscribe(step)
            case Unsubscribe(which):
                opened = [watch for watch in self.watches if watch.open and watch.seat.expires is None]
                if opened:
                    watch = opened[which % len(opened)]
                    await watch.seat.unsubscribe(watch)
            case Drop(number):
                await self.seats[number].drop()
            case Stop(number):
                self.seats[number].stop()
            case Resume(number):
                self.seats[number].resume()
            case Renew(number, role, team):
                seat = self.seats[number]
                if seat.connected and seat.expires is None:
                    await seat.renew(Claims(seat.claims.email, role, team))
            case Expire(number):
                seat = self.seats[number]
                if seat.connected and seat.expires is None:
                    await seat.renew(seat.claims, brief=True)
            case Write() | Outside():
                await self._write(step)
            case Burst(steps):
                await self._burst(steps)
            case Reload():
                await self.gateway.reload()
            case Hold():
                self._lag.hold()
            case Settle():
                await self._settle()
            case Pause(seconds):
                await asyncio.sleep(seconds)

    async def _subscribe(self, step: Subscribe) -> None:
        seat = self.seats[step.seat]
        if seat.expires is not None and seat.connected:
            return
        await seat.connect()
        watch = Watch(seat, step.question, self, self.known)
        self.watches.append(watch)
        await seat.subscribe(watch)

    async def _write(self, step: Write | Outside) -> None:
        self.writing = True
        if isinstance(step, Write):
            failed = await self._ask_to_write(step, ALONE if step.name.startswith("fn") else EXPECTED)
        else:
            failed = not step.commit
            await self.contents.execute(step.statements, commit=step.commit)
            if self.contents.telling:
                self.gateway.touch(read_change(TOLD, Known(self.gateway.catalog)))
        world = World.of(await self.contents.read())
        if world != self.worlds[-1]:
            by_steps = isinstance(step, Write) and step.name in BY_STEPS
            if failed and not by_steps:
                raise Violation(f"{step} has failed, and has changed something.")
            self.worlds.append(world)
            if isinstance(step, Write) and by_steps:
                self.gaps[len(self.worlds) - 1] = Gap.of(self.worlds[-2], world, step.changes or ())
            if isinstance(step, Write) and self.known == len(self.worlds) - 2:
                self.known += 1
        self.writing = False

    async def _ask_to_write(self, step: Write, expected: Collection[str] = EXPECTED) -> bool:
        """Whether it has failed."""
        user = await self.gateway.authenticator.authenticate(bearer(step.who))
        args = orjson.loads(orjson.dumps(step.args))
        answer = orjson.loads((await self.gateway.execute(mutation_of(step), None, args, user)).body)
        # What follows an early answer belongs to the write.
        runner = self.gateway.runner
        assert isinstance(runner, LocalRunner)
        await runner.close()
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        if not codes <= {*expected}:
            raise Violation(f"{step} is answered {answer}")
        return bool(codes)

    async def _burst(self, steps: Iterable[Step]) -> None:
        steps = tuple(steps)
        self.writing = True
        await asyncio.gather(
            *(self._ask_to_write(step) if isinstance(step, Write) else self._perform(step) for step in steps)
        )
        before, world = self.worlds[-1], World.of(await self.contents.read())
        changes = [change for step in steps if isinstance(step, Write) for change in step.changes or ()]
        self.worlds.append(world)
        self.gaps[len(self.worlds) - 1] = Gap.of(before, world, changes)
        if self.known == len(self.worlds) - 2:
            self.known += 1
        self.writing = False

    async def _settle(self) -> None:
        self._lag.release()
        waiting = None
        try:
            async with asyncio.timeout(self.patience):
                # What is on its way may be older than what is shown, where that is so again: it is waited for, too.
                while waiting := self._unsettled() or await self._moved():  # noqa: ASYNC110 - of many parts
                    await asyncio.sleep(0.003)
        except TimeoutError:
            raise Violation(waiting) from None
        self.known = len(self.worlds) - 1

    async def _moved(self) -> str | None:
        """What is shown after a quiet moment that is not what is answered."""
        await asyncio.sleep(GRACE)
        self._examine()
        if (moved := self._unsettled()) is not None:
            return f"After all was quiet: {moved}"
        for watch in self.watches:
            if watch.open and watch.seat.connected and not watch.seat.stopped:
                moved = await self._compared(watch)
                if moved is not None:
                    return moved
        return None

    def _unsettled(self) -> str | None:
        """What has still to happen."""
        for seat in self.seats:
            if seat.connected and seat.expires is not None:
                return f"{seat.who}'s token has expired, and nothing is said."
        for watch in self.watches:
            if watch.closed or watch.seat.stopped or not watch.seat.connected:
                continue
            allowed = watch.question.allowed(watch.seat.claims)
            if watch.code is not None:
                if allowed and watch.code == "FORBIDDEN" and not watch.refused:
                    return f"{self._name(watch)} has ended: {watch.code}"
                continue
            if not allowed:
                if not _is_refusal(watch.last):
                    return f"{self._name(watch)} goes on, and may not be asked by {watch.seat.claims}."
                continue
            wanted = self._answer(watch, len(self.worlds) - 1, watch.seat.claims)
            if not watch.count or watch.last != wanted:
                return f"{self._name(watch)} is stale:\n  shown  {watch.last}\n  wanted {wanted}"
        return None

    async def _compared(self, watch: Watch) -> str | None:
        """How it differs from a fresh query by the same user."""
        user = await self.gateway.authenticator.authenticate(watch.seat.headers())
        response = await self.gateway.execute(watch.question.text("query"), None, watch.question.args, user)
        fresh = orjson.loads(response.body)
        if fresh == watch.last or (_is_refusal(fresh) and _is_refusal(watch.last)):
            return None
        return f"{self._name(watch)} is not what is answered:\n  shown    {watch.last}\n  answered {fresh}"

    def _examine(self) -> None:
        for watch in self.watches:
            for frame in watch.frames:
                self._judge(watch, frame)
            watch.frames.clear()
        if self.violations or self._complaints.heard:
            raise Violation("\n".join((*self.violations, *self._complaints.heard)))

    def _judge(self, watch: Watch, frame: Frame) -> None:
        """Moves `low` to the first world that the frame may be of."""
        self.frames += 1
        last = min(frame.high, len(self.worlds) - 1)
        for number in range(watch.low, last + 1):
            for claims in frame.readers:
                if not watch.question.allowed(claims):
                    if _is_refusal(frame.shown):
                        return
                    continue
                known = range(min(frame.known, number), number + 1) if self.project.properties else (number,)
                if any(self._answer(watch, number, claims, each) == frame.shown for each in known):
                    watch.low = number
                    return
        for number in range(watch.low + 1, last + 1):
            gap = self.gaps.get(number)
            if gap is not None and any(
                gap.may_show(self.project, claims, watch.question, frame.shown) for claims in frame.readers
            ):
                watch.low = number - 1
                return
        if self._is_torn(watch, frame, last):
            return
        wanted = [self._answer(watch, number, frame.readers[-1]) for number in range(watch.low, last + 1)]
        self.complain(
            watch, f"was shown what was never so:\n  {frame.shown}\nin worlds {watch.low} to {last}: {wanted}"
        )

    def _is_torn(self, watch: Watch, frame: Frame, last: int) -> bool:
        """Whether a function may have seen more than one world. Its next frame may be of the first of them, still."""
        worlds = self.worlds[watch.low : last + 1]
        readers = [claims for claims in frame.readers if watch.question.allowed(claims)]
        askers = [[asker_of(self.project, world, claims) for world in worlds] for claims in readers]
        return any(shown == frame.shown for each in askers for shown in watch.question.torn(each))

    # Any: JSON.
    def _answer(self, watch: Watch, number: int, claims: Claims, known: int | None = None) -> Any:
        known = number if known is None else known
        key = (watch.question, number, claims, known)
        if key not in self._answers:
            asker = asker_of(self.project, self.worlds[number], claims, self.worlds[known])
            self._answers[key] = watch.question.answer(asker)
        return self._answers[key]

    async def _end(self) -> None:
        for seat in self.seats:
            seat.resume()
        await self._settle()
        await asyncio.sleep(LAST_GRACE)
        self._examine()
        for seat in self.seats:
            await seat.drop()
        live = self.gateway.live
        try:
            async with asyncio.timeout(self.patience):
                while live.queries or live.watchers:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.003)
        except TimeoutError:
            raise Violation(f"{live.queries} live queries are left, {live.watchers} watchers.") from None

    def _name(self, watch: Watch) -> str:
        seat = watch.seat
        text = watch.question.text("subscription")
        return f"{seat.who} ({type(seat).__name__}, {seat.claims.role}): {text} {watch.question.args}"


# Any: JSON.
def _is_refusal(shown: Any) -> bool:
    match shown:
        case {"data": data, "errors": [{"extensions": {"code": "FORBIDDEN"}}]}:
            return data is None or [*data.values()] == [None]
    return False
