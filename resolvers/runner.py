"""Runs operations: role, values, session, steps, deadline; and poses the questions of live queries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from logging import getLogger
from typing import Final

from tidegate.core.action import ActedWrite, Demand
from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.change import Bus, Change, NoBus
from tidegate.core.emission import NoRooms, Rooms
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.fetching import Fetcher, NoFetcher
from tidegate.core.footprint import Touch
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Json, frozen
from tidegate.core.live import Question
from tidegate.core.operation import Kind, Operation
from tidegate.core.program import NoSandbox, Program, Sandbox
from tidegate.core.runs import NoRecorder, Recorder
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.resolvers.acting import ActedWriting, compile_parts, run_demand
from tidegate.resolvers.actions import Actions
from tidegate.resolvers.answers import Answers
from tidegate.resolvers.concurrent import run_all
from tidegate.resolvers.course import Reply
from tidegate.resolvers.flow_requests import compile_flow
from tidegate.resolvers.flows import Flows, Surroundings, responds
from tidegate.resolvers.frame import Allowance, Frame
from tidegate.resolvers.function_questions import FunctionQuestions
from tidegate.resolvers.host import ProgramHost
from tidegate.resolvers.joining import compile_joins
from tidegate.resolvers.nested import NestedCalls
from tidegate.resolvers.permission import authorise
from tidegate.resolvers.places import Places
from tidegate.resolvers.programs import Programs
from tidegate.resolvers.refreshed import Refreshed
from tidegate.resolvers.requesting import ask, reads_properties, values_of
from tidegate.resolvers.tails import Tails
from tidegate.resolvers.trace import Trace
from tidegate.resolvers.transaction import Transaction
from tidegate.resolvers.units import Units

_log = getLogger("tidegate.functions")

AT_ONCE: Final = 4
"""Live functions of one batch that are run at the same time: SQLite has four readers by default."""

NO_PROPERTIES: Final[Mapping[str, Json]] = {}


class LocalRunner:
    """Runs the operations of one catalog in this process, on its opened integrations. `bus` is told what they change,
    `rooms` what they emit; programs run in the `sandbox`."""

    def __init__(
        self,
        catalog: Catalog,
        bus: Bus | None = None,
        rooms: Rooms | None = None,
        sandbox: Sandbox | None = None,
        fetcher: Fetcher | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._catalog = catalog
        self._fetcher = fetcher or NoFetcher()
        self._recorder = recorder or NoRecorder()
        self._properties: dict[int, Runnable] = {}
        self._refreshed = Refreshed(catalog)
        self._tails = Tails()
        self._units = Units(catalog, bus or NoBus(), rooms or NoRooms(), self._tails)
        self._places = Places(catalog)
        self._calls = NestedCalls(catalog, self.compile, self._places, self._perform, self._units)
        programs = Programs(sandbox or NoSandbox(), self._host, catalog)
        self._actions = Actions(programs, catalog)
        self._answers = Answers(catalog, self._scope)
        self._functions = FunctionQuestions(catalog, self._calls.runnable)
        self._flows = Flows(Surroundings(catalog, self._units, programs, self._calls, self._perform))

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable:
        """The last step answers the client, so it alone is compiled for the selection."""
        if operation.plan.flow is not None:
            requests, needs = compile_flow(operation, lambda asked: self.compile(asked, None, rank))
            filled, places = self._places.find(operation, selection, rank)
            needs = needs or any(reads_properties(place.compiled) for place in places.values())
            if operation.kind is Kind.QUERY and self._catalog.auth.properties != operation.name:
                # What it calls asks for them by itself; whoever keeps it live must know that it does.
                needs = needs or self._calls.need_properties(operation, rank)
            operations = self._catalog.operations
            joined = compile_joins(
                operation, selection, lambda name, wanted: self.compile(operations[name], wanted, rank)
            )
            needs = needs or any(each.needs_properties for each in joined.values())
            return Runnable(operation, (), needs, rank, {}, requests, selection, places, joined, filled)
        *before, last = operation.plan.run
        parts: Mapping[str, Compiled] = {}
        if last.acted is not None:
            parts = compile_parts(last.acted, selection, rank)
            steps: tuple[Compiled, ...] = (last.prepared.compile(selection, rank),)
        else:
            steps = (*(step.prepared.compile(None, rank) for step in before), last.prepared.compile(selection, rank))
        needs = any(reads_properties(step) for step in (*steps, *parts.values()))
        return Runnable(operation, steps, needs, rank, parts, selection=selection)

    async def run(self, runnable: Runnable, call: Call) -> Answer:
        operation = runnable.operation
        authorise(operation, call.user)
        if operation.plan.flow is not None:
            return await self._run_function(runnable, call)
        if operation.plan.acted is not None:
            return await self._run_acted(runnable, call)
        touches: list[Touch] = []
        kept = False
        try:
            async with asyncio.timeout_at(call.deadline):
                answer = await self._run_steps(runnable, await self._scope(runnable, call), touches)
            kept = True
            return answer
        except OperationError as error:
            if error.code is not Code.UPSTREAM_FAILED:
                touches.clear()
            raise
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{operation.name} took too long and was stopped.") from error
        finally:
            # Stopped, or cut off, while it was committing: nobody knows whether it did, so it counts as if.
            if operation.kind is Kind.MUTATION and (kept or touches):
                self._units.publish(call, touches, whole=True)

    async def _run_acted(self, runnable: Runnable, call: Call) -> Answer:
        frame = self._frame(call)
        try:
            async with asyncio.timeout_at(call.deadline):
                scope = await self._scope(runnable, call)
                return await self._units.run(frame, partial(self._perform, runnable, scope), whole=True)
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{call.operation.name} took too long and was stopped.") from error

    async def _run_function(self, runnable: Runnable, call: Call) -> Answer:
        """Whoever asked may have the answer before the end: then the rest goes on by itself."""
        trace = Trace(call, self._recorder, self._catalog.limits)
        frame = replace(self._frame(call), joined=False, trace=trace)
        flow = call.operation.plan.flow
        assert flow is not None
        if not responds(flow):
            return await self._trace_function(runnable, frame, trace, Reply(outside=True))
        reply = Reply(outside=True)
        # Else they would be as many as there have been requests.
        crowded = len(self._tails) >= self._catalog.limits.tails
        running = self._tails.begin(self._trace_function(runnable, frame, trace, reply))
        given = asyncio.get_running_loop().create_task(reply.given.wait())
        try:
            await asyncio.wait((running,) if crowded else (running, given), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # Nobody waits for the answer any more. What follows an answer would go on.
            if crowded or not reply.given.is_set():
                running.cancel()
            raise
        finally:
            given.cancel()
        if reply.given.is_set():
            running.add_done_callback(partial(_log_late, call))
            return await self._answers.answer(runnable, call, trace, reply.value)
        return await running

    async def _trace_function(self, runnable: Runnable, frame: Frame, trace: Trace, reply: Reply) -> Answer:
        try:
            scope = await self._scope(runnable, frame.call)
            value = await self._flows.run(runnable, scope, frame, reply)
            # Who has been answered already has what was said then.
            early = reply.given.is_set()
            answer = Answer(value) if early else await self._answers.answer(runnable, frame.call, trace, value)
        except BaseException as error:
            trace.finish(error=error)
            raise
        trace.finish(value)
        return answer

    def _frame(self, call: Call) -> Frame:
        limits = self._catalog.limits
        allowance = Allowance(limits.actions, limits.steps)
        frame = Frame(call, self._units.transaction(), limits, self._catalog.config, self._properties_within, allowance)
        return replace(frame, reads_only=call.operation.kind is Kind.QUERY)

    async def _perform(self, runnable: Runnable, scope: Scope, frame: Frame) -> Answer:
        """A call in the frame's transaction."""
        plan = runnable.operation.plan
        if plan.flow is not None:
            return Answer(await self._flows.run(runnable, scope, frame))
        match plan.acted:
            case ActedWrite() as acted:
                return await ActedWriting(runnable, acted, self._actions, scope, frame).run()
            case Demand() as demand:
                return await run_demand(runnable, demand, self._actions, scope, frame)
        integration = plan.run[0].integration
        if not plan.writes:
            async with frame.transaction.reading(integration) as session:
                return await _each(session, runnable, scope, [])
        session = await frame.transaction.writing(integration)
        return await _each(session, runnable, scope, frame.transaction.touches)

    def _host(self, program: Program, frame: Frame) -> ProgramHost:
        return ProgramHost(program, frame, self._catalog.roles, self._fetcher, self._calls.call)

    def cut(self) -> None:
        """Stops what goes on behind answers."""
        self._tails.cut()

    async def close(self) -> None:
        """Waits until what goes on behind answers has ended; each of it has its deadline."""
        await self._tails.close()

    def pose(self, runnable: Runnable, call: Call, properties: Mapping[str, Json]) -> Question:
        authorise(runnable.operation, call.user)
        scope = self._scope_with(call, {**call.user.fields, "properties": properties})
        if runnable.operation.plan.flow is not None:
            return self._functions.pose(runnable, call, scope)
        return _question(runnable, scope)

    def pose_properties(self, user: CurrentUser) -> Question | None:
        runnable = self._properties_runnable(user)
        return None if runnable is None else _question(runnable, self._properties_scope(user))

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        runnable = questions[0].runnable
        if runnable.operation.plan.flow is not None:
            return await run_all([partial(self._ask_function, each, deadline) for each in questions], AT_ONCE)
        try:
            async with asyncio.timeout_at(deadline), self._session(runnable) as session:
                for place, step in enumerate(runnable.steps[:-1]):
                    await session.execute_many(step, [question.values[place] for question in questions])
                return await session.execute_many(runnable.steps[-1], [question.values[-1] for question in questions])
        except TimeoutError:
            message = f"{runnable.operation.name} took too long and was stopped."
            return [OperationError(Code.TIMEOUT, message) for _ in questions]
        except OperationError as error:
            return [error for _ in questions]

    async def _ask_function(self, question: Question, deadline: float) -> Answer | OperationError:
        """A refresh is no run that anybody asked for: it is not recorded."""
        posed, runnable = question.call, question.runnable
        assert posed is not None, "a function's question has its call"
        call = Call(posed.operation, posed.user, posed.arguments, posed.variables, deadline)
        frame = replace(self._frame(call), joined=False)
        try:
            scope = await self._scope(runnable, call)
            value = await self._flows.run(runnable, scope, frame, Reply(outside=True))
            return await self._answers.fill(runnable, call, deadline, value)
        except OperationError as error:
            return error

    def refreshed_by(self, change: Change, rank: int) -> Sequence[str]:
        return self._refreshed.by(change, rank)

    async def _run_steps(self, runnable: Runnable, scope: Scope, touches: list[Touch]) -> Answer:
        """What is written goes into `touches`, before it is committed."""
        async with self._session(runnable) as session:
            return await _each(session, runnable, scope, touches)

    def _session(self, runnable: Runnable) -> AbstractAsyncContextManager[Session]:
        plan = runnable.operation.plan
        return self._catalog.integrations[plan.run[0].integration].session(writes=plan.writes)

    async def _scope(self, runnable: Runnable, call: Call) -> Scope:
        fields: Mapping[str, Json] = call.user.fields
        if runnable.needs_properties:
            fields = {**fields, "properties": await self._properties_of(call.user)}
        return self._scope_with(call, fields)

    def _scope_with(self, call: Call, fields: Mapping[str, Json]) -> Scope:
        return {
            "args": call.arguments,
            "variables": call.variables,
            "currentUser": fields,
            "config": self._catalog.config,
        }

    async def _properties_of(self, user: CurrentUser) -> Mapping[str, Json]:
        """The row of the project's `auth.properties` query for this user, asked with the user's own rights. Nobody
        without a token has properties, nor has a user whose role may not ask. While it is asked the properties are
        empty: an access rule that needs them finds nothing, rather than asking for ever."""
        runnable = self._properties_runnable(user)
        if runnable is None:
            return NO_PROPERTIES
        answer = await self._run_steps(runnable, self._properties_scope(user), [])
        return answer.value if isinstance(answer.value, Mapping) else NO_PROPERTIES

    async def _properties_within(self, user: CurrentUser, transaction: Transaction) -> Mapping[str, Json]:
        """The same as the transaction sees it: a database in memory has one connection, which is the transaction's."""
        runnable = self._properties_runnable(user)
        if runnable is None:
            return NO_PROPERTIES
        async with transaction.reading(runnable.operation.plan.run[0].integration) as session:
            answer = await _each(session, runnable, self._properties_scope(user), [])
        return answer.value if isinstance(answer.value, Mapping) else NO_PROPERTIES

    def _properties_runnable(self, user: CurrentUser) -> Runnable | None:
        name = self._catalog.auth.properties
        operation = self._catalog.operations.get(name) if name else None
        if operation is None or not _may(operation, user):
            return None
        runnable = self._properties.get(user.rank)
        if runnable is None:
            runnable = self._properties[user.rank] = self.compile(operation, None, user.rank)
        return runnable

    def _properties_scope(self, user: CurrentUser) -> Scope:
        fields = {**user.fields, "properties": NO_PROPERTIES}
        return {"args": {}, "currentUser": fields, "config": self._catalog.config}


def _may(operation: Operation, user: CurrentUser) -> bool:
    return user.verified and user.rank >= operation.rank


def _question(runnable: Runnable, scope: Scope) -> Question:
    values = tuple(tuple(values_of(step, scope)) for step in runnable.steps)
    reads = tuple(read for step, given in zip(runnable.steps, values, strict=True) for read in step.reads(given))
    return Question(runnable, values, reads, (runnable, *(frozen(value) for given in values for value in given)))


def _log_late(call: Call, running: asyncio.Task[Answer]) -> None:
    """Nobody else hears of it."""
    error = None if running.cancelled() else running.exception()
    if isinstance(error, OperationError):
        name = call.operation.name
        _log.warning("Call %s: %s failed after its answer: %s: %s", call.id, name, error.code, error.message)
    elif error is not None:
        _log.error("Call %s failed after its answer.", call.id, exc_info=error)


async def _each(session: Session, runnable: Runnable, scope: Scope, touches: list[Touch]) -> Answer:
    """Every step in order; the last one's answer."""
    for step in runnable.steps[:-1]:
        touches += (await ask(session, step, scope)).touches
    answer = await ask(session, runnable.steps[-1], scope)
    touches += answer.touches
    return answer
