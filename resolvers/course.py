"""The steps of one run of a function: what each does, in which frame, with which names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import random
from typing import TYPE_CHECKING, Final

from tidegate.core.call import Runnable
from tidegate.core.emission import Audience
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, as_text, resolve
from tidegate.core.flow import (
    Ask,
    Attempt,
    Block,
    Branch,
    Each,
    Emit,
    Filter,
    Invoke,
    Join,
    Parallel,
    Refuse,
    Respond,
    Retry,
    Return,
    Run,
    Step,
    Transaction,
    Value,
    Wait,
)
from tidegate.core.json import Json, Missing
from tidegate.core.program import Invocation
from tidegate.core.reach import speaks_of_calls
from tidegate.core.runs import StepRun
from tidegate.resolvers.attempts import Standing, run_attempt
from tidegate.resolvers.conditions import holds
from tidegate.resolvers.emitting import CannotEmit, make_emission
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.joining import run_join
from tidegate.resolvers.loops import run_each, run_filter, run_parallel
from tidegate.resolvers.requesting import plain
from tidegate.resolvers.returned import Returned

if TYPE_CHECKING:
    from tidegate.resolvers.flows import Surroundings

RETRIED: Final = frozenset(
    {Code.UPSTREAM_FAILED, Code.TIMEOUT, Code.CONFLICT, Code.ACTION_FAILED, Code.LIMIT, Code.INTERNAL}
)
"""Errors after which a step may do better. Of the others the same will be said again."""

_ALONE: Final = (Value, Return, Respond, Refuse, Wait)
"""Nothing is done within them that could be told of."""


@dataclass(slots=True)
class Reply:
    """Of one run. `outside`: somebody outside waits for the answer, and need not wait for the end: `given` says that
    `value` is there. `budget` is the time of the whole run."""

    outside: bool = False
    given: asyncio.Event = field(default_factory=asyncio.Event)
    value: Json = None
    budget: asyncio.Timeout | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """`variables` are what references can reach: the call's own, and the names given so far."""

    around: Surroundings
    runnable: Runnable
    variables: dict[str, Json]
    frame: Frame
    reply: Reply

    async def run_block(self, block: Block) -> Json | Returned:
        value: Json | Returned = None
        for step in block:
            value = await self._run_step(step)
            if isinstance(value, Returned):
                return value
            if step.name:
                self.variables[step.name] = value
        return value

    async def _run_step(self, step: Step) -> Json | Returned:
        trace = self.frame.trace
        if trace is None:
            return await self.try_step(step, None)
        record = trace.begin(step, self.frame.step)
        within = self
        if not isinstance(step.work, _ALONE):
            # Whatever is done within belongs to this step.
            within = replace(self, frame=replace(self.frame, step=record.number))
        try:
            value = await within.try_step(step, record)
        except BaseException as error:
            trace.end(record, error=error)
            raise
        trace.end(record, value.value if isinstance(value, Returned) else value)
        return value

    async def try_step(self, step: Step, record: StepRun | None) -> Json | Returned:
        tried = 0
        standing = Standing() if step.retry is not None else None
        while True:
            self.frame.count_step()
            await self.frame.allowance.pace.keep()
            try:
                if self.frame.joined and (step.retry is not None or step.timeout is not None):
                    # What an attempt leaves undone must not break the transaction.
                    async with self.frame.transaction.attempt():
                        return await self._limit(step)
                return await self._limit(step)
            except OperationError as error:
                error.step = error.step or step.label
                retry = step.retry
                if retry is None or tried >= retry.times or not _may_do_better(error):
                    raise
                assert standing is not None
                standing.check()
            tried += 1
            if record is not None:
                record.attempts = tried + 1
            await asyncio.sleep(gap(retry, tried))

    async def _limit(self, step: Step) -> Json | Returned:
        if step.timeout is None:
            return await self._do(step)
        try:
            async with asyncio.timeout(step.timeout):
                return await self._do(step)
        except TimeoutError as error:
            message = f"A step of {self.runnable.operation.name} took too long and was stopped."
            raise OperationError(Code.TIMEOUT, message) from error

    async def _do(self, step: Step) -> Json | Returned:
        match step.work:
            case Ask() as ask:
                return await self._ask(ask)
            case Run() as run:
                return await self._run(run, step)
            case Invoke() as invoke:
                return await self._invoke(invoke)
            case Branch(cases=cases, otherwise=otherwise):
                chosen = next((block for condition, block in cases if holds(condition, self.variables)), otherwise)
                return await self.run_block(chosen)
            case Each() as each:
                return await run_each(self, each)
            case Filter() as filter:
                return await run_filter(self, filter)
            case Join() as join:
                return await run_join(self, join)
            case Parallel(branches=branches):
                return await run_parallel(self, branches)
            case Attempt() as attempt:
                return await run_attempt(self, attempt)
            case Transaction() as transaction:
                return await self._transaction(transaction)
            case Emit() as emit:
                self._emit(emit)
                return None
            case Value(value=value):
                return self.value(value)
            case Return(value=value):
                return Returned(self.value(value))
            case Respond() as respond:
                return self._respond(respond)
            case Refuse(message=message):
                raise OperationError(Code.REFUSED, self._text(message))
            case Wait(seconds=seconds):
                await asyncio.sleep(seconds)
                return None

    async def _ask(self, ask: Ask) -> Json:
        runnable = self.runnable.requests[ask.request]
        perform = self.around.perform
        if self.frame.joined or not ask.request.prepared.writes:
            answer = await perform(runnable, self.variables, self.frame)
        else:
            answer = await self.around.units.run(self.frame, partial(perform, runnable, self.variables))
        value = plain(answer)
        if value is False and ask.missing is not None:
            # Of a delete: there was no such row.
            value = None
        return self._there(value, ask.missing)

    async def _run(self, run: Run, step: Step) -> Json:
        frame = self.frame
        if not frame.joined:
            # Its events wait for its end; what it calls commits by itself.
            frame = replace(frame, transaction=self.around.units.transaction())
        if frame.reads_only:
            frame = replace(frame, confined=not speaks_of_calls(run.program))
        given = {} if run.given is None else resolve(run.given, self.variables)
        assert isinstance(given, Mapping)
        programs, operation = self.around.programs, self.runnable.operation
        context: dict[str, Json] = {
            "currentUser": dict(frame.user.fields),
            "role": frame.user.role,
            "function": operation.name,
            "step": step.label,
            "run": frame.call.id,
        }
        invocation = Invocation(given, None, given, programs.profile(frame), context, programs.settings)
        outcome = await programs.run(run.program, invocation, frame, passing=True)
        if not frame.joined:
            self.around.units.emit(frame.transaction.emissions)
        return outcome.value

    async def _invoke(self, invoke: Invoke) -> Json:
        given = {} if invoke.given is None else resolve(invoke.given, self.variables)
        assert isinstance(given, Mapping)
        value = await self.around.calls.call(invoke.operation, given, self.frame.within())
        return self._there(value, invoke.missing)

    def _there(self, value: Json, missing: Expression | None) -> Json:
        if value is None and missing is not None:
            raise OperationError(Code.NOT_FOUND, self._text(missing))
        return value

    async def give(self, block: Block) -> Json:
        """Of a block that cannot end the function."""
        value = await self.run_block(block)
        return value.value if isinstance(value, Returned) else value

    async def _transaction(self, transaction: Transaction) -> Json | Returned:
        if self.frame.joined:
            async with self.frame.transaction.attempt():
                return await self.run_block(transaction.body)

        async def work(frame: Frame) -> Json | Returned:
            # Begun now: what is read first is read within.
            await frame.transaction.writing(transaction.integration)
            return await replace(self, frame=frame).run_block(transaction.body)

        return await self.around.units.run(self.frame, work)

    def _emit(self, emit: Emit) -> None:
        data = None if emit.data is None else self.value(emit.data)
        to = None if emit.to is None else self.value(emit.to)
        if emit.audience is Audience.USERS and isinstance(to, int) and not isinstance(to, bool):
            to = str(to)
        catalog = self.around.catalog
        if emit.audience is Audience.ROLE and isinstance(to, str) and to and to not in catalog.roles:
            # Not which: it may be what the client must not see.
            raise OperationError(Code.ACTION_FAILED, "An event cannot be emitted: there is no such role.")
        try:
            emission = make_emission(emit.audience, emit.event, data, to, catalog.roles, catalog.limits.eventData)
        except CannotEmit as error:
            raise OperationError(Code.ACTION_FAILED, f"An event cannot be emitted: {error}.") from error
        if self.frame.joined:
            self.frame.transaction.emissions.append(emission)
        else:
            self.around.units.emit((emission,))

    def _respond(self, respond: Respond) -> Json:
        reply = self.reply
        if reply.given.is_set():
            return reply.value
        reply.value = self.value(respond.value) if respond.value is not None else None
        reply.given.set()
        if reply.outside and reply.budget is not None:
            # The clock begins anew for what follows.
            most = respond.timeout or self.runnable.operation.timeout
            self.frame.call.deadline = asyncio.get_running_loop().time() + most
            reply.budget.reschedule(self.frame.call.deadline)
            if self.frame.trace is not None:
                self.frame.trace.responded()
        return reply.value

    def of(self, item: Json, index: int) -> Course:
        """For one item, with names of its own."""
        return replace(self, variables={**self.variables, "value": item, "index": index})

    def items(self, expression: Expression) -> Sequence[Json]:
        """Of nothing, none."""
        items = self.value(expression)
        if items is None:
            return ()
        if isinstance(items, str) or not isinstance(items, Sequence):
            message = f"A step of {self.runnable.operation.name} goes through a list, and was given something else."
            raise OperationError(Code.ACTION_FAILED, message)
        return items

    def value(self, expression: Expression | None) -> Json:
        value = None if expression is None else resolve(expression, self.variables)
        return None if isinstance(value, Missing) else value

    def _text(self, expression: Expression) -> str:
        return as_text(resolve(expression, self.variables))


def _may_do_better(error: OperationError) -> bool:
    """Not where what failed came after the commit: that would be done twice."""
    return error.code in RETRIED and error.extensions.get("committed") is not True


def gap(retry: Retry, number: int) -> float:
    """Seconds before the retry of this number, the first being 1."""
    try:
        full = min(retry.interval * retry.factor ** (number - 1), retry.most)
    except OverflowError:
        full = retry.most
    return full * (1.0 - retry.jitter * random())  # noqa: S311 - it spreads retries, and hides nothing
