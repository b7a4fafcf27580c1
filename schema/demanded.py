"""An action asked for by its address -> the JSON that the mutation of it answers: the same operation, no document."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from time import monotonic
from typing import Final

import orjson

from tidegate.core.action import Demand
from tidegate.core.call import Call, Runner
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.core.operation import Operation
from tidegate.core.scalar_forms import Invalid, is_integer
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import NonNull, ObjectType, TypeRef, named, nullable
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api
from tidegate.schema.completion import Completer
from tidegate.schema.taking import take

_log = logging.getLogger("tidegate.schema")

NO_SUCH_ACTION: Final = "Action not found, or is not on demand"
_NO_SUCH_ROW: Final = "There is no such row."


@dataclass(frozen=True, slots=True)
class Asked:
    """`key`: the row's, as texts in the order of the object's key; none for no row. `parameters`: those of the address.
    `body`: what came with it. What the object has a field for is the action's input, everything else a parameter, and
    a declared parameter is one in any case."""

    target: str
    action: str
    key: tuple[str, ...] = ()
    parameters: Mapping[str, Json] | None = None
    body: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Demanded:
    """`json` is what the action returned; none if that is nothing. With an `error` there was no answer. `id` is the
    call's, none if it never began."""

    json: bytes | None = None
    error: OperationError | None = None
    id: str | None = None


async def demand(api: Api, asked: Asked, user: CurrentUser, runner: Runner) -> Demanded:
    """Never raises, but for cancellation."""
    call: Call | None = None
    try:
        operation = api.demands.get((asked.target, asked.action))
        if operation is None:
            raise OperationError(Code.NOT_FOUND, NO_SUCH_ACTION)
        wanted = operation.plan.acted
        assert isinstance(wanted, Demand)
        runnable = runner.compile(operation, None, user.rank)
        given, input = _sorted(asked, wanted)
        # Who may not ask is told so by the runner, and nothing of what they should have sent.
        allowed = user.rank >= operation.rank
        arguments = {} if not allowed else {**_arguments(api, operation, given), **_key(api, wanted, asked.key)}
        call = Call(operation, user, arguments, {}, monotonic() + operation.timeout, input)
        answer = await runner.run(runnable, call)
        return Demanded(shown(api, operation, answer.value, user.rank), id=call.id)
    except OperationError as error:
        return Demanded(error=error, id=None if call is None else call.id)
    except Exception:  # noqa: BLE001 (the last line of defence)
        number = None if call is None else call.id
        _log.exception("Call %s, for the action %s of %s, failed.", number or "-", asked.action, asked.target)
        return Demanded(error=OperationError(Code.INTERNAL, "Internal error.", {"callId": number or "-"}), id=number)


def _sorted(asked: Asked, wanted: Demand) -> tuple[dict[str, Json], dict[str, Json]]:
    """The parameters, and the input."""
    body, columns, declared = asked.body or {}, wanted.target.columns, wanted.action.parameters
    others = {name: value for name, value in body.items() if name not in columns or name in declared}
    return {**others, **(asked.parameters or {})}, {name: body[name] for name in body if name in columns}


def _arguments(api: Api, operation: Operation, given: Mapping[str, Json]) -> dict[str, Json]:
    """As a document's variables would be taken. Raises BAD_USER_INPUT."""
    wanted = operation.plan.acted
    assert isinstance(wanted, Demand)
    return take(api, wanted.action.name, "parameter", wanted.action.parameters, given)


def _key(api: Api, wanted: Demand, texts: Sequence[str]) -> dict[str, Json]:
    """Raises NOT_FOUND where no row can have this key."""
    if not texts:
        return {}
    fields = wanted.target.key
    if len(texts) != len(fields):
        raise OperationError(Code.NOT_FOUND, _NO_SUCH_ROW)
    key: dict[str, Json] = {}
    for name, text in zip(fields, texts, strict=True):
        type = nullable(wanted.target.columns[name].type)
        try:
            key[name] = api.coercion.coercer(NonNull(type))(read_text(text, named(type)))
        except Invalid:
            raise OperationError(Code.NOT_FOUND, _NO_SUCH_ROW) from None
    return key


def read_text(text: str, type: str) -> Json:
    """A part of an address as the JSON that a client would send. Raises `Invalid`."""
    match type:
        case "Int" if is_integer(text):
            return int(text)
        case "Boolean" if text in ("true", "false"):
            return text == "true"
        case "Float":
            try:
                number = float(text)
            except ValueError:
                raise Invalid("This is no number.") from None
            if isfinite(number):
                return number
    return text


def shown(api: Api, operation: Operation, value: Json, rank: int, parent: str = "Mutation") -> bytes | None:
    """What GraphQL would say of it, with every field that is there and that this role may see."""
    if value is None and not isinstance(operation.returns, NonNull):
        return None
    selection = _selection(api, operation.returns, [value], rank)
    completer = Completer(operation.returns, selection, False, api.types, f"{parent}.{operation.name}")
    completed, flaws = completer.complete(value, (operation.name,))
    if flaws:
        raise OperationError(Code.INTERNAL, flaws[0].message)
    return orjson.dumps(completed)


def _selection(api: Api, type: TypeRef, values: Sequence[Json], rank: int) -> Selection | None:
    definition = api.types.get(named(type))
    if not isinstance(definition, ObjectType):
        return None
    rows = [value for value in _leaves(values) if isinstance(value, Mapping)]
    selected: list[Selected] = []
    for name, field in definition.fields.items():
        held = [row[name] for row in rows if name in row]
        if held and field.rank <= rank:
            selected.append(Selected(name, name, field.type, {}, _selection(api, field.type, held, rank)))
    return Selection(definition.name, tuple(selected))


def _leaves(values: Sequence[Json]) -> list[Json]:
    found: list[Json] = []
    for value in values:
        if isinstance(value, list | tuple):
            found += _leaves(value)
        else:
            found.append(value)
    return found
