"""An operation that is run by its name, with no document -> the JSON of what it gives."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from tidegate.core.call import Call, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.core.operation import Kind, Operation
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api
from tidegate.schema.demanded import shown
from tidegate.schema.taking import take

log = logging.getLogger("tidegate.schema")


@dataclass(frozen=True, slots=True)
class Invoked:
    """`json` is what the operation gave; with an `error` there was no answer. `id` is the call's, none if it never
    began."""

    json: bytes = b"null"
    error: OperationError | None = None
    id: str | None = None


async def invoke(
    api: Api, name: str, arguments: Mapping[str, Json], user: CurrentUser, origin: str, runner: Runner
) -> Invoked:
    """Arguments are taken as GraphQL takes variables; of an object, every plain field that the role may see is
    answered. Never raises, but for cancellation."""
    call: Call | None = None
    try:
        operation = api.catalog.operations.get(name)
        if operation is None:
            raise OperationError(Code.NOT_FOUND, f'There is no operation "{name}".')
        runnable = runner.compile(operation, None, user.rank)
        taken = take_arguments(api, operation, arguments)
        call = Call(operation, user, taken, {}, monotonic() + operation.timeout, origin=origin)
        answer = await runner.run(runnable, call)
        if answer.json is not None:
            return Invoked(answer.json, id=call.id)
        parent = "Query" if operation.kind is Kind.QUERY else "Mutation"
        return Invoked(shown(api, operation, answer.value, user.rank, parent) or b"null", id=call.id)
    except OperationError as error:
        return Invoked(error=error, id=None if call is None else call.id)
    except Exception:
        number = None if call is None else call.id
        log.exception("Call %s of %s failed.", number or "-", name)
        return Invoked(error=OperationError(Code.INTERNAL, "Internal error.", {"callId": number or "-"}), id=number)


def take_arguments(api: Api, operation: Operation, given: Mapping[str, Json]) -> dict[str, Json]:
    """As a document's variables would be taken, defaults filled in. Raises BAD_USER_INPUT."""
    return take(api, operation.name, "argument", operation.arguments, given)
