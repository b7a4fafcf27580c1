"""The messages of graphql-transport-ws, each of the shape it must have before anybody looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from tidegate.auth.headers import AUTHORIZATION, PLASMIC
from tidegate.web.answers import Header, Refusal
from tidegate.web.bodies import read_json
from tidegate.web.closing import bad_message
from tidegate.web.requests import Parameters, from_json

FROM_CLIENTS: Final[Mapping[str, tuple[str, str]]] = {
    "connection_init": (
        "`payload?`: `authorization` or `x-plasmic-data-user-auth-token`, in any case, by themselves or in `headers`",
        "begins; once, before anything else",
    ),
    "subscribe": (
        "`id`, `payload`: `query`, and if wanted `operationName`, `variables`, `extensions`",
        "a subscription, a query or a mutation",
    ),
    "complete": ("`id`", "ends a subscription, or cancels what is executed"),
    "ping": ("`payload?`", "is answered; with a token in its payload, as of `connection_init`, it renews the token"),
    "pong": ("`payload?`", "answers a ping, or is a sign of life"),
}
"""By their `type`: what else each has, and what it is for."""

FROM_US: Final[Mapping[str, tuple[str, str]]] = {
    "connection_ack": ("", "`connection_init` was good"),
    "next": ("`id`, `payload`: `data`, `errors`, `extensions`", "a result; of a subscription each is whole"),
    "error": ("`id`, `payload`: a list of errors", "the document could not be executed; nothing follows for this id"),
    "complete": ("`id`", "nothing follows for this id"),
    "pong": ("`payload?`", "answers a ping with its own payload; a renewal with `{ renewed: true }`"),
}
"""The same. Whether a client is still there is asked by the websocket's own pings, which libraries answer."""

LONGEST_ID: Final = 256
"""In characters. Clients use UUIDs and small numbers; ours go back with every result."""

_TOKENS: Final = {name.decode(): name for name in (AUTHORIZATION, PLASMIC)}

Payload: TypeAlias = Mapping[str, Any] | None  # Any: the client's JSON


@dataclass(frozen=True, slots=True)
class Init:
    """`tokens` are the headers that a browser cannot send with an upgrade."""

    tokens: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """With `tokens`, it renews the connection's token."""

    payload: Payload
    tokens: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Any operation: a subscription, a query or a mutation. `size` is that of the message."""

    id: str
    asked: Parameters
    size: int


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete

PONG: Final = Pong()


def read_message(text: str) -> Message:
    """Raises `Closing`."""
    try:
        value = read_json(text)
        if not isinstance(value, dict):
            raise bad_message("A message must be a JSON object")
        return _message(value, len(text))
    except Refusal as refusal:
        raise bad_message(refusal.message) from None


# Any: a JSON object as it was sent.
def _message(value: Mapping[str, Any], size: int) -> Message:
    match value.get("type"):
        case "subscribe":
            payload = _payload(value)
            if payload is None:
                raise bad_message("subscribe needs a payload")
            return Subscribe(_id(value), from_json(payload), size)
        case "complete":
            return Complete(_id(value))
        case "ping":
            payload = _payload(value)
            return Ping(payload, _tokens(payload))
        case "pong":
            _payload(value)
            return PONG
        case "connection_init":
            return Init(_tokens(_payload(value)))
        case _:
            raise bad_message("This type of message is not known")


def _payload(value: Mapping[str, Any]) -> Payload:
    payload = value.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise bad_message("A payload must be an object or null")
    return payload


def _id(value: Mapping[str, Any]) -> str:
    given = value.get("id")
    if not isinstance(given, str) or not given or len(given) > LONGEST_ID:
        raise bad_message(f"An id must be a text of 1 to {LONGEST_ID} characters")
    return given


def _tokens(payload: Payload) -> tuple[Header, ...]:
    """The headers of a token, from the payload itself and from `headers` in it."""
    if payload is None:
        return ()
    found = _tokens_in(payload)
    for name, value in payload.items():
        if name.lower() == "headers" and isinstance(value, dict):
            found += _tokens_in(value)
    # Twice the same is the same; two that differ are for the authenticator to refuse.
    return tuple(dict.fromkeys(found))


def _tokens_in(fields: Mapping[str, Any]) -> list[Header]:
    found = []
    for name, value in fields.items():
        header = _TOKENS.get(name.lower())
        if header is not None and value is not None:
            if not isinstance(value, str):
                raise bad_message(f"{header.decode()} must be a text or null")
            found.append((header, value.strip().encode()))
    return found


ACK: Final = b'{"type":"connection_ack"}'
PONG_ALONE: Final = b'{"type":"pong"}'
RENEWED: Final = b'{"type":"pong","payload":{"renewed":true}}'


def pong(payload: Payload) -> bytes:
    return PONG_ALONE if payload is None else b'{"type":"pong","payload":%b}' % orjson.dumps(payload)


def next_prefix(id: str) -> bytes:
    """What stands before the response in each `next` of a subscription. The response and `NEXT_END` follow."""
    return b'{"id":%b,"type":"next","payload":' % orjson.dumps(id)


NEXT_END: Final = b"}"


# Any: errors are JSON objects.
def error(id: str, errors: Sequence[Mapping[str, Any]]) -> bytes:
    return orjson.dumps({"id": id, "type": "error", "payload": errors})


def complete(id: str) -> bytes:
    return b'{"id":%b,"type":"complete"}' % orjson.dumps(id)
