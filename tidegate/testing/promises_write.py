"""What an integration promises of requests that write: all or nothing, and who is concerned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TypeAlias

from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read, Touch, Verdict, judge
from tidegate.core.json import Json
from tidegate.testing.report import Untested
from tidegate.testing.subject import Asked, Made, Subject

Arrived: TypeAlias = Callable[[], int | Awaitable[int]]
"""How many things have arrived where the integration sends them."""

World: TypeAlias = tuple[object, int]
Reads: TypeAlias = Mapping[tuple[str, int], Sequence[Read]]


class Stopped(Exception):
    """What a call may end with."""


class Outside:
    """What can be seen of writes: answers of those who read, and what has arrived."""

    def __init__(
        self, subject: Subject, made: Made, arrived: Arrived | None, patience: float, *, at_once: bool = False
    ) -> None:
        self.subject = subject
        self.made = made
        self._arrived = arrived
        self._patience = patience
        if not made.writing:
            raise Untested("no request writes")
        if not at_once and not calls_of(made):
            raise Untested("what it writes is there at once")
        if not made.reading and arrived is None:
            raise Untested("nothing is read, and nobody says what has arrived")

    async def look(self) -> World:
        count = self._arrived() if self._arrived is not None else 0
        return (await self.subject.look(self.made), count if isinstance(count, int) else await count)

    async def becomes(self, world: World) -> bool:
        """Whether it is so in the end, and stays so for a moment. Who was cut off may take a moment to go."""
        deadline = asyncio.get_running_loop().time() + self._patience
        while await self.look() != world:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.02)
        await asyncio.sleep(MOMENT)
        return await self.look() == world

    async def changes(self, world: World) -> bool:
        deadline = asyncio.get_running_loop().time() + self._patience
        while await self.look() == world:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True


MOMENT = 0.03


def calls_of(made: Made, *, at_once: bool = False) -> Sequence[tuple[Asked, Mapping[str, Json]]]:
    """Those that write. Without `at_once`, those alone that can be taken back."""
    return [
        (asked, call) for asked in made.writing for call in asked.request.calls if at_once or not asked.request.at_once
    ]


async def gone_after_exception(subject: Subject, arrived: Arrived | None, patience: float) -> Sequence[str]:
    found: list[str] = []
    async with subject.opened() as made:
        outside = Outside(subject, made, arrived, patience)
        before = await outside.look()
        for place, (asked, call) in enumerate(_first_calls(made)):
            # Refusals are left by as well.
            for raised in (Stopped(), OperationError(Code.REFUSED, "Not this one."))[: 1 if place else 2]:
                left: BaseException | None = None
                try:
                    async with made.integration.session(writes=True) as session:
                        await session.execute(asked.compiled, asked.values(call))
                        raise raised
                except Exception as error:  # noqa: BLE001 - it must be the very same
                    left = error
                if left is not raised:
                    found.append(f"a session left by {raised!r} raises {left!r:.160}")
                if not await outside.becomes(before):
                    found.append(f"{asked.title(call)} is not undone when the session is left by an exception")
                    return found
    return found


async def gone_after_cancellation(subject: Subject, arrived: Arrived | None, patience: float) -> Sequence[str]:
    """Cut off at many moments before the session would be left."""
    found: list[str] = []
    async with subject.opened() as made:
        outside = Outside(subject, made, arrived, patience)
        before = await outside.look()
        asked, call = calls_of(made)[0]
        held = asyncio.Event()

        async def write() -> None:
            async with made.integration.session(writes=True) as session:
                await session.execute(asked.compiled, asked.values(call))
                held.set()
                await asyncio.Event().wait()

        for moment in (*range(MOMENTS), None):
            held.clear()
            task = asyncio.create_task(write())
            if moment is None:
                await held.wait()
            for _ in range(moment or 0):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,), timeout=patience / 4)
            if not task.done():
                found.append(f"a cancellation after {moment} steps of the event loop is lost: the call goes on")
                task.cancel()
                await asyncio.wait((task,), timeout=patience / 4)
            elif not task.cancelled():
                found.append(f"a cancelled session raises {task.exception()!r:.160}")
        if not await outside.becomes(before):
            found.append(f"{asked.title(call)} is not undone when its call is cancelled")
        elif made.reading and (await subject.look(made)) != before[0]:
            found.append("after cancellations it answers something else")
    return found


MOMENTS = 12


async def attempts(subject: Subject, arrived: Arrived | None, patience: float) -> Sequence[str]:
    """What is done in an attempt that fails is undone, and only that; the session goes on."""
    found: list[str] = []
    async with subject.opened() as made:
        outside = Outside(subject, made, arrived, patience)
        before = await outside.look()
        for asked, call in _first_calls(made):
            failure = Stopped()
            async with made.integration.session(writes=True) as session:
                left: BaseException | None = None
                try:
                    async with session.attempt():
                        await session.execute(asked.compiled, asked.values(call))
                        raise failure
                except Stopped as error:
                    left = error
                if left is not failure:
                    found.append("an attempt swallows the exception that it ends with")
                for reader in made.reading:
                    for place, other in enumerate(reader.request.calls):
                        seen = await subject.see(session, reader, other)
                        if isinstance(before[0], Mapping) and seen != before[0][reader.name, place]:
                            found.append(
                                f"after a failed attempt to {asked.request.verb}, {reader.title(other)} sees it"
                            )
            if not await outside.becomes(before):
                found.append(f"{asked.title(call)} of a failed attempt is there after the commit")
                return found
        # One that ends well changes nothing by itself.
        asked, call = calls_of(made)[0]
        try:
            async with made.integration.session(writes=True) as session:
                async with session.attempt():
                    await session.execute(asked.compiled, asked.values(call))
                raise Stopped
        except Stopped:
            pass
        if not await outside.becomes(before):
            found.append("an attempt that ended well commits what its session takes back")
    return found


async def kept_until_left(subject: Subject, arrived: Arrived | None, patience: float) -> Sequence[str]:
    """What cannot be taken back leaves when the session is left, and not before."""
    found: list[str] = []
    async with subject.opened() as made:
        if not made.integration.irrevocable:
            raise Untested("what it writes can be taken back")
        outside = Outside(subject, made, arrived, patience)
        for asked, call in _first_calls(made):
            before = await outside.look()
            async with made.integration.session(writes=True) as session:
                await session.execute(asked.compiled, asked.values(call))
                await asyncio.sleep(MOMENT * 3)
                if await outside.look() != before:
                    found.append(f"{asked.title(call)} leaves before its session is left")
            if not await outside.changes(before):
                found.append(f"{asked.title(call)} never arrives")
    return found


async def writes_told(subject: Subject, arrived: Arrived | None, patience: float) -> Sequence[str]:
    """Each call is committed; whose answer is another one then must be concerned, also by another name: two that lead
    to one thing call it the same."""
    found: list[str] = []
    async with subject.opened() as made, subject.opened(name="another") as other:
        outside = Outside(subject, made, arrived, patience, at_once=True)
        for asked, call in calls_of(made, at_once=True):
            before, title = await outside.look(), asked.title(call)
            others = await subject.look(other)
            reads, their_reads = subject.reads(made), subject.reads(other)
            try:
                async with made.integration.session(writes=True) as session:
                    answer = await session.execute(asked.compiled, asked.values(call))
            except OperationError as error:
                subject.heard(title, error)
                found.append(f"{title} fails: {error.code}: {error.message}")
                continue
            # What is there at once may be there since it was asked to show something else.
            if not asked.request.at_once and not await outside.changes(before):
                found.append(f"{title} changes nothing that can be seen")
                continue
            found += [
                f"{title} touches {touch.source!r}, and the integration is {made.integration.source!r}"
                for touch in answer.touches
                if touch.source != made.integration.source
            ]
            after, _ = await outside.look()
            found += [
                f"{title} changes what {name} reads, which is not concerned: {reads[name, place]}, {answer.touches}"
                for name, place in _stale(before[0], after, reads, answer.touches)
            ]
            found += [
                f"{title} changes what {name} reads by another name of the integration, which is not concerned"
                for name, _ in _stale(others, await subject.look(other), their_reads, answer.touches)
            ]
    return found


async def told_though_it_failed(subject: Subject) -> Sequence[str]:
    """What is there at once, and whose call fails after it, or whose attempt does: nobody else tells of it."""
    found: list[str] = []
    told: list[Touch] = []
    async with subject.opened(told.extend) as made:
        calls = [(asked, call) for asked, call in calls_of(made, at_once=True) if asked.request.at_once]
        if not calls or not made.reading:
            raise Untested("nothing is written at once, or nothing read")
        for asked, call in calls:
            for attempted in (True, False):
                before, reads = await subject.look(made), subject.reads(made)
                told.clear()
                with suppress(Stopped):
                    async with (
                        made.integration.session(writes=True) as session,
                        session.attempt() if attempted else nullcontext(),
                    ):
                        await session.execute(asked.compiled, asked.values(call))
                        raise Stopped
                found += [
                    f"{asked.title(call)}, whose {'attempt' if attempted else 'call'} fails, changes what {name} "
                    "reads, and nobody is told"
                    for name, _ in _stale(before, await subject.look(made), reads, told)
                ]
    return found


async def told_of_others(
    subject: Subject, elsewhere: Callable[[], Awaitable[object]] | None, patience: float
) -> Sequence[str]:
    """What somebody else writes is told, or polled for."""
    if elsewhere is None:
        raise Untested("nobody writes elsewhere")
    found: list[str] = []
    told: list[Touch] = []
    async with subject.opened(told.extend) as made:
        before, reads = await subject.look(made), subject.reads(made)
        await elsewhere()
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            after = await subject.look(made)
            stale = [key for key in _stale(before, after, reads, told) if not _polled(reads[key])]
            if (after != before and not stale) or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.05)
        if after == before:
            found.append("what is written elsewhere changes no answer")
        found += [f"nobody is told that the answer of {name} is another one" for name, _ in stale]
    return found


def _stale(before: object, after: object, reads: Reads, touches: Sequence[Touch]) -> list[tuple[str, int]]:
    """Those whose answer is another one, and who are not concerned."""
    assert isinstance(before, Mapping)
    assert isinstance(after, Mapping)
    return [key for key in before if before[key] != after[key] and not _concerned(reads[key], touches)]


def _concerned(reads: Sequence[Read], touches: Sequence[Touch]) -> bool:
    return any(judge(read, touch) is Verdict.CONCERNED for read in reads for touch in touches)


def _polled(reads: Sequence[Read]) -> bool:
    return any(read.poll is not None for read in reads)


def _first_calls(made: Made) -> Sequence[tuple[Asked, Mapping[str, Json]]]:
    return [(asked, asked.request.calls[0]) for asked in made.writing if not asked.request.at_once]
