"""Runs operations: role, values, session, steps, deadline; and poses the questions of live queries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.change import Bus, Change, NoBus
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Reference, Scope, references, resolve
from tidegate.core.footprint import Touch
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Given, Json, frozen
from tidegate.core.live import Question
from tidegate.core.operation import Kind, Operation
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.resolvers.permission import authorise
from tidegate.resolvers.refreshed import Refreshed

NO_PROPERTIES: Final[Mapping[str, Json]] = {}


class LocalRunner:
    """Runs the operations of one catalog in this process, on its opened integrations. `bus` is told what they
    change."""

    def __init__(self, catalog: Catalog, bus: Bus | None = None) -> None:
        self._catalog = catalog
        self._bus = bus or NoBus()
        self._properties: dict[int, Runnable] = {}
        self._refreshed = Refreshed(catalog)

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable:
        """The last step answers the client, so it alone is compiled for the selection."""
        *before, last = operation.plan.run
        steps = (*(step.prepared.compile(None, rank) for step in before), last.prepared.compile(selection, rank))
        return Runnable(operation, steps, any(_reads_properties(step) for step in steps), rank)

    async def run(self, runnable: Runnable, call: Call) -> Answer:
        operation = runnable.operation
        authorise(operation, call.user)
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
                self._publish(call, touches)

    def pose(self, runnable: Runnable, call: Call, properties: Mapping[str, Json]) -> Question:
        authorise(runnable.operation, call.user)
        scope = self._scope_with(call, {**call.user.fields, "properties": properties})
        return _question(runnable, scope)

    def pose_properties(self, user: CurrentUser) -> Question | None:
        runnable = self._properties_runnable(user)
        return None if runnable is None else _question(runnable, self._properties_scope(user))

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        runnable = questions[0].runnable
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

    def refreshed_by(self, change: Change, rank: int) -> Sequence[str]:
        return self._refreshed.by(change, rank)

    async def _run_steps(self, runnable: Runnable, scope: Scope, touches: list[Touch]) -> Answer:
        """What is written goes into `touches`, before it is committed."""
        async with self._session(runnable) as session:
            for step in runnable.steps[:-1]:
                touches += (await _ask(session, step, scope)).touches
            answer = await _ask(session, runnable.steps[-1], scope)
            touches += answer.touches
        return answer

    def _session(self, runnable: Runnable) -> AbstractAsyncContextManager[Session]:
        plan = runnable.operation.plan
        return self._catalog.integrations[plan.run[0].integration].session(writes=plan.writes)

    def _publish(self, call: Call, touches: Sequence[Touch]) -> None:
        refresh = call.operation.refresh
        change = Change(call.operation.name, tuple(touches) if refresh.derived else (), refresh.queries)
        if not change.is_empty:
            self._bus.publish(change)
        call.change = change

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
    values = tuple(tuple(_values(step, scope)) for step in runnable.steps)
    reads = tuple(read for step, given in zip(runnable.steps, values, strict=True) for read in step.reads(given))
    return Question(runnable, values, reads, (runnable, *(frozen(value) for given in values for value in given)))


def _values(step: Compiled, scope: Scope) -> list[Given]:
    return [resolve(expression, scope) for expression in step.inputs]


async def _ask(session: Session, step: Compiled, scope: Scope) -> Answer:
    return await session.execute(step, _values(step, scope))


def _reads_properties(step: Compiled) -> bool:
    return any(_is_property(reference) for expression in step.inputs for reference in references(expression))


def _is_property(reference: Reference) -> bool:
    return reference.root == "currentUser" and reference.path[:1] == ("properties",)
