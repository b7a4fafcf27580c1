"""Requests of Engine.IO as ASGI has them, and what they are answered with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson

from tidegate.realtime.packets import ProtocolError

# Any: ASGI's messages are open-ended.
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Refused(Exception):
    """A request is answered with an error of Engine.IO's. The numbers are those of its JavaScript server."""

    def __init__(self, code: int, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
        self.body = orjson.dumps({"code": code, "message": message})


def unknown_session() -> Refused:
    return Refused(1, "Session ID unknown")


def bad_request() -> Refused:
    return Refused(3, "Bad request")


class Left(Exception):
    """The client is gone, or the connection is closed already."""


async def text(receive: Receive) -> str:
    """The next message of a websocket. Raises `Left` and `ProtocolError`."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise Left
    heard: str | None = message.get("text")
    if heard is None:
        raise ProtocolError("binary data")
    return heard


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def parameters(scope: Scope) -> dict[str, str]:
    try:
        pairs = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise bad_request() from None
    return dict(pairs)


async def reply(send: Send, status: int, body: bytes, kind: bytes, prefix: str = "") -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{prefix}http.response.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": body})
