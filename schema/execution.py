"""A compiled document and a call -> the body of a GraphQL answer.

Fields at the top of a query run at the same time, those of a mutation one after the other. What an integration
answers as JSON in the client's shape is put into the body as it is; everything else is completed and encoded. An error
is a field's own: the others still answer, unless the field must not be null. What a mutation may have changed for
queries is told as `extensions.refreshed`.
"""

from __future__ import annotations

import logging
from asyncio import TaskGroup
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final, TypeAlias

import orjson

from tidegate.core.call import Call, Runner
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.schema.completion import Flaw
from tidegate.schema.document import Document
from tidegate.schema.document_literals import Variables
from tidegate.schema.request_errors import DocumentError, ErrorEntry, entry, refusal
from tidegate.schema.shape import FieldCall, Fixed, Shape

_log = logging.getLogger("tidegate.schema")

_RunField: TypeAlias = Callable[[FieldCall, Variables, CurrentUser], Coroutine[Any, Any, "FieldResult"]]

_NULL: Final = b"null"
_NEEDS_STREAM: Final = "Subscriptions need a stream: a websocket, or an Accept of text/event-stream or multipart/mixed."


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is the whole answer as JSON. `errors` are the entries in it. `data_present` is false where the request was
    refused before anything ran, so that the answer has no `data` at all."""

    body: bytes
    errors: tuple[ErrorEntry, ...]
    data_present: bool


@dataclass(slots=True)
class FieldResult:
    """`lost`: the field is null and must not be. `change`: what was committed."""

    json: bytes
    errors: Sequence[ErrorEntry] = ()
    lost: bool = False
    change: Change | None = None


async def execute(
    document: Document,
    raw_variables: Mapping[str, Json] | None,
    user: CurrentUser,
    runner: Runner,
    *,
    deadline: float | None = None,
    origin: str = "client",
) -> Response:
    """Never raises, but for cancellation. `deadline` is for the whole request, on the event loop's clock, in seconds;
    without one it is the longest time that any of its operations may take."""
    try:
        if document.kind == "subscription":
            raise refusal(Code.BAD_USER_INPUT, _NEEDS_STREAM)
        variables = document.coerce(raw_variables) if document.variables else {}
        shape = document.shape(variables)
    except DocumentError as error:
        return refused(error)
    now = monotonic()
    if deadline is None:
        deadline = now + max([call.operation.timeout for call in shape.calls], default=0.0)
    results = await _results(shape, variables, user, partial(_run, runner=runner, deadline=deadline, origin=origin))
    errors: list[ErrorEntry] = []
    if shape.introspection is not None:
        introspected, errors = shape.introspection.answer(variables)
        results.update((key, FieldResult(json)) for key, json in introspected.items())
    refreshed = _refreshed(results, runner, user) if shape.serial else ()
    return _response(document, shape, results, errors, refreshed)


def refused(error: DocumentError) -> Response:
    """The answer to a request that cannot be executed at all."""
    return Response(orjson.dumps({"errors": error.errors}), error.errors, False)


async def _results(shape: Shape, variables: Variables, user: CurrentUser, run: _RunField) -> dict[str, FieldResult]:
    calls = shape.calls
    results: dict[str, FieldResult] = {}
    if shape.serial or len(calls) == 1:
        for call in calls:
            results[call.key] = result = await run(call, variables, user)
            # The answer is lost already, so that what was to follow must not happen.
            if result.lost:
                break
    elif calls:
        async with TaskGroup() as group:
            tasks = {call.key: group.create_task(run(call, variables, user)) for call in calls}
        results.update((key, task.result()) for key, task in tasks.items())
    return results


@dataclass(slots=True)
class _Settling:
    """Keeps the result that it has made of the call's answer."""

    call: FieldCall
    result: FieldResult | None = None

    def __call__(self, answer: Answer) -> str:
        self.result = settle(self.call, answer)
        return str(self.result.errors[0]["message"]) if self.result.errors else ""


async def _run(
    call: FieldCall, variables: Variables, user: CurrentUser, *, runner: Runner, deadline: float, origin: str
) -> FieldResult:
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
        settling = _Settling(call)
        running = Call(operation, user, inputs.arguments, inputs.variables, deadline, origin=origin, settle=settling)
        answer = await runner.run(runnable, running)
        result = settling.result or settle(call, answer)
    except OperationError as error:
        result = failed(call, error.message, str(error.code), error.extensions)
    except TimeoutError:
        result = failed(call, "This took too long.", str(Code.TIMEOUT))
    except Exception:  # noqa: BLE001 (the last line of defence)
        # The client gets a number to tell us; what happened is for the log alone.
        number = running.id if running else "-"
        _log.exception("Call %s of %s failed.", number, operation.name)
        result = failed(call, "Internal error.", str(Code.INTERNAL), {"callId": number})
    if running is not None:
        # Also of a failed call: what was cut off while it was committed may have been committed.
        result.change = running.change
    return result


def settle(call: FieldCall, answer: Answer) -> FieldResult:
    """An answer, held against the schema where that is still to be done."""
    if answer.json is not None and not (answer.json == _NULL and call.required):
        return FieldResult(answer.json)
    value, flaws = call.completer(answer.keyed).complete(answer.value, (call.key,))
    if flaws:
        where = ".".join(map(str, flaws[0].path))
        _log.warning("%s answers what its type does not allow, at %s: %s", call.operation.name, where, flaws[0].message)
    errors = [_flawed(call, flaw) for flaw in flaws]
    if value is None:
        return FieldResult(_NULL, errors, call.required)
    return FieldResult(orjson.dumps(value), errors)


def failed(call: FieldCall, message: str, code: str, extensions: Mapping[str, Json] | None = None) -> FieldResult:
    """What is left of a field that failed."""
    return FieldResult(_NULL, [entry(message, code, call.at, [call.key], extensions)], call.required)


def compose(call: FieldCall, result: FieldResult) -> bytes:
    """The body of an answer with this one field."""
    data = _NULL if result.lost else b"{" + call.prefix + result.json + b"}"
    return _body(data, result.errors[: call.most_errors])


def _flawed(call: FieldCall, flaw: Flaw) -> ErrorEntry:
    at = call.at if flaw.selected is None else call.collected.positions[flaw.selected]
    return entry(flaw.message, str(Code.INTERNAL), at, flaw.path)


def _refreshed(results: Mapping[str, FieldResult], runner: Runner, user: CurrentUser) -> Sequence[str]:
    """The queries that the mutations may have given other results."""
    changes = [result.change for result in results.values() if result.change is not None]
    try:
        found = [runner.refreshed_by(change, user.rank) for change in changes]
    except Exception:  # noqa: BLE001 (what was committed is told in any case)
        _log.exception("What a mutation refreshes could not be found.")
        return ()
    return found[0] if len(found) == 1 else sorted({name for names in found for name in names})


def _response(
    document: Document,
    shape: Shape,
    results: Mapping[str, FieldResult],
    errors: list[ErrorEntry],
    refreshed: Sequence[str],
) -> Response:
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
    kept = tuple(errors[: document.api.catalog.limits.errors])
    return Response(_body(data, kept, refreshed), kept, True)


def _body(data: bytes, errors: Sequence[ErrorEntry], refreshed: Sequence[str] = ()) -> bytes:
    extensions = b',"extensions":' + orjson.dumps({"refreshed": refreshed}) if refreshed else b""
    if not errors:
        return b'{"data":' + data + extensions + b"}"
    return b'{"errors":' + orjson.dumps(errors) + b',"data":' + data + extensions + b"}"
