"""What a GraphQL server answered -> the result, or why there is none, in words of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from logging import getLogger
from typing import Final

import orjson

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json, Missing
from tidegate.core.types import ListOf, NonNull, ObjectType, TypeDefinition, TypeRef, nullable
from tidegate.resolvers.integrations.graphql.request import Wish
from tidegate.resolvers.integrations.http.answers import is_crowded, is_deep
from tidegate.resolvers.integrations.upstream import Reply, failed
from tidegate.resolvers.integrations.upstream.exchange import Trouble

log = getLogger("tidegate.upstream")

LONGEST_MESSAGE: Final = 500
_MEDIA: Final = re.compile(r"application/(?:graphql-response\+)?json")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_UNEXPECTED: Final = "What another server answered is not what was to be expected."


def read_answer(reply: Reply, wish: Wish, name: str, *, show: bool) -> Json:
    """`name` is the integration's. `show`: a client is told what the other server says. Raises `OperationError`:
    UPSTREAM_FAILED, whatever code is there."""
    answer = _parsed(reply, wish, name)
    errors = answer.get("errors")
    data = answer.get("data")
    if errors and not (wish.partial and isinstance(data, Mapping)):
        raise _failed(errors, reply, wish, name, show=show)
    if errors:
        _note(name, wish, f"it is answered in part ({_codes(errors)})")
    if not isinstance(data, Mapping):
        raise _misfit(name, wish, "its answer has no data", reply)
    value: Json = data
    if wish.data is not None:
        found = wish.data.follow(data)
        value = None if isinstance(found, Missing) else found
    if wish.returns is not None and (complaint := _complaint(value, wish.returns, wish.types)):
        raise _misfit(name, wish, complaint, reply)
    return value


def read_several(reply: Reply, wish: Wish, count: int) -> Sequence[Json] | None:
    """The results of a document that asks for several at once; none where there is anything wrong with one of them, for
    then nobody knows what it is."""
    answer = _json(reply)
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if reply.status >= 300 or not isinstance(answer, Mapping) or answer.get("errors") or not isinstance(data, Mapping):
        return None
    values = [data.get(f"v{number}") for number in range(count)]
    returns, types = wish.returns, wish.types
    wrong = returns is not None and any(_complaint(value, returns, types) for value in values)
    return None if wrong else values


def _parsed(reply: Reply, wish: Wish, name: str) -> Mapping[str, Json]:
    answer = _json(reply)
    if isinstance(answer, Mapping) and (answer.get("errors") or (reply.status < 300 and "data" in answer)):
        return answer
    if reply.status >= 300:
        raise failed(reply.status)
    raise _misfit(name, wish, "its answer is none of GraphQL's", reply)


def _json(reply: Reply) -> Json:
    """None where it is none, does not say that it is, or is too deep or too crowded to be answered in turn."""
    said = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _MEDIA.fullmatch(said) or is_crowded(reply.body):
        return None
    try:
        answer: Json = orjson.loads(reply.body)
    except ValueError:
        return None
    return None if is_deep(reply.body, answer) else answer


def _failed(errors: Json, reply: Reply, wish: Wish, name: str, *, show: bool) -> OperationError:
    codes = _codes(errors)
    _note(name, wish, f"it is answered with errors ({codes})")
    message = "Another server could not do this."
    extensions: dict[str, Json] = {"status": reply.status}
    first = errors[0] if isinstance(errors, Sequence) and errors else None
    text = first.get("message") if show and isinstance(first, Mapping) else None
    if isinstance(text, str) and text:
        message = _CONTROL.sub(" ", text)[:LONGEST_MESSAGE].encode("utf-8", "replace").decode()
    error = OperationError(Code.UPSTREAM_FAILED, message, extensions)
    error.__cause__ = Trouble(f"errors: {codes}")
    return error


def _codes(errors: Json) -> str:
    """Those that are like codes: nothing else of what is said there."""
    found: dict[str, None] = {}
    items = errors if isinstance(errors, list) else []
    for each in items[:20]:
        extensions = each.get("extensions") if isinstance(each, Mapping) else None
        code = extensions.get("code") if isinstance(extensions, Mapping) else None
        found[code if isinstance(code, str) and _CODE.fullmatch(code) else "no code"] = None
    return ", ".join(found) or "no code"


def _misfit(name: str, wish: Wish, why: str, reply: Reply) -> OperationError:
    _note(name, wish, why)
    error = OperationError(Code.UPSTREAM_FAILED, _UNEXPECTED, {"status": reply.status})
    error.__cause__ = Trouble(why)
    return error


def _note(name: str, wish: Wish, why: str) -> None:
    log.warning("%s, of %s: %s.", name, wish.operation, why)


def _complaint(value: Json, type: TypeRef, types: Mapping[str, TypeDefinition]) -> str:
    """What is wrong with the outermost part of a value; what is within is held by whoever shows it."""
    if value is None:
        return f"{type} is wanted, and there is nothing" if isinstance(type, NonNull) else ""
    inner = nullable(type)
    if isinstance(inner, ListOf):
        fits = isinstance(value, list)
    else:
        fits = not isinstance(types.get(inner.name), ObjectType) or isinstance(value, Mapping)
    return "" if fits else f"{type} is wanted, and something else is there"
