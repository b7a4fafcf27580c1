"""Runs operations: role, values, session, steps, deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Reference, Scope, references, resolve
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Json
from tidegate.core.operation import Operation
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.resolvers.permission import authorise

NO_PROPERTIES: Final[Mapping[str, Json]] = {}


class LocalRunner:
    """Runs the operations of one catalog in this process, on its opened integrations."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._properties: dict[int, Runnable] = {}

    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable:
        """The last step answers the client, so it alone is compiled for the selection."""
        *before, last = operation.plan.run
        steps = (*(step.prepared.compile(None, rank) for step in before), last.prepared.compile(selection, rank))
        return Runnable(operation, steps, any(_reads_properties(step) for step in steps))

    async def run(self, runnable: Runnable, call: Call) -> Answer:
        operation = runnable.operation
        authorise(operation, call.user)
        try:
            async with asyncio.timeout_at(call.deadline):
                return await self._run_steps(runnable, await self._scope(runnable, call))
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{operation.name} took too long and was stopped.") from error

    async def _run_steps(self, runnable: Runnable, scope: Scope) -> Answer:
        plan = runnable.operation.plan
        integration = self._catalog.integrations[plan.run[0].integration]
        async with integration.session(writes=plan.writes) as session:
            for step in runnable.steps[:-1]:
                await _ask(session, step, scope)
            return await _ask(session, runnable.steps[-1], scope)

    async def _scope(self, runnable: Runnable, call: Call) -> Scope:
        fields: Mapping[str, Json] = call.user.fields
        if runnable.needs_properties:
            fields = {**fields, "properties": await self._properties_of(call.user)}
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
        name = self._catalog.auth.properties
        operation = self._catalog.operations.get(name) if name else None
        if operation is None or not _may(operation, user):
            return NO_PROPERTIES
        runnable = self._properties.get(user.rank)
        if runnable is None:
            runnable = self._properties[user.rank] = self.compile(operation, None, user.rank)
        fields = {**user.fields, "properties": NO_PROPERTIES}
        answer = await self._run_steps(runnable, {"args": {}, "currentUser": fields, "config": self._catalog.config})
        return answer.value if isinstance(answer.value, Mapping) else NO_PROPERTIES


def _may(operation: Operation, user: CurrentUser) -> bool:
    return user.verified and user.rank >= operation.rank


async def _ask(session: Session, step: Compiled, scope: Scope) -> Answer:
    return await session.execute(step, [resolve(expression, scope) for expression in step.inputs])


def _reads_properties(step: Compiled) -> bool:
    return any(_is_property(reference) for expression in step.inputs for reference in references(expression))


def _is_property(reference: Reference) -> bool:
    return reference.root == "currentUser" and reference.path[:1] == ("properties",)
