"""Programs of the project, run in processes of this machine that can do nothing but compute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from logging import getLogger
from typing import Final

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.problems import Problem
from tidegate.core.program import (
    Asked,
    Fault,
    Host,
    Invocation,
    Language,
    Outcome,
    Program,
    ProgramFailed,
    SandboxUnavailable,
)
from tidegate.sandbox.conversation import Conversation, Subject, shown_time
from tidegate.sandbox.frames import Kind, pack_job
from tidegate.sandbox.hygiene import encode
from tidegate.sandbox.link import Link
from tidegate.sandbox.nursery import EngineSource, Nursery
from tidegate.sandbox.pool import Closed, Pool, WorkersFailed
from tidegate.sandbox.run import shown_size
from tidegate.sandbox.selftest import EXPLAINED, Findings, examine
from tidegate.sandbox.shift import Loaded, Shift, Staffing

log = getLogger(__name__)

WORKERS: Final = 16
"""Runs at once. More wait for their turn, in the order they came, but for those that others wait for."""
AWAY: Final = 64
"""Runs besides, that have gone out by `$http`: a slow server elsewhere does not keep others from their turn."""
RUNS: Final = 500
"""Runs of one process, which makes a fresh context for each."""
LIBRARY_RUNS: Final = 1
"""The same, where libraries are loaded: a context with them is cheaper forked than made (docs/decisions/0010)."""
STANDBY: Final = 2
"""Processes that wait for work, of each kind: 4 to 7 MB each."""
IDLE: Final = 30.0
"""Seconds after which processes that were needed for a while are let go."""


@dataclass(slots=True)
class _Turn:
    """`held`: the run is still under way. What it has started may outlive it. `away`: another has its turn already."""

    held: bool = True
    away: bool = False


_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)

_proved: Final[dict[str, Findings]] = {}
"""What the self-test of this process has found for an engine, where it is enough."""


class _Door:
    """A host that says when a run goes out by `$http`."""

    def __init__(self, host: Host, leave: Callable[[], None]) -> None:
        self._host = host
        self._leave = leave
        self.log = host.log

    async def ask(self, what: Asked, arguments: Sequence[Json]) -> Json:
        if what is Asked.HTTP:
            self._leave()
        return await self._host.ask(what, arguments)


class LocalSandbox:
    """Implements `core.program.Sandbox`. `weak`: programs run although this machine cannot keep them apart."""

    def __init__(
        self,
        *,
        weak: bool = False,
        engines: Mapping[Language, EngineSource] | None = None,
        workers: int = WORKERS,
        away: int = AWAY,
        runs: int = RUNS,
        library_runs: int = LIBRARY_RUNS,
        standby: int = STANDBY,
        idle: float = IDLE,
    ) -> None:
        self.findings: Findings | None = None
        """What the self-test found, once something was loaded: of the engine that holds worst."""
        self._found: dict[str, Findings] = {}
        self._weak = weak
        self._staffing = Staffing(engines or default_engines(), runs, library_runs, standby, idle)
        self._turns = asyncio.Semaphore(workers)
        self._away = 0
        self._most_away = away
        self._shift: Shift | None = None
        self._retiring: dict[Shift, asyncio.Task[None]] = {}
        self._loading = asyncio.Lock()
        self._closed = False

    async def load(self, programs: Sequence[Program], limits: Limits) -> Sequence[Problem]:
        """As in `core.program.Sandbox`. When there are problems, everything stays as it was. Without programs no
        process is started."""
        async with self._loading:
            shift = Shift(self._staffing, limits, self._admit)
            try:
                problems = await self._load(shift, programs)
            except BaseException:
                await shift.close()
                raise
            if problems or self._closed:
                await shift.close()
                return problems
            before, self._shift = self._shift, shift
            if before is not None:
                retiring = asyncio.get_running_loop().create_task(before.retire())
                self._retiring[before] = retiring
                retiring.add_done_callback(lambda _: self._retiring.pop(before, None))
            return ()

    async def run(
        self, program: Program, invocation: Invocation, host: Host, deadline: float, *, at_once: bool = False
    ) -> Outcome:
        """As in `core.program.Sandbox`. A program of an earlier load is loaded again."""
        subject = Subject(program.name, program.file)
        given = encode(invocation)
        async with nullcontext() if at_once else self._turn(subject, deadline):
            pool, link, loaded = await self._worker(program, subject, len(given), deadline)
            limits = pool.nursery.limits
            intact = False
            try:
                now = asyncio.get_running_loop().time()
                until, hurry = now + limits.scriptTime, f"ran for more than {shown_time(limits.scriptTime)}"
                if deadline < until:
                    until, hurry = deadline, "was not finished when the time of its call was up"
                conversation = Conversation(link, subject, limits, until, hurry)
                job = pack_job(program.file, loaded.code, given, limits.scriptCpu, until - now)
                outcome = conversation.answer(await conversation.converse(Kind.RUN, job, _Door(host, self._go_away)))
                intact = True
                return outcome
            except ProgramFailed as failed:
                intact = failed.fault is Fault.THROWN
                raise
            finally:
                if intact:
                    pool.give_back(link)
                else:
                    pool.discard(link)

    async def close(self) -> None:
        self._closed = True
        shift, self._shift = self._shift, None
        shifts = [*self._retiring, *([shift] if shift is not None else [])]
        tasks = tuple(self._retiring.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Those too whose task had not begun.
        for each in shifts:
            await each.close()

    async def _load(self, shift: Shift, programs: Sequence[Program]) -> list[Problem]:
        found = [await shift.load(program) for program in programs]
        for language, libraries in {
            (program.language, loaded.libraries)
            for program, loaded in zip(programs, found, strict=True)
            if isinstance(loaded, Loaded)
        }:
            await shift.pool(language, libraries)
        return [each for each in found if isinstance(each, Problem)]

    @asynccontextmanager
    async def _turn(self, subject: Subject, deadline: float) -> AsyncIterator[None]:
        """Within a run that waits for the operation it called, another has its turn at once: if it waited, those that
        wait for it would hold all turns. How deep calls nest is bounded elsewhere."""
        outer = _turn.get()
        if outer is not None and outer.held:
            yield
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
        except TimeoutError:
            raise ProgramFailed(Fault.LIMIT, f"{subject} waited too long for its turn.", subject.file) from None
        turn = _Turn()
        token = _turn.set(turn)
        try:
            yield
        finally:
            turn.held = False
            _turn.reset(token)
            if turn.away:
                self._away -= 1
            else:
                self._turns.release()

    def _go_away(self) -> None:
        """The run waits for somebody elsewhere. It does not wait for a turn again: nobody could say for how long."""
        turn = _turn.get()
        if turn is not None and turn.held and not turn.away and self._away < self._most_away:
            turn.away = True
            self._away += 1
            self._turns.release()

    async def _worker(
        self, program: Program, subject: Subject, given: int, deadline: float
    ) -> tuple[Pool, Link, Loaded]:
        """Of the shift that serves now. `given`: bytes of the invocation."""
        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    shift = self._shift
                    if shift is None:
                        raise WorkersFailed("nothing is loaded")
                    if given > shift.limits.scriptData:
                        size = shown_size(shift.limits.scriptData)
                        raise ProgramFailed(Fault.LIMIT, f"{subject} was given more than {size}.", subject.file)
                    try:
                        loaded = await shift.load(program)
                        if isinstance(loaded, Problem):
                            raise ProgramFailed(Fault.BROKEN, f"{subject} could not be loaded.", str(loaded.at))
                        pool = await shift.pool(program.language, loaded.libraries)
                        return pool, await pool.take(), loaded
                    except Closed:
                        # While it waited, a reload has begun another.
                        if shift is self._shift:
                            raise
        except TimeoutError:
            raise ProgramFailed(Fault.LIMIT, f"{subject} waited too long for its turn.", subject.file) from None
        except (WorkersFailed, SandboxUnavailable) as failed:
            log.error("%s could not be run: %s.", subject, failed)
            raise ProgramFailed(Fault.BROKEN, f"{subject} could not be run.") from None

    async def _admit(self, nursery: Nursery) -> None:
        """Nobody's code runs in a process whose layers were not seen to hold."""
        engine = nursery.breed.source.engine
        findings = self._found.get(engine)
        if findings is None:
            # The machine stays what it is for as long as this process lives; what does not hold is looked at again.
            findings = _proved.get(engine) or await examine(nursery)
            if findings.enough:
                _proved[engine] = findings
            if not findings.enough and not self._weak:
                raise SandboxUnavailable(
                    f"Programs cannot be run: they could not be kept apart from this server, {findings}. "
                    "TIDEGATE_SANDBOX=weak runs them all the same."
                )
            self._tell(findings)
            self._found[engine] = findings
            if self.findings is None or not findings.enough:
                self.findings = findings
        nursery.layers = findings.layers

    def _tell(self, findings: Findings) -> None:
        if findings in self._found.values():
            return
        if findings.enough:
            log.info("Programs are kept apart by %s.", ", ".join(EXPLAINED[layer] for layer in findings.layers))
        else:
            log.warning("Programs are NOT kept apart from this server: they run %s.", findings)


def default_engines() -> Mapping[Language, EngineSource]:
    """JavaScript, by the extension module of dukpy, and Python, by monty where that is installed and by itself."""
    from tidegate.sandbox import monty, quickjs

    engines = {
        Language.JAVASCRIPT: EngineSource("tidegate.sandbox.javascript:JavaScript", (quickjs.locate(),)),
        Language.CPYTHON: EngineSource("tidegate.sandbox.cpython:CPython", single=True),
    }
    with suppress(ImportError):
        engines[Language.PYTHON] = EngineSource("tidegate.sandbox.monty:Monty", (monty.locate(),))
    return engines
