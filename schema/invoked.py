"""An operation that is run by its name, with no document -> the JSON of what it gives."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from tidegate.core.call import Call, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
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
        settling = _Settling(api, operation, user.rank)
        deadline = monotonic() + operation.timeout
        call = Call(operation, user, taken, {}, deadline, origin=origin, settle=settling)
        answer = await runner.run(runnable, call)
        if settling.error is not None:
            raise settling.error
        return Invoked(settling.json or settling.show(answer), id=call.id)
    except OperationError as error:
        return Invoked(error=error, id=None if call is None else call.id)
    except Exception:
        number = None if call is None else call.id
        log.exception("Call %s of %s failed.", number or "-", name)
        return Invoked(error=OperationError(Code.INTERNAL, "Internal error.", {"callId": number or "-"}), id=number)


@dataclass(slots=True)
class _Settling:
    """Keeps what is made of the answer of a call, or why nothing could be made of it."""

    api: Api
    operation: Operation
    rank: int
    json: bytes = b""
    error: OperationError | None = None

    def __call__(self, answer: Answer) -> str:
        try:
            self.json = self.show(answer)
        except OperationError as error:
            self.error = error
        return self.error.message if self.error is not None else ""

    def show(self, answer: Answer) -> bytes:
        """Raises `OperationError`."""
        if answer.json is not None:
            return answer.json
        parent = "Query" if self.operation.kind is Kind.QUERY else "Mutation"
        return shown(self.api, self.operation, answer.value, self.rank, parent) or b"null"


def take_arguments(api: Api, operation: Operation, given: Mapping[str, Json]) -> dict[str, Json]:
    """As a document's variables would be taken, defaults filled in. Raises BAD_USER_INPUT."""
    return take(api, operation.name, "argument", operation.arguments, given)
