"""A compiled request and a scope -> its answer."""

from __future__ import annotations

import orjson

from tidegate.core.expressions import Reference, Scope, references, resolve
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Given, Json


def values_of(step: Compiled, scope: Scope) -> list[Given]:
    return [resolve(expression, scope) for expression in step.inputs]


async def ask(session: Session, step: Compiled, scope: Scope) -> Answer:
    """Raises `OperationError`."""
    return await session.execute(step, values_of(step, scope))


def reads_properties(step: Compiled) -> bool:
    """Whether a value comes from `currentUser.properties`."""
    return any(_is_property(reference) for expression in step.inputs for reference in references(expression))


def _is_property(reference: Reference) -> bool:
    return reference.root == "currentUser" and reference.path[:1] == ("properties",)


def plain(answer: Answer) -> Json:
    """What an answer holds, for those inside."""
    if answer.value is None and answer.json is not None:
        value: Json = orjson.loads(answer.json)
        return value
    return answer.value
