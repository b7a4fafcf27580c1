"""Values by name, from outside of any document -> what an operation or an action takes."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json, Missing
from tidegate.core.scalar_forms import Invalid
from tidegate.core.scalar_inputs import check_depth
from tidegate.core.types import Argument
from tidegate.schema.api import Api


def take(
    api: Api, taker: str, noun: str, declared: Mapping[str, Argument], given: Mapping[str, Json]
) -> dict[str, Json]:
    """As a document's variables would be taken, defaults filled in. `noun` is what messages call one of them. Raises
    BAD_USER_INPUT."""
    for name in given:
        if name not in declared:
            raise OperationError(Code.BAD_USER_INPUT, f'{taker} has no {noun} "{name}".')
    taken: dict[str, Json] = {}
    for name, argument in declared.items():
        if name in given:
            taken[name] = _coerce(api, noun, argument, given[name])
        elif not isinstance(argument.default, Missing):
            taken[name] = argument.default
        elif argument.required:
            raise OperationError(Code.BAD_USER_INPUT, f'{taker} needs the {noun} "{name}".')
    return taken


def _coerce(api: Api, noun: str, argument: Argument, value: Json) -> Json:
    try:
        if isinstance(value, dict | list):
            check_depth(value)
        coerced: Json = api.coercion.coercer(argument.type)(value)
        return coerced
    except Invalid as error:
        where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.path)
        message = f'The {noun} "{argument.name}{where}" cannot be used. {error.message}'
        raise OperationError(Code.BAD_USER_INPUT, message) from None
