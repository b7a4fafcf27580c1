"""Operations called by programs and by steps: as the same user, in the same transaction where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from tidegate.core.call import Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.flow import Run, all_steps, calls_of
from tidegate.core.integration import Answer
from tidegate.core.json import Json, Missing
from tidegate.core.literals import Misfit, article, coerce_literal
from tidegate.core.operation import Kind, Operation
from tidegate.core.problems import did_you_mean
from tidegate.core.reach import speaks_of_calls
from tidegate.core.selection import Selection
from tidegate.core.types import TypeDefinition
from tidegate.resolvers.concurrent import run_all
from tidegate.resolvers.filling import Filler
from tidegate.resolvers.flow_requests import compile_flow
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.permission import authorise
from tidegate.resolvers.places import Places
from tidegate.resolvers.requesting import ask, plain, reads_properties, values_of
from tidegate.resolvers.units import Units

Compile = Callable[[Operation, Selection | None, int], Runnable]
Perform = Callable[[Runnable, Scope, Frame], Awaitable[Answer]]

MOST_KEPT: Final = 1000
"""Compiled operations that are kept: one for each operation and role."""


class NestedCalls:
    """Of one catalog."""

    def __init__(self, catalog: Catalog, compiling: Compile, places: Places, perform: Perform, units: Units) -> None:
        self._catalog = catalog
        self._places = places
        self._units = units
        self._compile = compiling
        self._perform = perform
        self._runnables: dict[tuple[str, int], Runnable] = {}

    async def call(self, name: str, given: Mapping[str, Json], frame: Frame) -> Json:
        """What the operation gives: of objects, every plain field. What it did is undone where it fails. Raises
        `OperationError`."""
        operation = self._catalog.operations.get(name)
        if operation is None:
            hint = did_you_mean(name, self._catalog.operations)
            raise OperationError(Code.NOT_FOUND, f'There is no operation "{name}". {hint}'.rstrip())
        authorise(operation, frame.user)
        if frame.reads_only and operation.kind is Kind.MUTATION:
            raise OperationError(Code.FORBIDDEN, f"{name} is a mutation, and this is within a query.")
        arguments = arguments_of(operation, given, self._catalog.types)
        runnable = self.runnable(operation, frame.user.rank)
        scope = await frame.scope({"args": arguments, "variables": {}}, properties=runnable.needs_properties)
        try:
            # A function keeps its own time: it may have something to do when that is over.
            async with asyncio.timeout(None if operation.plan.flow is not None else operation.timeout):
                value = plain(await self._perform_as(operation, runnable, scope, frame))
                return await self._held(value, runnable, scope, frame)
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{name} took too long and was stopped.") from error

    async def call_many(
        self, name: str, given: Sequence[Mapping[str, Json]], frame: Frame, runnable: Runnable | None = None
    ) -> list[Json]:
        """What a query gives for each of these arguments, in order, asked together where its integration can do that.
        `runnable`: the query, compiled for what is wanted of it; else it is everything plain. Raises `OperationError`,
        the first one."""
        operation = self._catalog.operations[name]
        authorise(operation, frame.user)
        runnable = runnable or self.runnable(operation, frame.user.rank)
        properties = runnable.needs_properties
        user = (await frame.scope({}, properties=properties))["currentUser"]
        common = {**await frame.scope({"variables": frame.call.variables}), "currentUser": user}
        types = self._catalog.types
        scopes = [{**common, "args": arguments_of(operation, each, types)} for each in given]
        if operation.plan.flow is not None:
            works = [partial(self._give, runnable, scope, frame) for scope in scopes]
            return await run_all(works, 1 if frame.joined else frame.limits.parallel)
        try:
            async with (
                asyncio.timeout(operation.timeout),
                frame.transaction.reading(operation.plan.run[0].integration) as session,
            ):
                (compiled,) = runnable.steps
                if len(scopes) == 1:
                    return [plain(await ask(session, compiled, scopes[0]))]
                found = await session.execute_many(compiled, [values_of(compiled, scope) for scope in scopes])
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{name} took too long and was stopped.") from error
        answers: list[Json] = []
        for answer in found:
            if isinstance(answer, OperationError):
                raise answer
            answers.append(plain(answer))
        return answers

    async def _give(self, runnable: Runnable, scope: Scope, frame: Frame) -> Json:
        """What a query's function gives."""
        value = plain(await self._perform(runnable, scope, replace(frame, reads_only=True)))
        return await self._held(value, runnable, scope, frame)

    async def _held(self, value: Json, runnable: Runnable, scope: Scope, frame: Frame) -> Json:
        """What a function gave, as it says that it does, with every plain field."""
        catalog = self._catalog
        if runnable.selection is None and runnable.places:
            filler = Filler(runnable, scope, catalog.limits, catalog.types, frame.transaction.reading)
            value = (await filler.fill(value)).value
        hold = runnable.operation.plan.hold
        return value if hold is None else hold(value)

    async def _perform_as(self, operation: Operation, runnable: Runnable, scope: Scope, frame: Frame) -> Answer:
        if operation.kind is Kind.QUERY:
            return await self._perform(runnable, scope, replace(frame, reads_only=True))
        if operation.plan.flow is not None and not frame.joined:
            return await self._perform(runnable, scope, frame)

        async def work(within: Frame) -> Answer:
            answer = await self._perform(runnable, scope, within)
            within.transaction.queries |= operation.refresh.queries
            return answer

        if not frame.joined:
            return await self._units.run(frame, work)
        async with frame.transaction.attempt():
            return await work(frame)

    def need_properties(self, operation: Operation, rank: int) -> bool:
        """Whether what a function calls may want the user's properties. Code may call anything."""
        return self._any_needs(operation, rank, {operation.name})

    def _any_needs(self, operation: Operation, rank: int, seen: set[str]) -> bool:
        flow, operations = operation.plan.flow, self._catalog.operations
        for step in all_steps(flow) if flow is not None else ():
            if isinstance(step.work, Run) and speaks_of_calls(step.work.program):
                return self._catalog.auth.properties is not None
            for name in calls_of(step.work):
                if name not in operations or name in seen:
                    continue
                seen.add(name)
                called = operations[name]
                if self._needs(called, rank) or self._any_needs(called, rank, seen):
                    return True
        return False

    def _needs(self, operation: Operation, rank: int) -> bool:
        """By itself: functions may call each other."""
        if operation.plan.flow is None:
            return self.runnable(operation, rank).needs_properties
        _, places = self._places.find(operation, None, rank)
        if any(reads_properties(place.compiled) for place in places.values()):
            return True
        return compile_flow(operation, lambda asked: self._compile(asked, None, rank))[1]

    def runnable(self, operation: Operation, rank: int) -> Runnable:
        """The operation, compiled for everything plain that this role may read."""
        key = operation.name, rank
        runnable = self._runnables.get(key)
        if runnable is None:
            if len(self._runnables) >= MOST_KEPT:
                self._runnables.clear()
            runnable = self._runnables[key] = self._compile(operation, None, rank)
        return runnable


def arguments_of(
    operation: Operation, given: Mapping[str, Json], types: Mapping[str, TypeDefinition]
) -> Mapping[str, Json]:
    """The arguments as the operation declares them, defaults filled in. Raises BAD_USER_INPUT."""
    for name in given:
        if name not in operation.arguments:
            hint = did_you_mean(name, operation.arguments)
            message = f'{operation.name} has no argument "{name}". {hint}'.rstrip()
            raise OperationError(Code.BAD_USER_INPUT, message)
    coerced: dict[str, Json] = {}
    for name, argument in operation.arguments.items():
        if name in given:
            try:
                coerced[name] = coerce_literal(given[name], argument.type, types)
            except Misfit as misfit:
                # What it is would be told to a client, who did not send it.
                wanted = article(argument.type)
                message = f'The argument "{name}" of {operation.name} does not fit: {wanted} is wanted.'
                raise OperationError(Code.BAD_USER_INPUT, message) from misfit
        elif not isinstance(argument.default, Missing):
            coerced[name] = argument.default
        elif argument.required:
            raise OperationError(Code.BAD_USER_INPUT, f'{operation.name} needs the argument "{name}".')
    return coerced
