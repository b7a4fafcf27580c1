"""What an integration promises of its life: many at once, cut off, closed, and with nobody at the other end."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Final

from tidegate.core.errors import OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.core.json import Json
from tidegate.core.problems import ProjectError
from tidegate.testing.report import Untested
from tidegate.testing.subject import Asked, Made, Subject

AT_ONCE: Final = 24
_DESCRIPTORS: Final = "/proc/self/fd"


async def many_at_once(subject: Subject) -> Sequence[str]:
    """More than it has connections, perhaps: they wait for each other, and get what they would get alone."""
    found: list[str] = []
    async with subject.opened() as made:
        calls = [(asked, call) for asked in made.asked for call in asked.request.calls if not asked.prepared.writes]
        if not calls:
            raise Untested("no request reads")
        alone = {asked.title(call): await _one(subject, made, asked, call) for asked, call in calls}
        picked = [calls[number % len(calls)] for number in range(AT_ONCE)]
        together = await asyncio.gather(*(_one(subject, made, *each) for each in picked), return_exceptions=True)
        for (asked, call), answer in zip(picked, together, strict=True):
            if answer != alone[asked.title(call)]:
                found.append(f"{asked.title(call)} among {AT_ONCE} at once gives {answer!r:.120}")
    return found


async def usable_after_cancellation(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    async with subject.opened() as made:
        asked = (*made.reading, *made.writing)[0]
        call = asked.request.calls[0]
        for moment in range(AT_ONCE):
            task = asyncio.create_task(_one(subject, made, asked, call, done=False))
            for _ in range(moment % 8):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled() and task.exception() is not None and not isinstance(task.exception(), _Undone):
                found.append(f"{asked.title(call)}, cancelled, raises {task.exception()!r:.160}")
        answer = await _one(subject, made, asked, call, done=not asked.prepared.writes)
        if answer[0] == "error":
            found.append(f"after cancellations {asked.title(call)} fails: {answer[1]}")
    return found


async def closes(subject: Subject, patience: float) -> Sequence[str]:
    """Without having been opened, twice, and so that nothing stays behind."""
    found: list[str] = []
    unopened = subject.make()
    await unopened.integration.close()
    tasks, threads, descriptors = _left()
    made = subject.make()
    await made.integration.open()
    await subject.look(made)
    for asked in made.writing:
        await _one(subject, made, asked, asked.request.calls[0], done=False)
    await made.integration.close()
    await made.integration.close()
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        after = _left()
        extra = [after[0] - tasks, after[1] - threads, after[2] - descriptors]
        if not any(extra) or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.02)
    for left, what in zip(extra, ("tasks", "threads", "open files or connections"), strict=True):
        if left:
            found.append(f"{len(left)} {what} are left when it is closed: {', '.join(sorted(map(str, left)))[:300]}")
    return found


async def nobody_there(subject: Subject, unreachable: Mapping[str, Json] | None) -> Sequence[str]:
    """`IntegrationUnavailable` when it is opened, or an `OperationError` for each request."""
    if unreachable is None:
        raise Untested("no settings that lead nowhere")
    found: list[str] = []
    try:
        made = subject.make(unreachable)
        await made.integration.open()
    except (IntegrationUnavailable, ProjectError) as error:
        subject.say("the message of open with nobody there", error)
        return found
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"open with nobody there raises {type(error).__name__}: {error!s:.160}"]
    try:
        for asked in made.asked:
            call = asked.request.calls[0]
            try:
                async with made.integration.session(writes=asked.prepared.writes) as session:
                    await session.execute(asked.compiled, asked.values(call))
            except OperationError as error:
                subject.heard(f"{asked.title(call)} with nobody there", error)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                found.append(f"{asked.title(call)} with nobody there raises {type(error).__name__}: {error!s:.160}")
            else:
                if not made.integration.irrevocable:
                    found.append(f"{asked.title(call)} is answered with nobody there")
    finally:
        await made.integration.close()
    return found


class _Undone(Exception):
    pass


async def _one(
    subject: Subject, made: Made, asked: Asked, call: Mapping[str, Json], *, done: bool = True
) -> tuple[str, object]:
    """What a session of its own gives. Not `done`: what it writes is taken back."""
    seen: tuple[str, object] = ("error", "nothing")
    try:
        async with made.integration.session(writes=asked.prepared.writes) as session:
            seen = await subject.see(session, asked, call)
            if not done and asked.prepared.writes:
                raise _Undone
    except _Undone:
        pass
    return seen


def _left() -> tuple[set[object], set[object], set[object]]:
    """Tasks, threads but for the event loop's own, and open files with what they are."""
    tasks: set[object] = {each for each in asyncio.all_tasks() if each is not asyncio.current_task()}
    threads: set[object] = {each for each in threading.enumerate() if not each.name.startswith("asyncio_")}
    descriptors: set[object] = set()
    for number in os.listdir(_DESCRIPTORS) if os.path.isdir(_DESCRIPTORS) else ():  # noqa: PTH208, PTH112
        try:
            descriptors.add(f"{number} {os.readlink(os.path.join(_DESCRIPTORS, number))}")  # noqa: PTH115, PTH118
        except OSError:
            continue  # That of the listing itself.
    return tasks, threads, descriptors
