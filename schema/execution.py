"""A compiled document and a call -> the body of a GraphQL answer.

Fields at the top of a query run at the same time, those of a mutation one after the other. What an integration
answers as JSON in the client's shape is put into the body as it is; everything else is completed and encoded. An error
is a field's own: the others still answer, unless the field must not be null.
"""

from __future__ import annotations

import logging
from asyncio import TaskGroup
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

import orjson

from tidegate.core.call import Call, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.schema.completion import Flaw
from tidegate.schema.document import Document
from tidegate.schema.document_literals import Variables
from tidegate.schema.request_errors import DocumentError, ErrorEntry, entry
from tidegate.schema.shape import FieldCall, Fixed, Shape

_log = logging.getLogger("tidegate.schema")

_NULL: Final = b"null"


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is the whole answer as JSON. `errors` are the entries in it. `data_present` is false where the request was
    refused before anything ran, so that the answer has no `data` at all."""

    body: bytes
    errors: tuple[ErrorEntry, ...]
    data_present: bool


@dataclass(frozen=True, slots=True)
class _Result:
    """`lost`: the field is null and must not be."""

    json: bytes
    errors: Sequence[ErrorEntry] = ()
    lost: bool = False


async def execute(
    document: Document,
    raw_variables: Mapping[str, Json] | None,
    user: CurrentUser,
    runner: Runner,
    *,
    deadline: float | None = None,
) -> Response:
    """Never raises, but for cancellation. `deadline` is for the whole request, on the event loop's clock, in seconds;
    without one it is the longest time that any of its operations may take."""
    try:
        variables = document.coerce(raw_variables) if document.variables else {}
        shape = document.shape(variables)
    except DocumentError as error:
        return refused(error)
    now = monotonic()
    if deadline is None:
        deadline = now + max([call.operation.timeout for call in shape.calls], default=0.0)
    results = await _results(shape, variables, user, runner, deadline)
    errors: list[ErrorEntry] = []
    if shape.introspection is not None:
        introspected, errors = shape.introspection.answer(variables)
        results.update((key, _Result(json)) for key, json in introspected.items())
    return _response(document, shape, results, errors)


def refused(error: DocumentError) -> Response:
    """The answer to a request that cannot be executed at all."""
    return Response(orjson.dumps({"errors": error.errors}), error.errors, False)


async def _results(
    shape: Shape, variables: Variables, user: CurrentUser, runner: Runner, deadline: float
) -> dict[str, _Result]:
    calls = shape.calls
    results: dict[str, _Result] = {}
    if shape.serial or len(calls) == 1:
        for call in calls:
            results[call.key] = result = await _run(call, variables, user, runner, deadline)
            # The answer is lost already, so that what was to follow must not happen.
            if result.lost:
                break
    elif calls:
        async with TaskGroup() as group:
            tasks = {call.key: group.create_task(_run(call, variables, user, runner, deadline)) for call in calls}
        results.update((key, task.result()) for key, task in tasks.items())
    return results


async def _run(call: FieldCall, variables: Variables, user: CurrentUser, runner: Runner, deadline: float) -> _Result:
    operation = call.operation
    running: Call | None = None
    try:
        runnable = call.runnable(runner, user)
        inputs = call.inputs(variables)
        now = monotonic()
        if now >= deadline:
            # Nothing is begun that could not be finished, a mutation least of all.
            raise TimeoutError
        deadline = min(deadline, now + operation.timeout)
        running = Call(operation, user, inputs.arguments, inputs.variables, deadline)
        answer = await runner.run(runnable, running)
        if answer.json is None or (answer.json == _NULL and call.required):
            return _encode(call, answer)
        return _Result(answer.json)
    except OperationError as error:
        return _failed(call, error.message, str(error.code), error.extensions)
    except TimeoutError:
        return _failed(call, "This took too long.", str(Code.TIMEOUT))
    except Exception:  # noqa: BLE001 (the last line of defence)
        # The client gets a number to tell us; what happened is for the log alone.
        number = running.id if running else "-"
        _log.exception("Call %s of %s failed.", number, operation.name)
        return _failed(call, "Internal error.", str(Code.INTERNAL), {"callId": number})


def _encode(call: FieldCall, answer: Answer) -> _Result:
    value, flaws = call.completer(answer.keyed).complete(answer.value, (call.key,))
    errors = [_flawed(call, flaw) for flaw in flaws]
    if value is None:
        return _Result(_NULL, errors, call.required)
    return _Result(orjson.dumps(value), errors)


def _flawed(call: FieldCall, flaw: Flaw) -> ErrorEntry:
    at = call.at if flaw.selected is None else call.collected.positions[flaw.selected]
    return entry(flaw.message, str(Code.INTERNAL), at, flaw.path)


def _failed(call: FieldCall, message: str, code: str, extensions: Mapping[str, Json] | None = None) -> _Result:
    return _Result(_NULL, [entry(message, code, call.at, [call.key], extensions)], call.required)


def _response(document: Document, shape: Shape, results: Mapping[str, _Result], errors: list[ErrorEntry]) -> Response:
    parts: list[bytes] = []
    lost = False
    for item in shape.entries:
        if isinstance(item, Fixed):
            parts.append(item.prefix + item.json)
            continue
        result = results.get(item.key)
        if result is None:
            # A mutation that never ran because one before it failed, or introspection that could not be answered.
            parts.append(item.prefix + _NULL)
            continue
        errors.extend(result.errors)
        lost = lost or result.lost
        parts.append(item.prefix + result.json)
    data = _NULL if lost else b"{" + b",".join(parts) + b"}"
    if not errors:
        return Response(b'{"data":' + data + b"}", (), True)
    kept = tuple(errors[: document.api.catalog.limits.errors])
    return Response(b'{"errors":' + orjson.dumps(kept) + b',"data":' + data + b"}", kept, True)
