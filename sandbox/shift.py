"""The processes that serve one load of programs: their zygotes, the workers forked from them, and what the engines
made of the programs. Another load has another shift, and no process goes from one to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.problems import Problem
from tidegate.core.program import Fault, Language, Program, ProgramFailed
from tidegate.sandbox.conversation import Conversation, Subject, largest_frame
from tidegate.sandbox.frames import Kind, pack_job
from tidegate.sandbox.nursery import Breed, EngineSource, Nursery
from tidegate.sandbox.pool import Closed, Pool, WorkersFailed

CHECK_CPU: Final = 10.0
CHECK_TIME: Final = 30.0
"""Seconds for one program: types are taken out of TypeScript, which takes 12 ms for each KiB."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A program as its engine wants it, and whether it names a library."""

    code: str
    libraries: bool


@dataclass(frozen=True, slots=True)
class Staffing:
    """`runs` and `library_runs`: jobs that a worker does before it is replaced, without and with the libraries.
    `standby`, `idle`: as in `Pool`, for each kind."""

    engines: Mapping[Language, EngineSource]
    runs: int
    library_runs: int
    standby: int
    idle: float


class Shift:
    """`admit` is called with each zygote before it is used: it sets the layers, or raises `SandboxUnavailable`."""

    def __init__(self, staffing: Staffing, limits: Limits, admit: Callable[[Nursery], Awaitable[None]]) -> None:
        self.limits = limits
        self._staffing = staffing
        self._admit = admit
        self._pools: dict[Breed, Pool] = {}
        self._loaded: dict[Program, Loaded] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    async def load(self, program: Program) -> Loaded | Problem:
        """Raises `SandboxUnavailable`."""
        known = self._loaded.get(program)
        if known is not None:
            return known
        try:
            given = await self._check(program)
        except ProgramFailed as failed:
            return Problem(Location(program.file), failed.message)
        match given:
            case {"code": str(code), "libraries": bool(libraries)}:
                loaded = self._loaded[program] = Loaded(code, libraries)
                return loaded
            case {"problem": {"sentence": str(sentence), "hint": str(hint), "line": int(line), "column": int(column)}}:
                return Problem(Location(program.file, line, column), sentence, hint)
            case _:
                return Problem(Location(program.file), "This file could not be read by its engine.")

    async def pool(self, language: Language, libraries: bool) -> Pool:
        """Raises `SandboxUnavailable`, and `WorkersFailed` when the language is not served or all is over."""
        source = self._staffing.engines.get(language)
        if source is None:
            raise WorkersFailed(f"no engine for {language}")
        runs = self._staffing.library_runs if libraries else self._staffing.runs
        breed = Breed(source, libraries, 1 if source.single else runs)
        pool = self._pools.get(breed)
        if pool is not None and not pool.nursery.closed:
            return pool
        async with self._opening:
            pool = self._pools.get(breed)
            if pool is not None and not pool.nursery.closed:
                return pool
            if pool is not None:
                await self._put_away(pool)
            return await self._open(breed)

    async def retire(self) -> None:
        """Closes it when the last run has ended."""
        for pool in tuple(self._pools.values()):
            await pool.close()
        for pool in tuple(self._pools.values()):
            await pool.wait_for_all()
        await self.close()

    async def close(self) -> None:
        """At once: what runs, is killed."""
        self._closed = True
        async with self._opening:
            for pool in tuple(self._pools.values()):
                await self._put_away(pool)
            self._pools.clear()

    async def _open(self, breed: Breed) -> Pool:
        if self._closed:
            raise Closed
        nursery = Nursery(breed, self.limits)
        try:
            await nursery.start()
            await self._admit(nursery)
        except BaseException:
            await nursery.close()
            raise
        pool = self._pools[breed] = Pool(
            nursery, self._staffing.standby, self._staffing.idle, largest_frame(self.limits)
        )
        pool.replenish()
        return pool

    async def _put_away(self, pool: Pool) -> None:
        await pool.close()
        await pool.nursery.close()

    # Any: JSON, which `load` looks into.
    async def _check(self, program: Program) -> Mapping[str, Any]:
        subject = Subject(program.name, program.file)
        try:
            pool = await self.pool(program.language, libraries=False)
            link = await pool.take()
        except WorkersFailed as failed:
            raise ProgramFailed(Fault.BROKEN, f"{subject} could not be loaded: {failed}.") from None
        until = asyncio.get_running_loop().time() + CHECK_TIME
        conversation = Conversation(link, subject, self.limits, until, "took too long to be read")
        whole = False
        try:
            job = pack_job(program.file, program.text, b"", CHECK_CPU, CHECK_TIME)
            given = await conversation.converse(Kind.CHECK, job, None)
            whole = True
            return given
        finally:
            if whole:
                pool.give_back(link)
            else:
                pool.discard(link)
